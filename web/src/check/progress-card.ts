// The count while proofs are verified.
import { announce } from "../announce.js";
import { button, counted, make, whole } from "../dom.js";
import { seal } from "../seal.js";
import type { Progress } from "./job.js";

/** Shows progress until a verdict replaces it. */
export class ProgressCard {
  readonly card: HTMLElement;
  readonly #count = make("b", { textContent: "0" });
  readonly #of = make("span", { className: "of" });
  readonly #rate = make("p", { className: "note", textContent: "Opening…" });
  readonly #bar = make("progress", { ariaLabel: "Proofs read", max: 1, value: 0 });
  #quarter = 0;

  constructor(onStop: () => void) {
    const stamp = make("div", { className: "stamp" });
    stamp.append(seal(undefined, "working"));
    const count = make("p", { className: "count" }, this.#count, this.#of);
    const stop = button("Stop", "link", onStop);
    this.card = make("section", { className: "card verdict working", ariaLabel: "Checking" }, stamp);
    this.card.append(
      make("div", { className: "verdict-body" }, make("h2", { textContent: "Checking" }), count, this.#bar, this.#rate, stop),
    );
  }

  /** Shows how far the work has come. */
  show({ received, proofs, elapsedMs }: Progress): void {
    this.#count.textContent = whole(received);
    this.#of.textContent = ` of ${counted(proofs, "proof")}`;
    this.#bar.max = Math.max(proofs, 1);
    this.#bar.value = received;
    const rate = `${whole(Math.round((1000 * received) / Math.max(elapsedMs, 1)))} a second`;
    this.#rate.textContent =
      received < proofs ? `reading, ${rate}` : `all read, ${rate}; now deciding all of them with one equation`;
    const quarter = Math.floor((4 * received) / Math.max(proofs, 1));
    if (quarter > this.#quarter) announce(`${received} of ${proofs} proofs read`);
    this.#quarter = quarter;
  }
}
