import type { Batch } from "../wasm/verifier.js";
import { Key, RANDOM_BYTES } from "./key.js";
import { bytesOf } from "./source.js";
import type { BatchEntry, BatchOptions, BatchRejection, BatchVerdict, Rejected } from "./types.js";
import { type Verifier, init } from "./wasm.js";

/** How long proofs are received before the page may do something else, in milliseconds. */
const TURN = 40;

/** What a decision says. */
interface Decision {
  readonly rejected: Uint32Array;
  readonly rejection: Rejected;
  readonly millerLoops: number;
}

/** The proofs whose keys are of one module, which decides them together. */
interface Part {
  readonly batch: Batch;
  /** The place of each proof that awaits the decision. */
  readonly places: number[];
}

/**
 * Verifies any number of proofs, of one model or of several, for the pairings of one. Every proof that is not accepted is named.
 *
 * Proofs are taken from `entries` one at a time, and what is kept of each is about two kilobytes.
 *
 * @param entries a loaded key and a proof each
 * @throws TensorsealError `unavailable` or `disposed`
 * @throws TypeError when an argument has the wrong type or an option does not exist
 */
export async function verifyBatch(
  entries: Iterable<BatchEntry<Key>> | AsyncIterable<BatchEntry<Key>>,
  options: BatchOptions = {},
): Promise<BatchVerdict> {
  const { onProgress, signal, ...accept } = options;
  await init();
  const parts = new Map<Verifier, Part>();
  try {
    const rejected: BatchRejection[] = [];
    let proofs = 0;
    let turn = performance.now();
    for await (const { key, proof } of entries) {
      signal?.throwIfAborted();
      if (!(key instanceof Key)) throw new TypeError("the key of an entry must come from loadKey");
      const bytes = await bytesOf(proof, "the proof");
      const { batch, places } = partOf(parts, key.verifier);
      const refused = key.receive(batch, bytes, accept);
      if (refused) rejected.push({ ...refused, proof: proofs });
      else places.push(proofs);
      proofs++;
      if (performance.now() - turn > TURN) {
        onProgress?.(proofs);
        await new Promise((resume) => setTimeout(resume));
        turn = performance.now();
      }
    }
    onProgress?.(proofs);
    signal?.throwIfAborted();
    let millerLoops = 0;
    for (const { batch, places } of parts.values()) {
      const randomness = crypto.getRandomValues(new Uint8Array(RANDOM_BYTES));
      const decision = batch.decide(randomness) as Decision;
      millerLoops += decision.millerLoops;
      for (const index of decision.rejected) {
        rejected.push({ ...decision.rejection, proof: places[index]! });
      }
    }
    rejected.sort((a, b) => a.proof - b.proof);
    return { ok: rejected.length === 0, proofs, rejected, millerLoops };
  } finally {
    for (const { batch } of parts.values()) batch.free();
  }
}

function partOf(parts: Map<Verifier, Part>, verifier: Verifier): Part {
  let part = parts.get(verifier);
  if (!part) {
    part = { batch: new verifier.Batch(), places: [] };
    parts.set(verifier, part);
  }
  return part;
}
