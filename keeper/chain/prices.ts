/**
 * The border between the chain's prices (bigint, token1 wei per token0 wei) and people's (float, quote units per base
 * unit), for either order of the tokens. Floats are for statistics and for choosing ticks; what a contract compares
 * exactly stays bigint.
 *
 * An *oriented* tick is log base 1.0001 of quote wei per base wei: it rises with the base's price whichever token is token0.
 */
import { getSqrtRatioAtTick, getTickAtSqrtRatio, MAX_SQRT_RATIO, MIN_SQRT_RATIO } from "./tickMath.ts";

/** Which token of a pool is the quote, and both tokens' decimals. */
export interface Orientation {
  readonly quoteIsToken0: boolean;
  readonly baseDecimals: number;
  readonly quoteDecimals: number;
}

export interface TickRange {
  readonly tickLower: number;
  readonly tickUpper: number;
}

const TWO_96 = 2 ** 96;
const LOG_BASE = Math.log(1.0001);

/** A price that no pool can have. */
export class PriceRangeError extends RangeError {
  constructor(message: string) {
    super(message);
    this.name = "PriceRangeError";
  }
}

/** Quote units per base unit, relative error below 1e-15 times a few. */
export function priceFromSqrtPriceX96(sqrtPriceX96: bigint, orientation: Orientation): number {
  const root = Number(sqrtPriceX96) / TWO_96;
  const raw = orientation.quoteIsToken0 ? 1 / (root * root) : root * root;
  return raw * weiScale(orientation);
}

/**
 * Sqrt price nearest to a price, as exact as a float's 53 bits.
 * @param price quote units per base unit, above 0
 * @throws PriceRangeError if the price is not positive or beyond a pool's range
 */
export function sqrtPriceX96FromPrice(price: number, orientation: Orientation): bigint {
  if (!(price > 0) || !Number.isFinite(price)) throw new PriceRangeError(`A price must be above zero, not ${price}.`);
  const raw = price / weiScale(orientation);
  const root = orientation.quoteIsToken0 ? 1 / Math.sqrt(raw) : Math.sqrt(raw);
  // Scaling by a power of two is exact, so nothing is lost beyond the float itself.
  const sqrtPriceX96 = BigInt(Math.round(root * TWO_96));
  if (sqrtPriceX96 < MIN_SQRT_RATIO || sqrtPriceX96 >= MAX_SQRT_RATIO) {
    throw new PriceRangeError(`No pool can have the price ${price} with these decimals: check the unit.`);
  }
  return sqrtPriceX96;
}

/** Oriented tick of a price as a real number. */
export function tickFromPrice(price: number, orientation: Orientation): number {
  if (!(price > 0) || !Number.isFinite(price)) throw new PriceRangeError(`A price must be above zero, not ${price}.`);
  return Math.log(price / weiScale(orientation)) / LOG_BASE;
}

/** Quote units per base unit at an oriented tick, which may be fractional. */
export function priceFromTick(orientedTick: number, orientation: Orientation): number {
  return Math.exp(orientedTick * LOG_BASE) * weiScale(orientation);
}

/** Greatest oriented tick at or below a pool's price. Exact. */
export function orientedSpotTick(sqrtPriceX96: bigint, orientation: Pick<Orientation, "quoteIsToken0">): number {
  const tick = getTickAtSqrtRatio(sqrtPriceX96);
  if (!orientation.quoteIsToken0) return tick;
  // Turned round, "at or below" becomes "at or above": on a tick's exact price that is the tick itself, else the next.
  return getSqrtRatioAtTick(tick) === sqrtPriceX96 ? negate(tick) : negate(tick + 1);
}

/** The pool's ticks of an oriented range: with token0 as the quote the bounds change sign and place. */
export function toPoolRange(range: TickRange, orientation: Pick<Orientation, "quoteIsToken0">): TickRange {
  if (!orientation.quoteIsToken0) return { tickLower: range.tickLower, tickUpper: range.tickUpper };
  return { tickLower: negate(range.tickUpper), tickUpper: negate(range.tickLower) };
}

/** The oriented range of a pool's ticks. Turning a range round twice gives it back, so this is the same turn. */
export function toOrientedRange(range: TickRange, orientation: Pick<Orientation, "quoteIsToken0">): TickRange {
  return toPoolRange(range, orientation);
}

/** Whole units from wei, for statistics. */
export function unitsFromWei(wei: bigint, decimals: number): number {
  return Number(wei) / 10 ** decimals;
}

/**
 * Wei from whole units, rounded toward zero, as exact as a float's 53 bits.
 * @throws PriceRangeError if the amount is not finite
 */
export function weiFromUnits(units: number, decimals: number): bigint {
  if (!Number.isFinite(units)) throw new PriceRangeError(`An amount must be finite, not ${units}.`);
  return BigInt(Math.trunc(units * 10 ** decimals));
}

/** Quote units per base unit, for one quote wei per base wei. */
function weiScale(orientation: Orientation): number {
  return 10 ** (orientation.baseDecimals - orientation.quoteDecimals);
}

/** Minus, but never -0, which compares unlike 0 in deep comparisons and prints as "-0". */
function negate(tick: number): number {
  return tick === 0 ? 0 : -tick;
}
