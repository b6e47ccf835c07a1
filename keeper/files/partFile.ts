/**
 * A file that grows over several runs: its rows in FILE.part, how far they are known to be good in FILE.part.json, and FILE when
 * it is whole. Rows are written first and the notes after them, both through to the disk, so that a kill or a full disk in
 * between loses rows and never leaves half of one. One process at a time.
 */
import { createHash, type Hash } from "node:crypto";
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  linkSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";

import { FileStateError, writing } from "./errors.ts";
import { lock } from "./lock.ts";
import { checkFree, writeWhole } from "./writeWhole.ts";

/** How far the rows go. */
export interface Extent {
  readonly bytes: number;
  /** Of all of them, hexadecimal. */
  readonly sha256: string;
}

const BLOCK = 1 << 20;

export class PartFile {
  /** FILE.part and FILE.part.json. */
  readonly rows: string;
  readonly notes: string;
  readonly #file: string;
  readonly #release: () => void;
  #descriptor: number | null = null;
  #hash: Hash = createHash("sha256");
  #bytes = 0;

  /** @throws FileStateError if the file is there already or another process writes it, FileWriteError */
  constructor(file: string) {
    checkFree(file, "--out");
    this.#file = file;
    this.rows = `${file}.part`;
    this.notes = `${file}.part.json`;
    this.#release = lock(`${file}.part.lock`, file);
  }

  /** What an earlier run noted; null if there was none. */
  readNotes(): string | null {
    return existsSync(this.notes) && existsSync(this.rows) ? readFileSync(this.notes, "utf8") : null;
  }

  /** @throws FileWriteError */
  begin(header: string): void {
    writing(this.rows, () => {
      this.#descriptor = openSync(this.rows, "w+");
    });
    this.append(header);
  }

  /**
   * Takes up what an earlier run left; what it wrote behind its notes is dropped.
   * @throws FileStateError if the rows are not those that it wrote
   */
  resume(extent: Extent): void {
    writing(this.rows, () => {
      this.#descriptor = openSync(this.rows, "r+");
    });
    this.cut(extent);
  }

  get extent(): Extent {
    return { bytes: this.#bytes, sha256: this.#hash.copy().digest("hex") };
  }

  /** @throws FileWriteError; the extent is the old one then */
  append(text: string): void {
    const data = Buffer.from(text);
    const descriptor = this.#open;
    writing(this.rows, () => {
      // An attempt before may have left a part of its rows.
      ftruncateSync(descriptor, this.#bytes);
      for (let done = 0; done < data.length;) {
        done += writeSync(descriptor, data, done, data.length - done, this.#bytes + done);
      }
      fsyncSync(descriptor);
    });
    this.#hash.update(data);
    this.#bytes += data.length;
  }

  /** Goes back to an earlier extent. @throws FileStateError if the rows up to there are others */
  cut({ bytes, sha256 }: Extent): void {
    const descriptor = this.#open;
    const hash = fstatSync(descriptor).size < bytes ? null : hashOf(descriptor, bytes);
    if (hash?.copy().digest("hex") !== sha256) {
      throw new FileStateError(
        `${this.rows} was ${hash === null ? "cut short" : "changed"} since it was written; remove it and ${this.notes} to begin anew.`,
      );
    }
    writing(this.rows, () => ftruncateSync(descriptor, bytes));
    this.#hash = hash;
    this.#bytes = bytes;
  }

  /** @throws FileWriteError */
  writeNotes(text: string): void {
    writeWhole(this.notes, text);
  }

  /** The rows from one byte to the end. */
  read(from: number): string {
    const buffer = Buffer.alloc(this.#bytes - from);
    for (let done = 0, read = 1; read > 0 && done < buffer.length; done += read) {
      read = readSync(this.#open, buffer, done, buffer.length - done, from + done);
    }
    return buffer.toString("utf8");
  }

  /**
   * Puts the finished file in its place, and lets go.
   * @returns its name
   * @throws FileStateError if another one has come there meanwhile, FileWriteError
   */
  finish(): string {
    try {
      writing(this.#file, () => {
        try {
          // Unlike a rename it writes over nothing.
          linkSync(this.rows, this.#file);
          rmSync(this.rows);
        } catch (error) {
          // Not every file system has links.
          if (existsSync(this.#file) || !isUnsupported(error)) throw error;
          renameSync(this.rows, this.#file);
        }
      });
    } catch (cause) {
      if (!existsSync(this.#file)) throw cause;
      throw new FileStateError(
        `${this.#file} has appeared meanwhile and is left as it is; what was fetched lies whole in ${this.rows}, move it where you like.`,
        { cause },
      );
    } finally {
      this.close();
    }
    rmSync(this.notes, { force: true });
    return this.#file;
  }

  /** Forgets everything and lets go. */
  remove(): void {
    this.close();
    rmSync(this.rows, { force: true });
    rmSync(this.notes, { force: true });
  }

  /** Lets go; what has come stays for the next run. May be called again. */
  close(): void {
    if (this.#descriptor !== null) closeSync(this.#descriptor);
    this.#descriptor = null;
    this.#release();
  }

  get #open(): number {
    if (this.#descriptor === null) throw new Error("The file is not open: report this as a bug.");
    return this.#descriptor;
  }
}

function hashOf(descriptor: number, bytes: number): Hash {
  const hash = createHash("sha256");
  const block = Buffer.alloc(Math.min(BLOCK, Math.max(bytes, 1)));
  for (let at = 0; at < bytes;) {
    const read = readSync(descriptor, block, 0, Math.min(block.length, bytes - at), at);
    if (read === 0) break;
    hash.update(block.subarray(0, read));
    at += read;
  }
  return hash;
}

function isUnsupported(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return ["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"].includes(String(code));
}
