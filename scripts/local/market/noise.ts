/**
 * Traders who do not watch the outside market. Small orders, which are most of the volume in calm hours, take the cheapest
 * tier and nothing else; large orders, whose part grows with volatility, are split over all tiers by price and so reach
 * the deeper and dearer ones. Arbitrage brings each pool back into its band after each order. Together they are sized to
 * pay what the fee flow lacks once arbitrage has paid its own part.
 */
import type { Random } from "../../../keeper/market/random.ts";
import {
  afterArbitrage,
  feeValue,
  routeOrder,
  tradeTo,
  type ModelTrade,
  type PoolModel,
  type Side,
} from "./poolModel.ts";

export interface NoiseOrder {
  readonly side: Side;
  /** Share of the stop's noise volume. */
  readonly share: number;
  /** Small orders, taken together, go to the tier with the lowest fee. */
  readonly small: boolean;
}

/** What decides who comes to a stop. */
export interface NoiseMix {
  /** Share of the volume that small orders bring, 0 to 1. */
  readonly smallShare: number;
  /** Into how many orders the small ones are bundled: more of them move the pool less far and cost more swaps. */
  readonly smallOrders: number;
  readonly largeOrders: number;
}

/** Volatility a year at which half of the volume is small orders. Chosen so that on ETH 2019-2022 the 500 and 3000 tiers pay nearly alike. */
const BALANCED_VOLATILITY = 1.4;
/** How fast large orders take over as variance rises. */
const SHARE_SLOPE = 1;
/** A bundle of small orders should not move its pool further, log price. */
const SMALL_IMPACT = 0.01;
const MAX_SMALL_ORDERS = 4;
const LARGE_ORDERS = 2;

/**
 * The mix at a volatility.
 * @param volatility a year, recent
 * @param cheapest the pool with the lowest fee
 * @param fees that noise is to pay, quote units
 */
export function noiseMix(volatility: number, cheapest: PoolModel, fees: number): NoiseMix {
  const smallShare = 1 / (1 + (volatility / BALANCED_VOLATILITY) ** (2 * SHARE_SLOPE));
  // There and back pays the fee twice.
  const volume = Math.max(0, fees) / (2 * cheapest.fee);
  const impact = (2 * volume) / (cheapest.liquidity * Math.sqrt(cheapest.price));
  const smallOrders = Math.min(MAX_SMALL_ORDERS, Math.max(1, Math.ceil(impact / SMALL_IMPACT)));
  return { smallShare, smallOrders, largeOrders: LARGE_ORDERS };
}

/** The orders of a stop before their size is known: small ones alternate, each large one turns round with a chance. */
export function drawOrders(random: Random, mix: NoiseMix): readonly NoiseOrder[] {
  const draw = (count: number, share: number, small: boolean, turn: number): NoiseOrder[] => {
    const weights = Array.from({ length: count }, () => Math.exp(SIZE_SPREAD * random.normal()));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    let side: Side = random.uniform() < 0.5 ? "buy" : "sell";
    return weights.map((weight) => {
      const order = { side, share: (share * weight) / total, small };
      if (random.uniform() < turn) side = side === "buy" ? "sell" : "buy";
      return order;
    });
  };
  return [
    ...draw(mix.smallOrders, mix.smallShare, true, 1),
    ...draw(mix.largeOrders, 1 - mix.smallShare, false, ALTERNATION),
  ];
}

/** One order, routed. */
export interface RoutedOrder {
  readonly side: Side;
  /** What is traded in each pool, in the pools' order; null where the order has no part worth a swap. */
  readonly parts: readonly (ModelTrade | null)[];
}

/** What the orders come to on the model. */
export interface NoisePlan {
  readonly orders: readonly RoutedOrder[];
  /** Quote units: the orders' fees and those of the arbitrage after them. */
  readonly fees: number;
}

/**
 * Routes orders of a total size, with arbitrage after each.
 * @param pools after the stop's own arbitrage
 * @param notional quote units of all orders together
 */
export function routeOrders(
  pools: readonly PoolModel[],
  outsidePrice: number,
  orders: readonly NoiseOrder[],
  notional: number,
): NoisePlan {
  const cheapest = Math.min(...pools.map((pool) => pool.fee));
  let now = pools;
  let fees = 0;
  const routed = orders.map(({ side, share, small }) => {
    const open = now.map((pool) => (small && pool.fee !== cheapest ? { ...pool, liquidity: 0 } : pool));
    const prices = routeOrder(open, side, notional * share);
    const parts = now.map((pool, i) => {
      const price = prices[i] ?? pool.price;
      if (open[i]?.liquidity === 0 || Math.abs(Math.log(price / pool.price)) < LEAST_IMPACT) return null;
      return tradeTo(pool, price);
    });
    now = now.map((pool, i) => {
      const part = parts[i];
      if (part === null || part === undefined) return pool;
      const moved = { ...pool, price: part.price };
      const back = tradeTo(moved, afterArbitrage(moved, outsidePrice));
      fees += feeValue(part, outsidePrice) + feeValue(back, outsidePrice);
      return { ...pool, price: back.price };
    });
    return { side, parts };
  });
  return { orders: routed, fees };
}

/**
 * Sizes the orders so that they and the arbitrage after them pay so much in fees.
 * @param fees quote units; nothing is traded for zero or less
 */
export function planNoise(
  pools: readonly PoolModel[],
  outsidePrice: number,
  orders: readonly NoiseOrder[],
  fees: number,
): NoisePlan {
  if (!(fees > 0)) return { orders: [], fees: 0 };
  const depth = pools.reduce((sum, pool) => sum + pool.liquidity * Math.sqrt(pool.price), 0);
  let low = 0;
  let high = depth * MAX_TURNOVER;
  for (let i = 0; i < BISECTIONS; i++) {
    const middle = (low + high) / 2;
    if (routeOrders(pools, outsidePrice, orders, middle).fees < fees) low = middle;
    else high = middle;
  }
  return routeOrders(pools, outsidePrice, orders, low);
}

/** A part that moves its pool less, log price, is left out: a tenth of a tick. */
const LEAST_IMPACT = 1e-5;
/** Standard deviation of the log of an order's size. */
const SIZE_SPREAD = 0.7;
/** Chance that a large order goes the other way than the one before it. */
const ALTERNATION = 0.8;
/** The most that noise may trade in a stop, as part of all pools' depth L sqrt(P). */
const MAX_TURNOVER = 0.1;
/** Halvings: 0.1 * 2^-30 of the depth is about a cent. */
const BISECTIONS = 24;
