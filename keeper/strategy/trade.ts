/** One swap for a sleeve's sake: the tier that takes most of it. */
import { depth, swapResult } from "./swap.ts";
import type { SwapMove, Token } from "./types.ts";
import type { View } from "./view.ts";

/**
 * A sale of at most so much (whole units of the token sold), within the pools' depth at the greatest impact allowed: in the tier that takes
 * most, and among those that take as much where it loses least. Null if none takes any.
 */
export function trade(view: View, sell: Token, most: number): SwapMove | null {
  const { config, price } = view;
  let best: { move: SwapMove; lost: number } | null = null;
  for (const tier of view.tiers) {
    if (!tier.usable || !(most > 0)) continue;
    const pool = { fee: tier.fee, price: tier.state.price, liquidity: tier.liquidity };
    const amount = Math.min(most, depth(pool, sell, config.hedge.maxImpact));
    if (!(amount > 0)) continue;
    const { out } = swapResult(pool, sell, amount);
    const lost = 1 - out / (sell === "base" ? amount * price : amount / price);
    const more = best === null || amount > best.move.amount * 1.01;
    const same = best !== null && amount > best.move.amount * 0.99;
    if (more || (same && best !== null && lost < best.lost)) {
      const maxSlippage = Math.max(lost, 0) + config.swap.tolerance;
      best = { move: { fee: tier.fee, sell, amount, maxSlippage }, lost };
    }
  }
  return best?.move ?? null;
}

/** What a swap is expected to bring, whole units of the other token. */
export function swapOut(view: View, swap: SwapMove): number {
  const tier = view.tiers.find(({ fee }) => fee === swap.fee);
  if (tier === undefined) return 0;
  return swapResult({ fee: tier.fee, price: tier.state.price, liquidity: tier.liquidity }, swap.sell, swap.amount).out;
}
