/**
 * What can be said of events where only price and liquidity are known after each swap, and no ticks: a swap that ends at the
 * liquidity with which it began is held against one stretch of that liquidity; one that ends at another has crossed ticks that
 * nobody knows, unless it stayed between two usable ticks, where there are none.
 */
import { getSqrtRatioAtTick } from "../../chain/tickMath.ts";
import type { FastPool } from "../fastPool.ts";
import { amount0Delta, amount1Delta } from "../sqrtPriceMath.ts";
import type { PoolEvent, RangeEvent, SwapEvent } from "./events.ts";
import { checkAmounts, checkPrice, ContradictionError } from "./follow.ts";
import { likeliest, possibleOrders, reproduce, type SwapTrace } from "./orders.ts";

/** Price and liquidity after an event. */
export interface Known {
  readonly sqrtPriceX96: bigint;
  readonly tick: number;
  readonly liquidity: bigint;
}

/** Why a swap cannot be judged without a tick map. */
export type Unjudged = "noStateBefore" | "otherLiquidityAfter" | "movesNothing";

export type Judgement =
  | { readonly verdict: "exact" }
  | { readonly verdict: "unjudged"; readonly why: Unjudged }
  | {
      readonly verdict: "mismatched";
      /** What the pool makes of the likeliest order; null if it refuses all. */
      readonly simulated: SwapTrace | null;
      /** Whether the swap passed usable ticks: then liquidity may have begun and ended between, and the swap may still be true. */
      readonly ticksBetween: boolean;
    };

/**
 * The state after an event; null while no swap has told it.
 * @throws ContradictionError for a mint or a burn that cannot have happened in the state before it
 */
export function stateAfter(event: PoolEvent, before: Known | null): Known | null {
  if (event.kind === "SWAP") return { sqrtPriceX96: event.sqrtPriceX96, tick: event.tick, liquidity: event.liquidity };
  return before === null ? null : afterRange(event, before);
}

function afterRange(event: RangeEvent, known: Known): Known {
  checkPrice(event, known.sqrtPriceX96);
  if (event.kind === "COLLECT" || event.liquidity === 0n) return known;
  const { tickLower, tickUpper } = event.range;
  const isMint = event.kind === "MINT";
  const [low, high] = [getSqrtRatioAtTick(tickLower), getSqrtRatioAtTick(tickUpper)];
  // By the tick and not by the price: a price that fell onto a tick has left the range that begins there.
  const at = known.tick < tickLower ? low : known.tick >= tickUpper ? high : known.sqrtPriceX96;
  const amount0 = amount0Delta(at, high, event.liquidity, isMint);
  const amount1 = amount1Delta(low, at, event.liquidity, isMint);
  checkAmounts(event, amount0, amount1);
  if (known.tick < tickLower || known.tick >= tickUpper) return known;
  const liquidity = known.liquidity + (isMint ? event.liquidity : -event.liquidity);
  if (liquidity < 0n) throw new ContradictionError("the burn takes out more liquidity than is in range");
  return { ...known, liquidity };
}

/** @param pool of the right terms; what is in it is lost */
export function judge(pool: FastPool, before: Known | null, swap: SwapEvent): Judgement {
  if (before === null) return { verdict: "unjudged", why: "noStateBefore" };
  const { tickSpacing } = pool;
  const ticksBetween = Math.floor(before.tick / tickSpacing) !== Math.floor(swap.tick / tickSpacing);
  if (before.liquidity !== swap.liquidity && ticksBetween) return { verdict: "unjudged", why: "otherLiquidityAfter" };
  const orders = possibleOrders(swap, before.sqrtPriceX96);
  if (orders.length === 0 && before.liquidity === swap.liquidity) return { verdict: "unjudged", why: "movesNothing" };
  place(pool, before);
  if (reproduce(pool, orders, swap) !== null) return { verdict: "exact" };
  return { verdict: "mismatched", simulated: likeliest(pool, orders), ticksBetween };
}

/** A pool of one stretch of liquidity without an end. */
function place(pool: FastPool, { sqrtPriceX96, tick, liquidity }: Known): void {
  const feeGrowth = { token0X128: 0n, token1X128: 0n };
  pool.load({ sqrtPriceX96, tick, liquidity, feeGrowth, feeProtocol: 0, time: 0, ticks: [] });
}
