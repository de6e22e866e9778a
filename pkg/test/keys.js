// Keys of the networks in models/, made by the native command, with an input and what the native prover makes of it.
//
// `TENSORSEAL` names the command; `cargo xtask test` builds it.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "tensorseal-keys-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

/** Each network's file, the data that it is calibrated with, and the file of an input. */
export const networks = {
  mlp_784_128_10: ["mlp_784_128_10", "mlp_784_128_10_calibration.npz", "mlp_784_128_10_input.json"],
  digits_mlp: ["digits_mlp", "digits_mlp_calibration.npz", "digits_mlp_input.json"],
  digits_demo: ["digits_demo", "digits_demo_calibration.npz", "digits_demo_input.json"],
  digits_cnn: ["digits_cnn", "digits_cnn_calibration.npz", "digits_cnn_input.json"],
  lenet5: ["lenet5", "lenet5_calibration.npz", "lenet5_input.json"],
  digits_cnn_qdq_u8s8: ["quantised/digits_cnn_qdq_u8s8", "digits_cnn_calibration.npz", "digits_cnn_input.json"],
};

/** Runs the native command and gives what it prints. */
export function tensorseal(...args) {
  const command = process.env.TENSORSEAL;
  if (!command) throw new Error("set TENSORSEAL to the command: `cargo xtask test` does, or `cargo build -p tensorseal-cli`");
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: "utf8", maxBuffer: 2 ** 26 });
  if (error) throw error;
  if (status !== 0) throw new Error(`tensorseal ${args.join(" ")}: ${stderr}`);
  return stdout;
}

/** A file in the tests' own folder. */
export const scratch = (name) => join(folder, name);

function setup() {
  const path = scratch("dev.srs");
  if (!existsSync(path)) tensorseal("setup", "--dev", "--power", "17", "-o", path);
  return path;
}

const made = new Map();

/** The keys of a network, an input by its names, and the native prover's outputs and proof. */
export function keysOf(name) {
  if (!made.has(name)) made.set(name, make(name));
  return made.get(name);
}

function make(name) {
  const [file, calibration, input] = networks[name];
  const models = join(root, "models");
  const sealed = scratch(name);
  mkdirSync(sealed, { recursive: true });
  tensorseal("compile", join(models, `${file}.onnx`), "--calibration", join(models, calibration), "--srs", setup(), "-o", sealed);
  const inputFile = join(models, input);
  const proofFile = join(sealed, "native.proof");
  const native = JSON.parse(tensorseal("prove", sealed, "--input", inputFile, "-o", proofFile, "--json"));
  return {
    key: readFileSync(join(sealed, "model.pk")),
    verifyingFile: join(sealed, "model.vk"),
    verifying: readFileSync(join(sealed, "model.vk")),
    input: flat(JSON.parse(readFileSync(inputFile, "utf8"))),
    native: { proof: readFileSync(proofFile), outputs: native.outputs },
  };
}

/** Keys of a network whose functions stand in a large table, with the cached points of all its rows. */
export function withLargeTable() {
  const [srs, sealed, cache] = ["large.srs", "large", "points"].map(scratch);
  const models = join(root, "models");
  const input = join(models, "digits_mlp_input.json");
  const calibration = join(models, "digits_mlp_calibration.npz");
  tensorseal("setup", "--dev", "--power", "13", "--powers-g2", "2048", "-o", srs);
  const options = ["--calibration", calibration, "--srs", srs, "--tables", "large", "--cache", cache];
  tensorseal("compile", join(models, "digits_mlp.onnx"), ...options, "-o", sealed);
  const { tables } = JSON.parse(tensorseal("preprocess", sealed, "--srs", srs, "--cache", cache, "--json"));
  return {
    key: readFileSync(join(sealed, "model.pk")),
    verifying: readFileSync(join(sealed, "model.vk")),
    tables: tables.map(({ file }) => readFileSync(file)),
    input: flat(JSON.parse(readFileSync(input, "utf8"))),
  };
}

/** The arrays of an input file as typed arrays. */
function flat(file) {
  return Object.fromEntries(Object.entries(file).map(([name, values]) => [name, Float32Array.from([values].flat(Infinity))]));
}
