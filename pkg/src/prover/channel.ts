import { TensorsealError } from "../error.js";
import { Engine, type Opening, type Task } from "./engine.js";
import type { KeyInfo, OnProgress, Output, Progress, Proved } from "./types.js";

/** What can be asked of an engine. */
export type Call =
  | { readonly name: "open"; readonly opening: Opening }
  | { readonly name: "run"; readonly inputs: Float32Array[] }
  | { readonly name: "prove"; readonly task: Task };

/** What a worker says. */
export type Message =
  | { readonly kind: "progress"; readonly progress: Progress }
  | { readonly kind: "result"; readonly result: unknown }
  | { readonly kind: "error"; readonly code: string | undefined; readonly message: string };

/** Answers calls to an engine: the same in a worker and outside of one. */
export class Desk {
  #engine: Engine | undefined;

  async answer(call: Call, onProgress: OnProgress): Promise<KeyInfo | Output[] | Proved> {
    if (call.name === "open") {
      this.#engine = await Engine.open(call.opening);
      return this.#engine.info;
    }
    const engine = this.#engine;
    if (!engine) throw new TensorsealError("disposed", "the prover has not been opened");
    return call.name === "run" ? engine.run(call.inputs) : engine.prove(call.task, onProgress);
  }

  close(): void {
    this.#engine?.dispose();
    this.#engine = undefined;
  }
}

/** The way to an engine. Calls are made one after the other. */
export interface Channel {
  call(call: Call, onProgress: OnProgress): Promise<unknown>;
  /** Ends what is being done, at once. */
  close(): void;
}

/** An engine in this thread. */
export class Here implements Channel {
  readonly #desk = new Desk();

  call(call: Call, onProgress: OnProgress): Promise<unknown> {
    return this.#desk.answer(call, onProgress);
  }

  close(): void {
    this.#desk.close();
  }
}

/** An engine in a worker. */
export class There implements Channel {
  readonly #worker: Worker;
  #fail: ((reason: unknown) => void) | undefined;

  constructor(worker: Worker) {
    this.#worker = worker;
  }

  call(call: Call, onProgress: OnProgress): Promise<unknown> {
    const worker = this.#worker;
    return new Promise((resolve, reject) => {
      this.#fail = reject;
      worker.onmessage = ({ data }: MessageEvent<Message>): void => {
        if (data.kind === "progress") onProgress(data.progress);
        else if (data.kind === "result") resolve(data.result);
        else reject(TensorsealError.from(data));
      };
      worker.onmessageerror = (): void => reject(lost("a message of the worker cannot be read"));
      worker.onerror = (event): void => {
        event.preventDefault();
        reject(lost(event.message || "the worker cannot be started"));
      };
      worker.postMessage(call);
    });
  }

  close(): void {
    this.#worker.terminate();
    this.#fail?.(lost("the worker has been ended"));
  }
}

function lost(why: string): TensorsealError {
  return new TensorsealError("worker-failed", why);
}
