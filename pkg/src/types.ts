/** Bytes, or where they are: a URL, relative to the page when it is a string, or the response of a `fetch`. */
export type Source = Uint8Array | ArrayBuffer | Response | URL | string;

/** What {@link verify} accepts besides the mathematics. A name that is none of these is a `TypeError`. */
export interface VerifyOptions {
  /**
   * Accept a key that was made with a development setup. Whoever made such a setup can forge proofs, so this is for tests only.
   * Default: what the key was loaded with, or `false`.
   */
  readonly allowDevelopmentSetup?: boolean | undefined;
  /** The model that the proof must be for: its digest in 64 hexadecimal digits. */
  readonly model?: string | undefined;
  /** The context for which the proof must have been made; the default is the empty context. */
  readonly context?: Uint8Array | undefined;
}

/** How {@link verify} goes about it. */
export interface ProofOptions extends VerifyOptions {
  /** Openings of single inferences of what the proof commits to: all of them must hold, or the proof is not accepted. */
  readonly openings?: readonly Source[] | undefined;
}

/** How {@link loadKey} treats a key. A name that is none of these is a `TypeError`. */
export interface LoadOptions {
  /** The model that the key must be of: its digest in 64 hexadecimal digits. Any other key is refused with `wrong-model`. */
  readonly model?: string | undefined;
  /** The default of {@link VerifyOptions.allowDevelopmentSetup} for proofs under this key. */
  readonly allowDevelopmentSetup?: boolean | undefined;
}

/** Where the setup of a key comes from. */
export type Setup = "hermez" | "development" | "unknown";

/** The values of an input or output that a proof reveals. */
export interface PublicTensor {
  /** The tensor's index in the model. */
  readonly tensor: number;
  /** Whether it is an input or an output of the model. */
  readonly role: "input" | "output";
  /** Its name in the model, if the key's annotation gives one. Whoever made the key chose it. */
  readonly name?: string;
  /** What one step of an integer value is worth, if the key's annotation says so. Whoever made the key chose it. */
  readonly scale?: number;
  /**
   * The lengths of its axes: of many inferences their number, then the tensor's own as in the model file. Where the key's annotation does not
   * say, they are positions and then channels.
   */
  readonly shape: readonly number[];
  /** Its integer values, row-major over `shape`. */
  readonly values: Int32Array | readonly number[];
}

/** An input or output to which a proof commits. */
export interface CommittedTensor {
  /** The tensor's index in the model. */
  readonly tensor: number;
  /** Whether it is an input or an output of the model. */
  readonly role: "input" | "output";
}

/** The values of one inference of a committed tensor, which an opening has shown. */
export interface OpenedTensor extends PublicTensor {
  /** The index of the inference in the proof, from zero. */
  readonly inference: number;
}

/** An accepted proof. */
export interface Accepted {
  readonly ok: true;
  readonly code: "ok";
  /** The digest of the model, in 64 hexadecimal digits. */
  readonly model: string;
  /** Where the setup comes from. */
  readonly setup: Setup;
  /** Whether the setup is a development setup: such a proof convinces nobody. */
  readonly development: boolean;
  /** How many inferences the proof is about. */
  readonly inferences: number;
  /** What the proof reveals. Inputs and outputs that are neither here nor in `committed` stay hidden. */
  readonly public: readonly PublicTensor[];
  /** What the proof commits to. */
  readonly committed: readonly CommittedTensor[];
  /** What the openings show. */
  readonly opened: readonly OpenedTensor[];
  /** Miller loops that the final pairing took. */
  readonly millerLoops: number;
}

/** Why a proof was not accepted. */
export type RejectionCode =
  | "malformed-proof"
  | "wrong-model"
  | "development-setup"
  | "unknown-setup"
  | "public-values"
  | "committed-tensors"
  | "wrong-proof"
  | "not-committed"
  | "no-inference"
  | "damaged-bundle"
  | "degenerate-challenge"
  | "invalid-proof";

/** A proof that was not accepted. */
export interface Rejected {
  readonly ok: false;
  /** A stable name for programs. Later versions may add names. */
  readonly code: RejectionCode;
  /** A sentence for people. */
  readonly reason: string;
}

/** The answer of {@link verify}. */
export type Verdict = Accepted | Rejected;

/** One proof of a batch. */
export interface BatchEntry<Key> {
  /** The loaded key of the model that the proof is for. */
  readonly key: Key;
  /** The proof's bytes, or where they are. */
  readonly proof: Source;
}

/** How {@link verifyBatch} goes about it, besides what it accepts. */
export interface BatchOptions extends VerifyOptions {
  /** Told now and then how many proofs have been received. */
  readonly onProgress?: ((received: number) => void) | undefined;
  /** Ends the work early: the promise is then rejected with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** A proof of a batch that was not accepted. */
export interface BatchRejection extends Rejected {
  /** Its place among the entries, from zero. */
  readonly proof: number;
}

/** The answer of {@link verifyBatch}. */
export interface BatchVerdict {
  /** Whether every proof is accepted. */
  readonly ok: boolean;
  /** How many proofs there were. */
  readonly proofs: number;
  /** Those that are not accepted, in the order of their places; all others are. */
  readonly rejected: readonly BatchRejection[];
  /** Miller loops that the decision took, however many proofs there were. */
  readonly millerLoops: number;
}

/** The answer of {@link verifyBundle}. */
export interface BundleVerdict extends BatchVerdict {
  /** The digest of the model, in 64 hexadecimal digits. */
  readonly model: string;
  /** Where the setup comes from. */
  readonly setup: Setup;
  /** What stands for the whole bundle, its count, its order, every byte: a digest in 64 hexadecimal digits. */
  readonly digest: string;
  /** How many inferences the accepted proofs are about. */
  readonly inferences: number;
}

/** How {@link verifyBundle} goes about it, besides what it accepts. */
export interface BundleOptions extends VerifyOptions {
  /** Told now and then how many proofs have been received, and how many there are. */
  readonly onProgress?: ((received: number, proofs: number) => void) | undefined;
  /** Ends the work early: the promise is then rejected with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}
