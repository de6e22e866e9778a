// The full module in Node: it is loaded when a key or an opening needs it, and what it accepts does not differ.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { init, loadKey, verify, verifyBatch } from "tensorseal";

import { demoFile, flipped, large, vectors } from "./vectors.js";

const demo = vectors.find(({ name }) => name === "demo");
const committed = demoFile("committed.bin");
const openings = [demoFile("opening.bin")];
const full = new URL(import.meta.resolve("tensorseal/verifier-full.wasm"));
const { context } = large;

test("nothing but large tables and openings loads the full module, which can be tried again", async () => {
  const missing = { code: "unavailable" };
  await init(undefined, new URL("missing.wasm", full));
  const key = await loadKey(demo.key);
  assert.equal((await verify(key, committed)).ok, true);
  await assert.rejects(verify(key, committed, { openings }), missing);
  await assert.rejects(loadKey(large.key), missing);
  await init(undefined, readFileSync(full));
  assert.equal((await verify(key, committed, { openings })).ok, true);
  assert.equal((await verify(key, committed)).ok, true);
  key.dispose();
  await assert.rejects(verify(key, committed, { openings }), { code: "disposed" });
});

test("a key with large tables is loaded as any other", async () => {
  const key = await loadKey(large.key);
  const options = { context, allowDevelopmentSetup: true };
  const verdict = await verify(key, large.proof, options);
  assert.equal(verdict.code, "ok", verdict.reason);
  assert.equal(verdict.model, key.model);
  assert.equal(verdict.millerLoops, 7);
  assert.equal((await verify(key, flipped(large.proof, large.proof.length - 1), options)).ok, false);
  const opened = await verify(key, large.proof, { ...options, openings });
  assert.equal(opened.code, "wrong-model");
  await assert.rejects(loadKey(large.key.subarray(0, -1)), { code: "malformed-key" });
  await assert.rejects(loadKey(large.key, { model: "0".repeat(64) }), { code: "wrong-model" });
});

test("a batch takes keys of both modules, and names what is wrong in both", async () => {
  const keys = await Promise.all([loadKey(demo.key), loadKey(large.key, { allowDevelopmentSetup: true })]);
  const bad = flipped(demo.proof, demo.proof.length - 4 * 32);
  const entry = (which, proof) => ({ key: keys[which], proof });
  const own = await verifyBatch([entry(0, demo.proof), entry(0, bad), entry(0, demo.proof)]);
  assert.deepEqual(own.rejected.map(({ proof }) => proof), [1]);
  const entries = [entry(1, large.proof), entry(0, demo.proof), entry(0, bad), entry(1, large.proof)];
  // Another context than that of the proofs of `demo`.
  const mixed = await verifyBatch(entries, { context });
  assert.deepEqual(mixed.rejected.map(({ proof }) => proof), [1, 2]);
  const alone = await verifyBatch(entries.slice(1, 3));
  assert.deepEqual(alone.rejected.map(({ proof }) => proof), [1]);
  assert.equal(mixed.millerLoops, 7 + 4);
});
