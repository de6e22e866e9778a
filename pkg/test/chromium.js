// Headless Chromium: the one that CHROME names, or one in PATH.
import { chromium } from "playwright-core";

import { find } from "./engines/program.js";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

const ARGUMENTS = [
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-dev-shm-usage",
];

export function launch() {
  // Chromium's sandbox does not work for root.
  const sandbox = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  return chromium.launch({ executablePath: find("CHROME", NAMES), args: [...ARGUMENTS, ...sandbox] });
}
