/**
 * Pulls a pool's events into a file. Chunks of blocks grow while the node serves them and shrink when it refuses. Each chunk is
 * held against the chain before it is kept: every log's block must be the one that the node shows at that height, and every event
 * must follow from those before it and lead to the pool's own state (chunkCheck.ts). What was kept is dropped again when its block
 * is no longer in the chain.
 */
import { ConnectionError, NodeError, RetryableError } from "../../chain/failures.ts";
import { ChainNode, isConnectionFailure, messageOf } from "../../chain/node.ts";
import type { Rpc } from "../../chain/rpc.ts";
import { FileStateError, FileWriteError } from "../../files/errors.ts";
import type { PoolTerms } from "../types.ts";
import { ChunkCheck, poolAt, textOf } from "./chunkCheck.ts";
import { FetchError, FetchOptionError, UnsoundAnswerError } from "./errors.ts";
import { type PoolLog, poolLogs } from "./logs.ts";
import { inParallel } from "./parallel.ts";
import { PoolReader } from "./poolReader.ts";
import { Progress } from "./progress.ts";
import { rowsOf } from "./rows.ts";

export interface FetchOptions {
  readonly rpc: Rpc;
  /** Address. */
  readonly pool: string;
  /** Blocks, both included. */
  readonly from: number;
  readonly to: number;
  readonly file: string;
  readonly signal: AbortSignal;
  /** A line for people after each chunk. */
  readonly log: (line: string) => void;
  /** Waits before asking again. */
  readonly sleep: (milliseconds: number) => Promise<void>;
}

export interface FetchResult {
  readonly file: string;
  readonly events: number;
  readonly chunks: number;
  /** How often what was kept had to be dropped. */
  readonly reorganisations: number;
  /** Whether every chunk, of this run and of those before it, could be held against the pool's own state. */
  readonly gapChecked: boolean;
  /** Swaps of which nobody could tell whether they follow from the one before; only without past states. */
  readonly unexplained: number;
}

const FIRST_CHUNK = 2_000;
const LARGEST_CHUNK = 100_000;
/** A chunk with more events is large enough. */
const MANY_EVENTS = 5_000;
const ATTEMPTS = 6;
const WIDTH = 8;

/**
 * An aborted signal ends the fetch with what the aborted request throws; the next run goes on from there.
 * @throws FetchOptionError for blocks that are none; FetchError if the node cannot be used
 */
export async function fetchEvents(options: FetchOptions): Promise<FetchResult> {
  const { rpc, from, to, file } = options;
  const reader = new PoolReader(new ChainNode(rpc), options.pool);
  if (from > to) throw new FetchOptionError(`--from ${from} lies after --to ${to}; swap the two.`);
  const newest = await reader.node.block("latest");
  if (newest === null || BigInt(to) > newest.number) {
    throw new FetchOptionError(
      `Block ${to} is not there yet, the newest is ${newest?.number ?? "unknown"}; choose an earlier --to.`,
    );
  }
  const terms = await reader.terms(newest.number);
  const before = Math.max(from - 1, 0);
  const job = { chainId: await reader.node.chainId(), pool: options.pool.toLowerCase(), from, to };
  const pool = from === 0 ? null : await poolAt(reader, before);
  const progress = Progress.open(file, job, {
    block: from - 1,
    hash: from === 0 ? "" : await hashOf(reader, before),
    pool: pool === undefined || pool === null ? null : textOf(pool),
    gapChecked: true,
    ticksChecked: true,
    unexplained: 0,
  });
  try {
    const run = new Run(options, reader, terms, progress);
    await run.toTheEnd();
    const { events, gapChecked, unexplained } = progress.last;
    progress.finish();
    return { file, events, chunks: run.chunks, reorganisations: run.reorganisations, gapChecked, unexplained };
  } finally {
    progress.close();
  }
}

class Run {
  chunks = 0;
  reorganisations = 0;
  readonly #options: FetchOptions;
  readonly #reader: PoolReader;
  readonly #progress: Progress;
  readonly #check: ChunkCheck;
  #size = FIRST_CHUNK;
  #ceiling = LARGEST_CHUNK;
  #failures = 0;

  constructor(options: FetchOptions, reader: PoolReader, terms: PoolTerms, progress: Progress) {
    this.#options = options;
    this.#reader = reader;
    this.#progress = progress;
    this.#check = new ChunkCheck(reader, terms, progress, options.to, options.log);
  }

