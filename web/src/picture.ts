// Small grey pictures on canvases, in the colours of the page.

/** Paints `side × side` values, the greatest as ink, the least as paper. */
export function paint(canvas: HTMLCanvasElement, values: ArrayLike<number>, side: number): void {
  canvas.width = canvas.height = side;
  const context = canvas.getContext("2d");
  if (!context) return;
  let greatest = Number.MIN_VALUE;
  for (let index = 0; index < values.length; index++) greatest = Math.max(greatest, values[index]!);
  const image = context.createImageData(side, side);
  for (let index = 0; index < side * side; index++) {
    // Ink without colour of its own: the style sheet gives the canvas a background, and inverts it in the dark.
    image.data.set([24, 30, 27, Math.round((255 * Math.max(0, values[index] ?? 0)) / greatest)], 4 * index);
  }
  context.putImageData(image, 0, 0);
}
