// The three sections, one at a time, by the address behind `#`. Links and the back button work as everywhere.
import { element } from "./dom.js";

const SECTIONS = ["check", "prove", "how"] as const;
export type Section = (typeof SECTIONS)[number];

type Listener = (parameters: URLSearchParams) => void;
const listeners = new Map<Section, Listener>();
let shown: Section | undefined;

/** Calls `listener` whenever the section is entered or its parameters change. */
export function whenShown(section: Section, listener: Listener): void {
  listeners.set(section, listener);
}

/** Goes to a section. */
export function go(section: Section): void {
  location.hash = section;
}

/** Shows the section of the address, now and whenever it changes. */
export function startRouting(): void {
  addEventListener("hashchange", () => follow(true));
  follow(false);
}

function follow(moved: boolean): void {
  const [name = "", query = ""] = location.hash.slice(1).split("?", 2);
  const section = SECTIONS.find((known) => known === name) ?? "check";
  if (section !== shown) show(section, moved);
  listeners.get(section)?.(new URLSearchParams(query));
}

function show(section: Section, moved: boolean): void {
  shown = section;
  for (const other of SECTIONS) {
    element(other).hidden = other !== section;
    const link = element(`to-${other}`);
    if (other === section) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const heading = element(`${section}-heading`);
  document.title = `${heading.textContent} – tensorseal`;
  if (!moved) return;
  // Whoever cannot see the section change hears its heading.
  heading.focus({ preventScroll: true });
  scrollTo({ top: 0 });
}
