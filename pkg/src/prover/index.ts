/// <reference lib="esnext.disposable" preserve="true" />
/**
 * Proves what a network answers, in the browser: the input never leaves the page.
 *
 * ```js
 * import { createProver } from "tensorseal/prover";
 *
 * const prover = await createProver("model.pk", { model: "<the digest you trust>" });
 * const { proof, outputs } = await prover.prove(new Float32Array(64));
 * ```
 *
 * @module
 */
import { TensorsealError } from "../error.js";
import { bytesOf } from "../source.js";
import type { Setup, Source } from "../types.js";
import { type Call, type Channel, Here, There } from "./channel.js";
import { download, forget } from "./download.js";
import type { Opening } from "./engine.js";
import { arrange, checkCreateOptions, hiddenOf, checkRunOptions } from "./options.js";
import type {
  CreateOptions,
  Input,
  KeyInfo,
  OnProgress,
  Output,
  PortInfo,
  Proved,
  ProveOptions,
  RunOptions,
} from "./types.js";

export { type ErrorCode, TensorsealError } from "../error.js";
export type { Setup, Source } from "../types.js";
export type {
  CreateOptions,
  Hidden,
  Input,
  KeyInfo,
  OnProgress,
  Output,
  PortInfo,
  Progress,
  Proved,
  ProveOptions,
  RunOptions,
  Stage,
} from "./types.js";

/** The most memory that a proof may be estimated to take, unless the caller says otherwise. */
const MAX_MEMORY_BYTES = 2 ** 31;

/**
 * Reads a proving key and makes ready to prove with it.
 *
 * The key holds the network's weights: whoever gets it can run the network.
 *
 * @param source the key's bytes, or where they are
 * @throws TensorsealError `malformed-key` when the bytes are no proving key, `malformed-table` when those of a table are not, `wrong-model`, `too-large`, `unavailable`, `worker-failed`
 * @throws TypeError when an argument has the wrong type or an option does not exist
 */
export async function createProver(source: Source, options: CreateOptions = {}): Promise<Prover> {
  checkCreateOptions(options);
  const { model, onProgress, signal, maxMemoryBytes = MAX_MEMORY_BYTES } = options;
  signal?.throwIfAborted();
  const key = await download(source, { model, onProgress, signal });
  const tables = await Promise.all((options.tables ?? []).map((table) => bytesOf(table, "the points of a large table")));
  const line = new Line(() => connect(options), {
    key,
    tables,
    wasm: absolute(options.wasm),
    threads: threads(options),
    maxMemoryBytes,
  });
  try {
    onProgress?.({ stage: "load", done: 0, total: 1 });
    const info = await line.info(signal);
    if (model !== undefined && model.toLowerCase() !== info.model) {
      await forget(source, model);
      throw new TensorsealError("wrong-model", `model ${model} was wanted, this is the key of model ${info.model}`);
    }
    if (info.memoryBytes > maxMemoryBytes) {
      const estimate = `a proof is estimated to take ${Math.ceil(info.memoryBytes / 1e6)} MB`;
      throw new TensorsealError("too-large", `${estimate}, more than maxMemoryBytes allows: prove this model natively`);
    }
    onProgress?.({ stage: "load", done: 1, total: 1 });
    return new Prover(line, info);
  } catch (error) {
    line.dispose();
    throw error;
  }
}

/** This thread may not wait for others. */
function threads({ worker, threads }: CreateOptions): number | undefined {
  return worker === false || typeof Worker !== "function" ? 1 : threads;
}

/** An address as a worker understands it. */
function absolute(wasm: CreateOptions["wasm"]): Opening["wasm"] {
  return typeof wasm === "string" || wasm instanceof URL ? new URL(wasm, globalThis.location?.href).href : wasm;
}

function connect({ worker = typeof Worker === "function" }: CreateOptions): Channel {
  if (worker === false) return new Here();
  if (typeof worker === "function") return new There(worker());
  // Written out like this, bundlers find the file and make a worker of it.
  return new There(new Worker(new URL("./worker.js", import.meta.url), { type: "module" }));
}

/** A channel that is opened when it is needed, and again after it was closed. Calls wait for each other. */
class Line {
  readonly #connect: () => Channel;
  readonly #opening: Opening;
  #channel: Channel | undefined;
  #info: Promise<KeyInfo> | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #disposed = false;

  constructor(connect: () => Channel, opening: Opening) {
    this.#connect = connect;
    this.#opening = opening;
  }

