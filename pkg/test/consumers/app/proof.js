// What an application does: it proves an answer, and verifies the proof.
import { verify } from "tensorseal";
import { createProver } from "tensorseal/prover";

/** Proves an answer about an empty picture. */
export async function prove(key, options) {
  const prover = await createProver(key, options);
  const { proof, outputs, stages } = await prover.prove(new Float32Array(64), { hide: "input" });
  const { code, public: shown } = await verify(prover.verifyingKey, proof);
  const hidden = !shown.some(({ role }) => role === "input");
  prover.dispose();
  return { code, logits: outputs[0].integers.length, hidden, stages: stages.length, threads: prover.threads };
}

/** Tells the test what came of it. */
export function tell(work) {
  work.then(
    (result) => (globalThis.result = result),
    (error) => (globalThis.result = { error: String(error) }),
  );
}
