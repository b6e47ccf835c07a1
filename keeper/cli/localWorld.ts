/** What a running local world tells the commands in other terminals: a file in its state folder. */
import { accessSync, constants, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { z } from "zod";

import { CommandError, UsageError } from "./errors.ts";

/** The state folder without --dir: .strata in the project's folder. */
export const DEFAULT_DIR = fileURLToPath(new URL("../../.strata", import.meta.url));

const schema = z.object({
  /** Process that runs it. */
  pid: z.int().positive(),
  url: z.string(),
  chainId: z.int().positive(),
  startedAt: z.string(),
  /** Unix seconds of the chain at which the price path ends; until then the world moves the chain's time. */
  pathEndsAt: z.int().positive().optional(),
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
  /** By kind. */
  sleeves: z.record(z.string(), z.string()).optional(),
  /** Addresses of the roles; their keys are Hardhat's published test keys (scripts/local/accounts.ts). */
  accounts: z.record(z.string(), z.string()),
});

export type LocalWorldState = z.infer<typeof schema>;

export function stateFile(dir: string): string {
  return join(dir, "local.json");
}

/**
 * Makes a folder that a world may write into, or sees that it is one.
 * @throws UsageError
 */
export function openFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(
      `The state folder ${folder} cannot be made or written (${code ?? "unknown error"}): remove what stands there, or choose another folder with --dir.`,
      { cause: error },
    );
  }
}

/**
 * Sees that a process may publish a world in a folder. What a dead process left there, even half a file, is no obstacle.
 * @throws UsageError if the folder cannot be used or belongs to another world that runs
 */
export function claimFolder(dir: string, pid: number): void {
  openFolder(dir);
  const file = stateFile(dir);
  if (statSync(file, { throwIfNoEntry: false })?.isDirectory() === true) {
    throw new UsageError(`${file} is a folder: remove it, or choose another folder with --dir.`);
  }
  const owner = readIfValid(dir);
  if (owner === null || owner.pid === pid || !isAlive(owner.pid)) return;
  throw new UsageError(
    `Another local world (process ${owner.pid}, ${owner.url}) keeps its state in ${dir}: stop it, or give this one another folder with --dir and another port with --port.`,
  );
}

/**
 * Publishes a world's state; a reader sees the old file or the new one, never a part.
 * @throws UsageError as {@link claimFolder}
 */
export function writeLocalWorld(dir: string, state: LocalWorldState): void {
  // Again: another world may have come since this one began to set itself up.
  claimFolder(dir, state.pid);
  const draft = `${stateFile(dir)}.${state.pid}`;
  writeFileSync(draft, `${JSON.stringify(state, null, 2)}\n`);
  renameSync(draft, stateFile(dir));
}

/** Takes a world's state back, unless another world has published its own since. */
export function removeLocalWorld(dir: string, pid: number): void {
  if (readIfValid(dir)?.pid === pid) rmSync(stateFile(dir), { force: true });
}

/** The state of the world that runs now, or null if none does. */
export function findLocalWorld(dir: string): LocalWorldState | null {
  const state = readFile(dir);
  return state !== null && isAlive(state.pid) ? state : null;
}

/** Null also for what is no world's state. */
function readIfValid(dir: string): LocalWorldState | null {
  try {
    return readFile(dir);
  } catch (error) {
    if (error instanceof CommandError) return null;
    throw error;
  }
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
