/**
 * Looking into what the keeper saw before. Fee growth only ever adds up, so two looks give all that was charged between them, however
 * much happened meanwhile and however long the keeper was away: no logs are needed.
 */
import type { Sample, VaultState } from "../strategy/types.ts";

export type TierSample = Sample["tiers"][number];

/** Between two looks at one tier, the earlier first. */
export interface Interval {
  readonly from: number;
  readonly to: number;
  readonly before: TierSample;
  readonly after: TierSample;
  /** Mean of the two prices, quote units per base unit. */
  readonly price: number;
}

/**
 * Marks from `from` to the state's time, oldest first, at least `spacing` seconds apart; the last is the state itself. What was seen at
 * or after the state's time is not looked at. The first is the last look at or before `from` if there is one: a window
 * is rather covered a little more than a little less. O(window / spacing * log samples).
 */
export function marks(state: VaultState, samples: readonly Sample[], from: number, spacing: number): Sample[] {
  if (state.price === null) return [];
  const found: Sample[] = [{ time: state.time, price: state.price, tiers: state.tiers }];
  let time = state.time;
  while (time > from) {
    // A step back, but not past the window's start; and always back, so that the loop ends.
    const index = lastBefore(samples, Math.min(Math.max(time - spacing, from), time - 1));
    const sample = samples[index];
    if (sample === undefined) break;
    found.push(sample);
    time = sample.time;
  }
  // The past may begin less than a step back.
  const earliest = samples[0];
  if (time > from && earliest !== undefined && earliest.time < time) found.push(earliest);
  return found.reverse();
}

/**
 * What one tier did between consecutive marks. A mark that lacks the tier is passed over. A growth that went down (the counter wrapped,
 * or the chain was another) leaves its interval out: a float cannot tell by how much.
 */
export function intervals(found: readonly Sample[], fee: number): Interval[] {
  const result: Interval[] = [];
  let earlier: { sample: Sample; tier: TierSample } | null = null;
  for (const sample of found) {
    const tier = sample.tiers.find((candidate) => candidate.fee === fee);
    if (tier === undefined) continue;
    if (
      earlier !== null &&
      tier.feeGrowthBase >= earlier.tier.feeGrowthBase &&
      tier.feeGrowthQuote >= earlier.tier.feeGrowthQuote
    ) {
      const price = (earlier.sample.price + sample.price) / 2;
      result.push({ from: earlier.sample.time, to: sample.time, before: earlier.tier, after: tier, price });
    }
    earlier = { sample, tier };
  }
  return result;
}

/** Fees per unit of raw liquidity over an interval, by token: whole units. */
export function feeGrowth(interval: Interval): { readonly base: number; readonly quote: number } {
  return {
    base: interval.after.feeGrowthBase - interval.before.feeGrowthBase,
    quote: interval.after.feeGrowthQuote - interval.before.feeGrowthQuote,
  };
}

/** Seconds that the intervals cover. */
export function covered(list: readonly Interval[]): number {
  return list.reduce((sum, interval) => sum + interval.to - interval.from, 0);
}

function lastBefore(samples: readonly Sample[], time: number): number {
  let low = 0;
  let high = samples.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const sample = samples[middle];
    if (sample !== undefined && sample.time <= time) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
