/// <reference lib="esnext.disposable" preserve="true" />
import type { Batch, VerifyingKey } from "../wasm/verifier.js";
import { type Port, ports } from "./annotation.js";
import { TensorsealError } from "./error.js";
import { arrange } from "./layout.js";
import type { LoadOptions, PublicTensor, Rejected, Setup, Verdict, VerifyOptions } from "./types.js";
import { type FullVerifier, type Verifier, fullVerifier, smallVerifier } from "./wasm.js";

/** Bytes of randomness that no prover can know. */
export const RANDOM_BYTES = 32;

const LOAD_OPTIONS: readonly string[] = [
  "model",
  "allowDevelopmentSetup",
] satisfies readonly (keyof LoadOptions)[];

/** A verifying key, read and checked by {@link loadKey}. */
export class Key {
  /** The model's identity: a digest of every byte of the key, in 64 hexadecimal digits. */
  readonly model: string;
  /** Where the setup comes from. */
  readonly setup: Setup;
  /** Whether the setup is a development setup, whose maker can forge proofs. */
  readonly development: boolean;
  /** What whoever made the key wrote about the model: any text. Bound to the model's identity, checked by nobody. */
  readonly annotation: string;

  readonly #ports: ReadonlyMap<number, Port>;
  readonly #allowDevelopmentSetup: boolean;
  /** The module whose key this is. */
  readonly #verifier: Verifier;
  #inner: VerifyingKey | undefined;
  /** The key's file, for the full module. */
  readonly #bytes: Uint8Array;
  /** The same key in the full module, once an opening has needed it. */
  #opener: VerifyingKey | undefined;

  private constructor(bytes: Uint8Array, [verifier, inner]: Loaded, options: LoadOptions) {
    this.#bytes = bytes;
    this.#verifier = verifier;
    this.#inner = inner;
    this.model = inner.model;
    this.setup = inner.setup as Setup;
    this.development = inner.development;
    this.annotation = new TextDecoder().decode(inner.annotation);
    this.#ports = ports(this.annotation);
    this.#allowDevelopmentSetup = options.allowDevelopmentSetup ?? false;
    if (options.model !== undefined && options.model.toLowerCase() !== this.model) {
      this.dispose();
      throw new TensorsealError(
        "wrong-model",
        `model ${options.model} was wanted, this is the key of model ${this.model}`,
      );
    }
  }

  /** @internal Reads the key in the small module, or in the full one where it needs that. */
  static async read(bytes: Uint8Array, options: LoadOptions = {}): Promise<Key> {
    checkOptions(options);
    // A copy: what is pinned now must not change later.
    const copy = bytes.slice();
    return new Key(copy, await read(copy), options);
  }

  /** @internal */
  async verify(proof: Uint8Array, openings: Uint8Array[], options?: VerifyOptions): Promise<Verdict> {
    const accept = this.#withDefaults(options);
    const verdict = (
      openings.length === 0
        ? this.#verifier.verify(this.#alive(), proof, accept)
        : await this.#verifyOpenings(proof, openings, accept)
    ) as Verdict;
    if (!verdict.ok) return verdict;
    return {
      ...verdict,
      public: verdict.public.map((tensor) => this.#described(tensor, verdict.inferences)),
      opened: verdict.opened.map((tensor) => this.#described(tensor, 1)),
    };
  }

  async #verifyOpenings(proof: Uint8Array, openings: Uint8Array[], accept: unknown): Promise<object> {
    this.#alive();
    const full = await fullVerifier();
    const key = this.#inFull(full);
    const randomness = crypto.getRandomValues(new Uint8Array(RANDOM_BYTES));
    return full.verifyOpenings(key, proof, openings, accept, randomness);
  }

  #inFull(full: FullVerifier): VerifyingKey {
    const inner = this.#alive();
    if (this.#verifier === full) return inner;
    this.#opener ??= new full.VerifyingKey(this.#bytes);
    return this.#opener;
  }

  /** @internal The module whose batches take the key's proofs. */
  get verifier(): Verifier {
    return this.#verifier;
  }

  /** @internal Puts the proof into a batch of {@link verifier}; a proof that is refused without a decision is not in it. */
  receive(batch: Batch, proof: Uint8Array, options?: VerifyOptions): Rejected | undefined {
    return batch.receive(this.#alive(), proof, this.#withDefaults(options)) as Rejected | undefined;
  }

  #alive(): VerifyingKey {
    if (!this.#inner) throw new TensorsealError("disposed", "the key has been disposed of");
    return this.#inner;
  }

  /** What is no object stays as it is, for the one check of these options to refuse. */
  #withDefaults(options?: VerifyOptions): unknown {
    if (options !== undefined && !isObject(options)) return options;
    const allowed = options?.allowDevelopmentSetup ?? this.#allowDevelopmentSetup;
    return { ...options, allowDevelopmentSetup: allowed };
  }

  /** The tensor with its name, scale, shape and order of elements, as far as the annotation gives them. */
  #described<Tensor extends PublicTensor>(tensor: Tensor, inferences: number): Tensor {
    const { layout, ...words } = this.#ports.get(tensor.tensor) ?? {};
    return { ...tensor, ...arrange(tensor, layout, inferences), ...words };
  }

  /** Frees the key's memory. Without this it is freed when the key is garbage collected. */
  dispose(): void {
    this.#inner?.free();
    this.#inner = undefined;
    this.#opener?.free();
    this.#opener = undefined;
  }

  /** The same as {@link dispose}, for `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}

function checkOptions(options: LoadOptions): void {
  if (!isObject(options)) throw new TypeError("options must be an object");
  const unknown = Object.keys(options).find((name) => !LOAD_OPTIONS.includes(name));
  if (unknown !== undefined) throw new TypeError(`there is no option \`${unknown}\``);
  const { model, allowDevelopmentSetup } = options;
  if (model !== undefined && !(typeof model === "string" && /^[0-9a-f]{64}$/i.test(model))) {
    throw new TypeError("model must be 64 hexadecimal digits");
  }
  if (allowDevelopmentSetup !== undefined && typeof allowDevelopmentSetup !== "boolean") {
    throw new TypeError("allowDevelopmentSetup must be a boolean");
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** A key, and the module that it is in. */
type Loaded = readonly [Verifier, VerifyingKey];

async function read(bytes: Uint8Array): Promise<Loaded> {
  const small = await smallVerifier();
  try {
    return [small, new small.VerifyingKey(bytes)];
  } catch (cause) {
    if (!hasCode(cause, "large-tables")) throw malformed(cause);
  }
  const full = await fullVerifier();
  try {
    return [full, new full.VerifyingKey(bytes)];
  } catch (cause) {
    throw malformed(cause);
  }
}

function malformed(cause: unknown): unknown {
  if (!hasCode(cause, "malformed-key")) return cause;
  return new TensorsealError("malformed-key", cause.message, { cause });
}

function hasCode(cause: unknown, code: string): cause is Error {
  return cause instanceof Error && "code" in cause && cause.code === code;
}
