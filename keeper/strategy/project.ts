/**
 * What a plan's moves would leave behind, step by step as the chain takes them: burns, moves, swaps, more moves, mints. Nothing is decided here.
 */
import { planCharge } from "./charge.ts";
import { type Amounts, amounts, liquidityFor, type Position, value } from "./liquidity.ts";
import { swapResult } from "./swap.ts";
import { priceOfTick } from "./ticks.ts";
import type { BurnMove, MintMove, SleeveMove, SwapMove, VaultState } from "./types.ts";
import type { View } from "./view.ts";

export interface Moves {
  readonly burns: readonly BurnMove[];
  readonly swaps: readonly SwapMove[];
  readonly mints: readonly MintMove[];
  readonly sleeveMoves: readonly SleeveMove[];
}

export const NO_MOVES: Moves = { burns: [], swaps: [], mints: [], sleeveMoves: [] };

/** What a sleeve stands for: positive is owned, negative is owed; whole units. */
export interface SleeveNet extends Amounts {
  readonly index: number;
}

/** A range held after the plan. */
export interface HeldRange extends Position {
  readonly fee: number;
  readonly tickLower: number;
  readonly tickUpper: number;
}

export interface Projection {
  readonly idle: Amounts;
  readonly held: readonly HeldRange[];
  readonly sleeves: readonly SleeveNet[];
  /** Value of the ranges, and the same over NAV, as the chain takes them: at the low end of the band, uncollected fees aside. */
  readonly core: number;
  readonly coreWeight: number;
  /** NAV that caps and charges are parts of: at the low end of the band, uncollected fees aside; quote units. */
  readonly navLow: number;
  /** Value lost in swaps at the oracle's price: fees and slippage, quote units, at least 0. */
  readonly swapCost: number;
  /** The chain's charge, fraction of NAV at the low end of the band. */
  readonly charge: number;
  /** Value swapped, moved from tier to tier, and given to sleeves or taken from them, fraction of the same. */
  readonly turnover: number;
  /** LVR of all ranges in a day as the chain reckons it for its limit, fraction of the same. */
  readonly arbitrage: number;
  /** Level of the churn budget once the chain has charged what ranges lost since the last plan; fraction of NAV. */
  readonly churn: number;
}

/** Idle tokens after burns and collects. Any burn, of fraction 0 too, brings all pending fees of its position. */
export function idleAfterBurns(view: View, burns: readonly BurnMove[]): Amounts {
  let { idleBase: base, idleQuote: quote } = view.state;
  for (const burn of burns) {
    const position = view.state.positions.find((candidate) => candidate.index === burn.index);
    if (position === undefined) continue;
    base += burn.fraction * position.base + position.feesBase;
    quote += burn.fraction * position.quote + position.feesQuote;
  }
  return { base, quote };
}

/** The sleeves as they stand. */
export function sleeveNets({ state }: { readonly state: Pick<VaultState, "sleeves"> }): SleeveNet[] {
  return state.sleeves.map(({ index, asset, owned, owed }) =>
    asset === "quote" ? { index, base: -owed, quote: owned } : { index, base: owned, quote: -owed },
  );
}

export function sumOf(list: readonly Amounts[]): Amounts {
  return list.reduce<Amounts>(plus, { base: 0, quote: 0 });
}

interface Moved {
  readonly idle: Amounts;
  readonly sleeves: readonly SleeveNet[];
  /** Value given and taken, quote units. */
  readonly gave: number;
  readonly took: number;
}

/** Runs moves that stand together. */
function moveAll(view: View, moves: readonly SleeveMove[], from: Moved): Moved {
  return moves.reduce((now, move) => closed(view, move, now) ?? moved(view, move, now), from);
}

function moved({ price }: View, move: SleeveMove, now: Moved): Moved {
  // What a venue pays later stays in the sleeve until it has come, and nobody can say when.
  if (move.settlesLater === true) return now;
  const nets = netsIn(now, move.sleeve);
  const amount = moveAmount(move, nets[move.token], now.idle[move.token]);
  const into = move.take ? -amount : amount;
  const worth = amount * (move.token === "base" ? price : 1);
  return {
    idle: { ...now.idle, [move.token]: now.idle[move.token] - into },
    sleeves: withNets(now, { ...nets, [move.token]: nets[move.token] + into }),
    gave: now.gave + (move.take ? 0 : worth),
    took: now.took + (move.take ? worth : 0),
  };
}

