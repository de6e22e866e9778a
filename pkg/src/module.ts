import { bytesOf } from "./source.js";
import type { Source } from "./types.js";

/** What WebAssembly is instantiated from: of what comes from the network a response, which is compiled while it arrives. */
export async function moduleOf(source: Source | WebAssembly.Module): Promise<Response | Uint8Array | WebAssembly.Module> {
  if (source instanceof WebAssembly.Module) return source;
  const remote =
    (typeof source === "string" || source instanceof URL) && !String(source).startsWith("file:");
  const response = remote ? await fetch(source) : source;
  return response instanceof Response && response.ok ? response : bytesOf(response, "the module");
}
