// Starts the page.
import "./style/base.css";
import "./style/check.css";
import "./style/how.css";
import "./style/prove.css";
import "./style/seal.css";

import { startCheck } from "./check/view.js";
import { element } from "./dom.js";
import { startHow } from "./how/view.js";
import { startProve } from "./prove/view.js";
import { startRouting } from "./route.js";
import { seal } from "./seal.js";

element("brand-seal").append(seal(undefined, "waiting"));
element("intake-seal").append(seal(undefined, "empty"));
element("skip").addEventListener("click", (event) => {
  // The address behind `#` names the section, so this link must not change it.
  event.preventDefault();
  element("main").focus();
});
startCheck();
startProve();
startHow();
startRouting();
