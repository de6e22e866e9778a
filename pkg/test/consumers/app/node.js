// What a program in Node does: it verifies a proof.
import { loadKey, verify } from "tensorseal";

const file = (name) => new URL(`../../../../tests/vectors/demo/${name}`, import.meta.url);
const key = await loadKey(file("model.vk"));
const { code, setup } = await verify(key, file("proof.bin"));
console.log(JSON.stringify({ code, setup }));
