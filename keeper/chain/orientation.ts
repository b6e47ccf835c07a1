/**
 * The border between the chain (bigint; token0 and token1) and the strategy (floats; base and quote). Whatever crosses does so here or in
 * prices.ts, on which this builds. With token0 as the quote, amounts change places and ticks change sign.
 */
import { type Orientation, unitsFromWei } from "./prices.ts";

/** Whole units of both tokens. */
export interface Units {
  readonly base: number;
  readonly quote: number;
}

/** Wei of both tokens, in the pool's order. */
export interface Pair {
  readonly amount0: bigint;
  readonly amount1: bigint;
}

const Q96 = 2 ** 96;
const Q128 = 2 ** 128;

/** Whole units of an amount of each token; a float's 53 bits of it. */
export function toUnits(amount0: bigint, amount1: bigint, orientation: Orientation): Units {
  const [base, quote] = orientation.quoteIsToken0 ? [amount1, amount0] : [amount0, amount1];
  return { base: unitsFromWei(base, orientation.baseDecimals), quote: unitsFromWei(quote, orientation.quoteDecimals) };
}

/** Amounts in the pool's order. */
export function toPair(base: bigint, quote: bigint, orientation: Pick<Orientation, "quoteIsToken0">): Pair {
  return orientation.quoteIsToken0 ? { amount0: quote, amount1: base } : { amount0: base, amount1: quote };
}

/** Quote units per base unit of the contracts' price: quote wei per base wei, times 2^96. */
export function priceFromX96(priceX96: bigint, orientation: Orientation): number {
  return (Number(priceX96) / Q96) * 10 ** (orientation.baseDecimals - orientation.quoteDecimals);
}

/** Fees per unit of raw liquidity in whole units, from the pool's counters (wei per liquidity, times 2^128). */
export function feeGrowthUnits(growth0X128: bigint, growth1X128: bigint, orientation: Orientation): Units {
  const [base, quote] = orientation.quoteIsToken0 ? [growth1X128, growth0X128] : [growth0X128, growth1X128];
  return {
    base: Number(base) / Q128 / 10 ** orientation.baseDecimals,
    quote: Number(quote) / Q128 / 10 ** orientation.quoteDecimals,
  };
}

/** Whether selling the base (or the quote) is what the pool calls zeroForOne. */
export function zeroForOne(sell: "base" | "quote", orientation: Pick<Orientation, "quoteIsToken0">): boolean {
  return (sell === "base") !== orientation.quoteIsToken0;
}
