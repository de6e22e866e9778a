// The built page in every engine that `ENGINES` names: proofs are checked, one is made and altered, figures are measured.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { engines, open } from "../../pkg/test/engines/browser.js";
import { serve } from "../serve.js";

let site;
before(async () => (site = await serve()));
after(() => site?.close());

/** Runs in the page: does what a visitor does, and says what the page says. */
async function visit() {
  const said = {};
  const pause = (milliseconds) => new Promise((resume) => setTimeout(resume, milliseconds));
  const text = async (selector, pattern = /./) => {
    for (const start = performance.now(); performance.now() - start < 60_000; await pause(30)) {
      const found = document.querySelector(selector)?.textContent ?? "";
      if (pattern.test(found)) return found;
    }
    throw new Error(`${selector} does not come to say ${pattern}: ${document.querySelector("main").innerText}`);
  };
  const press = (name) => [...document.querySelectorAll("button")].find(({ textContent }) => textContent === name).click();
  for (const name of ["One answer", "Hundreds of answers", "Some forged", "A test setup"]) {
    document.querySelector("#report").replaceChildren();
    press(name);
    said[name] = await text("#report .verdict:not(.working) h2");
  }
  said.warned = document.querySelector(".warning strong")?.textContent;
  location.hash = "prove";
  document.querySelector(".sample-digit:nth-child(5)").click();
  said.reads = await text("#reading b");
  press("Seal this answer");
  said.sealed = await text("#made .good h2");
  press("Change one byte");
  said.cheat = await text(".cheat-log", /so far/);
  location.hash = "how";
  press("Measure now");
  said.measured = await text("#measuring", /Done|cannot/);
  said.figures = [...document.querySelectorAll("#figures td")].map(({ textContent }) => textContent);
  return said;
}

for (const engine of engines()) {
  test(`the page in ${engine}`, { timeout: 300_000 }, async () => {
    const page = await open(engine, `${site.url}web/dist/index.html`);
    try {
      const { cheat, figures, ...said } = await page.evaluate(visit);
      assert.deepEqual(said, {
        "One answer": "The proof holds",
        "Hundreds of answers": "All proofs hold",
        "Some forged": "3 proofs are refused",
        "A test setup": "The proof is refused",
        warned: "Development setup: proofs under this key convince nobody",
        reads: "4",
        sealed: "Sealed: a 4",
        measured: "Done.",
      });
      assert.match(cheat, /Refused.*1 of 1 refused so far/s);
      for (const figure of figures) assert.match(figure, /^(under )?[\d.,]+ (ms|s|a second)$/);
    } finally {
      await page.close();
    }
  });
}
