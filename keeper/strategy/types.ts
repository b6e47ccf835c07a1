/**
 * What the strategy sees and says. All floats, all in base and quote: which of them is token0 is the border's business
 * (keeper/chain/orientation.ts). "Tick" here is always the *oriented* tick, log base 1.0001 of quote wei per base wei, so
 * that a higher tick is a higher price of the base whichever token is token0.
 */
import type { Bar } from "../market/types.ts";

/** A fee tier of the pair as the chain shows it now. */
export interface TierState {
  /** Hundredths of a basis point: 500, 3000, 10000. */
  readonly fee: number;
  readonly tickSpacing: number;
  /** Allowed by the policy for new ranges. */
  readonly allowed: boolean;
  /** Oriented tick of the spot price. */
  readonly tick: number;
  /** Spot, quote units per base unit. */
  readonly price: number;
  /** Raw liquidity in range. */
  readonly liquidity: number;
  /** Fees per unit of raw liquidity since the pool began, in base and quote *units* (not wei); may have wrapped, use differences. */
  readonly feeGrowthBase: number;
  readonly feeGrowthQuote: number;
}

/** A range that the vault holds. Amounts in whole units. */
export interface PositionState {
  /** Index in the vault's list, for burns. */
  readonly index: number;
  readonly fee: number;
  readonly tickLower: number;
  readonly tickUpper: number;
  readonly liquidity: number;
  readonly base: number;
  readonly quote: number;
  readonly feesBase: number;
  readonly feesQuote: number;
}

/**
 * A sleeve of the vault (contracts/interfaces/ISleeve.sol). A conversion owns quote and owes base, a reversal owns base and owes quote; a
 * reserve and an asset owe nothing.
 */
export interface SleeveState {
  /** Place in the vault's list. */
  readonly index: number;
  readonly kind: "conversion" | "reversal" | "reserve" | "asset";
  /** The token that is owned; what is owed is the other one. */
  readonly asset: "base" | "quote";
  /** The vault's part, whole units, at the low marks; interest accrued. */
  readonly owned: number;
  readonly owed: number;
  /** 1 = the venue may liquidate; null without debt. Of the whole sleeve, as the venue reckons it. */
  readonly health: number | null;
  /** The venue liquidates when the debt is worth so much of what is owned, fraction. */
  readonly threshold: number;
  /** Least health after borrowing or taking out; 0 if nothing is borrowed. */
  readonly opening: number;
  /** Below it anybody may deleverage. */
  readonly floor: number;
  /** Annual. */
  readonly borrowRate: number;
  readonly rateCap: number;
  /** Annual; 0 where the venue does not say. */
  readonly supplyRate: number;
  /** Of the asset: asked for or paid in, and not settled yet; the vault's part. */
  readonly pending: number;
  /** Fraction of NAV that may be owned, before the debt. */
  readonly cap: number;
  /** The vault's, 1 when it is alone. */
  readonly units: number;
  /** The vault holds units of it. */
  readonly live: boolean;
  /** Plans may give to it and borrow from it. */
  readonly allowed: boolean;
  /** False if its venue does not answer: then the figures are zero. */
  readonly answers: boolean;
  readonly sound: boolean;
  /** Why nothing could be paid out of it now. */
  readonly obstacle: "none" | "unhealthy" | "illiquid" | "pending" | "closed";
}

