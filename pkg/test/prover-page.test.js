// The prover in headless Chromium, in its worker, under the page's content security policy.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { ISOLATED, serve } from "../../web/serve.js";
import { launch } from "./chromium.js";
import { keysOf } from "./keys.js";

let server, browser, page, problems;

before(async () => {
  server = await serve();
  browser = await launch();
  page = await browser.newPage();
  problems = [];
  page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
  page.on("pageerror", (error) => problems.push(String(error)));
  await page.goto(server.url);
});

after(async () => {
  await browser?.close();
  server?.close();
});

/** What every test in the page is given. */
function given(name) {
  const { key, verifying, input } = keysOf(name);
  const plain = Object.fromEntries(Object.entries(input).map(([name, values]) => [name, [...values]]));
  return { key: [...key], verifying: [...verifying], input: plain };
}

for (const name of ["digits_demo", "digits_cnn", "mlp_784_128_10"]) {
  test(`${name}: a proof made in the page is accepted, and its integers are the native ones`, async () => {
    const { outputs, code, ticks } = await page.evaluate(async ({ key, verifying, input }) => {
      const { createProver } = await import("/pkg/dist/prover/index.js");
      const { verify } = await import("/pkg/dist/index.js");
      const prover = await createProver(new Uint8Array(key));
      // The page stays alive while the worker proves.
      let ticks = 0;
      const clock = setInterval(() => ticks++, 5);
      const { proof, outputs } = await prover.prove(input);
      clearInterval(clock);
      const { code } = await verify(new Uint8Array(verifying), proof, { allowDevelopmentSetup: true });
      prover.dispose();
      return { outputs: outputs.map(({ integers }) => [...integers]), code, ticks };
    }, given(name));
    assert.equal(code, "ok");
    assert.deepEqual(outputs, keysOf(name).native.outputs.map(({ integers }) => integers));
    assert.ok(ticks > 3, `${ticks} ticks`);
  });
}

test("an aborted proof ends at once, and the prover goes on", async () => {
  const { reason, milliseconds, stages, length } = await page.evaluate(async ({ key, input }) => {
    const { createProver } = await import("/pkg/dist/prover/index.js");
    const prover = await createProver(new Uint8Array(key));
    const abort = new AbortController();
    const stages = [];
    let start;
    const onProgress = ({ stage }) => {
      stages.push(stage);
      if (stage !== "lookups") return;
      start = performance.now();
      abort.abort(new Error("changed my mind"));
    };
    const reason = await prover.prove(input, { signal: abort.signal, onProgress }).catch((error) => error.message);
    const milliseconds = performance.now() - start;
    const { proof } = await prover.prove(input);
    prover.dispose();
    return { reason, milliseconds, stages, length: proof.length };
  }, given("mlp_784_128_10"));
  assert.equal(reason, "changed my mind");
  assert.ok(milliseconds < 1000, `${milliseconds} ms`);
  assert.equal(stages.at(-1), "lookups");
  assert.ok(length > 2000);
});

test("what goes wrong in the worker keeps its code", async () => {
  const codes = await page.evaluate(async ({ key, input }) => {
    const { createProver } = await import("/pkg/dist/prover/index.js");
    const code = (promise) => promise.then(() => "none", (error) => `${error.name} ${error.code}`);
    const prover = await createProver(new Uint8Array(key));
    const [name] = Object.keys(input);
    const bad = await code(prover.prove({ [name]: input[name].map(() => 1e9) }));
    prover.dispose();
    return [
      bad,
      await code(prover.run(input)),
      await code(createProver(new Uint8Array(9))),
      await code(createProver("/nothing.pk")),
      await code(createProver(new Uint8Array(key), { wasm: "/nothing.wasm" })),
      await code(createProver(new Uint8Array(key), { worker: () => new Worker("/nothing.js") })),
    ];
  }, given("digits_demo"));
  assert.deepEqual(codes, [
    "TensorsealError invalid-input",
    "TensorsealError disposed",
    "TensorsealError malformed-key",
    "TensorsealError unavailable",
    "TensorsealError unavailable",
    "TensorsealError worker-failed",
  ]);
  problems.splice(0, problems.length, ...problems.filter((text) => !/404|nothing/.test(text)));
});

test("a key that is pinned is fetched once", async () => {
  const { key } = keysOf("digits_demo");
  let requests = 0;
  await page.route("**/digits.pk*", (route) => {
    requests++;
    return route.fulfill({ body: Buffer.from(key), contentType: "application/octet-stream" });
  });
  const models = await page.evaluate(async () => {
    const { createProver } = await import("/pkg/dist/prover/index.js");
    const seen = [];
    const first = await createProver("/digits.pk");
    const model = first.model;
    first.dispose();
    for (let run = 0; run < 3; run++) {
      const prover = await createProver("/digits.pk", { model, onProgress: ({ stage }) => seen.push(stage) });
      prover.dispose();
    }
    const wrong = await createProver("/digits.pk", { model: "0".repeat(64) }).catch(({ code }) => code);
    return { downloads: seen.filter((stage, at) => stage === "download" && seen[at - 1] !== "download").length, wrong };
  });
  assert.equal(requests, 3, "unpinned, pinned, and pinned to another model");
  assert.deepEqual(models, { downloads: 1, wrong: "wrong-model" });
});

test("threads are used where the page is isolated, and only there", async () => {
  const isolated = await serve(0, ISOLATED);
  const other = await browser.newPage();
  try {
    const prove = async ({ key, verifying, input }) => {
      const { createProver } = await import("/pkg/dist/prover/index.js");
      const { verify } = await import("/pkg/dist/index.js");
      const prover = await createProver(new Uint8Array(key), { threads: 3 });
      const alone = await createProver(new Uint8Array(key), { threads: 3, worker: false });
      const tight = await createProver(new Uint8Array(key), { threads: 3, maxMemoryBytes: alone.memoryBytes + 1e6 });
      const { proof, outputs } = await prover.prove(input);
      const { proof: again } = await prover.prove(input);
      const codes = [];
      for (const bytes of [proof, again]) {
        codes.push((await verify(new Uint8Array(verifying), bytes, { allowDevelopmentSetup: true })).code);
      }
      const answer = { codes, threads: prover.threads, alone: alone.threads, tight: tight.threads, integers: [...outputs[0].integers] };
      for (const made of [prover, alone, tight]) made.dispose();
      return answer;
    };
    const { integers } = keysOf("digits_cnn").native.outputs[0];
    await other.goto(isolated.url);
    const threaded = await other.evaluate(prove, given("digits_cnn"));
    assert.deepEqual(threaded, { codes: ["ok", "ok"], threads: 3, alone: 1, tight: 1, integers });
    await other.goto(server.url);
    const single = await other.evaluate(prove, given("digits_cnn"));
    assert.deepEqual(single, { codes: ["ok", "ok"], threads: 1, alone: 1, tight: 1, integers });
  } finally {
    await other.close();
    isolated.close();
  }
});

test("nothing is reported on the console", () => assert.deepEqual(problems, []));
