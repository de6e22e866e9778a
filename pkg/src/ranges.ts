import { TensorsealError } from "./error.js";
import { bytesOf } from "./source.js";
import type { Source } from "./types.js";

/** A file of which ranges are read in ascending order, each byte at most once. */
export interface Ranges {
  /** Bytes of the whole file; `undefined` until the end has been seen. */
  readonly length: number | undefined;
  /** The bytes from `offset` on, fewer than `count` where the file ends. */
  read(offset: number, count: number): Promise<Uint8Array>;
  /** Ends what is going on. */
  close(): Promise<void>;
}

/**
 * The file at `source`. Of a URL only the ranges that are asked for are fetched, if the server can do that; otherwise the file is
 * downloaded once and read while it arrives.
 *
 * @throws TensorsealError `unavailable`
 */
export async function rangesOf(
  source: Source | Blob,
  first: number,
  signal: AbortSignal | undefined,
): Promise<Ranges> {
  if (source instanceof Blob) return new BlobRanges(source);
  if (source instanceof Response) return ofResponse(source);
  const remote =
    (typeof source === "string" || source instanceof URL) && !String(source).startsWith("file:");
  if (!remote) {
    return new BlobRanges(new Blob([(await bytesOf(source, "the bundle")) as Uint8Array<ArrayBuffer>]));
  }
  const response = await get(source, 0, first, signal);
  const length = response.status === 206 ? wholeLength(response, 0) : undefined;
  if (length === undefined) {
    // A part of unknown place is no use: then the whole file.
    return response.status === 206 ? ofResponse(await get(source, undefined, 0, signal)) : ofResponse(response);
  }
  return new RemoteRanges(source, length, new Uint8Array(await response.arrayBuffer()), signal);
}

class BlobRanges implements Ranges {
  readonly length: number;
  readonly #blob: Blob;

  constructor(blob: Blob) {
    this.#blob = blob;
    this.length = blob.size;
  }

  async read(offset: number, count: number): Promise<Uint8Array> {
    return new Uint8Array(await this.#blob.slice(offset, offset + count).arrayBuffer());
  }

  async close(): Promise<void> {}
}

class RemoteRanges implements Ranges {
  readonly length: number;
  readonly #url: URL | string;
  readonly #head: Uint8Array;
  readonly #signal: AbortSignal | undefined;

  constructor(url: URL | string, length: number, head: Uint8Array, signal: AbortSignal | undefined) {
    this.#url = url;
    this.length = length;
    this.#head = head;
    this.#signal = signal;
  }

  async read(offset: number, count: number): Promise<Uint8Array> {
    const end = Math.min(offset + count, this.length);
    if (end <= this.#head.length) return this.#head.subarray(offset, end);
    if (end <= offset) return new Uint8Array();
    const response = await get(this.#url, offset, end - offset, this.#signal);
    if (response.status !== 206 || wholeLength(response, offset) !== this.length) {
      await response.body?.cancel();
      throw new TensorsealError("unavailable", `the bundle at ${this.#url} changed while it was read`);
    }
    return new Uint8Array(await response.arrayBuffer());
  }

  async close(): Promise<void> {}
}

/** A download, read while it arrives: what lies before an offset that has been read is gone. */
class StreamRanges implements Ranges {
  length: number | undefined;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #chunks: Uint8Array[] = [];
  #buffered = 0;
  #offset = 0;

  constructor(body: ReadableStream<Uint8Array>) {
    this.#reader = body.getReader();
  }

  async read(offset: number, count: number): Promise<Uint8Array> {
    await this.#fill(offset + count - this.#offset);
    const all = this.#joined();
    const bytes = all.slice(offset - this.#offset, offset - this.#offset + count);
    const rest = all.subarray(offset - this.#offset);
    this.#chunks = [rest];
    this.#buffered = rest.length;
    this.#offset = offset;
    return bytes;
  }

  /** Reads on until so many bytes are buffered, or the end. */
  async #fill(count: number): Promise<void> {
    while (this.#buffered < count && this.length === undefined) {
      const { done, value } = await this.#reader.read();
      if (done) {
        this.length = this.#offset + this.#buffered;
        return;
      }
      this.#chunks.push(value);
      this.#buffered += value.length;
    }
  }

  #joined(): Uint8Array {
    const all = new Uint8Array(this.#buffered);
    let at = 0;
    for (const chunk of this.#chunks) {
      all.set(chunk, at);
      at += chunk.length;
    }
    return all;
  }

  async close(): Promise<void> {
    await this.#reader.cancel();
  }
}

function ofResponse(response: Response): Ranges {
  if (!response.ok || !response.body) {
    throw new TensorsealError("unavailable", `the bundle cannot be read: status ${response.status}`);
  }
  return new StreamRanges(response.body);
}

async function get(
  url: URL | string,
  offset: number | undefined,
  count: number,
  signal: AbortSignal | undefined,
): Promise<Response> {
  const headers: Record<string, string> =
    offset === undefined ? {} : { Range: `bytes=${offset}-${offset + count - 1}` };
  try {
    const response = await fetch(url, { headers, ...(signal ? { signal } : {}) });
    if (response.ok) return response;
    throw new TensorsealError(
      "unavailable",
      `the bundle cannot be read from ${url}: status ${response.status}`,
    );
  } catch (cause) {
    if (cause instanceof TensorsealError || signal?.aborted) throw cause;
    throw new TensorsealError("unavailable", `the bundle cannot be read from ${url}`, { cause });
  }
}

/** The length of the whole file, when the answer is the part from `offset` on. */
function wholeLength(response: Response, offset: number): number | undefined {
  const [, start, length] = /^bytes (\d+)-\d+\/(\d+)$/.exec(response.headers.get("Content-Range") ?? "") ?? [];
  return Number(start) === offset && length !== undefined ? Number(length) : undefined;
}
