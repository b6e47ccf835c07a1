/**
 * Compounding: fees and new deposits that lie idle while the core is under its target go into the ranges that work.
 */
import { amounts } from "../liquidity.ts";
import { mintAll } from "../layout.ts";
import { idleAfterBurns, type Moves, NO_MOVES } from "../project.ts";
import { consider, cooldownLeft, hold, type Verdict } from "../proposal.ts";
import { hours, money, percent } from "../text.ts";
import type { BurnMove } from "../types.ts";
import { inRange, type PositionView, type View, wideEnough } from "../view.ts";

export function compound(view: View): Verdict {
  const rule = "compound";
  const { config, state, nav } = view;
  const settings = config.compound;
  if (!config.rules.compound) return hold(rule, "Compounding is switched off.");
  const room = view.coreTarget - view.coreValue;
  if (!(room >= settings.band * nav)) {
    return hold(
      rule,
      `The core is at ${percent(view.coreValue / nav)} of NAV, less than ${percent(settings.band)} under its target of ${percent(view.coreTarget / nav)}.`,
      { room: room / nav, band: settings.band },
    );
  }
  const targets = fillable(view);
  if (targets.length === 0) {
    const verdict = hold(rule, "No range is at work that could be filled.", { room: room / nav });
    return { ...verdict, reasons: [...verdict.reasons, ...view.limited] };
  }
  const wait = cooldownLeft(view, state.memory.lastCompound, settings.cooldownHours);
  if (wait > 0) return hold(rule, `The last compounding was too recent; ${hours(wait)} to wait.`, { wait });

  const whole = build(view, targets, room);
  const least = settings.gasMultiple * config.cost.gas;
  if (!(whole.worth >= least)) {
    return hold(
      rule,
      `Fees and idle tokens could put ${money(whole.worth)} to work in the held ranges; ${money(least)} are asked (${String(settings.gasMultiple)} times the gas).`,
      { worth: whole.worth, least },
    );
  }
  const verdict = consider(view, {
    kind: "compound",
    rule,
    horizonDays: settings.horizonDays,
    build: (size) => build(view, targets, size * room).moves,
    memory: { lastCompound: state.time },
  });
  const text = `The core is at ${percent(view.coreValue / nav)} of NAV, under its target of ${percent(view.coreTarget / nav)}; ${money(whole.worth)} can go to work.`;
  return {
    ...verdict,
    reasons: [{ rule, text, figures: { room: room / nav, worth: whole.worth } }, ...verdict.reasons],
  };
}

/** Positions at work in tiers that can be used, not about to be moved for their width. */
function fillable(view: View): PositionView[] {
  return view.positions.filter(
    (position) =>
      inRange(view, position) &&
      view.tiers.some(
        (tier) => tier.fee === position.fee && tier.usable && wideEnough(view, position.state, tier.state.tickSpacing),
      ) &&
      position.halfWidth >= view.policy.minHalfWidth &&
      position.halfWidth <= view.policy.maxHalfWidth &&
      Math.abs(position.halfWidth / view.halfWidth - 1) <= view.config.rangeShift.widthTolerance,
  );
}

/** Collects the targets' fees and adds to each in proportion to its value, as far as the scarcer token goes. `worth` is in quote units. */
function build(view: View, targets: readonly PositionView[], budget: number): { moves: Moves; worth: number } {
  const burns: BurnMove[] = targets
    .filter((position) => position.fees > 0)
    .map((position) => ({ index: position.state.index, fraction: 0 }));
  const hand = idleAfterBurns(view, burns);
  const total = targets.reduce((sum, position) => sum + position.value, 0);
  const wants = targets.map((position) => {
    const spot = view.tiers.find((tier) => tier.fee === position.fee)?.state.price ?? view.price;
    const need = amounts({ ...position, liquidity: position.liquidity * (budget / total) }, spot);
    return { fee: position.fee, range: position.state, need };
  });
  const base = wants.reduce((sum, { need }) => sum + need.base, 0);
  const quote = wants.reduce((sum, { need }) => sum + need.quote, 0);
  const filled = Math.min(1, base > 0 ? hand.base / base : 1, quote > 0 ? hand.quote / quote : 1);
  const affordable = wants.map((want) => ({
    ...want,
    need: { base: want.need.base * filled, quote: want.need.quote * filled },
  }));
  return { moves: { ...NO_MOVES, burns, mints: mintAll(hand, affordable).mints }, worth: filled * budget };
}
