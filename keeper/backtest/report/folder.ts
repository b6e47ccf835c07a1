/** A folder that appears whole or not at all. */
import { access, constants, lstat, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";

import { BacktestOptionError } from "../errors.ts";

/** How a folder of ours is known: this file is in it and its text holds the mark, and nothing is in it that is not ours. */
export interface Ownership {
  readonly file: string;
  readonly mark: string;
  /** Names of every file that we may have written. */
  readonly names: ReadonlySet<string>;
}

/**
 * To be asked before anything takes time, and again before writing.
 * @throws BacktestOptionError if the folder cannot be made, or holds something that is not ours to replace
 */
export async function requireOurs(folder: string, { file, mark, names }: Ownership): Promise<void> {
  const refuse = (problem: string, cause?: unknown): never => {
    throw new BacktestOptionError(`--out "${folder}" ${problem}`, { cause });
  };
  const parent = dirname(resolve(folder));
  const above = await kindOf(parent);
  if (above !== "folder") refuse(`would lie in ${parent}, which is no folder; make that first.`);
  // Reports are written beside the folder first.
  await access(parent, constants.W_OK | constants.X_OK).catch((cause: unknown) =>
    refuse(`would lie in ${parent}, where you may not write; name a folder where you may.`, cause),
  );
  const kind = await kindOf(folder);
  if (kind === "nothing") return;
  if (kind === "other") refuse("is there and is no folder; name a new one.");
  let entries: readonly string[];
  try {
    entries = await readdir(folder);
  } catch (cause) {
    return refuse("cannot be read; name a new folder.", cause);
  }
  if (entries.length === 0) return;
  const foreign = entries.find((name) => !names.has(name));
  if (foreign !== undefined) refuse(`holds ${foreign}, which is no part of a report; name a new or an empty folder.`);
  const text = entries.includes(file) ? await readFile(join(folder, file), "utf8") : "";
  if (!text.includes(mark)) refuse("holds files that are not of an earlier report; name a new or an empty folder.");
}

/**
 * Writes all files into a folder beside it and renames that one. An earlier report is replaced.
 * @param files names with their text
 * @throws BacktestOptionError as requireOurs, or if the file system refuses
 */
export async function writeFolder(folder: string, files: ReadonlyMap<string, string>, owned: Ownership): Promise<void> {
  await requireOurs(folder, owned);
  const target = resolve(folder);
  let draft: string | undefined;
  try {
    draft = await mkdtemp(join(dirname(target), `.${basename(target)}-`));
    const made = join(draft, "new");
    await mkdir(made);
    for (const [name, text] of files) await writeFile(join(made, name), text);
    await replace(target, made, join(draft, "old"));
  } catch (cause) {
    if (cause instanceof BacktestOptionError) throw cause;
    const reason = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
    throw new BacktestOptionError(
      `--out "${folder}" cannot be written (${reason}); name a folder where you may write.`,
      { cause },
    );
  } finally {
    if (draft !== undefined) await rm(draft, { recursive: true, force: true });
  }
}

/** A folder that is there is moved aside first and moved back if the new one cannot take its place. */
async function replace(target: string, made: string, aside: string): Promise<void> {
  if ((await kindOf(target)) === "nothing") {
    await rename(made, target);
    return;
  }
  await rename(target, aside);
  try {
    await rename(made, target);
  } catch (error) {
    await rename(aside, target);
    throw error;
  }
}

async function kindOf(path: string): Promise<"nothing" | "folder" | "other"> {
  try {
    return (await lstat(path)).isDirectory() ? "folder" : "other";
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "nothing";
    return "other";
  }
}
