import { addDelta, mulDiv, Q128, wrap128, wrap256 } from "./integers.ts";
import { require } from "./revert.ts";
import type { FeeGrowth } from "./tick.ts";

/** One owner's liquidity in one range. */
export interface Position {
  readonly liquidity: bigint;
  /** Fee growth inside the range when the position was last touched, Q128.128. */
  readonly feeGrowthInside0LastX128: bigint;
  readonly feeGrowthInside1LastX128: bigint;
  /** Wei that can be collected, 128 bits; more than that wraps, as on chain. */
  readonly tokensOwed0: bigint;
  readonly tokensOwed1: bigint;
}

export const NO_POSITION: Position = {
  liquidity: 0n,
  feeGrowthInside0LastX128: 0n,
  feeGrowthInside1LastX128: 0n,
  tokensOwed0: 0n,
  tokensOwed1: 0n,
};

/** How a pool finds a position again. @param owner an address or any other name, compared as it is written */
export function positionKey(owner: string, tickLower: number, tickUpper: number): string {
  return `${owner}:${tickLower}:${tickUpper}`;
}

/**
 * A position after its fees have been added up and its liquidity has changed.
 * Source: Uniswap v3 Core whitepaper, section 6.4.
 * @throws PoolRevert "NP" for a position without liquidity that does not change, "LS", "LA"
 */
export function updatePosition(position: Position, liquidityDelta: bigint, inside: FeeGrowth): Position {
  require(liquidityDelta !== 0n || position.liquidity > 0n, "NP");
  const liquidity = addDelta(position.liquidity, liquidityDelta);
  const earned = (now: bigint, last: bigint): bigint => wrap128(mulDiv(wrap256(now - last), position.liquidity, Q128));
  return {
    liquidity,
    feeGrowthInside0LastX128: inside.token0X128,
    feeGrowthInside1LastX128: inside.token1X128,
    tokensOwed0: wrap128(position.tokensOwed0 + earned(inside.token0X128, position.feeGrowthInside0LastX128)),
    tokensOwed1: wrap128(position.tokensOwed1 + earned(inside.token1X128, position.feeGrowthInside1LastX128)),
  };
}
