// What a program in Node does: it verifies a proof, and proves an answer.
import { loadKey, verify } from "tensorseal";

import { prove } from "./proof.js";

const file = (path) => new URL(path, import.meta.url);
const key = await loadKey(file("../../../../tests/vectors/demo/model.vk"));
const { code, setup } = await verify(key, file("../../../../tests/vectors/demo/proof.bin"));
const proved = await prove(file("../built/sealed/model.pk"));
console.log(JSON.stringify({ code, setup, proved }));
