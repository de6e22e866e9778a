// The built page in Chromium: opening it, giving it files, looking at it.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";

import { launch } from "../../pkg/test/chromium.js";
import { serve } from "../serve.js";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Where screenshots go, if anywhere. */
const screenshots = process.env.SCREENSHOTS;

const WIDTHS = { desktop: { width: 1100, height: 900 }, phone: { width: 360, height: 740 } };

/** A server and a browser; `close` ends both. */
export async function start() {
  const server = await serve();
  const browser = await launch();
  const open = async (hash = "", { size = "desktop", colorScheme = "light" } = {}) => {
    const tab = await browser.newPage({ colorScheme, viewport: WIDTHS[size], reducedMotion: "reduce", bypassCSP: false });
    const problems = [];
    tab.on("console", (message) => message.type() === "error" && problems.push(message.text()));
    tab.on("pageerror", (error) => problems.push(String(error)));
    tab.on("requestfailed", (request) => problems.push(request.url()));
    await tab.goto(`${server.url}web/dist/index.html${hash}`);
    return new Page(tab, problems, `${size}-${colorScheme}`);
  };
  const close = async () => {
    await browser.close();
    server.close();
  };
  return { url: server.url, open, close };
}

export class Page {
  constructor(tab, problems, look) {
    Object.assign(this, { tab, problems, look });
  }

  /** Presses the button that says `name`. */
  press(name) {
    return this.tab.getByRole("button", { name, exact: true }).click();
  }

  /** Chooses files: pairs of a name and bytes. */
  give(files) {
    const chosen = Object.entries(files).map(([name, bytes]) => ({
      name,
      mimeType: "application/octet-stream",
      buffer: Buffer.from(bytes),
    }));
    return this.tab.setInputFiles("#files", chosen);
  }

  /** What `act` brings about: the heading of the verdict that replaces the one before. */
  async verdict(act) {
    await this.tab.evaluate(() => document.querySelector("#report").replaceChildren());
    await act();
    return this.tab.locator("#report .verdict:not(.working) h2").innerText();
  }

  /** Draws strokes of points in a unit square on the sheet, with the mouse. */
  async draw(strokes, size = 1) {
    const { mouse } = this.tab;
    const sheet = await this.tab.locator("#drawing").boundingBox();
    const at = ([x, y]) => [sheet.x + sheet.width * (0.5 + (x - 0.5) * size), sheet.y + sheet.height * (0.5 + (y - 0.5) * size)];
    for (const [first, ...points] of strokes) {
      await mouse.move(...at(first));
      await mouse.down();
      for (const point of points) await mouse.move(...at(point));
      await mouse.up();
    }
  }

  text(selector) {
    return this.tab.locator(selector).innerText();
  }

  /** Looks at the page: a picture if pictures are wanted, what axe finds, and whether it fits its width. */
  async examine(name) {
    await this.shoot(name);
    const wide = await this.tab.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(wide <= 0, `${name}, ${this.look}: ${wide} pixels too wide`);
    // The page's policy forbids scripts from elsewhere; the browser's own tools are not held to it.
    await this.tab.evaluate(axe);
    const { violations } = await this.tab.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
    const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
    assert.deepEqual(found, [], `${name}, ${this.look}`);
  }

  async shoot(name) {
    if (!screenshots) return;
    mkdirSync(screenshots, { recursive: true });
    await this.tab.screenshot({ path: `${screenshots}/${name}-${this.look}.png`, fullPage: true });
  }

  /** The page is closed, and nothing went wrong on it. */
  async close() {
    await this.tab.close();
    assert.deepEqual(this.problems, []);
  }
}
