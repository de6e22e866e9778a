// The section "Prove" in Chromium: from a drawing to a proof that holds, and that no altered copy survives.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";

import { loadKey, verify } from "tensorseal";

import { DIGITS } from "./handwriting.js";
import { start } from "./page.js";

let site;
before(async () => (site = await start()));
after(() => site?.close());

/** Waits for what the network reads. */
const reads = (page, digit, timeout = 30_000) =>
  page.tab.locator("#reading b", { hasText: new RegExp(`^${digit}$`) }).waitFor({ timeout });

async function sample(page, name) {
  await page.tab.getByRole("button", { name, exact: true }).click();
}

/** Seals what is drawn and waits for the proof. */
async function sealed(page) {
  await page.press("Seal this answer");
  await page.tab.locator("#made .verdict.good").waitFor();
}

/** The bytes that a button downloads. */
async function downloaded(page, button) {
  const [download] = await Promise.all([page.tab.waitForEvent("download"), page.press(button)]);
  return { name: download.suggestedFilename(), bytes: new Uint8Array(readFileSync(await download.path())) };
}

test("the network reads what is drawn, however large", async () => {
  const page = await site.open("#prove");
  let right = 0;
  for (const size of [1, 0.5]) {
    for (const [digit, strokes] of DIGITS.entries()) {
      await page.press("Clear");
      await page.draw(strokes, size);
      right += await reads(page, digit, 3_000).then(
        () => 1,
        () => 0,
      );
    }
  }
  assert.ok(right >= 18, `${right} of 20 digits are read as they are meant`);
  await page.close();
});

test("a sample is read, sealed with the drawing hidden, downloaded and checked", async () => {
  const page = await site.open("#prove");
  assert.equal(await page.tab.locator("#seal").isDisabled(), true);
  await page.examine("prove-empty");
  await sample(page, "A written 3");
  await reads(page, 3);
  await sealed(page);
  assert.match(
    await page.text("#made"),
    /Sealed: a 3.*A proof of 2,5\d\d bytes, made here in .*, to a drawing that stays with you/s,
  );
  const key = await downloaded(page, "Download its key");
  const proof = await downloaded(page, "Download the proof");
  assert.deepEqual([key.name, proof.name], ["model.vk", "digit.proof"]);
  const verdict = await verify(await loadKey(key.bytes), proof.bytes);
  assert.equal(verdict.ok, true, verdict.reason);
  assert.deepEqual(
    verdict.public.map(({ name }) => name),
    ["logits"],
  );

  for (let change = 1; change <= 5; change++) {
    await page.press("Change one byte");
    await page.tab.getByText(`${change} of ${change} refused so far.`).waitFor();
  }
  await page.tab.locator(".bytes").click({ position: { x: 3, y: 3 } });
  await page.tab.getByText("6 of 6 refused so far.").waitFor();
  assert.match(await page.text(".cheat-log"), /Byte \d+, in the (mark|network|values|argument).*Refused\./s);
  await page.examine("prove-sealed");

  await page.press("Check it");
  await page.tab.locator("#report .verdict.good").waitFor();
  assert.match(await page.text("#report"), /The proof holds.*The highest is number 3.*the input “image”/s);
  await page.close();
});

test("a drawing that is not hidden is in the proof", async () => {
  const page = await site.open("#prove", { size: "phone", colorScheme: "dark" });
  await sample(page, "A written 8");
  await reads(page, 8);
  await page.tab.getByRole("switch", { name: /Hide the drawing/ }).uncheck();
  await sealed(page);
  await page.examine("prove-shown");
  const { bytes } = await downloaded(page, "Download the proof");
  const key = await downloaded(page, "Download its key");
  const { public: shown } = await verify(await loadKey(key.bytes), bytes);
  assert.deepEqual(
    shown.map(({ name, values }) => [name, values.length]),
    [
      ["image", 64],
      ["logits", 10],
    ],
  );
  await page.press("Check it");
  await page.tab.locator("#report .pixels").waitFor();
  await page.examine("check-shown");
  await page.close();
});

test("the page stays alive while it proves, and says which stage it is at", async () => {
  const page = await site.open("#prove");
  await sample(page, "A written 5");
  await reads(page, 5);
  const frames = page.tab.evaluate(
    () =>
      new Promise((resolve) => {
        let longest = 0;
        const stages = new Set();
        let last = performance.now();
        const look = (now) => {
          longest = Math.max(longest, now - last);
          last = now;
          const current = document.querySelector(".stages .current");
          if (current) stages.add(current.textContent);
          if (document.querySelector("#made .verdict.good")) resolve({ longest, stages: [...stages] });
          else requestAnimationFrame(look);
        };
        requestAnimationFrame(look);
      }),
  );
  await sealed(page);
  const { longest, stages } = await frames;
  assert.ok(stages.length >= 2, stages.join(", "));
  assert.ok(longest < 500, `no frame for ${longest} ms`);
  await page.close();
});

test("a hard sample is misread, and the page says what that means", async () => {
  const page = await site.open("#prove");
  await sample(page, "A hard 3");
  await page.tab.locator("#reading b").waitFor();
  assert.match(await page.text("#sample-note"), /not that it is right/);
  await page.close();
});

test("figures are measured in the browser", async () => {
  const page = await site.open("#how");
  await page.press("Measure now");
  await page.tab.getByText("Done.").waitFor({ timeout: 90_000 });
  const figures = await page.tab.locator("#figures td").allInnerTexts();
  assert.equal(figures.length, 6);
  for (const figure of figures) assert.match(figure, /^[\d.,]+ (ms|s|a second)$/);
  await page.examine("how-measured");
  await page.close();
});

test("what is shorter than a tick of the clock is said to be so", async () => {
  const page = await site.open("#how");
  await page.tab.evaluate(() => (performance.now = () => 0));
  await page.press("Measure now");
  await page.tab.getByText("Done.").waitFor({ timeout: 90_000 });
  const figure = (title) => page.tab.locator("#figures tr", { hasText: title }).locator("td").innerText();
  assert.equal(await figure("Run the network"), "under 1 ms");
  assert.equal(await figure("Prove one answer"), "under 1 ms");
  await page.close();
});
