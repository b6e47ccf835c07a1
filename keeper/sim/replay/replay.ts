/**
 * Replays a pool's events and holds every swap against what the simulated pool makes of it.
 *
 * With a tick map the pool goes through all of them, and an event that does not follow from the state is an error: nothing that
 * comes after it could be judged. Without one only price and liquidity are known after each swap. Then a swap is checked from
 * the state that the event before it left, with the mints and burns in between applied, if it ends at the liquidity with which
 * it began; one that ends at another has crossed ticks that nobody knows.
 */
import { getSqrtRatioAtTick } from "../../chain/tickMath.ts";
import { SimulationFileError } from "../errors.ts";
import { FastPool } from "../fastPool.ts";
import { PoolRevert } from "../revert.ts";
import { amount0Delta, amount1Delta } from "../sqrtPriceMath.ts";
import type { TickMap } from "../tickMap.ts";
import type { SwapOrder } from "../types.ts";
import type { PoolEvent, RangeEvent, SwapEvent } from "./events.ts";
import { possibleOrders, quoteOrNull, reproduce, type SwapTrace } from "./orders.ts";

/** Ticks between usable ticks by fee, as Uniswap's factories have them. */
export const TIERS: Readonly<Record<number, number>> = { 100: 1, 500: 10, 3_000: 60, 10_000: 200 };

/** A replay that cannot be made as it was asked for; the message says what to pass instead. */
export class ReplayOptionError extends Error {
  override readonly name = "ReplayOptionError";
}

/** Why a swap was not checked. */
export type SkipReason = "noStateBefore" | "otherLiquidityAfter" | "movesNothing" | "beforeTheMap";

