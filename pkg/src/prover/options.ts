import { TensorsealError } from "../error.js";
import type { CreateOptions, Hidden, Input, PortInfo, ProveOptions, RunOptions } from "./types.js";

const CREATE_OPTIONS: readonly string[] = [
  "model",
  "tables",
  "maxMemoryBytes",
  "worker",
  "wasm",
  "threads",
  "onProgress",
  "signal",
] satisfies readonly (keyof CreateOptions)[];

/** Refuses an option that is misspelt, rather than ignore it. */
export function checkCreateOptions(options: CreateOptions): void {
  checkNames(options, CREATE_OPTIONS);
  const { model, tables, maxMemoryBytes, threads } = options;
  if (model !== undefined && !(typeof model === "string" && /^[0-9a-f]{64}$/i.test(model))) {
    throw new TypeError("model must be 64 hexadecimal digits");
  }
  if (tables !== undefined && !Array.isArray(tables)) throw new TypeError("tables must be an array of sources");
  if (maxMemoryBytes !== undefined && !(typeof maxMemoryBytes === "number" && maxMemoryBytes > 0)) {
    throw new TypeError("maxMemoryBytes must be a positive number");
  }
  if (threads !== undefined && !(Number.isInteger(threads) && threads > 0)) {
    throw new TypeError("threads must be a positive integer");
  }
}

/** As {@link checkCreateOptions}, for runs and proofs. */
export function checkRunOptions(options: ProveOptions, names: readonly (keyof ProveOptions | keyof RunOptions)[]): void {
  checkNames(options, names);
  if (options.context !== undefined && !(options.context instanceof Uint8Array)) {
    throw new TypeError("context must be a Uint8Array");
  }
}

function checkNames(options: object, names: readonly string[]): void {
  if (typeof options !== "object" || options === null) throw new TypeError("options must be an object");
  const unknown = Object.keys(options).find((name) => !names.includes(name));
  if (unknown !== undefined) throw new TypeError(`there is no option \`${unknown}\``);
}

/** What stays hidden: the inputs, unless the caller says otherwise. */
export function hiddenOf(hide: ProveOptions["hide"] = "input"): readonly Hidden[] {
  const list = typeof hide === "string" ? [hide] : hide;
  if (!Array.isArray(list) || !list.every((what) => what === "input" || what === "output")) {
    throw new TypeError('hide must be "input", "output" or an array of these');
  }
  return list;
}

/** The inputs in the order of the ports. */
export function arrange(input: Input, ports: readonly PortInfo[]): Float32Array[] {
  if (isValues(input)) {
    const [port] = ports;
    if (ports.length !== 1 || !port) {
      throw new TypeError(`the network has ${ports.length} inputs: give an object with ${names(ports)}`);
    }
    return [valuesOf(port, input)];
  }
  if (typeof input !== "object" || input === null) {
    throw new TypeError("the input must be a Float32Array, an array of numbers or an object of these");
  }
  const unknown = Object.keys(input).find((name) => !ports.some((port) => port.name === name));
  if (unknown !== undefined) {
    throw new TensorsealError("invalid-input", `the network has no input \`${unknown}\`, only ${names(ports)}`);
  }
  return ports.map((port) => valuesOf(port, Object.hasOwn(input, port.name) ? input[port.name] : undefined));
}

function isValues(input: unknown): input is Float32Array | readonly number[] {
  return input instanceof Float32Array || Array.isArray(input);
}

/** A copy, which may be sent to a worker. */
function valuesOf({ name, shape }: PortInfo, values: unknown): Float32Array {
  if (values === undefined) throw new TensorsealError("invalid-input", `the input \`${name}\` is missing`);
  if (!isValues(values)) throw new TypeError(`the input \`${name}\` must be a Float32Array or an array of numbers`);
  const count = shape.reduce((product, length) => product * length, 1);
  if (values.length !== count) {
    const has = `the input \`${name}\` has ${values.length} values`;
    throw new TensorsealError("invalid-input", `${has}, not the ${count} of its shape [${shape.join(", ")}]`);
  }
  if (!values.every((value) => typeof value === "number")) {
    throw new TypeError(`the input \`${name}\` must hold numbers`);
  }
  return Float32Array.from(values);
}

function names(ports: readonly PortInfo[]): string {
  return ports.map((port) => `\`${port.name}\``).join(", ");
}
