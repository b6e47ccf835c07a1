/**
 * What a swap brings, by the closed form inside one liquidity segment. Good for the small swaps that the strategy makes; the keeper's
 * simulation has the last word.
 */

/** A pool as a swap sees it. Whole units. */
export interface SwapPool {
  /** Hundredths of a basis point. */
  readonly fee: number;
  readonly price: number;
  readonly liquidity: number;
}

export interface SwapResult {
  readonly out: number;
  /** The pool's price afterwards. */
  readonly price: number;
}

/**
 * Selling base: 1/sqrt(P') = 1/sqrt(P) + in(1-phi)/L, out = L(sqrt(P) - sqrt(P')). Selling quote: sqrt(P') = sqrt(P) + in(1-phi)/L,
 * out = L(1/sqrt(P) - 1/sqrt(P')). (Uniswap v3 white paper, 6.13-6.16.) A pool without liquidity gives nothing.
 */
export function swapResult(pool: SwapPool, sell: "base" | "quote", amount: number): SwapResult {
  if (!(pool.liquidity > 0) || !(amount > 0)) return { out: 0, price: pool.price };
  const root = Math.sqrt(pool.price);
  const move = (amount * (1 - pool.fee / 1e6)) / pool.liquidity;
  if (sell === "quote") {
    const after = root + move;
    return { out: pool.liquidity * (1 / root - 1 / after), price: after * after };
  }
  const after = 1 / (1 / root + move);
  return { out: pool.liquidity * (root - after), price: after * after };
}

/** The most that can be sold before the pool's price has moved by the fraction `impact`; whole units of the token sold. */
export function depth(pool: SwapPool, sell: "base" | "quote", impact: number): number {
  const root = Math.sqrt(pool.price);
  const net =
    sell === "quote"
      ? pool.liquidity * root * (Math.sqrt(1 + impact) - 1)
      : (pool.liquidity / root) * (1 / Math.sqrt(1 - impact) - 1);
  return net / (1 - pool.fee / 1e6);
}
