// The prover in Node: the same numbers as natively, proofs that both sides accept, and an error for everything else.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { TensorsealError, loadKey, verify } from "tensorseal";
import { createProver } from "tensorseal/prover";

import { keysOf, networks, scratch, tensorseal, withLargeTable } from "./keys.js";

const refused = (code) => (error) => error instanceof TensorsealError && error.code === code && error.message !== "";
const accept = { allowDevelopmentSetup: true };

for (const name of Object.keys(networks)) {
  test(`${name}: integers equal the native ones, and proofs are accepted on both sides`, async (t) => {
    const { key, verifying, verifyingFile, input, native } = keysOf(name);
    const prover = await createProver(key);
    t.after(() => prover.dispose());
    assert.deepEqual(Buffer.from(prover.verifyingKey), verifying);
    assert.ok(prover.memoryBytes > 1e6);
    const outputs = await prover.run(input);
    const expected = native.outputs.map(({ name, shape, integers, values }) => ({ name, shape, integers, values }));
    const plain = outputs.map((output) => ({ ...output, integers: [...output.integers], values: [...output.values] }));
    assert.deepEqual(plain, expected.map((output) => ({ ...output, values: [...Float32Array.from(output.values)] })));

    const loaded = await loadKey(verifying, accept);
    t.after(() => loaded.dispose());
    assert.equal(prover.model, loaded.model);
    assert.equal((await verify(loaded, native.proof)).code, "ok");
    const { proof, outputs: proved, stages } = await prover.prove(input, { hide: [] });
    assert.deepEqual(proved, outputs);
    assert.deepEqual(stages.map(({ stage }) => stage), ["run", "witness", "lookups", "sumcheck", "opening", "check"]);
    const verdict = await verify(loaded, proof);
    assert.equal(verdict.code, "ok", verdict.reason);
    const roles = verdict.public.map(({ role }) => role);
    assert.deepEqual(new Set(roles), new Set(["input", "output"]));

    const file = scratch(`${name}.proof`);
    writeFileSync(file, proof);
    tensorseal("verify", "--dev", "--key", verifyingFile, file);
  });
}

test("a network with a large table is proved with its cached points", async (t) => {
  const { key, verifying, tables, input } = withLargeTable();
  const prover = await createProver(key, { tables });
  t.after(() => prover.dispose());
  const { proof, outputs } = await prover.prove(input, { hide: [] });
  const loaded = await loadKey(verifying, accept);
  t.after(() => loaded.dispose());
  assert.equal((await verify(loaded, proof)).code, "ok");

  const without = await createProver(key);
  t.after(() => without.dispose());
  assert.deepEqual(await without.run(input), outputs);
  await assert.rejects(without.prove(input), refused("missing-table"));
  const damaged = tables.map((table) => table.map((byte, index) => (index === 200 ? byte ^ 1 : byte)));
  await assert.rejects(createProver(key, { tables: damaged }), refused("malformed-table"));
  await assert.rejects(createProver(key, { tables: [...tables, ...tables] }), refused("malformed-table"));
  await assert.rejects(createProver(key, { tables: "points" }), TypeError);
});

const small = () => keysOf("digits_demo");

test("the input stays hidden unless the caller says otherwise", async (t) => {
  const { key, verifying, input } = small();
  const prover = await createProver(key);
  t.after(() => prover.dispose());
  const shown = async (options) => {
    const { proof } = await prover.prove(input, options);
    const verdict = await verify(verifying, proof, accept);
    assert.equal(verdict.code, "ok");
    return verdict.public.map(({ role }) => role);
  };
  assert.deepEqual(await shown(), ["output"]);
  assert.deepEqual(await shown({ hide: "output" }), ["input"]);
  assert.deepEqual(await shown({ hide: ["input", "output"] }), []);
  const [first, second] = await Promise.all([prover.prove(input), prover.prove(input)]);
  assert.notDeepEqual(first.proof, second.proof, "blindings must be fresh");
});

test("a proof holds for its context only", async (t) => {
  const { key, verifying, input } = small();
  const prover = await createProver(key);
  t.after(() => prover.dispose());
  const context = new TextEncoder().encode("order 7");
  const { proof } = await prover.prove(input, { context });
  assert.equal((await verify(verifying, proof, { ...accept, context })).code, "ok");
  assert.equal((await verify(verifying, proof, accept)).code, "invalid-proof");
});

test("progress names the stages", async (t) => {
  const { key, input } = small();
  const seen = [];
  const onProgress = ({ stage, done, total }) => seen.push([stage, done, total]);
  const prover = await createProver(new Response(key), { onProgress });
  t.after(() => prover.dispose());
  await prover.prove(input, { onProgress });
  const stages = [...new Set(seen.map(([stage]) => stage))];
  assert.deepEqual(stages, ["download", "load", "run", "witness", "lookups", "sumcheck", "opening", "check"]);
  assert.ok(seen.every(([, done, total]) => done <= total));
  assert.equal(seen.findLast(([stage]) => stage === "download")[1], key.length);
});

