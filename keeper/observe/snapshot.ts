/**
 * The lens's answer as the keeper holds it: amounts and prices are bigint, what fits a number by its type (ticks, fees, decimals, times) is
 * one. Its JSON form, with decimal strings for bigints, is part of what a decision's hash covers.
 */

export interface TierView {
  /** Hundredths of a basis point. */
  readonly fee: number;
  readonly tickSpacing: number;
  readonly pool: string;
  readonly allowed: boolean;
  readonly sqrtPriceX96: bigint;
  /** The pool's own tick. */
  readonly tick: number;
  readonly liquidity: bigint;
  readonly feeGrowthGlobal0X128: bigint;
  readonly feeGrowthGlobal1X128: bigint;
}

export interface PositionView {
  /** Place in the vault's list. */
  readonly index: number;
  readonly fee: number;
  /** The pool's own ticks. */
  readonly tickLower: number;
  readonly tickUpper: number;
  readonly liquidity: bigint;
  readonly amount0: bigint;
  readonly amount1: bigint;
  readonly fees0: bigint;
  readonly fees1: bigint;
}

export interface LimitsView {
  readonly fees: readonly number[];
  readonly coreWeightCapBps: number;
  readonly minHalfWidth: number;
  readonly maxHalfWidth: number;
  readonly maxPlanLossBps: number;
  readonly lossCapBps: number;
  readonly lossRefillBps: number;
  readonly turnoverCapBps: number;
  readonly turnoverRefillBps: number;
  readonly churnCapBps: number;
  readonly churnRefillBps: number;
  readonly volFloorBps: number;
  readonly lvrLimitBps: number;
  /** Unix seconds. */
  readonly pausedUntil: number;
  readonly treasuryShareBps: number;
  readonly maxEntryFeeBps: number;
  readonly maxExitFeeBps: number;
  readonly deleverageCapBps: number;
  readonly deleverageRefillBps: number;
  /** By place. */
  readonly sleeveCapBps: readonly number[];
}

/** Levels now and capacities of the vault's budgets, 1e-12 of NAV. */
export interface BudgetsView {
  readonly lossE12: bigint;
  readonly lossCapacityE12: bigint;
  readonly turnoverE12: bigint;
  readonly turnoverCapacityE12: bigint;
  readonly churnE12: bigint;
  readonly churnCapacityE12: bigint;
  readonly deleverageE12: bigint;
  readonly deleverageCapacityE12: bigint;
}

/** What the vault's part of a sleeve stands for, wei: positive is owned, negative is owed. */
export interface NetsView {
  readonly low0: bigint;
  readonly low1: bigint;
  readonly high0: bigint;
  readonly high1: bigint;
}

/** The whole sleeve, not the vault's part (contracts/interfaces/Types.sol, struct SleeveReport). 1e18 = one, or 100 % a year. */
export interface SleeveReportView {
  readonly assetIsToken0: boolean;
  /** Wei of the asset token, and of the other one. */
  readonly owned: bigint;
  readonly owed: bigint;
  readonly healthX18: bigint;
  readonly thresholdX18: bigint;
  readonly openingX18: bigint;
  readonly floorX18: bigint;
  readonly borrowRateX18: bigint;
  readonly rateCapX18: bigint;
  readonly supplyRateX18: bigint;
  readonly pending: bigint;
}

/** One place for a sleeve. */
export interface SleeveView {
  readonly index: number;
  readonly sleeve: string;
  readonly live: boolean;
  readonly allowed: boolean;
  readonly capBps: number;
  readonly answers: boolean;
  readonly sound: boolean;
  /** Why nothing could be paid out now: 0 none, 1 unhealthy, 2 illiquid, 3 pending, 4 closed. */
  readonly obstacle: number;
  readonly units: bigint;
  readonly totalUnits: bigint;
  readonly nets: NetsView;
  readonly report: SleeveReportView;
}

export interface OracleTermsView {
  readonly referenceFee: number;
  readonly twapWindow: number;
  readonly twapBandBps: number;
  readonly baseHeartbeat: number;
  readonly quoteHeartbeat: number;
  readonly baseDeviationBps: number;
  readonly quoteDeviationBps: number;
}

/** Quote wei per base wei, times 2^96. */
export interface PriceBandView {
  readonly mid: bigint;
  readonly low: bigint;
  readonly high: bigint;
  /** Annual, 1e12 = 1. */
  readonly varianceE12: bigint;
}

