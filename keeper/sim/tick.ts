/**
 * What a pool keeps at a tick on which a position begins or ends. "Outside" is the side of the tick on which the current price
 * is not; crossing the tick turns the sides. Source: Uniswap v3 Core whitepaper, section 6.3.
 */
import { MAX_TICK } from "../chain/tickMath.ts";
import { addDelta, MAX_UINT128, toInt128, wrap160, wrap256, wrap32, wrapInt56 } from "./integers.ts";
import type { Cumulatives } from "./oracle.ts";
import { require } from "./revert.ts";

export interface TickInfo {
  /** Liquidity of all positions that begin or end here; zero means that the tick is not initialised. */
  readonly liquidityGross: bigint;
  /** What joins the active liquidity when the price rises past the tick; signed. */
  readonly liquidityNet: bigint;
  /** Fee growth outside per unit of liquidity, Q128.128, wraps at 256 bits; only differences mean something. */
  readonly feeGrowthOutside0X128: bigint;
  readonly feeGrowthOutside1X128: bigint;
  /** Tick seconds outside, signed 56 bits. */
  readonly tickCumulativeOutside: bigint;
  /** Seconds per liquidity outside, Q32.128, wraps at 160 bits. */
  readonly secondsPerLiquidityOutsideX128: bigint;
  /** Seconds outside, wraps at 32 bits. */
  readonly secondsOutside: number;
}

/** Fee growth per unit of liquidity of both tokens, Q128.128, wraps at 256 bits. */
export interface FeeGrowth {
  readonly token0X128: bigint;
  readonly token1X128: bigint;
}

export const NO_TICK: TickInfo = {
  liquidityGross: 0n,
  liquidityNet: 0n,
  feeGrowthOutside0X128: 0n,
  feeGrowthOutside1X128: 0n,
  tickCumulativeOutside: 0n,
  secondsPerLiquidityOutsideX128: 0n,
  secondsOutside: 0,
};

/** The most liquidity that may refer to one tick, so that all ticks together fit 128 bits. */
export function maxLiquidityPerTick(tickSpacing: number): bigint {
  const ticks = 2 * Math.floor(MAX_TICK / tickSpacing) + 1;
  return MAX_UINT128 / BigInt(ticks);
}

/** The moment at which a tick is touched. */
export interface TickContext {
  readonly currentTick: number;
  readonly growth: FeeGrowth;
  readonly cumulatives: Cumulatives;
  /** Unix seconds, 32 bits. */
  readonly time: number;
}

/**
 * A tick after a position that begins or ends there has changed.
 * @param upper true if the position ends here
 * @throws PoolRevert "LS", "LA", "LO" above the most that a tick may have
 */
export function updateTick(
  info: TickInfo,
  tick: number,
  liquidityDelta: bigint,
  upper: boolean,
  maxLiquidity: bigint,
  at: TickContext,
): TickInfo {
  const liquidityGross = addDelta(info.liquidityGross, liquidityDelta);
  require(liquidityGross <= maxLiquidity, "LO");
  // By convention all growth before a tick began happened below it.
  const begins = info.liquidityGross === 0n && tick <= at.currentTick;
  return {
    ...(begins
      ? {
          feeGrowthOutside0X128: at.growth.token0X128,
          feeGrowthOutside1X128: at.growth.token1X128,
          tickCumulativeOutside: at.cumulatives.tickCumulative,
          secondsPerLiquidityOutsideX128: at.cumulatives.secondsPerLiquidityX128,
          secondsOutside: at.time,
        }
      : info),
    liquidityGross,
    liquidityNet: toInt128(upper ? info.liquidityNet - liquidityDelta : info.liquidityNet + liquidityDelta),
  };
}

/** A tick after the price has passed it: what was outside is inside now. */
export function crossTick(info: TickInfo, growth: FeeGrowth, cumulatives: Cumulatives, time: number): TickInfo {
  return {
    ...info,
    feeGrowthOutside0X128: wrap256(growth.token0X128 - info.feeGrowthOutside0X128),
    feeGrowthOutside1X128: wrap256(growth.token1X128 - info.feeGrowthOutside1X128),
    tickCumulativeOutside: wrapInt56(cumulatives.tickCumulative - info.tickCumulativeOutside),
    secondsPerLiquidityOutsideX128: wrap160(cumulatives.secondsPerLiquidityX128 - info.secondsPerLiquidityOutsideX128),
    secondsOutside: wrap32(time - info.secondsOutside),
  };
}

/** Fee growth between two ticks: all of it, less what was below the lower and above the upper one. */
export function feeGrowthInside(
  lower: TickInfo,
  upper: TickInfo,
  tickLower: number,
  tickUpper: number,
  currentTick: number,
  growth: FeeGrowth,
): FeeGrowth {
  const inside = (all: bigint, outsideLower: bigint, outsideUpper: bigint): bigint => {
    const below = currentTick >= tickLower ? outsideLower : all - outsideLower;
    const above = currentTick < tickUpper ? outsideUpper : all - outsideUpper;
    return wrap256(all - below - above);
  };
  return {
    token0X128: inside(growth.token0X128, lower.feeGrowthOutside0X128, upper.feeGrowthOutside0X128),
    token1X128: inside(growth.token1X128, lower.feeGrowthOutside1X128, upper.feeGrowthOutside1X128),
  };
}
