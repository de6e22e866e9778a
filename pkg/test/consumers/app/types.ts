// What the types say about results, as a user relies on it.
import { type BundleVerdict, loadKey, TensorsealError, verify, verifyBundle } from "tensorseal";
import { createProver, type Proved } from "tensorseal/prover";

export async function answer(key: Uint8Array, proof: Blob): Promise<string> {
  try {
    const loaded = await loadKey(key, { model: "0".repeat(64) });
    const verdict = await verify(loaded, new Uint8Array(await proof.arrayBuffer()));
    if (!verdict.ok) return `${verdict.code satisfies string}: ${verdict.reason}`;
    const [first] = verdict.public;
    return first ? `${first.role} ${first.name ?? first.tensor}: ${first.values.length}` : verdict.setup;
  } catch (error) {
    if (error instanceof TensorsealError && error.code === "wrong-model") return "another model";
    throw error;
  }
}

export const bundle = (url: URL, signal: AbortSignal): Promise<BundleVerdict> => verifyBundle(url, { signal });

export async function prove(key: URL, input: Float32Array, signal: AbortSignal): Promise<Proved> {
  const prover = await createProver(key, { signal, onProgress: ({ stage, done, total }) => console.log(stage, done / total) });
  try {
    return await prover.prove(
      { [prover.inputs[0]?.name ?? "x"]: input },
      { hide: ["input", "output"], context: new Uint8Array(4) },
    );
  } finally {
    prover.dispose();
  }
}
