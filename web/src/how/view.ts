// The section "How it works": figures of this very browser.
import { readHead } from "../check/claim.js";
import { brought } from "../check/samples.js";
import { duration, element, make, message, whole } from "../dom.js";
import { type Measurements, measurements } from "../measurements.js";
import { network } from "../prove/network.js";
import { SAMPLE_DIGITS } from "../prove/sample-digits.js";
import { whenShown } from "../route.js";
import { seal } from "../seal.js";

const ROWS: readonly [keyof Measurements, string, string][] = [
  ["start", "Load the verifier", "fetch, compile and start"],
  ["key", "Read a key", "once for each network"],
  ["verify", "Check one proof", "median of 25"],
  ["batchPerSecond", "Check many together", "a bundle of one proof for each picture"],
  ["run", "Run the network", "without a proof"],
  ["prove", "Prove one answer", "with the drawing hidden"],
];

/** How often the network is run: one run is shorter than a tick of some browsers' clocks. */
const RUNS = 25;

/** Makes the section work. */
export function startHow(): void {
  element("measure").addEventListener("click", () => void measure());
  whenShown("how", () => {
    showFigures();
    void showSeal();
  });
}

/** The seal of this page's network, of which any of its proofs names the digest. Without its files the page goes without. */
async function showSeal(): Promise<void> {
  const proof = await brought("digit.proof").catch(() => undefined);
  const head = proof && readHead(new Uint8Array(await proof.arrayBuffer()));
  if (head) element("network-seal").replaceChildren(seal(head.model, "waiting"));
}

function showFigures(): void {
  element("figures").replaceChildren(
    ...ROWS.map(([name, title, note]) => {
      const value = measurements[name];
      return make(
        "tr",
        {},
        make("th", { scope: "row" }, title, make("span", { className: "note", textContent: note })),
        make("td", { textContent: value === undefined ? "–" : figure(name, value) }),
      );
    }),
  );
}

const figure = (name: keyof Measurements, value: number): string =>
  name === "batchPerSecond" ? `${whole(Math.round(value))} a second` : duration(value);

async function measure(): Promise<void> {
  const button = element<HTMLButtonElement>("measure");
  const state = element("measuring");
  button.disabled = true;
  state.textContent = "Measuring…";
  try {
    await measureVerifier();
    await measureProver();
    state.textContent = "Done.";
  } catch (error) {
    state.textContent = `It cannot be measured: ${message(error)}`;
  } finally {
    button.disabled = false;
  }
}

type Told = { readonly figures: Measurements } | { readonly done: true } | { readonly error: string };

async function measureVerifier(): Promise<void> {
  const [key, proof, bundle] = await Promise.all(["model.vk", "digit.proof", "answers.bundle"].map(brought));
  const worker = new Worker(new URL("./measure.worker.ts", import.meta.url), { type: "module" });
  const [keyBytes, proofBytes] = await Promise.all([key!, proof!].map(async (file) => new Uint8Array(await file.arrayBuffer())));
  try {
    await new Promise<void>((resolve, reject) => {
      worker.addEventListener("error", (event) => reject(new Error(event.message)));
      worker.addEventListener("message", ({ data }: MessageEvent<Told>) => {
        if ("done" in data) resolve();
        else if ("error" in data) reject(new Error(data.error));
        else {
          Object.assign(measurements, data.figures);
          showFigures();
        }
      });
      worker.postMessage({ key: keyBytes, proof: proofBytes, bundle });
    });
  } finally {
    worker.terminate();
  }
}

async function measureProver(): Promise<void> {
  const prover = await network();
  const { dots } = SAMPLE_DIGITS[0]!;
  let start = performance.now();
  for (let run = 0; run < RUNS; run++) await prover.run(dots);
  measurements.run = (performance.now() - start) / RUNS;
  showFigures();
  start = performance.now();
  await prover.prove(dots, { hide: "input" });
  measurements.prove = performance.now() - start;
  showFigures();
}
