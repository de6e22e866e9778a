// Making and finding elements. Text from keys and proofs is only ever set as text, never as markup.

/** An element of `index.html`. */
export function element<Kind extends HTMLElement = HTMLElement>(id: string): Kind {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no element #${id}`);
  return found as Kind;
}

/** A new element with its properties and children. */
export function make<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  properties: Partial<HTMLElementTagNameMap[Tag]> = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

/** A button that says what it does. */
export function button(text: string, className: string, onclick: () => void): HTMLButtonElement {
  return make("button", { type: "button", className, textContent: text, onclick });
}

/** Hands the visitor a file. */
export function download(name: string, content: Uint8Array | string): void {
  const url = URL.createObjectURL(new Blob([content as BlobPart]));
  make("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** A whole number with separators. */
export const whole = (value: number): string => value.toLocaleString("en");

/** A number of things: `1 proof`, `2 proofs`. */
export const counted = (value: number, thing: string): string => `${whole(value)} ${thing}${value === 1 ? "" : "s"}`;

/** A time span in the unit that suits it. Clocks that tick once a millisecond show shorter spans as zero. */
export function duration(milliseconds: number): string {
  if (milliseconds === 0) return "under 1 ms";
  if (milliseconds < 100) return `${milliseconds.toFixed(1)} ms`;
  if (milliseconds < 1000) return `${milliseconds.toFixed(0)} ms`;
  return `${(milliseconds / 1000).toFixed(milliseconds < 10_000 ? 2 : 1)} s`;
}

/** What went wrong, in the words of whoever threw it. */
export const message = (error: unknown): string => (error instanceof Error ? error.message : String(error));
