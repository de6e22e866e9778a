// Reads the files that are chosen or dropped, verifies, and hands the answer to `answer.js`.
import { loadKey, verify } from "../pkg/dist/index.js";
import { failure, refusal, show, success, warning } from "./answer.js";

const element = (id) => document.getElementById(id);
const controls = {
  model: element("model"),
  context: element("context"),
  development: element("development"),
};

/** The first four bytes of the files of tensorseal. */
const KINDS = new Map([
  ["TSvk", "key"],
  ["TSpf", "proof"],
]);

/** The bytes of each file, once there are any. */
const files = {};
/** Counts checks, so that only the answer of the last one is shown. */
let checks = 0;

async function take(kind, file) {
  files[kind] = new Uint8Array(await file.arrayBuffer());
  element(`${kind}-state`).textContent = `${file.name}, ${files[kind].length.toLocaleString("en")} bytes`;
  document.querySelector(`[data-kind=${kind}]`).classList.add("filled");
  await check();
}

async function takeDropped(file) {
  const mark = new TextDecoder("latin1").decode(await file.slice(0, 4).arrayBuffer());
  const kind = KINDS.get(mark);
  if (kind) await take(kind, file);
  else show(element("answer"), failure(`${file.name} is neither a verifying key nor a proof.`));
}

/** The options that the controls say; an empty one is none. */
function options() {
  const model = controls.model.value.trim();
  const context = controls.context.value;
  return {
    allowDevelopmentSetup: controls.development.checked,
    ...(model === "" ? {} : { model }),
    ...(context === "" ? {} : { context: new TextEncoder().encode(context) }),
  };
}

async function check() {
  if (!files.key) return;
  const number = ++checks;
  const parts = await answer();
  if (number === checks) show(element("answer"), ...parts);
}

async function answer() {
  try {
    const key = await loadKey(files.key);
    try {
      const alarm = key.development ? [warning()] : [];
      if (!files.proof) return alarm;
      const start = performance.now();
      const verdict = await verify(key, files.proof, options());
      const elapsedMs = performance.now() - start;
      const pinned = controls.model.value.trim() !== "";
      return [...alarm, verdict.ok ? success(verdict, { elapsedMs, pinned }) : refusal(verdict)];
    } finally {
      key.dispose();
    }
  } catch (error) {
    return [failure(error.message)];
  }
}

for (const kind of KINDS.values()) {
  element(kind).addEventListener("change", ({ target }) => {
    if (target.files[0]) void take(kind, target.files[0]);
  });
}
element("form").addEventListener("submit", (event) => event.preventDefault());
for (const control of Object.values(controls)) {
  control.addEventListener("change", () => void check());
}

addEventListener("dragover", (event) => {
  event.preventDefault();
  document.body.classList.add("dragging");
});
addEventListener("dragleave", () => document.body.classList.remove("dragging"));
addEventListener("drop", (event) => {
  event.preventDefault();
  document.body.classList.remove("dragging");
  for (const file of event.dataTransfer.files) void takeDropped(file);
});
