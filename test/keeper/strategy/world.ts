/**
 * A small market for tests: a vault's state whose amounts, values and fees agree with each other, an executor that carries a decision out with
 * the closed forms, and hourly fees in proportion to LVR.
 */
import type { Bar } from "../../../keeper/market/types.ts";
import { amounts, type Amounts, liquidityFor, value } from "../../../keeper/strategy/liquidity.ts";
import { sleeveNets, sumOf } from "../../../keeper/strategy/project.ts";
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
  SleeveMove,
  SleeveState,
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
  lastHedge: null,
  drained: false,
  lastReserveMove: null,
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
  readonly sleeves?: readonly SleeveState[];
}

/** An empty place for a conversion, at the terms of the defaults. */
export const CONVERSION: SleeveState = {
  index: 0,
  kind: "conversion",
  asset: "quote",
  owned: 0,
  owed: 0,
  health: null,
  threshold: 0.86,
  opening: 1.32,
  floor: 1.1,
  borrowRate: 0.03,
  rateCap: 0.25,
  supplyRate: 0,
  pending: 0,
  cap: 0.4,
  units: 0,
  live: false,
  allowed: true,
  answers: true,
  sound: true,
  obstacle: "none",
};

/** An empty place for a reversal. */
export const REVERSAL: SleeveState = { ...CONVERSION, index: 1, kind: "reversal", asset: "base", cap: 0.1 };

/** An empty reserve of quote. */
export const RESERVE: SleeveState = {
  ...CONVERSION,
  index: 2,
  kind: "reserve",
  threshold: 0,
  opening: 0,
  floor: 0,
  borrowRate: 0,
  rateCap: 0,
  supplyRate: 0.04,
  cap: 0.35,
};

