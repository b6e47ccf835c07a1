/** What a set of ranges can be expected to earn and to lose over a horizon, left alone. */
import { expectedActivity, lvrRate } from "./liquidity.ts";
import type { HeldRange } from "./project.ts";
import type { View } from "./view.ts";

/**
 * Expected fees over `days`, quote units. In each tier the fee flow is what it pays now, rate * liquidity in range; of it
 * we get our part of the liquidity at work: flow * ours / (others + ours). So more of our own liquidity dilutes its own
 * pay, and leaving a tier raises the pay of what stays. Ours is the mean over the horizon of what is in range (`expectedActivity`).
 */
export function expectedFees(view: View, held: readonly HeldRange[], days: number): number {
  let sum = 0;
  for (const tier of view.tiers) {
    const inRangeNow = view.positions
      .filter((position) => position.fee === tier.fee)
      .filter((position) => tier.state.tick >= position.state.tickLower && tier.state.tick < position.state.tickUpper)
      .reduce((total, position) => total + position.liquidity, 0);
    const others = Math.max(tier.liquidity - inRangeNow, 0);
    const ours = held
      .filter((range) => range.fee === tier.fee)
      .reduce((total, range) => total + range.liquidity * activity(view, range, days), 0);
    if (ours > 0) sum += (tier.expected * tier.liquidity * days * ours) / (others + ours);
  }
  return sum;
}

/** Expected LVR over `days`, quote units. */
export function expectedLvr(view: View, held: readonly HeldRange[], days: number): number {
  const perYear = (range: HeldRange): number =>
    lvrRate({ ...range, lower: 0, upper: Number.POSITIVE_INFINITY }, view.price, view.volatility);
  return held.reduce((sum, range) => sum + (perYear(range) * activity(view, range, days) * days) / 365, 0);
}

function activity(view: View, range: HeldRange, days: number): number {
  return expectedActivity(range, view.price, view.volatility, days / 365);
}
