/**
 * Oriented ticks and prices. A tick is the logarithm to base 1.0001 of quote wei per base wei, so a higher tick is a
 * higher price of the base, whichever token is token0. Prices here are quote units per base unit.
 */

/** Decimals of the pair; a vault's state has them. */
export interface Decimals {
  readonly baseDecimals: number;
  readonly quoteDecimals: number;
}

const LOG_TICK = Math.log(1.0001);

/** Ticks beyond which Uniswap v3 has no price (TickMath.MAX_TICK). */
export const MAX_TICK = 887_272;

/** Quote units per base unit at an oriented tick. */
export function priceOfTick(tick: number, decimals: Decimals): number {
  return Math.exp(tick * LOG_TICK) * 10 ** (decimals.baseDecimals - decimals.quoteDecimals);
}

/** Oriented tick of a price, not rounded. */
export function tickOfPrice(price: number, decimals: Decimals): number {
  return Math.log(price * 10 ** (decimals.quoteDecimals - decimals.baseDecimals)) / LOG_TICK;
}

/** Ticks between a price and the same price times `factor`. */
export function ticksOfFactor(factor: number): number {
  return Math.log(factor) / LOG_TICK;
}

/** The natural logarithm of the price's change over so many ticks. */
export function logOfTicks(ticks: number): number {
  return ticks * LOG_TICK;
}

/**
 * Liquidity in whole units from raw liquidity. With L' = L / 10^((baseDecimals + quoteDecimals) / 2) and prices in quote
 * units per base unit every formula of a position keeps its form and gives whole units: base = L'(1/sqrt(P) - 1/sqrt(Pb)),
 * quote = L'(sqrt(P) - sqrt(Pa)). The unit is sqrt(base unit * quote unit).
 */
export function wholeLiquidity(raw: number, decimals: Decimals): number {
  return raw / 10 ** ((decimals.baseDecimals + decimals.quoteDecimals) / 2);
}
