// An engine that is asked for is there, or it is an error.
import assert from "node:assert/strict";
import { test } from "node:test";

import { engines, open } from "./engines/browser.js";

test("an engine that is unknown or missing is an error", async () => {
  const { ENGINES, FIREFOX } = process.env;
  try {
    process.env.ENGINES = "chromium,netscape";
    assert.throws(engines, /no engine netscape/);
    process.env.FIREFOX = "/nowhere/firefox";
    await assert.rejects(open("firefox", "http://127.0.0.1/"), /ENOENT/);
  } finally {
    for (const [name, value] of Object.entries({ ENGINES, FIREFOX })) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
});
