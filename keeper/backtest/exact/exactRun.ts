/**
 * One strategy from the first mark of a window to the last, its ranges in a simulated pool that goes through recorded events.
 *
 * Marks are whole hours. What happened up to a mark, that second included, has happened when the strategy acts there; what happens later is not
 * even known to the pool, and prices and pay of later bars are not written yet.
 */
import { orientedSpotTick, priceFromSqrtPriceX96 } from "../../chain/prices.ts";
import { growthOf } from "../data/growth.ts";
import type { DatedRate } from "../data/fedFunds.ts";
import { midnights } from "../data/calendar.ts";
import { timeOf } from "../data/tape.ts";
import { HOUR } from "../../market/time.ts";
import { recordRun, type RunRecord } from "../engine/run.ts";
import type { World } from "../engine/world.ts";
import type { Costs } from "../model/costs.ts";
import type { Strategy } from "../strategies/strategy.ts";
import { ExactBook, type PoolWorld } from "./exactBook.ts";
import { GrowthRecorder } from "./growthRecorder.ts";
import { PoolFeed, type ReplayMode } from "./poolFeed.ts";
import type { PoolSignals } from "./poolSignals.ts";
import { poolOf, type PoolSource } from "./source.ts";
import type { Window } from "./window.ts";

export interface ExactRunOptions {
  readonly source: PoolSource;
  readonly window: Window;
  readonly mode: ReplayMode;
  readonly costs: Costs;
  /** Fed funds; null if unknown. */
  readonly reserve: readonly DatedRate[] | null;
  /** Shown the pool at every whole hour from the first at which its state is known, before the strategy acts. */
  readonly signals?: PoolSignals;
  /** Shown the book at every mark after the strategy may have acted. */
  readonly seen?: (book: ExactBook) => void;
}

export interface ExactRun {
  readonly record: RunRecord;
  /** As the pool was in this run: prices and liquidity at marks, fee growth by bar and by price. What a fast run of the same is fed with. */
  readonly world: World & Required<Pick<World, "grid" | "profile" | "pool">>;
  readonly book: ExactBook;
  /** See PoolFeed. */
  readonly feed: Pick<PoolFeed, "swaps" | "volume" | "recordedVolume" | "deviation" | "share">;
}

/** @throws SimulationFileError for events that do not follow from the source's state */
export function runExact(strategy: Strategy, options: ExactRunOptions): ExactRun {
  const { source, window, mode, costs, reserve, signals, seen } = options;
  const { orientation } = source;
  const pool = poolOf(source);
  const { from, bars } = window;
  const unknown = (length: number): Float64Array => new Float64Array(length).fill(Number.NaN);
  const tape = { bars, from, price: unknown(bars + 1), root: unknown(bars + 1) };
  const { fee, tickSpacing } = source.terms;
  const { baseDecimals, quoteDecimals } = orientation;
  const sight = { tick: unknown(bars + 1), liquidity: unknown(bars + 1) };
  const world: PoolWorld = {
    tape,
    feePerLiquidity: unknown(bars),
    growth: growthOf(tape, costs, reserve),
    costs,
    grid: { spacing: tickSpacing, orientation },
    pool: { fee, tickSpacing, baseDecimals, quoteDecimals, ...sight },
  };
  const rootOf = (sqrtPriceX96: bigint): number => Math.sqrt(priceFromSqrtPriceX96(sqrtPriceX96, orientation));
  const growth = new GrowthRecorder(orientation);
  let book: ExactBook | null = null;
  const feed = new PoolFeed({
    ...source,
    pool,
    mode,
    own: (tick) => book?.liquidityAt(tick) ?? 0n,
    onSwap: (before, after, growthBefore, growthAfter) => {
      if (book !== null) growth.swap(rootOf(before), rootOf(after), growthBefore, growthAfter);
    },
  });
  const reach = (mark: number): void => {
    feed.advanceTo(timeOf(tape, mark));
    const { slot0, liquidity } = pool.state;
    const { sqrtPriceX96 } = slot0;
    tape.price[mark] = priceFromSqrtPriceX96(sqrtPriceX96, orientation);
    tape.root[mark] = rootOf(sqrtPriceX96);
    sight.tick[mark] = orientedSpotTick(sqrtPriceX96, orientation);
    sight.liquidity[mark] = Number(liquidity);
    signals?.see(timeOf(tape, mark), pool);
  };
  for (let hour = Math.ceil(source.since / HOUR) * HOUR; hour < from; hour += HOUR) {
    feed.advanceTo(hour);
    signals?.see(hour, pool);
  }
  reach(0);
  const owned = (book = new ExactBook(world, pool, 0, strategy.baseShare));
  const step = (): void => {
    const bar = owned.mark;
    reach(bar + 1);
    world.feePerLiquidity[bar] = growth.close(tape.price[bar + 1] as number);
    owned.advance();
  };
  const record = recordRun(owned, strategy, midnights(tape), step, () => seen?.(owned));
  return { record, world: { ...world, profile: growth.profile() }, book: owned, feed };
}
