/**
 * Replays a file of a pool's events and holds every swap against what the simulated pool makes of it: with a tick map the pool
 * goes through all of them, and an event that does not follow from the state is an error, since nothing that comes after it could
 * be judged (follow.ts); without one each swap is judged from the state that the event before it left (segments.ts).
 */
import { SimulationFileError } from "../errors.ts";
import { FastPool } from "../fastPool.ts";
import type { TickMap } from "../tickMap.ts";
import type { FileEvent, InFile, SwapEvent } from "./events.ts";
import { ContradictionError, follow } from "./follow.ts";
import type { SwapTrace } from "./orders.ts";
import { judge, type Known, stateAfter, type Unjudged } from "./segments.ts";

/** Ticks between usable ticks by fee, as Uniswap's factories have them. */
export const TIERS: Readonly<Record<number, number>> = { 100: 1, 500: 10, 3_000: 60, 10_000: 200 };

/** A replay that cannot be made as it was asked for; the message says what to pass instead. */
export class ReplayOptionError extends Error {
  override readonly name = "ReplayOptionError";
}

/** Why a swap was not checked. */
export type SkipReason = Unjudged | "beforeTheMap";

export interface Mismatch extends InFile {
  readonly block: number;
  readonly event: SwapTrace;
  /** What the pool makes of the likeliest order; null if it refuses all. */
  readonly simulated: SwapTrace | null;
  /** Whether the swap passed usable ticks, so that only a tick map can tell whether it is wrong. */
  readonly ticksBetween: boolean;
}

export interface ReplayResult {
  readonly events: number;
  readonly swaps: number;
  readonly fee: number;
  readonly checked: number;
  readonly exact: number;
  readonly mismatched: number;
  readonly skipped: number;
  readonly skippedWhy: Readonly<Partial<Record<SkipReason, number>>>;
  /** Initialised ticks that the price passed; null without a tick map. */
  readonly crossings: number | null;
  readonly mismatches: readonly Mismatch[];
}

export interface ReplayOptions {
  /** How messages name the events' file. */
  readonly file: string;
  readonly map?: TickMap;
  /** Hundredths of a basis point; without it and without a map the tier that reproduces the swaps. */
  readonly fee?: number;
}

/**
 * @throws SimulationFileError for an event that contradicts the state, with its line; ReplayOptionError if no fee is given and
 *   none can be told, for one that contradicts the map, and if nothing in the file can be checked
 */
export function replay(events: readonly FileEvent[], options: ReplayOptions): ReplayResult {
  return options.map === undefined ? replaySegments(events, options) : replayMap(events, options.map, options);
}

class Tally {
  checked = 0;
  exact = 0;
  crossings = 0;
  readonly skippedWhy: Partial<Record<SkipReason, number>> = {};
  readonly mismatches: Mismatch[] = [];

  skip(reason: SkipReason): void {
    this.skippedWhy[reason] = (this.skippedWhy[reason] ?? 0) + 1;
  }

  result(events: readonly FileEvent[], fee: number, hasMap: boolean): ReplayResult {
    const swaps = events.filter(({ kind }) => kind === "SWAP").length;
    return {
      events: events.length,
      swaps,
      fee,
      checked: this.checked,
      exact: this.exact,
      mismatched: this.checked - this.exact,
      skipped: swaps - this.checked,
      skippedWhy: this.skippedWhy,
      crossings: hasMap ? this.crossings : null,
      mismatches: this.mismatches,
    };
  }
}

