// The packed package as its users' tools see it.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

import { publint } from "publint";
import { formatMessage } from "publint/utils";

import { at, INSTALLED, TARBALL } from "./places.js";

test("publint finds nothing", async () => {
  const { messages, pkg } = await publint({ pkgDir: INSTALLED, strict: true });
  assert.deepEqual(
    messages.map((message) => formatMessage(message, pkg)),
    [],
  );
});

test("the package holds what it needs to run, its licences, and nothing else", () => {
  assert.deepEqual(readdirSync(INSTALLED).sort(), ["LICENSE-APACHE", "LICENSE-MIT", "README.md", "dist", "package.json", "wasm"]);
});

test("every entry has types, first", () => {
  const { exports } = JSON.parse(readFileSync(`${INSTALLED}package.json`, "utf8"));
  for (const [entry, target] of Object.entries(exports)) {
    if (typeof target === "string") assert.match(target, /\.(wasm|json)$/, entry);
    else assert.equal(Object.keys(target)[0], "types", entry);
  }
});

test("are the types wrong? No", () => {
  const attw = at("node_modules/@arethetypeswrong/cli/dist/index.js");
  const others = ["verifier.wasm", "verifier-full.wasm", "prover.wasm", "package.json"];
  const { status, stdout } = spawnSync(
    process.execPath,
    [attw, TARBALL, "--profile", "esm-only", "--exclude-entrypoints", ...others],
    { encoding: "utf8" },
  );
  assert.equal(status, 0, stdout);
});

for (const [module, moduleResolution] of [
  ["ESNext", "Bundler"],
  ["NodeNext", "NodeNext"],
]) {
  test(`a strict TypeScript project compiles, ${moduleResolution}`, () => {
    const compiler = at("node_modules/typescript/bin/tsc");
    const settings = ["--project", at("app"), "--module", module, "--moduleResolution", moduleResolution];
    try {
      execFileSync(process.execPath, [compiler, ...settings], { encoding: "utf8" });
    } catch (error) {
      assert.fail(error.stdout);
    }
  });
}
