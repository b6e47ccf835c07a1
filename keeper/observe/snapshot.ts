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
  readonly maxPlanLossBps: number;
  readonly coreWeightCapBps: number;
  readonly minHalfWidth: number;
  readonly maxHalfWidth: number;
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
  readonly keeperAllowed: boolean;
  readonly limits: LimitsView;
  readonly oracleTerms: OracleTermsView;
  readonly oracleOk: boolean;
  /** Revert data of a silent oracle, else "0x". */
  readonly oracleError: string;
  readonly price: PriceBandView;
  readonly twapHint: number;
  readonly positions: readonly PositionView[];
  readonly tiers: readonly TierView[];
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
    price: { mid: BigInt(json.price.mid), low: BigInt(json.price.low), high: BigInt(json.price.high) },
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
  };
}
