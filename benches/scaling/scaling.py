"""How proving time and memory grow: with weights, activations, table size, batch and depth.

    cargo build --release -p tensorseal-cli
    python3 benches/scaling/scaling.py            # measures, writes scaling.json and the plots beside this file
    python3 benches/scaling/scaling.py --plot     # draws the plots again from scaling.json

Each series varies one thing and keeps the others as near as the shapes allow. TENSORSEAL names another program than
target/release/tensorseal. Python's standard library is enough.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import plot

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
DATA = HERE / "scaling.json"
REPEAT = 5
# The series that an example of the prover measures.
LARGE = "large-table"


def dense(side, width, depth):
    return f"dense-{side}x{width}x{depth}"


# Each point: what `bench` is called with, and the value of x, or the field of bench's row that x is.
SERIES = [
    {
        "name": "weights",
        "title": "Weights, with 4,096 activations",
        "x": "parameters",
        "label": "parameters",
        # width · depth is constant, so layers have as many activations together whatever their width.
        "points": [[dense(64, 4096 // depth, depth)] for depth in (64, 32, 16, 8, 4, 2)],
    },
    {
        "name": "activations",
        "title": "Activations, with 2,568 parameters",
        "x": "cells",
        "label": "cells",
        "points": [[f"conv-{side}x8x5"] for side in (16, 24, 32, 48, 64, 80)],
    },
    {
        "name": "table",
        "title": "Table size, one network of 66 k weights",
        "x": "table_rows",
        "label": "rows of the table",
        "points": [
            ["dense-256x128x3", "--tables", "columns", "--activation-bits", str(bits)] for bits in range(6, 13)
        ],
    },
    {
        "name": "batch",
        "title": "Batch, one network of 50 k weights",
        "x": "inferences",
        "label": "inferences in a proof",
        "points": [["dense-256x128x2", "--batch", str(1 << log)] for log in range(0, 9)],
    },
    {
        "name": "depth",
        "title": "Depth, layers of 256",
        "x": "depth",
        "label": "layers",
        "points": [[dense(256, 256, depth)] for depth in (1, 2, 4, 8, 16, 32, 64)],
    },
]


def measure(program, arguments):
    command = [program, "bench", *arguments, "--json", "--repeat", str(REPEAT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}\n{done.stderr}")
    [row] = json.loads(done.stdout)
    if row["name"].startswith("dense-"):
        row["depth"] = int(row["name"].rsplit("x", 1)[1])
    return row


def measure_all(program, wanted):
    """One series after the other, each with its rows."""
    for series in SERIES:
        if wanted and series["name"] not in wanted:
            continue
        rows = []
        for arguments in series["points"]:
            start = time.monotonic()
            row = measure(program, arguments)
            rows.append({"arguments": arguments, **row})
            print(
                f"{series['name']:<12} {row[series['x']]:>10} {row['prove_seconds']:>8.3f} s proof"
                f" {time.monotonic() - start:>7.1f} s in all   {' '.join(arguments)}",
                file=sys.stderr,
            )
        yield series["name"], rows
    if not wanted or LARGE in wanted:
        yield LARGE, measure_large_tables()


def measure_large_tables():
    """What the example `large_table` measures: one network with a table of 2^8 to 2^20 rows, by cq and in columns."""
    command = ["cargo", "run", "--release", "-p", "tensorseal-prover", "--example", "large_table", "--", "8", "20"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}\n{done.stderr}")
    rows = []
    for line in done.stdout.splitlines()[1:]:
        log, form, proving, processor, _, proof, loops = [part.strip() for part in line.split(",")]
        rows.append(
            {
                "rows": 1 << int(log),
                "form": form,
                "prove_seconds": float(proving) / 1e3,
                "processor_seconds": float(processor) / 1e3,
                "proof_bytes": int(proof),
                "miller_loops": int(loops),
            }
        )
        print(line, file=sys.stderr)
    return rows


def plot_large_tables(rows):
    plots = []
    for field, label in (("prove_seconds", "median proof"), ("processor_seconds", "processor")):
        points = {form: [(row["rows"], row[field]) for row in rows if row["form"] == form] for form in ("cq", "columns")}
        flat = [y for _, y in points["cq"]]
        print(f"{LARGE:<12} {field:<17} cq from {min(flat):.3f} to {max(flat):.3f} s")
        label = f"{label}, blue: cq, orange: in columns"
        plots.append({"label": label, "unit": "s", "points": points["cq"], "other": points["columns"]})
    svg = plot.svg("One network with a table of so many rows", "rows of the table", plots)
    (HERE / f"{LARGE}.svg").write_text(svg)


def machine():
    model = platform.processor()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return f"{os.cpu_count()} cores of {model}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--plot", action="store_true", help="only draw the plots again")
    parser.add_argument("series", nargs="*", help="only these series; others keep their data")
    arguments = parser.parse_args()
    names = [series["name"] for series in SERIES] + [LARGE]
    for name in arguments.series:
        if name not in names:
            parser.error(f"there is no series {name}; there are {', '.join(names)}")
    data = json.loads(DATA.read_text()) if DATA.exists() else {"series": {}}
    if not arguments.plot:
        program = os.environ.get("TENSORSEAL", str(ROOT / "target/release/tensorseal"))
        for name, rows in measure_all(program, arguments.series):
            data["series"][name] = {
                "date": date.today().isoformat(),
                "machine": machine(),
                "proofs_of_each": REPEAT,
                "rows": rows,
            }
            DATA.write_text(json.dumps(data, indent=1) + "\n")
    for series in SERIES:
        rows = data["series"].get(series["name"], {}).get("rows")
        if not rows:
            continue
        plots = []
        for field, unit, scale in (("prove_seconds", "s", 1), ("peak_bytes", "MB", 1e-6)):
            points = [(row[series["x"]], row[field] * scale) for row in rows if row[field]]
            plots.append({"label": {"s": "proving time", "MB": "peak memory"}[unit], "unit": unit, "points": points})
            for part, (slope, error) in (("all", plot.slope(points)), ("upper half", plot.slope(points[-(len(points) + 1) // 2 :]))):
                print(f"{series['name']:<12} {field:<14} exponent {slope:.2f} ({part}; off by up to {error:.0%})")
        svg = plot.svg(series["title"], series["label"], plots)
        (HERE / f"{series['name']}.svg").write_text(svg)
    if LARGE in data["series"]:
        plot_large_tables(data["series"][LARGE]["rows"])


if __name__ == "__main__":
    main()
