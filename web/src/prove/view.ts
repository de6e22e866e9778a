// The section "Prove": a drawing, what the network says, and the proof of it.
import { button, duration, element, make, message } from "../dom.js";
import { measurements } from "../measurements.js";
import { paint } from "../picture.js";
import { whenShown } from "../route.js";
import { SIDE } from "./dots.js";
import { Making } from "./making.js";
import { network } from "./network.js";
import { Pad } from "./pad.js";
import { SAMPLE_DIGITS, type SampleDigit } from "./sample-digits.js";
import { Scores } from "./scores.js";

let dots: Float32Array | undefined;
/** Whether a run of the network is under way; drawings that come meanwhile wait, and only the last one is run. */
let running = false;

/** Makes the section work. */
export function startProve(): void {
  const scores = new Scores();
  const note = element("sample-note");
  const pad = new Pad(element<HTMLCanvasElement>("drawing"), (drawn) => {
    dots = drawn;
    note.textContent = "";
    element("pad-help").hidden = drawn !== undefined;
    paint(element<HTMLCanvasElement>("retina"), drawn ?? new Float32Array(SIDE * SIDE), SIDE);
    enable();
    void read(scores);
  });
  element("clear").addEventListener("click", () => pad.clear());
  element("sample-digits").append(
    ...SAMPLE_DIGITS.map((sample) =>
      sampleButton(sample, () => {
        pad.show(sample.dots);
        note.textContent = sample.note ?? "";
      }),
    ),
  );
  const hide = element<HTMLInputElement>("hide");
  const explain = (): void => {
    element("hide-help").textContent = hide.checked ? "The proof shows the scores alone." : "The proof shows it to everybody.";
  };
  hide.addEventListener("change", explain);
  explain();
  element("seal").addEventListener("click", () => void sealAnswer());
  whenShown("prove", () => void prepare(scores));
}

function sampleButton({ digit, dots: shades, note }: SampleDigit, onChoose: () => void): HTMLButtonElement {
  const made = button("", "sample-digit", onChoose);
  made.ariaLabel = note ? `A hard ${digit}` : `A written ${digit}`;
  const canvas = make("canvas", { ariaHidden: "true" });
  paint(canvas, shades, SIDE);
  made.append(canvas);
  return made;
}

async function prepare(scores: Scores): Promise<void> {
  const state = element("prover-state");
  state.textContent = "Loading the network and its prover…";
  try {
    const prover = await network();
    const threads = prover.threads > 1 ? ` on ${prover.threads} threads` : "";
    state.textContent = `Ready. Proving${threads} needs about ${Math.ceil(prover.memoryBytes / 1e6)} MB of memory.`;
    enable();
    await read(scores);
  } catch (error) {
    state.textContent = `The prover cannot be loaded: ${message(error)}`;
  }
}

/** Runs the network on the last drawing, without a proof. */
async function read(scores: Scores): Promise<void> {
  if (!dots) scores.show(undefined);
  if (running || !dots) return;
  running = true;
  try {
    const prover = await network();
    for (let seen: Float32Array | undefined; dots && dots !== seen; ) {
      seen = dots;
      const start = performance.now();
      const [output] = await prover.run(seen);
      measurements.run = performance.now() - start;
      if (dots) scores.show(output!.values);
    }
  } finally {
    running = false;
  }
}

let making = false;

function enable(): void {
  element<HTMLButtonElement>("seal").disabled = dots === undefined || making;
}

async function sealAnswer(): Promise<void> {
  const input = dots;
  if (!input || making) return;
  making = true;
  enable();
  const hidden = element<HTMLInputElement>("hide").checked;
  const shown = new Making(element("made"), hidden);
  try {
    const prover = await network();
    const start = performance.now();
    const made = await prover.prove(input, { hide: hidden ? "input" : [], onProgress: shown.progress });
    measurements.prove = performance.now() - start;
    shown.done(made, prover, duration(measurements.prove));
  } catch (error) {
    shown.failed(message(error));
  } finally {
    making = false;
    enable();
  }
}
