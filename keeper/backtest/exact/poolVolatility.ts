/**
 * What a pool's own swaps say about volatility (design: "Fee-implied volatility"):
 *
 * - implied by its pay: s_fee = 2 sqrt(sum of fee_i / (L_i sqrt(P_i)) * 365 / days), the volatility at which LVR would equal the fees;
 *   L_i is the liquidity of each swap, so it is weighted by time as it must be;
 * - realised by its price at marks of ten minutes. Faster sampling inside the fee band understates it, and a pool with a high fee needs slower.
 */
import { toUnits } from "../../chain/orientation.ts";
import { type Orientation, priceFromSqrtPriceX96 } from "../../chain/prices.ts";
import { DAY } from "../../market/time.ts";
import { FEE_UNIT } from "../../sim/swapStep.ts";
import type { PoolEvent, SwapEvent } from "../../sim/replay/events.ts";
import { wholeLiquidity } from "../../strategy/ticks.ts";

/** Seconds between looks at the price. */
const STEP = 600;
const YEAR = 365 * DAY;

export interface PoolVolatility {
  /** Per year; null without a swap in time. */
  readonly implied: number | null;
  /** Per year; null without a swap, or in less than ten minutes. */
  readonly realised: number | null;
}

/**
 * @param fee hundredths of a basis point
 * @param from, to unix seconds; swaps in [from, to) count
 */
export function poolVolatility(
  events: readonly PoolEvent[],
  fee: number,
  orientation: Orientation,
  from: number,
  to: number,
): PoolVolatility {
  const swaps = events.filter(
    (event): event is SwapEvent => event.kind === "SWAP" && event.time >= from && event.time < to,
  );
  if (swaps.length === 0) return { implied: null, realised: null };
  let sum = 0;
  for (const { amount0, amount1, sqrtPriceX96, liquidity } of swaps) {
    const price = priceFromSqrtPriceX96(sqrtPriceX96, orientation);
    const { base, quote } = toUnits(amount0 > 0n ? amount0 : 0n, amount1 > 0n ? amount1 : 0n, orientation);
    const paid = ((base * price + quote) * fee) / Number(FEE_UNIT);
    if (liquidity > 0n) sum += paid / (wholeLiquidity(Number(liquidity), orientation) * Math.sqrt(price));
  }
  return { implied: 2 * Math.sqrt((sum * YEAR) / (to - from)), realised: realised(swaps, orientation, from, to) };
}

/** Before the first swap the price is taken to be the one after it: nobody knows another. */
function realised(swaps: readonly SwapEvent[], orientation: Orientation, from: number, to: number): number | null {
  const [first] = swaps;
  if (first === undefined || to - from < STEP) return null;
  let [next, sum] = [0, 0];
  let price = priceFromSqrtPriceX96(first.sqrtPriceX96, orientation);
  let before = price;
  for (let mark = from; mark <= to; mark += STEP) {
    for (let swap = swaps[next]; swap !== undefined && swap.time <= mark; swap = swaps[++next])
      price = priceFromSqrtPriceX96(swap.sqrtPriceX96, orientation);
    sum += Math.log(price / before) ** 2;
    before = price;
  }
  return Math.sqrt((sum * YEAR) / (to - from));
}
