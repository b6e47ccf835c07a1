/**
 * Liquidity and token amounts of one Uniswap v3 range, in exact integers. L is the pool's liquidity unit, amounts are wei,
 * sqrt prices Q64.96. Source: Uniswap v3 Core whitepaper, section 6.2; rounding as in the deployed SqrtPriceMath and in the
 * periphery's LiquidityAmounts. The order of the two bounds does not matter.
 */
import { Q96 } from "./tickMath.ts";

export interface TokenAmounts {
  readonly amount0: bigint;
  readonly amount1: bigint;
}

/**
 * Most liquidity that both amounts can pay for at a price. Rounded down, also inside, so that minting it never needs
 * more than the amounts.
 */
export function getLiquidityForAmounts(
  sqrtPriceX96: bigint,
  sqrtRatioAX96: bigint,
  sqrtRatioBX96: bigint,
  amount0: bigint,
  amount1: bigint,
): bigint {
  const [lower, upper] = ordered(sqrtRatioAX96, sqrtRatioBX96);
  if (sqrtPriceX96 <= lower) return getLiquidityForAmount0(lower, upper, amount0);
  if (sqrtPriceX96 >= upper) return getLiquidityForAmount1(lower, upper, amount1);
  const liquidity0 = getLiquidityForAmount0(sqrtPriceX96, upper, amount0);
  const liquidity1 = getLiquidityForAmount1(lower, sqrtPriceX96, amount1);
  return liquidity0 < liquidity1 ? liquidity0 : liquidity1;
}

/** Liquidity of a range wholly above the price, held in token0. Rounded down twice, as the periphery does. */
export function getLiquidityForAmount0(sqrtRatioAX96: bigint, sqrtRatioBX96: bigint, amount0: bigint): bigint {
  const [lower, upper] = ordered(sqrtRatioAX96, sqrtRatioBX96);
  return (amount0 * ((lower * upper) / Q96)) / (upper - lower);
}

/** Liquidity of a range wholly below the price, held in token1. Rounded down. */
export function getLiquidityForAmount1(sqrtRatioAX96: bigint, sqrtRatioBX96: bigint, amount1: bigint): bigint {
  const [lower, upper] = ordered(sqrtRatioAX96, sqrtRatioBX96);
  return (amount1 * Q96) / (upper - lower);
}

/**
 * What a range holds at a price.
 * @param rounding "down" is what a burn gives, "up" what a mint costs
 */
export function getAmountsForLiquidity(
  sqrtPriceX96: bigint,
  sqrtRatioAX96: bigint,
  sqrtRatioBX96: bigint,
  liquidity: bigint,
  rounding: "down" | "up",
): TokenAmounts {
  const [lower, upper] = ordered(sqrtRatioAX96, sqrtRatioBX96);
  const price = sqrtPriceX96 < lower ? lower : sqrtPriceX96 > upper ? upper : sqrtPriceX96;
  return {
    amount0: getAmount0Delta(price, upper, liquidity, rounding),
    amount1: getAmount1Delta(lower, price, liquidity, rounding),
  };
}

/** Token0 between two prices: L * (1/sqrt(lower) - 1/sqrt(upper)). */
export function getAmount0Delta(
  sqrtRatioAX96: bigint,
  sqrtRatioBX96: bigint,
  liquidity: bigint,
  rounding: "down" | "up",
): bigint {
  const [lower, upper] = ordered(sqrtRatioAX96, sqrtRatioBX96);
  const numerator = (liquidity << 96n) * (upper - lower);
  // Two divisions, each rounded, as on chain: one division of the product would differ by a wei.
  return rounding === "up" ? divUp(divUp(numerator, upper), lower) : numerator / upper / lower;
}

/** Token1 between two prices: L * (sqrt(upper) - sqrt(lower)). */
export function getAmount1Delta(
  sqrtRatioAX96: bigint,
  sqrtRatioBX96: bigint,
  liquidity: bigint,
  rounding: "down" | "up",
): bigint {
  const [lower, upper] = ordered(sqrtRatioAX96, sqrtRatioBX96);
  const numerator = liquidity * (upper - lower);
  return rounding === "up" ? divUp(numerator, Q96) : numerator / Q96;
}

function ordered(a: bigint, b: bigint): readonly [bigint, bigint] {
  return a <= b ? [a, b] : [b, a];
}

function divUp(numerator: bigint, denominator: bigint): bigint {
  return (numerator + denominator - 1n) / denominator;
}
