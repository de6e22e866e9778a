// The packed package without a bundler: modules from the page's own server, from another origin with integrity, and the README's examples.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { after, test } from "node:test";

import { demoFile, vectors } from "../vectors.js";
import { at, INSTALLED, SEALED } from "./places.js";
import { closeBrowser, POLICY, resultOf, serve } from "./site.js";

const FILES = at("../../../tests/vectors/demo/");
const demo = vectors.find(({ name }) => name === "demo");
const PROVED = { code: "ok", logits: 10, hidden: true, stages: 6, threads: 1 };
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
  const policy = POLICY.replace("script-src", `script-src 'sha256-${sha(256, text)}' ${origins}`).replace(
    "connect-src",
    `connect-src ${origins}`,
  );
  return {
    folders: { "/index.html": Buffer.from(html), "/script.js": Buffer.from(script) },
    headers: { "Content-Security-Policy": policy },
  };
}

const own = { imports: { tensorseal: "/tensorseal/dist/index.js", "tensorseal/prover": "/tensorseal/dist/prover/index.js" } };

for (const [script, expected] of [
  ["verify", EXPECTED],
  ["prove", PROVED],
]) {
  test(`plain modules from the page's own server: ${script}`, async () => {
    const { folders, headers } = page(own, readFileSync(at(`app/${script}.js`)));
    const more = {
      "/proof.js": readFileSync(at("app/proof.js")),
      "/tensorseal/": INSTALLED,
      "/files/": FILES,
      "/sealed/": SEALED,
    };
    const server = await serve({ ...folders, ...more }, headers);
    try {
      assert.deepEqual(await resultOf(`${server.url}index.html`), expected);
    } finally {
      server.close();
    }
  });
}

/** The scripts of the package. */
const SCRIPTS = ["dist/", "dist/prover/", "wasm/"].flatMap((folder) =>
  readdirSync(INSTALLED + folder)
    .filter((file) => file.endsWith(".js"))
    .map((file) => folder + file),
);

/** What the README says about content delivery networks, with another origin as one: what becomes of `script`. */
async function fromElsewhere(script, { altered, workers = "" } = {}) {
  const cdn = await serve({ ...altered, "/tensorseal/": INSTALLED }, { "Access-Control-Allow-Origin": "*" });
  const base = `${cdn.url}tensorseal/`;
  const map = {
    imports: { tensorseal: `${base}dist/index.js`, "tensorseal/prover": `${base}dist/prover/index.js` },
    integrity: Object.fromEntries(SCRIPTS.map((path) => [base + path, integrity(path)])),
  };
  const fetchModule = (name) => `fetch("${base}wasm/${name}_bg.wasm", { integrity: "${integrity(`wasm/${name}_bg.wasm`)}" })`;
  const { folders, headers } = page(map, script({ base, fetchModule }), cdn.url);
  headers["Content-Security-Policy"] = headers["Content-Security-Policy"].replace(
    "worker-src",
    `worker-src ${workers && `${workers} ${cdn.url}`}`,
  );
  const own = { "/verify.js": readFileSync(at("app/verify.js")), "/proof.js": readFileSync(at("app/proof.js")) };
  const server = await serve({ ...folders, ...own, "/files/": FILES, "/sealed/": SEALED }, headers);
  try {
    return await resultOf(`${server.url}index.html`, { problemsExpected: altered !== undefined });
  } finally {
    server.close();
    cdn.close();
  }
}

const verifyingScript = ({ fetchModule }) => `
  Promise.all([import("tensorseal"), ${fetchModule("verifier")}])
    .then(([{ init }, module]) => init(module))
    .then(() => import("/verify.js"), (error) => (globalThis.result = { error: error.name }));
`;

test("from another origin, every file held to its digest", async () => {
  assert.deepEqual(await fromElsewhere(verifyingScript), EXPECTED);
});

test("from another origin, a prover in the page's thread, every file held to its digest", async () => {
  const script = ({ fetchModule }) => `
    import { init } from "tensorseal";
    import { prove, tell } from "./proof.js";
    const [verifier, prover] = await Promise.all([${fetchModule("verifier")}, ${fetchModule("prover")}]);
    await init(verifier);
    const wasm = new Uint8Array(await prover.arrayBuffer());
    tell(prove(new URL("sealed/model.pk", document.baseURI), { worker: false, wasm }));
  `;
  assert.deepEqual(await fromElsewhere(script), PROVED);
});

test("from another origin, a prover in a worker of the page's own that imports it", async () => {
  const script = ({ base }) => `
    import { prove, tell } from "./proof.js";
    const source = new Blob(['import "${base}dist/prover/worker.js";'], { type: "text/javascript" });
    const worker = () => new Worker(URL.createObjectURL(source), { type: "module" });
    tell(prove(new URL("sealed/model.pk", document.baseURI), { worker }));
  `;
  assert.deepEqual(await fromElsewhere(script, { workers: "blob:" }), PROVED);
});

for (const path of ["wasm/verifier_bg.wasm", "wasm/verifier.js", "dist/key.js"]) {
  test(`from another origin, an altered ${path} is refused`, async () => {
    const bytes = readFileSync(`${INSTALLED}${path}`);
    const altered = { [`/tensorseal/${path}`]: Buffer.concat([bytes, Buffer.from("\n")]) };
    assert.deepEqual(await fromElsewhere(verifyingScript, { altered }), { error: "TypeError" });
  });
}

/** The examples in a text. */
const examples = (markdown) => [...markdown.matchAll(/^```js\n(.*?)^```$/gms)].map(([, code]) => code);

/** What the examples call their answers. */
const ANSWERS = ["verdict", "many", "all", "one"];

const files = {
  "/model.pk": readFileSync(`${SEALED}model.pk`),
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
