// The verdict, clear at a glance and complete in its details.
import type { Accepted, OpenedTensor } from "tensorseal";

import { button, counted, download, duration, make, whole } from "../dom.js";
import { type SealState, seal } from "../seal.js";
import type { Claim } from "./claim.js";
import type { Failure, ManyAnswer, OneAnswer } from "./job.js";
import { tensorView } from "./tensor-view.js";
import { refusal } from "./words.js";

/** More failures than this are listed in the report that can be saved, and not on the page. */
const MAX_LISTED = 500;

/** A verdict for the eye, and the sentence for the ear. */
export interface Shown {
  readonly card: HTMLElement;
  readonly sentence: string;
}

/** The verdict about one proof. */
export function one({ name, verdict, elapsedMs }: OneAnswer, claim: Claim | undefined): Shown {
  if (!verdict.ok) {
    const heading = "The proof is refused";
    const card = frame("broken", "bad", heading, claim?.model);
    card.body.append(
      make("p", { textContent: refusal(verdict.code, verdict.reason) }),
      make("p", { className: "note", textContent: `${name}: ${verdict.code}, ${verdict.reason}` }),
    );
    const said = claim?.first?.tensors.find(({ values }) => values && values.length <= 16);
    if (said?.values) {
      card.body.append(
        make("p", { className: "note", textContent: `What it said counts for nothing: ${said.values.join(", ")}` }),
      );
    }
    return { card: card.whole, sentence: `${heading}. ${refusal(verdict.code, verdict.reason)}` };
  }
  const heading = verdict.development ? VOID : "The proof holds";
  const card = frame(verdict.development ? "void" : "whole", verdict.development ? "plain" : "good", heading, verdict.model);
  card.body.append(
    make("p", { textContent: verdict.development ? CLAIMED : meaning(verdict) }),
    ...verdict.public.map((tensor) => tensorView(tensor, claim?.postProcessing ?? [])),
    ...verdict.opened.map((tensor: OpenedTensor) => tensorView(tensor, [], `Opened, answer ${tensor.inference + 1}`)),
    make("p", { className: "note", textContent: `Checked in ${duration(elapsedMs)}.` }),
  );
  return { card: card.whole, sentence: `${heading}.` };
}

/** The verdict about many proofs. */
export function many(answer: ManyAnswer, claims: readonly Claim[]): Shown {
  const { proofs, failures, elapsedMs } = answer;
  const development = claims.some((claim) => claim.development);
  const held = proofs - failures.length;
  const model = claims.length === 1 ? claims[0]?.model : undefined;
  const [state, kind, heading] = manyHeading(proofs, failures.length, development);
  const { whole: card, body } = frame(state, kind, heading, model);
  const rate = `${whole(Math.round((1000 * proofs) / elapsedMs))} a second`;
  body.append(
    make(
      "p",
      { className: "tally" },
      make("b", { textContent: whole(held) }),
      ` of ${counted(proofs, "proof")} hold, checked in ${duration(elapsedMs)}, ${rate}.`,
    ),
  );
  if (development && held > 0) body.append(make("p", { textContent: CLAIMED }));
  if (answer.bundle) {
    body.append(
      make(
        "p",
        { className: "note" },
        "Digest of the bundle, its count, its order, every byte: ",
        make("code", { textContent: answer.bundle.digest }),
      ),
    );
  }
  if (failures.length > 0) body.append(failureList(failures));
  body.append(
    button("Save this report", "link", () => download("report.json", JSON.stringify({ ...answer, claims }, undefined, 2))),
  );
  return { card, sentence: `${heading}. ${held} of ${proofs} proofs hold.` };
}

function manyHeading(proofs: number, failed: number, development: boolean): [SealState, Kind, string] {
  if (proofs === 0) return ["void", "plain", "There is no proof, so nothing is proved"];
  if (failed === proofs) return ["broken", "bad", "All proofs are refused"];
  if (failed > 0) return ["broken", "bad", failed === 1 ? "One proof is refused" : `${whole(failed)} proofs are refused`];
  return development ? ["void", "plain", VOID] : ["whole", "good", "All proofs hold"];
}

/** What cannot be checked at all. */
export function impossible(reason: string): Shown {
  const heading = "This cannot be checked";
  const { whole: card, body } = frame("void", "bad", heading, undefined);
  body.append(make("p", { textContent: reason }));
  return { card, sentence: `${heading}. ${reason}` };
}

const VOID = "The equations hold, which shows nothing under a development setup";
const CLAIMED = "With an honest setup, this would show that the network with this digest gives these values together.";

function meaning({ inferences, public: shown }: Accepted): string {
  if (shown.length === 0) return "The network with this digest has such an answer. Everything about it stays hidden.";
  const these = inferences === 1 ? "these values together" : `these values, in ${whole(inferences)} answers`;
  return `The network with this digest gives ${these}. Every input and output that is not listed stays hidden.`;
}

type Kind = "good" | "bad" | "plain";

function frame(state: SealState, kind: Kind, heading: string, model: string | undefined) {
  const body = make("div", { className: "verdict-body" }, make("h2", { textContent: heading, tabIndex: -1 }));
  const stamp = make("div", { className: "stamp" });
  stamp.append(seal(model, state));
  return { body, whole: make("section", { className: `card verdict ${kind}`, ariaLabel: "Verdict" }, stamp, body) };
}

function failureList(failures: readonly Failure[]): HTMLElement {
  const list = make("ol", { className: "failures", tabIndex: 0, ariaLabel: "Refused proofs" });
  for (const { name, code, reason } of failures.slice(0, MAX_LISTED)) {
    list.append(
      make(
        "li",
        {},
        make("b", { textContent: name }),
        make("span", { textContent: refusal(code, reason) }),
        make("span", { className: "note", textContent: `${code}: ${reason}` }),
      ),
    );
  }
  const title = make("h3", { textContent: "Refused" });
  const parts: HTMLElement[] = [title, list];
  if (failures.length > MAX_LISTED) {
    parts.push(
      make("p", { className: "note", textContent: `and ${whole(failures.length - MAX_LISTED)} more, all in the report.` }),
    );
  }
  return make("div", {}, ...parts);
}
