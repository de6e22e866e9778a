// The built package in a page, under a strict policy, with files of the native prover: the same in every engine that `ENGINES` names.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { engines, open } from "./engines/browser.js";
import { serve } from "./engines/site.js";
import { keysOf } from "./keys.js";
import { argumentOffset, bundleOf, demoFile, flipped, large, vectors } from "./vectors.js";

const decoder = new TextDecoder();
const demo = vectors.find(({ name }) => name === "demo");
const toy = vectors.find(({ name }) => name === "toy");

const DAMAGED = bundleOf(demo.key, [demo.proof, demo.proof, demo.proof]);
DAMAGED[DAMAGED.length - 10] ^= 1;

const FILES = {
  "/answers.bundle": demoFile("answers.bundle"),
  "/damaged.bundle": DAMAGED,
  "/committed.bin": demoFile("committed.bin"),
  "/opening.bin": demoFile("opening.bin"),
};
for (const { name, key, proof } of [...vectors, large]) {
  FILES[`/${name}.vk`] = key;
  FILES[`/${name}.proof`] = proof;
}

/** Networks of which the page makes proofs. */
const PROVED = ["digits_demo", "digits_cnn"];

/** What a function in the page is told of a vector. */
const told = ({ name, context, development }) => ({ name, development, context: decoder.decode(context) });

let site;

before(async () => {
  for (const name of PROVED) {
    const { key, verifying } = keysOf(name);
    FILES[`/${name}.pk`] = key;
    FILES[`/${name}.vk`] = verifying;
  }
  site = await serve(FILES);
});

after(() => site?.close());

