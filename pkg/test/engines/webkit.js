// WebKitGTK, by the WebDriver protocol of its driver, on a screen that is not there.
import { find, freePort, run, waitFor } from "./program.js";

/** Milliseconds that a call in the page may take. */
const PATIENCE = 300_000;

export async function start() {
  const driver = find("WEBKITDRIVER", ["WebKitWebDriver"]);
  const screen = find("XVFB_RUN", ["xvfb-run"]);
  const bus = find("DBUS_RUN_SESSION", ["dbus-run-session"]);
  const port = await freePort();
  // WebKit's sandbox does not work for root.
  const env = process.getuid?.() === 0 ? { WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: "1" } : {};
  const program = run(screen, ["-a", bus, "--", driver, `--port=${port}`], env);
  const address = `http://127.0.0.1:${port}`;
  let session;
  const close = async () => {
    if (session) await send("DELETE", session).catch(() => undefined);
    await program.end();
  };
  try {
    await waitFor(program, "WebKitWebDriver", () => fetch(`${address}/status`).then(({ ok }) => ok, () => false));
    const { sessionId, capabilities } = await send("POST", `${address}/session`, {
      capabilities: { alwaysMatch: { timeouts: { script: PATIENCE, pageLoad: PATIENCE } } },
    });
    session = `${address}/session/${sessionId}`;
    return {
      version: `WebKitGTK ${capabilities.browserVersion}`,
      goto: (url) => send("POST", `${session}/url`, { url }),
      call: (f, text) =>
        send("POST", `${session}/execute/async`, { script: `(${f})(arguments[0]).then(arguments[1])`, args: [text] }),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function send(method, url, body) {
  const response = await fetch(url, {
    method,
    ...(body ? { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } } : {}),
  });
  const { value } = await response.json();
  if (!response.ok) throw new Error(`${method} ${url}: ${value.error}: ${value.message}`);
  return value;
}
