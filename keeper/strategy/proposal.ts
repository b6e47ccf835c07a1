/** From the moves that a rule would like to the moves that the chain accepts and that pay: size, policy, cost against benefit. */
import { expectedFees } from "./outlook.ts";
import { idleAfterBurns, type Moves, NO_MOVES, project, type Projection } from "./project.ts";
import { bps, money, percent } from "./text.ts";
import type { ActionKind, Memory, Reason } from "./types.ts";
import type { View } from "./view.ts";

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
  /** Quote units over the horizon; the difference of expected fees unless given. */
  readonly gain?: (after: Projection) => number;
  readonly memory: Partial<Memory>;
}

/** Smallest part of a plan that is still worth sending. */
const LEAST_SIZE = 0.1;
const ATTEMPTS = 6;

export function hold(rule: string, text: string, figures: Readonly<Record<string, number>> = {}): Verdict {
  return { accepted: null, reasons: [{ rule, text, figures }] };
}

/** Seconds still to wait after `last`; 0 if none. */
export function cooldownLeft(view: View, last: number | null, cooldownHours: number): number {
  return last === null ? 0 : Math.max(0, last + cooldownHours * 3600 - view.state.time);
}

/** The wish at the greatest size that the charge's limit allows, if it keeps the policy and pays. */
export function consider(view: View, wish: Wish): Verdict {
  const { config, policy, nav } = view;
  const limit = config.cost.chargeUse * policy.maxPlanLoss;
  let size = 1;
  let found: { moves: Moves; projection: Projection } | null = null;
  let charge = 0;
  for (let attempt = 0; attempt < ATTEMPTS && size >= LEAST_SIZE; attempt++) {
    const moves = wish.build(size);
    if (moves === null) {
      return hold(wish.rule, "Nothing to mint: what is at hand or allowed makes no range worth having.", { size });
    }
    const projection = project(view, moves);
    charge = projection.charge;
    if (charge <= limit) {
      found = { moves, projection };
      break;
    }
    size *= (0.95 * limit) / charge;
  }
  if (found === null) {
    return hold(
      wish.rule,
      `The chain would charge the plan ${bps(charge)}; ${bps(limit)} may be used, and a plan under ${percent(LEAST_SIZE, 0)} of its size is not worth sending.`,
      { charge, limit, size },
    );
  }

  const { moves, projection } = found;
  const before = project(view, NO_MOVES);
  const broken = brokenPolicy(view, moves, before, projection);
  if (broken !== null) return hold(wish.rule, broken);

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
  const part = size < 1 ? ` Cut to ${percent(size, 0)} of its size to stay under the charge's limit.` : "";
  return {
    accepted: { kind: wish.kind, moves, projection, cost, gain, memory: wish.memory },
    reasons: [{ rule: wish.rule, text: `Worth it. ${account}.${part}`, figures }],
  };
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
  }
  // As on chain: inside the cap, or not further outside than before.
  if (after.coreWeight > policy.coreWeightCap && after.core > before.core) {
    return `It would put ${percent(after.coreWeight)} of NAV into ranges; ${percent(policy.coreWeightCap)} are allowed.`;
  }
  const hand = idleAfterBurns(view, moves.burns);
  const tolerance = 1e-9;
  if (
    after.idle.base < -tolerance * (hand.base + hand.quote / price) ||
    after.idle.quote < -tolerance * (hand.quote + hand.base * price)
  ) {
    return "It would spend more than is idle after its burns.";
  }
  return null;
}
