// Bundles in Node: from bytes, blobs and servers, with ranges and without; damage is named.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";

import { TensorsealError, verifyBundle } from "tensorseal";

import { bundleOf, demoFile, flipped, vectors } from "./vectors.js";

const demo = vectors.find(({ name }) => name === "demo");
const bundle = demoFile("answers.bundle");
const front = 46 + demo.key.length + 2 * 40;

/** Serves `bytes` to `work`, which gets the address and the list of ranges that were asked for. */
async function served(bytes, { ranges, exposed = true }, work) {
  const asked = [];
  const server = createServer((request, response) => {
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "");
    asked.push(request.headers.range);
    if (!range || !ranges) {
      response.writeHead(200);
      response.end(bytes);
      return;
    }
    const [start, end] = [Number(range[1]), Math.min(Number(range[2]), bytes.length - 1)];
    const headers = exposed ? { "Content-Range": `bytes ${start}-${end}/${bytes.length}` } : {};
    response.writeHead(206, headers);
    response.end(bytes.subarray(start, end + 1));
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  try {
    return await work(`http://127.0.0.1:${server.address().port}/answers.bundle`, asked);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const damaged = (part) => (error) =>
  error instanceof TensorsealError && error.code === "damaged-bundle" && error.message.includes(part);

test("a bundle is accepted from bytes, a blob, a response and a file", async () => {
  const file = new URL("../../tests/vectors/demo/answers.bundle", import.meta.url);
  for (const source of [bundle, new Blob([bundle]), new Response(bundle), file]) {
    const { digest, model, ...verdict } = await verifyBundle(source);
    const expected = { ok: true, proofs: 2, rejected: [], millerLoops: 4, setup: "hermez", inferences: 4 };
    assert.deepEqual(verdict, expected);
    assert.match(digest + model, /^[0-9a-f]{128}$/);
  }
});

test("a server that gives ranges is asked for what is needed", async () => {
  await served(bundle, { ranges: true }, async (url, asked) => {
    const seen = [];
    const onProgress = (...progress) => seen.push(progress);
    assert.equal((await verifyBundle(url, { onProgress })).ok, true);
    assert.deepEqual(seen.at(-1), [2, 2]);
    // All of it is shorter than the first range.
    assert.equal(asked.length, 1);
  });
});

test("a long bundle is fetched piece by piece, each byte once", async () => {
  const long = repeated(600);
  await served(long, { ranges: true }, async (url, asked) => {
    const { ok, proofs, millerLoops } = await verifyBundle(url);
    assert.deepEqual([ok, proofs, millerLoops], [true, 600, 4]);
    assert.ok(asked.length > 2 && asked.length < 8, String(asked.length));
    const lengths = asked.map((range) => range.match(/\d+/g).map(Number)).map(([a, b]) => b - a + 1);
    assert.ok(Math.max(...lengths) <= 1 << 20);
  });
});

test("a server that ignores ranges, or hides where a part belongs, sends the file", async () => {
  for (const how of [{ ranges: false }, { ranges: true, exposed: false }]) {
    await served(bundle, how, async (url, asked) => {
      assert.equal((await verifyBundle(url)).ok, true);
      assert.ok(asked.length <= 2);
    });
    await served(bundle.subarray(0, -1), how, async (url) => {
      await assert.rejects(verifyBundle(url), damaged("proof 1"));
    });
    await served(new Uint8Array([...bundle, 0]), how, async (url) => {
      await assert.rejects(verifyBundle(url), damaged("the end"));
    });
  }
});

test("a damaged proof is named and the others hold", async () => {
  for (const how of [{ ranges: true }, { ranges: false }]) {
    await served(flipped(bundle, front + 100), how, async (url) => {
      const { ok, proofs, rejected, inferences } = await verifyBundle(url);
      assert.deepEqual([ok, proofs, inferences], [false, 2, 3]);
      assert.deepEqual(rejected.map(({ proof, code }) => [proof, code]), [[0, "damaged-bundle"]]);
      assert.match(rejected[0].reason, /proof 0, at byte/);
    });
  }
});

test("a bundle that is damaged elsewhere or cut short is an error that names the part", async () => {
  for (const [bytes, part] of [
    [flipped(bundle, 60), "the index"],
    [flipped(bundle, front - 1), "the index"],
    [flipped(bundle, 0), "the header"],
    [bundle.subarray(0, 30), "the header"],
    [bundle.subarray(0, 100), "the key"],
    [bundle.subarray(0, front - 1), "the index"],
    [bundle.subarray(0, front + 5), "proof 0"],
    [bundle.subarray(0, -1), "proof 1"],
    [new Uint8Array([...bundle, 7]), "the end"],
  ]) {
    await assert.rejects(verifyBundle(bytes), damaged(part), part);
  }
});

test("the model is pinned, misuse is an exception, a signal ends the work", async () => {
  const { rejected } = await verifyBundle(bundle, { model: "0".repeat(64) });
  assert.deepEqual(rejected.map(({ code }) => code), ["wrong-model", "wrong-model"]);
  await assert.rejects(verifyBundle(7), TypeError);
  await assert.rejects(verifyBundle(bundle, { modell: "x" }), TypeError);
  const ended = verifyBundle(bundle, { signal: AbortSignal.abort() });
  await assert.rejects(ended, { name: "AbortError" });
  await served(bundle, { ranges: true }, async (url) => {
    await assert.rejects(verifyBundle(`${url}\u0000:`.replace(/^http/, "nothing")), { code: "unavailable" });
  });
});

/** A bundle of one proof many times. */
function repeated(count) {
  return bundleOf(demo.key, Array(count).fill(demo.proof));
}
