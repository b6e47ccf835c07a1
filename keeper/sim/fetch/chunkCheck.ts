/**
 * Holds a fetch's events against the chain, chunk by chunk.
 *
 * Where the node knows the pool's state before a chunk, a simulated pool with all ticks goes through every event of it (shadow.ts) and must end
 * at the pool's own price, tick, liquidity, protocol's part and fee growth. The liquidity at all ticks, which takes some more
 * requests, is compared now and then and at the end. Where the node knows no states, each swap is judged from the one before it, as
 * a replay without a tick map does.
 */
import { FastPool, type FastPoolSnapshot } from "../fastPool.ts";
import { parseEvents } from "../replay/events.ts";
import { ContradictionError } from "../replay/follow.ts";
import { judge, type Known, stateAfter } from "../replay/segments.ts";
import type { PoolTerms } from "../types.ts";
import { FetchError, UnsoundAnswerError } from "./errors.ts";
import type { PoolLog } from "./logs.ts";
import { ifKnown } from "./pastState.ts";
import type { PoolNow, PoolReader } from "./poolReader.ts";
import type { Checkpoint, Progress } from "./progress.ts";
import { doesNotFollow, eventOf, fitTogether, Shadow, ticksAfter, type TickLiquidity } from "./shadow.ts";
import { allPlaces, readTicks } from "./tickLens.ts";

/** Reading all ticks costs some dozen requests, an event about one. */
const EVENTS_BETWEEN_TICKS = 1_000;
const CHUNKS_BETWEEN_TICKS = 100;

type PoolAfter = Checkpoint["pool"];

/** A chunk that was asked for, and what came. */
export interface Chunk {
  readonly end: number;
  readonly logs: readonly PoolLog[];
  /** Unix seconds by block. */
  readonly times: ReadonlyMap<number, number>;
  /** The pool after the chunk as the events tell of it; null while they do not. */
  readonly after: PoolAfter;
}

/** What could be made sure of. */
export type Finding = Pick<Checkpoint, "pool" | "gapChecked" | "ticksChecked" | "unexplained">;

export class ChunkCheck {
  readonly #reader: PoolReader;
  readonly #terms: PoolTerms;
  readonly #progress: Progress;
  readonly #to: number;
  readonly #log: (line: string) => void;
  /** At the last checkpoint; null if the node does not know enough, undefined until it was asked. */
  #shadow: Shadow | null | undefined;
  /** Ticks before the last checkpoint could not be compared and never will be. */
  #ticksLost = false;
  /** Once ticks differed they are compared after each chunk. */
  #careful = false;
  #chunksSinceTicks = 0;
  #hasSaidSo = false;

  constructor(reader: PoolReader, terms: PoolTerms, progress: Progress, to: number, log: (line: string) => void) {
    this.#reader = reader;
    this.#terms = terms;
    this.#progress = progress;
    this.#to = to;
    this.#log = log;
  }

  /** The last checkpoint is another one than the chunk before ended at. */
  moved(): void {
    this.#shadow = undefined;
  }

  /**
   * @returns null if what was kept before does not hold: the progress has been taken back then
   * @throws UnsoundAnswerError
   */
  async check(chunk: Chunk): Promise<Finding | null> {
    if (this.#shadow === undefined) {
      const shadow = await this.#begin();
      if (shadow === "takenBack") return null;
      this.#shadow = shadow;
    }
    const { last } = this.#progress;
    const before = this.#shadow?.snapshot();
    try {
      return this.#shadow === null
        ? await this.#judgeAlone(chunk, last)
        : await this.#followWith(this.#shadow, chunk, last);
    } catch (error) {
      this.#restore(before);
      throw error;
    }
  }

