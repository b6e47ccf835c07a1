import { logReturns } from "./statistics.ts";
import type { Bar } from "./types.ts";

/** The weather of a stretch of the path: ordinary, a persistent drift, high volatility without direction, a fall within a day or two. */
export type Regime = "calm" | "trending" | "stressed" | "crash";

export const REGIMES: readonly Regime[] = ["calm", "trending", "stressed", "crash"];

/** Hours per year, 365 days. */
export const HOURS_PER_YEAR = 8760;

/**
 * Labels each bar by hindsight, to fit the generator and to compare it with the data; no strategy may use it, since it looks ahead.
 *
 * - crash: inside any 24 hours over which the log price falls by more than 0.15;
 * - stressed: else, if the 72 hours around the bar have a realised volatility above 120 % a year;
 * - trending: else, if inside any 96 hours whose move is more than 1.75 times what its own hourly variance explains;
 * - calm: else.
 */
export function labelRegimes(bars: readonly Bar[]): Regime[] {
  const returns = logReturns(bars);
  const n = bars.length;
  const move = cumulative(returns, (r) => r);
  const variance = cumulative(returns, (r) => r * r);
  const sum = (c: Float64Array, from: number, to: number): number => (c[to] ?? 0) - (c[from] ?? 0);
  const crash = marked(n, 24, (i) => sum(move, i, i + 24) < -0.15);
  const trend = marked(n, 96, (i) => sum(move, i, i + 96) ** 2 > 1.75 ** 2 * sum(variance, i, i + 96));
  return bars.map((_, i) => {
    if (crash[i] === 1) return "crash";
    const [from, to] = [Math.max(0, i - 36), Math.min(n, i + 36)];
    if (sum(variance, from, to) > ((to - from) / HOURS_PER_YEAR) * 1.2 ** 2) return "stressed";
    return trend[i] === 1 ? "trending" : "calm";
  });
}

/** 1 at each index that lies in a window of `width` for which the test holds at its first index. */
function marked(n: number, width: number, test: (first: number) => boolean): Uint8Array {
  const marks = new Uint8Array(n);
  for (let i = 0; i + width <= n; i += 1) if (test(i)) marks.fill(1, i, i + width);
  return marks;
}

/** Running sums: element i is the sum of the first i values. */
function cumulative(values: Float64Array, map: (value: number) => number): Float64Array {
  const sums = new Float64Array(values.length + 1);
  for (let i = 0; i < values.length; i += 1) sums[i + 1] = (sums[i] ?? 0) + map(values[i] ?? 0);
  return sums;
}
