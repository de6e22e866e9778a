// The packed package without a bundler: modules from the page's own server, from another origin with integrity, and the README's examples.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { after, test } from "node:test";

import { demoFile, vectors } from "../vectors.js";
import { at, INSTALLED } from "./places.js";
import { closeBrowser, POLICY, resultOf, serve } from "./site.js";

const FILES = at("../../../tests/vectors/demo/");
const demo = vectors.find(({ name }) => name === "demo");
const EXPECTED = { code: "ok", setup: "hermez", shown: ["output logits"] };

after(closeBrowser);

const sha = (bits, bytes, encoding = "base64") => createHash(`sha${bits}`).update(bytes).digest(encoding);
const integrity = (path) => `sha384-${sha(384, readFileSync(`${INSTALLED}${path}`))}`;

/** A page with an import map and a module, under a policy that names the one inline script by its digest. */
function page(map, script, origins = "") {
  const text = JSON.stringify(map);
  const html =
    '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">' +
    `<script type="importmap">${text}</script><script type="module" src="script.js"></script>`;
  const policy = POLICY.replace("script-src", `script-src 'sha256-${sha(256, text)}' ${origins}`).replace("connect-src", `connect-src ${origins}`);
  return { folders: { "/index.html": Buffer.from(html), "/script.js": Buffer.from(script) }, headers: { "Content-Security-Policy": policy } };
}

const own = { imports: { tensorseal: "/tensorseal/dist/index.js", "tensorseal/prover": "/tensorseal/dist/prover/index.js" } };

test("plain modules from the page's own server", async () => {
  const { folders, headers } = page(own, readFileSync(at("app/verify.js")));
  const server = await serve({ ...folders, "/tensorseal/": INSTALLED, "/files/": FILES }, headers);
  try {
    assert.deepEqual(await resultOf(`${server.url}index.html`), EXPECTED);
  } finally {
    server.close();
  }
});

/** The scripts that whoever only verifies loads. */
const SCRIPTS = readdirSync(`${INSTALLED}dist`).filter((file) => file.endsWith(".js")).map((file) => `dist/${file}`);

/** What the README says about content delivery networks, with another origin as one. */
async function fromElsewhere(altered = {}) {
  const cdn = await serve({ ...altered, "/tensorseal/": INSTALLED }, { "Access-Control-Allow-Origin": "*" });
  const base = `${cdn.url}tensorseal/`;
  const map = {
    imports: { tensorseal: `${base}dist/index.js` },
    integrity: Object.fromEntries([...SCRIPTS, "wasm/verifier.js"].map((path) => [base + path, integrity(path)])),
  };
  const script = `
    const module = fetch("${base}wasm/verifier_bg.wasm", { integrity: "${integrity("wasm/verifier_bg.wasm")}" });
    Promise.all([import("tensorseal"), module])
      .then(([{ init }, module]) => init(module))
      .then(() => import("/verify.js"), (error) => (globalThis.result = { error: error.name }));
  `;
  const { folders, headers } = page(map, script, cdn.url);
  const server = await serve({ ...folders, "/verify.js": readFileSync(at("app/verify.js")), "/files/": FILES }, headers);
  try {
    return await resultOf(`${server.url}index.html`, { problemsExpected: Object.keys(altered).length > 0 });
  } finally {
    server.close();
    cdn.close();
  }
}

test("from another origin, every file held to its digest", async () => {
  assert.deepEqual(await fromElsewhere(), EXPECTED);
});

for (const path of ["wasm/verifier_bg.wasm", "wasm/verifier.js", "dist/key.js"]) {
  test(`from another origin, an altered ${path} is refused`, async () => {
    const bytes = readFileSync(`${INSTALLED}${path}`);
    const altered = { [`/tensorseal/${path}`]: Buffer.concat([bytes, Buffer.from("\n")]) };
    assert.deepEqual(await fromElsewhere(altered), { error: "TypeError" });
  });
}

/** The examples in a text. */
const examples = (markdown) => [...markdown.matchAll(/^```js\n(.*?)^```$/gms)].map(([, code]) => code);

/** What the examples call their answers. */
const ANSWERS = ["verdict", "many", "all", "one"];

const files = {
  "/model.vk": Buffer.from(demo.key),
  "/proof.bin": Buffer.from(demo.proof),
  "/answer.proof": Buffer.from(demoFile("committed.bin")),
  "/another.proof": Buffer.from(demo.proof),
  "/answers.bundle": Buffer.from(demoFile("answers.bundle")),
  "/answer17.opening": Buffer.from(demoFile("opening.bin")),
};

for (const [name, path] of Object.entries({ package: "../../README.md", project: "../../../README.md" })) {
  const found = examples(readFileSync(at(path), "utf8"));
  assert.ok(found.length > 0, `the README of the ${name} has no example`);

  for (const [index, example] of found.entries()) {
    test(`example ${index + 1} in the README of the ${name} runs`, async () => {
      const digest = Buffer.from(demo.proof.subarray(6, 38)).toString("hex");
      const code = example.replaceAll(/"8e93…"|"<the digest of the model that you trust>"/g, `"${digest}"`);
      const answers = ANSWERS.filter((name) => code.includes(`const ${name} =`));
      const { folders, headers } = page(own, `${code}\nglobalThis.result = { ${answers.join(", ")} };`);
      const server = await serve({ ...folders, ...files, "/tensorseal/": INSTALLED }, headers);
      try {
        const results = await resultOf(`${server.url}index.html`);
        assert.deepEqual(Object.keys(results), answers);
        for (const [name, { ok, reason }] of Object.entries(results)) assert.equal(ok, true, `${name}: ${reason}`);
      } finally {
        server.close();
      }
    });
  }
}
