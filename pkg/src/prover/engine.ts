import initialise, { Prover as Inner } from "../../wasm/prover.js";
import { TensorsealError } from "../error.js";
import { moduleOf } from "../module.js";
import type { Setup } from "../types.js";
import type { Hidden, KeyInfo, OnProgress, Output, PortInfo, Proved, Stage } from "./types.js";

/** The stages of a proof, in their order. */
const STAGES: readonly Stage[] = ["run", "witness", "lookups", "sumcheck", "opening", "check"];

/** What an engine is opened with: all of it can be sent to a worker, which a `URL` or a `Response` cannot. */
export interface Opening {
  readonly key: Uint8Array;
  /** The module, its bytes or its absolute address. */
  readonly wasm: string | Uint8Array | WebAssembly.Module | undefined;
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

  private constructor(inner: Inner) {
    this.#inner = inner;
    this.info = {
      model: inner.model,
      setup: inner.setup as Setup,
      development: inner.development,
      verifyingKey: inner.verifyingKey,
      inputs: inner.inputs as PortInfo[],
      outputs: inner.outputs as PortInfo[],
      memoryBytes: inner.memoryBytes,
    };
  }

  static async open({ key, wasm }: Opening): Promise<Engine> {
    // Written out like this, bundlers find the file and give it an address.
    const url = new URL("../../wasm/prover_bg.wasm", import.meta.url);
    try {
      await initialise({ module_or_path: await moduleOf(wasm ?? url) });
    } catch (cause) {
      throw new TensorsealError("unavailable", `the prover's module cannot be loaded: ${String(cause)}`, { cause });
    }
    return new Engine(checked(() => new Inner(key)));
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
    const proved = checked(
      () => this.#inner.prove(inputs, hides("input"), hides("output"), context, enter) as Omit<Proved, "stages">,
    );
    const end = performance.now();
    const stages = starts.map(({ stage, at }, index) => ({
      stage,
      milliseconds: (starts[index + 1]?.at ?? end) - at,
    }));
    return { ...proved, stages };
  }

  dispose(): void {
    this.#inner.free();
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
