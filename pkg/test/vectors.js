// Keys and proofs of the native prover, and what is known about them.
import { createHash } from "node:crypto";
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

/** A model with a large table, whose key only the full module reads. */
export const large = vector("large", { context: "known answer", development: true });

/** Of the model `demo`: a proof of three inferences with the output committed, an opening of inference 1, a bundle of two proofs. */
export const demoFile = (name) => new Uint8Array(readFileSync(new URL(`demo/${name}`, folder)));

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

/** A bundle, as the native prover writes it: for tests that need many proofs, or an index that lies. */
export function bundleOf(key, proofs) {
  const number = (value, bytes = 4) => {
    const out = Buffer.alloc(bytes);
    out.writeUIntLE(value, 0, Math.min(bytes, 6));
    return out;
  };
  const digest = (domain, ...parts) => {
    const hash = createHash("blake2b512");
    for (const part of [Buffer.from(domain), ...parts]) hash.update(number(part.length, 8)).update(part);
    return hash.digest().subarray(0, 32);
  };
  const entry = (proof) => [number(proof.length), number(1), digest("tensorseal proof file", proof)];
  const index = Buffer.concat(proofs.flatMap(entry));
  const count = number(proofs.length);
  const mark = Buffer.from("TSbn\x01\x00", "latin1");
  const bound = digest("tensorseal bundle", key, count, index);
  return new Uint8Array(Buffer.concat([mark, number(key.length), count, bound, key, index, ...proofs]));
}
