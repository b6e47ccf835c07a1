/**
 * At which prices each bar's fees were paid. Fees of a unit of liquidity are paid where the price moves, so a bar's fees that were paid below a
 * price, as a function of it, say what any range earned in the bar, however often the price crossed its bounds: the same that a pool
 * computes from what its ticks remember.
 *
 * On the way of a swap the amount that comes in, and its fee with it, is proportional to the way of sqrt(P) if it is quote, and to that of
 * 1 / sqrt(P) if it is base, whatever liquidity it meets. So with a knot at each end of each swap nothing in between is lost.
 */

export interface FeeProfile {
  /** Where each bar's knots begin; bars + 1 long. */
  readonly first: Int32Array;
  /** Square roots of prices, ascending within a bar. */
  readonly root: Float64Array;
  /** Paid in quote below the knot in its bar by a unit of liquidity; even in the root between knots. */
  readonly quote: Float64Array;
  /** Paid in base, valued in quote at the bar's close; even in the inverse of the root. */
  readonly base: Float64Array;
  /** Liquidity over which each bar's fees were paid, without ours, whole units; ours then makes them less. Without it a unit's pay does not depend on us. */
  readonly competing?: Float64Array;
}

/** Fees in quote of a unit of liquidity between two prices in a bar. @param lower, upper square roots of the bounds */
export function quoteFeesInside(profile: FeeProfile, bar: number, lower: number, upper: number): number {
  return quoteBelow(profile, bar, upper) - quoteBelow(profile, bar, lower);
}

/** The same of fees in base, valued in quote at the bar's close. */
export function baseFeesInside(profile: FeeProfile, bar: number, lower: number, upper: number): number {
  return baseBelow(profile, bar, upper) - baseBelow(profile, bar, lower);
}

function quoteBelow(profile: FeeProfile, bar: number, at: number): number {
  const { root, quote } = profile;
  const knot = knotBefore(profile, bar, at);
  if (knot < 0) return 0;
  const below = quote[knot] as number;
  // Beyond the last knot of its bar nothing was paid.
  if (knot + 1 === profile.first[bar + 1]) return below;
  const [from, to] = [root[knot] as number, root[knot + 1] as number];
  return below + ((at - from) / (to - from)) * ((quote[knot + 1] as number) - below);
}

function baseBelow(profile: FeeProfile, bar: number, at: number): number {
  const { root, base } = profile;
  const knot = knotBefore(profile, bar, at);
  if (knot < 0) return 0;
  const below = base[knot] as number;
  if (knot + 1 === profile.first[bar + 1]) return below;
  const [from, to] = [root[knot] as number, root[knot + 1] as number];
  return below + ((1 / from - 1 / at) / (1 / from - 1 / to)) * ((base[knot + 1] as number) - below);
}

/** The last knot of a bar at or below a root; -1 if there is none. */
function knotBefore({ first, root }: FeeProfile, bar: number, at: number): number {
  let low = (first[bar] as number) - 1;
  let high = first[bar + 1] as number;
  const none = low;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((root[middle] as number) <= at) low = middle;
    else high = middle;
  }
  return low === none ? -1 : low;
}
