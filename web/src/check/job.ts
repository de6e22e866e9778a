// What the page and the worker that verifies say to each other.
import type { BatchRejection, BundleVerdict, Verdict } from "tensorseal";

import type { Claim } from "./claim.js";

/** What the proofs must be for. */
export interface Accept {
  readonly model?: string;
  readonly context?: string;
  readonly allowDevelopmentSetup: boolean;
}

/** A proof with the name under which it was given. */
export interface NamedProof {
  readonly name: string;
  readonly content: Blob;
}

/** A bundle, by its bytes or its address; or proofs with the keys that they may be under. */
export type Job =
  | { readonly kind: "bundle"; readonly source: Blob | string; readonly accept: Accept }
  | {
      readonly kind: "proofs";
      readonly keys: readonly Blob[];
      readonly proofs: readonly NamedProof[];
      readonly openings: readonly Blob[];
      readonly accept: Accept;
    };

/** A proof that did not hold. */
export type Failure = Omit<BatchRejection, "code" | "ok"> & { readonly name: string; readonly code: string };

/** The answer about any number of proofs. */
export interface ManyAnswer {
  readonly kind: "many";
  readonly proofs: number;
  readonly failures: readonly Failure[];
  readonly elapsedMs: number;
  readonly bundle?: Pick<BundleVerdict, "digest" | "inferences">;
}

/** The answer about one proof. */
export interface OneAnswer {
  readonly kind: "one";
  readonly name: string;
  readonly verdict: Verdict;
  readonly elapsedMs: number;
}

export type Answer = OneAnswer | ManyAnswer;

/** What the worker tells while it works. The last is an answer or an error. */
export type Told =
  | { readonly claims: readonly Claim[] }
  | { readonly progress: Progress }
  | { readonly answer: Answer }
  | { readonly error: string };

/** How far the work has come. All proofs are read one by one, then decided together. */
export interface Progress {
  readonly received: number;
  readonly proofs: number;
  readonly elapsedMs: number;
}
