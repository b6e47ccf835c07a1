/**
 * What our own liquidity does to the pay of a unit of liquidity where the volume is given: it is spread over L + own instead of L, for us and
 * for everybody. Own is what of our ranges stood where the range in question was paid, so ranges beside each other do not crowd each other.
 */
import { baseFeesInside, type FeeProfile, quoteFeesInside } from "./feeProfile.ts";
import type { Ranges } from "./ranges.ts";

/**
 * Part of a unit's pay that is left in a range, 0 to 1. Allocates nothing.
 * @param i place of the range
 */
export function payLeft(profile: FeeProfile, bar: number, ranges: Ranges, i: number): number {
  if (profile.competing === undefined) return 1;
  const lower = ranges.lower[i] as number;
  const upper = ranges.upper[i] as number;
  const paid = baseFeesInside(profile, bar, lower, upper) + quoteFeesInside(profile, bar, lower, upper);
  if (!(paid > 0)) return 1;
  let own = 0;
  for (let j = 0; j < ranges.count; j++) {
    const low = Math.max(lower, ranges.lower[j] as number);
    const high = Math.min(upper, ranges.upper[j] as number);
    if (low >= high) continue;
    own +=
      (ranges.liquidity[j] as number) *
      (baseFeesInside(profile, bar, low, high) + quoteFeesInside(profile, bar, low, high));
  }
  return 1 / (1 + own / paid / (profile.competing[bar] as number));
}