  #restore(before: FastPoolSnapshot | undefined): void {
    if (before !== undefined) this.#shadow?.restore(before);
  }

  /** The pool at the last checkpoint, with the ticks as the events since they were last compared left them. */
  async #begin(): Promise<Shadow | null | "takenBack"> {
    const { last, lastWithTicks: base } = this.#progress;
    if (last.block < 0) return new Shadow(this.#terms, null, []);
    const now = await poolAt(this.#reader, last.block);
    if (now === undefined) return null;
    if (now === null) return new Shadow(this.#terms, null, []);
    let ticks: readonly TickLiquidity[] | null = await this.#ticksAt(base.block);
    if (ticks !== null && base !== last) {
      const rows = this.#progress.rowsSince(base);
      const events = last.events === base.events ? [] : parseEvents(rows, "what was kept");
      ticks = ticksAfter(ticks, events);
      if (!fitTogether(ticks, now)) {
        this.#takeBack(base, `the ticks do not give the pool's liquidity after block ${last.block}`);
        return "takenBack";
      }
    } else if (base !== last) {
      this.#ticksLost = true;
      ticks = await this.#ticksAt(last.block);
    }
    if (ticks === null) return null;
    if (fitTogether(ticks, now)) return new Shadow(this.#terms, now, ticks);
    throw new UnsoundAnswerError(
      `The ticks that the node shows after block ${last.block} do not give the pool's liquidity; use another node.`,
    );
  }

  async #followWith(shadow: Shadow, { end, logs, times, after }: Chunk, last: Checkpoint): Promise<Finding | null> {
    for (const log of logs) shadow.follow(log, times.get(log.block) ?? 0);
    const now = await poolAt(this.#reader, end);
    if (now === undefined) {
      this.#sayThatGapsAreNotTold();
      return { pool: after, gapChecked: false, ticksChecked: false, unexplained: last.unexplained };
    }
    shadow.compare(now, end);
    const ticksChecked = this.#areTicksDue(end, logs.length) && (await this.#compareTicks(shadow, end));
    if (ticksChecked === null) return null;
    this.#chunksSinceTicks = ticksChecked ? 0 : this.#chunksSinceTicks + 1;
    return {
      pool: now === null ? after : textOf(now),
      gapChecked: last.gapChecked && !this.#ticksLost && (ticksChecked || end < this.#to),
      ticksChecked,
      unexplained: last.unexplained,
    };
  }

  #areTicksDue(end: number, events: number): boolean {
    const { last, lastWithTicks } = this.#progress;
    const since = last.events - lastWithTicks.events + events;
    return (
      this.#careful ||
      end === this.#to ||
      since >= EVENTS_BETWEEN_TICKS ||
      this.#chunksSinceTicks + 1 >= CHUNKS_BETWEEN_TICKS
    );
  }

  /** @returns false if the node does not know them, null if the progress has been taken back */
  async #compareTicks(shadow: Shadow, end: number): Promise<boolean | null> {
    const ticks = await this.#ticksAt(end);
    if (ticks === null) return false;
    const tick = shadow.differentTick(ticks);
    if (tick === null) return true;
    const { last, lastWithTicks: base } = this.#progress;
    const problem = `the liquidity at tick ${tick} after block ${end} is not what mints and burns have left there`;
    if (base === last) {
      throw new UnsoundAnswerError(`It shows that ${problem}: the node leaves events out; use another node.`);
    }
    this.#takeBack(base, problem);
    return null;
  }

  #takeBack(base: Checkpoint, problem: string): void {
    this.#log(`Events are missing after block ${base.block}, for ${problem}; fetching them again.`);
    while (this.#progress.last !== base && this.#progress.stepBack());
    this.#careful = true;
    this.moved();
  }

  /** Null if the node does not know. */
  async #ticksAt(block: number): Promise<readonly TickLiquidity[] | null> {
    if (block < 0) return [];
    const { node, address } = this.#reader;
    try {
      const now = await poolAt(this.#reader, block);
      if (now === undefined) return null;
      if (now === null) return [];
      return (await ifKnown(() => readTicks(node, address, BigInt(block), allPlaces(this.#terms.tickSpacing)))) ?? null;
    } catch (error) {
      if (!(error instanceof FetchError) || error instanceof UnsoundAnswerError) throw error;
      // It creates no contracts in calls.
      return null;
    }
  }

  async #judgeAlone({ end, logs, times, after }: Chunk, last: Checkpoint): Promise<Finding> {
    const pool = new FastPool(this.#terms);
    let known = last.pool === null ? null : knownOf(last.pool);
    let { unexplained } = last;
    for (const log of logs) {
      const event = eventOf(log, times.get(log.block) ?? 0);
      if (event === null) {
        known = log.kind === "INITIALIZE" ? initialised(log) : known;
        continue;
      }
      if (event.kind === "SWAP") {
        const judgement = judge(pool, known, event);
        if (judgement.verdict === "mismatched") {
          if (!judgement.ticksBetween) throw doesNotFollow(log, new Error("the amounts and the price do not fit"));
          unexplained += 1;
        }
      }
      try {
        known = stateAfter(event, known);
      } catch (cause) {
        if (!(cause instanceof ContradictionError)) throw cause;
        throw doesNotFollow(log, cause);
      }
    }
    const now = await poolAt(this.#reader, end);
    this.#sayThatGapsAreNotTold();
    if (now !== undefined) {
      compareRough(after, now, end);
      // From here on the node knows more.
      this.moved();
    }
    const state = now === undefined || now === null ? after : textOf(now);
    return { pool: state, gapChecked: false, ticksChecked: false, unexplained };
  }

  #sayThatGapsAreNotTold(): void {
    if (!this.#hasSaidSo) {
      this.#log(
        "The node keeps no past states, or shows no ticks of them: each swap is held against the one before it, and not every missing event can be told.",
      );
    }
    this.#hasSaidSo = true;
  }
}

/** Null if there is no pool yet, undefined if the node does not know. */
export async function poolAt(reader: PoolReader, block: number): Promise<PoolNow | null | undefined> {
  try {
    const now = await ifKnown(() => reader.now(BigInt(block)));
    return now?.sqrtPriceX96 === 0n ? null : now;
  } catch (error) {
    if (error instanceof FetchError) return null; // No code there at that block.
    throw error;
  }
}

export function textOf({ sqrtPriceX96, tick, liquidity }: PoolNow): NonNullable<PoolAfter> {
  return { sqrtPriceX96: String(sqrtPriceX96), tick, liquidity: String(liquidity) };
}

function knownOf({ sqrtPriceX96, tick, liquidity }: NonNullable<PoolAfter>): Known {
  return { sqrtPriceX96: BigInt(sqrtPriceX96), tick, liquidity: BigInt(liquidity) };
}

function initialised({ fields }: PoolLog): Known {
  return { sqrtPriceX96: BigInt(fields["sqrtPriceX96"] ?? 0), tick: Number(fields["tick"]), liquidity: 0n };
}

/** @throws UnsoundAnswerError if price, tick and liquidity after the events are not the pool's */
function compareRough(after: PoolAfter, now: PoolNow | null, end: number): void {
  if (after === null) return;
  const theirs = now === null ? null : textOf(now);
  if (
    theirs?.sqrtPriceX96 === after.sqrtPriceX96 &&
    theirs.tick === after.tick &&
    theirs.liquidity === after.liquidity
  ) {
    return;
  }
  throw new UnsoundAnswerError(
    `After block ${end} the pool stands at sqrt price ${theirs?.sqrtPriceX96 ?? "0"} with liquidity ${theirs?.liquidity ?? "0"}, the node's events end at ${after.sqrtPriceX96} with ${after.liquidity}: it leaves events out; use another node.`,
  );
}
