/** What a running local world tells the commands in other terminals: a file in its state folder. */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { z } from "zod";

import { CommandError } from "./errors.ts";

/** The state folder without --dir: .strata in the project's folder. */
export const DEFAULT_DIR = fileURLToPath(new URL("../../.strata", import.meta.url));

const schema = z.object({
  /** Process that runs it. */
  pid: z.int().positive(),
  url: z.string(),
  chainId: z.int().positive(),
  startedAt: z.string(),
  vault: z.string(),
  lens: z.string(),
  policy: z.string(),
  oracle: z.string(),
  planLib: z.string(),
  accessManager: z.string(),
  safe: z.string(),
  factory: z.string(),
  quoter: z.string(),
  baseToken: z.string(),
  quoteToken: z.string(),
  /** The journal of the world's keeper. */
  journal: z.string(),
  /** By fee tier. */
  pools: z.record(z.string(), z.string()),
  /** Addresses of the roles; their keys are Hardhat's published test keys (scripts/local/accounts.ts). */
  accounts: z.record(z.string(), z.string()),
});

export type LocalWorldState = z.infer<typeof schema>;

export function stateFile(dir: string): string {
  return join(dir, "local.json");
}

/** Publishes a world's state; a reader sees the old file or the new one, never a part. */
export function writeLocalWorld(dir: string, state: LocalWorldState): void {
  mkdirSync(dir, { recursive: true });
  const draft = `${stateFile(dir)}.${state.pid}`;
  writeFileSync(draft, `${JSON.stringify(state, null, 2)}\n`);
  renameSync(draft, stateFile(dir));
}

/** Takes a world's state back, unless another world has published its own since. */
export function removeLocalWorld(dir: string, pid: number): void {
  if (readFile(dir)?.pid === pid) rmSync(stateFile(dir), { force: true });
}

/** The state of the world that runs now, or null if none does. */
export function findLocalWorld(dir: string): LocalWorldState | null {
  const state = readFile(dir);
  return state !== null && isAlive(state.pid) ? state : null;
}

function readFile(dir: string): LocalWorldState | null {
  let text: string;
  try {
    text = readFileSync(stateFile(dir), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw new CommandError(`${stateFile(dir)} cannot be read; make it readable or remove it.`, { cause: error });
  }
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw new CommandError(
      `${stateFile(dir)} is not a local world's state; remove it and start the local world again.`,
      {
        cause: error,
      },
    );
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM"; // It lives, but is somebody else's.
  }
}
