/** How far a fetch has come, on disk beside its file: a checkpoint after each chunk, back to the block before the first. */
import { z } from "zod";

import { PartFile } from "../../files/partFile.ts";
import { COLUMNS } from "../replay/events.ts";
import { FetchError, FetchOptionError } from "./errors.ts";

const whole = z.string().regex(/^-?\d+$/);
const checkpointSchema = z.object({
  /** Up to and with this block. */
  block: z.int(),
  hash: z.string(),
  /** Length of the rows, and of what they are. */
  bytes: z.int().nonnegative(),
  sha256: z.string(),
  events: z.int().nonnegative(),
  /** The pool after it; null while nobody knows. */
  pool: z.object({ sqrtPriceX96: whole, tick: z.int(), liquidity: whole }).nullable(),
  /** Whether every chunk up to here was held against the pool's own state. */
  gapChecked: z.boolean(),
  /** Whether the liquidity at all ticks was, after this block. */
  ticksChecked: z.boolean(),
  /** Swaps up to here of which nobody could tell whether they follow from the one before. */
  unexplained: z.int().nonnegative(),
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

/** A checkpoint before its rows are written. */
export type Reached = Omit<Checkpoint, "bytes" | "sha256" | "events">;

const HEADER = `${COLUMNS.join(",")}\n`;
/** Reorganisations deeper than so many chunks begin anew. */
const KEPT = 256;

export class Progress {
  readonly #part: PartFile;
  readonly #job: Job;
  #checkpoints: Checkpoint[];

  private constructor(part: PartFile, job: Job, checkpoints: Checkpoint[]) {
    this.#part = part;
    this.#job = job;
    this.#checkpoints = checkpoints;
  }

  /**
   * Takes up what an earlier run left, or begins.
   * @param start the block before the first, with the pool as it stood then
   * @throws FetchOptionError if what was left is of another job; FileStateError, FileWriteError
   */
  static open(file: string, job: Job, start: Reached): Progress {
    const part = new PartFile(file);
    try {
      const notes = part.readNotes();
      if (notes !== null) {
        const { checkpoints } = parseNotes(notes, part.notes, job);
        const progress = new Progress(part, job, checkpoints);
        part.resume(progress.last);
        return progress;
      }
      part.begin(HEADER);
      const progress = new Progress(part, job, [{ ...start, ...part.extent, events: 0 }]);
      progress.#save();
      return progress;
    } catch (error) {
      part.close();
      throw error;
    }
  }

  get last(): Checkpoint {
    const last = this.#checkpoints.at(-1);
    if (last === undefined) throw new FetchError("There is no checkpoint left: report this as a bug.");
    return last;
  }

  /** The last checkpoint after which the ticks were checked; the first one counts as such. */
  get lastWithTicks(): Checkpoint {
    return this.#checkpoints.findLast(({ ticksChecked }) => ticksChecked) ?? this.#checkpoints[0] ?? this.last;
  }

  /** The rows after a checkpoint, as a file of events. */
  rowsSince({ bytes }: Checkpoint): string {
    return `${HEADER}${this.#part.read(bytes)}`;
  }

  /** @throws FileWriteError */
  append(rows: readonly string[], next: Reached): void {
    const { events } = this.last;
    this.#part.append(rows.map((row) => `${row}\n`).join(""));
    this.#checkpoints = [
      // The first is kept: behind it there is nothing to go back to.
      ...this.#checkpoints.slice(0, 1),
      ...this.#checkpoints.slice(1).slice(-KEPT),
      { ...next, ...this.#part.extent, events: events + rows.length },
    ];
    this.#save();
  }

  /** Forgets the last checkpoint and its rows. @returns false if it is the first one */
  stepBack(): boolean {
    if (this.#checkpoints.length === 1) return false;
    this.#checkpoints.pop();
    this.#save();
    this.#part.cut(this.last);
    return true;
  }

  /** Puts the finished file in its place. @throws FileStateError, FileWriteError */
  finish(): void {
    this.#part.finish();
  }

  /** Lets go of the files; what has come stays for the next run. */
  close(): void {
    this.#part.close();
  }

  #save(): void {
    const { chainId, ...job } = this.#job;
    const document = { chainId: String(chainId), ...job, checkpoints: this.#checkpoints };
    this.#part.writeNotes(`${JSON.stringify(document)}\n`);
  }
}

function parseNotes(notes: string, file: string, job: Job): z.infer<typeof schema> {
  let left: z.infer<typeof schema>;
  try {
    left = schema.parse(JSON.parse(notes));
  } catch (cause) {
    throw new FetchOptionError(`${file} is not what a fetch leaves; remove it to begin anew.`, { cause });
  }
  const same =
    left.chainId === String(job.chainId) && left.pool === job.pool && left.from === job.from && left.to === job.to;
  if (!same) {
    throw new FetchOptionError(
      `${file} is of pool ${left.pool} on chain ${left.chainId}, blocks ${left.from} to ${left.to}; remove it, or name another file with --out.`,
    );
  }
  return left;
}
