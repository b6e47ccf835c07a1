/** The state as the rules look at it: whole units, values at the oracle's price, and the few signals that they use. */
import { feePerLiquidityName } from "../signals/feeIncome.ts";
import type { StrategyConfig } from "./config.ts";
import { amounts, type Position, value } from "./liquidity.ts";
import { churnAfter, limitVolatility, sleeveNets, sumOf } from "./project.ts";
import { greatestWeight, halfWidthTicks, leastHalfWidth } from "./range.ts";
import { bps, percent } from "./text.ts";
import { priceOfTick, tickOfPrice, wholeLiquidity } from "./ticks.ts";
import type { Policy, PositionState, Reason, Signals, TierState, VaultState } from "./types.ts";

/** A fee tier to the rules. */
export interface TierView {
  readonly state: TierState;
  readonly fee: number;
  /** Whole liquidity in range. */
  readonly liquidity: number;
  /** Allowed for new ranges, with liquidity, and its spot inside the oracle's band: the chain refuses a swap or a mint elsewhere. */
  readonly usable: boolean;
  /** Spot less oracle's price, fraction of it. */
  readonly gap: number;
  /** Fees a day per whole liquidity as measured, null if unknown or stale. */
  readonly measured: number | null;
  /** The same as expected: the measured rate shrunk to the prior. */
  readonly expected: number;
}

/** A held position to the rules. */
export interface PositionView extends Position {
  readonly state: PositionState;
  readonly fee: number;
  /** At the oracle's price, without fees. */
  readonly value: number;
  /** Pending fees at the oracle's price. */
  readonly fees: number;
  /** Ticks. */
  readonly halfWidth: number;
}

export interface View {
  readonly state: VaultState;
  readonly policy: Policy;
  readonly config: StrategyConfig;
  readonly signals: Signals;
  readonly price: number;
  /** Of the oracle's price. */
  readonly tick: number;
  readonly nav: number;
  /** Annual; the fallback if `volatilityKnown` is false. */
  readonly volatility: number;
  readonly volatilityKnown: boolean;
  /** Bearish fraction; null if unknown or stale. */
  readonly bearish: number | null;
  /** Measured fees over LVR of the vault's ranges; null if unknown or stale. */
  readonly payRatio: number | null;
  /** Half-width that a range should have, ticks. */
  readonly halfWidth: number;
  /** Half-width at which the chain lets a range be minted now: the same, or the greatest while the churn budget is spent. */
  readonly mintHalfWidth: number;
  /** The churn budget is spent: only the greatest width may be minted. */
  readonly widestOnly: boolean;
  /** The churn budget has drained so far that ranges may leave the greatest width again. */
  readonly churnFree: boolean;
  /** By how much ranges, with their fees, have fallen behind holding since the last plan; fraction of NAV. */
  readonly lost: number;
  /** Ranges have fallen behind holding, so that every fee that a plan collects makes its churn charge smaller. */
  readonly behind: boolean;
  /** The policy's limits that hold the layout back, for the explanation. */
  readonly limited: readonly Reason[];
  readonly tiers: readonly TierView[];
  /** With liquidity. */
  readonly positions: readonly PositionView[];
  readonly coreValue: number;
  /** Base in ranges at the oracle's price: what the core's value changes by with the price. */
  readonly coreDelta: number;
  /** Core value that is aimed at, quote units. */
  readonly coreTarget: number;
}

/** A signal's value if it has one and it is fresh. */
export function fresh(signals: Signals, name: string): number | null {
  const found = signals[name];
  return found?.fresh === true ? found.value : null;
}

/** Volatility for widths: 30 days, or 7 while there are no 30, or the configured one. */
export function chosenVolatility(signals: Signals, config: StrategyConfig): { value: number; known: boolean } {
  const measured = fresh(signals, "realisedVolatility30d") ?? fresh(signals, "realisedVolatility7d");
  // A market that stood still for a week (a chain with no trade) gives 0, which no formula here can use.
  return measured !== null && measured > 0
    ? { value: measured, known: true }
    : { value: config.width.fallbackVolatility, known: false };
}

