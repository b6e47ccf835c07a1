import process from "node:process";

import { withEnvFile } from "./config.ts";
import { describe, exitCodeFor } from "./errors.ts";
import { runProgram } from "./program.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

const stop = new AbortController();
for (const signal of SIGNALS) {
  process.on(signal, () => {
    // The first asks; whoever asks again does not want to wait.
    if (stop.signal.aborted) process.exit(130);
    stop.abort();
  });
}
// Output piped into a program that has read enough (head) is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});
// Nobody can be told anything any more: end as after Ctrl-C, with the clean-up.
process.stderr.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  stop.abort();
});

const verbose = process.argv.includes("--verbose");
process.on("uncaughtException", (error) => {
  process.stderr.write(`${describe(error, verbose)}\n`);
  process.exit(1);
});

try {
  process.exitCode = await runProgram(process.argv.slice(2), {
    environment: withEnvFile(process.env, new URL("../../.env", import.meta.url)),
    stdout: process.stdout,
    stderr: process.stderr,
    signal: stop.signal,
  });
} catch (error) {
  process.stderr.write(`${describe(error, verbose)}\n`);
  process.exitCode = exitCodeFor(error);
}
