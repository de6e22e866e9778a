import { Bundle, bundleFrontBytes, bundleHeaderBytes } from "../wasm/verifier.js";
import { verifyBatch } from "./batch.js";
import { TensorsealError } from "./error.js";
import { Key } from "./key.js";
import { type Ranges, rangesOf } from "./ranges.js";
import type { BatchEntry, BatchRejection, BundleOptions, BundleVerdict, Rejected, Source } from "./types.js";
import { init } from "./wasm.js";

/** Bytes that are asked for first: most headers, keys and short indices lie in them. */
const FIRST = 16 * 1024;
/** Bytes of proofs that are asked for at once, unless one proof has more. */
const WINDOW = 1024 * 1024;

/** What the index says of one proof. */
interface Entry {
  readonly offset: number;
  readonly length: number;
  readonly inferences: number;
}

/**
 * Verifies a bundle: every proof in it, under the key that it brings, for the pairings of one. Pin the model with `options.model`.
 *
 * Of a URL it fetches ranges, about a megabyte at a time, and never holds more than that, the index, and two kilobytes for each
 * proof. A server that ignores ranges sends the file once, and it is read while it arrives.
 *
 * @param source where the bundle is, or its bytes
 * @throws TensorsealError `damaged-bundle` when the bundle is cut short, or its header, key or index is damaged; `malformed-key`;
 *   `unavailable`. A proof that is damaged is a rejection like one that is false.
 * @throws TypeError when an argument has the wrong type or an option does not exist
 */
export async function verifyBundle(
  source: Source | Blob,
  options: BundleOptions = {},
): Promise<BundleVerdict> {
  const { onProgress, signal, ...accept } = options;
  await init();
  signal?.throwIfAborted();
  const ranges = await rangesOf(source, FIRST, signal);
  try {
    const bundle = await front(ranges);
    try {
      const key = await Key.read(bundle.key);
      try {
        return await verifyAll({ bundle, key, ranges }, { ...accept, signal, onProgress });
      } finally {
        key.dispose();
      }
    } finally {
      bundle.free();
    }
  } finally {
    await ranges.close();
  }
}

interface Opened {
  readonly bundle: Bundle;
  readonly key: Key;
  readonly ranges: Ranges;
}

async function verifyAll(opened: Opened, options: BundleOptions): Promise<BundleVerdict> {
  const { bundle, key } = opened;
  const { onProgress, ...accept } = options;
  const total = bundle.proofs;
  /** For each proof that is intact, its place in the bundle. */
  const places: number[] = [];
  const rejected: BatchRejection[] = [];
  const seen = (): void => onProgress?.(places.length + rejected.length, total);
  const verdict = await verifyBatch(entries(opened, places, rejected), { ...accept, onProgress: seen });
  for (const refused of verdict.rejected) {
    rejected.push({ ...refused, proof: places[refused.proof]! });
  }
  rejected.sort((a, b) => a.proof - b.proof);
  const bad = new Set(rejected.map(({ proof }) => proof));
  let inferences = 0;
  for (let place = 0; place < total; place++) {
    if (!bad.has(place)) inferences += (bundle.entry(place) as Entry).inferences;
  }
  return {
    ok: rejected.length === 0,
    proofs: total,
    rejected,
    millerLoops: verdict.millerLoops,
    model: key.model,
    setup: key.setup,
    digest: bundle.digest,
    inferences,
  };
}

/** The front of the bundle, and its length checked where that is known. */
async function front(ranges: Ranges): Promise<Bundle> {
  const head = await ranges.read(0, bundleHeaderBytes());
  return damage(async () => {
    const bundle = new Bundle(await ranges.read(0, bundleFrontBytes(head)));
    try {
      if (ranges.length !== undefined) bundle.checkLength(ranges.length);
      return bundle;
    } catch (error) {
      bundle.free();
      throw error;
    }
  });
}

/** The intact proofs in their order; the others go to `rejected`. */
async function* entries(
  { bundle, key, ranges }: Opened,
  places: number[],
  rejected: BatchRejection[],
): AsyncGenerator<BatchEntry<Key>> {
  let place = 0;
  let end = 0;
  while (place < bundle.proofs) {
    const window = take(bundle, place);
    const { offset } = window[0]!;
    const last = window.at(-1)!;
    end = last.offset + last.length;
    const bytes = await ranges.read(offset, end - offset);
    if (bytes.length < end - offset) await damage(async () => bundle.checkLength(offset + bytes.length));
    for (const entry of window) {
      const proof = bytes.subarray(entry.offset - offset, entry.offset - offset + entry.length);
      const refused = bundle.check(place, proof) as Rejected | undefined;
      if (refused) rejected.push({ ...refused, proof: place });
      else {
        places.push(place);
        yield { key, proof };
      }
      place++;
    }
  }
  const more = await ranges.read(end, 1);
  await damage(async () => bundle.checkLength(end + more.length));
}

/** The proofs from `place` on that are fetched together. */
function take(bundle: Bundle, place: number): Entry[] {
  const window: Entry[] = [];
  let bytes = 0;
  for (; place < bundle.proofs; place++) {
    const entry = bundle.entry(place) as Entry;
    bytes += entry.length;
    if (window.length > 0 && bytes > WINDOW) break;
    window.push(entry);
  }
  return window;
}

/** Runs `work`; what it says of a damaged bundle becomes an error of this package. */
async function damage<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "damaged-bundle") {
      throw new TensorsealError("damaged-bundle", cause.message, { cause });
    }
    throw cause;
  }
}
