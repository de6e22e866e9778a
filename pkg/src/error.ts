/** What can go wrong apart from a proof that is not accepted. */
export type ErrorCode =
  /** The bytes are not a verifying key, or one that contradicts itself. */
  | "malformed-key"
  /** The bundle is cut short, damaged or lies about itself; the message names the part and the place. */
  | "damaged-bundle"
  /** The key is that of another model than the one that was asked for. */
  | "wrong-model"
  /** A file could not be fetched or read. */
  | "unavailable"
  /** The key or the prover has been disposed of. */
  | "disposed"
  /** The bytes are not the cached points of the large table in whose place they were given. */
  | "malformed-table"
  /** The proof looks up a row of a large table whose cached points were not given. */
  | "missing-table"
  /** The input is none that the network can be run on. */
  | "invalid-input"
  /** The platform has no randomness, without which there is no proof. */
  | "no-randomness"
  /** The proof that was made does not hold: the proving key is damaged. */
  | "not-proved"
  /** Proving is estimated to take more memory than is allowed. */
  | "too-large"
  /** The worker could not be started, or has broken down. */
  | "worker-failed";

const CODES: readonly string[] = [
  "malformed-key",
  "damaged-bundle",
  "wrong-model",
  "unavailable",
  "disposed",
  "malformed-table",
  "missing-table",
  "invalid-input",
  "no-randomness",
  "not-proved",
  "too-large",
  "worker-failed",
] satisfies readonly ErrorCode[];

/** Misuse, or a file that is not there. A proof that is not accepted is never an exception. */
export class TensorsealError extends Error {
  override readonly name = "TensorsealError";
  /** A stable name for programs. */
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  /** @internal What has a known code as an error of this class; anything else is a worker or a module that has broken down. */
  static from(cause: unknown): TensorsealError {
    if (cause instanceof TensorsealError) return cause;
    const { code, message = String(cause) } = (cause ?? {}) as { code?: unknown; message?: string };
    const known = typeof code === "string" && CODES.includes(code);
    return new TensorsealError(known ? (code as ErrorCode) : "worker-failed", message, { cause });
  }
}
