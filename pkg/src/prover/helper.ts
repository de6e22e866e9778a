/**
 * A thread that helps a prover with its sums: it waits for one, computes some of its windows, and waits again.
 *
 * @module
 */
import initialise, { sumWindows } from "../../wasm/prover.js";
import { type Helping, PART_BYTES, Word } from "./crew.js";

addEventListener("message", ({ data }: MessageEvent<Helping>) => void help(data));

async function help({ module, buffer, number, layout }: Helping): Promise<void> {
  await initialise({ module_or_path: module });
  const words = new Int32Array(buffer, 0, Word.Bounds + layout.helpers + 1);
  const bytes = new Uint8Array(buffer);
  let seen = Atomics.load(words, Word.Sum);
  postMessage("ready");
  for (;;) {
    // A wake-up alone says nothing: the one for a sum may come after that sum has been seen.
    while (Atomics.load(words, Word.Sum) === seen) Atomics.wait(words, Word.Sum, seen);
    seen = Atomics.load(words, Word.Sum);
    try {
      const scalars = layout.terms + words[Word.Points]!;
      const part = sumWindows(
        bytes.subarray(layout.terms, scalars),
        bytes.subarray(scalars, scalars + words[Word.Scalars]!),
        words[Word.Bounds + number]!,
        words[Word.Bounds + number + 1]!,
      );
      bytes.set(part.subarray(0, PART_BYTES), layout.parts + number * PART_BYTES);
    } catch {
      Atomics.add(words, Word.Broken, 1);
    }
    Atomics.add(words, Word.Done, 1);
    Atomics.notify(words, Word.Done);
  }
}
