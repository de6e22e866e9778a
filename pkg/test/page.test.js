// The page in headless Chromium, under its content security policy, with the built package and files from the native prover.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { after, before, test } from "node:test";

import { serve } from "../../web/serve.js";
import { launch } from "./chromium.js";
import { argumentOffset, flipped, vectors } from "./vectors.js";

const decoder = new TextDecoder();
/** Where screenshots go, if anywhere. */
const screenshots = process.env.SCREENSHOTS;

let server, browser, page, problems;

before(async () => {
  server = await serve();
  browser = await launch();
});

after(async () => {
  await browser?.close();
  server?.close();
});

async function open(colorScheme = "light") {
  await page?.close();
  page = await browser.newPage({ colorScheme, viewport: { width: 900, height: 900 } });
  problems = [];
  page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("requestfailed", (request) => problems.push(request.url()));
  await page.goto(server.url);
}

const give = (kind, bytes) =>
  page.setInputFiles(`#${kind}`, { name: `a.${kind}`, mimeType: "application/octet-stream", buffer: Buffer.from(bytes) });

/** The heading of the verdict, once it is that of the proof given last. */
async function verdict(bytes) {
  await page.evaluate(() => document.getElementById("answer").replaceChildren());
  await give("proof", bytes);
  return page.locator(".verdict h2").innerText();
}

async function screenshot(name) {
  if (!screenshots) return;
  mkdirSync(screenshots, { recursive: true });
  await page.screenshot({ path: `${screenshots}/${name}.png`, fullPage: true });
}

for (const { name, key, proof, context, development } of vectors) {
  const accepted = development
    ? "The equations hold, which shows nothing under a development setup"
    : "The proof holds";

  test(`${name}: the page accepts the proof and refuses altered ones`, async () => {
    await open();
    await page.locator("summary").click();
    await page.fill("#context", decoder.decode(context));
    if (development) await page.check("#development");
    await give("key", key);
    assert.equal(await verdict(proof), accepted);
    assert.equal(await page.locator(".warning").count(), development ? 1 : 0);
    const digest = await page.locator("dd code").last().innerText();
    assert.match(digest, /^[0-9a-f]{64}$/);
    await screenshot(`${name}-accepted`);

    const start = argumentOffset(proof);
    for (const altered of [flipped(proof, start - 1), flipped(proof, start), proof.subarray(0, -1)]) {
      assert.equal(await verdict(altered), "The proof is refused");
    }
    await screenshot(`${name}-refused`);
    assert.equal(await verdict(proof), accepted);

    await page.fill("#model", "0".repeat(64));
    assert.equal(await verdict(proof), "The proof is refused");
    await page.fill("#model", digest);
    assert.equal(await verdict(proof), accepted);
    await page.fill("#model", "no digest");
    assert.equal(await verdict(proof), "This cannot be checked");
    assert.deepEqual(problems, []);
  });

  if (development) {
    test(`${name}: a development setup is refused without permission, and always warned of`, async () => {
      await open("dark");
      await page.fill("#context", decoder.decode(context), { force: true });
      await give("key", key);
      const warning = page.locator(".warning");
      await warning.waitFor();
      assert.match(await warning.innerText(), /convince nobody/);
      assert.equal(await verdict(proof), "The proof is refused");
      assert.equal(await warning.count(), 1);
      assert.match(await page.locator(".verdict").innerText(), /development-setup/);
      await screenshot(`${name}-development`);
      assert.deepEqual(problems, []);
    });
  }

  test(`${name}: files that are dropped are told apart`, async () => {
    await open();
    const drop = async (file, bytes) => {
      const transfer = await page.evaluateHandle(
        ({ file, bytes }) => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([new Uint8Array(bytes)], file));
          return transfer;
        },
        { file, bytes: [...bytes] },
      );
      await page.dispatchEvent("body", "drop", { dataTransfer: transfer });
    };
    await drop("something", [1, 2, 3, 4]);
    assert.equal(await page.locator(".verdict h2").innerText(), "This cannot be checked");
    await drop("model.vk", key);
    await page.locator("[data-kind=key].filled").waitFor();
    await drop("proof.bin", proof);
    await page.locator("[data-kind=proof].filled").waitFor();
    assert.match(await page.locator("#proof-state").innerText(), /proof\.bin/);
    assert.deepEqual(problems, []);
  });
}

test("the server serves the page and the package, and nothing else", async () => {
  for (const path of ["web/index.html", "pkg/dist/index.js", "pkg/wasm/verifier_bg.wasm"]) {
    assert.equal((await fetch(server.url + path)).status, 200, path);
  }
  for (const path of ["Cargo.toml", "pkg/package.json", "pkg/dist/../package.json", "web/%2e%2e/Cargo.toml", "pkg/test/vectors.js"]) {
    assert.equal((await fetch(server.url + path)).status, 404, path);
  }
});
