/**
 * Turns a budget into ranges: a base range round the centre in each tier that takes part, then, if one token is left over, a one-sided order
 * with it. Idle tokens fill what is missing first; a small swap comes last and only if asked for.
 */
import { type Amounts, amounts, value } from "./liquidity.ts";
import { expectedFees } from "./outlook.ts";
import { afterSwaps, type HeldRange, idleAfterBurns, type Moves, NO_MOVES } from "./project.ts";
import { centredRange, sideRange, tiltedCentre, type TickRange } from "./range.ts";
import { depth, swapResult } from "./swap.ts";
import { priceOfTick, tickOfPrice } from "./ticks.ts";
import type { BurnMove, MintMove, SwapMove } from "./types.ts";
import { type TierView, type View, wideEnough } from "./view.ts";

/** Part of a tier in the new base ranges; the parts sum to 1. */
export interface TierPart {
  readonly tier: TierView;
  readonly part: number;
}

/** A range to fill: `want` is the whole liquidity that its budget buys at the oracle's price. */
interface Target extends TickRange {
  readonly tier: TierView;
  readonly want: number;
  readonly lower: number;
  readonly upper: number;
}

/**
 * @param burns what is burned before
 * @param parts tiers for the base ranges, the first is the main one
 * @param budget quote units to put into ranges, orders included
 * @param swapBelow a missing token may be swapped for if the base ranges can be filled to less than this part; 0 for never
 * @returns null if nothing worth it can be minted
 */
export function layOut(
  view: View,
  burns: readonly BurnMove[],
  parts: readonly TierPart[],
  budget: number,
  swapBelow: number,
): Moves | null {
  const { config, policy, nav } = view;
  const main = parts[0]?.tier;
  const burnedWhole = burns.filter((burn) => burn.fraction >= 1).length;
  const room = policy.maxPositions - (view.positions.length - burnedWhole);
  if (main === undefined || !(budget > 0)) return null;

  let targets = baseTargets(view, burns, parts, budget);
  // Fewer places than tiers: all of it goes to the main one.
  if (targets.filter((target) => !exists(view, burns, target)).length > room) {
    targets = baseTargets(view, burns, [{ tier: main, part: 1 }], budget);
    if (targets.filter((target) => !exists(view, burns, target)).length > room) return null;
  }

  const hand = idleAfterBurns(view, burns);
  const wanted = needs(targets, new Map());
  const swap = fill(hand, wanted) < swapBelow ? missingTokenSwap(view, hand, wanted) : null;
  const swaps = swap === null ? [] : [swap];
  const { idle, spots } = afterSwaps(view, hand, swaps);

  const filled = fill(idle, needs(targets, spots));
  const worthIt = filled * budget >= config.minPosition * nav;
  const wants = targets.map((target): Want => {
    const spot = spots.get(target.tier.fee) ?? target.tier.state.price;
    return { fee: target.tier.fee, range: target, need: amounts({ ...target, liquidity: target.want * filled }, spot) };
  });
  const { mints, left } = mintAll(idle, worthIt ? wants : []);
  const spentOnBase = mints.reduce((sum, mint) => sum + mint.maxBase * view.price + mint.maxQuote, 0);
  const added = targets.filter((target) => worthIt && !exists(view, burns, target)).length;
  if (config.rules.oneSidedOrder && added < room) {
    const spot = spots.get(main.fee) ?? main.state.price;
    const order = oneSidedOrder(view, main, spot, left, budget - spentOnBase);
    if (order !== null) mints.push(order);
  }
  return mints.length === 0 ? null : { ...NO_MOVES, burns, swaps, mints };
}

/** The tier in which so much liquidity can be expected to earn most, dilution included; null if none can be used. */
export function bestTier(view: View, budget: number): TierView | null {
  let best: { tier: TierView; fees: number } | null = null;
  for (const tier of view.tiers) {
    if (!tier.usable) continue;
    const held = baseTargets(view, [], [{ tier, part: 1 }], budget).map((target): HeldRange => ({
      ...target,
      fee: tier.fee,
      liquidity: target.want,
    }));
    const fees = expectedFees(view, held, 1);
    if (held.length > 0 && (best === null || fees > best.fees)) best = { tier, fees };
  }
  return best?.tier ?? null;
}

function baseTargets(
  view: View,
  burns: readonly BurnMove[],
  parts: readonly TierPart[],
  budget: number,
): readonly Target[] {
  const { config, policy, state, price } = view;
  const tilt = config.rules.trendTilt ? config.width.maxTilt : 0;
  const centre = tiltedCentre(view.tick, view.mintHalfWidth, view.bearish, tilt);
  const targets: Target[] = [];
  for (const { tier, part } of parts) {
    const fresh = centredRange(centre, view.mintHalfWidth, tier.state.tickSpacing, policy);
    if (fresh === null) continue;
    const range = similarRange(view, burns, tier, fresh) ?? fresh;
    const lower = priceOfTick(range.tickLower, state);
    const upper = priceOfTick(range.tickUpper, state);
    const unit = value({ liquidity: 1, lower, upper }, price);
    targets.push({ ...range, tier, lower, upper, want: (part * budget) / unit });
  }
  return targets;
}

