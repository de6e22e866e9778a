// Openings in Node: one inference of a committed output is shown, and no other value.
import assert from "node:assert/strict";
import { test } from "node:test";

import { loadKey, verify } from "tensorseal";

import { demoFile, flipped, vectors } from "./vectors.js";

const demo = vectors.find(({ name }) => name === "demo");
const proof = demoFile("committed.bin");
const opening = demoFile("opening.bin");

test("a proof with a committed output shows what its openings show", async () => {
  const key = await loadKey(demo.key);
  const alone = await verify(key, proof);
  assert.equal(alone.ok, true);
  assert.equal(alone.inferences, 3);
  assert.deepEqual(alone.public, []);
  assert.equal(alone.committed[0].role, "output");
  assert.deepEqual(alone.opened, []);
  const verdict = await verify(key, proof, { openings: [opening, opening] });
  assert.equal(verdict.ok, true);
  assert.equal(verdict.millerLoops, 4);
  const [opened] = verdict.opened;
  assert.deepEqual([opened.role, opened.inference, opened.name], ["output", 1, "logits"]);
  // The input of all three is that of the other stored proof.
  const single = await verify(key, demo.proof);
  assert.deepEqual(opened.values, single.public[0].values);
});

test("altered openings and openings of another proof are rejected", async () => {
  const key = await loadKey(demo.key);
  const code = async (proof, opening) => (await verify(key, proof, { openings: [opening] })).code;
  // A value, behind mark, version, two digests, tensor, inference, width and count.
  assert.equal(await code(proof, flipped(opening, 4 + 2 + 64 + 8 + 5)), "invalid-proof");
  // The inference.
  assert.equal(await code(proof, flipped(opening, 4 + 2 + 64 + 4)), "invalid-proof");
  const padded = opening.slice();
  padded[4 + 2 + 64 + 4] = 3;
  assert.equal(await code(proof, padded), "no-inference");
  assert.equal(await code(demo.proof, opening), "wrong-proof");
  assert.equal(await code(proof, opening.subarray(0, -1)), "malformed-proof");
  assert.equal(await code(proof, proof), "malformed-proof");
});

test("misuse is an exception", async () => {
  const key = await loadKey(demo.key);
  await assert.rejects(verify(key, proof, { openings: opening }), TypeError);
  await assert.rejects(verify(key, proof, { openings: [7] }), TypeError);
  await assert.rejects(verify(key, proof, { opening: [opening] }), TypeError);
});
