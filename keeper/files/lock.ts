/** A lock on the disk, held by one process: a file that names it. What a killed process left is taken over. */
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";

import { FileStateError, writing } from "./errors.ts";

/** What this process holds: a lock of its own number that is not among these is of an earlier process. */
const held = new Set<string>();

/**
 * @param what is locked, for the message
 * @returns lets go of it
 * @throws FileStateError if another process holds it, FileWriteError
 */
export function lock(file: string, what: string): () => void {
  for (let attempt = 0; !create(file); attempt++) {
    const holder = read(file);
    if (attempt > 0 || isAlive(file, holder)) {
      throw new FileStateError(
        `${what} is being written by process ${holder === "" ? "unknown" : holder}; wait for it, name another file with --out, or remove ${file} if no such process runs.`,
      );
    }
    takeAway(file, holder);
  }
  held.add(file);
  return () => {
    // Once only: by now it may be another's.
    if (!held.delete(file)) return;
    rmSync(file, { force: true });
  };
}

function create(file: string): boolean {
  return writing(file, () => {
    try {
      writeFileSync(file, `${process.pid} on ${hostname()}`, { flag: "wx" });
      return true;
    } catch (error) {
      if (codeOf(error) === "EEXIST") return false;
      throw error;
    }
  });
}

/** Empty if it is gone or not written yet. */
function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return "";
    throw error;
  }
}

function isAlive(file: string, holder: string): boolean {
  const [, pid, host] = /^(\d+) on (.*)$/.exec(holder) ?? [];
  // Of another machine, or about to be written: nobody here can tell.
  if (pid === undefined || host !== hostname()) return true;
  if (Number(pid) === process.pid) return held.has(file);
  try {
    process.kill(Number(pid), 0);
    return true;
  } catch (error) {
    return codeOf(error) !== "ESRCH";
  }
}

/** Removes a dead process's lock, and none that another process has put in its place meanwhile. */
function takeAway(file: string, holder: string): void {
  const aside = `${file}.${process.pid}.old`;
  writing(file, () => {
    try {
      renameSync(file, aside);
    } catch (error) {
      if (codeOf(error) === "ENOENT") return;
      throw error;
    }
    if (read(aside) !== holder) linkSync(aside, file);
    rmSync(aside);
  });
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