/** As contracts/MoveLib.sol closes: all that is owned is taken, and what is owed paid from idle tokens. Null if this move does not. */
function closed({ price, state }: View, move: SleeveMove, now: Moved): Moved | null {
  if (!move.take || move.all !== true) return null;
  const nets = netsIn(now, move.sleeve);
  const other = move.token === "base" ? "quote" : "base";
  const pays = state.sleeves.find(({ index }) => index === move.sleeve)?.obstacle === "none";
  if (!pays || !(nets[move.token] > 0) || !(nets[other] < 0) || -nets[other] > now.idle[other]) return null;
  const [owned, owed] = [nets[move.token], -nets[other]];
  return {
    idle: plus(now.idle, nets),
    sleeves: withNets(now, { ...nets, base: 0, quote: 0 }),
    gave: now.gave + owed * (other === "base" ? price : 1),
    took: now.took + owned * (move.token === "base" ? price : 1),
  };
}

function netsIn(now: Moved, place: number): SleeveNet {
  return now.sleeves.find(({ index }) => index === place) ?? { index: place, base: 0, quote: 0 };
}

function withNets(now: Moved, after: SleeveNet): readonly SleeveNet[] {
  return [...now.sleeves.filter(({ index }) => index !== after.index), after];
}

function moveAmount({ take, all, amount }: SleeveMove, net: number, idle: number): number {
  if (take) return all === true ? Math.max(net, 0) : amount;
  if (net < 0) return Math.min(all === true ? -net : amount, -net, Math.max(idle, 0));
  return Math.min(amount, Math.max(idle, 0));
}

/** Idle tokens and the pools' prices after swaps from `idle`. */
export function afterSwaps(
  view: View,
  idle: Amounts,
  swaps: readonly SwapMove[],
): { idle: Amounts; spots: Map<number, number>; cost: number } {
  const spots = new Map(view.tiers.map((tier) => [tier.fee, tier.state.price]));
  let { base, quote } = idle;
  let cost = 0;
  for (const swap of swaps) {
    const tier = view.tiers.find((candidate) => candidate.fee === swap.fee);
    const price = spots.get(swap.fee);
    if (tier === undefined || price === undefined) continue;
    const result = swapResult({ fee: swap.fee, price, liquidity: tier.liquidity }, swap.sell, swap.amount);
    spots.set(swap.fee, result.price);
    if (swap.sell === "base") {
      base -= swap.amount;
      quote += result.out;
      cost += swap.amount * view.price - result.out;
    } else {
      quote -= swap.amount;
      base += result.out;
      cost += swap.amount - result.out * view.price;
    }
  }
  return { idle: { base, quote }, spots, cost: Math.max(cost, 0) };
}

/** Of a view as it stands: every rule asks for it. */
const STANDING = new WeakMap<View, Projection>();

export function project(view: View, moves: Moves): Projection {
  if (moves !== NO_MOVES) return projected(view, moves);
  const known = STANDING.get(view);
  if (known !== undefined) return known;
  const found = projected(view, moves);
  STANDING.set(view, found);
  return found;
}

