// Proofs to try the page with: made when the page was built.
import { peek } from "./bundle.js";
import { type Evidence, fromFile } from "./evidence.js";

/** A sample: what its button says, and what it gives. */
export interface Sample {
  readonly title: string;
  /** The context for which it was made. */
  readonly context?: string;
  files(): Promise<Evidence[]>;
}

/** How many loose proofs the altered sample has, and which of them are altered. */
const LOOSE = 40;
const ALTERED = [6, 22, 23];

export const SAMPLES: readonly Sample[] = [
  { title: "Hundreds of answers", files: () => evidence("answers.bundle") },
  { title: "One answer", files: () => evidence("model.vk", "digit.proof") },
  { title: "Some forged", files: forged },
  { title: "A test setup", context: "known answer", files: () => evidence("development.vk", "development.proof") },
];

/** A file that the page brings along. */
export async function brought(name: string): Promise<Blob> {
  const response = await fetch(new URL(`sealed/${name}`, document.baseURI));
  if (!response.ok) throw new Error(`${name} is missing on this site: it was built without its samples.`);
  return response.blob();
}

async function evidence(...names: readonly string[]): Promise<Evidence[]> {
  return Promise.all(names.map(async (name) => fromFile(new File([await brought(name)], name))));
}

/** Proofs out of the bundle as single files, one byte changed in some. */
async function forged(): Promise<Evidence[]> {
  const bundle = await brought("answers.bundle");
  const front = await peek(bundle);
  if (!front) throw new Error("The sample bundle cannot be read.");
  const files = [new File([front.key as BlobPart], "model.vk")];
  for (const [place, content] of front.slices(LOOSE).entries()) {
    const bytes = new Uint8Array(await bundle.slice(...content).arrayBuffer());
    if (ALTERED.includes(place)) bytes[bytes.length - 100 * (1 + (place % 3))]! ^= 1;
    files.push(new File([bytes], `answer-${String(place + 1).padStart(3, "0")}.proof`));
  }
  return Promise.all(files.map(fromFile));
}
