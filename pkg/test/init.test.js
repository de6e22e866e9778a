// Loading the module, in a process of its own where nothing has loaded it yet.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { init, loadKey } from "tensorseal";

import { vectors } from "./vectors.js";

const module = new URL(import.meta.resolve("tensorseal/verifier.wasm"));

test("init fails, can be repeated, and counts once it has worked", async () => {
  await assert.rejects(init(new URL("missing.wasm", module)), { code: "unavailable" });
  await assert.rejects(init(new Response("", { status: 404 })), { code: "unavailable" });
  await assert.rejects(init(new Uint8Array([1, 2, 3])), WebAssembly.CompileError);
  const first = init(readFileSync(module));
  assert.equal(init(), first);
  await first;
  assert.equal(init(new URL("missing.wasm", module)), first);
  const key = await loadKey(vectors[0].key);
  assert.match(key.model, /^[0-9a-f]{64}$/);
});
