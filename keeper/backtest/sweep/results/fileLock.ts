/** One writer a file: a lock beside it that names its holder, so that one that was killed locks nobody out. */
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";

import { z } from "zod";

import { SweepConfigError } from "../errors.ts";

const ownerSchema = z.object({ pid: z.int().positive(), host: z.string() });
type Owner = z.infer<typeof ownerSchema>;

/**
 * @returns gives the lock back
 * @throws SweepConfigError while somebody else has it
 */
export function lockFile(file: string): () => void {
  const lock = `${file}.lock`;
  const draft = `${lock}.${process.pid}`;
  writeFileSync(draft, JSON.stringify({ pid: process.pid, host: hostname() } satisfies Owner));
  try {
    if (!tryLink(draft, lock)) {
      removeStale(lock);
      if (!tryLink(draft, lock)) throw heldBy(file, ownerOf(lock));
    }
  } finally {
    rmSync(draft, { force: true });
  }
  return () => rmSync(lock, { force: true });
}

/** A link is made whole or not at all, and never over another. */
function tryLink(draft: string, lock: string): boolean {
  try {
    linkSync(draft, lock);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

function removeStale(lock: string): void {
  const owner = ownerOf(lock);
  if (owner?.host !== hostname() || isAlive(owner.pid)) return;
  // Taken away by its name before it is looked at again: somebody may have taken the lock meanwhile, and gets it back.
  const aside = `${lock}.${process.pid}.stale`;
  try {
    renameSync(lock, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  const taken = ownerOf(aside);
  if (taken !== undefined && isAlive(taken.pid)) tryLink(aside, lock);
  rmSync(aside, { force: true });
}

function ownerOf(lock: string): Owner | undefined {
  try {
    return ownerSchema.safeParse(JSON.parse(readFileSync(lock, "utf8"))).data;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT" || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, under another user.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function heldBy(file: string, owner: Owner | undefined): SweepConfigError {
  const who = owner === undefined ? "another process" : `process ${owner.pid} on ${owner.host}`;
  return new SweepConfigError(file, [
    `${who} is writing to it; let that sweep end, name another file with --out, or remove ${file}.lock if there is no such process.`,
  ]);
}
