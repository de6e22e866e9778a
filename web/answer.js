// Answers in plain words. Text from keys and proofs is only ever set as text, never as markup.

/** More values than this are cut short. */
const MAX_VALUES = 64;

/** Codes of refusals, in words for people who do not know the codes. */
const REFUSALS = {
  "development-setup":
    "The key was made with a development setup. Whoever made it can forge proofs, so it counts for nothing outside of tests.",
  "unknown-setup": "The key was made with a setup that is not a published ceremony known here.",
  "wrong-model": "The proof, the key and the model that you asked for do not belong together.",
  "public-values": "The values that the proof shows are not values that this model can have.",
  "malformed-proof": "The file is damaged, or it is not a proof for this model.",
  "invalid-proof": "The proof is false: it was altered, or made for another output or another context.",
};

const SHOWN =
  "The model with this digest gives these values together. Every input and output that is not listed stays hidden.";
const CLAIMED = "With an honest setup, this would show that the model with this digest gives these values together.";

/** Replaces what is shown. */
export function show(parent, ...parts) {
  parent.replaceChildren(...parts);
}

/** The warning that a development setup must never go without. */
export function warning() {
  const box = make("div", { className: "warning", role: "alert" });
  box.append(
    make("strong", { textContent: "Development setup: proofs under this key convince nobody" }),
    make("span", {
      textContent: "Whoever made the setup can forge a proof of anything. Use it for tests, and never to decide something.",
    }),
  );
  return box;
}

/** A proof that is accepted. */
export function success(verdict, { elapsedMs, pinned }) {
  const section = verdict.development
    ? verdictBox("plain", "The equations hold, which shows nothing under a development setup")
    : verdictBox("good", "The proof holds");
  section.append(make("p", { textContent: verdict.development ? CLAIMED : SHOWN }));
  const facts = make("dl");
  for (const tensor of verdict.public) fact(facts, title(tensor), make("code", { textContent: values(tensor) }));
  fact(facts, "Model", make("code", { textContent: verdict.model }));
  fact(facts, "Setup", setupInWords(verdict.setup));
  fact(facts, "Checked in", `${elapsedMs.toFixed(1)} ms`);
  section.append(facts);
  if (!pinned) {
    section.append(
      make("p", {
        className: "note",
        textContent: "Anybody can make a key: compare the model's digest with one that you trust.",
      }),
    );
  }
  return section;
}

/** A proof that is not accepted. */
export function refusal({ code, reason }) {
  const section = verdictBox("bad", "The proof is refused");
  section.append(
    make("p", { textContent: REFUSALS[code] ?? reason }),
    make("p", { className: "note", textContent: `${code}: ${reason}` }),
  );
  return section;
}

/** Files that cannot be checked at all. */
export function failure(message) {
  const section = verdictBox("bad", "This cannot be checked");
  section.append(make("p", { textContent: message }));
  return section;
}

function verdictBox(kind, heading) {
  const section = make("section", { className: `verdict ${kind}` });
  section.append(make("h2", { textContent: heading }));
  return section;
}

function title({ role, name, tensor }) {
  return `${role === "input" ? "Input" : "Output"} ${name ?? tensor}`;
}

function values({ values, shape }) {
  const shown = [...values.slice(0, MAX_VALUES)].join(", ");
  const rest = values.length > MAX_VALUES ? ` … of ${values.length}` : "";
  return `[${shown}${rest}] (${shape.join(" × ")})`;
}

function setupInWords(setup) {
  return setup === "hermez" ? "Hermez powers of tau, 54 contributions" : setup;
}

function fact(list, name, value) {
  const description = make("dd");
  description.append(value);
  list.append(make("dt", { textContent: name }), description);
}

function make(tag, properties = {}) {
  return Object.assign(document.createElement(tag), properties);
}
