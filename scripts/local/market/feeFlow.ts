/**
 * How much the pools' traders pay in fees, bar by bar. Fees rise less than variance: a bar's fee variance is
 * (half of its own Garman-Klass variance + half of the last 24 hours')^0.75 * (last 180 days')^0.25, scaled so that over
 * the whole path fees are `payRatio` times the loss versus rebalancing (Milionis, Moallemi, Roughgarden, Zhang,
 * arXiv 2208.06046) of the same liquidity.
 */
import type { Bar } from "../../../keeper/market/types.ts";

const ELASTICITY = 0.75;
const DAY = 86_400;
const LONG_DAYS = 180;
const YEAR = 365 * DAY;

/** The market's weather, bar by bar; entry i belongs to bar i of the path. */
export interface FeeFlow {
  /** Variance of the log price in the bar by which fees are paid; zero where the source has a gap, since nobody traded. */
  readonly feeVariance: Float64Array;
  /** Garman-Klass variance of the bar. */
  readonly variance: Float64Array;
  /** Volatility a year over the 24 hours that end with the bar. */
  readonly volatility: Float64Array;
}

/** Garman-Klass variance of one bar (Garman, Klass 1980), log prices. */
export function garmanKlass(bar: Bar): number {
  const range = Math.log(bar.high / bar.low);
  const move = Math.log(bar.close / bar.open);
  return 0.5 * range * range - (2 * Math.LN2 - 1) * move * move;
}

/**
 * @param history bars before the path, for the means; may be empty, then they grow from the path's first bar on
 * @param step seconds from bar to bar
 * @param payRatio fees over loss versus rebalancing of the whole path
 */
export function feeFlow(history: readonly Bar[], bars: readonly Bar[], step: number, payRatio: number): FeeFlow {
  const dayBars = Math.max(1, Math.round(DAY / step));
  const past = history.slice(-LONG_DAYS * dayBars);
  const sums = runningSums([...past, ...bars].map(garmanKlass));
  /** Mean over the `count` bars that end with bar i of the path, fewer at the beginning. */
  const mean = (i: number, count: number): number => {
    const end = past.length + i + 1;
    const first = Math.max(0, end - count);
    return ((sums[end] ?? 0) - (sums[first] ?? 0)) / (end - first);
  };

  const variance = Float64Array.from(bars, garmanKlass);
  const volatility = variance.map((_, i) => Math.sqrt((mean(i, dayBars) * YEAR) / step));
  const damped = variance.map((own, i) => {
    if (bars[i]?.filled === true) return 0;
    const near = (own + mean(i, dayBars)) / 2;
    return near ** ELASTICITY * mean(i, LONG_DAYS * dayBars) ** (1 - ELASTICITY);
  });
  const total = sum(damped);
  const scale = total > 0 ? (payRatio * sum(variance)) / total : 0;
  return { feeVariance: damped.map((value) => value * scale), variance, volatility };
}

/** Quote units that liquidity earns or loses at a variance: L sqrt(P) * variance / 4, L and P in whole units. */
export function varianceFlow(liquidity: number, price: number, variance: number): number {
  return (liquidity * Math.sqrt(price) * variance) / 4;
}

/** Element i is the sum of the first i values. */
function runningSums(values: readonly number[]): Float64Array {
  const sums = new Float64Array(values.length + 1);
  for (const [i, value] of values.entries()) sums[i + 1] = (sums[i] ?? 0) + value;
  return sums;
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0);
}
