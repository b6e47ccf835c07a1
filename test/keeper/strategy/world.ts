/**
 * A small market for tests: a vault's state whose amounts, values and fees agree with each other, an executor that carries a decision out with
 * the closed forms, and hourly fees in proportion to LVR.
 */
import type { Bar } from "../../../keeper/market/types.ts";
import { amounts, liquidityFor, value } from "../../../keeper/strategy/liquidity.ts";
import { swapResult } from "../../../keeper/strategy/swap.ts";
import { priceOfTick, tickOfPrice, wholeLiquidity, type Decimals } from "../../../keeper/strategy/ticks.ts";
import type {
  Budgets,
  Decision,
  Memory,
  Policy,
  PositionState,
  Sample,
  Signal,
  Signals,
  TierState,
  VaultState,
} from "../../../keeper/strategy/types.ts";

export const HOUR = 3600;
export const DAY = 86_400;

export const FRESH_MEMORY: Memory = {
  lastRangeShift: null,
  lastTierMove: null,
  lastCompound: null,
  tierSignalSince: null,
  tierSignalFee: null,
  lastFeeChange: null,
};

/** Budgets that nothing fills. */
export const NO_BUDGETS: Budgets = {
  loss: { used: 0, capacity: 1 },
  turnover: { used: 0, capacity: 1 },
  churn: { used: 0, capacity: 1 },
};

/** Limits that hold nothing back beside the width, the weight and the loss of a plan; no fees for LPs. */
export const POLICY: Policy = {
  allowedFees: [500, 3000, 10_000],
  maxPlanLoss: 0.0025,
  coreWeightCap: 0.65,
  minHalfWidth: 500,
  maxHalfWidth: 12_000,
  maxPositions: 8,
  refill: { loss: 1, turnover: 1, churn: 1 },
  lvrLimit: 0.02,
  volatilityFloor: 0.4,
  pausedUntil: 0,
  maxEntryFee: 0,
  maxExitFee: 0,
};

export const SPACING: Readonly<Record<number, number>> = { 500: 10, 3000: 60, 10_000: 200 };

/** A range by its share of NAV at the oracle's price. */
export interface RangeSpec {
  readonly fee: number;
  readonly tickLower: number;
  readonly tickUpper: number;
  /** Quote units at the oracle's price. */
  readonly value: number;
  readonly feesBase?: number;
  readonly feesQuote?: number;
}

export interface WorldSpec {
  readonly time?: number;
  readonly price: number;
  readonly idleBase: number;
  readonly idleQuote: number;
  readonly ranges?: readonly RangeSpec[];
  readonly decimals?: Decimals;
  /** Whole liquidity of each tier. */
  readonly liquidity?: Readonly<Record<number, number>>;
  /** Spot over oracle's price, less 1. */
  readonly gaps?: Readonly<Record<number, number>>;
  readonly priceError?: number;
  readonly memory?: Memory;
  readonly budgets?: Budgets;
  readonly entryFee?: number;
  readonly exitFee?: number;
  readonly announcedFees?: VaultState["announcedFees"];
  readonly left?: VaultState["left"];
  readonly oracleVolatility?: number;
}

const ETH_USD: Decimals = { baseDecimals: 18, quoteDecimals: 6 };
/** 2020-03-01, a midnight. */
export const START = 1_583_020_800;

