// Where things are.
import { fileURLToPath } from "node:url";

/** The folder of a path that is relative to this one. */
export const at = (path) => fileURLToPath(new URL(path, import.meta.url));

/** Where the tarball and what is built from it lie. */
export const BUILT = at("built/");

export const TARBALL = `${BUILT}tensorseal.tgz`;

/** The package, unpacked as a user has it. */
export const INSTALLED = at("node_modules/tensorseal/");

/** The keys of a small network. */
export const SEALED = `${BUILT}sealed/`;