/** One vault at one block. */
export interface VaultState {
  /** Unix seconds of the block. */
  readonly time: number;
  readonly block: number;
  /** Oracle's price, quote units per base unit; null when the oracle refuses to speak (then nothing may be planned). */
  readonly price: number | null;
  /** Half of the oracle's error band as a fraction of the price. */
  readonly priceError: number;
  readonly baseDecimals: number;
  readonly quoteDecimals: number;
  readonly idleBase: number;
  readonly idleQuote: number;
  readonly positions: readonly PositionState[];
  readonly tiers: readonly TierState[];
  readonly sleeves: readonly SleeveState[];
  /** Quote units at the oracle's price (at the first tier's spot while the oracle is silent), fees and sleeves included. */
  readonly nav: number;
  readonly shareSupply: number;
  /** What plans have used of the keeper's budgets, and what these may hold. */
  readonly budgets: Budgets;
  /** What the last plan left behind each share, whole units: the chain charges the next one for what ranges have lost against holding it. */
  readonly left: { readonly base: number; readonly quote: number };
  /** Entry and exit fee in force, fractions. */
  readonly entryFee: number;
  readonly exitFee: number;
  /** A rise that is announced and not in force yet. */
  readonly announcedFees: { readonly entry: number; readonly exit: number } | null;
  /** As the oracle has measured it, annual; 0 before it was poked twice. */
  readonly oracleVolatility: number;
  readonly memory: Memory;
}

/** Fractions of NAV. */
export interface Budget {
  readonly used: number;
  readonly capacity: number;
}

export interface Budgets {
  readonly loss: Budget;
  readonly turnover: Budget;
  readonly churn: Budget;
}

/** What the keeper must remember from tick to tick; kept in its journal and published with the decision. Unix seconds, null = never. */
export interface Memory {
  readonly lastRangeShift: number | null;
  readonly lastTierMove: number | null;
  readonly lastCompound: number | null;
  /** Consecutive seconds for which the condition for a tier move has held, and which tier it favours. */
  readonly tierSignalSince: number | null;
  readonly tierSignalFee: number | null;
  readonly lastFeeChange: number | null;
  readonly lastHedge: number | null;
  /** The pool quick ratio was under its threshold, and has not recovered since. */
  readonly drained: boolean;
  readonly lastReserveMove: number | null;
  /** Since when more pools than usual are opened. Absent, as in memories of older versions: never, likewise below. */
  readonly launchesSince?: number | null;
  readonly lastAssetMove?: number | null;
}

/** What the keeper saw at an earlier tick, for signals that measure change. Oldest first in a history. */
export interface Sample {
  readonly time: number;
  readonly price: number;
  readonly tiers: readonly Pick<TierState, "fee" | "tick" | "liquidity" | "feeGrowthBase" | "feeGrowthQuote">[];
}

/** How many pools a factory opened on a day. */
export interface LaunchDay {
  /** Its midnight UTC, unix seconds. */
  readonly day: number;
  readonly pools: number;
}

/** What one share of the asset sleeve's venue was worth by the venue's own word, in the token held; any constant multiple will do. */
export interface AssetMark {
  /** Unix seconds at which it was looked at. */
  readonly time: number;
  readonly value: number;
}

/** The past that signals are computed from. What is optional is unknown where it is absent. */
export interface History {
  /** Closed hourly bars, oldest first, the last one closed at or before the state's time. */
  readonly bars: readonly Bar[];
  readonly samples: readonly Sample[];
  /** Oldest first; a day that nobody counted is missing, not zero. */
  readonly launches?: readonly LaunchDay[];
  /** Oldest first, about one a day. Apart from the samples, which are kept for 30 days: a fund reports once a week or less often. */
  readonly marks?: readonly AssetMark[];
}

/** One number with its meaning. `value` is null while there is not enough past, and says nothing then. */
export interface Signal {
  readonly name: string;
  readonly value: number | null;
  readonly unit: string;
  /** Data as recent as the signal needs. */
  readonly fresh: boolean;
  /** What it may move by default. */
  readonly weight: "size" | "hedge" | "range" | "delay" | "limit" | "show";
}

export type Signals = Readonly<Record<string, Signal>>;

