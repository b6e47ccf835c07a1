/** Amounts of liquidity, exactly as a pool counts them, from their definitions: a model beside the contracts' libraries. */
import { getSqrtRatioAtTick } from "../../../keeper/chain/tickMath.ts";
import { divUp, max, min, Q96, type Pair2, type RangeLiquidity } from "../arithmetic.ts";

export type Rounding = "up" | "down";

/** Tokens in a range at a sqrt price, wei. */
export function amountsOf(range: RangeLiquidity, sqrtPriceX96: bigint, rounding: Rounding): Pair2 {
  const lower = getSqrtRatioAtTick(range.tickLower);
  const upper = getSqrtRatioAtTick(range.tickUpper);
  const at = max(min(sqrtPriceX96, upper), lower);
  const divide = rounding === "up" ? divUp : (a: bigint, b: bigint): bigint => a / b;
  return {
    // L (1/sqrt(p) - 1/sqrt(b)) and L (sqrt(p) - sqrt(a)).
    amount0: divide(range.liquidity * Q96 * (upper - at), at * upper),
    amount1: divide(range.liquidity * (at - lower), Q96),
  };
}

/** L sqrt(p) in quote wei at the range's price nearest to a sqrt price; rounded down. */
export function rootValue(range: RangeLiquidity, sqrtPriceX96: bigint, quoteIsToken0: boolean): bigint {
  const at = max(min(sqrtPriceX96, getSqrtRatioAtTick(range.tickUpper)), getSqrtRatioAtTick(range.tickLower));
  return quoteIsToken0 ? (range.liquidity * Q96) / at : (range.liquidity * at) / Q96;
}

export function plus(a: Pair2, b: Pair2): Pair2 {
  return { amount0: a.amount0 + b.amount0, amount1: a.amount1 + b.amount1 };
}

export function minus(a: Pair2, b: Pair2): Pair2 {
  return { amount0: a.amount0 - b.amount0, amount1: a.amount1 - b.amount1 };
}

export const NOTHING: Pair2 = { amount0: 0n, amount1: 0n };
