// Where things are, which Node runs them, and the error that every set-up step throws.
import fs from "node:fs";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
export const NODE_MAJOR = 24;

export const inRoot = (...parts) => path.join(ROOT, ...parts);

/** A failure that the user can act on: one sentence that says what to do. */
export class SetupError extends Error {
  constructor(message, options) {
    super(message, options);
    this.name = "SetupError";
  }
}

/** One line about what is going on. Always stderr: stdout belongs to the program. */
export function say(line) {
  process.stderr.write(`strata: ${line}\n`);
}

export const runningIsModern = () => Number(process.versions.node.split(".")[0]) >= NODE_MAJOR;

/** The Node that `npm ci` brings with the package `node`. */
export const bundledNode = () =>
  inRoot("node_modules", "node", "bin", process.platform === "win32" ? "node.exe" : "node");

/** Parsed JSON, or undefined when the file is absent or broken (both mean: not set up). */
export function readJson(file) {
  try {
    return JSON.parse(fs.readFileSync(file, "utf8"));
  } catch (error) {
    if (error.code === "ENOENT" || error.code === "ENOTDIR" || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
