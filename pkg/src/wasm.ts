import * as verifier from "../wasm/verifier.js";
import { moduleOf } from "./module.js";
import type { Source } from "./types.js";

/** What both modules have: keys, proofs, batches. Their keys and batches do not mix. */
export type Verifier = Pick<typeof verifier, "Batch" | "VerifyingKey" | "verify">;

/** The module that has openings too, and reads keys with large tables. */
export type FullVerifier = typeof import("../wasm/verifier_full.js");

/** Where a module is, or its bytes, or the compiled module. */
export type ModuleSource = Source | WebAssembly.Module;

let ready: Promise<void> | undefined;
let readyFull: Promise<FullVerifier> | undefined;
let fullSource: ModuleSource | undefined;

/**
 * Loads the WebAssembly module. Calling this is optional: every function that needs the module loads it. Call it to load early, or
 * to say where the module is.
 *
 * Only the first call counts; one that fails can be repeated.
 *
 * @param source where `verifier.wasm` is, or its bytes, or the compiled module; by default the file of this package
 * @param full the same of `verifier-full.wasm`, which is loaded when the first opening is verified, or the first key with large
 *   tables is read; until then a later call may name another
 */
export function init(source?: ModuleSource, full?: ModuleSource): Promise<void> {
  if (full !== undefined && !readyFull) fullSource = full;
  // Written out like this, bundlers find the file and give it an address.
  const url = new URL("../wasm/verifier_bg.wasm", import.meta.url);
  ready ??= start(verifier, source ?? url).catch((error: unknown) => {
    ready = undefined;
    throw error;
  });
  return ready;
}

/** The module that suffices for most. */
export async function smallVerifier(): Promise<Verifier> {
  await init();
  return verifier;
}

/** The module that has everything. */
export function fullVerifier(): Promise<FullVerifier> {
  const url = new URL("../wasm/verifier_full_bg.wasm", import.meta.url);
  readyFull ??= import("../wasm/verifier_full.js")
    .then(async (glue) => {
      await start(glue, fullSource ?? url);
      return glue;
    })
    .catch((error: unknown) => {
      readyFull = undefined;
      throw error;
    });
  return readyFull;
}

/** Starts the module behind its glue. */
async function start(glue: Pick<typeof verifier, "default">, source: ModuleSource): Promise<void> {
  await glue.default({ module_or_path: await moduleOf(source) });
}
