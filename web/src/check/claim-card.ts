// What is claimed, in plain words, before and while it is verified.
import { button, counted, make } from "../dom.js";
import type { Claim, ClaimedTensor, Port } from "./claim.js";
import { enumerate, grouped, setupInWords, shapeInWords } from "./words.js";

/** The warning that a development setup never goes without. */
export function warning(onAccept: (() => void) | undefined): HTMLElement {
  const box = make("div", { className: "warning", role: "alert" });
  box.append(
    make("strong", { textContent: "Development setup: proofs under this key convince nobody" }),
    make("p", {
      textContent: "Whoever made the setup can forge a proof of anything. Use it for tests, and never to decide something.",
    }),
  );
  if (onAccept) box.append(button("Check it all the same, as a test", "button", onAccept));
  return box;
}

/** The claim about one model; `pinned` is the digest that the visitor asked for. */
export function claimCard(claim: Claim, pinned: string | undefined): HTMLElement {
  const facts = make("dl", { className: "facts" });
  const fact = (name: string, ...value: (Node | string)[]): void => {
    facts.append(make("dt", { textContent: name }), make("dd", {}, ...value));
  };
  fact("Network", digest(claim.model), make("span", { className: "note", textContent: trust(claim.model, pinned) }));
  fact("Setup", setupInWords(claim.setup));
  fact("About", about(claim));
  fact("Shown", shown(claim));
  const committed = claim.first?.tensors.filter(({ values }) => !values) ?? [];
  if (committed.length > 0) {
    fact(
      "Committed",
      `${enumerate(committed.map((tensor) => named(claim, tensor)))}: secret until its owner opens one answer of it.`,
    );
  }
  fact("Hidden", hidden(claim));
  if (claim.postProcessing.length > 0) {
    fact("Left to you", `${enumerate(claim.postProcessing)} of the original network, which comes after the values shown.`);
  }
  return make(
    "section",
    { className: "card claim", ariaLabel: "What is claimed" },
    make("h2", { textContent: "What is claimed" }),
    facts,
  );
}

function digest(model: string): HTMLElement {
  const copy = button("Copy", "link", () => {
    void navigator.clipboard.writeText(model).then(() => (copy.textContent = "Copied"));
  });
  copy.ariaLabel = "Copy the digest";
  return make("span", { className: "digest" }, make("code", { textContent: grouped(model), title: model }), copy);
}

function trust(model: string, pinned: string | undefined): string {
  if (pinned === undefined) return "Anybody can make a key: compare this digest with one that you trust.";
  return pinned.toLowerCase() === model
    ? "This is the network that you asked for."
    : "This is not the network that you asked for.";
}

function about({ proofs, inferences }: Claim): string {
  const answers = counted(inferences, "answer");
  return proofs === 1 ? `One proof of ${answers}` : `${counted(proofs, "proof")} of ${answers} in all`;
}

function shown(claim: Claim): string {
  const tensors = claim.first?.tensors.filter(({ values }) => values) ?? [];
  if (tensors.length === 0) return claim.first ? "Nothing: only that there is such an answer" : "See each proof";
  return enumerate(tensors.map((tensor) => named(claim, tensor)));
}

function hidden({ ports, first }: Claim): string {
  const told = new Set(first?.tensors.map(({ tensor }) => tensor));
  const rest = first ? ports.filter(({ tensor }) => !told.has(tensor)).map(portInWords) : [];
  return enumerate([...rest, "the network’s weights"]);
}

function named({ ports }: Claim, { tensor }: ClaimedTensor): string {
  const port = ports.find((port) => port.tensor === tensor);
  return port ? portInWords(port) : `tensor ${tensor}`;
}

const portInWords = ({ role, name, shape }: Port): string =>
  `the ${role} “${name}”${shape.length > 0 ? ` (${shapeInWords(shape)})` : ""}`;
