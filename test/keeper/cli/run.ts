import { spawn, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";

import { runProgram } from "../../../keeper/cli/program.ts";

export const MAIN = fileURLToPath(new URL("../../../keeper/cli/main.ts", import.meta.url));

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The program as a process of its own; the test's environment without anything that would configure it. */
export function start(args: readonly string[], environment: Readonly<Record<string, string>> = {}): ChildProcess {
  const clean = Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !["RPC_URL", "CHAIN_ID", "VAULT", "LENS", "KEEPER_PRIVATE_KEY", "LP_PRIVATE_KEY"].includes(name),
    ),
  );
  return spawn(process.execPath, ["--disable-warning=ExperimentalWarning", MAIN, ...args], {
    env: { ...clean, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** Waits for the end of a process and gives what it wrote. */
export function finish(child: ChildProcess): Promise<Finished> {
  let [stdout, stderr] = ["", ""];
  child.stdout?.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, stdout, stderr }));
  });
}

export function run(args: readonly string[], environment?: Readonly<Record<string, string>>): Promise<Finished> {
  return finish(start(args, environment));
}

/** The program in this process. */
export async function inProcess(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Finished> {
  let [stdout, stderr] = ["", ""];
  const code = await runProgram(args, {
    environment,
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    signal: new AbortController().signal,
  });
  return { code, stdout, stderr };
}

/** Waits until stderr has said something. Rejects if the process ends before. */
export function waitFor(child: ChildProcess, pattern: RegExp): Promise<string> {
  let text = "";
  return new Promise((resolve, reject) => {
    child.stderr?.setEncoding("utf8").on("data", (part: string) => {
      text += part;
      if (pattern.test(text)) resolve(text);
    });
    child.once("close", (code) =>
      reject(new Error(`the process ended with ${String(code)} before it said ${String(pattern)}:\n${text}`)),
    );
  });
}
