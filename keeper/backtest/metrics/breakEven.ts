/**
 * Break-even prices of a book at the end of its run: its ranges and its debt as they stand, left alone until each horizon, with the fees that
 * the model's present flow is expected to bring. Two questions are answered: between which prices is nothing lost (`lower`, `upper`), and
 * between which is it better to hold the ranges than to have held what they consist of now (`versusTokens`, where the price's own gain and
 * loss is the same on both sides and only fees, rebalancing and costs remain).
 */
import { breakEven, type BreakEven, endsInside, type StandingBook } from "../../strategy/breakEven.ts";
import { expectedActivity, type Position } from "../../strategy/liquidity.ts";
import { HOURS_PER_YEAR } from "../../signals/signal.ts";
import type { Book } from "../engine/book.ts";
import type { World } from "../engine/world.ts";

/** Days. */
export const HORIZONS = [7, 30, 90] as const;

/** Prices with the probability of ending between them. */
export interface Interval {
  /** 0 if no price is too low. */
  readonly lower: number;
  /** Null if no price is too high. */
  readonly upper: number | null;
  /** Fraction; lognormal, zero drift. */
  readonly probability: number;
}

export interface BookBreakEven {
  readonly days: number;
  /** Fees that were expected, quote units. */
  readonly fees: number;
  /** Null if every price brings a loss. */
  readonly absolute: Interval | null;
  readonly versusTokens: Interval | null;
}

/** Bars over which the present flow is averaged: an hour alone is noise, and pay has a shape over the day. */
const FLOW_BARS = 24;

/**
 * @param volatility realised over the last 30 days, a year
 * @returns null for a book without ranges
 */
export function bookBreakEven(book: Book, volatility: number): readonly BookBreakEven[] | null {
  const { price, ranges, world, debt } = book;
  if (ranges.count === 0) return null;
  const positions = Array.from({ length: ranges.count }, (_, i): Position => {
    const at = (row: Float64Array): number => row[i] ?? Number.NaN;
    return { liquidity: at(ranges.liquidity), lower: at(ranges.lower) ** 2, upper: at(ranges.upper) ** 2 };
  });
  const flow = presentFlow(world, book.mark) * Math.sqrt(price);
  const beside = book.idle.base + book.pendingFees.base;
  const inRanges = ranges.base.subarray(0, ranges.count).reduce((sum, base) => sum + base, 0);
  const { costs, growth } = world;
  const last = Math.max(0, book.mark - 1);
  const grown = (factors: Float64Array, days: number): number => (factors[last] ?? 1) ** (days * 24);

  return HORIZONS.map((days) => {
    const years = (days * 24) / HOURS_PER_YEAR;
    const working = positions.reduce(
      (sum, range) => sum + range.liquidity * expectedActivity(range, price, volatility, years),
      0,
    );
    const fees = flow * HOURS_PER_YEAR * years * working;
    const interest =
      book.reserve * (grown(growth.reserve, days) - 1) + debt.owned * (grown(growth.collateral, days) - 1);
    const owed = debt.owed * grown(growth.borrow, days);
    const secured = debt.owned * grown(growth.collateral, days) * costs.liquidationLtv;
    // It ends by being closed, which costs one rebalance.
    const earned = fees - costs.gas;
    const whole: StandingBook = {
      ranges: positions,
      base: beside,
      owed,
      owedNow: debt.owed,
      liquidation: owed > 0 ? secured / owed : Number.POSITIVE_INFINITY,
      income: earned + interest,
    };
    // What lies beside the ranges, the debt and all interest are the same for both that are compared.
    const againstTokens: StandingBook = {
      ranges: positions,
      base: -inRanges,
      owed: 0,
      owedNow: 0,
      liquidation: Number.POSITIVE_INFINITY,
      income: earned,
    };
    const judged = (standing: StandingBook): Interval | null => {
      const found = breakEven(standing, price);
      return found === null ? null : { ...open(found), probability: endsInside(found, price, volatility, years) };
    };
    return { days, fees, absolute: judged(whole), versusTokens: judged(againstTokens) };
  });
}

/** Mean fees of a unit of liquidity a bar over the last day before a mark, as a multiple of the root of the price. */
function presentFlow({ feePerLiquidity, tape }: World, mark: number): number {
  const first = Math.max(0, mark - FLOW_BARS);
  let sum = 0;
  for (let bar = first; bar < mark; bar++) sum += (feePerLiquidity[bar] ?? 0) / (tape.root[bar] ?? Number.NaN);
  return mark > first ? sum / (mark - first) : 0;
}

function open({ lower, upper }: BreakEven): { readonly lower: number; readonly upper: number | null } {
  return { lower, upper: Number.isFinite(upper) ? upper : null };
}
