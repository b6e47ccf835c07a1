/**
 * The results of a sweep: one JSON line a configuration, only ever appended to, on disk before anybody hears of it. A line that a kill tore
 * is the last one and has no end; it is dropped when the file is opened again. One process writes (fileLock.ts).
 */
import {
  closeSync,
  existsSync,
  fdatasyncSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";

import { SweepConfigError, SweepError } from "../errors.ts";
import { lockFile } from "./fileLock.ts";
import { type Header, headerSchema, lineOf, parseJson, type Row, rowOf } from "./row.ts";

export class ResultsFile {
  readonly file: string;
  readonly #rows: Map<string, Row>;
  readonly #fd: number;
  readonly #unlock: () => void;

  private constructor(file: string, rows: Map<string, Row>, fd: number, unlock: () => void) {
    this.file = file;
    this.#rows = rows;
    this.#fd = fd;
    this.#unlock = unlock;
  }

  /**
   * Begins a file, or takes one up where it ended.
   * @throws SweepConfigError if the file is of another sweep, has a line that is none, cannot be written, or somebody else writes to it
   */
  static open(file: string, header: Header): ResultsFile {
    let unlock: () => void;
    try {
      unlock = lockFile(file);
    } catch (cause) {
      if (cause instanceof SweepConfigError) throw cause;
      throw cannotWrite(file, cause);
    }
    try {
      if (!existsSync(file)) begin(file, header);
      const content = readFileSync(file);
      const end = content.lastIndexOf(0x0a) + 1;
      const rows = readRows(file, content.subarray(0, end).toString("utf8"), header);
      // Of a torn line nothing is known but that its configuration is not done.
      if (end < content.length) truncateSync(file, end);
      return new ResultsFile(file, rows, openSync(file, "a"), unlock);
    } catch (cause) {
      unlock();
      if (cause instanceof SweepConfigError) throw cause;
      throw cannotWrite(file, cause);
    }
  }

  /** By configuration's hash. */
  get rows(): ReadonlyMap<string, Row> {
    return this.#rows;
  }

  /**
   * Appends what is not there yet; on return it is on the disk.
   * @returns how many rows were new
   * @throws SweepError if the disk does not take them
   */
  append(rows: readonly Row[]): number {
    const fresh = new Map(rows.filter(({ hash }) => !this.#rows.has(hash)).map((row) => [row.hash, row]));
    if (fresh.size === 0) return 0;
    const bytes = Buffer.from([...fresh.values()].map((row) => `${lineOf(row)}\n`).join(""));
    try {
      for (let at = 0; at < bytes.length;) at += writeSync(this.#fd, bytes, at);
      fdatasyncSync(this.#fd);
    } catch (cause) {
      throw new SweepError(
        `${this.file} takes no more results (${(cause as Error).message}); make room, then run the same command again.`,
        { cause },
      );
    }
    for (const [hash, row] of fresh) this.#rows.set(hash, row);
    return fresh.size;
  }

  close(): void {
    closeSync(this.#fd);
    this.#unlock();
  }
}

/** The header alone, whole or not at all: a file that is there has one. */
function begin(file: string, header: Header): void {
  const draft = `${file}.${process.pid}.draft`;
  try {
    const fd = openSync(draft, "w");
    try {
      writeSync(fd, `${JSON.stringify(header)}\n`);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(draft, file);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
  // The name too must outlive a power cut; Windows has no such call for folders.
  if (process.platform === "win32") return;
  const folder = openSync(dirname(file), "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

function readRows(file: string, text: string, header: Header): Map<string, Row> {
  const lines = text.split("\n").slice(0, -1);
  const wrong = (line: number, what: string): SweepConfigError =>
    new SweepConfigError(`${file}:${line}`, [
      `${what}; remove the line if you know what it was, or the file, or name another one with --out.`,
    ]);
  const first = headerSchema.safeParse(parseJson(lines[0] ?? ""));
  if (!first.success) throw wrong(1, "this is not the beginning of a sweep's results");
  requireSame(file, first.data, header);
  const rows = new Map<string, Row>();
  for (const [i, line] of lines.entries()) {
    if (i === 0) continue;
    const row = rowOf(line);
    if (typeof row === "string") throw wrong(i + 1, row);
    if (rows.has(row.hash)) throw wrong(i + 1, "this configuration is there already");
    rows.set(row.hash, row);
  }
  return rows;
}

function requireSame(file: string, found: Header, wanted: Header): void {
  const remedy = "remove the file to begin anew, or name another one with --out.";
  if (found.dataHash !== wanted.dataHash)
    throw new SweepConfigError(file, [`its results are of other prices, rates or dates; ${remedy}`]);
  if (found.configHash !== wanted.configHash)
    throw new SweepConfigError(file, [`its results are of another set of configurations; ${remedy}`]);
  if (found.codeVersion !== wanted.codeVersion) {
    throw new SweepConfigError(file, [
      `its results were computed by version ${found.codeVersion} of the code, and this is ${wanted.codeVersion}; ${remedy}`,
    ]);
  }
}

function cannotWrite(file: string, cause: unknown): SweepConfigError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new SweepConfigError(
    file,
    [`results cannot be written there (${why}); name a file in a folder that you may write to with --out.`],
    { cause },
  );
}
