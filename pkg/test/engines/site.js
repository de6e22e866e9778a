// The built package and some files behind a strict policy, for the engines.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname } from "node:path";

const PACKAGE = new URL("../../", import.meta.url);
const TYPES = { ".js": "text/javascript", ".wasm": "application/wasm" };

/** All that the package needs of a policy. */
const POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; img-src data:";

const PAGE = `<!doctype html><meta charset="utf-8"><title>tensorseal</title><link rel="icon" href="data:,">
<script type="module" src="/page.js"></script>`;

/** What the page does: it keeps what goes wrong on it. */
const SCRIPT = `globalThis.problems = [];
addEventListener("error", ({ message, error }) => problems.push(String(message ?? error)));
addEventListener("unhandledrejection", ({ reason }) => problems.push(String(reason)));
addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => problems.push(violatedDirective + ": " + blockedURI));
`;

/** Serves the package, the page and `files`, bytes by their path, of which it gives ranges. */
export async function serve(files) {
  const server = createServer((request, response) => void answer(request, response, files));
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  return { url: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() };
}

async function answer(request, response, files) {
  const { pathname } = new URL(request.url, "http://localhost");
  const send = (status, type, bytes, more = {}) =>
    response.writeHead(status, { "Content-Security-Policy": POLICY, "Content-Type": type, ...more }).end(bytes);
  if (pathname === "/") return send(200, "text/html; charset=utf-8", PAGE);
  if (pathname === "/page.js") return send(200, "text/javascript", SCRIPT);
  const file = files[pathname];
  if (file) {
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "");
    if (!range) return send(200, "application/octet-stream", file);
    const [start, end] = [Number(range[1]), Math.min(Number(range[2]), file.length - 1)];
    if (start > end) return send(416, "text/plain", "", { "Content-Range": `bytes */${file.length}` });
    return send(206, "application/octet-stream", file.subarray(start, end + 1), {
      "Content-Range": `bytes ${start}-${end}/${file.length}`,
    });
  }
  const known = /^\/(dist|wasm)\/[\w/-]+\.(js|wasm)$/.test(pathname);
  const bytes = known && (await readFile(new URL(`.${pathname}`, PACKAGE)).catch(() => undefined));
  return bytes ? send(200, TYPES[extname(pathname)], bytes) : send(404, "text/plain", "");
}
