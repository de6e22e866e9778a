// The proof byte by byte, and what becomes of it when one is changed.
import { type Key, loadKey, verify } from "tensorseal";

import { announce } from "../announce.js";
import { readHead } from "../check/claim.js";
import { refusal } from "../check/words.js";
import { button, make, message, whole } from "../dom.js";

/** Bytes in a row of the picture. */
const ROW = 63;

/** A picture of the proof in which a click changes a byte. */
export class Cheat {
  readonly card: HTMLElement;
  readonly #proof: Uint8Array;
  readonly #key: Promise<Key>;
  /** Where the argument starts, behind what the proof shows. */
  readonly #argument: number;
  readonly #canvas = make("canvas", { className: "bytes", role: "img" });
  readonly #log = make("p", { className: "cheat-log" });
  #tries = 0;
  #refused = 0;

  constructor(proof: Uint8Array, key: Uint8Array) {
    this.#proof = proof;
    this.#key = loadKey(key);
    this.#argument = argumentStart(proof);
    this.#canvas.ariaLabel = `The proof, one dot for each of its ${proof.length} bytes`;
    this.#canvas.width = ROW;
    this.#canvas.height = Math.ceil(proof.length / ROW);
    for (let at = 0; at < proof.length; at++) this.#dot(at, false);
    this.#canvas.addEventListener("click", (event) => this.#click(event));
    this.card = make(
      "section",
      { className: "card cheat", ariaLabel: "Try to cheat" },
      make(
        "div",
        {},
        make("h2", { textContent: "Now try to cheat" }),
        make("p", {
          className: "quiet",
          textContent: "This is the proof, a dot for each byte. Change any of them, and see whether the proof still holds.",
        }),
        button("Change one byte", "button primary", () => void this.#alter(Math.floor(Math.random() * proof.length))),
        this.#log,
      ),
      this.#canvas,
    );
  }

  #click({ clientX, clientY }: MouseEvent): void {
    const { left, top, width, height } = this.#canvas.getBoundingClientRect();
    const column = Math.floor(((clientX - left) / width) * ROW);
    const row = Math.floor(((clientY - top) / height) * this.#canvas.height);
    const at = row * ROW + column;
    if (column >= 0 && column < ROW && at >= 0 && at < this.#proof.length) void this.#alter(at);
  }

  /** Verifies a copy with the byte at `at` changed. */
  async #alter(at: number): Promise<void> {
    const altered = this.#proof.slice();
    altered[at]! ^= 1 + Math.floor(Math.random() * 255);
    const change = `Byte ${whole(at)}, ${this.#part(at)}: ${hexadecimal(this.#proof[at]!)} became ${hexadecimal(altered[at]!)}.`;
    try {
      const verdict = await verify(await this.#key, altered);
      this.#tries++;
      if (!verdict.ok) this.#refused++;
      this.#dot(at, true);
      const answer = verdict.ok
        ? "Accepted! That is a bug: please report it."
        : `Refused. ${refusal(verdict.code, verdict.reason)}`;
      const score = `${whole(this.#refused)} of ${whole(this.#tries)} refused so far.`;
      this.#log.replaceChildren(
        make("span", { className: "quiet", textContent: change }),
        make("b", { textContent: answer }),
        make("span", { textContent: score }),
      );
      announce(`${change} ${answer}`);
    } catch (error) {
      this.#log.textContent = message(error);
    }
  }

  /** What a byte is for. */
  #part(at: number): string {
    if (at < 6) return "in the mark of the file";
    if (at < 38) return "in the network’s digest";
    return at < this.#argument ? "in the values that it shows" : "in the argument";
  }

  #dot(at: number, altered: boolean): void {
    const context = this.#canvas.getContext("2d");
    if (!context) return;
    // The values that the proof shows stand out between the digest before them and the argument behind them.
    const strength = at < 38 ? 0.5 : at < this.#argument ? 1 : 0.75;
    context.clearRect(at % ROW, Math.floor(at / ROW), 1, 1);
    context.fillStyle = altered ? "#d3452e" : `rgb(44 148 122 / ${strength * (0.1 + (0.9 * this.#proof[at]!) / 255)})`;
    context.fillRect(at % ROW, Math.floor(at / ROW), 1, 1);
  }
}

const hexadecimal = (byte: number): string => byte.toString(16).padStart(2, "0");

/** The head of a proof ends where its tensors do; what follows is the argument. */
function argumentStart(proof: Uint8Array): number {
  const tensors = readHead(proof)?.tensors ?? [];
  const view = new DataView(proof.buffer, proof.byteOffset);
  return tensors.reduce((at, { values }) => at + (values ? 9 + values.length * view.getUint8(at + 4) : 5), 42);
}
