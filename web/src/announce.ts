// For those who hear the page: what has changed, said once.
import { element } from "./dom.js";

/** Has `text` read out when the reader is idle. */
export function announce(text: string): void {
  element("announcer").textContent = text;
}
