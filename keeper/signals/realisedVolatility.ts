/**
 * Realised volatility, close to close, zero mean: s = sqrt(sum of r_i^2 / years that the returns span), r_i the logarithm
 * of one hourly close over the one before, 8,760 hours a year. Dividing by time and not by the number of returns keeps a gap in the
 * bars from inflating it. Unit: fraction a year (0.8 = 80 %). The mean return is left at zero because over 30 days its
 * estimate is noise (Figlewski, "Forecasting Volatility", 1997).
 */
import type { Bar } from "../market/types.ts";
import type { Signal } from "../strategy/types.ts";
import { closeTime, dailyCloses, lastClosed } from "./bars.ts";
import { DAY, DAYS_PER_YEAR, HOUR, HOURS_PER_YEAR, signal } from "./signal.ts";

/** A window that lacks more than this part of its bars says nothing. */
const MAX_MISSING = 0.1;

/** Decay a day of the exponentially weighted variance, RiskMetrics 1996. */
const EWMA_DECAY = 0.94;
/** Daily returns that the exponential window uses: 0.94^120 leaves 0.06 % of the weight outside. */
const EWMA_DAYS = 120;
/** Fewest daily returns for it: they hold 84 % of the weight. */
const EWMA_MIN_DAYS = 30;

/** Running sums of squared hourly log returns, so that any window inside costs two look-ups. */
export interface VarianceRun {
  /** Unix seconds of each close, ascending. */
  readonly closes: Float64Array;
  /** Sum of squared returns from the first close up to each. */
  readonly sums: Float64Array;
}

/** The run of the last `hours` before `time`. O(hours). */
export function varianceRun(bars: readonly Bar[], time: number, hours: number): VarianceRun {
  const end = lastClosed(bars, time);
  const start = Math.max(0, lastClosed(bars, time - hours * HOUR));
  const size = Math.max(0, end - start + 1);
  const closes = new Float64Array(size);
  const sums = new Float64Array(size);
  let sum = 0;
  for (let i = 0; i < size; i++) {
    const bar = bars[start + i];
    const before = bars[start + i - 1];
    if (bar === undefined) break;
    if (i > 0 && before !== undefined) sum += Math.log(bar.close / before.close) ** 2;
    closes[i] = closeTime(bar);
    sums[i] = sum;
  }
  return { closes, sums };
}

/** Volatility of the window of `days` that ends at the last close at or before `time`; null if the run does not cover it. */
export function windowVolatility(run: VarianceRun, time: number, days: number): number | null {
  const end = lastAtOrBefore(run.closes, time);
  const last = run.closes[end];
  if (last === undefined) return null;
  return between(run, last - days * DAY, end);
}

/** Volatility from `from` to the last close at or before `to`, for setting beside fees of the same time; null if not covered. */
export function volatilityBetween(run: VarianceRun, from: number, to: number): number | null {
  return between(run, from, lastAtOrBefore(run.closes, to));
}

function between(run: VarianceRun, from: number, end: number): number | null {
  const start = lastAtOrBefore(run.closes, from);
  const [first, last] = [run.closes[start], run.closes[end]];
  const [sumBefore, sumAfter] = [run.sums[start], run.sums[end]];
  if (first === undefined || last === undefined || sumBefore === undefined || sumAfter === undefined) return null;
  const hours = (last - first) / HOUR;
  if (!(hours >= 1) || end - start < (1 - MAX_MISSING) * hours) return null;
  return Math.sqrt((sumAfter - sumBefore) * (HOURS_PER_YEAR / hours));
}

function lastAtOrBefore(times: Float64Array, time: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((times[middle] ?? Number.POSITIVE_INFINITY) <= time) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** EWMA of daily squared returns with decay 0.94: s = sqrt(365 * sum of w_i r_i^2 / sum of w_i), w_i = 0.94^i. Null under 30 days. */
export function ewmaVolatility(bars: readonly Bar[], time: number): number | null {
  const closes = dailyCloses(bars, time, EWMA_DAYS + 1);
  if (closes.length < EWMA_MIN_DAYS + 1) return null;
  let weight = 1;
  let weights = 0;
  let sum = 0;
  for (let i = closes.length - 1; i > 0; i--) {
    const [after, before] = [closes[i], closes[i - 1]];
    if (after === undefined || before === undefined) return null;
    sum += weight * Math.log(after / before) ** 2;
    weights += weight;
    weight *= EWMA_DECAY;
  }
  return Math.sqrt((DAYS_PER_YEAR * sum) / weights);
}

/** The volatility signals: 7 and 30 days of hours, and the daily EWMA. */
export function realisedVolatilitySignals(bars: readonly Bar[], time: number, run: VarianceRun): Signal[] {
  const age = time - (run.closes.at(-1) ?? Number.NEGATIVE_INFINITY);
  // A window of a week can bear six hours without news, one of a month a day, the daily one a day and a bar.
  return [
    signal("realisedVolatility7d", windowVolatility(run, time, 7), "per year", "limit", age <= 6 * HOUR),
    signal("realisedVolatility30d", windowVolatility(run, time, 30), "per year", "range", age <= DAY),
    signal("ewmaVolatility", ewmaVolatility(bars, time), "per year", "range", age <= DAY + HOUR),
  ];
}
