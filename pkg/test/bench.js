// Measures the verifier in headless Chromium, or in the engines that ENGINES names: node test/bench.js KEY PROOF [CONTEXT]
import { readFileSync } from "node:fs";

import { engines, open } from "./engines/browser.js";
import { serve } from "./engines/site.js";

const [keyFile, proofFile, context = ""] = process.argv.slice(2);
const [key, proof] = [keyFile, proofFile].map((file) => [...readFileSync(file)]);

/** Runs in the page. */
async function measure({ key, proof, context, loads, verifications, batch }) {
  const time = async (run) => {
    const start = performance.now();
    const result = await run();
    return [performance.now() - start, result];
  };
  const summary = (times) => {
    const sorted = [...times].sort((a, b) => a - b);
    return { first: times[0], median: sorted[sorted.length >> 1], least: sorted[0], runs: times.length };
  };
  const { init, loadKey, verify, verifyBatch } = await import("/dist/index.js");
  const [initMs] = await time(() => init());
  const [keyBytes, proofBytes] = [new Uint8Array(key), new Uint8Array(proof)];
  const options = { allowDevelopmentSetup: true, context: new TextEncoder().encode(context) };

  const loadTimes = [];
  let loaded;
  for (let run = 0; run < loads; run++) {
    loaded?.dispose();
    const [ms, result] = await time(() => loadKey(keyBytes));
    loadTimes.push(ms);
    loaded = result;
  }
  const verifyTimes = [];
  let verdict;
  for (let run = 0; run < verifications; run++) {
    const [ms, result] = await time(() => verify(loaded, proofBytes, options));
    verifyTimes.push(ms);
    verdict = result;
  }
  const entries = Array.from({ length: batch }, () => ({ key: loaded, proof: proofBytes }));
  const [batchMs, { ok }] = await time(() => verifyBatch(entries, options));
  return { code: ok ? verdict.code : "batch", batchMs, initMs, load: summary(loadTimes), verify: summary(verifyTimes) };
}

const BATCH = 1000;
const site = await serve({});
try {
  for (const engine of engines()) {
    const page = await open(engine, site.url);
    try {
      report(page.version, await page.evaluate(measure, { key, proof, context, loads: 40, verifications: 100, batch: BATCH }));
    } finally {
      await page.close();
    }
  }
} finally {
  site.close();
}

function report(version, { code, initMs, load, verify, batchMs }) {
  if (code !== "ok") throw new Error(`the proof is not accepted: ${code}`);
  console.log(`${version}, one thread, milliseconds`);
  console.log(`init     ${initMs.toFixed(1)} (fetch, compile, start)`);
  for (const [name, { first, median, least, runs }] of Object.entries({ loadKey: load, verify })) {
    const numbers = `median ${median.toFixed(1)}, least ${least.toFixed(1)}, first ${first.toFixed(1)}`;
    console.log(`${name.padEnd(8)} ${numbers} (${runs} runs)`);
  }
  console.log(`batch    ${(batchMs / BATCH).toFixed(2)} a proof (one batch of ${BATCH})`);
}
