import { TensorsealError } from "../error.js";
import { bytesOf } from "../source.js";
import type { Source } from "../types.js";
import type { OnProgress } from "./types.js";

/** Where keys that are pinned are kept. */
const CACHE = "tensorseal-proving-keys";

/** How a key is fetched. */
export interface Download {
  readonly model: string | undefined;
  readonly onProgress: OnProgress | undefined;
  readonly signal: AbortSignal | undefined;
}

/** The bytes of a proving key: from the browser's cache storage when they are pinned and there. */
export async function download(source: Source, options: Download): Promise<Uint8Array> {
  const remote = (typeof source === "string" || source instanceof URL) && !String(source).startsWith("file:");
  if (!remote) return bytesOf(source instanceof Response ? await counted(source, options) : source, "the proving key");
  const url = new URL(source, globalThis.location?.href);
  const place = options.model === undefined ? undefined : `${url}#${options.model.toLowerCase()}`;
  const cache = place === undefined ? undefined : await globalThis.caches?.open(CACHE).catch(() => undefined);
  const kept = place === undefined ? undefined : await cache?.match(key(place));
  if (kept) return bytesOf(kept, "the proving key");
  const bytes = await bytesOf(await counted(await fetched(url, options), options), "the proving key");
  // A cache that is full or forbidden costs a download, nothing else.
  if (place !== undefined) await cache?.put(key(place), new Response(bytes.slice())).catch(() => undefined);
  return bytes;
}

/** Forgets a pinned key that turned out to be another one. */
export async function forget(source: Source, model: string): Promise<void> {
  if (typeof source !== "string" && !(source instanceof URL)) return;
  const cache = await globalThis.caches?.open(CACHE).catch(() => undefined);
  await cache?.delete(key(`${new URL(source, globalThis.location?.href)}#${model.toLowerCase()}`));
}

/** Cache storage leaves fragments out of account, so the digest goes into the query. */
function key(place: string): string {
  const url = new URL(place);
  url.searchParams.set("tensorseal-model", url.hash.slice(1));
  url.hash = "";
  return url.href;
}

async function fetched(url: URL, { signal }: Download): Promise<Response> {
  try {
    return await fetch(url, { signal: signal ?? null });
  } catch (cause) {
    if (signal?.aborted) throw signal.reason;
    throw new TensorsealError("unavailable", `the proving key cannot be read from ${url}`, { cause });
  }
}

/** The response, with its bytes counted while they arrive. */
async function counted(response: Response, { onProgress }: Download): Promise<Response> {
  if (!response.ok || !response.body || !onProgress) return response;
  const total = Number(response.headers.get("content-length") ?? 0);
  let done = 0;
  const count = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      done += chunk.length;
      onProgress({ stage: "download", done, total: Math.max(total, done) });
      controller.enqueue(chunk);
    },
  });
  return new Response(response.body.pipeThrough(count), { status: 200 });
}
