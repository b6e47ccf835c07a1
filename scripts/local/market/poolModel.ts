/**
 * A pool as the market's planner sees it: one liquidity, everywhere. It is exact for the background's full-range position
 * and near enough where a vault adds a little; what really happens is the chain's business.
 *
 * Whole units throughout: L is the liquidity for which V = 2 L sqrt(P) quote units over the full range.
 */
export interface PoolModel {
  /** Fraction, 0.003. */
  readonly fee: number;
  readonly liquidity: number;
  /** Spot, quote units per base unit. */
  readonly price: number;
}

/** One trade of a plan. */
export interface ModelTrade {
  readonly side: Side;
  /** Spot after the trade. */
  readonly price: number;
  /** What the trader pays in, fee included, quote units or base units by side. */
  readonly amountIn: number;
  /** The fee in it, in the same units. */
  readonly fee: number;
}

/** A trade's fee in quote units, the base at the outside price. */
export function feeValue(trade: ModelTrade, outsidePrice: number): number {
  return trade.side === "buy" ? trade.fee : trade.fee * outsidePrice;
}

/** Of the base. */
export type Side = "buy" | "sell";

/** What it takes to move a pool to a price. */
export function tradeTo(pool: PoolModel, price: number): ModelTrade {
  const before = Math.sqrt(pool.price);
  const after = Math.sqrt(price);
  if (price >= pool.price) {
    const amountIn = (pool.liquidity * (after - before)) / (1 - pool.fee);
    return { side: "buy", price, amountIn, fee: amountIn * pool.fee };
  }
  const amountIn = (pool.liquidity * (1 / after - 1 / before)) / (1 - pool.fee);
  return { side: "sell", price, amountIn, fee: amountIn * pool.fee };
}

/** The band round a price inside which nobody gains by trading the pool against the outside market. */
export function noArbitrageBand(price: number, fee: number): { readonly low: number; readonly high: number } {
  return { low: price * (1 - fee), high: price * (1 + fee) };
}

/** The pool's price after arbitrage: on the band's nearer edge if it was outside. */
export function afterArbitrage(pool: PoolModel, outsidePrice: number): number {
  const { low, high } = noArbitrageBand(outsidePrice, pool.fee);
  return Math.min(Math.max(pool.price, low), high);
}

/**
 * Splits an order over pools so that no part would have been cheaper elsewhere: every pool that trades ends at the same
 * marginal price, its fee included, and no other is better.
 * @param notional quote units, fee included
 * @returns pool prices after the order, in the order of `pools`
 */
export function routeOrder(pools: readonly PoolModel[], side: Side, notional: number): readonly number[] {
  // By marginal price m the pools take a known amount, and it rises with the distance of m: bisect on log m.
  const marginal = (pool: PoolModel): number =>
    side === "buy" ? pool.price / (1 - pool.fee) : pool.price * (1 - pool.fee);
  const priceAt = (pool: PoolModel, m: number): number =>
    side === "buy" ? Math.max(pool.price, m * (1 - pool.fee)) : Math.min(pool.price, m / (1 - pool.fee));
  const taken = (m: number): number =>
    pools.reduce((sum, pool) => {
      const trade = tradeTo(pool, priceAt(pool, m));
      return sum + (side === "buy" ? trade.amountIn : trade.amountIn * pool.price);
    }, 0);
  const best = side === "buy" ? Math.min(...pools.map(marginal)) : Math.max(...pools.map(marginal));
  const direction = side === "buy" ? 1 : -1;
  let near = 0;
  let far = 1e-4;
  while (taken(best * Math.exp(direction * far)) < notional && far < MAX_IMPACT) far *= 2;
  for (let i = 0; i < BISECTIONS; i++) {
    const middle = (near + far) / 2;
    if (taken(best * Math.exp(direction * middle)) < notional) near = middle;
    else far = middle;
  }
  const m = best * Math.exp(direction * near);
  return pools.map((pool) => priceAt(pool, m));
}

/** Log price; an order that would move all pools further is cut there. */
const MAX_IMPACT = 0.5;
/** Halvings of the interval: 1e-4 * 2^-40 is far below a wei. */
const BISECTIONS = 40;