/** A held range that is near enough to the new one to be filled instead, so that moves in part do not litter the list. */
export function similarRange(
  view: View,
  burns: readonly BurnMove[],
  tier: TierView,
  fresh: TickRange,
): TickRange | null {
  const near = view.config.rangeShift.reuse * view.mintHalfWidth;
  const found = view.positions.find(
    ({ fee, state }) =>
      fee === tier.fee &&
      wideEnough(view, state, tier.state.tickSpacing) &&
      !burns.some((burn) => burn.index === state.index && burn.fraction > 0) &&
      Math.abs(state.tickLower - fresh.tickLower) <= near &&
      Math.abs(state.tickUpper - fresh.tickUpper) <= near,
  );
  return found === undefined ? null : { tickLower: found.state.tickLower, tickUpper: found.state.tickUpper };
}

/** Whether a range is held and still will be after the burns. */
function exists(view: View, burns: readonly BurnMove[], target: Target): boolean {
  return view.positions.some(
    ({ fee, state }) =>
      fee === target.tier.fee &&
      state.tickLower === target.tickLower &&
      state.tickUpper === target.tickUpper &&
      !burns.some((burn) => burn.index === state.index && burn.fraction >= 1),
  );
}

/** Tokens that the targets take at the pools' spots. */
function needs(targets: readonly Target[], spots: ReadonlyMap<number, number>): Amounts {
  let base = 0;
  let quote = 0;
  for (const target of targets) {
    const spot = spots.get(target.tier.fee) ?? target.tier.state.price;
    const need = amounts({ ...target, liquidity: target.want }, spot);
    base += need.base;
    quote += need.quote;
  }
  return { base, quote };
}

/** The part of the need that what is in hand can meet, 0 to 1. */
function fill(hand: Amounts, need: Amounts): number {
  const part = (have: number, want: number): number => (want > 0 ? have / want : 1);
  return Math.max(0, Math.min(1, part(hand.base, need.base), part(hand.quote, need.quote)));
}

/** The smallest swap that fills the ranges or balances them, inside the limits on size and impact; null if it is not worth a step. */
function missingTokenSwap(view: View, hand: Amounts, need: Amounts): SwapMove | null {
  const { config, nav, price } = view;
  const sell = hand.quote * need.base < hand.base * need.quote ? "base" : "quote";
  const sold = sell === "base" ? { have: hand.base, need: need.base } : { have: hand.quote, need: need.quote };
  const bought = sell === "base" ? { have: hand.quote, need: need.quote } : { have: hand.base, need: need.base };
  const priceOfSold = sell === "base" ? price : 1;

  let best: { move: SwapMove; lost: number } | null = null;
  for (const tier of view.tiers) {
    if (!tier.usable) continue;
    const pool = { fee: tier.fee, price: tier.state.price, liquidity: tier.liquidity };
    const rate = (sell === "base" ? pool.price : 1 / pool.price) * (1 - tier.fee / 1e6);
    // Both tokens fill the same part of their need after selling so much ...
    const balanced = (sold.have * bought.need - bought.have * sold.need) / (bought.need + rate * sold.need);
    // ... and the bought one fills it wholly after so much.
    const enough = (bought.need - bought.have) / rate;
    const amount = Math.min(
      balanced,
      enough,
      (config.swap.max * nav) / priceOfSold,
      depth(pool, sell, config.swap.maxImpact),
    );
    if (!(amount * priceOfSold >= 0.001 * nav)) continue;
    const { out } = swapResult(pool, sell, amount);
    const fair = sell === "base" ? amount * price : amount / price;
    const lost = 1 - out / fair;
    const maxSlippage = Math.max(lost, 0) + config.swap.tolerance;
    if (best === null || lost < best.lost) best = { move: { fee: tier.fee, sell, amount, maxSlippage }, lost };
  }
  return best?.move ?? null;
}

/** What one token has left over, as a range on its side of the price; null if too little. */
function oneSidedOrder(view: View, tier: TierView, spot: number, left: Amounts, budget: number): MintMove | null {
  const { config, price, nav } = view;
  const side = left.base * price >= left.quote ? "above" : "below";
  const worth = Math.min(side === "above" ? left.base * price : left.quote, budget);
  if (!(worth >= config.order.min * nav) || !(worth > 0)) return null;
  const tick = tickOfPrice(spot, view.state);
  const spacing = tier.state.tickSpacing;
  const range = sideRange(side, tick, config.order.gapTicks, view.mintHalfWidth, spacing, view.policy);
  if (range === null) return null;
  return side === "above"
    ? { fee: tier.fee, ...range, maxBase: Math.min(worth / price, left.base), maxQuote: 0 }
    : { fee: tier.fee, ...range, maxBase: 0, maxQuote: Math.min(worth, left.quote) };
}

/** A range and the tokens that it is to get. */
export interface Want {
  readonly fee: number;
  readonly range: TickRange;
  readonly need: Amounts;
}

/** Mints in order from what is in hand; the last may meet a remainder that rounding left a hair smaller than its need. */
export function mintAll(hand: Amounts, wants: readonly Want[]): { mints: MintMove[]; left: Amounts } {
  let { base, quote } = hand;
  const mints = wants.map(({ fee, range, need }): MintMove => {
    const maxBase = Math.min(need.base, base);
    const maxQuote = Math.min(need.quote, quote);
    base -= maxBase;
    quote -= maxQuote;
    return { fee, tickLower: range.tickLower, tickUpper: range.tickUpper, maxBase, maxQuote };
  });
  return { mints, left: { base, quote } };
}
