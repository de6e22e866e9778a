// Chromium, by Playwright.
import { launch } from "../chromium.js";

export async function start() {
  const browser = await launch();
  const page = await browser.newPage();
  return {
    version: `Chromium ${browser.version()}`,
    goto: (url) => page.goto(url),
    call: (f, text) => page.evaluate(`(${f})(${JSON.stringify(text)})`),
    close: () => browser.close(),
  };
}