/** What the chain allows (contracts/Policy.sol), as floats. */
export interface Policy {
  readonly allowedFees: readonly number[];
  /** Fraction of NAV that one plan may be charged. */
  readonly maxPlanLoss: number;
  /** Fraction of NAV. */
  readonly coreWeightCap: number;
  /** Ticks. */
  readonly minHalfWidth: number;
  readonly maxHalfWidth: number;
  /** At most so many positions at once. */
  readonly maxPositions: number;
  /** What comes back of each budget in a day, fractions of NAV. */
  readonly refill: Readonly<Record<keyof Budgets, number>>;
  /** Fraction of NAV that the ranges may lose to arbitrage in a day, and the least annual volatility at which that is reckoned. */
  readonly lvrLimit: number;
  readonly volatilityFloor: number;
  /** Unix seconds; before it no plan runs. */
  readonly pausedUntil: number;
  /** Greatest entry and exit fee, fractions. */
  readonly maxEntryFee: number;
  readonly maxExitFee: number;
}

/** Burn a fraction (0 to 1) of a position; 0 only collects its fees. */
export interface BurnMove {
  readonly index: number;
  readonly fraction: number;
}

/** Swap so much of one idle token (whole units of the token sold) in a tier. */
export interface SwapMove {
  readonly fee: number;
  readonly sell: "base" | "quote";
  readonly amount: number;
  /** Largest acceptable slippage from the oracle's price, fraction, pool fee included. */
  readonly maxSlippage: number;
}

/** Put so much of the idle tokens (whole units, upper bounds) into an oriented range. */
export interface MintMove {
  readonly fee: number;
  readonly tickLower: number;
  readonly tickUpper: number;
  readonly maxBase: number;
  readonly maxQuote: number;
}

/**
 * Give a sleeve one token, or take one from it. Whole units. Giving a token that the sleeve owes repays; taking a token that it does not own
 * borrows.
 */
export interface SleeveMove {
  readonly sleeve: number;
  readonly token: "base" | "quote";
  readonly take: boolean;
  /** Runs after the swaps, or else before them; moves before the swaps stand first. */
  readonly afterSwaps: boolean;
  readonly amount: number;
  /**
   * All of the debt, or all that is owned, whatever it is in that block; `amount` is the estimate then. Taking all that is owned closes the
   * sleeve if enough of the other token is idle to pay its debt.
   */
  readonly all?: boolean;
  /** A take from a venue that pays later: it asks, and collects what has come of it, which may be nothing. */
  readonly settlesLater?: boolean;
}

export type Token = SleeveMove["token"];

export type ActionKind = "rangeShift" | "feeTierMove" | "compound" | "settle" | "feeChange" | "sleeveMove";

/** Entry and exit fee that the vault is to take, whole basis points. */
export interface FeeMove {
  readonly entryBps: number;
  readonly exitBps: number;
}

/** Why something is done or left undone, in one sentence for people, with the figures that decided. */
export interface Reason {
  readonly rule: string;
  readonly text: string;
  readonly figures: Readonly<Record<string, number>>;
}

export interface Decision {
  /** Changes whenever the same inputs could give another decision; part of the hash. */
  readonly strategy: { readonly name: string; readonly version: string };
  readonly time: number;
  readonly block: number;
  /** Empty means hold. More than one kind can be served by one plan. */
  readonly actions: readonly ActionKind[];
  readonly burns: readonly BurnMove[];
  readonly swaps: readonly SwapMove[];
  readonly mints: readonly MintMove[];
  readonly sleeveMoves: readonly SleeveMove[];
  /** A change of the vault's fees; only in a decision without moves, since it is a transaction of its own. */
  readonly fees: FeeMove | null;
  /** Expected cost of the plan, quote units: gas, swap fees and slippage. */
  readonly expectedCost: number;
  /** Expected gain over the horizon that the rule names, quote units. */
  readonly expectedGain: number;
  /** The book's Greeks after the plan, per whole vault: base units, base units per quote unit of price, quote units per 1.00 of volatility. */
  readonly book: { readonly delta: number; readonly gamma: number; readonly vega: number };
  readonly reasons: readonly Reason[];
  /** Memory to keep if what this decision asks for is confirmed (for a hold: at once). */
  readonly memory: Memory;
}
