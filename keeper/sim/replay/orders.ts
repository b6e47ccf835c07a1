import { MAX_SQRT_RATIO, MIN_SQRT_RATIO } from "../../chain/tickMath.ts";
import type { FastPool } from "../fastPool.ts";
import { PoolRevert } from "../revert.ts";
import type { SwapOrder, SwapResult } from "../types.ts";
import type { SwapEvent } from "./events.ts";

const MOST = (1n << 255n) - 1n;

/** What was seen of a swap, or computed of one. */
export type SwapTrace = Pick<SwapResult, "amount0" | "amount1" | "sqrtPriceX96" | "tick" | "liquidity">;

/**
 * The orders that can have made a swap. The event does not tell which it was: an amount in, an amount out, or one of the two
 * that was not used up because the price reached its limit. None if nothing was traded and nothing moved.
 *
 * @param price before the swap, Q64.96
 */
export function possibleOrders(event: SwapEvent, price: bigint): readonly SwapOrder[] {
  const { amount0, amount1, sqrtPriceX96 } = event;
  const zeroForOne =
    amount0 === 0n && amount1 === 0n ? sqrtPriceX96 < price : amount0 > 0n || (amount0 === 0n && amount1 < 0n);
  const noLimit = zeroForOne ? MIN_SQRT_RATIO + 1n : MAX_SQRT_RATIO - 1n;
  const [amountIn, amountOut] = zeroForOne ? [amount0, amount1] : [amount1, amount0];
  const orders: SwapOrder[] = [];
  if (amountIn > 0n) orders.push({ zeroForOne, amountSpecified: amountIn, sqrtPriceLimitX96: noLimit });
  if (amountOut < 0n) orders.push({ zeroForOne, amountSpecified: amountOut, sqrtPriceLimitX96: noLimit });
  if (sqrtPriceX96 !== price) orders.push({ zeroForOne, amountSpecified: MOST, sqrtPriceLimitX96: sqrtPriceX96 });
  return orders;
}

/** The first of the orders that does what the event says, to the wei; null if none does. */
export function reproduce(pool: FastPool, orders: readonly SwapOrder[], event: SwapTrace): SwapOrder | null {
  for (const order of orders) {
    const result = quoteOrNull(pool, order);
    if (result !== null && isSame(result, event)) return order;
  }
  return null;
}

/** Null if the pool refuses the order. */
function quoteOrNull(pool: FastPool, order: SwapOrder): SwapResult | null {
  try {
    return pool.quote(order);
  } catch (error) {
    if (error instanceof PoolRevert) return null;
    throw error;
  }
}

/** What the pool makes of the first order; null if it refuses it or there is none. */
export function likeliest(pool: FastPool, orders: readonly SwapOrder[]): SwapTrace | null {
  const [first] = orders;
  const result = first === undefined ? null : quoteOrNull(pool, first);
  if (result === null) return null;
  const { amount0, amount1, sqrtPriceX96, tick, liquidity } = result;
  return { amount0, amount1, sqrtPriceX96, tick, liquidity };
}

function isSame(a: SwapTrace, b: SwapTrace): boolean {
  return (
    a.amount0 === b.amount0 &&
    a.amount1 === b.amount1 &&
    a.sqrtPriceX96 === b.sqrtPriceX96 &&
    a.tick === b.tick &&
    a.liquidity === b.liquidity
  );
}
