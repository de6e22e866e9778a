// The packed package in the projects of its users: Vite, webpack, esbuild. What they build runs under a strict policy in Chromium.
import assert from "node:assert/strict";
import { copyFileSync, cpSync, readdirSync } from "node:fs";
import { after, test } from "node:test";

import * as esbuild from "esbuild";
import * as vite from "vite";
import webpack from "webpack";

import { at, BUILT } from "./places.js";
import { closeBrowser, resultOf, serve } from "./site.js";

const FILES = at("../../../tests/vectors/demo/");
const EXPECTED = { code: "ok", setup: "hermez", shown: ["output logits"] };

after(closeBrowser);

/** Runs what was built to `folder`, and says which modules the page fetched. */
async function run(folder) {
  const server = await serve({ "/files/": FILES, "/": folder });
  try {
    const result = await resultOf(`${server.url}index.html`);
    return { result, modules: server.asked.filter((path) => path.endsWith(".wasm")) };
  } finally {
    server.close();
  }
}

const modulesIn = (folder) => readdirSync(folder, { recursive: true }).filter((file) => file.endsWith(".wasm"));

test("Vite builds an application without any setting", async () => {
  const outDir = `${BUILT}vite`;
  await vite.build({ root: at("app"), configFile: false, logLevel: "warn", base: "./", build: { outDir, emptyOutDir: true } });
  const { result, modules } = await run(outDir);
  assert.deepEqual(result, EXPECTED);
  assert.equal(modules.length, 1);
  assert.match(modules[0], /\/assets\/verifier_bg-[\w-]+\.wasm$/);
});

test("Vite's development server runs it without any setting", async () => {
  cpSync(FILES, `${BUILT}public/files`, { recursive: true });
  const server = await vite.createServer({
    root: at("app"),
    configFile: false,
    logLevel: "error",
    cacheDir: `${BUILT}vite-cache`,
    publicDir: `${BUILT}public`,
    server: { host: "127.0.0.1", port: 0, fs: { allow: [at(".")] } },
  });
  await server.listen();
  try {
    assert.deepEqual(await resultOf(server.resolvedUrls.local[0]), EXPECTED);
  } finally {
    await server.close();
  }
});

test("webpack builds an application without any setting", async () => {
  const path = `${BUILT}webpack`;
  await packed({ mode: "production", context: at("app"), entry: "./verify.js", output: { path, filename: "verify.js", clean: true } });
  copyFileSync(at("app/index.html"), `${path}/index.html`);
  const { result, modules } = await run(path);
  assert.deepEqual(result, EXPECTED);
  assert.equal(modules.length, 1);
  assert.match(modules[0], /\/[0-9a-f]+\.wasm$/);
});

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

test("esbuild copies the module when it is imported as a file", async () => {
  const outdir = `${BUILT}esbuild`;
  await esbuild.build({
    entryPoints: [at("app/with-init.js")],
    bundle: true,
    format: "esm",
    outdir,
    entryNames: "verify",
    loader: { ".wasm": "file" },
    logLevel: "warning",
  });
  copyFileSync(at("app/index.html"), `${outdir}/index.html`);
  const { result, modules } = await run(outdir);
  assert.deepEqual(result, EXPECTED);
  assert.deepEqual(modules, modulesIn(outdir).map((file) => `/${file}`));
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
