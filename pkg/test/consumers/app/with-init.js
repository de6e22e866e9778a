// With a bundler that leaves the modules' addresses alone: the application says where the modules are.
import { init } from "tensorseal";
import verifier from "tensorseal/verifier.wasm";
import full from "tensorseal/verifier-full.wasm";

const at = (address) => new URL(address, import.meta.url);
void init(at(verifier), at(full));
await import("./verify.js");
