// The built package in Node, imported by its name as a user would.
import assert from "node:assert/strict";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

import { TensorsealError, loadKey, verify } from "tensorseal";

import { argumentOffset, flipped, vectors } from "./vectors.js";

const zeros = "0".repeat(64);

for (const { name, key, proof, context, development } of vectors) {
  const options = { context, allowDevelopmentSetup: development };
  const start = argumentOffset(proof);

  test(`${name}: a proof is accepted and says what it reveals`, async () => {
    const loaded = await loadKey(key);
    const verdict = await verify(loaded, proof, options);
    assert.equal(verdict.code, "ok", verdict.reason);
    assert.equal(verdict.ok, true);
    assert.equal(verdict.model, loaded.model);
    assert.match(verdict.model, /^[0-9a-f]{64}$/);
    assert.equal(verdict.setup, development ? "development" : "hermez");
    assert.equal(verdict.development, development);
    assert.equal(verdict.millerLoops, 4);
    assert.ok(verdict.public.length > 0);
    for (const tensor of verdict.public) {
      assert.ok(["input", "output"].includes(tensor.role));
      assert.ok(tensor.values instanceof Int32Array);
      assert.equal(tensor.values.length, tensor.shape.reduce((a, b) => a * b, 1));
    }
    loaded.dispose();
  });

  test(`${name}: key and proof come as bytes, buffers, responses and files`, async () => {
    const sources = [key, key.slice().buffer, new Response(key)];
    for (const source of sources) {
      const body = source instanceof Response ? new Response(proof) : proof;
      assert.equal((await verify(source, body, options)).code, "ok");
    }
    const file = new URL(`../../tests/vectors/${name}/model.vk`, import.meta.url);
    for (const source of [file, file.href]) {
      assert.equal((await verify(source, proof, options)).code, "ok");
    }
  });

  test(`${name}: a flipped bit in any field is refused`, async () => {
    const loaded = await loadKey(key);
    const places = [...Array(start).keys()];
    for (let at = start; at < proof.length; at += 32) places.push(at, at + 31);
    for (const at of places) {
      const verdict = await verify(loaded, flipped(proof, at), options);
      assert.equal(verdict.ok, false, `byte ${at}`);
      assert.notEqual(verdict.reason, "");
    }
  });

  test(`${name}: an altered public value is refused`, async () => {
    const { ok, code } = await verify(key, flipped(proof, start - 1), options);
    assert.equal(ok, false);
    assert.ok(["invalid-proof", "public-values"].includes(code), code);
  });

  test(`${name}: another length, model, context or key is refused`, async () => {
    const code = async (...args) => (await verify(...args)).code;
    assert.equal(await code(key, proof.subarray(0, -1), options), "malformed-proof");
    assert.equal(await code(key, new Uint8Array(), options), "malformed-proof");
    assert.equal(await code(key, proof, { ...options, model: zeros }), "wrong-model");
    assert.equal(await code(key, proof, { ...options, context: new Uint8Array(1) }), "invalid-proof");
    assert.equal(await code(flipped(key, key.length - 1), proof, options), "wrong-model");
  });

  test(`${name}: a key of another model is not loaded`, async () => {
    await assert.rejects(loadKey(key, { model: zeros }), { name: "TensorsealError", code: "wrong-model" });
    const { model } = await loadKey(key);
    assert.equal((await loadKey(key, { model: model.toUpperCase() })).model, model);
  });

  test(`${name}: bytes that are no key are an error with a code`, async () => {
    for (const bytes of [new Uint8Array(), key.subarray(1), key.subarray(0, -1), proof]) {
      await assert.rejects(loadKey(bytes), { name: "TensorsealError", code: "malformed-key" });
      await assert.rejects(verify(bytes, proof), { code: "malformed-key" });
    }
  });

  test(`${name}: a key that has been disposed of cannot be used`, async () => {
    const loaded = await loadKey(key);
    loaded.dispose();
    loaded.dispose();
    await assert.rejects(verify(loaded, proof, options), { code: "disposed" });
  });

  if (development) {
    test(`${name}: a development setup needs permission`, async () => {
      assert.equal((await verify(key, proof, { context })).code, "development-setup");
      const loaded = await loadKey(key, { allowDevelopmentSetup: true });
      assert.equal((await verify(loaded, proof, { context })).code, "ok");
      const forbidden = { context, allowDevelopmentSetup: false };
      assert.equal((await verify(loaded, proof, forbidden)).code, "development-setup");
    });
  }
}

const [{ key, proof }] = vectors;

test("names, scales and shapes come from the annotation", async () => {
  const demo = vectors.find(({ name }) => name === "demo");
  const { public: tensors } = await verify(demo.key, demo.proof);
  assert.equal(tensors.length, 1);
  const [{ role, name, shape, scale }] = tensors;
  assert.deepEqual({ role, name, shape }, { role: "output", name: "logits", shape: [1, 10] });
  assert.ok(scale > 0.1 && scale < 0.101);
});

test("options that do not exist are type errors", async () => {
  const wrong = [null, 1, { allowDevelopmentSetups: true }, { allowDevelopmentSetup: 1 }, { model: "12" }];
  for (const options of wrong) {
    await assert.rejects(verify(key, proof, options), TypeError);
    await assert.rejects(loadKey(key, options), TypeError);
  }
  await assert.rejects(verify(key, proof, { context: "text" }), TypeError);
  await assert.rejects(loadKey(key, { context: new Uint8Array() }), TypeError);
});

test("what holds no bytes is a type error", async () => {
  for (const source of [undefined, null, 1, {}, [1, 2]]) {
    await assert.rejects(loadKey(source), TypeError);
    await assert.rejects(verify(key, source), TypeError);
  }
});

test("files that are not there are unavailable", async () => {
  const missing = pathToFileURL("/nowhere/model.vk");
  await assert.rejects(loadKey(missing), { name: "TensorsealError", code: "unavailable" });
  const response = new Response("not found", { status: 404 });
  await assert.rejects(loadKey(response), (error) => error instanceof TensorsealError && error.code === "unavailable");
});
