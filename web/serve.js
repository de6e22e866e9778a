// Serves the page and the package that it uses: `node web/serve.js [port]`.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname } from "node:path";
import { pathToFileURL } from "node:url";

const root = new URL("../", import.meta.url);

/** What is served: nothing else of the project. */
const FOLDERS = ["/web/", "/pkg/dist/", "/pkg/wasm/"];

const TYPES = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

const HEADERS = {
  "Content-Security-Policy":
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; connect-src 'self'; img-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
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
  if (pathname === "/") return response.writeHead(302, { Location: "/web/index.html" }).end();
  const type = TYPES[extname(pathname)];
  const served = type && !pathname.includes("%") && FOLDERS.some((folder) => pathname.startsWith(folder));
  const bytes = served && (await readFile(new URL(`.${pathname}`, root)).catch(() => undefined));
  if (!bytes) return response.writeHead(404, { ...HEADERS, ...more }).end();
  return response.writeHead(200, { ...HEADERS, ...more, "Content-Type": type }).end(bytes);
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
  const { url } = await serve(Number(process.argv[2] ?? 8080));
  console.log(url);
}
