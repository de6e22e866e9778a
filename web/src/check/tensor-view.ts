// The values of an input or output: as a picture where they are one, as bars where they are scores, as numbers always.
import type { PublicTensor } from "tensorseal";

import { make, whole } from "../dom.js";
import { paint } from "../picture.js";
import { shapeInWords } from "./words.js";

/** More values than this are cut short. */
const MAX_VALUES = 64;
/** Outputs of so many values are shown as bars. */
const MAX_BARS = 20;

/** Shows a tensor. `title` replaces its role. */
export function tensorView(tensor: PublicTensor, postProcessing: readonly string[], title?: string): HTMLElement {
  const { role, name, shape, values, scale } = tensor;
  const heading = `${title ?? (role === "input" ? "Input" : "Output")} ${name ? `“${name}”` : `of tensor ${tensor.tensor}`}`;
  const parts: (Node | string)[] = [make("h3", { textContent: heading })];
  const side = role === "input" ? Math.sqrt(values.length) : Number.NaN;
  if (Number.isInteger(side) && side >= 4 && side <= 256) parts.push(picture(values, side, heading));
  if (role === "output" && values.length > 1 && values.length <= MAX_BARS) parts.push(bars(values, scale, postProcessing));
  parts.push(
    make(
      "details",
      { className: "numbers" },
      make("summary", { textContent: `${whole(values.length)} integers, ${shapeInWords(shape)}` }),
      make("code", { textContent: listed(values) }),
      ...(scale === undefined
        ? []
        : [make("p", { className: "note", textContent: `One step is worth ${scale.toPrecision(4)}, says the key.` })]),
    ),
  );
  return make("div", { className: "tensor" }, ...parts);
}

function listed(values: ArrayLike<number>): string {
  const shown = Array.from(values).slice(0, MAX_VALUES).join(", ");
  return values.length > MAX_VALUES ? `${shown} … of ${whole(values.length)}` : shown;
}

function picture(values: ArrayLike<number>, side: number, label: string): HTMLElement {
  const canvas = make("canvas", {
    className: "pixels",
    role: "img",
    ariaLabel: `${label}, as a picture of ${side} by ${side} dots`,
  });
  paint(canvas, Float32Array.from(values), side);
  return canvas;
}

/** One row for each class, the greatest marked. */
function bars(values: ArrayLike<number>, scale: number | undefined, postProcessing: readonly string[]): HTMLElement {
  const numbers = Array.from(values);
  const [least, greatest] = [Math.min(...numbers), Math.max(...numbers)];
  const list = make("ol", { className: "bars" });
  for (const [index, value] of numbers.entries()) {
    const bar = make("span", { className: "bar" });
    bar.style.setProperty("--share", String(greatest > least ? (value - least) / (greatest - least) : 0));
    const text = scale === undefined ? whole(value) : (value * scale).toFixed(2).replace("-", "−");
    list.append(
      make(
        "li",
        value === greatest ? { className: "greatest" } : {},
        make("span", { className: "index", textContent: String(index) }),
        bar,
        make("span", { className: "value", textContent: text }),
      ),
    );
  }
  const first = numbers.indexOf(greatest);
  const after = postProcessing.includes("Softmax") ? " Softmax, which is left to you, does not change which." : "";
  return make("div", {}, make("p", { className: "says", textContent: `The highest is number ${first}.${after}` }), list);
}
