// A static web server with a strict policy, and pages on it in Chromium.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";

import { launch } from "../chromium.js";

const TYPES = {
  ".css": "text/css",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".wasm": "application/wasm",
};

/** All that the package needs of a policy; pictures are for the empty icon of the pages. */
export const POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; img-src data:";

/** What lets a page use several threads. */
export const ISOLATED = {
  "Content-Security-Policy": POLICY,
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

/**
 * Serves `folders`, which maps the start of a path to a folder, or a whole path to bytes.
 *
 * @returns its address, what was asked for, and how to end it
 */
export async function serve(folders, headers = { "Content-Security-Policy": POLICY }) {
  const asked = [];
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    asked.push(pathname);
    const bytes = await find(folders, pathname);
    const type = TYPES[extname(pathname)] ?? "application/octet-stream";
    response.writeHead(bytes ? 200 : 404, { ...headers, "Content-Type": type });
    response.end(bytes);
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  return { url: `http://127.0.0.1:${server.address().port}/`, asked, close: () => server.close() };
}

async function find(folders, pathname) {
  for (const [start, folder] of Object.entries(folders)) {
    if (typeof folder !== "string") {
      if (pathname === start) return folder;
    } else if (pathname.startsWith(start)) {
      const bytes = await readFile(join(folder, normalize(pathname.slice(start.length)))).catch(() => undefined);
      if (bytes) return bytes;
    }
  }
  return undefined;
}

let browser;

/** The browser of this process. */
export const chromium = async () => (browser ??= await launch());

/** Ends it. */
export const closeBrowser = () => browser?.close();

/** Opens a page and waits for what its script sets as `globalThis.result`; nothing may go wrong on the page. */
export async function resultOf(url, { problemsExpected = false } = {}) {
  const page = await (await chromium()).newPage();
  const problems = [];
  page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
  page.on("pageerror", (error) => problems.push(String(error)));
  try {
    await page.goto(url);
    await page.waitForFunction(() => "result" in globalThis, undefined, { timeout: 60_000 });
    const result = await page.evaluate(() => globalThis.result);
    if (!problemsExpected) assert.deepEqual(problems, [], JSON.stringify(result));
    return result;
  } finally {
    await page.close();
  }
}
