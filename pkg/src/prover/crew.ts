import { TensorsealError } from "../error.js";

/** Places in the buffer that prover and helpers share, in words of 32 bits. */
export const enum Word {
  /** The number of the present sum: a helper wakes when it changes. */
  Sum,
  /** How many helpers are done with it. */
  Done,
  /** How many of them have broken down. */
  Broken,
  /** Bytes of its points. */
  Points,
  /** Bytes of its scalars, which follow. */
  Scalars,
  /** From here on: where each helper's windows begin, and where the last one's end. */
  Bounds,
}

/** Bytes of the part that a helper computes. */
export const PART_BYTES = 64;
/** Most threads: more do not share a sum well. */
const MAX_THREADS = 16;
/** How long helpers may take to start, and for their part of a sum at least, in milliseconds. */
const PATIENCE = 10_000;
/** How many times as long as this thread they may take for it. */
const SLOWER = 20;
/** Memory of a helper for each byte of terms: their bytes, what they are read to, what is added up. */
const MEMORY_PER_TERM_BYTE = 5;
/** Memory of a helper before it has terms. */
const MEMORY_OF_HELPER = 4_000_000;

/** What a helper is started with. */
export interface Helping {
  readonly module: WebAssembly.Module;
  readonly buffer: SharedArrayBuffer;
  /** Which helper it is. */
  readonly number: number;
  readonly layout: Layout;
}

/** Where in the buffer what is. */
export interface Layout {
  readonly helpers: number;
  /** Offset of the helpers' parts. */
  readonly parts: number;
  /** Offset of the terms of a sum. */
  readonly terms: number;
}

/** How many threads there can be: one unless the page is isolated from others, which shared memory takes. */
export function threadsFor(wanted: number | undefined): number {
  const possible = globalThis.crossOriginIsolated === true && typeof Worker === "function" && typeof SharedArrayBuffer === "function";
  if (!possible) return 1;
  return Math.min(wanted ?? globalThis.navigator.hardwareConcurrency, MAX_THREADS);
}

/** The memory that a crew takes, in bytes. */
export function crewBytes(threads: number, capacity: number): number {
  return threads > 1 ? capacity + (threads - 1) * (MEMORY_OF_HELPER + MEMORY_PER_TERM_BYTE * capacity) : 0;
}

/** Helpers that each compute some windows of a sum, in workers of their own. It blocks while it waits, so it belongs in a worker too. */
export class Crew {
  /** The most bytes of terms. */
  readonly capacity: number;

  readonly #layout: Layout;
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #workers: Worker[] = [];
  #threads: number;
  #started = 0;

  private constructor(threads: number, capacity: number) {
    const helpers = threads - 1;
    const parts = align(4 * (Word.Bounds + threads));
    const terms = parts + helpers * PART_BYTES;
    const buffer = new SharedArrayBuffer(terms + capacity);
    this.#threads = threads;
    this.capacity = capacity;
    this.#layout = { helpers, parts, terms };
    this.#words = new Int32Array(buffer, 0, Word.Bounds + threads);
    this.#bytes = new Uint8Array(buffer);
  }

  /** How many threads share a sum, this one included. */
  get threads(): number {
    return this.#threads;
  }

  /** A crew of so many threads, all of them ready, for sums of at most `capacity` bytes of terms. */
  static async gather(threads: number, module: WebAssembly.Module, capacity: number): Promise<Crew> {
    const crew = new Crew(threads, capacity);
    try {
      await Promise.all(Array.from({ length: threads - 1 }, (_, number) => crew.#hire(module, number)));
      return crew;
    } catch (error) {
      crew.dispose();
      throw error;
    }
  }

  #hire(module: WebAssembly.Module, number: number): Promise<void> {
    // Written out like this, bundlers find the file and make a worker of it.
    const worker = new Worker(new URL("./helper.js", import.meta.url), { type: "module" });
    this.#workers.push(worker);
    return new Promise((resolve, reject) => {
      const failed = (why: string): void => reject(new TensorsealError("worker-failed", `a helper of the prover ${why}`));
      const patience = setTimeout(() => failed("does not start"), PATIENCE);
      const ended = (end: () => void): void => {
        clearTimeout(patience);
        end();
      };
      worker.onmessage = (): void => ended(resolve);
      worker.onerror = (event): void => {
        event.preventDefault();
        ended(() => failed(`cannot start: ${event.message}`));
      };
      const buffer = this.#bytes.buffer as SharedArrayBuffer;
      worker.postMessage({ module, buffer, number, layout: this.#layout } satisfies Helping);
    });
  }

  /** Wakes the helpers. Called by the module. */
  start(points: Uint8Array, scalars: Uint8Array, bounds: Uint32Array): void {
    const { terms } = this.#layout;
    this.#bytes.set(points, terms);
    this.#bytes.set(scalars, terms + points.length);
    this.#words.set(bounds, Word.Bounds);
    this.#words[Word.Points] = points.length;
    this.#words[Word.Scalars] = scalars.length;
    this.#started = performance.now();
    Atomics.store(this.#words, Word.Done, 0);
    Atomics.store(this.#words, Word.Broken, 0);
    Atomics.add(this.#words, Word.Sum, 1);
    Atomics.notify(this.#words, Word.Sum);
  }

  /**
   * The helpers' parts, when all are done; nothing when one has broken down. One that the browser has ended says nothing at all: after long
   * enough the crew is given up, for good. Called by the module.
   */
  collect(): Uint8Array | undefined {
    const { helpers, parts } = this.#layout;
    const patience = Math.max(PATIENCE, SLOWER * (performance.now() - this.#started));
    for (let done = 0; done < helpers; done = Atomics.load(this.#words, Word.Done)) {
      if (Atomics.wait(this.#words, Word.Done, done, patience) === "timed-out") {
        this.#threads = 1;
        return undefined;
      }
    }
    if (Atomics.load(this.#words, Word.Broken) > 0) return undefined;
    return this.#bytes.slice(parts, parts + helpers * PART_BYTES);
  }

  /** Wipes the terms of the last sum, whose scalars may be of a witness. No helper may be at work. */
  wipe(): void {
    this.#bytes.fill(0, this.#layout.terms);
  }

  /** Ends the helpers. */
  dispose(): void {
    for (const worker of this.#workers) worker.terminate();
  }
}

function align(bytes: number): number {
  return Math.ceil(bytes / 64) * 64;
}
