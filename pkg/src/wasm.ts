import initialise from "../wasm/verifier.js";
import { moduleOf } from "./module.js";
import type { Source } from "./types.js";

let ready: Promise<void> | undefined;

/**
 * Loads the WebAssembly module. Calling this is optional: every function that needs the module loads it. Call it to load early, or
 * to say where the module is.
 *
 * Only the first call counts; one that fails can be repeated.
 *
 * @param source where `verifier.wasm` is, or its bytes, or the compiled module; by default the file of this package
 */
export function init(source?: Source | WebAssembly.Module): Promise<void> {
  ready ??= load(source).catch((error: unknown) => {
    ready = undefined;
    throw error;
  });
  return ready;
}

async function load(source?: Source | WebAssembly.Module): Promise<void> {
  // Written out like this, bundlers find the file and give it an address.
  const url = new URL("../wasm/verifier_bg.wasm", import.meta.url);
  await initialise({ module_or_path: await moduleOf(source ?? url) });
}
