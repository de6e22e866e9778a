// Keys and proofs of the native prover, and what is known about them.
import { readFileSync } from "node:fs";

const folder = new URL("../../tests/vectors/", import.meta.url);

const vector = (name, { context, development }) => ({
  name,
  key: new Uint8Array(readFileSync(new URL(`${name}/model.vk`, folder))),
  proof: new Uint8Array(readFileSync(new URL(`${name}/proof.bin`, folder))),
  context: new TextEncoder().encode(context),
  development,
});

export const vectors = [
  vector("toy", { context: "known answer", development: true }),
  vector("demo", { context: "", development: false }),
];

/** Where the group elements and scalars of a proof start: behind mark, version, model and public tensors. */
export function argumentOffset(proof) {
  const view = new DataView(proof.buffer, proof.byteOffset);
  let at = 4 + 2 + 32;
  let tensors = view.getUint32(at, true);
  at += 4;
  for (; tensors > 0; tensors--) {
    const width = view.getUint8(at + 4);
    const count = view.getUint32(at + 5, true);
    at += 9 + width * count;
  }
  return at;
}

/** The bytes with one bit changed. */
export function flipped(bytes, at) {
  const copy = bytes.slice();
  copy[at] ^= 1;
  return copy;
}