function replayMap(events: readonly FileEvent[], map: TickMap, { file, fee }: ReplayOptions): ReplayResult {
  if (fee !== undefined && fee !== map.fee) {
    throw new ReplayOptionError(`--fee ${fee} contradicts the tick map, whose pool takes ${map.fee}; leave --fee out.`);
  }
  const last = events.at(-1);
  if (last !== undefined && map.block !== undefined && last.block <= map.block) {
    throw new ReplayOptionError(
      `The tick map is of block ${map.block} and ${file} ends at block ${last.block}, so that nothing can be checked; give a map of the block before the first event.`,
    );
  }
  const pool = new FastPool(map);
  pool.load(map);
  const tally = new Tally();
  for (const event of events) {
    const isSwap = event.kind === "SWAP";
    if (map.block !== undefined && event.block <= map.block) {
      if (isSwap) tally.skip("beforeTheMap");
      continue;
    }
    const advice =
      "see that no event is missing and that the map is of this pool and of the block before the first event";
    tally.crossings += atLine(event, file, advice, () => follow(pool, event));
    if (!isSwap) continue;
    tally.checked += 1;
    tally.exact += 1;
  }
  return tally.result(events, map.fee, true);
}

/** @throws SimulationFileError with the event's line for a contradiction */
function atLine<T>(event: FileEvent, file: string, advice: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (!(cause instanceof ContradictionError)) throw cause;
    throw new SimulationFileError(file, event.line, `${cause.message}; ${advice}.`, { cause });
  }
}

/** A swap with the state in which it began. */
interface Begun {
  readonly event: SwapEvent & InFile;
  readonly before: Known | null;
}

function replaySegments(events: readonly FileEvent[], { file, fee }: ReplayOptions): ReplayResult {
  const swaps = begunSwaps(events, file);
  const pool = fee === undefined ? poolThatFits(swaps, file) : poolOfFee(fee);
  const tally = new Tally();
  for (const { event, before } of swaps) {
    const judgement = judge(pool, before, event);
    if (judgement.verdict === "unjudged") {
      tally.skip(judgement.why);
      continue;
    }
    tally.checked += 1;
    if (judgement.verdict === "exact") {
      tally.exact += 1;
      continue;
    }
    const { line, block, amount0, amount1, sqrtPriceX96, tick, liquidity } = event;
    const { simulated, ticksBetween } = judgement;
    const trace = { amount0, amount1, sqrtPriceX96, tick, liquidity };
    tally.mismatches.push({ line, block, event: trace, simulated, ticksBetween });
  }
  if (tally.checked === 0) throw nothingToCheck(file);
  return tally.result(events, pool.fee, false);
}

function begunSwaps(events: readonly FileEvent[], file: string): readonly Begun[] {
  const found: Begun[] = [];
  let known: Known | null = null;
  for (const event of events) {
    const before: Known | null = known;
    if (event.kind === "SWAP") found.push({ event, before });
    known = atLine(event, file, "a swap is missing or the row is wrong", () => stateAfter(event, before));
  }
  return found;
}

function nothingToCheck(file: string): ReplayOptionError {
  return new ReplayOptionError(
    `${file} has no swap that can be checked without a tick map; give --tickmap, or a longer file.`,
  );
}

function poolOfFee(fee: number): FastPool {
  const tickSpacing = TIERS[fee];
  if (tickSpacing === undefined) {
    throw new ReplayOptionError(
      `The tick spacing of fee ${fee} is unknown; give one of ${Object.keys(TIERS).join(", ")}, or a tick map, which says it.`,
    );
  }
  return new FastPool({ fee, tickSpacing });
}

/** The pool of the one tier that reproduces a swap: the first one that tells the tiers apart. */
function poolThatFits(swaps: readonly Begun[], file: string): FastPool {
  const pools = Object.keys(TIERS).map((fee) => poolOfFee(Number(fee)));
  let judged = false;
  for (const { event, before } of swaps) {
    // A liquidity that changed fits no pool, or nobody knows which.
    if (before?.liquidity !== event.liquidity) continue;
    const verdicts = pools.map((pool) => ({ pool, ...judge(pool, before, event) }));
    judged ||= verdicts.some(({ verdict }) => verdict !== "unjudged");
    const [only, ...others] = verdicts.filter(({ verdict }) => verdict === "exact");
    if (only !== undefined && others.length === 0) return only.pool;
  }
  if (!judged) throw nothingToCheck(file);
  throw new ReplayOptionError(
    `No fee tier alone reproduces a swap of ${file}; give --fee, and see that no event is missing.`,
  );
}
