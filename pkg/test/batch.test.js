// Batches in Node: accepted together, every bad proof named.
import assert from "node:assert/strict";
import { test } from "node:test";

import { TensorsealError, loadKey, verifyBatch } from "tensorseal";

import { flipped, vectors } from "./vectors.js";

const demo = vectors.find(({ name }) => name === "demo");
const toy = vectors.find(({ name }) => name === "toy");

test("good proofs take the Miller loops of one", async () => {
  const key = await loadKey(demo.key);
  for (const count of [1, 2, 20]) {
    const verdict = await verifyBatch(Array.from({ length: count }, () => ({ key, proof: demo.proof })));
    assert.deepEqual(verdict, { ok: true, proofs: count, rejected: [], millerLoops: 4 });
  }
});

test("every bad proof is named with its reason", async () => {
  const key = await loadKey(demo.key);
  const { proof } = demo;
  const proofs = [proof, flipped(proof, proof.length - 40), proof, proof.subarray(0, -1), proof];
  async function* entries() {
    for (const proof of proofs) yield { key, proof };
  }
  const { ok, rejected, ...rest } = await verifyBatch(entries());
  assert.equal(ok, false);
  assert.equal(rest.proofs, 5);
  assert.deepEqual(rejected.map(({ proof }) => proof), [1, 3]);
  assert.equal(rejected[1].code, "malformed-proof");
  assert.ok(rejected.every(({ ok, reason }) => ok === false && reason !== ""));
});

test("a false proof between true ones is found by its equations", async () => {
  const key = await loadKey(demo.key);
  // The last scalar but the two quotients and the correction: any reduced value can be read.
  const at = demo.proof.length - 4 * 32;
  const entries = [demo.proof, flipped(demo.proof, at), demo.proof].map((proof) => ({ key, proof }));
  const { rejected } = await verifyBatch(entries);
  assert.deepEqual(rejected.map(({ proof, code }) => [proof, code]), [[1, "invalid-proof"]]);
});

test("proofs of several models and setups", async () => {
  const keys = [await loadKey(demo.key), await loadKey(toy.key, { allowDevelopmentSetup: true })];
  const entries = [
    { key: keys[0], proof: demo.proof },
    { key: keys[1], proof: toy.proof },
  ];
  // The two were made for different contexts.
  const { rejected, millerLoops } = await verifyBatch(entries);
  assert.deepEqual(rejected.map(({ proof, code }) => [proof, code]), [[1, "invalid-proof"]]);
  assert.equal(millerLoops, 7);
  const swapped = await verifyBatch([{ key: keys[1], proof: demo.proof }]);
  assert.equal(swapped.rejected[0].code, "wrong-model");
});

test("an empty batch is accepted, and nothing is proved", async () => {
  assert.deepEqual(await verifyBatch([]), { ok: true, proofs: 0, rejected: [], millerLoops: 0 });
});

test("progress is told and a signal ends the work", async () => {
  const key = await loadKey(demo.key);
  const entries = Array.from({ length: 30 }, () => ({ key, proof: demo.proof }));
  const seen = [];
  await verifyBatch(entries, { onProgress: (received) => seen.push(received) });
  assert.equal(seen.at(-1), 30);
  assert.deepEqual(seen, [...seen].sort((a, b) => a - b));
  const controller = new AbortController();
  const ended = verifyBatch(entries, { signal: controller.signal, onProgress: () => controller.abort() });
  await assert.rejects(ended, { name: "AbortError" });
});

test("misuse is an exception", async () => {
  const key = await loadKey(demo.key);
  const entry = { key, proof: demo.proof };
  await assert.rejects(verifyBatch([{ key: demo.key, proof: demo.proof }]), TypeError);
  await assert.rejects(verifyBatch([entry], { modell: "x" }), TypeError);
  await assert.rejects(verifyBatch([{ key, proof: 7 }]), TypeError);
  key.dispose();
  await assert.rejects(verifyBatch([entry]), (error) => error instanceof TensorsealError && error.code === "disposed");
});
