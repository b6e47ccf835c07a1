/** From the chain's snapshot to what the strategy sees: floats in base and quote. */
import { feeGrowthUnits, priceFromX96, toUnits } from "../chain/orientation.ts";
import { orientedSpotTick, priceFromSqrtPriceX96, toOrientedRange } from "../chain/prices.ts";
import type { Memory, Policy, PositionState, TierState, VaultState } from "../strategy/types.ts";
import type { PositionView, Snapshot, TierView } from "./snapshot.ts";

/** Places in the vault's list (contracts/libraries/RangeList.sol). */
export const MAX_POSITIONS = 8;

const BPS = 10_000;

/** One vault at one block, as `decide` takes it. Pure. */
export function toState(snapshot: Snapshot, memory: Memory): VaultState {
  const price = snapshot.oracleOk ? priceFromX96(snapshot.price.mid, snapshot) : null;
  const tiers = snapshot.tiers.map((tier) => tierState(tier, snapshot));
  const idle = toUnits(snapshot.idle0, snapshot.idle1, snapshot);
  const total = toUnits(snapshot.total0, snapshot.total1, snapshot);
  // Without an oracle the first tier's spot is for display only: nothing may be planned then.
  const valuedAt = price ?? tiers[0]?.price ?? 0;
  return {
    time: snapshot.timestamp,
    block: Number(snapshot.blockNumber),
    price,
    priceError: snapshot.oracleOk
      ? Number(snapshot.price.high - snapshot.price.low) / 2 / Number(snapshot.price.mid)
      : 0,
    baseDecimals: snapshot.baseDecimals,
    quoteDecimals: snapshot.quoteDecimals,
    idleBase: idle.base,
    idleQuote: idle.quote,
    positions: snapshot.positions.map((position) => positionState(position, snapshot)),
    tiers,
    nav: total.base * valuedAt + total.quote,
    shareSupply: Number(snapshot.supply) / 1e18,
    memory,
  };
}

/** What the chain allows, as `decide` takes it. Pure. */
export function toPolicy(snapshot: Snapshot): Policy {
  const { limits } = snapshot;
  return {
    allowedFees: limits.fees.filter((fee) => fee !== 0),
    maxPlanLoss: limits.maxPlanLossBps / BPS,
    coreWeightCap: limits.coreWeightCapBps / BPS,
    minHalfWidth: limits.minHalfWidth,
    maxHalfWidth: limits.maxHalfWidth,
    maxPositions: MAX_POSITIONS,
  };
}

function tierState(tier: TierView, snapshot: Snapshot): TierState {
  const growth = feeGrowthUnits(tier.feeGrowthGlobal0X128, tier.feeGrowthGlobal1X128, snapshot);
  return {
    fee: tier.fee,
    tickSpacing: tier.tickSpacing,
    allowed: tier.allowed,
    tick: orientedSpotTick(tier.sqrtPriceX96, snapshot),
    price: priceFromSqrtPriceX96(tier.sqrtPriceX96, snapshot),
    liquidity: Number(tier.liquidity),
    feeGrowthBase: growth.base,
    feeGrowthQuote: growth.quote,
  };
}

function positionState(position: PositionView, snapshot: Snapshot): PositionState {
  const held = toUnits(position.amount0, position.amount1, snapshot);
  const fees = toUnits(position.fees0, position.fees1, snapshot);
  const range = toOrientedRange(position, snapshot);
  return {
    index: position.index,
    fee: position.fee,
    tickLower: range.tickLower,
    tickUpper: range.tickUpper,
    liquidity: Number(position.liquidity),
    base: held.base,
    quote: held.quote,
    feesBase: fees.base,
    feesQuote: fees.quote,
  };
}
