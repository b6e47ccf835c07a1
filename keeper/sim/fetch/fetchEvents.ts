/**
 * Pulls a pool's events into a file. Chunks of blocks grow while the node serves them and shrink when it refuses. Each chunk is
 * held against the chain before it is kept: every log's block must be the one that the node shows at that height, and price and
 * liquidity after the chunk's events must be the pool's own, so that a node that leaves logs out is found out. What was kept is
 * dropped again when its block is no longer in the chain.
 */
import { ChainNode } from "../../chain/node.ts";
import type { Rpc } from "../../chain/rpc.ts";
import { messageOf } from "../../chain/node.ts";
import { RetryableError } from "../../chain/failures.ts";
import { isoTime } from "../../report/format.ts";
import { FetchError, FetchOptionError, UnsoundAnswerError } from "./errors.ts";
import { type PoolLog, poolLogs } from "./logs.ts";
import { inParallel } from "./parallel.ts";
import { PoolReader } from "./poolReader.ts";
import { type Checkpoint, Progress } from "./progress.ts";

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
  /** Whether every chunk could be held against the pool's own state. */
  readonly gapChecked: boolean;
}

type PoolAfter = Checkpoint["pool"];

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
  await reader.terms(newest.number);
  const before = Math.max(from - 1, 0);
  const job = { chainId: await reader.node.chainId(), pool: options.pool.toLowerCase(), from, to };
  const progress = Progress.open(file, job, {
    block: from - 1,
    hash: from === 0 ? "" : await hashOf(reader, before),
    pool: from === 0 ? null : ((await poolAt(reader, before)) ?? null),
  });
  const run = new Run(options, reader, progress);
  await run.toTheEnd();
  progress.finish();
  return {
    file,
    events: progress.last.events,
    chunks: run.chunks,
    reorganisations: run.reorganisations,
    gapChecked: run.gapChecked,
  };
}

class Run {
  chunks = 0;
  reorganisations = 0;
  gapChecked = true;
  readonly #options: FetchOptions;
  readonly #reader: PoolReader;
  readonly #progress: Progress;
  #size = FIRST_CHUNK;
  #ceiling = LARGEST_CHUNK;
  #failures = 0;

  constructor(options: FetchOptions, reader: PoolReader, progress: Progress) {
    this.#options = options;
    this.#reader = reader;
    this.#progress = progress;
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
    const known = await this.#checkState(after, end);
    if ((await hashOf(this.#reader, end)) !== hash) {
      throw new UnsoundAnswerError(`Block ${end} was reorganised while its logs were read.`);
    }
    this.#progress.append(rows, { block: end, hash, pool: known });
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
      const header = await this.#reader.node.block(BigInt(block));
      if (header?.hash.toLowerCase() !== hash) {
        throw new UnsoundAnswerError(
          `The node's logs of block ${block} are of another block than the one it shows there.`,
        );
      }
      return [block, header.timestamp] as const;
    });
    return new Map(times);
  }

  /** Holds the pool that the events tell of against the pool itself. @returns the pool after the chunk */
  async #checkState(after: PoolAfter, end: number): Promise<PoolAfter> {
    const now = await poolAt(this.#reader, end);
    if (now === undefined) {
      if (this.gapChecked) this.#options.log("The node keeps no past states, so that missing events cannot be told.");
      this.gapChecked = false;
      return after;
    }
    if (after === null || now === null) return now;
    if (now.sqrtPriceX96 === after.sqrtPriceX96 && now.tick === after.tick && now.liquidity === after.liquidity)
      return now;
    throw new UnsoundAnswerError(
      `After block ${end} the pool stands at sqrt price ${now.sqrtPriceX96} with liquidity ${now.liquidity}, the node's events end at ${after.sqrtPriceX96} with ${after.liquidity}: it leaves events out.`,
    );
  }

  /** Smaller chunks first, then patience, then the truth. */
  async #afterFailure(error: unknown, start: number, end: number): Promise<void> {
    const { signal, sleep, log } = this.#options;
    if (signal.aborted || error instanceof FetchOptionError) throw error;
    const size = end - start + 1;
    if (size > 1) {
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

async function hashOf(reader: PoolReader, block: number): Promise<string> {
  const header = await reader.node.block(BigInt(block));
  if (header === null) throw new UnsoundAnswerError(`The node does not have block ${block} any more.`);
  return header.hash.toLowerCase();
}

/** Null if there is no pool yet, undefined if the node does not know. */
async function poolAt(reader: PoolReader, block: number): Promise<PoolAfter | undefined> {
  try {
    const { sqrtPriceX96, tick, liquidity } = await reader.now(BigInt(block));
    return sqrtPriceX96 === 0n ? null : { sqrtPriceX96: String(sqrtPriceX96), tick, liquidity: String(liquidity) };
  } catch (error) {
    if (error instanceof FetchError) return null; // No code there at that block.
    if (
      error instanceof Error &&
      /missing trie node|historical|pruned|archive|not available|unknown block/i.test(messageOf(error))
    ) {
      return undefined;
    }
    throw error;
  }
}

/** The rows of a chunk, and the pool after it. */
function rowsOf(
  logs: readonly PoolLog[],
  times: ReadonlyMap<number, number>,
  before: PoolAfter,
): { readonly rows: readonly string[]; readonly after: PoolAfter } {
  let pool = before;
  const rows = logs.map((log) => {
    const { kind, fields } = log;
    let delta = 0n;
    if (kind === "SWAP") {
      pool = {
        sqrtPriceX96: String(fields["sqrtPriceX96"]),
        tick: Number(fields["tick"]),
        liquidity: String(fields["liquidity"]),
      };
    } else if (kind !== "COLLECT" && pool !== null) {
      const isActive = Number(fields["tickLower"]) <= pool.tick && pool.tick < Number(fields["tickUpper"]);
      delta = isActive ? BigInt(fields["amount"] ?? 0) * (kind === "MINT" ? 1n : -1n) : 0n;
      pool = { ...pool, liquidity: String(BigInt(pool.liquidity) + delta) };
    }
    return [
      log.block,
      isoTime(times.get(log.block) ?? 0)
        .slice(0, 19)
        .replace("T", " "),
      kind,
      log.transactionHash,
      log.transactionIndex,
      log.logIndex,
      kind === "SWAP" ? fields["sender"] : fields["owner"],
      fields["recipient"] ?? "",
      fields["amount0"],
      fields["amount1"],
      pool?.liquidity ?? "",
      pool === null ? "" : delta,
      pool?.sqrtPriceX96 ?? "",
      pool?.tick ?? "",
      fields["tickLower"] ?? "",
      fields["tickUpper"] ?? "",
      kind === "MINT" || kind === "BURN" ? fields["amount"] : "",
    ].join(",");
  });
  return { rows, after: pool };
}