export function viewOf(
  state: VaultState,
  price: number,
  signals: Signals,
  policy: Policy,
  config: StrategyConfig,
): View {
  const { value: volatility, known } = chosenVolatility(signals, config);
  // LVR a day of one whole unit of liquidity, times the pay ratio that is expected of any tier.
  const prior = (config.fees.priorPayRatio * volatility * volatility * Math.sqrt(price)) / 4 / 365;
  const tiers = state.tiers.map((tier): TierView => {
    const measured = fresh(signals, feePerLiquidityName(tier.fee));
    const weight = measured === null ? 0 : config.fees.measuredWeight;
    return {
      state: tier,
      fee: tier.fee,
      liquidity: wholeLiquidity(tier.liquidity, state),
      usable:
        tier.allowed &&
        policy.allowedFees.includes(tier.fee) &&
        tier.liquidity > 0 &&
        spotInBand(tier, price, state.priceError),
      gap: tier.price / price - 1,
      measured,
      expected: weight * (measured ?? 0) + (1 - weight) * prior,
    };
  });
  const positions = state.positions
    .filter((position) => position.liquidity > 0)
    .map((position): PositionView => {
      const range = {
        liquidity: wholeLiquidity(position.liquidity, state),
        lower: priceOfTick(position.tickLower, state),
        upper: priceOfTick(position.tickUpper, state),
      };
      return {
        ...range,
        state: position,
        fee: position.fee,
        value: value(range, price),
        fees: position.feesBase * price + position.feesQuote,
        halfWidth: (position.tickUpper - position.tickLower) / 2,
      };
    });
  const limits = limitsOf(state, price, positions, volatility, policy, config);
  return {
    state,
    policy,
    config,
    signals,
    price,
    tick: tickOfPrice(price, state),
    nav: state.nav,
    volatility,
    volatilityKnown: known,
    bearish: fresh(signals, "trendEnsemble"),
    payRatio: fresh(signals, "payRatio"),
    ...limits,
    tiers,
    positions,
    coreValue: positions.reduce((sum, position) => sum + position.value, 0),
    coreDelta: positions.reduce((sum, position) => sum + amounts(position, price).base, 0),
  };
}

type Layout = Pick<
  View,
  "halfWidth" | "mintHalfWidth" | "widestOnly" | "churnFree" | "lost" | "behind" | "limited" | "coreTarget"
>;

/** Width and weight that are aimed at, inside what the chain will take. */
function limitsOf(
  state: VaultState,
  price: number,
  positions: readonly PositionView[],
  volatility: number,
  policy: Policy,
  config: StrategyConfig,
): Layout {
  const limited: Reason[] = [];
  const wanted = Math.min(config.core.target, policy.coreWeightCap * config.core.capUse);
  const asked = halfWidthTicks(volatility, config.width, policy);
  const assumed = limitVolatility({ policy, state });
  const limit = policy.lvrLimit * config.limits.arbitrageUse;
  const needed = leastHalfWidth(wanted, assumed, limit);
  const halfWidth = Math.min(Math.max(asked, needed), policy.maxHalfWidth);
  const weight = Math.min(wanted, greatestWeight(halfWidth, assumed, limit));
  if (needed > asked) {
    const less = weight < wanted ? `, and the core is cut from ${percent(wanted)} to ${percent(weight)} of NAV` : "";
    limited.push({
      rule: "arbitrageLimit",
      text: `At a volatility of ${percent(assumed, 0)} the limit of ${bps(policy.lvrLimit)} a day asks for a half-width of ${halfWidth.toFixed(0)} ticks instead of ${asked.toFixed(0)}${less}.`,
      figures: { volatility: assumed, limit: policy.lvrLimit, halfWidth, asked, weight },
    });
  }
  const { churn } = state.budgets;
  const sleeves = sumOf(sleeveNets({ state }));
  // With all pending fees: a plan collects them where that counts (see `behind`).
  const now = positions.reduce(
    (sum, position) => {
      const held = amounts(position, price);
      return {
        base: sum.base + held.base + position.state.feesBase,
        quote: sum.quote + held.quote + position.state.feesQuote,
      };
    },
    { base: state.idleBase + sleeves.base, quote: state.idleQuote + sleeves.quote },
  );
  const level = churnAfter({ state, price }, now);
  const { left } = state;
  const fees = positions.reduce((sum, position) => sum + position.fees, 0);
  const behind = (left.base * price + left.quote) * state.shareSupply > now.base * price + now.quote - fees && fees > 0;
  const widestOnly = level >= churn.capacity * config.limits.churnFull;
  if (widestOnly) {
    limited.push({
      rule: "churnBudget",
      text: `Since the last plan and before, ranges lost ${bps(level)} of NAV against holding, and the churn budget takes ${bps(churn.capacity)}: only the greatest width may be minted.`,
      figures: { level, capacity: churn.capacity },
    });
  }
  return {
    halfWidth,
    mintHalfWidth: widestOnly ? policy.maxHalfWidth : halfWidth,
    widestOnly,
    churnFree: level <= churn.capacity * config.limits.churnFree,
    lost: level - churn.used,
    behind,
    limited,
    coreTarget: weight * state.nav,
  };
}

/** Whether the chain would let a range of this width be minted now, so far as the churn budget goes. */
export function wideEnough(
  view: Pick<View, "widestOnly" | "policy">,
  range: { readonly tickLower: number; readonly tickUpper: number },
  tickSpacing: number,
): boolean {
  return !view.widestOnly || range.tickUpper - range.tickLower >= 2 * view.policy.maxHalfWidth - 2 * tickSpacing;
}

/** Whether the oracle's price is inside a position's range. */
export function inRange(view: View, position: PositionView): boolean {
  return view.tick >= position.state.tickLower && view.tick < position.state.tickUpper;
}

/** The chain's check of a pool that a plan swaps in or mints into: the oracle's band, widened by the pool's fee, within which no arbitrage pays. */
function spotInBand(tier: TierState, price: number, error: number): boolean {
  const fee = tier.fee / 1e6;
  return tier.price >= price * (1 - error) * (1 - fee) && tier.price <= price * (1 + error) * (1 + fee);
}
