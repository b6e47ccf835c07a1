/**
 * Correlation of the asset sleeve's returns with the pair's. A fund's price stands still between its reports, and returns over such days would
 * find no correlation whatever the fund holds. So a return runs from one change of the mark to the next, the pair's over the same time:
 *   r_i = ln(V(t_i) / V(t_(i-1))),  s_i = ln(P(t_i) / P(t_(i-1))),  Pearson's correlation of r and s over the last 365 days.
 *
 * What a fund earned under way shows only when it reports, so where it reports late the true correlation is further from zero than this one.
 * An asset whose mark rises evenly moves with nothing: its correlation is zero.
 */
import type { Bar } from "../market/types.ts";
import type { AssetMark, Signal } from "../strategy/types.ts";
import { lastClosed } from "./bars.ts";
import { DAY, signal } from "./signal.ts";

/** Seconds. */
const PAST = 365 * DAY;
/** Marks that change all the time (a lender's interest) are looked at once a day. */
const SPACING = DAY * 0.8;
/** Seconds after which a series of marks has broken off. */
const STALE = 3 * DAY;
/** Under it a correlation is one whatever the returns. */
const LEAST = 3;
/** Variance of the returns over their mean square under which they are all alike. */
const EVEN = 1e-6;

export interface Pair {
  readonly asset: number;
  readonly pair: number;
}

/** Logarithmic returns of both between the marks' changes; a change without a bar of its time is passed over. */
export function reportReturns(marks: readonly AssetMark[], bars: readonly Bar[], time: number): Pair[] {
  const result: Pair[] = [];
  let earlier: { readonly mark: AssetMark; readonly price: number } | null = null;
  for (const mark of marks) {
    if (mark.time > time || mark.time < time - PAST || !(mark.value > 0)) continue;
    if (earlier !== null && (mark.value === earlier.mark.value || mark.time - earlier.mark.time < SPACING)) continue;
    const bar = bars[lastClosed(bars, mark.time)];
    if (bar === undefined) continue;
    if (earlier !== null) {
      result.push({ asset: Math.log(mark.value / earlier.mark.value), pair: Math.log(bar.close / earlier.price) });
    }
    earlier = { mark, price: bar.close };
  }
  return result;
}

/** Null where there are too few, or the pair stood still. */
export function correlation(list: readonly Pair[]): number | null {
  if (list.length < LEAST) return null;
  const mean = (of: (one: Pair) => number): number => list.reduce((sum, one) => sum + of(one), 0) / list.length;
  const [asset, pair] = [mean((one) => one.asset), mean((one) => one.pair)];
  const [a, b, ab] = [
    mean((one) => (one.asset - asset) ** 2),
    mean((one) => (one.pair - pair) ** 2),
    mean((one) => (one.asset - asset) * (one.pair - pair)),
  ];
  if (!(b > 0)) return null;
  return a <= EVEN * asset * asset ? 0 : ab / Math.sqrt(a * b);
}

/** `assetCorrelation`, and `assetReports`, the number of returns that it is measured from. */
export function assetCorrelationSignals(
  time: number,
  bars: readonly Bar[],
  marks: readonly AssetMark[] = [],
): Signal[] {
  const returns = reportReturns(marks, bars, time);
  const last = marks.filter((mark) => mark.time <= time).at(-1);
  const fresh = last !== undefined && time - last.time <= STALE;
  return [
    signal("assetCorrelation", correlation(returns), "correlation", "size", fresh),
    signal("assetReports", last === undefined ? null : returns.length, "returns", "show", fresh),
  ];
}
