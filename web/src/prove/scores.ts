// What the network says about the drawing, while it is drawn.
import { announce } from "../announce.js";
import { element, make } from "../dom.js";

/** How long the scores must have been still before they are read out, in milliseconds. */
const STILL = 700;

/** The softmax of what the network gives: its last step, which stays outside of the proof and is taken here. */
export function softmax(logits: ArrayLike<number>): number[] {
  const numbers = Array.from(logits);
  const greatest = Math.max(...numbers);
  const powers = numbers.map((logit) => Math.exp(logit - greatest));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

/** Ten bars and a sentence. */
export class Scores {
  readonly #reading = element("reading");
  readonly #rows = Array.from({ length: 10 }, (_, digit) => {
    const bar = make("span", { className: "bar" });
    const value = make("span", { className: "value" });
    const row = make("li", {}, make("span", { className: "index", textContent: String(digit) }), bar, value);
    element("scores").append(row);
    return { row, bar, value };
  });
  #still: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    this.show(undefined);
  }

  /** Shows scores, or that there are none. */
  show(logits: ArrayLike<number> | undefined): void {
    const shares = logits ? softmax(logits) : [];
    const best = logits ? shares.indexOf(Math.max(...shares)) : -1;
    for (const [digit, { row, bar, value }] of this.#rows.entries()) {
      const share = shares[digit] ?? 0;
      bar.style.setProperty("--share", String(share));
      value.textContent = logits ? `${(100 * share).toFixed(share > 0.995 || share < 0.0005 ? 0 : 1)} %` : "–";
      row.classList.toggle("greatest", digit === best);
    }
    clearTimeout(this.#still);
    if (!logits) {
      this.#reading.replaceChildren("Waiting for a digit.");
      return;
    }
    this.#reading.replaceChildren("It reads a ", make("b", { textContent: String(best) }));
    this.#still = setTimeout(() => announce(`The network reads a ${best}, ${Math.round(100 * shares[best]!)} percent.`), STILL);
  }
}
