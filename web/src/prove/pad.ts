// The sheet to draw on.
import { paint } from "../picture.js";
import { dotsOf, type Point, SIDE, trace } from "./dots.js";

/** Width of the pen, as a share of the sheet. */
const PEN = 0.085;

/** A canvas that one can draw on, or that shows a sample. */
export class Pad {
  readonly #canvas: HTMLCanvasElement;
  readonly #onChange: (dots: Float32Array | undefined) => void;
  #strokes: Point[][] = [];

  /** `onChange` gets the dots, or nothing when the sheet is empty. */
  constructor(canvas: HTMLCanvasElement, onChange: (dots: Float32Array | undefined) => void) {
    this.#canvas = canvas;
    this.#onChange = onChange;
    canvas.addEventListener("pointerdown", this.#begin);
    canvas.addEventListener("pointermove", this.#extend);
  }

  /** An empty sheet. */
  clear(): void {
    this.#strokes = [];
    this.#draw();
    this.#onChange(undefined);
  }

  /** Shows a sample, which the next stroke replaces. */
  show(dots: Float32Array): void {
    this.#strokes = [];
    const small = document.createElement("canvas");
    paint(small, dots, SIDE);
    const context = this.#context();
    context.imageSmoothingEnabled = false;
    context.drawImage(small, 0, 0, this.#canvas.width, this.#canvas.height);
    this.#onChange(dots);
  }

  readonly #begin = (event: PointerEvent): void => {
    if (event.button !== 0) return;
    event.preventDefault();
    this.#canvas.setPointerCapture(event.pointerId);
    this.#strokes.push([this.#place(event)]);
    this.#changed();
  };

  readonly #extend = (event: PointerEvent): void => {
    if (!this.#canvas.hasPointerCapture(event.pointerId)) return;
    const moves = event.getCoalescedEvents?.() ?? [];
    this.#strokes.at(-1)?.push(...(moves.length > 0 ? moves : [event]).map((move) => this.#place(move)));
    this.#changed();
  };

  #place({ clientX, clientY }: PointerEvent): Point {
    const { left, top, width } = this.#canvas.getBoundingClientRect();
    const scale = this.#canvas.width / width;
    return { x: (clientX - left) * scale, y: (clientY - top) * scale };
  }

  #changed(): void {
    this.#draw();
    this.#onChange(dotsOf(this.#strokes, this.#canvas.width));
  }

  #draw(): void {
    const context = this.#context();
    context.strokeStyle = "#181e1b";
    context.lineWidth = PEN * this.#canvas.width;
    trace(context, this.#strokes);
  }

  /** The context of the canvas, with nothing on it. */
  #context(): CanvasRenderingContext2D {
    const context = this.#canvas.getContext("2d")!;
    context.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
    return context;
  }
}
