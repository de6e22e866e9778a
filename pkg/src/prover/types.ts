import type { Setup, Source } from "../types.js";

/** An input or output of a network. */
export interface PortInfo {
  /** Its name in the model file. */
  readonly name: string;
  /** Its shape in the model file. */
  readonly shape: readonly number[];
  /** What the integer 1 is worth. */
  readonly scale: number;
}

/** An output of a run, row-major over `shape`. */
export interface Output {
  /** Its name in the model file. */
  readonly name: string;
  /** Its shape in the model file. */
  readonly shape: readonly number[];
  /** Its values: `integers` times the port's scale. */
  readonly values: Float32Array;
  /** Its integers, which are what a proof speaks about; numbers where one does not fit 32 bits. */
  readonly integers: Int32Array | readonly number[];
}

/** The values of every input by its name, row-major; those of an only input may stand alone. */
export type Input = Float32Array | readonly number[] | Readonly<Record<string, Float32Array | readonly number[]>>;

/** What may be kept from whoever reads a proof. */
export type Hidden = "input" | "output";

/** What is being done. The stages from `witness` on are those of a proof, in their order. */
export type Stage = "download" | "load" | "run" | "witness" | "lookups" | "sumcheck" | "opening" | "check";

/** How far it is. */
export interface Progress {
  /** What is about to be done. */
  readonly stage: Stage;
  /** Bytes of a download, otherwise stages, that are done. */
  readonly done: number;
  /** How many there are; of a download 0 when the server does not say. */
  readonly total: number;
}

/** Told of progress. */
export type OnProgress = (progress: Progress) => void;

/** How {@link createProver} goes about it. A name that is none of these is a `TypeError`. */
export interface CreateOptions {
  /**
   * The model that the key must be of: its digest in 64 hexadecimal digits. Any other key is refused with `wrong-model`. A key that is fetched
   * and pinned so is kept in the browser's cache storage, and fetched once.
   */
  readonly model?: string | undefined;
  /**
   * The cached points of the network's large tables, in their order, for networks that have some: files that `tensorseal preprocess` wrote, or
   * slices with the rows that the proofs will look up.
   */
  readonly tables?: readonly Source[] | undefined;
  /** The most memory that a proof may be estimated to take, in bytes: above it the key is refused with `too-large`. Default: 2 GiB. */
  readonly maxMemoryBytes?: number | undefined;
  /**
   * Where the work is done: in a worker of its own (the default where there are workers), in a worker that this function makes, or with `false`
   * in this very thread, which then does nothing else.
   */
  readonly worker?: boolean | (() => Worker) | undefined;
  /** Where `prover.wasm` is, or its bytes, or the compiled module; by default the file of this package. */
  readonly wasm?: URL | string | Uint8Array | WebAssembly.Module | undefined;
  /**
   * How many threads share the work. There is more than one only where the page is cross-origin isolated and the prover is in a worker.
   * Default: as many as the machine has, at most 16.
   */
  readonly threads?: number | undefined;
  /** Told how far the download is, then that the key is read. */
  readonly onProgress?: OnProgress | undefined;
  /** Ends the work early: the promise is then rejected with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** How a run goes about it. A name that is none of these is a `TypeError`. */
export interface RunOptions {
  /** Ends the work early, by ending the worker: the next call starts another. */
  readonly signal?: AbortSignal | undefined;
}

/** How a proof is made. A name that is none of these is a `TypeError`. */
export interface ProveOptions extends RunOptions {
  /**
   * What stays hidden; everything else is in the proof for everybody to read. Default: `"input"`. An empty array hides nothing but the weights,
   * which are always hidden.
   */
  readonly hide?: Hidden | readonly Hidden[] | undefined;
  /** Bound to the proof: it verifies for the same context only. Default: the empty context. */
  readonly context?: Uint8Array | undefined;
  /** Told of each stage before it. */
  readonly onProgress?: OnProgress | undefined;
}

/** A proof with what it proves. */
export interface Proved {
  /** The bytes of the proof, for `verify` and for the command `tensorseal verify`. */
  readonly proof: Uint8Array;
  /** The outputs. */
  readonly outputs: readonly Output[];
  /** How long each stage took. */
  readonly stages: readonly { readonly stage: Stage; readonly milliseconds: number }[];
}

/** What a proving key says of itself. */
export interface KeyInfo {
  /** The model's identity: the digest of its verifying key, in 64 hexadecimal digits. */
  readonly model: string;
  /** Where the setup comes from. */
  readonly setup: Setup;
  /** Whether the setup is a development setup: proofs under it convince nobody. */
  readonly development: boolean;
  /** The bytes of the verifying key. */
  readonly verifyingKey: Uint8Array;
  /** The network's inputs. */
  readonly inputs: readonly PortInfo[];
  /** The network's outputs. */
  readonly outputs: readonly PortInfo[];
  /** The most memory that reading the key and making a proof should take, in bytes. */
  readonly memoryBytes: number;
  /** How many threads share the work. */
  readonly threads: number;
}
