// Every section and verdict as people meet it: light and dark, on a desk and in a hand, without mouse, for those who hear it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { start } from "./page.js";

let site;
before(async () => (site = await start()));
after(() => site?.close());

const LOOKS = [
  { size: "desktop", colorScheme: "light" },
  { size: "desktop", colorScheme: "dark" },
  { size: "phone", colorScheme: "light" },
];

const STATES = {
  empty: async () => {},
  accepted: (page) => page.verdict(() => page.press("One answer")),
  refused: (page) => page.verdict(() => page.press("Some forged")),
  development: (page) => page.verdict(() => page.press("A test setup")),
};

for (const look of LOOKS) {
  for (const [name, act] of Object.entries(STATES)) {
    test(`check, ${name}: ${look.size}, ${look.colorScheme}`, async () => {
      const page = await site.open("#check", look);
      await act(page);
      await page.examine(`check-${name}`);
      await page.close();
    });
  }

  test(`how it works: ${look.size}, ${look.colorScheme}`, async () => {
    const page = await site.open("#how", look);
    await page.examine("how");
    await page.close();
  });
}

test("the keyboard reaches everything in its order, and a section that is entered says its name", async () => {
  const page = await site.open();
  const order = [];
  for (let presses = 0; presses < 13; presses++) {
    await page.tab.keyboard.press("Tab");
    order.push(
      await page.tab.evaluate(
        () => document.activeElement.id || document.activeElement.textContent.trim() || document.activeElement.tagName,
      ),
    );
  }
  const expected = ["skip", "tensorseal", "to-check", "to-prove", "to-how", "files", "address", "Fetch"];
  const samples = ["Hundreds of answers", "One answer", "Some forged", "A test setup"];
  assert.deepEqual(order, [...expected, ...samples, "What the proofs must be for"]);
  await page.tab.focus("#to-how");
  await page.tab.keyboard.press("Enter");
  await page.tab.waitForFunction(() => document.activeElement.id === "how-heading");
  assert.equal(await page.tab.title(), "How it works – tensorseal");
  await page.tab.goBack();
  await page.tab.waitForFunction(() => !document.getElementById("check").hidden);
  await page.close();
});

test("a verdict is read out", async () => {
  const page = await site.open();
  await page.verdict(() => page.press("One answer"));
  assert.equal(await page.text("#announcer"), "The proof holds.");
  await page.close();
});

test("the page's own policy holds it to what it needs", async () => {
  const page = await site.open();
  const policy = await page.tab.locator("meta[http-equiv]").getAttribute("content");
  assert.match(policy, /default-src 'none'; script-src 'self' 'wasm-unsafe-eval';/);
  // Later, in the page's own time: what the test itself evaluates is not held to the policy.
  const evaluated = await page.tab.evaluate(
    () =>
      new Promise((resolve) => {
        setTimeout(() => {
          try {
            resolve(new Function("return true")());
          } catch {
            resolve(false);
          }
        });
      }),
  );
  assert.equal(evaluated, false);
  const origins = await page.tab.evaluate(() => performance.getEntriesByType("resource").map(({ name }) => new URL(name).origin));
  assert.deepEqual([...new Set(origins)], [new URL(site.url).origin]);
  page.problems.length = 0;
  await page.close();
});

test("the server serves the page and the package, and nothing else", async () => {
  for (const path of ["web/dist/index.html", "pkg/dist/index.js", "pkg/wasm/verifier_bg.wasm"]) {
    assert.equal((await fetch(site.url + path)).status, 200, path);
  }
  for (const path of [
    "Cargo.toml",
    "pkg/package.json",
    "pkg/dist/../package.json",
    "web/%2e%2e/Cargo.toml",
    "pkg/test/vectors.js",
  ]) {
    assert.equal((await fetch(site.url + path)).status, 404, path);
  }
});
