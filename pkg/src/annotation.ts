import { type Layout, layoutOf } from "./layout.js";

/** What an annotation says about one input or output. */
export interface Port {
  readonly name?: string;
  readonly scale?: number;
  readonly layout?: Layout;
}

/** Longest name that is passed on: more is no name. */
const MAX_NAME = 256;

/**
 * Inputs and outputs by the index of their tensor, from the annotation of a key.
 *
 * Anybody can make a key, so this may be any text: what does not look as it should is left out, without an error.
 */
export function ports(annotation: string): ReadonlyMap<number, Port> {
  const found = new Map<number, Port>();
  const description = parse(annotation);
  for (const list of [field(description, "inputs"), field(description, "outputs")]) {
    if (!Array.isArray(list)) continue;
    for (const entry of list as unknown[]) {
      const tensor = field(entry, "tensor");
      if (typeof tensor !== "number" || found.has(tensor)) continue;
      found.set(tensor, port(entry));
    }
  }
  return found;
}

function port(entry: unknown): Port {
  const name = field(entry, "name");
  const scale = field(entry, "scale");
  const layout = layoutOf(field(entry, "shape"), field(entry, "layout"));
  return {
    ...(typeof name === "string" && name !== "" && name.length <= MAX_NAME ? { name } : {}),
    ...(typeof scale === "number" && Number.isFinite(scale) && scale > 0 ? { scale } : {}),
    ...(layout ? { layout } : {}),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function field(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Record<string, unknown>)[name];
}