/** contracts/interfaces/Types.sol, struct Snapshot. */
export interface Snapshot {
  readonly chainId: bigint;
  readonly blockNumber: bigint;
  /** Unix seconds. */
  readonly timestamp: number;
  readonly token0: string;
  readonly token1: string;
  readonly quoteIsToken0: boolean;
  readonly baseDecimals: number;
  readonly quoteDecimals: number;
  /** The vault's plan nonce. */
  readonly nonce: bigint;
  readonly supply: bigint;
  readonly idle0: bigint;
  readonly idle1: bigint;
  readonly total0: bigint;
  readonly total1: bigint;
  /** Quote wei at the oracle's price, ranges taken at that price too, sleeves at their low marks; 0 while the oracle is silent. */
  readonly nav: bigint;
  readonly keeperAllowed: boolean;
  readonly limits: LimitsView;
  readonly budgets: BudgetsView;
  /** In force now. */
  readonly entryFeeBps: number;
  readonly exitFeeBps: number;
  /** Announced, in force from `nextFeesAt` on; 0 = nothing is announced. */
  readonly nextEntryFeeBps: number;
  readonly nextExitFeeBps: number;
  /** Unix seconds. */
  readonly nextFeesAt: number;
  /** The treasury's part of the fees that positions earn, as the vault books it; the policy's is in `limits`. */
  readonly treasuryShareBps: number;
  /** What the last plan left behind each share, wei per share wei times 2^96; below zero of a token of which more was owed than owned. */
  readonly left0PerShareX96: bigint;
  readonly left1PerShareX96: bigint;
  /** When the oracle's volatility was last updated, unix seconds; 0 = never. */
  readonly lastPoke: number;
  readonly oracleTerms: OracleTermsView;
  readonly oracleOk: boolean;
  /** Revert data of a silent oracle, else "0x". */
  readonly oracleError: string;
  readonly price: PriceBandView;
  readonly twapHint: number;
  readonly positions: readonly PositionView[];
  readonly tiers: readonly TierView[];
  readonly sleeves: readonly SleeveView[];
}

/** A value whose bigints have become decimal strings. */
export type Jsonable<T> = T extends bigint
  ? string
  : T extends readonly (infer Item)[]
    ? readonly Jsonable<Item>[]
    : T extends object
      ? { readonly [Key in keyof T]: Jsonable<T[Key]> }
      : T;

/** The same value with decimal strings for bigints; everything else as it is. */
export function toJsonable<T>(value: T): Jsonable<T> {
  return convert(value) as Jsonable<T>;
}

function convert(value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  if (Array.isArray(value)) return (value as unknown[]).map(convert);
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, convert(one)]));
  }
  return value;
}

/** The snapshot again, from its JSON form. */
export function snapshotFromJson(json: Jsonable<Snapshot>): Snapshot {
  return {
    ...json,
    chainId: BigInt(json.chainId),
    blockNumber: BigInt(json.blockNumber),
    nonce: BigInt(json.nonce),
    supply: BigInt(json.supply),
    idle0: BigInt(json.idle0),
    idle1: BigInt(json.idle1),
    total0: BigInt(json.total0),
    total1: BigInt(json.total1),
    nav: BigInt(json.nav),
    budgets: bigints(json.budgets),
    left0PerShareX96: BigInt(json.left0PerShareX96),
    left1PerShareX96: BigInt(json.left1PerShareX96),
    price: bigints(json.price),
    positions: json.positions.map((position) => ({
      ...position,
      liquidity: BigInt(position.liquidity),
      amount0: BigInt(position.amount0),
      amount1: BigInt(position.amount1),
      fees0: BigInt(position.fees0),
      fees1: BigInt(position.fees1),
    })),
    tiers: json.tiers.map((tier) => ({
      ...tier,
      sqrtPriceX96: BigInt(tier.sqrtPriceX96),
      liquidity: BigInt(tier.liquidity),
      feeGrowthGlobal0X128: BigInt(tier.feeGrowthGlobal0X128),
      feeGrowthGlobal1X128: BigInt(tier.feeGrowthGlobal1X128),
    })),
    sleeves: json.sleeves.map(({ nets, report: { assetIsToken0, ...report }, ...sleeve }) => ({
      ...sleeve,
      units: BigInt(sleeve.units),
      totalUnits: BigInt(sleeve.totalUnits),
      nets: bigints(nets),
      report: { assetIsToken0, ...bigints(report) },
    })),
  };
}

function bigints<Key extends string>(json: Readonly<Record<Key, string>>): Record<Key, bigint> {
  const entries = Object.entries<string>(json).map(([key, value]) => [key, BigInt(value)] as const);
  return Object.fromEntries(entries) as Record<Key, bigint>;
}