function projected(view: View, moves: Moves): Projection {
  const before = idleAfterBurns(view, moves.burns);
  const netsBefore = sleeveNets(view);
  const early = moveAll(
    view,
    moves.sleeveMoves.filter((move) => !move.afterSwaps),
    { idle: before, sleeves: netsBefore, gave: 0, took: 0 },
  );
  const swapped = afterSwaps(view, early.idle, moves.swaps);
  const late = moveAll(
    view,
    moves.sleeveMoves.filter((move) => move.afterSwaps),
    { ...early, idle: swapped.idle },
  );
  let { base, quote } = late.idle;

  const held: HeldRange[] = [];
  const flow = new Map<number, number>();
  const flows = (fee: number, worth: number): void => {
    flow.set(fee, (flow.get(fee) ?? 0) + worth);
  };
  for (const position of view.positions) {
    const burned = moves.burns.find((burn) => burn.index === position.state.index)?.fraction ?? 0;
    flows(position.fee, -burned * (position.state.base * view.price + position.state.quote));
    if (burned >= 1) continue;
    held.push(heldRange(view, position.state, position.liquidity * (1 - burned)));
  }

  const kept = held.reduce<Amounts>((all, range) => plus(all, amounts(range, view.price)), { base: 0, quote: 0 });

  const minted: Position[] = [];
  for (const mint of moves.mints) {
    const spot = swapped.spots.get(mint.fee) ?? view.price;
    const unit = heldRange(view, mint, 1);
    const available = { base: Math.min(mint.maxBase, base), quote: Math.min(mint.maxQuote, quote) };
    const liquidity = Math.max(liquidityFor(available, unit.lower, unit.upper, spot), 0);
    const range = { ...unit, liquidity };
    const spent = amounts(range, spot);
    base -= spent.base;
    quote -= spent.quote;
    minted.push(range);
    flows(mint.fee, spent.base * view.price + spent.quote);
    const same = held.findIndex(
      (other) => other.fee === mint.fee && other.tickLower === mint.tickLower && other.tickUpper === mint.tickUpper,
    );
    const existing = held[same];
    if (existing === undefined) {
      held.push(range);
    } else {
      held[same] = { ...existing, liquidity: existing.liquidity + liquidity };
    }
  }

  const { price, state } = view;
  const low = price * (1 - state.priceError);
  const core = held.reduce((sum, range) => sum + value(range, low), 0);
  const sleeves = [...late.sleeves].sort((a, b) => a.index - b.index);
  const owned = sumOf(sleeves);
  const navLow = core + (base + owned.base) * low + quote + owned.quote;
  const [entered, left] = [1, -1].map((sign) =>
    [...flow.values()].reduce((all, one) => all + Math.max(sign * one, 0), 0),
  );
  const betweenTiers = Math.min(entered ?? 0, left ?? 0);
  const sold = moves.swaps.reduce((all, swap) => all + swap.amount * (swap.sell === "base" ? price : 1), 0);
  return {
    idle: { base, quote },
    held,
    sleeves,
    core,
    coreWeight: navLow > 0 ? core / navLow : 0,
    navLow,
    swapCost: swapped.cost,
    charge: planCharge(
      { before: plus(before, sumOf(netsBefore)), after: plus({ base, quote }, owned), minted },
      price,
      state.priceError,
      navLow,
    ),
    turnover: navLow > 0 ? (sold + betweenTiers + Math.max(late.gave, late.took)) / navLow : 0,
    arbitrage: navLow > 0 ? lvrAtLimit(view, held) / 365 / navLow : 0,
    churn: churnAfter(view, plus(plus(before, sumOf(netsBefore)), kept)),
  };
}

/**
 * Level of the churn budget when a plan begins: what was used, and what is missing now of what the last plan left.
 * @param now tokens in hand, in ranges that go on and in sleeves, net of what these owe
 */
export function churnAfter(view: Pick<View, "state" | "price">, now: Amounts): number {
  const { state, price } = view;
  const { left } = state;
  const { used } = state.budgets.churn;
  const nav = now.base * price + now.quote;
  if (!(nav > 0)) return used;
  const kept = (left.base * price + left.quote) * state.shareSupply;
  return used + Math.max(kept - nav, 0) / nav;
}

/** L s^2 sqrt(p) / 4 a year, each range at its own price nearest to the band's high end; s as the chain takes it. */
function lvrAtLimit(view: View, held: readonly Position[]): number {
  const high = view.price * (1 + view.state.priceError);
  const sum = held.reduce(
    (all, range) => all + range.liquidity * Math.sqrt(Math.min(Math.max(high, range.lower), range.upper)),
    0,
  );
  return (sum * limitVolatility(view) ** 2) / 4;
}

/** The volatility at which the chain reckons the arbitrage limit: the greater of the governed and the measured. */
export function limitVolatility({ policy, state }: Pick<View, "policy" | "state">): number {
  return Math.max(policy.volatilityFloor, state.oracleVolatility);
}

function plus(a: Amounts, b: Amounts): Amounts {
  return { base: a.base + b.base, quote: a.quote + b.quote };
}

function heldRange(
  view: View,
  range: { readonly fee: number; readonly tickLower: number; readonly tickUpper: number },
  liquidity: number,
): HeldRange {
  return {
    fee: range.fee,
    tickLower: range.tickLower,
    tickUpper: range.tickUpper,
    liquidity,
    lower: priceOfTick(range.tickLower, view.state),
    upper: priceOfTick(range.tickUpper, view.state),
  };
}
