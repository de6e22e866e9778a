// Serves the built page, and the package for its own browser tests: `node web/serve.js [port]`.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname } from "node:path";
import { pathToFileURL } from "node:url";

const root = new URL("../", import.meta.url);

/** What is served: nothing else of the project. */
const FOLDERS = ["/web/dist/", "/pkg/dist/", "/pkg/wasm/"];

const TYPES = {
  ".bundle": "application/octet-stream",
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".pk": "application/octet-stream",
  ".proof": "application/octet-stream",
  ".svg": "image/svg+xml",
  ".vk": "application/octet-stream",
  ".wasm": "application/wasm",
};

/** The page brings its own policy. */
const HEADERS = {
  "Content-Security-Policy": "frame-ancestors 'none'",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Cache-Control": "no-store",
};

/** What gives a page the shared memory that threads take. */
export const ISOLATED = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

async function answer(request, response, more) {
  // The parser of URLs resolves `..`, and what is encoded stays so and names no file.
  const { pathname } = new URL(request.url, "http://localhost");
  if (pathname === "/") return response.writeHead(302, { Location: "/web/dist/index.html" }).end();
  const type = TYPES[extname(pathname)];
  const served = type && !pathname.includes("%") && FOLDERS.some((folder) => pathname.startsWith(folder));
  const bytes = served && (await readFile(new URL(`.${pathname}`, root)).catch(() => undefined));
  if (!bytes) return response.writeHead(404, { ...HEADERS, ...more }).end();
  const headers = { ...HEADERS, ...more, "Content-Type": type, "Accept-Ranges": "bytes" };
  const [, start, end] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
  if (start === undefined || Number(start) >= bytes.length) return response.writeHead(200, headers).end(bytes);
  const part = bytes.subarray(Number(start), Number(end) + 1);
  const range = `bytes ${start}-${Number(start) + part.length - 1}/${bytes.length}`;
  return response.writeHead(206, { ...headers, "Content-Range": range }).end(part);
}

/** A server on this machine only, with `more` headers; port 0 takes a free one. */
export function serve(port = 0, more = {}) {
  const server = createServer((request, response) => void answer(request, response, more));
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      resolve({ url: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() });
    });
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const { url } = await serve(Number(process.argv[2] ?? 8080), ISOLATED);
  console.log(url);
}
