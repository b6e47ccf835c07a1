/**
 * At which prices each bar's fees were paid. Fees of a unit of liquidity are paid where the price moves, so a bar's fees that were paid below a
 * price, as a function of it, say what any range earned in the bar, however often the price crossed its bounds: the same that a pool
 * computes from what its ticks remember.
 */

export interface FeeProfile {
  /** Where each bar's knots begin; bars + 1 long. */
  readonly first: Int32Array;
  /** Square roots of prices, ascending within a bar. */
  readonly root: Float64Array;
  /** Fees of a unit of liquidity that were paid below the knot in its bar, quote units; straight between knots. */
  readonly below: Float64Array;
}

/** Fees of a unit of liquidity between two prices in a bar, quote units. @param lower, upper square roots of the bounds */
export function feesInside(profile: FeeProfile, bar: number, lower: number, upper: number): number {
  const from = profile.first[bar] as number;
  const to = profile.first[bar + 1] as number;
  if (from === to) return 0;
  return feesBelow(profile, from, to, upper) - feesBelow(profile, from, to, lower);
}

/** Knots from..to - 1 are the bar's. */
function feesBelow({ root, below }: FeeProfile, from: number, to: number, at: number): number {
  if (at <= (root[from] as number)) return below[from] as number;
  if (at >= (root[to - 1] as number)) return below[to - 1] as number;
  let [low, high] = [from, to - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((root[middle] as number) <= at) low = middle;
    else high = middle;
  }
  const [rootLow, rootHigh] = [root[low] as number, root[high] as number];
  const [belowLow, belowHigh] = [below[low] as number, below[high] as number];
  return belowLow + ((at - rootLow) / (rootHigh - rootLow)) * (belowHigh - belowLow);
}
