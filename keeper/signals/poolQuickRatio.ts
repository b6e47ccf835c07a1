/**
 * Pool quick ratio: what the pools have of quote within a band under the price, over what a bad day drains of it. Under one, the quote side of
 * the pools would not outlast such a day at these prices.
 *
 *   depth = sum over tiers of L (sqrt(P) - sqrt(P (1 - band))),   liquidity in range taken to go on to the band's end
 *   bad day = 95 % quantile of net base sold into the pools over 24 hours, in quote, from windows of the last 30 days
 *
 * Flows come from the pools' fee counters (poolImbalance.ts), so no logs are read. Only the quote side: a lack of base needs no hedge.
 */
import { wholeLiquidity } from "../strategy/ticks.ts";
import type { Sample, Signal, VaultState } from "../strategy/types.ts";
import { tierFlow } from "./poolImbalance.ts";
import { intervals, marks } from "./samples.ts";
import { DAY, HOUR, signal } from "./signal.ts";

/** Seconds. */
const PAST = 30 * DAY;
const SPACING = 6 * HOUR;
const PER_DAY = DAY / SPACING;
/** Days of flows under which a quantile says nothing. */
const LEAST_DAYS = 7;
const QUANTILE = 0.95;
/** Of the price: about one day's standard deviation at 100 % volatility. */
const BAND = 0.05;

/** `poolQuickRatio`. */
export function poolQuickRatioSignal(state: VaultState, samples: readonly Sample[]): Signal {
  const found = marks(state, samples, state.time - PAST, SPACING);
  const days = found.length === 0 ? 0 : (state.time - (found[0]?.time ?? state.time)) / DAY;
  const outflow = quantile(dailyOutflows(state, found), QUANTILE);
  const depth = quoteDepth(state);
  const value = outflow === null || !(outflow > 0) || depth === null ? null : depth / outflow;
  return signal("poolQuickRatio", value, "bad days", "hedge", days >= LEAST_DAYS);
}

function quoteDepth(state: VaultState): number | null {
  const { price } = state;
  if (price === null) return null;
  return state.tiers.reduce(
    (sum, tier) => sum + wholeLiquidity(tier.liquidity, state) * Math.sqrt(price) * (1 - Math.sqrt(1 - BAND)),
    0,
  );
}

/** Quote that left the pools, net, in each window of a day; whole units. */
function dailyOutflows(state: VaultState, found: readonly Sample[]): number[] {
  const steps = new Map<number, number>();
  for (const tier of state.tiers) {
    for (const interval of intervals(found, tier.fee)) {
      const { quoteIn, baseIn } = tierFlow([interval], tier.fee);
      steps.set(interval.to, (steps.get(interval.to) ?? 0) + baseIn - quoteIn);
    }
  }
  const flows = [...steps].sort(([a], [b]) => a - b).map(([, flow]) => flow);
  return flows.slice(PER_DAY - 1).map((_, i) => flows.slice(i, i + PER_DAY).reduce((sum, flow) => sum + flow, 0));
}

function quantile(values: readonly number[], at: number): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.ceil(at * sorted.length) - 1] ?? null;
}
