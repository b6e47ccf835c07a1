/** From the moves that a rule would like to the moves that the chain accepts and that pay: size, policy, cost against benefit. */
import { expectedFees } from "./outlook.ts";
import { venueFactor } from "./overlay/overlay.ts";
import { idleAfterBurns, type Moves, NO_MOVES, project, type Projection, sumOf } from "./project.ts";
import { bps, hours, money, percent } from "./text.ts";
import type { Amounts } from "./liquidity.ts";
import { weightOf } from "./sleeveRoom.ts";
import type { ActionKind, Memory, Reason, SleeveMove, SleeveState } from "./types.ts";
import { type View, wideEnough } from "./view.ts";

/** What a rule has found. Reasons are given whether or not it wants to act. */
export interface Verdict {
  readonly accepted: Accepted | null;
  readonly reasons: readonly Reason[];
}

export interface Accepted {
  readonly kind: ActionKind;
  readonly moves: Moves;
  readonly projection: Projection;
  /** Quote units. */
  readonly cost: number;
  readonly gain: number;
  readonly memory: Partial<Memory>;
}

export interface Wish {
  readonly kind: ActionKind;
  readonly rule: string;
  /** Days over which gain is counted. */
  readonly horizonDays: number;
  /** The moves at a size from 0 to 1; null if there are none. */
  readonly build: (size: number) => Moves | null;
  /** Why there are none, a sentence; the usual one unless given. */
  readonly nothing?: string;
  /** Quote units over the horizon; the difference of expected fees unless given. */
  readonly gain?: (after: Projection) => number;
  readonly memory: Partial<Memory>;
}

/** Smallest part of a plan that is still worth sending. */
const LEAST_SIZE = 0.1;
const ATTEMPTS = 6;
/** The estimate's error against the chain's own sum, which takes the band's ends. */
const ARBITRAGE_MARGIN = 0.98;
/** Of NAV: less than rounding makes is no use of a budget. */
const DUST = 1e-9;

export function hold(rule: string, text: string, figures: Readonly<Record<string, number>> = {}): Verdict {
  return { accepted: null, reasons: [{ rule, text, figures }] };
}

/** Seconds still to wait after `last`; 0 if none. */
export function cooldownLeft(view: View, last: number | null, cooldownHours: number): number {
  return last === null ? 0 : Math.max(0, last + cooldownHours * 3600 - view.state.time);
}

/** A plan that the chain would take. */
export interface Fitting {
  readonly moves: Moves;
  readonly projection: Projection;
  readonly before: Projection;
  readonly size: number;
  /** What cut it to that size; null if it is whole. */
  readonly cut: string | null;
}

/** The moves at the greatest size that the chain's limits allow, if they keep the policy; or why not. */
export function fit(view: View, wish: Pick<Wish, "rule" | "build" | "nothing">): Fitting | Verdict {
  const before = project(view, NO_MOVES);
  let size = 1;
  let found: { moves: Moves; projection: Projection } | null = null;
  // What cut the plan last, and by how much it was over.
  let cut: Excess | null = null;
  for (let attempt = 0; attempt < ATTEMPTS && size >= LEAST_SIZE; attempt++) {
    const built = wish.build(size);
    if (built === null) {
      const verdict = hold(
        wish.rule,
        size === 1
          ? (wish.nothing ?? "Nothing to mint: what is at hand or allowed makes no range worth having.")
          : "What the limits leave of the plan is not worth sending.",
        { size },
      );
      return { ...verdict, reasons: [...verdict.reasons, ...view.limited] };
    }
    const moves = collectAll(view, built);
    const projection = project(view, moves);
    const excess = greatestExcess(bounds(view, before, projection));
    if (excess === null) {
      found = { moves, projection };
      break;
    }
    cut = excess;
    size *= (0.95 * excess.bound.room) / excess.bound.use;
  }
  if (found === null) {
    // Without a bound that cut it, the first attempt would have been taken.
    const bound = cut?.bound;
    return hold(
      wish.rule,
      `${bound?.text ?? ""} A plan under ${percent(LEAST_SIZE, 0)} of its size is not worth sending.${bound?.wait ?? ""}`,
      { ...(bound === undefined ? {} : { use: bound.use, room: bound.room }), size },
    );
  }

  const broken = brokenPolicy(view, found.moves, before, found.projection);
  return broken === null ? { ...found, before, size, cut: cut?.bound.name ?? null } : hold(wish.rule, broken);
}

