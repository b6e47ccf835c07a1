/** What has been traded so far, tier by tier. Quote units at the outside price of each stop. */
import type { FeeTier } from "../protocols/uniswap.ts";

export interface TierTotals {
  readonly fee: FeeTier;
  readonly swaps: number;
  /** Input of arbitrage trades, fee included. */
  readonly arbitrageVolume: number;
  /** Input of noise trades, fee included, by what they do with the base. */
  readonly noiseBuys: number;
  readonly noiseSells: number;
  readonly arbitrageFees: number;
  readonly noiseFees: number;
  /** Loss versus rebalancing of the tier's background liquidity, by the bars' Garman-Klass variance. */
  readonly backgroundLvr: number;
}

export interface MarketTotals {
  /** In the order of the fee tiers. */
  readonly tiers: readonly TierTotals[];
  readonly stops: number;
  readonly swaps: number;
  readonly volume: number;
  readonly fees: number;
  /** All tiers' fees over all backgrounds' loss versus rebalancing; null before there is any. */
  readonly payRatio: number | null;
  readonly feedRounds: { readonly base: number; readonly quote: number };
}

/** Sums up. */
export function marketTotals(
  tiers: readonly TierTotals[],
  stops: number,
  feedRounds: { readonly base: number; readonly quote: number },
): MarketTotals {
  const sum = (value: (tier: TierTotals) => number): number => tiers.reduce((total, tier) => total + value(tier), 0);
  const fees = sum((tier) => tier.arbitrageFees + tier.noiseFees);
  const lvr = sum((tier) => tier.backgroundLvr);
  return {
    tiers,
    stops,
    swaps: sum((tier) => tier.swaps),
    volume: sum((tier) => tier.arbitrageVolume + tier.noiseBuys + tier.noiseSells),
    fees,
    payRatio: lvr > 0 ? fees / lvr : null,
    feedRounds,
  };
}

export function emptyTier(fee: FeeTier): TierTotals {
  return {
    fee,
    swaps: 0,
    arbitrageVolume: 0,
    noiseBuys: 0,
    noiseSells: 0,
    arbitrageFees: 0,
    noiseFees: 0,
    backgroundLvr: 0,
  };
}
