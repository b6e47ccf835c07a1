/** What a simulated pool takes and gives. Amounts are wei, sqrt prices Q64.96, times unix seconds, as in the contract. */
import type { Amounts } from "./store.ts";

/** What tells one pool from another. */
export interface PoolTerms {
  /** Hundredths of a basis point: 500 is 0.05 %. */
  readonly fee: number;
  readonly tickSpacing: number;
}

export interface Range {
  readonly tickLower: number;
  readonly tickUpper: number;
}

export interface SwapOrder {
  /** True sells token0 for token1 and the price falls. */
  readonly zeroForOne: boolean;
  /** What comes in if positive, what is to go out if negative; wei, 256 bits signed. */
  readonly amountSpecified: bigint;
  /** Where the swap ends at the latest. */
  readonly sqrtPriceLimitX96: bigint;
}

/** As the pool sees it: positive comes in, negative goes out. */
export interface SwapResult extends Amounts {
  /** The pool after the swap. */
  readonly sqrtPriceX96: bigint;
  readonly tick: number;
  readonly liquidity: bigint;
  /** Initialised ticks that the price passed. */
  readonly crossed: number;
}

/**
 * What the caller's callback pays. Left out it is what the pool asks for; anything else shows what the pool makes of it. A
 * callback that calls the pool again is not simulated: the pool answers "LOK" to everything that changes it.
 */
export type Payment = Amounts;
