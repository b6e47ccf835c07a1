/** From the chain's snapshot to what the strategy sees: floats in base and quote. */
import { feeGrowthUnits, priceFromX96, toUnits } from "../chain/orientation.ts";
import { orientedSpotTick, priceFromSqrtPriceX96, toOrientedRange, unitsFromWei } from "../chain/prices.ts";
import { sleeveNets, sumOf } from "../strategy/project.ts";
import type { Budget, Memory, Policy, PositionState, SleeveState, TierState, VaultState } from "../strategy/types.ts";
import type { PositionView, SleeveView, Snapshot, TierView } from "./snapshot.ts";

/** Places in the vault's list (contracts/libraries/RangeList.sol). */
export const MAX_POSITIONS = 8;

const BPS = 10_000;
/** What one of NAV is in the vault's levels, and one of variance in the oracle's. */
const E12 = 1e12;
const E18 = 1e18;
const E30 = 1e30;
/** Place of the asset that settles later; what borrows nothing elsewhere is a reserve (scripts/deploy/sleeves.ts). */
export const ASSET_PLACE = 3;
const NO_DEBT = 2n ** 256n - 1n;
const SHARE = 10n ** 18n;

/** One vault at one block, as `decide` takes it. Pure. */
export function toState(snapshot: Snapshot, memory: Memory): VaultState {
  const price = snapshot.oracleOk ? priceFromX96(snapshot.price.mid, snapshot) : null;
  const tiers = snapshot.tiers.map((tier) => tierState(tier, snapshot));
  const idle = toUnits(snapshot.idle0, snapshot.idle1, snapshot);
  const total = toUnits(snapshot.total0, snapshot.total1, snapshot);
  // Without an oracle the first tier's spot is for display only: nothing may be planned then.
  const valuedAt = price ?? tiers[0]?.price ?? 0;
  const sleeves = snapshot.sleeves.map((sleeve) => sleeveState(sleeve, snapshot));
  const beside = sumOf(sleeveNets({ state: { sleeves } }));
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
    sleeves,
    // By liquidity at the oracle's price: what stands at a pool's spot could be lifted by whoever moves the pool.
    nav: snapshot.oracleOk
      ? unitsFromWei(snapshot.nav, snapshot.quoteDecimals)
      : (total.base + beside.base) * valuedAt + total.quote + beside.quote,
    shareSupply: Number(snapshot.supply) / 1e18,
    budgets: {
      loss: budget(snapshot.budgets.lossE12, snapshot.budgets.lossCapacityE12),
      turnover: budget(snapshot.budgets.turnoverE12, snapshot.budgets.turnoverCapacityE12),
      churn: budget(snapshot.budgets.churnE12, snapshot.budgets.churnCapacityE12),
    },
    left: leftPerShare(snapshot),
    entryFee: snapshot.entryFeeBps / BPS,
    exitFee: snapshot.exitFeeBps / BPS,
    announcedFees:
      snapshot.nextFeesAt === 0 ? null : { entry: snapshot.nextEntryFeeBps / BPS, exit: snapshot.nextExitFeeBps / BPS },
    oracleVolatility: Math.sqrt(Number(snapshot.price.varianceE12) / E12),
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
    refill: {
      loss: limits.lossRefillBps / BPS,
      turnover: limits.turnoverRefillBps / BPS,
      churn: limits.churnRefillBps / BPS,
    },
    lvrLimit: limits.lvrLimitBps / BPS,
    volatilityFloor: limits.volFloorBps / BPS,
    pausedUntil: limits.pausedUntil,
    maxEntryFee: limits.maxEntryFeeBps / BPS,
    maxExitFee: limits.maxExitFeeBps / BPS,
  };
}

/** A share has 18 decimals, so tokens in units per share: wei per share wei, times 1e18, over the token's own decimals. */
function leftPerShare(snapshot: Snapshot): VaultState["left"] {
  const of = (x96: bigint): bigint => (x96 * SHARE) >> 96n;
  return toUnits(of(snapshot.left0PerShareX96), of(snapshot.left1PerShareX96), snapshot);
}

function budget(level: bigint, capacity: bigint): Budget {
  return { used: Number(level) / E12, capacity: Number(capacity) / E12 };
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
  // The rest is the treasury's.
  const ours = 1 - snapshot.treasuryShareBps / BPS;
  const range = toOrientedRange(position, snapshot);
  return {
    index: position.index,
    fee: position.fee,
    tickLower: range.tickLower,
    tickUpper: range.tickUpper,
    liquidity: Number(position.liquidity),
    base: held.base,
    quote: held.quote,
    feesBase: fees.base * ours,
    feesQuote: fees.quote * ours,
  };
}

/** The vault's part of a sleeve, at its low marks. */
function sleeveState({ nets, report, ...sleeve }: SleeveView, snapshot: Snapshot): SleeveState {
  const net = toUnits(nets.low0, nets.low1, snapshot);
  const assetIsQuote = report.assetIsToken0 === snapshot.quoteIsToken0;
  const [owned, owed] = assetIsQuote ? [net.quote, -net.base] : [net.base, -net.quote];
  const decimals = assetIsQuote ? snapshot.quoteDecimals : snapshot.baseDecimals;
  return {
    index: sleeve.index,
    kind: kindOf(sleeve.index, report.openingX18 > 0n, assetIsQuote),
    asset: assetIsQuote ? "quote" : "base",
    owned: Math.max(owned, 0),
    owed: Math.max(owed, 0),
    health: report.healthX18 === NO_DEBT || report.owed === 0n ? null : Number(report.healthX18) / E18,
    threshold: Number(report.thresholdX18) / E18,
    opening: Number(report.openingX18) / E18,
    floor: Number(report.floorX18) / E18,
    borrowRate: Number(report.borrowRateX18) / E18,
    rateCap: Number(report.rateCapX18) / E18,
    supplyRate: Number(report.supplyRateX18) / E18,
    pending: unitsFromWei(report.pending, decimals) * vaultsPart(sleeve),
    cap: sleeve.capBps / BPS,
    units: Number(sleeve.units) / E30,
    live: sleeve.live,
    allowed: sleeve.allowed,
    answers: sleeve.answers,
    sound: sleeve.sound,
    obstacle: OBSTACLES[sleeve.obstacle] ?? "closed",
  };
}

const OBSTACLES = ["none", "unhealthy", "illiquid", "pending", "closed"] as const;

function vaultsPart({ units, totalUnits }: Pick<SleeveView, "units" | "totalUnits">): number {
  return totalUnits === 0n ? 0 : Number(units) / Number(totalUnits);
}

function kindOf(index: number, borrows: boolean, assetIsQuote: boolean): SleeveState["kind"] {
  if (borrows) return assetIsQuote ? "conversion" : "reversal";
  return index === ASSET_PLACE ? "asset" : "reserve";
}
