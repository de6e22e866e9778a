// The seal of a model: a rosette that its digest draws, so that the same network always bears the same seal. It is an ornament that
// helps memory; what identifies a network is its digest.

const NAMESPACE = "http://www.w3.org/2000/svg";
const SIZE = 200;
const CENTRE = SIZE / 2;
/** Points of one curve of the rosette. */
const STEPS = 360;
/** Bumps of the seal's edge. */
const BUMPS = 28;

/** The line from top to bottom along which a seal breaks, for a path that comes from one of its sides. */
const CRACK = `H112 L96 48 L118 86 L90 118 L108 152 L92 ${SIZE}`;

/** What a seal stands for: its state changes its look, and never the rosette. */
export type SealState = "empty" | "waiting" | "working" | "whole" | "broken" | "void";

/** The seal of the model with this digest, or a plain one. */
export function seal(digest: string | undefined, state: SealState): SVGSVGElement {
  const svg = make("svg", { viewBox: `0 0 ${SIZE} ${SIZE}`, class: `seal ${state}`, "aria-hidden": "true" });
  if (state === "broken") {
    // Two halves of one seal, apart along a crack.
    for (const side of ["left", "right"] as const) {
      const id = `seal-${side}-${Math.random().toString(36).slice(2)}`;
      const clip = make("clipPath", { id });
      clip.append(make("path", { d: `M${side === "left" ? 0 : SIZE} 0 ${CRACK} H${side === "left" ? 0 : SIZE}Z` }));
      const half = make("g", { class: `half ${side}` });
      const clipped = make("g", { "clip-path": `url(#${id})` });
      clipped.append(...body(digest, state));
      half.append(clipped);
      svg.append(clip, half);
    }
  } else {
    svg.append(...body(digest, state));
  }
  return svg;
}

function body(digest: string | undefined, state: SealState): SVGElement[] {
  const parts: SVGElement[] = [make("path", { class: "edge", d: edge() })];
  parts.push(make("circle", { class: "rim", cx: CENTRE, cy: CENTRE, r: 80 }));
  const rosette = make("g", { class: "rosette" });
  for (const d of curves(digest)) rosette.append(make("path", { d, pathLength: 1 }));
  parts.push(rosette);
  const sign = SIGNS[state];
  if (sign) {
    parts.push(make("circle", { class: "hub", cx: CENTRE, cy: CENTRE, r: 30 }));
    parts.push(make("path", { class: "sign", d: sign }));
  }
  return parts;
}

/** In the middle: a tick, a cross, nothing that holds. */
const SIGNS: Partial<Record<SealState, string>> = {
  whole: "M86 101 L96 111 L115 90",
  broken: "M89 89 L111 111 M111 89 L89 111",
  void: "M86 100 H114",
};

/** The scalloped edge of pressed wax. */
function edge(): string {
  return closed((angle) => 91 + 3.2 * Math.cos(BUMPS * angle));
}

/** Three curves that wind around each other; bytes of the digest choose their waves. */
function curves(digest: string | undefined): string[] {
  const byte = (index: number): number => (digest ? Number.parseInt(digest.slice(2 * index, 2 * index + 2), 16) : 128) / 255;
  const waves = digest ? 6 + Math.floor(byte(0) * 8.99) : 12;
  const inner = digest ? 3 + Math.floor(byte(1) * 6.99) : 6;
  return [0, 1, 2].flatMap((layer) => {
    const depth = 9 + 9 * byte(2 + layer);
    const ripple = 3 + 6 * byte(5 + layer);
    const phase = 2 * Math.PI * byte(8 + layer);
    const radius = 58 - 9 * layer;
    return [0, Math.PI].map((turn) =>
      closed((angle) => radius + depth * Math.cos(waves * angle + phase + turn) + ripple * Math.cos(inner * angle - phase)),
    );
  });
}

function closed(radius: (angle: number) => number): string {
  const points = Array.from({ length: STEPS }, (_, step) => {
    const angle = (2 * Math.PI * step) / STEPS;
    const r = radius(angle);
    return `${(CENTRE + r * Math.cos(angle)).toFixed(1)} ${(CENTRE + r * Math.sin(angle)).toFixed(1)}`;
  });
  return `M${points.join("L")}Z`;
}

function make(tag: string, attributes: Record<string, string | number>): SVGElement & SVGSVGElement {
  const made = document.createElementNS(NAMESPACE, tag) as SVGElement & SVGSVGElement;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  return made;
}
