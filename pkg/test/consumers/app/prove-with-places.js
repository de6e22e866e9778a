// With a bundler that leaves addresses alone: the application says where the worker and the modules are.
import { init } from "tensorseal";
import prover from "tensorseal/prover.wasm";
import verifier from "tensorseal/verifier.wasm";

import { prove, tell } from "./proof.js";

const at = (address) => new URL(address, import.meta.url);
void init(at(verifier));
const worker = () => new Worker(at("./worker.js"), { type: "module" });
tell(prove(new URL("sealed/model.pk", document.baseURI), { worker, wasm: at(prover) }));