export interface Mismatch {
  readonly line: number;
  readonly block: number;
  readonly event: SwapTrace;
  /** What the pool makes of the likeliest order; null if it refuses all. */
  readonly simulated: SwapTrace | null;
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
 *   none can be told, or one that contradicts the map
 */
export function replay(events: readonly PoolEvent[], options: ReplayOptions): ReplayResult {
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

  result(events: readonly PoolEvent[], fee: number, hasMap: boolean): ReplayResult {
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

function replayMap(events: readonly PoolEvent[], map: TickMap, { file, fee }: ReplayOptions): ReplayResult {
  if (fee !== undefined && fee !== map.fee) {
    throw new ReplayOptionError(`--fee ${fee} contradicts the tick map, whose pool takes ${map.fee}; leave --fee out.`);
  }
  const pool = new FastPool(map);
  pool.load(map);
  const tally = new Tally();
  for (const event of events) {
    if (map.block !== undefined && event.block <= map.block) {
      if (event.kind === "SWAP") tally.skip("beforeTheMap");
      continue;
    }
    const { slot0 } = pool.state;
    if (event.kind !== "SWAP") {
      checkPrice(event, slot0.sqrtPriceX96, file);
      applyToPool(pool, event, file);
      continue;
    }
    tally.checked += 1;
    const orders = possibleOrders(event, slot0.sqrtPriceX96);
    if (orders.length === 0) {
      // Nothing in, nothing out, no move: it must at least stand where the pool does.
      if (event.liquidity !== pool.state.liquidity || event.tick !== slot0.tick) contradiction(event, file, null);
      tally.exact += 1;
      continue;
    }
    const order = reproduce(pool, orders, event);
    if (order === null) return contradiction(event, file, likeliest(pool, orders));
    tally.crossings += pool.swap(order, event.time).crossed;
    tally.exact += 1;
  }
  return tally.result(events, map.fee, true);
}

function contradiction(event: SwapEvent, file: string, simulated: SwapTrace | null): never {
  const says = ({ amount0, amount1, sqrtPriceX96, tick, liquidity }: SwapTrace): string =>
    `amounts ${amount0} and ${amount1}, sqrt price ${sqrtPriceX96}, tick ${tick}, liquidity ${liquidity}`;
  throw new SimulationFileError(
    file,
    event.line,
    `the swap does not follow from the state before it: the event says ${says(event)}, the pool ${
      simulated === null ? "refuses it" : says(simulated)
    }; see that no event is missing and that the map is of this pool and of the block before the first event.`,
  );
}

function applyToPool(pool: FastPool, event: RangeEvent, file: string): void {
  if (event.liquidity === 0n || event.kind === "COLLECT") return;
  const sign = event.kind === "MINT" ? 1n : -1n;
  try {
    const { amount0, amount1 } = pool.adjust(event.range, sign * event.liquidity, event.time);
    checkAmounts(event, sign * amount0, sign * amount1, file);
  } catch (cause) {
    if (!(cause instanceof PoolRevert)) throw cause;
    throw new SimulationFileError(
      file,
      event.line,
      `the pool refuses this ${event.kind} (${cause.code === "" ? "no reason" : cause.code}); see that no event is missing and that the map is of this pool.`,
      { cause },
    );
  }
}

/** Price and liquidity after an event; liquidity null until a swap has told it. */
interface Known {
  readonly sqrtPriceX96: bigint;
  readonly tick: number;
  readonly liquidity: bigint;
}

/** A swap with the state in which it began. */
interface Checkable {
  readonly event: SwapEvent;
  readonly before: Known;
  readonly orders: readonly SwapOrder[];
}

function replaySegments(events: readonly PoolEvent[], { file, fee }: ReplayOptions): ReplayResult {
  const tally = new Tally();
  const swaps = checkableSwaps(events, file, tally);
  const pool = fee === undefined ? poolThatFits(swaps, file) : poolOfFee(fee);
  for (const swap of swaps) {
    tally.checked += 1;
    place(pool, swap.before);
    if (reproduce(pool, swap.orders, swap.event) !== null) tally.exact += 1;
    else {
      const { line, block, amount0, amount1, sqrtPriceX96, tick, liquidity } = swap.event;
      const event = { amount0, amount1, sqrtPriceX96, tick, liquidity };
      tally.mismatches.push({ line, block, event, simulated: likeliest(pool, swap.orders) });
    }
  }
  return tally.result(events, pool.fee, false);
}

function checkableSwaps(events: readonly PoolEvent[], file: string, tally: Tally): readonly Checkable[] {
  const found: Checkable[] = [];
  let known: Known | null = null;
  for (const event of events) {
    if (event.kind !== "SWAP") {
      known = known === null ? null : afterRange(event, known, file);
      continue;
    }
    const before: Known | null = known;
    const { sqrtPriceX96, tick, liquidity } = event;
    known = { sqrtPriceX96, tick, liquidity };
    if (before === null) tally.skip("noStateBefore");
    else if (before.liquidity !== liquidity) tally.skip("otherLiquidityAfter");
    else {
      const orders = possibleOrders(event, before.sqrtPriceX96);
      if (orders.length === 0) tally.skip("movesNothing");
      else found.push({ event, before, orders });
    }
  }
  return found;
}

/** @throws SimulationFileError if the event cannot have happened in this state */
function afterRange(event: RangeEvent, known: Known, file: string): Known {
  checkPrice(event, known.sqrtPriceX96, file);
  if (event.kind === "COLLECT" || event.liquidity === 0n) return known;
  const { tickLower, tickUpper } = event.range;
  const isMint = event.kind === "MINT";
  const [low, high] = [getSqrtRatioAtTick(tickLower), getSqrtRatioAtTick(tickUpper)];
  // By the tick and not by the price: a price that fell onto a tick has left the range that begins there.
  const at = known.tick < tickLower ? low : known.tick >= tickUpper ? high : known.sqrtPriceX96;
  const amount0 = amount0Delta(at, high, event.liquidity, isMint);
  const amount1 = amount1Delta(low, at, event.liquidity, isMint);
  checkAmounts(event, amount0, amount1, file);
  if (known.tick < tickLower || known.tick >= tickUpper) return known;
  const liquidity = known.liquidity + (isMint ? event.liquidity : -event.liquidity);
  if (liquidity < 0n) {
    throw new SimulationFileError(
      file,
      event.line,
      "the burn takes out more liquidity than is in range; see that no event is missing before it.",
    );
  }
  return { ...known, liquidity };
}

function checkPrice(event: RangeEvent, sqrtPriceX96: bigint, file: string): void {
  if (event.sqrtPriceX96 === null || event.sqrtPriceX96 === sqrtPriceX96) return;
  throw new SimulationFileError(
    file,
    event.line,
    `the ${event.kind} is of sqrt price ${event.sqrtPriceX96}, the swaps before it ended at ${sqrtPriceX96}; a swap is missing or the row is wrong.`,
  );
}

function checkAmounts(event: RangeEvent, amount0: bigint, amount1: bigint, file: string): void {
  if (event.amount0 === amount0 && event.amount1 === amount1) return;
  throw new SimulationFileError(
    file,
    event.line,
    `the ${event.kind} moves ${event.amount0} and ${event.amount1}, at the pool's price it would be ${amount0} and ${amount1}; a swap is missing or the row is wrong.`,
  );
}

/** A pool of one stretch of liquidity without an end. */
function place(pool: FastPool, { sqrtPriceX96, tick, liquidity }: Known): void {
  const feeGrowth = { token0X128: 0n, token1X128: 0n };
  pool.load({ sqrtPriceX96, tick, liquidity, feeGrowth, feeProtocol: 0, time: 0, ticks: [] });
}

function likeliest(pool: FastPool, orders: readonly SwapOrder[]): SwapTrace | null {
  const [first] = orders;
  const result = first === undefined ? null : quoteOrNull(pool, first);
  if (result === null) return null;
  const { amount0, amount1, sqrtPriceX96, tick, liquidity } = result;
  return { amount0, amount1, sqrtPriceX96, tick, liquidity };
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
function poolThatFits(swaps: readonly Checkable[], file: string): FastPool {
  const pools = Object.keys(TIERS).map((fee) => poolOfFee(Number(fee)));
  for (const { event, before, orders } of swaps) {
    const fitting = pools.filter((pool) => {
      place(pool, before);
      return reproduce(pool, orders, event) !== null;
    });
    const [only] = fitting;
    if (fitting.length === 1 && only !== undefined) return only;
  }
  throw new ReplayOptionError(
    swaps.length === 0
      ? `${file} has no swap that can be checked without a tick map; give --tickmap, or a longer file.`
      : `No fee tier alone reproduces a swap of ${file}; give --fee, and see that no event is missing.`,
  );
}
