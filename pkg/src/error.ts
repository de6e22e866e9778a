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
  /** The key has been disposed of. */
  | "disposed";

/** Misuse, or a file that is not there. A proof that is not accepted is never an exception. */
export class TensorsealError extends Error {
  override readonly name = "TensorsealError";
  /** A stable name for programs. */
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
