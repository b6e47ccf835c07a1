/**
 * Pool imbalance: signed net flow over gross flow in a window, -1 to 1. Positive means that the pools were bought: quote
 * came in and base left.
 *
 * It needs no logs. A pool charges its fee on the token that comes in, so with fee rate phi and liquidity L
 *   quote paid in = d(feeGrowthQuote) L / phi,   base paid in = d(feeGrowthBase) L / phi,
 * and per tier  imbalance = (dQuote - dBase P) / (dQuote + dBase P), where dQuote and dBase are the sums of those flows
 * over the intervals between looks (P and L are the means of the two looks). Over all tiers the flows are added up, so a
 * tier counts by fees * liquidity / phi, its volume, and not by its fees. A protocol fee takes the same part of both tokens and drops out.
 *
 * Unit: fraction of the window's volume.
 */
import type { Sample, Signal, VaultState } from "../strategy/types.ts";
import { covered, feeGrowth, intervals, type Interval, marks } from "./samples.ts";
import { DAY, HOUR, signal } from "./signal.ts";

const WINDOW = DAY;

/** Quote units that came in as quote and, valued at the price, as base. */
export interface Flow {
  readonly quoteIn: number;
  readonly baseIn: number;
}

/** Flow of one tier over intervals. `fee` in hundredths of a basis point. */
export function tierFlow(list: readonly Interval[], fee: number): Flow {
  let quoteIn = 0;
  let baseIn = 0;
  for (const interval of list) {
    const growth = feeGrowth(interval);
    const volumePerFee = (interval.before.liquidity + interval.after.liquidity) / 2 / (fee / 1e6);
    quoteIn += growth.quote * volumePerFee;
    baseIn += growth.base * interval.price * volumePerFee;
  }
  return { quoteIn, baseIn };
}

/** Net over gross; null when nothing flowed. */
export function imbalance(flow: Flow): number | null {
  const gross = flow.quoteIn + flow.baseIn;
  return gross > 0 ? (flow.quoteIn - flow.baseIn) / gross : null;
}

/** `poolImbalance` over all tiers and `poolImbalance.FEE` for each, over 24 hours. */
export function poolImbalanceSignals(state: VaultState, samples: readonly Sample[]): Signal[] {
  const found = marks(state, samples, state.time - WINDOW, HOUR);
  let quoteIn = 0;
  let baseIn = 0;
  let freshest = false;
  const tiers = state.tiers.map((tier) => {
    const list = intervals(found, tier.fee);
    const flow = tierFlow(list, tier.fee);
    quoteIn += flow.quoteIn;
    baseIn += flow.baseIn;
    // Half a window tells little; much more than a window (the keeper was away) is no longer the last day.
    const fresh = Math.abs(covered(list) - WINDOW) <= WINDOW / 2;
    freshest ||= fresh;
    return signal(`poolImbalance.${String(tier.fee)}`, imbalance(flow), "fraction of volume", "delay", fresh);
  });
  return [signal("poolImbalance", imbalance({ quoteIn, baseIn }), "fraction of volume", "delay", freshest), ...tiers];
}
