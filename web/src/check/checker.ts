// One check at a time, in a worker that is ended when another check begins.
import type { Claim } from "./claim.js";
import type { Answer, Job, Progress, Told } from "./job.js";

/** Who is told while a check runs. */
export interface Watcher {
  onClaims(claims: readonly Claim[]): void;
  onProgress(progress: Progress): void;
}

let working: Worker | undefined;

/**
 * Checks; an earlier check that still runs is ended, and its promise stays open.
 *
 * @throws Error in words for the visitor when nothing can be said about the proofs
 */
export function check(job: Job, watcher: Watcher): Promise<Answer> {
  stop();
  const worker = new Worker(new URL("./checker.worker.ts", import.meta.url), { type: "module" });
  working = worker;
  return new Promise<Answer>((resolve, reject) => {
    worker.addEventListener("message", ({ data }: MessageEvent<Told>) => {
      if ("claims" in data) watcher.onClaims(data.claims);
      else if ("progress" in data) watcher.onProgress(data.progress);
      else {
        worker.terminate();
        if ("answer" in data) resolve(data.answer);
        else reject(new Error(data.error));
      }
    });
    worker.addEventListener("error", ({ message }) => reject(new Error(message || "The verifier could not be loaded.")));
    worker.postMessage(job);
  });
}

/** Ends the check that runs, if any. */
export function stop(): void {
  working?.terminate();
  working = undefined;
}
