// Measures the verifier, in a worker where nothing has loaded it yet.
import { init, loadKey, verify, verifyBundle } from "tensorseal";

import type { Measurements } from "../measurements.js";

/** The files to measure with. */
export interface Samples {
  readonly key: Uint8Array;
  readonly proof: Uint8Array;
  readonly bundle: Blob;
}

/** How often each thing is done: the median counts. */
const KEYS = 9;
const PROOFS = 25;

addEventListener("message", ({ data }: MessageEvent<Samples>) => {
  measure(data).then(
    () => postMessage({ done: true }),
    (error: unknown) => postMessage({ error: String(error) }),
  );
});

const tell = (figures: Measurements): void => postMessage({ figures });

async function measure({ key, proof, bundle }: Samples): Promise<void> {
  tell({ start: await time(() => init()) });
  tell({ key: await median(KEYS, async () => (await loadKey(key)).dispose()) });
  const loaded = await loadKey(key);
  const verdict = await verify(loaded, proof);
  if (!verdict.ok) throw new Error(verdict.reason);
  tell({ verify: await median(PROOFS, () => verify(loaded, proof)) });
  let proofs = 0;
  const elapsed = await time(async () => ({ proofs } = await verifyBundle(bundle)));
  tell({ batchPerSecond: (1000 * proofs) / elapsed });
}

async function time(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

async function median(times: number, work: () => Promise<unknown>): Promise<number> {
  const all: number[] = [];
  for (let run = 0; run < times; run++) all.push(await time(work));
  return all.sort((a, b) => a - b)[times >> 1]!;
}