export function makeState(spec: WorldSpec): VaultState {
  const decimals = spec.decimals ?? ETH_USD;
  const { price, idleBase, idleQuote } = spec;
  const tiers = [500, 3000, 10_000].map((fee): TierState => {
    const spot = price * (1 + (spec.gaps?.[fee] ?? 0));
    const whole = spec.liquidity?.[fee] ?? { 500: 4e6, 3000: 2e6, 10_000: 2e5 }[fee] ?? 0;
    return {
      fee,
      tickSpacing: SPACING[fee]!,
      allowed: true,
      tick: Math.floor(tickOfPrice(spot, decimals)),
      price: spot,
      liquidity: whole / wholeLiquidity(1, decimals),
      feeGrowthBase: 0,
      feeGrowthQuote: 0,
    };
  });
  const positions = (spec.ranges ?? []).map((range, index): PositionState => {
    const lower = priceOfTick(range.tickLower, decimals);
    const upper = priceOfTick(range.tickUpper, decimals);
    const liquidity = range.value / value({ liquidity: 1, lower, upper }, price);
    const spot = tiers.find((tier) => tier.fee === range.fee)!.price;
    const held = amounts({ liquidity, lower, upper }, spot);
    return {
      index,
      fee: range.fee,
      tickLower: range.tickLower,
      tickUpper: range.tickUpper,
      liquidity: liquidity / wholeLiquidity(1, decimals),
      base: held.base,
      quote: held.quote,
      feesBase: range.feesBase ?? 0,
      feesQuote: range.feesQuote ?? 0,
    };
  });
  return {
    time: spec.time ?? START,
    block: 1,
    price,
    priceError: spec.priceError ?? 0.0075,
    ...decimals,
    idleBase,
    idleQuote,
    positions,
    tiers,
    nav: navOf(price, idleBase, idleQuote, positions, decimals),
    shareSupply: 1000,
    budgets: spec.budgets ?? NO_BUDGETS,
    entryFee: spec.entryFee ?? 0,
    exitFee: spec.exitFee ?? 0,
    announcedFees: spec.announcedFees ?? null,
    left: spec.left ?? { base: 0, quote: 0 },
    oracleVolatility: spec.oracleVolatility ?? 0,
    memory: spec.memory ?? FRESH_MEMORY,
  };
}

export function navOf(
  price: number,
  idleBase: number,
  idleQuote: number,
  positions: readonly PositionState[],
  decimals: Decimals,
): number {
  let nav = idleBase * price + idleQuote;
  for (const position of positions) {
    nav += value(positionOf(position, decimals), price) + position.feesBase * price + position.feesQuote;
  }
  return nav;
}

export function positionOf(
  range: { readonly tickLower: number; readonly tickUpper: number; readonly liquidity: number },
  decimals: Decimals,
): { liquidity: number; lower: number; upper: number } {
  return {
    liquidity: wholeLiquidity(range.liquidity, decimals),
    lower: priceOfTick(range.tickLower, decimals),
    upper: priceOfTick(range.tickUpper, decimals),
  };
}

/** Signals by hand: value and freshness only. */
export function makeSignals(values: Readonly<Record<string, number | null>>): Signals {
  return Object.fromEntries(
    Object.entries(values).map(([name, given]): [string, Signal] => [
      name,
      { name, value: given, unit: "", fresh: given !== null, weight: "show" },
    ]),
  );
}

