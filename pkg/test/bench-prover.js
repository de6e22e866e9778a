// Measures the prover in headless Chromium: node test/bench-prover.js PROVING_KEY INPUT.json
import { readFileSync } from "node:fs";

import { ISOLATED, serve } from "../../web/serve.js";
import { launch } from "./chromium.js";

const [keyFile, inputFile] = process.argv.slice(2);
const key = [...readFileSync(keyFile)];
const file = JSON.parse(readFileSync(inputFile, "utf8"));
const input = Object.fromEntries(Object.entries(file).map(([name, values]) => [name, [values].flat(Infinity)]));

/** Runs in the page. */
async function measure({ key, input, proofs, threads }) {
  const time = async (run) => {
    const start = performance.now();
    const result = await run();
    return [performance.now() - start, result];
  };
  const { createProver } = await import("/pkg/dist/prover/index.js");
  const [created, prover] = await time(() => createProver(new Uint8Array(key), { threads }));
  const times = [];
  let stages;
  for (let run = 0; run < proofs; run++) {
    const [ms, proved] = await time(() => prover.prove(input));
    times.push(ms);
    stages = proved.stages;
  }
  const [first] = times;
  const sorted = [...times].sort((a, b) => a - b);
  prover.dispose();
  return { created, first, median: sorted[sorted.length >> 1], least: sorted[0], stages, memory: prover.memoryBytes };
}

const PROOFS = 20;
const server = await serve(0, ISOLATED);
const browser = await launch();
try {
  const page = await browser.newPage();
  await page.goto(server.url);
  console.log(`Chromium ${browser.version()}, ${key.length} bytes of key, milliseconds`);
  for (const threads of [1, 2]) {
    const { created, first, median, least, stages, memory } = await page.evaluate(measure, { key, input, proofs: PROOFS, threads });
    console.log(`${threads} thread${threads > 1 ? "s" : ""}: ready after ${created.toFixed(0)}; estimate ${(memory / 1e6).toFixed(1)} MB`);
    console.log(`  prove   first ${first.toFixed(0)}, median ${median.toFixed(0)}, least ${least.toFixed(0)} (${PROOFS} runs)`);
    console.log(`  stages  ${stages.map(({ stage, milliseconds }) => `${stage} ${milliseconds.toFixed(0)}`).join(", ")}`);
  }
} finally {
  await browser.close();
  server.close();
}
