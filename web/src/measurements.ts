// What was measured in this browser, by whatever part of the page did the work.

/** Figures, in milliseconds unless the name says otherwise. */
export interface Measurements {
  /** Fetching, compiling and starting the verifier. */
  start?: number;
  /** Reading and checking a key. */
  key?: number;
  /** Verifying one proof. */
  verify?: number;
  /** Proofs a second, in a batch. */
  batchPerSecond?: number;
  /** Proving one answer of the digit classifier. */
  prove?: number;
  /** One answer without a proof. */
  run?: number;
}

export const measurements: Measurements = {};
