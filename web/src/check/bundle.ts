// The front of a bundle, to say what it claims before its proofs are verified.
import { type ProofHead, readHead } from "./claim.js";

/** What the front of a bundle says. */
export interface Front {
  readonly key: Uint8Array;
  readonly proofs: number;
  readonly inferences: number;
  readonly first?: ProofHead;
  /** Where the first `count` proofs start and end. */
  slices(count: number): [start: number, end: number][];
}

/** Mark, version, length of the key, number of proofs, digest. */
const HEADER_BYTES = 4 + 2 + 4 + 4 + 32;
/** Length of a proof, how many inferences it is about, its digest. */
const ENTRY_BYTES = 4 + 4 + 32;
/** More than this is not read to say what is claimed: the verifier reads it anyway. */
const MOST_BYTES = 4 * 1024 * 1024;

/** The front of the bundle at `source`; `undefined` when it cannot be read like that. */
export async function peek(source: Blob | string): Promise<Front | undefined> {
  const header = await read(source, 0, HEADER_BYTES);
  if (header.length < HEADER_BYTES) return undefined;
  const view = new DataView(header.buffer, header.byteOffset);
  const [keyBytes, proofs] = [view.getUint32(6, true), view.getUint32(10, true)];
  const indexBytes = proofs * ENTRY_BYTES;
  if (keyBytes + indexBytes > MOST_BYTES) return undefined;
  const front = await read(source, HEADER_BYTES, keyBytes + indexBytes);
  if (front.length < keyBytes + indexBytes) return undefined;
  const index = new DataView(front.buffer, front.byteOffset + keyBytes);
  const slices = (count: number): [number, number][] => {
    let end = HEADER_BYTES + keyBytes + indexBytes;
    return Array.from({ length: Math.min(count, proofs) }, (_, proof) => {
      const start = end;
      end += index.getUint32(proof * ENTRY_BYTES, true);
      return [start, end];
    });
  };
  let inferences = 0;
  for (let proof = 0; proof < proofs; proof++) inferences += index.getUint32(proof * ENTRY_BYTES + 4, true);
  const [start, end] = slices(1)[0] ?? [0, 0];
  const first = readHead(await read(source, start, Math.min(end - start, MOST_BYTES)));
  return { key: front.slice(0, keyBytes), proofs, inferences, slices, ...(first ? { first } : {}) };
}

/** A part of a file; nothing of a server that does not give parts. */
async function read(source: Blob | string, start: number, count: number): Promise<Uint8Array> {
  if (count === 0) return new Uint8Array();
  if (source instanceof Blob) return new Uint8Array(await source.slice(start, start + count).arrayBuffer());
  const response = await fetch(source, { headers: { Range: `bytes=${start}-${start + count - 1}` }, credentials: "omit" });
  if (response.status !== 206) {
    await response.body?.cancel();
    return new Uint8Array();
  }
  return new Uint8Array(await response.arrayBuffer());
}