/** An empty place for an asset that settles later. */
export const ASSET: SleeveState = { ...RESERVE, index: 3, kind: "asset", supplyRate: 0, cap: 0.1 };

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
    sleeves: (spec.sleeves ?? []).map((one) => withHealth(one, price)),
    nav: navOf(price, idleBase, idleQuote, positions, decimals, spec.sleeves ?? []),
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
  sleeves: readonly SleeveState[] = [],
): number {
  const held = sumOf(sleeveNets({ state: { sleeves } }));
  let nav = (idleBase + held.base) * price + idleQuote + held.quote;
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

/** The health that the venue would report at a price. */
export function withHealth(sleeve: SleeveState, price: number): SleeveState {
  const [owned, owed] =
    sleeve.asset === "quote" ? [sleeve.owned, sleeve.owed * price] : [sleeve.owned * price, sleeve.owed];
  return {
    ...sleeve,
    health: owed > 0 ? (sleeve.threshold * owned) / owed : null,
    live: sleeve.owned > 0 || sleeve.owed > 0,
    units: sleeve.owned > 0 || sleeve.owed > 0 ? 1 : 0,
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
  let sleeves = state.sleeves;
  const opened = new Set<number>();
  const moveAll = (afterSwaps: boolean): void => {
    for (const move of decision.sleeveMoves.filter((one) => one.afterSwaps === afterSwaps)) {
      const done = moveSleeve(sleeves, move, { base: idleBase, quote: idleQuote }, state);
      sleeves = done.sleeves;
      idleBase += done.base;
      idleQuote += done.quote;
      if (done.opens) opened.add(move.sleeve);
    }
  };
  moveAll(false);
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
  moveAll(true);
  for (const sleeve of sleeves.filter(({ index }) => opened.has(index))) {
    checkCap(sleeve, state, { base: idleBase, quote: idleQuote }, positions, sleeves);
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
    sleeves,
    nav: navOf(state.price!, idleBase, idleQuote, positions, state, sleeves),
    memory: decision.memory,
  };
}

/** What a move did. Amounts become idle (below zero: were). */
interface Done extends Amounts {
  readonly sleeves: readonly SleeveState[];
  readonly opens: boolean;
}

/** One move as the sleeve and the vault would carry it out; throws where they would refuse. */
function moveSleeve(all: readonly SleeveState[], move: SleeveMove, idle: Amounts, state: VaultState): Done {
  const sleeve = all.find(({ index }) => index === move.sleeve);
  if (sleeve?.answers !== true) throw new Error(`no sleeve ${move.sleeve}`);
  const price = state.price!;
  if (!(move.amount > 0)) throw new Error("an empty move");
  if (move.settlesLater === true) {
    if (sleeve.obstacle !== "pending" || !move.take) throw new Error("only what settles later is asked for");
    const asked = { ...sleeve, pending: sleeve.owned };
    return { sleeves: all.map((one) => (one === sleeve ? asked : one)), base: 0, quote: 0, opens: false };
  }
  const leg = move.token === sleeve.asset ? "owned" : "owed";
  const other = move.token === "base" ? "quote" : "base";
  const replaced = (legs: Partial<SleeveState>): readonly SleeveState[] =>
    all.map((one) => (one === sleeve ? withHealth({ ...sleeve, ...legs }, price) : one));
  if (move.take && leg === "owned" && move.all === true && sleeve.obstacle === "none" && sleeve.owed <= idle[other]) {
    const paid = { [move.token]: sleeve.owned, [other]: -sleeve.owed } as unknown as Amounts;
    return { sleeves: replaced({ owned: 0, owed: 0 }), ...paid, opens: false };
  }
  if (move.take && sleeve.obstacle !== "none" && sleeve.obstacle !== "unhealthy") throw new Error(sleeve.obstacle);
  const opens = leg === "owned" ? !move.take : move.take;
  if (opens && !sleeve.allowed) throw new Error("not allowed");
  let amount = move.amount;
  if (leg === "owed" && !move.take) amount = Math.min(move.all === true ? sleeve.owed : amount, sleeve.owed);
  if (leg === "owned" && move.take) amount = move.all === true ? sleeve.owned : amount;
  if (!move.take && amount > idle[move.token] * (1 + 1e-9)) throw new Error("gives more than is idle");
  if (leg === "owned" && move.take && amount > sleeve.owned * (1 + 1e-9)) throw new Error("takes more than it owns");
  const change = leg === "owned" ? (move.take ? -amount : amount) : move.take ? amount : -amount;
  const sleeves = replaced({ [leg]: Math.max(sleeve[leg] + change, 0) });
  const after = sleeves.find(({ index }) => index === move.sleeve)!;
  if (move.take && after.health !== null && after.health < after.opening) throw new Error("health below opening");
  if (move.take && leg === "owed" && sleeve.borrowRate > sleeve.rateCap) throw new Error("rate above cap");
  const out = move.take ? amount : -amount;
  return { sleeves, base: move.token === "base" ? out : 0, quote: move.token === "quote" ? out : 0, opens };
}

/** As contracts/PlanLib.sol weighs a sleeve that was given something to own or lent something. */
function checkCap(
  sleeve: SleeveState,
  state: VaultState,
  idle: Amounts,
  positions: readonly PositionState[],
  sleeves: readonly SleeveState[],
): void {
  const low = state.price! * (1 - state.priceError);
  const uncollected = positions.map((position) => ({ ...position, feesBase: 0, feesQuote: 0 }));
  const nav = navOf(low, idle.base, idle.quote, uncollected, state, sleeves);
  const weight = (sleeve.owned * (sleeve.asset === "base" ? low : 1)) / nav;
  if (weight > sleeve.cap) throw new Error(`a ${sleeve.kind} of ${weight} of NAV is above its cap of ${sleeve.cap}`);
}

/** The state after an hour: the price moves to the bar's close and every tier pays `k` times the hour's LVR on the token that came in. */
export function passHour(state: VaultState, bar: Bar, k: Readonly<Record<number, number>>): VaultState {
  const move = Math.log(bar.close / state.price!);
  // sqrt of the geometric mean of the two prices.
  const root = (state.price! * bar.close) ** 0.25;
  const growths = new Map<number, { base: number; quote: number }>();
  const tiers = state.tiers.map((tier) => {
    const perWhole = ((k[tier.fee] ?? 0.9) * move * move * root) / 4;
    const growth = perWhole * wholeLiquidity(1, state);
    const [base, quote] = move < 0 ? [growth / bar.close, 0] : [0, growth];
    growths.set(tier.fee, { base, quote });
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
    const growth = growths.get(position.fee)!;
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
    sleeves: state.sleeves.map((one) => withHealth(grown(one), bar.close)),
    nav: navOf(bar.close, state.idleBase, state.idleQuote, positions, state, state.sleeves.map(grown)),
  };
}

/** An hour's interest. */
function grown(sleeve: SleeveState): SleeveState {
  return {
    ...sleeve,
    owed: sleeve.owed * (1 + sleeve.borrowRate / 8760),
    owned: sleeve.owned * (1 + sleeve.supplyRate / 8760),
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
