// With a bundler that knows workers, or with none: nothing to set.
import { prove, tell } from "./proof.js";

tell(prove(new URL("sealed/model.pk", document.baseURI)));
