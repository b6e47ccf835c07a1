/**
 * The pool in which `layered` stands in a back-test: the recorded one, or over a price file one that is made up. There the fee model is the same for
 * all pools of a pair, so there is one, of the tier in which most of ETH/USDC trades; with several that pay alike, `decide` would not move either.
 */
import { type Decimals, tickOfPrice, wholeLiquidity } from "../../../strategy/ticks.ts";
import type { PoolSight } from "../../engine/pool.ts";
import type { StrategyBook } from "../../engine/strategyBook.ts";

/** Hundredths of a basis point. */
export const FEE = 500;
export const TICK_SPACING = 10;
/** WETH and USDC. They decide on which grid of prices bounds may lie, and on nothing else. */
export const DECIMALS: Decimals = { baseDecimals: 18, quoteDecimals: 6 };
/**
 * L sqrt(P), quote units: how deep the pool is for what `decide` expects of its own swaps and how much of them a plan may make (a sale that moves
 * the price by 0.1 % is half a thousandth of it, a quarter of a million here). What a swap then costs is the model's and not the pool's.
 */
export const DEPTH = 5e8;

const RAW = 1 / wholeLiquidity(1, DECIMALS);

/** What the keeper sees of the pool in which a book's ranges stand. */
export function poolOf({ pool, price }: Pick<StrategyBook, "pool" | "price">): PoolSight {
  return (
    pool ?? {
      ...DECIMALS,
      fee: FEE,
      tickSpacing: TICK_SPACING,
      tick: Math.floor(tickOfPrice(price, DECIMALS)),
      liquidity: (DEPTH / Math.sqrt(price)) * RAW,
    }
  );
}