  info(signal: AbortSignal | undefined): Promise<KeyInfo> {
    return this.#abortable(() => this.#open(), signal);
  }

  call<T>(call: Call, onProgress: OnProgress, signal: AbortSignal | undefined): Promise<T> {
    const turn = this.#last.then(() =>
      this.#abortable(async () => {
        await this.#open();
        return (await this.#channel!.call(call, onProgress)) as T;
      }, signal),
    );
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  /** Ends what is being done; the next call starts anew. */
  close(): void {
    this.#channel?.close();
    this.#channel = undefined;
    this.#info = undefined;
  }

  /** Ends everything, calls that wait included. */
  dispose(): void {
    this.#disposed = true;
    this.close();
  }

  #open(): Promise<KeyInfo> {
    if (this.#disposed) throw disposed();
    this.#channel ??= this.#connect();
    const channel = this.#channel;
    this.#info ??= channel.call({ name: "open", opening: this.#opening }, () => undefined) as Promise<KeyInfo>;
    return this.#info;
  }

  /** What fails in the worker itself, or is aborted, ends it. */
  async #abortable<T>(work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    signal?.throwIfAborted();
    const end = (): void => this.close();
    signal?.addEventListener("abort", end, { once: true });
    try {
      return await work();
    } catch (error) {
      signal?.throwIfAborted();
      if (this.#disposed) throw disposed();
      if (!(error instanceof TensorsealError) || error.code === "worker-failed") this.close();
      throw error;
    } finally {
      signal?.removeEventListener("abort", end);
    }
  }
}

function disposed(): TensorsealError {
  return new TensorsealError("disposed", "the prover has been disposed of");
}

/** A network that can be run and proved; made by {@link createProver}. */
export class Prover {
  /** The model's identity: the digest of its verifying key, in 64 hexadecimal digits. */
  readonly model: string;
  /** Where the setup comes from. */
  readonly setup: Setup;
  /** Whether the setup is a development setup: proofs under it convince nobody. */
  readonly development: boolean;
  /** The bytes of the verifying key, which is what those need who check the proofs. */
  readonly verifyingKey: Uint8Array;
  /** The network's inputs. */
  readonly inputs: readonly PortInfo[];
  /** The network's outputs. */
  readonly outputs: readonly PortInfo[];
  /** The most memory that reading the key and making a proof should take, in bytes. */
  readonly memoryBytes: number;
  /** How many threads share the work. */
  readonly threads: number;

  #line: Line | undefined;

  /** @internal */
  constructor(line: Line, info: KeyInfo) {
    this.#line = line;
    this.model = info.model;
    this.setup = info.setup;
    this.development = info.development;
    this.verifyingKey = info.verifyingKey;
    this.inputs = info.inputs;
    this.outputs = info.outputs;
    this.memoryBytes = info.memoryBytes;
    this.threads = info.threads;
  }

  /**
   * Runs the network, without a proof.
   *
   * @throws TensorsealError `invalid-input` when a value is missing, not finite or outside of what the network was calibrated for; `disposed`,
   *   `worker-failed`
   * @throws TypeError when an argument has the wrong type or an option does not exist
   */
  async run(input: Input, options: RunOptions = {}): Promise<readonly Output[]> {
    checkRunOptions(options, ["signal"]);
    const inputs = arrange(input, this.inputs);
    return this.#alive().call<Output[]>({ name: "run", inputs }, () => undefined, options.signal);
  }

  /**
   * Runs the network and proves the run. The proof is checked before it is returned.
   *
   * @throws TensorsealError as {@link run}; `missing-table` when the network has a large table whose points, or the row that this run looks up,
   *   were not given in `tables`; `no-randomness` when the platform has none: there is no proof without it; `not-proved` when the
   *   proof that was made does not hold, because the key is damaged
   * @throws TypeError when an argument has the wrong type or an option does not exist
   */
  async prove(input: Input, options: ProveOptions = {}): Promise<Proved> {
    checkRunOptions(options, ["signal", "hide", "context", "onProgress"]);
    const { signal, onProgress, context = new Uint8Array() } = options;
    const task = { inputs: arrange(input, this.inputs), hide: hiddenOf(options.hide), context };
    return this.#alive().call<Proved>({ name: "prove", task }, (progress) => onProgress?.(progress), signal);
  }

  #alive(): Line {
    if (!this.#line) throw disposed();
    return this.#line;
  }

  /** Frees memory and ends the worker. */
  dispose(): void {
    this.#line?.dispose();
    this.#line = undefined;
  }

  /** The same as {@link dispose}, for `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}
