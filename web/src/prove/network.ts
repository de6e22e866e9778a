// The sealed network and its prover, loaded when they are first needed.
import type { Prover } from "tensorseal/prover";

import { brought } from "../check/samples.js";

let loaded: Promise<Prover> | undefined;

/** The prover of the digit classifier. What fails is tried again at the next call. */
export function network(): Promise<Prover> {
  loaded ??= load().catch((error: unknown) => {
    loaded = undefined;
    throw error;
  });
  return loaded;
}

async function load(): Promise<Prover> {
  const [{ createProver }, key] = await Promise.all([import("tensorseal/prover"), brought("model.pk")]);
  return createProver(new Uint8Array(await key.arrayBuffer()));
}
