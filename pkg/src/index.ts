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
import type { LoadOptions, ProofOptions, Source, Verdict } from "./types.js";
import { init } from "./wasm.js";

export { verifyBatch } from "./batch.js";
export { verifyBundle } from "./bundle.js";
export { type ErrorCode, TensorsealError } from "./error.js";
export type { Key } from "./key.js";
export type {
  Accepted,
  BatchEntry,
  BatchOptions,
  BatchRejection,
  BatchVerdict,
  BundleOptions,
  BundleVerdict,
  CommittedTensor,
  LoadOptions,
  OpenedTensor,
  ProofOptions,
  PublicTensor,
  Rejected,
  RejectionCode,
  Setup,
  Source,
  Verdict,
  VerifyOptions,
} from "./types.js";
export { type ModuleSource, init } from "./wasm.js";

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
  return Key.read(bytes, options);
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
  options?: ProofOptions,
): Promise<Verdict> {
  const bytes = await bytesOf(proof, "the proof");
  const { openings, accept } = split(options);
  const opened = await Promise.all(openings.map((opening) => bytesOf(opening, "an opening")));
  if (key instanceof Key) return key.verify(bytes, opened, accept);
  const loaded = await loadKey(key);
  try {
    return await loaded.verify(bytes, opened, accept);
  } finally {
    loaded.dispose();
  }
}

/** The openings, and the options of the verifier: what is no object stays as it is, for the verifier to refuse. */
function split(options: ProofOptions | undefined): {
  openings: readonly Source[];
  accept: ProofOptions | undefined;
} {
  if (typeof options !== "object" || options === null) return { openings: [], accept: options };
  const { openings = [], ...accept } = options;
  if (!Array.isArray(openings)) throw new TypeError("openings must be an array");
  return { openings, accept };
}
