/**
 * Verifies zero-knowledge proofs of neural-network inference.
 *
 * ```js
 * import { loadKey, verify } from "tensorseal";
 *
 * const key = await loadKey("model.vk", { model: "<the digest you trust>" });
 * const verdict = await verify(key, "proof.bin");
 * if (verdict.ok) console.log(verdict.public);
 * else console.error(verdict.code, verdict.reason);
 * ```
 *
 * @module
 */
import { Key } from "./key.js";
import { bytesOf } from "./source.js";
import type { LoadOptions, Source, Verdict, VerifyOptions } from "./types.js";
import { init } from "./wasm.js";

export { verifyBatch } from "./batch.js";
export { type ErrorCode, TensorsealError } from "./error.js";
export type { Key } from "./key.js";
export type {
  Accepted,
  BatchEntry,
  BatchOptions,
  BatchRejection,
  BatchVerdict,
  LoadOptions,
  PublicTensor,
  Rejected,
  RejectionCode,
  Setup,
  Source,
  Verdict,
  VerifyOptions,
} from "./types.js";
export { init } from "./wasm.js";

/**
 * Reads and checks a verifying key.
 *
 * @param source the key's bytes, or where they are
 * @throws TensorsealError `malformed-key` when the bytes are no key, `wrong-model` when it is that of another model than
 *   `options.model`, `unavailable` when there are no bytes to be had
 * @throws TypeError when an argument has the wrong type or an option does not exist
 */
export async function loadKey(source: Source, options?: LoadOptions): Promise<Key> {
  const [bytes] = await Promise.all([bytesOf(source, "the key"), init()]);
  return new Key(bytes, options);
}

/**
 * Verifies a proof.
 *
 * A proof that is not accepted is an answer, `{ ok: false, code, reason }`, and not an exception.
 *
 * @param key a loaded key, which is faster from the second proof on, or a key's bytes, or where they are
 * @param proof the proof's bytes, or where they are
 * @throws TensorsealError `malformed-key`, `unavailable` or `disposed`
 * @throws TypeError when an argument has the wrong type or an option does not exist
 */
export async function verify(
  key: Key | Source,
  proof: Source,
  options?: VerifyOptions,
): Promise<Verdict> {
  const bytes = await bytesOf(proof, "the proof");
  if (key instanceof Key) return key.verify(bytes, options);
  const loaded = await loadKey(key);
  try {
    return loaded.verify(bytes, options);
  } finally {
    loaded.dispose();
  }
}