/** Carries a decision out as the chain would: burns, swaps, mints. Throws where the chain would refuse. */
export function execute(state: VaultState, decision: Decision): VaultState {
  let { idleBase, idleQuote } = state;
  let tiers = state.tiers;
  let positions = [...state.positions];
  for (const burn of decision.burns) {
    const position = positions.find((candidate) => candidate.index === burn.index);
    if (position === undefined || !(position.liquidity > 0)) throw new Error(`no position ${burn.index} to burn`);
    if (!(burn.fraction >= 0 && burn.fraction <= 1)) throw new Error(`cannot burn ${burn.fraction}`);
    idleBase += position.base * burn.fraction + position.feesBase;
    idleQuote += position.quote * burn.fraction + position.feesQuote;
    const kept = 1 - burn.fraction;
    positions = positions.map((other) =>
      other === position
        ? {
            ...position,
            liquidity: position.liquidity * kept,
            base: position.base * kept,
            quote: position.quote * kept,
            feesBase: 0,
            feesQuote: 0,
          }
        : other,
    );
  }
  for (const swap of decision.swaps) {
    const tier = tiers.find((candidate) => candidate.fee === swap.fee)!;
    const pool = { fee: tier.fee, price: tier.price, liquidity: wholeLiquidity(tier.liquidity, state) };
    const { out, price } = swapResult(pool, swap.sell, swap.amount);
    const fair = swap.sell === "base" ? swap.amount * state.price! : swap.amount / state.price!;
    if (out < fair * (1 - swap.maxSlippage)) throw new Error("slippage");
    idleBase += swap.sell === "base" ? -swap.amount : out;
    idleQuote += swap.sell === "base" ? out : -swap.amount;
    if (idleBase < 0 || idleQuote < 0) throw new Error("sold more than there was");
    tiers = tiers.map((other) =>
      other === tier ? { ...tier, price, tick: Math.floor(tickOfPrice(price, state)) } : other,
    );
  }
  positions = positions.filter((position) => position.liquidity > 0);
  for (const mint of decision.mints) {
    const tier = tiers.find((candidate) => candidate.fee === mint.fee)!;
    const lower = priceOfTick(mint.tickLower, state);
    const upper = priceOfTick(mint.tickUpper, state);
    const available = { base: Math.min(mint.maxBase, idleBase), quote: Math.min(mint.maxQuote, idleQuote) };
    const whole = liquidityFor(available, lower, upper, tier.price);
    if (!(whole > 0)) throw new Error("minted nothing");
    const paid = amounts({ liquidity: whole, lower, upper }, tier.price);
    idleBase = Math.max(0, idleBase - paid.base);
    idleQuote = Math.max(0, idleQuote - paid.quote);
    const same = positions.findIndex(
      (other) => other.fee === mint.fee && other.tickLower === mint.tickLower && other.tickUpper === mint.tickUpper,
    );
    const liquidity = whole / wholeLiquidity(1, state);
    const before = positions[same];
    if (before === undefined) {
      positions.push({
        index: -1,
        fee: mint.fee,
        tickLower: mint.tickLower,
        tickUpper: mint.tickUpper,
        liquidity,
        base: paid.base,
        quote: paid.quote,
        feesBase: 0,
        feesQuote: 0,
      });
    } else {
      positions[same] = {
        ...before,
        liquidity: before.liquidity + liquidity,
        base: before.base + paid.base,
        quote: before.quote + paid.quote,
      };
    }
  }
  positions = positions.map((position, index) => ({ ...position, index }));
  return {
    ...state,
    idleBase,
    idleQuote,
    positions,
    tiers,
    nav: navOf(state.price!, idleBase, idleQuote, positions, state),
    memory: decision.memory,
  };
}

/** The state after an hour: the price moves to the bar's close and every tier pays `k` times the hour's LVR on the token that came in. */
export function passHour(state: VaultState, bar: Bar, k: Readonly<Record<number, number>>): VaultState {
  const move = Math.log(bar.close / state.price!);
  // sqrt of the geometric mean of the two prices.
  const root = (state.price! * bar.close) ** 0.25;
  const grown = new Map<number, { base: number; quote: number }>();
  const tiers = state.tiers.map((tier) => {
    const perWhole = ((k[tier.fee] ?? 0.9) * move * move * root) / 4;
    const growth = perWhole * wholeLiquidity(1, state);
    const [base, quote] = move < 0 ? [growth / bar.close, 0] : [0, growth];
    grown.set(tier.fee, { base, quote });
    return {
      ...tier,
      price: bar.close,
      tick: Math.floor(tickOfPrice(bar.close, state)),
      feeGrowthBase: tier.feeGrowthBase + base,
      feeGrowthQuote: tier.feeGrowthQuote + quote,
    };
  });
  const before = tickOfPrice(state.price!, state);
  const after = tickOfPrice(bar.close, state);
  const positions = state.positions.map((position) => {
    const inside = (tick: number): number => (tick >= position.tickLower && tick < position.tickUpper ? 0.5 : 0);
    const growth = grown.get(position.fee)!;
    const share = position.liquidity * (inside(before) + inside(after));
    return {
      ...position,
      ...amounts(positionOf(position, state), bar.close),
      feesBase: position.feesBase + share * growth.base,
      feesQuote: position.feesQuote + share * growth.quote,
    };
  });
  return {
    ...state,
    time: bar.time + HOUR,
    block: state.block + 300,
    price: bar.close,
    tiers,
    positions,
    nav: navOf(bar.close, state.idleBase, state.idleQuote, positions, state),
  };
}

export function sampleOf(state: VaultState): Sample {
  return { time: state.time, price: state.price!, tiers: state.tiers };
}

/** Freezes a value all the way down, so that a write to it throws. */
export function deepFreeze<T>(given: T): T {
  if (typeof given === "object" && given !== null && !Object.isFrozen(given)) {
    Object.freeze(given);
    for (const child of Object.values(given)) deepFreeze(child);
  }
  return given;
}
