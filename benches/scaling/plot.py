"""Log-log plots as SVG, in light and in dark mode."""

import math

WIDTH, HEIGHT = 360, 300
LEFT, RIGHT, TOP, BOTTOM = 58, 14, 46, 46

STYLE = """
  text { font: 12px system-ui, sans-serif; fill: #1b1f24; }
  .title { font-weight: 600; font-size: 13px; }
  .small { font-size: 11px; fill: #57606a; }
  .grid { stroke: #d0d7de; stroke-width: 1; }
  .fit { stroke: #57606a; stroke-width: 1.2; stroke-dasharray: 4 3; fill: none; }
  .dot { fill: #0969da; }
  .line { stroke: #0969da; stroke-width: 1.5; fill: none; }
  .other.dot { fill: #bc4c00; }
  .other.line { stroke: #bc4c00; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .small { fill: #9198a1; }
    .grid { stroke: #3d444d; }
    .fit { stroke: #9198a1; }
    .dot { fill: #4493f8; }
    .line { stroke: #4493f8; }
    .other.dot { fill: #f0883e; }
    .other.line { stroke: #f0883e; }
  }
"""


def slope(points):
    """The exponent of the power law that fits best, and the largest relative distance from it."""
    a, b, error = fit(points)
    return a, error


def fit(points):
    logs = [(math.log(x), math.log(y)) for x, y in points]
    n = len(logs)
    mean_x = sum(x for x, _ in logs) / n
    mean_y = sum(y for _, y in logs) / n
    spread = sum((x - mean_x) ** 2 for x, _ in logs)
    a = sum((x - mean_x) * (y - mean_y) for x, y in logs) / spread if spread else 0.0
    b = mean_y - a * mean_x
    error = max(abs(math.exp(y - a * x - b) - 1) for x, y in logs)
    return a, b, error


def ticks(low, high):
    """Round numbers between two numbers: the powers of ten, with more between them where those are fewer than three."""
    exponents = range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 1)
    values = []
    for steps in ((1,), (1, 2, 5), (1, 1.5, 2, 3, 4, 5, 7)):
        values = [step * 10.0**exponent for exponent in exponents for step in steps]
        values = [value for value in values if low * 0.999 <= value <= high * 1.001]
        if len(values) >= 3:
            break
    return values


def number(value):
    for limit, suffix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= limit:
            return f"{value / limit:g}{suffix}"
    return f"{value:g}"


def panel(offset, x_label, series):
    """One plot: a line with its fit, or, where `series` has `other` points too, two lines to compare."""
    points, other = series["points"], series.get("other", [])
    xs, ys = [x for x, _ in points + other], [y for _, y in points + other]
    pad_x, pad_y = 1.15, 1.35
    x_low, x_high = min(xs) / pad_x, max(xs) * pad_x
    y_low, y_high = min(ys) / pad_y, max(ys) * pad_y

    def at_x(x):
        return offset + LEFT + (WIDTH - LEFT - RIGHT) * math.log(x / x_low) / math.log(x_high / x_low)

    def at_y(y):
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * math.log(y / y_low) / math.log(y_high / y_low)

    out = []
    left, right = offset + LEFT, offset + WIDTH - RIGHT
    bottom = HEIGHT - BOTTOM
    for value in ticks(x_low, x_high):
        x = at_x(value)
        out.append(f'<line class="grid" x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{bottom}"/>')
        out.append(f'<text class="small" x="{x:.1f}" y="{bottom + 15}" text-anchor="middle">{number(value)}</text>')
    for value in ticks(y_low, y_high):
        y = at_y(value)
        out.append(f'<line class="grid" x1="{left}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}"/>')
        out.append(f'<text class="small" x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{number(value)}</text>')
    def line(points, kind):
        path = " ".join(f"{at_x(x):.1f},{at_y(y):.1f}" for x, y in points)
        dots = [f'<circle class="{kind}dot" cx="{at_x(x):.1f}" cy="{at_y(y):.1f}" r="3.2"/>' for x, y in points]
        return [f'<polyline class="{kind}line" points="{path}"/>', *dots]

    out += line(points, "")
    out.append(f'<text x="{(left + right) / 2}" y="{HEIGHT - 8}" text-anchor="middle">{x_label}</text>')
    label = f"{series['label']} ({series['unit']})"
    if other:
        out += line(other, "other ")
    else:
        upper = points[-(len(points) + 1) // 2 :]
        a, b, _ = fit(upper)
        (x1, y1), (x2, y2) = [(x, math.exp(a * math.log(x) + b)) for x in (upper[0][0], upper[-1][0])]
        out.append(f'<line class="fit" x1="{at_x(x1):.1f}" y1="{at_y(y1):.1f}" x2="{at_x(x2):.1f}" y2="{at_y(y2):.1f}"/>')
        label += f", upper half ∝ x^{a:.2f}"
    out.append(f'<text x="{left}" y="{TOP - 8}">{label}</text>')
    return out


def svg(title, x_label, plots):
    width = WIDTH * len(plots)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {HEIGHT}" width="{width}" height="{HEIGHT}" role="img"'
        f' aria-label="{title}">',
        f"<style>{STYLE}</style>",
        f'<text class="title" x="{LEFT}" y="18">{title}</text>',
    ]
    for index, series in enumerate(plots):
        parts += panel(index * WIDTH, x_label, series)
    parts.append("</svg>")
    return "\n".join(parts) + "\n"
