// Programs that a test starts and ends.
import { spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { createServer } from "node:net";
import { delimiter, join } from "node:path";

/** The program that an environment variable names, or the first of `names` in `PATH`. */
export function find(variable, names) {
  if (process.env[variable]) return process.env[variable];
  const folders = (process.env.PATH ?? "").split(delimiter);
  const found = names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable);
  if (!found) throw new Error(`there is no ${names[0]} in PATH: run \`cargo xtask setup\`, or set ${variable}`);
  return found;
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Starts a program with all that it starts; `end` ends all of them. `output` is what it has said so far. */
export function run(program, args, env = {}) {
  const child = spawn(program, args, { detached: true, stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...env } });
  const state = { output: "", ended: false };
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (state.output += chunk));
  const gone = new Promise((resolve) => {
    const ended = (reason) => {
      state.ended = true;
      state.output += `\n(${reason})`;
      resolve();
    };
    child.once("error", (error) => ended(error.message));
    child.once("exit", (code, signal) => ended(`ended: ${code ?? signal}`));
  });
  const end = async () => {
    // The group, so that a browser goes with the driver that started it.
    if (child.pid !== undefined) signal(-child.pid, "SIGTERM");
    const late = setTimeout(() => child.pid !== undefined && signal(-child.pid, "SIGKILL"), 5000);
    await gone;
    clearTimeout(late);
  };
  return { state, end };
}

function signal(group, name) {
  try {
    process.kill(group, name);
  } catch (error) {
    if (error.code !== "ESRCH") throw error;
  }
}

/** What `look` finds, as soon as it finds something; an error with what the program said when it ends before or takes too long. */
export async function waitFor({ state }, what, look) {
  for (const deadline = Date.now() + 60_000; Date.now() < deadline && !state.ended; ) {
    const found = await look(state.output);
    if (found) return found;
    await new Promise((resume) => setTimeout(resume, 50));
  }
  throw new Error(`no ${what}: ${state.output}`);
}

/** A port that nothing listens on. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