  async toTheEnd(): Promise<void> {
    const { to, from, log } = this.#options;
    if (this.#progress.last.block >= from) {
      log(`Going on after block ${this.#progress.last.block}, ${this.#progress.last.events} events are there already.`);
    }
    for (;;) {
      await this.#dropWhatIsGone();
      const start = this.#progress.last.block + 1;
      if (start > to) return;
      const end = Math.min(start + this.#size - 1, to);
      try {
        await this.#chunk(start, end);
      } catch (error) {
        await this.#afterFailure(error, start, end);
      }
    }
  }

  /** Steps back behind blocks that are no longer in the chain. */
  async #dropWhatIsGone(): Promise<void> {
    while (this.#progress.last.hash !== "") {
      const { block, hash } = this.#progress.last;
      if ((await hashOf(this.#reader, block)) === hash) return;
      this.reorganisations += 1;
      this.#options.log(`Block ${block} is another one now: the chain was reorganised, its chunk is fetched again.`);
      this.#check.moved();
      if (this.#progress.stepBack()) continue;
      throw new FetchError(
        `The chain was reorganised back to block ${block}, before what was asked for; wait until it is final, remove ${this.#options.file}.part.json and begin anew.`,
      );
    }
  }

  async #chunk(start: number, end: number): Promise<void> {
    const { rpc, pool, from, to, log } = this.#options;
    const hash = await hashOf(this.#reader, end);
    const logs = await poolLogs(rpc, pool, start, end);
    const times = await this.#timesOf(logs);
    const { rows, after } = rowsOf(logs, times, this.#progress.last.pool);
    const finding = await this.#check.check({ end, logs, times, after });
    if (finding === null) return;
    try {
      if ((await hashOf(this.#reader, end)) !== hash) {
        throw new UnsoundAnswerError(`Block ${end} was reorganised while its logs were read.`);
      }
      this.#progress.append(rows, { block: end, hash, ...finding });
    } catch (error) {
      // The chunk was found good and is not kept all the same.
      this.#check.moved();
      throw error;
    }
    this.chunks += 1;
    this.#failures = 0;
    const percent = Math.floor((100 * (end - from + 1)) / (to - from + 1));
    log(
      `Block ${end} of ${to} (${percent} %), ${this.#progress.last.events} events, ${end - start + 1} blocks at once`,
    );
    if (logs.length < MANY_EVENTS) this.#size = Math.min(this.#size * 2, this.#ceiling, LARGEST_CHUNK);
    // A dense stretch of the chain may be behind us.
    this.#ceiling = Math.min(this.#ceiling + Math.ceil(this.#ceiling / 8), LARGEST_CHUNK);
  }

  /** Unix seconds of every block with a log, whose hash must be the log's. */
  async #timesOf(logs: readonly PoolLog[]): Promise<ReadonlyMap<number, number>> {
    const hashes = new Map(logs.map(({ block, blockHash }) => [block, blockHash]));
    const times = await inParallel([...hashes], WIDTH, async ([block, hash]) => {
      const header = await this.#reader.header(block);
      if (header.hash.toLowerCase() !== hash) {
        throw new UnsoundAnswerError(
          `The node's logs of block ${block} are of another block than the one it shows there.`,
        );
      }
      return [block, header.timestamp] as const;
    });
    return new Map(times);
  }

  /** Smaller chunks where the node may balk at the size or tell half of it, patience where not, then the truth. */
  async #afterFailure(error: unknown, start: number, end: number): Promise<void> {
    const { signal, sleep, log } = this.#options;
    if (signal.aborted || error instanceof FetchOptionError) throw error;
    // The disk's failures are not the node's.
    if (error instanceof FileWriteError || error instanceof FileStateError) throw error;
    if (isAway(error)) {
      throw new FetchError(
        `The node does not answer (${messageOf(error)}); check --rpc and that it is up, and run the same command again, it goes on from block ${start}.`,
        { cause: error },
      );
    }
    const size = end - start + 1;
    // What is wrong with a header or a state is so at any size.
    if (size > 1 && !(error instanceof NodeError)) {
      this.#size = Math.floor(size / 2);
      this.#ceiling = this.#size;
      log(`Blocks ${start} to ${end} were not served (${messageOf(error)}); trying ${this.#size} at once.`);
      return;
    }
    this.#failures += 1;
    if (this.#failures >= ATTEMPTS) {
      if (error instanceof FetchError || error instanceof RetryableError) throw error;
      throw new FetchError(
        `The node does not serve the logs of block ${start} (${messageOf(error)}); use another node and run the same command again, it goes on from here.`,
        { cause: error },
      );
    }
    await sleep(250 * 2 ** this.#failures);
  }
}

/** Whether the node cannot be reached, or wants to be left alone; one that takes too long or breaks over a request may serve a smaller one. */
function isAway(error: unknown): boolean {
  if (error instanceof ConnectionError) return true;
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return isConnectionFailure(error) && code !== "TIMEOUT" && code !== "SERVER_ERROR";
}

async function hashOf(reader: PoolReader, block: number): Promise<string> {
  return (await reader.header(block)).hash.toLowerCase();
}
