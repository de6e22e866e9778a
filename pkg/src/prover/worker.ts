/**
 * The worker in which a prover works: the entry `tensorseal/worker`, for pages that make their workers themselves.
 *
 * @module
 */
import { type Call, Desk, type Message } from "./channel.js";

const desk = new Desk();
const say = (message: Message): void => postMessage(message);

addEventListener("message", ({ data }: MessageEvent<Call>) => {
  desk
    .answer(data, (progress) => say({ kind: "progress", progress }))
    .then((result) => say({ kind: "result", result }))
    .catch((error: unknown) => {
      const { code, message } = error as { code?: string; message?: string };
      say({ kind: "error", code, message: message ?? String(error) });
    });
});
