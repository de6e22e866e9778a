/// <reference lib="esnext.disposable" preserve="true" />
import { type Batch, VerifyingKey, verifyOpenings } from "../wasm/verifier.js";
import { type Port, ports } from "./annotation.js";
import { TensorsealError } from "./error.js";
import { arrange } from "./layout.js";
import type { LoadOptions, PublicTensor, Rejected, Setup, Verdict, VerifyOptions } from "./types.js";

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
  #inner: VerifyingKey | undefined;

  /** @internal */
  constructor(bytes: Uint8Array, options: LoadOptions = {}) {
    checkOptions(options);
    const inner = read(bytes);
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

  /** @internal */
  verify(proof: Uint8Array, openings: Uint8Array[], options?: VerifyOptions): Verdict {
    const randomness = crypto.getRandomValues(new Uint8Array(RANDOM_BYTES));
    const accept = this.#withDefaults(options);
    const verdict = verifyOpenings(this.#alive(), proof, openings, accept, randomness) as Verdict;
    if (!verdict.ok) return verdict;
    return {
      ...verdict,
      public: verdict.public.map((tensor) => this.#described(tensor, verdict.inferences)),
      opened: verdict.opened.map((tensor) => this.#described(tensor, 1)),
    };
  }

  /** @internal Puts the proof into a batch; a proof that is refused without a decision is not in it. */
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

function read(bytes: Uint8Array): VerifyingKey {
  try {
    return new VerifyingKey(bytes);
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "malformed-key") {
      throw new TensorsealError("malformed-key", cause.message, { cause });
    }
    throw cause;
  }
}