test("an input that does not fit is an error", async (t) => {
  const { key, input } = small();
  const prover = await createProver(key);
  t.after(() => prover.dispose());
  const [name] = Object.keys(input);
  const values = input[name];
  for (const wrong of [[], values.slice(1), { other: values }, { [name]: values.slice(1) }, {}, values.map(() => NaN), values.map(() => 1e9)]) {
    await assert.rejects(prover.run(wrong), refused("invalid-input"));
    await assert.rejects(prover.prove(wrong), refused("invalid-input"));
  }
  for (const wrong of [null, 7, "x", [..."x".repeat(64)], { [name]: "x" }]) {
    await assert.rejects(prover.run(wrong), TypeError);
  }
  await assert.rejects(prover.prove(values, { hide: "weights" }), TypeError);
  await assert.rejects(prover.prove(values, { hidden: true }), TypeError);
  await assert.rejects(prover.prove(values, { context: "text" }), TypeError);
  assert.equal((await prover.run([...values]))[0].integers.length, 10, "the prover still works");
});

test("a key that is none, is another, or is too large is refused", async () => {
  const { key } = small();
  await assert.rejects(createProver(new Uint8Array(10)), refused("malformed-key"));
  await assert.rejects(createProver(key.subarray(0, -1)), refused("malformed-key"));
  await assert.rejects(createProver(key, { model: "0".repeat(64) }), refused("wrong-model"));
  await assert.rejects(createProver(key, { maxMemoryBytes: 1000 }), refused("too-large"));
  await assert.rejects(createProver(new URL("file:///does/not/exist")), refused("unavailable"));
  await assert.rejects(createProver(key, { modle: "x" }), TypeError);
  await assert.rejects(createProver(key, { model: "x" }), TypeError);
  await assert.rejects(createProver(key, { wasm: new Uint8Array(3) }), refused("unavailable"));
  for (const threads of [0, 1.5, "2"]) await assert.rejects(createProver(key, { threads }), TypeError);
});

test("a damaged key gives no proof that does not hold", async (t) => {
  const { key, input } = small();
  const damaged = Uint8Array.from(key);
  // The weights stand behind the verifying key and the blinding of the weights.
  const verifyingBytes = new DataView(damaged.buffer).getUint32(6, true);
  const weights = 6 + 4 + verifyingBytes + 32 + 1;
  damaged[weights] ^= 1;
  const prover = await createProver(damaged);
  t.after(() => prover.dispose());
  await assert.rejects(prover.prove(input), refused("not-proved"));
});

test("a prover that was disposed of, and work that was aborted", async () => {
  const { key, input } = small();
  const prover = await createProver(key);
  await assert.rejects(prover.prove(input, { signal: AbortSignal.abort(new Error("enough")) }), /enough/);
  assert.equal((await prover.run(input)).length, 1);
  const [made, queued] = [prover.prove(input), prover.run(input)];
  prover.dispose();
  prover.dispose();
  await assert.rejects(made, refused("disposed"));
  await assert.rejects(queued, refused("disposed"));
  await assert.rejects(prover.run(input), refused("disposed"));
  await assert.rejects(createProver(key, { signal: AbortSignal.abort(new Error("enough")) }), /enough/);
});

test("without randomness there is no proof", async (t) => {
  const { key, input } = small();
  const prover = await createProver(key);
  t.after(() => prover.dispose());
  const own = Object.getOwnPropertyDescriptor(globalThis, "crypto");
  const failing = { getRandomValues: () => { throw new Error("no entropy"); } };
  Object.defineProperty(globalThis, "crypto", { value: failing, configurable: true });
  try {
    await assert.rejects(prover.prove(input), refused("no-randomness"));
  } finally {
    Object.defineProperty(globalThis, "crypto", own);
  }
  assert.ok((await prover.prove(input)).proof.length > 0);
});

test("the estimate of the memory holds", async () => {
  for (const name of ["mlp_784_128_10", "lenet5"]) {
    const { key, input } = keysOf(name);
    // A module of its own, whose memory nothing else has filled.
    const { default: initialise, Prover } = await import(`../wasm/prover.js?${name}`);
    const wasm = await initialise({ module_or_path: readFileSync(fileURLToPath(import.meta.resolve("tensorseal/prover.wasm"))) });
    const prover = new Prover(key);
    prover.prove(Object.values(input), true, false, new Uint8Array(), () => undefined);
    const used = wasm.memory.buffer.byteLength;
    assert.ok(used <= 1.25 * prover.memoryBytes, `${used} bytes of an estimated ${prover.memoryBytes}`);
    prover.free();
  }
});

test("the module has no folder of the machine that built it", () => {
  const module = readFileSync(fileURLToPath(import.meta.resolve("tensorseal/prover.wasm"))).toString("latin1");
  assert.doesNotMatch(module, /\/root\/|\/home\//);
});
