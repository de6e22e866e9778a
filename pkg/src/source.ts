import { TensorsealError } from "./error.js";
import type { Source } from "./types.js";

/** The part of Node's `fs/promises` that is used here. */
interface FileSystem {
  readFile(path: URL): Promise<Uint8Array>;
}

/** Node's global object, where there is one. `getBuiltinModule` needs no import that a bundler would trip over. */
const node = (
  globalThis as { process?: { getBuiltinModule?(name: string): unknown } }
).process;

/**
 * The bytes of `source`.
 *
 * @throws TensorsealError `unavailable` when they cannot be had
 * @throws TypeError when `source` is of no type that holds or names bytes
 */
export async function bytesOf(source: Source, what: string): Promise<Uint8Array> {
  if (source instanceof Uint8Array) return source;
  if (source instanceof ArrayBuffer) return new Uint8Array(source);
  if (source instanceof Response) return body(source, what);
  if (typeof source === "string" || source instanceof URL) return read(source, what);
  throw new TypeError(`${what} must be a Uint8Array, an ArrayBuffer, a Response, a URL or a string`);
}

async function read(url: URL | string, what: string): Promise<Uint8Array> {
  try {
    const file = fileUrl(url);
    const fs = file && (node?.getBuiltinModule?.("node:fs/promises") as FileSystem | undefined);
    if (file && fs) return await fs.readFile(file);
    return await body(await fetch(url), what);
  } catch (cause) {
    if (cause instanceof TensorsealError) throw cause;
    throw new TensorsealError("unavailable", `${what} cannot be read from ${url}`, { cause });
  }
}

/** `url` when it is a `file:` URL, which `fetch` does not read in Node. */
function fileUrl(url: URL | string): URL | undefined {
  if (typeof url !== "string") return url.protocol === "file:" ? url : undefined;
  return url.startsWith("file:") ? new URL(url) : undefined;
}

async function body(response: Response, what: string): Promise<Uint8Array> {
  if (!response.ok) {
    throw new TensorsealError(
      "unavailable",
      `${what} cannot be read from ${response.url}: status ${response.status}`,
    );
  }
  return new Uint8Array(await response.arrayBuffer());
}
