import type { PublicTensor } from "./types.js";

/** How the elements of a tensor of a model file became the cells of the proof: positions first, channels fastest. */
export interface Layout {
  /** The shape in the model file. */
  readonly shape: readonly number[];
  /** The shape whose axes `axes` names: the same elements in the same row-major order. */
  readonly split: readonly number[];
  /** The axes in the order of the cells, slowest first. */
  readonly axes: readonly number[];
}

/** Most axes, and most elements, that a tensor has. */
const MAX_AXES = 16;
const MAX_ELEMENTS = 2 ** 28;

/**
 * The layout that an annotation gives for an input or output: `undefined` when it is none. Without a `layout`, elements are in the order of
 * the cells.
 */
export function layoutOf(shape: unknown, layout: unknown): Layout | undefined {
  if (!isShape(shape)) return undefined;
  if (layout === undefined) return { shape, split: shape, axes: shape.map((_, axis) => axis) };
  if (typeof layout !== "object" || layout === null) return undefined;
  const { positions, channels, split = [] } = layout as Record<string, unknown>;
  if (!Array.isArray(positions) || !Array.isArray(channels) || !Array.isArray(split)) return undefined;
  if (positions.length + channels.length > 2 * MAX_AXES) return undefined;
  const own = split.length === 0 ? shape : split;
  if (!isShape(own) || elements(own) !== elements(shape)) return undefined;
  const axes = [...positions.filter((axis) => axis !== null), ...channels] as unknown[];
  const known = axes.every((axis) => typeof axis === "number" && Number.isInteger(axis) && axis >= 0 && axis < own.length);
  const once = new Set(axes).size === axes.length;
  const all = own.every((length, axis) => length === 1 || axes.includes(axis));
  return known && once && all ? { shape, split: own, axes: axes as number[] } : undefined;
}

/** A public tensor with the shape and order of elements of the model file; unchanged when the layout is not one of its values. */
export function arrange(tensor: PublicTensor, layout: Layout | undefined, inferences: number): PublicTensor {
  if (!layout || tensor.values.length !== inferences * elements(layout.shape)) return tensor;
  const shape = inferences > 1 ? [inferences, ...layout.shape] : layout.shape;
  const values = tensor.values.slice();
  const cells = cellsOf(layout);
  for (let first = 0; first < values.length; first += cells.length) {
    for (const [cell, element] of cells.entries()) values[first + element] = tensor.values[first + cell]!;
  }
  return { ...tensor, shape, values };
}

/** For each cell, the index of its element. */
function cellsOf({ split, axes }: Layout): Uint32Array {
  const stride = (axis: number): number => elements(split.slice(axis + 1));
  let cells = Uint32Array.of(0);
  for (const axis of axes) {
    const length = split[axis]!;
    const step = stride(axis);
    const next = new Uint32Array(cells.length * length);
    for (const [index, cell] of cells.entries()) {
      for (let i = 0; i < length; i++) next[index * length + i] = cell + i * step;
    }
    cells = next;
  }
  return cells;
}

function isShape(shape: unknown): shape is number[] {
  if (!Array.isArray(shape) || shape.length > MAX_AXES) return false;
  const positive = (length: unknown): boolean => typeof length === "number" && Number.isInteger(length) && length > 0;
  return shape.every(positive) && elements(shape as number[]) <= MAX_ELEMENTS;
}

function elements(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}
