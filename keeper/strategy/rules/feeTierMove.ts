/**
 * Fee-tier move in part: when another tier of the pair pays clearly more for the same liquidity, and has done so for a
 * day, a third of the position goes there, to the same range. Tiers are compared by what they were measured to pay, never by regime.
 */
import { amounts, liquidityFor, value } from "../liquidity.ts";
import { mintAll, similarRange } from "../layout.ts";
import { idleAfterBurns, type Moves, NO_MOVES } from "../project.ts";
import { consider, cooldownLeft, hold, type Verdict } from "../proposal.ts";
import { alignedCopy } from "../range.ts";
import { hours, percent, tierName } from "../text.ts";
import { priceOfTick } from "../ticks.ts";
import type { Memory } from "../types.ts";
import { inRange, type PositionView, type TierView, type View, wideEnough } from "../view.ts";

/** The best alternative to the tier that most of the working core stands in. */
export interface TierSignal {
  readonly position: PositionView;
  readonly present: TierView;
  readonly other: TierView;
  /** Other's pay for the moved liquidity, diluted by it, over the present's, less 1. */
  readonly advantage: number;
}

type TierMemory = Pick<Memory, "tierSignalSince" | "tierSignalFee">;
const NOTHING: TierMemory = { tierSignalSince: null, tierSignalFee: null };

/** Null while there is nothing to compare: no working position, no second tier, or no fresh measurement. */
export function tierSignal(view: View): TierSignal | null {
  const working = view.positions.filter((position) => inRange(view, position));
  const position = presentPosition(view, working);
  const present = view.tiers.find((tier) => tier.fee === position?.fee);
  if (position === undefined || present === undefined || present.measured === null || !(present.measured > 0))
    return null;
  const moved = position.liquidity * view.config.feeTierMove.part;
  let best: TierSignal | null = null;
  for (const other of view.tiers) {
    if (other.fee === present.fee || other.measured === null || !(other.liquidity > 0)) continue;
    if (!other.state.allowed || !view.policy.allowedFees.includes(other.fee)) continue;
    const diluted = (other.measured * other.liquidity) / (other.liquidity + moved);
    const advantage = diluted / present.measured - 1;
    if (best === null || advantage > best.advantage) best = { position, present, other, advantage };
  }
  return best;
}

/** The largest working position of the tier that holds most of the working core. */
function presentPosition(view: View, working: readonly PositionView[]): PositionView | undefined {
  const worth = (fee: number): number =>
    working.filter((position) => position.fee === fee).reduce((sum, position) => sum + position.value, 0);
  const fees = view.tiers.map((tier) => tier.fee).sort((a, b) => worth(b) - worth(a));
  return working.filter((position) => position.fee === fees[0]).sort((a, b) => b.value - a.value)[0];
}

/** Since when the same tier has paid better by the margin: kept while it does, begun anew for another tier, dropped when it stops. */
export function tierMemory(view: View, found: TierSignal | null): TierMemory {
  const { memory, time } = view.state;
  if (!view.config.rules.feeTierMove || found === null) return NOTHING;
  if (!(found.advantage > view.config.feeTierMove.advantage)) return NOTHING;
  const lasting = memory.tierSignalFee === found.other.fee && memory.tierSignalSince !== null;
  return { tierSignalSince: lasting ? memory.tierSignalSince : time, tierSignalFee: found.other.fee };
}

export function feeTierMove(view: View, found: TierSignal | null, since: number | null): Verdict {
  const rule = "feeTierMove";
  const { config, state } = view;
  const settings = config.feeTierMove;
  if (!config.rules.feeTierMove) return hold(rule, "Fee-tier move is switched off.");
  if (found === null) {
    return hold(rule, "No two tiers can be compared: nothing works in range, or their fees are not measured yet.");
  }
  const { other, present, advantage } = found;
  const figures = { from: present.fee, to: other.fee, advantage };
  const compared = `The ${tierName(other.fee)} tier pays ${percent(Math.abs(advantage))} ${advantage < 0 ? "less" : "more"} than the ${tierName(present.fee)} tier after our own dilution`;
  if (since === null) {
    return hold(rule, `${compared}; ${percent(settings.advantage, 0)} more is asked.`, figures);
  }
  const lasted = state.time - since;
  const timed = { ...figures, lasted };
  if (lasted < settings.persistHours * 3600) {
    return hold(
      rule,
      `${compared}, for ${hours(lasted)} of the ${String(settings.persistHours)} h that are asked.`,
      timed,
    );
  }
  const wait = cooldownLeft(view, state.memory.lastTierMove, settings.cooldownHours);
  if (wait > 0)
    return hold(rule, `${compared}, but the last move was too recent; ${hours(wait)} to wait.`, { ...timed, wait });
  if (!other.usable) {
    return hold(rule, `${compared}, but its spot is outside the oracle's band.`, { ...timed, gap: other.gap });
  }
  if (!wideEnough(view, found.position.state, present.state.tickSpacing)) {
    const verdict = hold(rule, `${compared}, but its range may not be minted anew for now.`, timed);
    return { ...verdict, reasons: [...verdict.reasons, ...view.limited] };
  }
  const verdict = consider(view, {
    kind: "feeTierMove",
    rule,
    horizonDays: settings.horizonDays,
    build: (size) => build(view, found, size),
    memory: { ...NOTHING, lastTierMove: state.time },
  });
  const reason = { rule, text: `${compared}, for ${hours(lasted)}.`, figures: timed };
  return { ...verdict, reasons: [reason, ...verdict.reasons] };
}

/** A part of the position burned, and the same value minted in the other tier: never more than was burned. */
function build(view: View, { position, other }: TierSignal, size: number): Moves | null {
  const { config, state, nav, price } = view;
  const rest = (1 - config.feeTierMove.part) * position.value;
  const fraction = (rest < config.minPosition * nav ? 1 : config.feeTierMove.part) * size;
  const copy = alignedCopy(position.state, other.state.tickSpacing, view.policy);
  if (copy === null || !wideEnough(view, copy, other.state.tickSpacing)) return null;
  const burns = [{ index: position.state.index, fraction }];
  const range = similarRange(view, burns, other, copy) ?? copy;
  const lower = priceOfTick(range.tickLower, state);
  const upper = priceOfTick(range.tickUpper, state);
  const want = (fraction * position.value) / value({ liquidity: 1, lower, upper }, price);
  const spot = other.state.price;
  const hand = idleAfterBurns(view, burns);
  const liquidity = Math.min(want, liquidityFor(hand, lower, upper, spot));
  if (!(liquidity > 0)) return null;
  const need = amounts({ liquidity, lower, upper }, spot);
  return { ...NO_MOVES, burns, mints: mintAll(hand, [{ fee: other.fee, range, need }]).mints };
}
