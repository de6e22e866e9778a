// What results mean, for people who do not know the codes.

/** Refusals in plain words. */
const REFUSALS: Readonly<Record<string, string>> = {
  "development-setup":
    "The key was made with a development setup. Whoever made it can forge proofs, so it counts for nothing outside of tests.",
  "unknown-setup": "The key was made with a setup that is not a published ceremony known here.",
  "wrong-model": "The proof, the key and the network that you asked for do not belong together.",
  "public-values": "The values that the proof shows are not values that this network can have.",
  "committed-tensors": "The proof hides something that this network does not have.",
  "malformed-proof": "The file is damaged, or it is not a proof for this network.",
  "invalid-proof": "The proof is false: it was altered, or made for another answer or another context.",
  "damaged-bundle": "These are not the bytes that the bundle's own index names: it was altered, or damaged on the way.",
  "wrong-proof": "The opening belongs to another proof.",
  "not-committed": "The opening is of something that the proof does not commit to.",
  "no-inference": "The opening is of an answer that the proof does not have.",
  "degenerate-challenge": "By a very rare accident this proof cannot be decided. It must be made again.",
  "no-key": "There is no key for the network that it is about.",
};

/** Why a proof is refused. */
export const refusal = (code: string, reason: string): string => REFUSALS[code] ?? reason;

/** What a setup is worth. */
export function setupInWords(setup: string): string {
  if (setup === "hermez")
    return "Hermez powers of tau, a public ceremony with 54 contributions. One honest contributor is enough.";
  if (setup === "development") return "A development setup: its maker can forge any proof.";
  return "A setup that is not known here.";
}

/** A digest in groups that the eye can follow. */
export const grouped = (digest: string): string => digest.match(/.{1,8}/g)?.join(" ") ?? digest;

/** `1 × 8 × 8`. */
export const shapeInWords = (shape: readonly number[]): string => shape.join(" × ");

/** Names in a sentence: `a`, `a and b`, `a, b and c`. */
export function enumerate(names: readonly string[]): string {
  if (names.length < 2) return names.join("");
  return `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}
