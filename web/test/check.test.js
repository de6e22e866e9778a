// The section "Check" in Chromium: what is given is told apart and checked, and the verdict says what is so.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";

import { argumentOffset, bundleOf, demoFile, flipped, vectors } from "../../pkg/test/vectors.js";
import { start } from "./page.js";

let site;
before(async () => (site = await start()));
after(() => site?.close());

const [toy, demo] = ["toy", "demo"].map((name) => vectors.find((vector) => vector.name === name));
const sealed = (name) => new Uint8Array(readFileSync(new URL(`../dist/sealed/${name}`, import.meta.url)));

test("a proof is accepted, altered ones are refused, and the model is pinned", async () => {
  const page = await site.open();
  const { key, proof } = demo;
  assert.equal(await page.verdict(() => page.give({ "a.vk": key, "a.proof": proof })), "The proof holds");
  const digest = (await page.tab.locator(".digest code").getAttribute("title")) ?? "";
  assert.match(digest, /^[0-9a-f]{64}$/);
  assert.match(await page.text(".claim"), /Hermez.*the output “logits” \(1 × 10\).*the input “image”/s);
  // The key stays: another proof needs no other.
  const at = argumentOffset(proof);
  for (const altered of [flipped(proof, at - 1), flipped(proof, at), proof.subarray(0, -1)]) {
    assert.equal(await page.verdict(() => page.give({ "b.proof": altered })), "The proof is refused");
  }
  assert.equal(await page.verdict(() => page.give({ "a.proof": proof })), "The proof holds");
  await page.press("What the proofs must be for").catch(() => page.tab.locator("#terms summary").click());
  const pin = (model) =>
    page.verdict(async () => {
      await page.tab.fill("#model", model);
      await page.tab.press("#model", "Enter");
    });
  assert.equal(await pin("0".repeat(64)), "The proof is refused");
  assert.match(await page.text(".claim"), /not the network that you asked for/);
  assert.equal(await pin(digest), "The proof holds");
  assert.match(await page.text(".claim"), /This is the network that you asked for/);
  assert.equal(await pin("no digest"), "This cannot be checked");
  await page.close();
});

test("an opening shows what a proof commits to", async () => {
  const page = await site.open();
  const files = { "model.vk": demo.key, "committed.proof": demoFile("committed.bin"), "one.opening": demoFile("opening.bin") };
  assert.equal(await page.verdict(() => page.give(files)), "The proof holds");
  assert.match(await page.text(".verdict"), /Opened, answer 2/);
  assert.match(await page.text(".claim"), /Committed/);
  await page.close();
});

test("hundreds of proofs of a bundle are counted and hold", async () => {
  const page = await site.open();
  const counts = page.tab.evaluate(
    () =>
      new Promise((resolve) => {
        const seen = [];
        const report = document.querySelector("#report");
        const look = () => {
          const count = report.querySelector(".count b");
          if (count && seen.at(-1) !== count.textContent) seen.push(count.textContent);
          if (report.querySelector(".verdict:not(.working)")) resolve(seen);
        };
        new MutationObserver(look).observe(report, { childList: true, subtree: true, characterData: true });
      }),
  );
  assert.equal(await page.verdict(() => page.press("Hundreds of answers")), "All proofs hold");
  const seen = (await counts).map(Number);
  assert.ok(seen.length > 3, `the count was seen at ${seen}`);
  assert.equal(seen.at(-1), 300);
  assert.match(await page.text(".tally"), /^300 of 300 proofs hold, checked in .*, [\d,]+ a second\.$/);
  assert.match(await page.text(".claim"), /300 proofs of 300 answers in all/);
  await page.examine("bundle");
  await page.close();
});

test("each failure among many is listed with its reason", async () => {
  const page = await site.open();
  assert.equal(await page.verdict(() => page.press("Some forged")), "3 proofs are refused");
  const names = await page.tab.locator(".failures b").allInnerTexts();
  assert.deepEqual(names, ["answer-007.proof", "answer-023.proof", "answer-024.proof"]);
  assert.match(await page.text(".failures"), /invalid-proof/);
  assert.equal(await page.text(".tally b"), "37");
  // A file that is no proof, and one for which there is no key, are failures like the others.
  const others = { "a.vk": demo.key, "a.proof": demo.proof, "other.proof": toy.proof, "short.proof": demo.proof.subarray(0, 9) };
  assert.equal(await page.verdict(() => page.give(others)), "2 proofs are refused");
  assert.match(await page.text(".failures"), /other\.proof.*no-key.*short\.proof.*malformed-proof/s);
  await page.close();
});

