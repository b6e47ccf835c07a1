// The step before every command: install when the lock file changed, build when the contracts changed, else nothing.
// Plain JavaScript for Node >= 18 without dependencies, because it runs before there are any.
import process from "node:process";
import { pathToFileURL } from "node:url";

import { build, isBuilt } from "./build.mjs";
import { install, installedNode } from "./install.mjs";
import { takeLock } from "./lock.mjs";
import { SetupError, inRoot, say } from "./project.mjs";

/** Whether there is nothing to set up. */
export const isReady = () => installedNode() !== undefined && isBuilt();

/**
 * Sets the project up when that is needed.
 * @param {{ contracts?: boolean }} [needs] false: the packages are enough
 * @returns {Promise<string>} Path of the Node (>= 24) to run everything with.
 * @throws {SetupError} with one sentence that says what to do.
 */
export async function ensure({ contracts = true } = {}) {
  const node = installedNode();
  if (node !== undefined && (!contracts || isBuilt())) return node;

  const release = await takeLock(inRoot(".strata", "setup.lock"), (pid) => {
    say(`waiting for another set-up to end${pid === undefined ? "" : ` (process ${pid})`}`);
  });
  process.once("exit", release); // A signal ends the process in the middle of a step.
  try {
    if (installedNode() === undefined) await install();
    const ready = installedNode();
    if (ready === undefined) {
      throw new SetupError("node_modules changed during the set-up; let other npm commands end, then run it again.");
    }
    if (contracts && !isBuilt()) await build(ready);
    say("ready");
    return ready;
  } finally {
    release();
    process.off("exit", release);
  }
}

/** Runs a command's main function; turns a set-up error into its sentence and exit code 1. */
export async function main(run) {
  try {
    process.exitCode = await run();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(error.message);
    process.exitCode = 1;
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await main(async () => {
    await ensure();
    return 0;
  });
}
