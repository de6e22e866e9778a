// What an application does: it verifies a proof.
import { loadKey, verify } from "tensorseal";

async function run() {
  const key = await loadKey(new URL("files/model.vk", document.baseURI));
  const { code, setup, public: shown } = await verify(key, new URL("files/proof.bin", document.baseURI));
  return { code, setup, shown: shown.map(({ role, name }) => `${role} ${name}`) };
}

run().then(
  (result) => (globalThis.result = result),
  (error) => (globalThis.result = { error: String(error) }),
);
