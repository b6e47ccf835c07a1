// Child processes: quiet ones for set-up steps, and the one that the user asked for.
import { spawn } from "node:child_process";
import os from "node:os";
import process from "node:process";

import { ROOT, SetupError, say } from "./project.mjs";
import { watchStarter } from "./starter.mjs";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"];
const STILL_BUSY_MS = 15_000;
const KEPT_OUTPUT = 64 * 1024;

export const exitCodeOf = (code, signal) => (signal === null ? code : 128 + os.constants.signals[signal]);

/**
 * Runs a set-up step without showing its output; says every 15 s that it still runs.
 * The step has a process group of its own, so that a signal to us can end all of it (npm starts grandchildren).
 * @returns {Promise<{code: number, stdout: string, output: string}>} `output`: the end of stdout and stderr together.
 */
export function runQuietly(label, command, args, { env, cwd = ROOT, shell = false }) {
  return new Promise((resolve, reject) => {
    const started = Date.now();
    const child = spawn(command, args, {
      cwd,
      env,
      shell,
      stdio: ["ignore", "pipe", "pipe"],
      detached: process.platform !== "win32",
    });
    let stdout = "";
    let output = "";
    const keep = (text) => {
      output = (output + text).slice(-KEPT_OUTPUT);
    };
    child.stdout.setEncoding("utf8").on("data", (text) => {
      stdout += text;
      keep(text);
    });
    child.stderr.setEncoding("utf8").on("data", keep);
    const busy = setInterval(() => {
      say(`${label}: still busy after ${Math.round((Date.now() - started) / 1000)} s`);
    }, STILL_BUSY_MS);
    // The step ends first, then we: whoever waits for the set-up lock must not meet a dying npm. Impatience kills.
    let interruptedBy = null;
    const interrupt = (signal) => {
      endGroup(child.pid, interruptedBy === null ? "SIGTERM" : "SIGKILL");
      interruptedBy = signal;
    };
    for (const signal of SIGNALS) process.on(signal, interrupt);
    const unwatch = watchStarter(() => interrupt("SIGTERM"));
    const finish = () => {
      unwatch();
      clearInterval(busy);
      for (const signal of SIGNALS) process.off(signal, interrupt);
    };
    child.on("error", (error) => {
      finish();
      reject(new SetupError(`${label}: "${command}" cannot be started; check that it is installed.`, { cause: error }));
    });
    child.on("close", (code, signal) => {
      finish();
      if (interruptedBy !== null) process.exit(exitCodeOf(null, interruptedBy));
      resolve({ code: exitCodeOf(code, signal), stdout, output });
    });
  });
}

function endGroup(pid, signal) {
  try {
    process.kill(process.platform === "win32" ? pid : -pid, signal);
  } catch (error) {
    if (error.code !== "ESRCH") throw error; // ESRCH: it ended by itself, which is what we want.
  }
}

/**
 * Runs the program that the user asked for on our own stdin, stdout and stderr; hands signals on and waits for its end.
 * @param {{env?: NodeJS.ProcessEnv, cwd?: string, channel?: boolean}} options `channel`: open an IPC channel, whose
 *   closing tells the child that this process is gone.
 * @returns {Promise<number>} The exit code; 128 + n after death by signal n.
 */
export function runInFront(command, args, { env = process.env, cwd, channel = false } = {}) {
  return new Promise((resolve, reject) => {
    const stdio = channel ? ["inherit", "inherit", "inherit", "ipc"] : "inherit";
    const child = spawn(command, args, { stdio, env, cwd });
    const handOn = (signal) => child.kill(signal);
    for (const signal of SIGNALS) process.on(signal, handOn);
    const unwatch = watchStarter(() => handOn("SIGTERM"));
    const finish = () => {
      unwatch();
      for (const signal of SIGNALS) process.off(signal, handOn);
    };
    child.on("error", (error) => {
      finish();
      reject(new SetupError(`"${command}" cannot be started; remove node_modules and try again.`, { cause: error }));
    });
    child.on("exit", (code, signal) => {
      finish();
      resolve(exitCodeOf(code, signal));
    });
  });
}
