/**
 * What a strategy did over a set of days, which may be a whole run, a quarter, or all days of a regime with holes between them. Days that do not
 * adjoin are joined: the value grows by each day's factor and stands still in the holes.
 */
import { type Attribution, add, NOTHING } from "../../report/attribution.ts";
import { HOURS_PER_YEAR } from "../../signals/signal.ts";
import type { RunRecord } from "../engine/run.ts";
import { attributionAt, TERMS } from "../engine/terms.ts";
import { annualVolatility, sharpeRatio, sortinoRatio } from "./ratios.ts";

export interface StretchFigures {
  readonly hours: number;
  /** Fraction over the stretch. */
  readonly netReturn: number;
  /** Compounded, a year of 8,760 hours. */
  readonly cagr: number;
  /** Of daily returns, whole days only. */
  readonly volatility: number | null;
  readonly sharpe: number | null;
  readonly sortino: number | null;
  /** Greatest fall from a peak, hour by hour, a fraction from 0 to 1. */
  readonly maxDrawdown: number;
  readonly attribution: Attribution;
}

/**
 * @param days indices of the record's knots at which a day begins, ascending; each ends at the next knot
 * @param riskFree logarithm of what a unit of quote without risk has grown to at each mark of the tape
 */
export function stretchFigures(record: RunRecord, days: readonly number[], riskFree: Float64Array): StretchFigures {
  const { knots, nav, start, terms } = record;
  const returns = new Float64Array(days.length);
  const excess = new Float64Array(days.length);
  let [level, peak, drawdown, hours, whole] = [1, 1, 0, 0, 0];
  let attribution = NOTHING;
  for (const day of days) {
    const [from, to] = [knots[day] as number, knots[day + 1] as number];
    const first = nav[from - start] as number;
    const before = level;
    for (let mark = from + 1; mark <= to; mark++) {
      level = before * ((nav[mark - start] as number) / first);
      if (level > peak) peak = level;
      else if (1 - level / peak > drawdown) drawdown = 1 - level / peak;
    }
    hours += to - from;
    if (to - from === 24) {
      returns[whole] = level / before - 1;
      excess[whole] = level / before - Math.exp((riskFree[to] as number) - (riskFree[from] as number));
      whole++;
    }
    attribution = add(attribution, difference(terms, day));
  }
  return {
    hours,
    netReturn: level - 1,
    cagr: level ** (HOURS_PER_YEAR / hours) - 1,
    volatility: annualVolatility(returns.subarray(0, whole)),
    sharpe: sharpeRatio(excess.subarray(0, whole)),
    sortino: sortinoRatio(excess.subarray(0, whole)),
    maxDrawdown: drawdown,
    attribution,
  };
}

/** What the terms grew by in the day that begins at a knot. */
function difference(terms: Float64Array, day: number): Attribution {
  const [from, to] = [attributionAt(terms, day * TERMS), attributionAt(terms, (day + 1) * TERMS)];
  return {
    market: to.market - from.market,
    fees: to.fees - from.fees,
    lvr: to.lvr - from.lvr,
    hedge: to.hedge - from.hedge,
    carry: to.carry - from.carry,
    gas: to.gas - from.gas,
    slippage: to.slippage - from.slippage,
  };
}
