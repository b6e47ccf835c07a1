/**
 * Break-even: the prices at a horizon between which fees + hedges >= losses + costs, for ranges that are left alone until then.
 *
 * Market and LVR together are the change of the ranges' value, V(P_T) - V(P), whatever the way between (keeper/report/attribution.ts), so
 * that no volatility enters them. Fees are an expectation over all ways and do not depend on where the price ends, which is the rough part:
 * a price that ends outside its range has earned less than that, one that ends where it began more.
 */
import { normalDistribution } from "./normal.ts";
import { value, type Position } from "./liquidity.ts";

/** What stands until the horizon, and what comes in and goes out meanwhile. */
export interface StandingBook {
  readonly ranges: readonly Position[];
  /** Base beside the ranges, whole units. */
  readonly base: number;
  /** Base owed at the horizon, interest included, and what of it is owed now. */
  readonly owed: number;
  readonly owedNow: number;
  /** At or above this price the debt would be liquidated; Infinity without a debt. */
  readonly liquidation: number;
  /** Expected fees and interest earned, less costs that do not depend on the price; quote units. */
  readonly income: number;
}

/** Prices between which nothing is lost; quote units per base unit. */
export interface BreakEven {
  /** 0 if no price is too low. */
  readonly lower: number;
  /** Infinity if no price is too high. */
  readonly upper: number;
}

/** What the book has made by the horizon if the price is there then, quote units. Concave in the price below the liquidation. */
export function profitAt(book: StandingBook, price: number, then: number): number {
  const change = book.ranges.reduce((sum, range) => sum + value(range, then) - value(range, price), 0);
  return change + book.base * (then - price) - (book.owed * then - book.owedNow * price) + book.income;
}

/** Logarithm of the greatest move that is looked at: a factor of 160,000. */
const FARTHEST = 12;
/** Halvings: the distance above to below 1e-13 of itself. */
const STEPS = 56;
/** Part of the present value of the ranges below which a loss is rounding. */
const DUST = 1e-12;

/**
 * The profit is concave in the price, so the prices without a loss are one interval. From its liquidation on a debt is no hedge any more and
 * nothing is claimed of such prices.
 * @returns null if every price brings a loss
 */
export function breakEven(book: StandingBook, price: number): BreakEven | null {
  const size = book.ranges.reduce((sum, range) => sum + value(range, price), Math.abs(book.base) * price);
  const profit = (log: number): number => profitAt(book, price, price * Math.exp(log)) + DUST * size;
  const low = -FARTHEST;
  const high = Math.min(FARTHEST, Math.log(book.liquidation / price));
  if (!(high > low)) return null;
  const best = greatest(profit, low, high);
  if (profit(best) < 0) return null;
  const limit = Number.isFinite(book.liquidation) ? book.liquidation : Number.POSITIVE_INFINITY;
  return {
    lower: profit(low) >= 0 ? 0 : price * Math.exp(root(profit, low, best)),
    upper: profit(high) >= 0 ? limit : price * Math.exp(root(profit, high, best)),
  };
}

/**
 * Probability that the price ends inside. The price is taken to be a martingale, lognormal with ln(P_T / P) ~ N(-v^2 / 2, v^2),
 * v = s sqrt(T).
 * @param volatility a year. @param years until the horizon
 */
export function endsInside(interval: BreakEven, price: number, volatility: number, years: number): number {
  const v = volatility * Math.sqrt(years);
  if (!(v > 0)) return price >= interval.lower && price <= interval.upper ? 1 : 0;
  const below = (bound: number): number => normalDistribution(Math.log(bound / price) / v + v / 2);
  return below(interval.upper) - (interval.lower > 0 ? below(interval.lower) : 0);
}

/** Where a function that rises and then falls is greatest, by golden sections. */
function greatest(f: (x: number) => number, from: number, to: number): number {
  const part = (Math.sqrt(5) - 1) / 2;
  let [low, high] = [from, to];
  for (let step = 0; step < 1.5 * STEPS; step++) {
    const [left, right] = [high - part * (high - low), low + part * (high - low)];
    if (f(left) < f(right)) low = left;
    else high = right;
  }
  return (low + high) / 2;
}

/** Between a place with a loss and one without: the last place without. */
function root(f: (x: number) => number, loss: number, gain: number): number {
  let [out, inside] = [loss, gain];
  for (let step = 0; step < STEPS; step++) {
    const middle = (out + inside) / 2;
    if (f(middle) >= 0) inside = middle;
    else out = middle;
  }
  return inside;
}
