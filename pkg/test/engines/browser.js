// One page in one of three engines: chromium, firefox or webkit.
import * as chromium from "./chromium.js";
import * as firefox from "./firefox.js";
import * as webkit from "./webkit.js";

const ENGINES = { chromium, firefox, webkit };

/**
 * The engines that `ENGINES` asks for, by their names with commas between them; without it Chromium alone.
 *
 * One that is asked for and cannot be started is an error, never left out.
 */
export function engines() {
  const names = (process.env.ENGINES || "chromium").split(",");
  const unknown = names.find((name) => !Object.hasOwn(ENGINES, name));
  if (unknown !== undefined) throw new Error(`there is no engine ${unknown}: name some of ${Object.keys(ENGINES)}`);
  return names;
}

/**
 * Starts a browser and opens a page.
 *
 * @returns the browser's `version`; `evaluate(f, argument)`, which runs a function in the page with plain data in and out and rejects with
 *   what it throws; `close()`
 */
export async function open(engine, url) {
  const driver = await ENGINES[engine].start();
  try {
    await driver.goto(url);
  } catch (error) {
    await driver.close();
    throw error;
  }
  const { version, close } = driver;
  const evaluate = async (f, argument = null) => {
    // Text in and out: every protocol has it, and none changes it.
    const answer = JSON.parse(await driver.call(wrapped(f), JSON.stringify(argument)));
    if ("error" in answer) throw new Error(`in ${engine}: ${answer.error}`);
    return answer.value;
  };
  return { version, evaluate, close };
}

/** The text of a function from text to text, which never rejects. */
function wrapped(f) {
  return `async (text) => {
    try {
      return JSON.stringify({ value: (await (${f})(JSON.parse(text))) ?? null });
    } catch (error) {
      return JSON.stringify({ error: String(error) + "\\n" + (error?.stack ?? "") });
    }
  }`;
}
