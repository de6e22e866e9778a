import initialise, { Prover as Inner } from "../../wasm/prover.js";
import { TensorsealError } from "../error.js";
import { bytesOf } from "../source.js";
import type { Setup } from "../types.js";
import { Crew, crewBytes, threadsFor } from "./crew.js";
import type { Hidden, KeyInfo, OnProgress, Output, PortInfo, Proved, Stage } from "./types.js";

/** The stages of a proof, in their order. */
const STAGES: readonly Stage[] = ["run", "witness", "lookups", "sumcheck", "opening", "check"];

/** What an engine is opened with: all of it can be sent to a worker, which a `URL` or a `Response` cannot. */
export interface Opening {
  readonly key: Uint8Array;
  /** The cached points of the key's large tables, in their order. */
  readonly tables: readonly Uint8Array[];
  /** The module, its bytes or its absolute address. */
  readonly wasm: string | Uint8Array | WebAssembly.Module | undefined;
  /** How many threads may share a sum; by default as many as the machine has. */
  readonly threads: number | undefined;
  /** Bytes that proving may take: there are no more threads than fit. */
  readonly maxMemoryBytes: number;
}

/** What is to be proved. */
export interface Task {
  readonly inputs: Float32Array[];
  readonly hide: readonly Hidden[];
  readonly context: Uint8Array;
}

/** The WebAssembly prover with a key, in whatever thread this runs. */
export class Engine {
  readonly info: KeyInfo;
  readonly #inner: Inner;
  readonly #crew: Crew | undefined;

  private constructor(inner: Inner, crew: Crew | undefined) {
    this.#inner = inner;
    this.#crew = crew;
    this.info = {
      model: inner.model,
      setup: inner.setup as Setup,
      development: inner.development,
      verifyingKey: inner.verifyingKey,
      inputs: inner.inputs as PortInfo[],
      outputs: inner.outputs as PortInfo[],
      memoryBytes: inner.memoryBytes + (crew ? crewBytes(crew.threads, crew.capacity) : 0),
      threads: crew?.threads ?? 1,
    };
  }

  /** Opens an engine; with several threads, which only a worker may ask for. */
  static async open({ key, tables, wasm, threads, maxMemoryBytes }: Opening): Promise<Engine> {
    const module = await compiled(wasm);
    await initialise({ module_or_path: module });
    const inner = checked(() => new Inner(key));
    tables.forEach((points, table) => checked(() => inner.attachTable(table, points)));
    let count = threadsFor(threads);
    while (count > 1 && inner.memoryBytes + crewBytes(count, inner.sumBytes) > maxMemoryBytes) count--;
    // Helpers that cannot be had, for a policy of the page, cost time and nothing else: `threads` says how many there are.
    const crew = count > 1 ? await Crew.gather(count, module, inner.sumBytes).catch(() => undefined) : undefined;
    return new Engine(inner, crew);
  }

  run(inputs: Float32Array[]): Output[] {
    return checked(() => this.#inner.run(inputs) as Output[]);
  }

  prove({ inputs, hide, context }: Task, onProgress: OnProgress): Proved {
    const starts: { stage: Stage; at: number }[] = [];
    const enter = (stage: Stage): void => {
      starts.push({ stage, at: performance.now() });
      onProgress({ stage, done: STAGES.indexOf(stage), total: STAGES.length });
    };
    enter("run");
    const hides = (what: Hidden): boolean => hide.includes(what);
    const proved = this.#wiped(
      () => this.#inner.prove(inputs, hides("input"), hides("output"), context, enter, this.#crew) as Omit<Proved, "stages">,
    );
    const end = performance.now();
    const stages = starts.map(({ stage, at }, index) => ({
      stage,
      milliseconds: (starts[index + 1]?.at ?? end) - at,
    }));
    return { ...proved, stages };
  }

  #wiped<T>(work: () => T): T {
    try {
      return checked(work);
    } finally {
      this.#crew?.wipe();
    }
  }

  dispose(): void {
    this.#crew?.dispose();
    this.#inner.free();
  }
}

async function compiled(wasm: Opening["wasm"]): Promise<WebAssembly.Module> {
  if (wasm instanceof WebAssembly.Module) return wasm;
  // Written out like this, bundlers find the file and give it an address.
  const url = new URL("../../wasm/prover_bg.wasm", import.meta.url);
  try {
    return await WebAssembly.compile((await bytesOf(wasm ?? url, "the prover's module")) as Uint8Array<ArrayBuffer>);
  } catch (cause) {
    if (cause instanceof TensorsealError) throw cause;
    throw new TensorsealError("unavailable", `the prover's module cannot be loaded: ${String(cause)}`, { cause });
  }
}

/** Runs `work`; what the module says with a code becomes an error of this package. */
function checked<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw TensorsealError.from(cause);
  }
}
