// With a bundler that leaves the module's address alone: the application says where the module is.
import { init } from "tensorseal";
import address from "tensorseal/verifier.wasm";

void init(new URL(address, import.meta.url));
await import("./verify.js");
