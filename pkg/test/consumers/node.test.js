// The packed package in a plain Node program.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";

import { at } from "./places.js";

test("a program verifies a proof from files, and proves an answer", () => {
  const output = execFileSync(process.execPath, [at("app/node.js")], { encoding: "utf8" });
  assert.deepEqual(JSON.parse(output), {
    code: "ok",
    setup: "hermez",
    proved: { code: "ok", logits: 10, hidden: true, stages: 6, threads: 1 },
  });
});
