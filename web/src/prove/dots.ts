// From strokes to what the network sees: 8 by 8 dots, as its training data were made. The writing is set upright and scaled to fill the
// square, drawn as a bitmap, and each dot is the share of ink in its square, in seventeen shades.

/** A point of a stroke, in any unit. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

export type Stroke = readonly Point[];

/** Dots in a row and rows. */
export const SIDE = 8;
/** Pixels of the bitmap that make up one side of a dot. */
const FINE = 16;
/** Width of the pen, in dots: that of the people who wrote the training data. */
const PEN = 1.5;
/** How much of the writing's slant is undone, and the most that counts as slant. */
const UPRIGHT = 0.8;
const MOST_SLANT = 0.4;
/** Writing smaller than this, as a share of the pad, is not enlarged to fill the square: a dot stays a dot. */
const LEAST_SIZE = 0.22;
const SHADES = 16;

/** The dots for strokes on a pad of side `pad`, row by row, 0 for paper to 1 for ink. */
export function dotsOf(strokes: readonly Stroke[], pad: number): Float32Array {
  const size = SIDE * FINE;
  const canvas = new OffscreenCanvas(size, size);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const shear = UPRIGHT * slantOf(strokes.flat());
  const upright = strokes.map((stroke) => stroke.map(({ x, y }) => ({ x: x - shear * y, y })));
  const points = upright.flat();
  if (!context || points.length === 0) return new Float32Array(SIDE * SIDE);
  const [left, right] = range(points.map(({ x }) => x));
  const [top, bottom] = range(points.map(({ y }) => y));
  const extent = Math.max(right - left, bottom - top, LEAST_SIZE * pad);
  const scale = (size - PEN * FINE) / extent;
  context.translate(size / 2, size / 2);
  context.scale(scale, scale);
  context.translate(-(left + right) / 2, -(top + bottom) / 2);
  context.lineWidth = (PEN * FINE) / scale;
  trace(context, upright);
  const { data } = context.getImageData(0, 0, size, size);
  return Float32Array.from({ length: SIDE * SIDE }, (_, dot) => {
    const [column, row] = [dot % SIDE, Math.floor(dot / SIDE)];
    let ink = 0;
    for (let y = row * FINE; y < (row + 1) * FINE; y++) {
      for (let x = column * FINE; x < (column + 1) * FINE; x++) ink += data[4 * (y * size + x) + 3]!;
    }
    return Math.round((SHADES * ink) / (255 * FINE * FINE)) / SHADES;
  });
}

/** How far to the right the writing leans for each step down: the slope of the line of x over y that fits its points best. */
function slantOf(points: readonly Point[]): number {
  const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / Math.max(values.length, 1);
  const [x, y] = [mean(points.map((point) => point.x)), mean(points.map((point) => point.y))];
  const both = mean(points.map((point) => (point.x - x) * (point.y - y)));
  const height = mean(points.map((point) => (point.y - y) ** 2));
  return height > 0 ? Math.max(-MOST_SLANT, Math.min(MOST_SLANT, both / height)) : 0;
}

/** Draws strokes with round ends, smoothly through their points. */
export function trace(context: CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D, strokes: readonly Stroke[]): void {
  context.lineCap = context.lineJoin = "round";
  for (const stroke of strokes) {
    const [first] = stroke;
    if (!first) continue;
    context.beginPath();
    context.moveTo(first.x, first.y);
    // Each point bends the line between the middles of its two neighbours.
    for (let index = 1; index < stroke.length - 1; index++) {
      const [point, next] = [stroke[index]!, stroke[index + 1]!];
      context.quadraticCurveTo(point.x, point.y, (point.x + next.x) / 2, (point.y + next.y) / 2);
    }
    const last = stroke.at(-1)!;
    context.lineTo(last.x, last.y);
    context.stroke();
  }
}

function range(values: readonly number[]): [least: number, greatest: number] {
  let [least, greatest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    least = Math.min(least, value);
    greatest = Math.max(greatest, value);
  }
  return [least, greatest];
}