test("damage in a bundle is named, and a bundle that is cut short cannot be checked", async () => {
  const page = await site.open();
  const bundle = sealed("answers.bundle");
  const proofs = (await page.verdict(() => page.give({ "a.bundle": flipped(bundle, bundle.length - 9) }))) ?? "";
  assert.equal(proofs, "One proof is refused");
  assert.match(await page.text(".failures"), /Proof 300.*damaged-bundle/s);
  assert.equal(await page.verdict(() => page.give({ "a.bundle": bundle.subarray(0, -1) })), "This cannot be checked");
  assert.equal(await page.verdict(() => page.give({ "a.bundle": bundle.subarray(0, 20) })), "This cannot be checked");
  const lying = bundleOf(demo.key, [demo.proof, toy.proof]);
  assert.equal(await page.verdict(() => page.give({ "b.bundle": lying })), "One proof is refused");
  await page.close();
});

test("a development setup is refused without permission, and always warned of", async () => {
  const page = await site.open("", { colorScheme: "dark" });
  const warning = page.tab.locator(".warning");
  assert.equal(await page.verdict(() => page.press("A test setup")), "The proof is refused");
  assert.match(await warning.innerText(), /convince nobody/);
  assert.match(await page.text(".verdict"), /development-setup/);
  await page.examine("development-refused");
  const heading = "The equations hold, which shows nothing under a development setup";
  const accept = async () => {
    await page.tab.getByRole("button", { name: "Check it all the same, as a test" }).click();
    await page.tab.locator(".verdict.plain").waitFor();
  };
  await accept();
  assert.equal(await page.text(".verdict h2"), heading);
  assert.equal(await warning.count(), 1);
  assert.equal(await page.tab.locator("#report > :first-child").getAttribute("role"), "alert");
  await page.examine("development-accepted");
  await page.close();
});

test("addresses are fetched: a bundle in parts, a proof with its key, and by a link to the page", async () => {
  const page = await site.open();
  const asked = [];
  page.tab.on("request", (request) => request.url().includes("/sealed/") && asked.push(request.headers().range ?? "all"));
  const fetchAddress = async (name) => {
    await page.tab.fill("#address", `${site.url}web/dist/sealed/${name}`);
    await page.press("Fetch");
  };
  assert.equal(await page.verdict(() => fetchAddress("answers.bundle")), "All proofs hold");
  assert.ok(!asked.includes("all"), asked.join(" "));
  await fetchAddress("model.vk");
  assert.equal(await page.verdict(() => fetchAddress("digit.proof")), "The proof holds");
  assert.equal(await page.verdict(() => fetchAddress("model.pk")), "This cannot be checked");
  assert.match(await page.text(".verdict"), /secret/);
  await page.close();

  const files = ["model.vk", "digit.proof"].map((name) => `file=${encodeURIComponent(`sealed/${name}`)}`);
  const linked = await site.open(`#check?${files.join("&")}&model=${"0".repeat(64)}`);
  assert.equal(await linked.text(".verdict:not(.working) h2"), "The proof is refused");
  await linked.close();
});

test("an address that is not there is said to be so", async () => {
  const page = await site.open();
  await page.tab.fill("#address", `${site.url}web/dist/sealed/nothing.bundle`);
  assert.equal(await page.verdict(() => page.press("Fetch")), "This cannot be checked");
  assert.match(await page.text(".verdict"), /answers 404/);
  page.problems.length = 0;
  await page.close();
});

test("what is dropped is told apart", async () => {
  const page = await site.open("#how");
  const drop = async (files) => {
    const transfer = await page.tab.evaluateHandle(
      (files) => {
        const transfer = new DataTransfer();
        for (const [name, bytes] of files) transfer.items.add(new File([new Uint8Array(bytes)], name));
        return transfer;
      },
      Object.entries(files).map(([name, bytes]) => [name, [...bytes]]),
    );
    await page.tab.dispatchEvent("body", "drop", { dataTransfer: transfer });
  };
  assert.equal(await page.verdict(() => drop({ something: [1, 2, 3, 4] })), "This cannot be checked");
  assert.match(await page.text(".verdict"), /something is neither/);
  assert.equal(await page.verdict(() => drop({ "m.vk": demo.key, "p.bin": demo.proof, "README.md": [35] })), "The proof holds");
  assert.match(await page.text("#given"), /m\.vk.*verifying key.*p\.bin.*proof.*1 other file left alone/s);
  assert.equal(await page.tab.locator("#check").isVisible(), true);
  await page.close();
});
