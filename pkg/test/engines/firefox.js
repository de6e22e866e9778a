// Firefox, by WebDriver BiDi, which it speaks itself: no driver beside it.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { WebSocket } from "ws";

import { find, run, waitFor } from "./program.js";

export async function start() {
  const firefox = find("FIREFOX", ["firefox-esr", "firefox"]);
  const profile = mkdtempSync(join(tmpdir(), "tensorseal-firefox-"));
  // A home of its own: that of a service may not be writable.
  const program = run(firefox, ["-headless", "-no-remote", "-profile", profile, "--remote-debugging-port", "0"], { HOME: profile });
  let socket;
  const close = async () => {
    socket?.close();
    await program.end();
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const address = await waitFor(program, "WebDriver BiDi in Firefox", (said) => /BiDi listening on (ws:\S+)/.exec(said)?.[1]);
    socket = await connect(`${address}/session`);
    const send = commands(socket);
    const { capabilities } = await send("session.new", { capabilities: {} });
    const { contexts } = await send("browsingContext.getTree", {});
    const { context } = contexts[0];
    return {
      version: `Firefox ${capabilities.browserVersion}`,
      goto: (url) => send("browsingContext.navigate", { context, url, wait: "complete" }),
      call: async (f, text) => {
        const { result, exceptionDetails } = await send("script.callFunction", {
          functionDeclaration: f,
          arguments: [{ type: "string", value: text }],
          target: { context },
          awaitPromise: true,
        });
        if (exceptionDetails) throw new Error(exceptionDetails.text);
        return result.value;
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function connect(address) {
  const socket = new WebSocket(address, { maxPayload: 2 ** 28 });
  return new Promise((resolve, reject) => {
    socket.once("open", () => resolve(socket));
    socket.once("error", reject);
  });
}

/** Sends a command and gives its result. */
function commands(socket) {
  const waiting = new Map();
  socket.on("message", (data) => {
    const { id, type, result, error, message } = JSON.parse(data);
    const command = waiting.get(id);
    if (!command) return;
    waiting.delete(id);
    if (type === "success") command.resolve(result);
    else command.reject(new Error(`${command.method}: ${error}: ${message}`));
  });
  socket.on("close", () => {
    for (const { method, reject } of waiting.values()) reject(new Error(`${method}: Firefox has gone`));
    waiting.clear();
  });
  let last = 0;
  return (method, params) =>
    new Promise((resolve, reject) => {
      waiting.set(++last, { method, resolve, reject });
      socket.send(JSON.stringify({ id: last, method, params }));
    });
}
