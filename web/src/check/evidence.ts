// What visitors give to be checked: files and addresses, told apart by their first bytes.
import { message } from "../dom.js";

/** What a file of tensorseal is. */
export type Kind = "key" | "proof" | "bundle" | "opening" | "secret" | "unknown";

/** Something to check. */
export interface Evidence {
  readonly name: string;
  readonly kind: Kind;
  /** Its bytes; of a bundle on a server that gives parts of it, its address. */
  readonly content: Blob | string;
}

const KINDS: Readonly<Record<string, Kind>> = {
  TSvk: "key",
  TSpf: "proof",
  TSpb: "proof",
  TSbn: "bundle",
  TSop: "opening",
  TSpk: "secret",
  TSos: "secret",
};

/** Kinds in words. */
export const WORDS: Readonly<Record<Kind, string>> = {
  key: "verifying key",
  proof: "proof",
  bundle: "bundle of proofs",
  opening: "opening",
  secret: "a secret of the publisher",
  unknown: "not a file of tensorseal",
};

const MARK_BYTES = 4;

/** A file as evidence. */
export async function fromFile(file: File): Promise<Evidence> {
  return { name: file.name, kind: await kindOf(file), content: file };
}

/**
 * What lies at an address. A bundle on a server that gives parts of files is not downloaded: it is read part by part when it is checked.
 *
 * @throws Error in words for the visitor
 */
export async function fromAddress(address: string): Promise<Evidence> {
  const url = new URL(address, location.href);
  const name = decodeURIComponent(url.pathname.split("/").pop() || url.host);
  const start = await get(url, { Range: `bytes=0-${MARK_BYTES - 1}` });
  const head = await start.blob();
  if (start.status !== 206) return { name, kind: await kindOf(head), content: head };
  const kind = await kindOf(head);
  return { name, kind, content: kind === "bundle" ? url.href : await (await get(url, {})).blob() };
}

async function get(url: URL, headers: Record<string, string>): Promise<Response> {
  const response = await fetch(url, { headers, credentials: "omit", referrerPolicy: "no-referrer" }).catch((error: unknown) => {
    throw new Error(
      `${url.href} cannot be read (${message(error)}). The address may be wrong, or its server does not let other sites read it (CORS).`,
    );
  });
  if (!response.ok) throw new Error(`${url.href} cannot be read: its server answers ${response.status}.`);
  return response;
}

async function kindOf(content: Blob): Promise<Kind> {
  const mark = new TextDecoder("latin1").decode(await content.slice(0, MARK_BYTES).arrayBuffer());
  return (Object.hasOwn(KINDS, mark) && KINDS[mark]) || "unknown";
}

/** All files of a drop, those in folders too. */
export async function filesOf(transfer: DataTransfer): Promise<File[]> {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter((entry) => entry != null);
  if (!entries.some((entry) => entry.isDirectory)) return [...transfer.files];
  const found: File[] = [];
  for (const entry of entries) await collect(entry, found);
  return found;
}

async function collect(entry: FileSystemEntry, found: File[]): Promise<void> {
  if (entry.isFile) {
    found.push(await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject)));
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    // A reader gives a folder's entries in portions, and none at the end.
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return;
    for (const inner of some.sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }))) await collect(inner, found);
  }
}