/** The wish at the greatest size that the chain's limits allow, if it keeps the policy and pays. */
export function consider(view: View, wish: Wish): Verdict {
  const { config, nav } = view;
  const fitting = fit(view, wish);
  if ("accepted" in fitting) return fitting;
  const { moves, projection, before, size, cut } = fitting;
  const gain = (
    wish.gain ??
    ((after: Projection) =>
      expectedFees(view, after.held, wish.horizonDays) - expectedFees(view, before.held, wish.horizonDays))
  )(projection);
  const cost = config.cost.gas + projection.swapCost;
  // The charge contains the swaps' cost at the worst price, and it uses up a budget, so the hurdle counts it whole.
  const hurdle = config.cost.gainOverCost * (config.cost.gas + projection.charge * nav);
  const figures = { gain, cost, hurdle, charge: projection.charge, size, horizonDays: wish.horizonDays };
  const account =
    `Over ${String(wish.horizonDays)} days it is expected to gain ${money(gain)}; ` +
    `gas and a charge of ${bps(projection.charge)} times ${String(config.cost.gainOverCost)} make ${money(hurdle)}`;
  if (!(gain > hurdle)) {
    return hold(wish.rule, `Not worth it. ${account}: ${money(hurdle - gain)} short.`, figures);
  }
  const part = cut === null ? "" : ` Cut to ${percent(size, 0)} of its size: ${cut}.`;
  return {
    accepted: { kind: wish.kind, moves, projection, cost, gain, memory: wish.memory },
    reasons: [{ rule: wish.rule, text: `Worth it. ${account}.${part}`, figures }, ...view.limited],
  };
}

/** Where ranges have fallen behind holding, a plan collects the fees of all of them: the chain counts only what it collects. */
function collectAll(view: View, moves: Moves): Moves {
  if (!view.behind) return moves;
  const collects = view.positions
    .filter(({ state, fees }) => fees > 0 && !moves.burns.some((burn) => burn.index === state.index))
    .map(({ state }) => ({ index: state.index, fraction: 0 }));
  return { ...moves, burns: [...moves.burns, ...collects] };
}

/** Something that a plan uses, and how much of it there is; both in the same unit and in proportion to the plan's size. */
interface Bound {
  readonly name: string;
  readonly use: number;
  readonly room: number;
  /** A sentence for a plan that does not fit. */
  readonly text: string;
  /** When it would, a sentence; empty if time does not help. */
  readonly wait: string;
}

interface Excess {
  readonly bound: Bound;
  readonly factor: number;
}

function bounds(view: View, before: Projection, after: Projection): readonly Bound[] {
  const { config, policy, state } = view;
  const perPlan = config.cost.chargeUse * policy.maxPlanLoss;
  const budget = (kind: "loss" | "turnover", use: number): Bound => {
    const { used, capacity } = state.budgets[kind];
    const left = Math.max(capacity - used, 0);
    const refill = policy.refill[kind];
    const days = (use * LEAST_SIZE - left) / refill;
    return {
      name: `the ${kind} budget has ${bps(left)} of ${bps(capacity)} left`,
      use,
      room: config.limits.budgetUse * left,
      text: `The plan would use ${bps(use)} of the ${kind} budget, which has ${bps(left)} of ${bps(capacity)} left.`,
      wait: refill > 0 && days > 0 ? ` Enough comes back in ${hours(days * 86_400)}.` : "",
    };
  };
  return [
    {
      name: `the limit of a plan's loss is ${bps(policy.maxPlanLoss)}`,
      use: after.charge,
      room: perPlan,
      text: `The chain would charge the plan ${bps(after.charge)}; ${bps(perPlan)} may be used.`,
      wait: "",
    },
    budget("loss", after.charge),
    budget("turnover", after.turnover),
    {
      name: `the arbitrage limit is ${bps(policy.lvrLimit)} a day`,
      // What a plan found above the limit it may leave there.
      use: Math.max(after.arbitrage - before.arbitrage, 0),
      room: Math.max(ARBITRAGE_MARGIN * policy.lvrLimit - before.arbitrage, 0),
      text: `The ranges would lose ${bps(after.arbitrage)} a day to arbitrage; ${bps(policy.lvrLimit)} are allowed.`,
      wait: "",
    },
  ];
}

/** The bound that a plan oversteps most; null if it keeps them all. */
function greatestExcess(all: readonly Bound[]): Excess | null {
  return all
    .filter((bound) => bound.use > Math.max(bound.room, DUST))
    .map((bound) => ({ bound, factor: bound.use / Math.max(bound.room, DUST) }))
    .reduce<Excess | null>((worst, one) => (worst === null || one.factor > worst.factor ? one : worst), null);
}

