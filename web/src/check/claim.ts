// What a proof claims, read from its bytes before anything is verified. None of it counts until the proof is accepted.

/** What one proof says. */
export interface ProofHead {
  /** The digest of the model, in hexadecimal. */
  readonly model: string;
  readonly inferences: number;
  readonly tensors: readonly ClaimedTensor[];
}

export interface ClaimedTensor {
  readonly tensor: number;
  /** Absent when the proof commits to the values instead of showing them. */
  readonly values?: readonly number[];
}

/** An input or output of a model, as its key describes it: words of whoever made the key. */
export interface Port {
  readonly role: "input" | "output";
  readonly tensor: number;
  readonly name: string;
  readonly shape: readonly number[];
}

/** What is claimed about one model. */
export interface Claim {
  readonly model: string;
  readonly setup: string;
  readonly development: boolean;
  readonly proofs: number;
  readonly inferences: number;
  readonly ports: readonly Port[];
  /** Steps of the network that are left to the reader, such as Softmax. */
  readonly postProcessing: readonly string[];
  /** What the first proof about this model says: the others usually say the same kind of thing. */
  readonly first?: ProofHead;
}

/** Longest text from a key that is shown. */
const MAX_TEXT = 80;
/** Most values that are read: they are shown only. */
const MAX_VALUES = 1 << 16;

/** The head of a proof; `undefined` when the bytes are cut short or no proof. */
export function readHead(bytes: Uint8Array): ProofHead | undefined {
  try {
    return parse(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function parse(view: DataView): ProofHead | undefined {
  const mark = String.fromCharCode(...[0, 1, 2, 3].map((at) => view.getUint8(at)));
  if (mark !== "TSpf" && mark !== "TSpb") return undefined;
  const model = Array.from({ length: 32 }, (_, at) =>
    view
      .getUint8(6 + at)
      .toString(16)
      .padStart(2, "0"),
  ).join("");
  let at = 38;
  const number = (): number => {
    at += 4;
    return view.getUint32(at - 4, true);
  };
  const inferences = mark === "TSpb" ? number() : 1;
  const tensors: ClaimedTensor[] = [];
  for (let left = number(); left > 0; left--) {
    const tensor = number();
    const width = view.getUint8(at++);
    if (width === 0) {
      tensors.push({ tensor });
      continue;
    }
    const count = number();
    if (width > 4 || count > MAX_VALUES) return undefined;
    tensors.push({ tensor, values: Array.from({ length: count }, (_, index) => integer(view, at + index * width, width)) });
    at += count * width;
  }
  return { model, inferences, tensors };
}

/** An integer in two's complement of one to four bytes. */
function integer(view: DataView, at: number, width: number): number {
  let value = view.getInt8(at + width - 1);
  for (let byte = width - 2; byte >= 0; byte--) value = value * 256 + view.getUint8(at + byte);
  return value;
}

/** Inputs, outputs and what comes after them, from a key's annotation: any text, so what does not look as it should is left out. */
export function describe(annotation: string): Pick<Claim, "ports" | "postProcessing"> {
  const description = parseObject(annotation);
  const list = (name: string): unknown[] => (Array.isArray(description[name]) ? (description[name] as unknown[]) : []);
  return {
    ports: [
      ...list("inputs").flatMap((entry) => port(entry, "input")),
      ...list("outputs").flatMap((entry) => port(entry, "output")),
    ],
    postProcessing: list("post_processing").filter(isShortText),
  };
}

function port(entry: unknown, role: Port["role"]): Port[] {
  if (typeof entry !== "object" || entry === null) return [];
  const { tensor, name, shape } = entry as Record<string, unknown>;
  if (typeof tensor !== "number" || !isShortText(name)) return [];
  const axes = Array.isArray(shape) && shape.every((axis) => Number.isSafeInteger(axis)) ? (shape as number[]) : [];
  return [{ role, tensor, name, shape: axes }];
}

const isShortText = (value: unknown): value is string => typeof value === "string" && value !== "" && value.length <= MAX_TEXT;

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
