// A proof that is being made, and the proof that comes of it.
import type { Progress, Proved, Prover, Stage } from "tensorseal/prover";

import { announce } from "../announce.js";
import { checkFiles } from "../check/view.js";
import { grouped } from "../check/words.js";
import { button, download, duration, make, whole } from "../dom.js";
import { go } from "../route.js";
import { seal } from "../seal.js";
import { Cheat } from "./cheat.js";

/** The stages of a proof in their order, in words. */
const STAGES: readonly (readonly [Stage, string])[] = [
  ["run", "Run the network"],
  ["witness", "Write down every step"],
  ["lookups", "Look up every activation"],
  ["sumcheck", "Fold all equations into one"],
  ["opening", "Open the commitments"],
  ["check", "Check the proof"],
];

/** The card below the drawing. */
export class Making {
  readonly #place: HTMLElement;
  readonly #hidden: boolean;
  readonly #stages = make("ol", { className: "stages" });
  readonly #rows = new Map(STAGES.map(([stage, words]) => [stage, make("li", { textContent: words })]));

  constructor(place: HTMLElement, hidden: boolean) {
    this.#place = place;
    this.#hidden = hidden;
    this.#stages.append(...this.#rows.values());
    const body = make("div", { className: "verdict-body" }, make("h2", { textContent: "Making the proof" }), this.#stages);
    place.replaceChildren(
      make("section", { className: "card verdict working", ariaLabel: "Proof" }, stamp(undefined, "working"), body),
    );
    place.scrollIntoView({ block: "nearest" });
    announce("Making the proof.");
  }

  /** Shows which stage has begun. */
  readonly progress = ({ stage }: Progress): void => {
    const begun = [...this.#rows.keys()].indexOf(stage);
    if (begun < 0) return;
    for (const [index, row] of [...this.#rows.values()].entries()) {
      row.className = index < begun ? "finished" : index === begun ? "current" : "";
    }
  };

  /** Shows the proof. */
  done({ proof, outputs, stages }: Proved, prover: Prover, time: string): void {
    const values = [...outputs[0]!.values];
    const digit = values.indexOf(Math.max(...values));
    const files = (): File[] => [
      new File([prover.verifyingKey as BlobPart], "model.vk"),
      new File([proof as BlobPart], "digit.proof"),
    ];
    const body = make(
      "div",
      { className: "verdict-body" },
      make("h2", { textContent: `Sealed: a ${digit}` }),
      make("p", {
        textContent:
          `A proof of ${whole(proof.length)} bytes, made here in ${time}, that the network with this seal gave these scores` +
          (this.#hidden ? ", to a drawing that stays with you." : " to your drawing, which it shows."),
      }),
      make("p", { className: "note" }, "Network ", make("code", { textContent: grouped(prover.model) })),
      make(
        "div",
        { className: "row" },
        button("Check it", "button primary", () => {
          go("check");
          void checkFiles(files());
        }),
        button("Download the proof", "button", () => download("digit.proof", proof)),
        button("and its key", "button", () => download("model.vk", prover.verifyingKey)),
      ),
      stageTable(stages),
    );
    const card = make("section", { className: "card verdict good", ariaLabel: "Proof" }, stamp(prover.model, "whole"), body);
    this.#place.replaceChildren(card, new Cheat(proof, prover.verifyingKey).card);
    announce(`Sealed: a ${digit}. The proof has ${proof.length} bytes and took ${time}.`);
  }

  /** Says why there is no proof. */
  failed(reason: string): void {
    const body = make(
      "div",
      { className: "verdict-body" },
      make("h2", { textContent: "No proof was made" }),
      make("p", { textContent: reason }),
    );
    this.#place.replaceChildren(
      make("section", { className: "card verdict bad", ariaLabel: "Proof" }, stamp(undefined, "void"), body),
    );
    announce(`No proof was made. ${reason}`);
  }
}

function stamp(model: string | undefined, state: "working" | "whole" | "void"): HTMLElement {
  const made = make("div", { className: "stamp" });
  made.append(seal(model, state));
  return made;
}

function stageTable(stages: Proved["stages"]): HTMLElement {
  const total = stages.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  const list = make("ol", { className: "stages measured" });
  const words = new Map(STAGES);
  for (const { stage, milliseconds } of stages) {
    const row = make(
      "li",
      {},
      words.get(stage) ?? stage,
      make("span", { className: "quiet", textContent: duration(milliseconds) }),
    );
    row.style.setProperty("--share", String(total > 0 ? milliseconds / total : 0));
    list.append(row);
  }
  return make("details", { className: "numbers" }, make("summary", { textContent: "Where the time went" }), list);
}
