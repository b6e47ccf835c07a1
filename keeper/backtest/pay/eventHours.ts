/**
 * Fees from real events: the pool goes through them in the exact engine, without us, and its fee growth says what a unit of liquidity was paid on
 * the way of each swap. A position of the exact engine in the mode `prices` earns the same, whatever its size: there the price goes the recorded
 * way with our liquidity in the pool, and it is the volume that grows (exact/poolFeed.ts).
 */
import { priceFromSqrtPriceX96 } from "../../chain/prices.ts";
import { HOUR } from "../../market/time.ts";
import type { Bar } from "../../market/types.ts";
import { wayOf } from "../exact/growthRecorder.ts";
import { PoolFeed } from "../exact/poolFeed.ts";
import { poolVolatility } from "../exact/poolVolatility.ts";
import { poolOf, type PoolSource } from "../exact/source.ts";
import type { Window } from "../exact/window.ts";
import type { Way } from "./payRecorder.ts";
import type { PoolHours } from "./poolHours.ts";

/** @throws SimulationFileError for events that do not follow from the source's state */
export function eventHours(source: PoolSource, { from, bars }: Window): PoolHours {
  const { orientation, terms, events, file } = source;
  const pool = poolOf(source);
  const priceOf = (sqrtPriceX96: bigint): number => priceFromSqrtPriceX96(sqrtPriceX96, orientation);
  let [high, low] = [0, Number.POSITIVE_INFINITY];
  let ways: Way[] = [];
  const feed = new PoolFeed({
    ...source,
    pool,
    mode: "prices",
    own: () => 0n,
    onSwap: (before, after, growthBefore, growthAfter) => {
      const [start, end] = [priceOf(before), priceOf(after)];
      [high, low] = [Math.max(high, start, end), Math.min(low, start, end)];
      ways.push(wayOf(Math.sqrt(start), Math.sqrt(end), growthBefore, growthAfter, orientation));
    },
  });
  feed.advanceTo(from);
  const found: Bar[] = [];
  const paid: Way[][] = [];
  for (let time = from; time < from + bars * HOUR; time += HOUR) {
    const open = priceOf(pool.state.slot0.sqrtPriceX96);
    const before = feed.volume;
    ways = [];
    [high, low] = [open, open];
    // As in an exact run, what happens at the mark's own second belongs to the bar before it.
    feed.advanceTo(time + HOUR);
    const close = priceOf(pool.state.slot0.sqrtPriceX96);
    found.push({ time, open, high, low, close, volume: (feed.volume - before) / close });
    paid.push(ways);
  }
  return {
    file,
    orientation,
    fee: terms.fee,
    tickSpacing: terms.tickSpacing,
    bars: found,
    ways: paid,
    competing: null,
    volatility: poolVolatility(events, terms.fee, orientation, from, from + bars * HOUR),
  };
}
