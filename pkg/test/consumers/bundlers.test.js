// The packed package in the projects of its users: Vite, webpack, esbuild. What they build runs under a strict policy in Chromium.
import assert from "node:assert/strict";
import { copyFileSync, cpSync } from "node:fs";
import { availableParallelism } from "node:os";
import { after, test } from "node:test";

import * as esbuild from "esbuild";
import * as vite from "vite";
import webpack from "webpack";

import { at, BUILT, SEALED } from "./places.js";
import { closeBrowser, ISOLATED, resultOf, serve } from "./site.js";

const FILES = at("../../../tests/vectors/demo/");
const EXPECTED = { code: "ok", setup: "hermez", shown: ["output logits"] };
const PROVED = { code: "ok", logits: 10, hidden: true, stages: 6, threads: 1 };

after(closeBrowser);

/** Several threads, but no more than there are cores for. */
const THREADS = Math.min(availableParallelism(), 16);

/** Runs what was built to `folder`: the page that verifies, then the one that proves, with the modules that each fetched. */
async function run(folder, headers) {
  const server = await serve({ "/files/": FILES, "/sealed/": SEALED, "/": folder }, headers);
  const visit = async (page) => {
    server.asked.length = 0;
    const result = await resultOf(server.url + page);
    return { result, modules: server.asked.filter((path) => path.endsWith(".wasm")) };
  };
  try {
    return { verified: await visit("index.html"), proved: await visit("prove.html") };
  } finally {
    server.close();
  }
}

/** What an application built to `folder` does: who only verifies fetches the small module alone, and an isolated page has threads. */
async function check(folder, name) {
  const { verified, proved } = await run(folder);
  assert.deepEqual(verified.result, EXPECTED);
  assert.equal(verified.modules.length, 1);
  assert.match(verified.modules[0], name("verifier"));
  assert.deepEqual(proved.result, PROVED);
  assert.equal(proved.modules.length, 2);
  assert.ok(proved.modules.some((path) => name("prover").test(path)));
  const isolated = await run(folder, ISOLATED);
  assert.deepEqual(isolated.verified.result, EXPECTED);
  assert.deepEqual(isolated.proved.result, { ...PROVED, threads: THREADS });
}

test("Vite builds an application without any setting", async () => {
  const outDir = `${BUILT}vite`;
  const input = ["index.html", "prove.html"].map((page) => at(`app/${page}`));
  const build = { outDir, emptyOutDir: true, rolldownOptions: { input } };
  await vite.build({ root: at("app"), configFile: false, logLevel: "warn", base: "./", build });
  await check(outDir, (module) => new RegExp(`/assets/${module}_bg-[\\w-]+\\.wasm$`));
});

test("Vite's development server runs it without any setting", async () => {
  const publicDir = `${BUILT}public/`;
  cpSync(FILES, `${publicDir}files`, { recursive: true });
  cpSync(SEALED, `${publicDir}sealed`, { recursive: true });
  const server = await vite.createServer({
    root: at("app"),
    configFile: false,
    logLevel: "error",
    cacheDir: `${BUILT}vite-cache`,
    publicDir,
    server: { host: "127.0.0.1", port: 0, fs: { allow: [at(".")] } },
  });
  await server.listen();
  try {
    const [url] = server.resolvedUrls.local;
    assert.deepEqual(await resultOf(url), EXPECTED);
    assert.deepEqual(await resultOf(`${url}prove.html`), PROVED);
  } finally {
    await server.close();
  }
});

test("webpack builds an application without any setting", async () => {
  const path = `${BUILT}webpack`;
  const entry = { verify: "./verify.js", prove: "./prove.js" };
  await packed({ mode: "production", context: at("app"), entry, output: { path, clean: true } });
  copyPages(path);
  await check(path, () => /\/[0-9a-f]+\.wasm$/);
});

function copyPages(folder) {
  for (const page of ["index.html", "prove.html"]) copyFileSync(at(`app/${page}`), `${folder}/${page}`);
}

/** Webpack's answer, without warnings or errors. */
function packed(configuration) {
  return new Promise((resolve, reject) => {
    webpack(configuration, (error, stats) => {
      if (error) return reject(error);
      // A module of this size is what it is: webpack's advice about sizes does not count.
      const { errors = [], warnings = [] } = stats.toJson({ all: false, errors: true, warnings: true });
      const found = [...errors, ...warnings].map(({ message }) => message).filter((text) => !/size limit/.test(text));
      return found.length > 0 ? reject(new Error(found.join("\n"))) : resolve(stats);
    });
  });
}

test("esbuild copies the modules when they are imported as files, and builds the worker as an entry", async () => {
  const outdir = `${BUILT}esbuild`;
  await esbuild.build({
    entryPoints: {
      verify: at("app/with-init.js"),
      prove: at("app/prove-with-places.js"),
      worker: "tensorseal/worker",
      helper: "tensorseal/helper",
    },
    absWorkingDir: at("app"),
    bundle: true,
    format: "esm",
    outdir,
    loader: { ".wasm": "file" },
    logLevel: "warning",
  });
  copyPages(outdir);
  await check(outdir, (module) => new RegExp(`/${module}_bg-[A-Z0-9]+\\.wasm$`));
});

test("who only verifies gets no prover", async () => {
  const { outputFiles } = await esbuild.build({
    stdin: { contents: 'export { verify } from "tensorseal";', resolveDir: at("app") },
    bundle: true,
    format: "esm",
    write: false,
    minify: true,
    logLevel: "warning",
  });
  const [{ text }] = outputFiles;
  assert.ok(text.includes("verifier_bg.wasm"));
  assert.ok(!/prover|Worker/.test(text), "the prover is in the bundle of a verifier");
});
