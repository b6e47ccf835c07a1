/** What interest makes of one unit over each bar: factors, so that the engine multiplies and never takes an exponential. */
import { HOURS_PER_YEAR } from "../../signals/signal.ts";
import type { Costs } from "../model/costs.ts";
import type { DatedRate } from "./fedFunds.ts";
import { type Tape, timeOf } from "./tape.ts";

/** One factor a bar, 1 = nothing earned. */
export interface Growth {
  /** Quote in the reserve, and the risk-free rate of Sharpe's ratio. */
  readonly reserve: Float64Array;
  /** A debt in base. */
  readonly borrow: Float64Array;
  /** Collateral of a debt. */
  readonly collateral: Float64Array;
}

/** @param reserve ascending; null if unknown. Before its first date the default counts, after its last the last. */
export function growthOf(tape: Tape, costs: Costs, reserve: readonly DatedRate[] | null): Growth {
  const factor = (rate: number): number => Math.exp(rate / HOURS_PER_YEAR);
  const reserves = new Float64Array(tape.bars);
  let next = 0;
  let now = factor(costs.reserveRate);
  for (let bar = 0; bar < tape.bars; bar++) {
    for (let rate = reserve?.[next]; rate !== undefined && rate.from <= timeOf(tape, bar); rate = reserve?.[++next])
      now = factor(rate.rate);
    reserves[bar] = now;
  }
  return {
    reserve: reserves,
    borrow: new Float64Array(tape.bars).fill(factor(costs.borrowRate)),
    collateral: new Float64Array(tape.bars).fill(factor(costs.collateralYield)),
  };
}

/** Logarithm of the product of the factors before each mark. */
export function cumulativeLog(factors: Float64Array): Float64Array {
  const sums = new Float64Array(factors.length + 1);
  for (const [i, factor] of factors.entries()) sums[i + 1] = (sums[i] ?? 0) + Math.log(factor);
  return sums;
}
