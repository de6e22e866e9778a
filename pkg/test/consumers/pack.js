// Packs the package as it would be published and installs it for the consumers, and makes a proving key for them:
// `node test/consumers/pack.js`. `TENSORSEAL` names the native command; `cargo xtask test` builds it.
import { execFileSync } from "node:child_process";
import { mkdirSync, renameSync, rmSync } from "node:fs";

import { at, BUILT, INSTALLED, TARBALL } from "./places.js";

const npm = process.platform === "win32" ? "npm.cmd" : "npm";

const tensorseal = process.env.TENSORSEAL;
if (!tensorseal) throw new Error("set TENSORSEAL to the command: `cargo xtask test` does, or `cargo build -p tensorseal-cli`");

rmSync(BUILT, { recursive: true, force: true });
mkdirSync(BUILT);
const packed = execFileSync(npm, ["pack", "--json", "--pack-destination", BUILT], { cwd: at("../.."), encoding: "utf8" });
const [{ filename, size, unpackedSize, files }] = JSON.parse(packed);
renameSync(`${BUILT}${filename}`, TARBALL);
// An installed package of the same version would stay.
rmSync(INSTALLED, { recursive: true, force: true });
execFileSync(npm, ["install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error", TARBALL], {
  cwd: at("."),
  stdio: "inherit",
});
console.log(`${filename}: ${files.length} files, ${size} bytes, ${unpackedSize} unpacked`);
execFileSync(tensorseal, ["demo", "--output", `${BUILT}sealed`, "--json"], { stdio: ["ignore", "ignore", "inherit"] });
