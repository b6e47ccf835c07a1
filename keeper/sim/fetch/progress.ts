/**
 * How far a fetch has come, on disk beside its file: FILE.part holds the rows, FILE.part.json where they are known to be good.
 * Rows are appended first and the checkpoint after them, so that a kill in between loses a chunk and never leaves half of one.
 */
import { appendFileSync, existsSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";

import { z } from "zod";

import { COLUMNS } from "../replay/events.ts";
import { writeWhole } from "./atomic.ts";
import { FetchError, FetchOptionError } from "./errors.ts";

const whole = z.string().regex(/^-?\d+$/);
const checkpointSchema = z.object({
  /** Up to and with this block. */
  block: z.int(),
  hash: z.string(),
  /** Length of the rows. */
  bytes: z.int().nonnegative(),
  events: z.int().nonnegative(),
  /** The pool after it; null while nobody knows. */
  pool: z.object({ sqrtPriceX96: whole, tick: z.int(), liquidity: whole }).nullable(),
});
const schema = z.object({
  chainId: z.string(),
  pool: z.string(),
  from: z.int().nonnegative(),
  to: z.int().nonnegative(),
  checkpoints: z.array(checkpointSchema).min(1),
});

export type Checkpoint = z.infer<typeof checkpointSchema>;

/** What a fetch was asked for. */
export interface Job {
  readonly chainId: bigint;
  /** Address, lower case. */
  readonly pool: string;
  readonly from: number;
  readonly to: number;
}

const HEADER = `${COLUMNS.join(",")}\n`;
/** Reorganisations deeper than so many chunks begin anew. */
const KEPT = 256;

export class Progress {
  readonly #file: string;
  readonly #job: Job;
  #checkpoints: Checkpoint[];

  private constructor(file: string, job: Job, checkpoints: Checkpoint[]) {
    this.#file = file;
    this.#job = job;
    this.#checkpoints = checkpoints;
  }

  /**
   * Takes up what an earlier run left, or begins.
   * @param start the block before the first, with the pool as it stood then
   * @throws FetchOptionError if what was left is of another job, or the file is there already
   */
  static open(file: string, job: Job, start: Omit<Checkpoint, "bytes" | "events">): Progress {
    if (existsSync(file))
      throw new FetchOptionError(`${file} is there already; remove it, or name another file with --out.`);
    const part = `${file}.part.json`;
    if (existsSync(part)) {
      const left = readPart(part);
      const same =
        left.chainId === String(job.chainId) && left.pool === job.pool && left.from === job.from && left.to === job.to;
      if (!same) {
        throw new FetchOptionError(
          `${part} is of pool ${left.pool} on chain ${left.chainId}, blocks ${left.from} to ${left.to}; remove it, or name another file with --out.`,
        );
      }
      const progress = new Progress(file, job, left.checkpoints);
      if (existsSync(`${file}.part`)) {
        progress.#truncate();
        return progress;
      }
    }
    writeFileSync(`${file}.part`, HEADER);
    const progress = new Progress(file, job, [{ ...start, bytes: HEADER.length, events: 0 }]);
    progress.#save();
    return progress;
  }

  get last(): Checkpoint {
    const last = this.#checkpoints.at(-1);
    if (last === undefined) throw new FetchError("There is no checkpoint left: report this as a bug.");
    return last;
  }

  append(rows: readonly string[], next: Omit<Checkpoint, "bytes" | "events">): void {
    const text = rows.map((row) => `${row}\n`).join("");
    appendFileSync(`${this.#file}.part`, text);
    const { bytes, events } = this.last;
    this.#checkpoints = [
      // The first is kept: behind it there is nothing to go back to.
      ...this.#checkpoints.slice(0, 1),
      ...this.#checkpoints.slice(1).slice(-KEPT),
      { ...next, bytes: bytes + Buffer.byteLength(text), events: events + rows.length },
    ];
    this.#save();
  }

  /** Forgets the last checkpoint and its rows. @returns false if it is the first one */
  stepBack(): boolean {
    if (this.#checkpoints.length === 1) return false;
    this.#checkpoints.pop();
    this.#save();
    this.#truncate();
    return true;
  }

  /** Puts the finished file in its place. */
  finish(): void {
    renameSync(`${this.#file}.part`, this.#file);
    rmSync(`${this.#file}.part.json`, { force: true });
  }

  #truncate(): void {
    truncateSync(`${this.#file}.part`, this.last.bytes);
  }

  #save(): void {
    const { chainId, ...job } = this.#job;
    const document = { chainId: String(chainId), ...job, checkpoints: this.#checkpoints };
    writeWhole(`${this.#file}.part.json`, `${JSON.stringify(document)}\n`);
  }
}

function readPart(part: string): z.infer<typeof schema> {
  try {
    return schema.parse(JSON.parse(readFileSync(part, "utf8")));
  } catch (cause) {
    throw new FetchOptionError(`${part} is not what a fetch leaves; remove it to begin anew.`, { cause });
  }
}