/** What of the policy a plan would break, in a sentence; null if nothing. The rules keep to it by themselves: this is the last look. */
export function brokenPolicy(view: View, moves: Moves, before: Projection, after: Projection): string | null {
  const { policy, price } = view;
  if (after.held.length > policy.maxPositions) {
    return `It would leave ${String(after.held.length)} positions; ${String(policy.maxPositions)} are allowed.`;
  }
  for (const mint of moves.mints) {
    if (!policy.allowedFees.includes(mint.fee)) return `Fee tier ${String(mint.fee)} is not allowed.`;
    const halfWidth = (mint.tickUpper - mint.tickLower) / 2;
    if (halfWidth < policy.minHalfWidth || halfWidth > policy.maxHalfWidth) {
      return `A half-width of ${String(halfWidth)} ticks is outside the allowed ${String(policy.minHalfWidth)} to ${String(policy.maxHalfWidth)}.`;
    }
    const spacing = view.tiers.find((tier) => tier.fee === mint.fee)?.state.tickSpacing ?? 1;
    if (!wideEnough(view, mint, spacing)) {
      return `A half-width of ${String(halfWidth)} ticks may not be minted while the churn budget is spent.`;
    }
  }
  // As on chain: inside the cap, or not further outside than before.
  if (after.coreWeight > policy.coreWeightCap && after.core > before.core) {
    return `It would put ${percent(after.coreWeight)} of NAV into ranges; ${percent(policy.coreWeightCap)} are allowed.`;
  }
  const sleeve = brokenSleeve(view, moves, after);
  if (sleeve !== null) return sleeve;
  const hand = sumOf([idleAfterBurns(view, moves.burns), takenOut(moves)]);
  const tolerance = 1e-9;
  if (
    after.idle.base < -tolerance * (hand.base + hand.quote / price) ||
    after.idle.quote < -tolerance * (hand.quote + hand.base * price)
  ) {
    return "It would spend more than is idle after its burns.";
  }
  return null;
}

/** What sleeves pay out in a plan. */
function takenOut(moves: Moves): Amounts {
  return moves.sleeveMoves
    .filter(({ take, settlesLater }) => take && settlesLater !== true)
    .reduce<Amounts>((all, { token, amount }) => ({ ...all, [token]: all[token] + amount }), { base: 0, quote: 0 });
}

/** Rounding of floats, part of what is compared. */
const TOLERANCE = 1e-9;

/** What of the policy and of the sleeves' own terms a plan would break, in a sentence; null if nothing. */
function brokenSleeve(view: View, moves: Moves, after: Projection): string | null {
  for (const place of new Set(moves.sleeveMoves.map(({ sleeve }) => sleeve))) {
    const state = view.state.sleeves.find(({ index }) => index === place);
    const net = after.sleeves.find(({ index }) => index === place);
    if (state === undefined || net === undefined || !state.answers) {
      return `The sleeve in place ${String(place)} is not there or its venue does not answer.`;
    }
    const broken = brokenTerms(
      view,
      state,
      net,
      after.navLow,
      moves.sleeveMoves.filter(({ sleeve }) => sleeve === place),
    );
    if (broken !== null) return broken;
  }
  return null;
}

function brokenTerms(
  view: View,
  sleeve: SleeveState,
  net: Amounts,
  navLow: number,
  moves: readonly SleeveMove[],
): string | null {
  const { price } = view;
  const [owned, owed] = sleeve.asset === "quote" ? [net.quote, -net.base] : [net.base, -net.quote];
  const [ownedPrice, owedPrice] = sleeve.asset === "quote" ? [1, price] : [price, 1];
  const gives = moves.some(({ take, token }) => !take && token === sleeve.asset);
  const borrows = moves.some(({ take, token }) => take && token !== sleeve.asset);
  const takes = moves.some(({ take, token }) => take && token === sleeve.asset);
  if (owned < -TOLERANCE * sleeve.owned) return `It would take more out of the ${sleeve.kind} than it owns.`;
  if ((gives || borrows) && !sleeve.allowed) return `The policy allows nothing more to go to the ${sleeve.kind}.`;
  const weight = weightOf(view, sleeve, net, navLow);
  if ((gives || borrows) && weight > sleeve.cap) {
    return `The ${sleeve.kind} would own ${percent(weight)} of NAV; ${percent(sleeve.cap)} are allowed.`;
  }
  const health =
    owed > 0
      ? (venueFactor(view, sleeve) * sleeve.threshold * owned * ownedPrice) / (owed * owedPrice)
      : Number.POSITIVE_INFINITY;
  if ((borrows || takes) && health < sleeve.opening) {
    return `The ${sleeve.kind}'s health would be ${health.toFixed(2)}; ${sleeve.opening.toFixed(2)} are asked.`;
  }
  if (borrows && sleeve.borrowRate > sleeve.rateCap) {
    return `Borrowing costs ${percent(sleeve.borrowRate)} a year; ${percent(sleeve.rateCap)} are allowed.`;
  }
  return null;
}
