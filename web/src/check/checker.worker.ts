// Verifies in the background, so that the page stays alive however many proofs there are.
import { type BatchEntry, type Key, loadKey, verify, verifyBatch, verifyBundle } from "tensorseal";

import { message } from "../dom.js";
import { peek } from "./bundle.js";
import { type Claim, describe, type ProofHead, readHead } from "./claim.js";
import type { Accept, Answer, Failure, Job, NamedProof, Told } from "./job.js";

const tell = (told: Told): void => postMessage(told);

addEventListener("message", ({ data }: MessageEvent<Job>) => {
  check(data).then(
    (answer) => tell({ answer }),
    (error: unknown) => tell({ error: message(error) }),
  );
});

function check(job: Job): Promise<Answer> {
  return job.kind === "bundle" ? checkBundle(job.source, job.accept) : checkProofs(job);
}

function options({ model, context, allowDevelopmentSetup }: Accept) {
  return {
    allowDevelopmentSetup,
    ...(model === undefined ? {} : { model }),
    ...(context === undefined ? {} : { context: new TextEncoder().encode(context) }),
  };
}

async function checkBundle(source: Blob | string, accept: Accept): Promise<Answer> {
  const front = await peek(source);
  // What `verifyBundle` says of a bundle without a readable front is better than anything said here.
  if (front) {
    const key = await loadKey(front.key);
    tell({ claims: [claim(key, front.proofs, front.inferences, front.first)] });
    key.dispose();
  }
  const start = performance.now();
  const { digest, inferences, proofs, rejected } = await verifyBundle(source, {
    ...options(accept),
    onProgress: (received, proofs) => tell({ progress: { received, proofs, elapsedMs: performance.now() - start } }),
  });
  const failures = rejected.map((refused) => ({ ...refused, name: `Proof ${refused.proof + 1}` }));
  return { kind: "many", proofs, failures, elapsedMs: performance.now() - start, bundle: { digest, inferences } };
}

type Proofs = Extract<Job, { kind: "proofs" }>;

async function checkProofs({ keys, proofs, openings, accept }: Proofs): Promise<Answer> {
  const loaded = new Map<string, Key>();
  for (const content of keys) {
    const key = await loadKey(await bytes(content));
    loaded.set(key.model, key);
  }
  const [only] = proofs;
  if (proofs.length === 1 && only) return checkOne(only, loaded, openings, accept);
  if (openings.length > 0)
    throw new Error("An opening is checked together with one proof: give that proof and its openings alone.");
  return checkMany(proofs, loaded, accept);
}

async function checkOne(
  { name, content }: NamedProof,
  keys: ReadonlyMap<string, Key>,
  openings: readonly Blob[],
  accept: Accept,
): Promise<Answer> {
  const proof = await bytes(content);
  const head = readHead(proof);
  // With one key there is no doubt which: then the verifier itself says what is wrong with bytes that name another model.
  const key = keys.size === 1 ? [...keys.values()][0] : keys.get(head?.model ?? "");
  if (!key)
    throw new Error(`There is no key for ${name}, which is about model ${head?.model ?? "unknown"}: give its verifying key too.`);
  tell({ claims: [claim(key, 1, head?.inferences ?? 1, head)] });
  const opened = await Promise.all(openings.map(bytes));
  const start = performance.now();
  const verdict = await verify(key, proof, { ...options(accept), openings: opened });
  return { kind: "one", name, verdict, elapsedMs: performance.now() - start };
}

async function checkMany(proofs: readonly NamedProof[], keys: ReadonlyMap<string, Key>, accept: Accept): Promise<Answer> {
  const failures: Failure[] = [];
  /** For each proof in the batch its place among those given. */
  const places: number[] = [];
  const heads = new Map<string, { count: number; inferences: number; first: ProofHead }>();
  const start = performance.now();
  const progress = (): void =>
    tell({
      progress: { received: places.length + failures.length, proofs: proofs.length, elapsedMs: performance.now() - start },
    });

  async function* entries(): AsyncGenerator<BatchEntry<Key>> {
    for (const [place, { name, content }] of proofs.entries()) {
      const proof = await bytes(content);
      const head = readHead(proof);
      const key = keys.size === 1 && !head ? [...keys.values()][0] : keys.get(head?.model ?? "");
      if (!key) {
        const reason = head ? `there is no key for its model, ${head.model}` : "the bytes are no proof";
        failures.push({ name, proof: place, code: head ? "no-key" : "malformed-proof", reason });
        continue;
      }
      if (head) {
        const seen = heads.get(key.model) ?? { count: 0, inferences: 0, first: head };
        heads.set(key.model, { ...seen, count: seen.count + 1, inferences: seen.inferences + head.inferences });
      }
      places.push(place);
      yield { key, proof };
    }
    tell({
      claims: [...heads].map(([model, { count, inferences, first }]) => claim(keys.get(model)!, count, inferences, first)),
    });
  }

  const { rejected } = await verifyBatch(entries(), { ...options(accept), onProgress: progress });
  for (const refused of rejected) {
    const place = places[refused.proof]!;
    failures.push({ ...refused, proof: place, name: proofs[place]!.name });
  }
  failures.sort((a, b) => a.proof - b.proof);
  return { kind: "many", proofs: proofs.length, failures, elapsedMs: performance.now() - start };
}

function claim(key: Key, proofs: number, inferences: number, first: ProofHead | undefined): Claim {
  const { model, setup, development } = key;
  return { model, setup, development, proofs, inferences, ...describe(key.annotation), ...(first ? { first } : {}) };
}

const bytes = async (content: Blob): Promise<Uint8Array> => new Uint8Array(await content.arrayBuffer());