for (const engine of engines()) {
  describe(engine, () => {
    let page;

    before(async () => {
      page = await open(engine, site.url);
      console.log(page.version);
    });

    after(async () => page?.close());

    for (const vector of vectors) {
      test(`${vector.name}: the proof is accepted, altered ones are not`, async () => {
        const start = argumentOffset(vector.proof);
        const places = [start - 1];
        for (let at = start; at < vector.proof.length; at += 32) places.push(at, at + 31);
        const { verdict, codes, short, other } = await page.evaluate(
          async ({ name, context, development, places }) => {
            const { loadKey, verify } = await import("/dist/index.js");
            const key = await loadKey(`/${name}.vk`);
            const proof = new Uint8Array(await (await fetch(`/${name}.proof`)).arrayBuffer());
            const options = { context: new TextEncoder().encode(context), allowDevelopmentSetup: development };
            const verdict = await verify(key, proof, options);
            const values = verdict.public.map(({ values }) => [...values]);
            const codes = [];
            for (const at of places) {
              const altered = proof.slice();
              altered[at] ^= 1;
              codes.push((await verify(key, altered, options)).code);
            }
            const short = (await verify(key, proof.subarray(0, -1), options)).code;
            const other = (await verify(key, proof, { ...options, model: "0".repeat(64) })).code;
            key.dispose();
            return { verdict: { ...verdict, public: values }, codes, short, other };
          },
          { ...told(vector), places },
        );
        assert.equal(verdict.code, "ok", verdict.reason);
        assert.equal(verdict.setup, vector.development ? "development" : "hermez");
        assert.equal(verdict.millerLoops, 4);
        assert.ok(verdict.public.length > 0 && verdict.public.every((values) => values.length > 0));
        const accepted = places.filter((_, index) => !["invalid-proof", "malformed-proof", "public-values"].includes(codes[index]));
        assert.deepEqual(accepted, []);
        assert.deepEqual([short, other], ["malformed-proof", "wrong-model"]);
      });
    }

    test("openings and large tables load the second module, and nothing else does", async () => {
      const { small, full, opened, large: verdict } = await page.evaluate(async ({ context }) => {
        const { loadKey, verify } = await import("/dist/index.js");
        const loaded = () => performance.getEntriesByType("resource").some(({ name }) => name.includes("verifier_full"));
        const small = loaded();
        const demo = await loadKey("/demo.vk");
        const { ok, opened } = await verify(demo, "/committed.bin", { openings: ["/opening.bin"] });
        const large = await loadKey("/large.vk", { allowDevelopmentSetup: true });
        const verdict = await verify(large, "/large.proof", { context: new TextEncoder().encode(context) });
        return { small, full: loaded(), opened: ok && opened.map(({ values }) => [...values]), large: verdict.code };
      }, told(large));
      assert.deepEqual([small, full, verdict], [false, true, "ok"]);
      assert.equal(opened.length, 1);
      assert.equal(opened[0].length, 10);
    });

    test("of a batch, whatever its keys, every bad proof is named", async () => {
      const { rejected, proofs } = await page.evaluate(async ({ context }) => {
        const { loadKey, verifyBatch } = await import("/dist/index.js");
        const bytes = async (path) => new Uint8Array(await (await fetch(path)).arrayBuffer());
        const [demo, toy, large] = await Promise.all(
          ["/demo.vk", "/toy.vk", "/large.vk"].map((path) => loadKey(path, { allowDevelopmentSetup: true })),
        );
        const bad = await bytes("/toy.proof");
        bad[bad.length - 4 * 32] ^= 1;
        const entries = [
          { key: toy, proof: "/toy.proof" },
          { key: large, proof: "/large.proof" },
          { key: toy, proof: bad },
          { key: demo, proof: "/toy.proof" },
          { key: toy, proof: "/toy.proof" },
        ];
        const { rejected, proofs } = await verifyBatch(entries, { context: new TextEncoder().encode(context) });
        return { rejected: rejected.map(({ proof, code }) => [proof, code]), proofs };
      }, told(toy));
      assert.equal(proofs, 5);
      assert.deepEqual(rejected, [[2, "invalid-proof"], [3, "wrong-model"]]);
    });

    test("bundles are read by ranges or as bytes, and damage is named", async () => {
      const answers = await page.evaluate(async () => {
        const { verifyBundle } = await import("/dist/index.js");
        const whole = await (await fetch("/answers.bundle")).blob();
        const seen = [];
        const told = async (source, options) => {
          const { ok, proofs, rejected } = await verifyBundle(source, options);
          return { ok, proofs, rejected: rejected.map(({ proof, code }) => [proof, code]) };
        };
        return [
          await told("/answers.bundle", { onProgress: (received, proofs) => seen.push([received, proofs]) }),
          await told(whole),
          await told("/damaged.bundle"),
          await verifyBundle(whole.slice(0, 100)).catch(({ name, code }) => [name, code]),
          seen.at(-1),
        ];
      });
      const good = { ok: true, proofs: 2, rejected: [] };
      const damaged = { ok: false, proofs: 3, rejected: [[2, "damaged-bundle"]] };
      assert.deepEqual(answers, [good, good, damaged, ["TensorsealError", "damaged-bundle"], [2, 2]]);
    });

    test("misuse is an exception with a code", async () => {
      const answers = await page.evaluate(async () => {
        const { loadKey, verify } = await import("/dist/index.js");
        const said = (promise) => promise.then(() => "none", ({ name, code }) => [name, code ?? ""].join(" "));
        const key = await loadKey("/demo.vk");
        const disposed = await loadKey("/demo.vk");
        disposed.dispose();
        return [
          await said(loadKey("/demo.proof")),
          await said(loadKey("/nothing.vk")),
          await said(loadKey("/demo.vk", { model: "0".repeat(64) })),
          await said(verify(key, "/demo.proof", { contexts: 1 })),
          await said(verify(disposed, "/demo.proof")),
        ];
      });
      assert.deepEqual(answers, [
        "TensorsealError malformed-key",
        "TensorsealError unavailable",
        "TensorsealError wrong-model",
        "TypeError ",
        "TensorsealError disposed",
      ]);
    });

    for (const name of PROVED) {
      test(`${name}: a proof made in the page is accepted, and its integers are the native ones`, async () => {
        const { input, native } = keysOf(name);
        const plain = Object.fromEntries(Object.entries(input).map(([port, values]) => [port, [...values]]));
        const { outputs, code } = await page.evaluate(
          async ({ name, input }) => {
            const { createProver } = await import("/dist/prover/index.js");
            const { verify } = await import("/dist/index.js");
            const prover = await createProver(`/${name}.pk`);
            const { proof, outputs } = await prover.prove(input);
            const { code } = await verify(`/${name}.vk`, proof, { allowDevelopmentSetup: true });
            prover.dispose();
            return { outputs: outputs.map(({ integers }) => [...integers]), code };
          },
          { name, input: plain },
        );
        assert.equal(code, "ok");
        assert.deepEqual(outputs, native.outputs.map(({ integers }) => integers));
      });
    }

    test("nothing has gone wrong on the page", async () => {
      assert.deepEqual(await page.evaluate(() => globalThis.problems), []);
    });
  });
}
