/**
 * Range shift: a position whose range the price has left, whose width has come off its target, or whose bound a trend is
 * about to take, is burned and laid out anew. Whole when it has been left, in part while it still works.
 */
import { rangeDistance } from "../../signals/rangeDistance.ts";
import { bestTier, layOut, type TierPart } from "../layout.ts";
import { expectedFees, expectedLvr } from "../outlook.ts";
import { type Moves, NO_MOVES, project } from "../project.ts";
import { consider, cooldownLeft, hold, type Verdict } from "../proposal.ts";
import { hours, percent } from "../text.ts";
import type { TickRange } from "../range.ts";
import type { BurnMove, Reason } from "../types.ts";
import { inRange, type PositionView, type View } from "../view.ts";
import { whyNoTier } from "./deploy.ts";

type Cause = "left" | "tooNarrow" | "tooWide" | "forcedWide" | "nearBound";

/** A position to be moved, and why. */
interface Stale {
  readonly position: PositionView;
  readonly cause: Cause;
  readonly reason: Reason;
}

export function rangeShift(view: View): Verdict {
  const { config, state } = view;
  if (!config.rules.rangeShift) return hold("rangeShift", "Range shift is switched off.");
  const margin = exitMargin(view);
  const stale = view.positions.map((position) => diagnose(view, position, margin)).filter((found) => found !== null);
  if (stale.length === 0) return quiet(view, margin);

  const reasons = stale.map(({ reason }) => reason);
  const wait = cooldownLeft(view, state.memory.lastRangeShift, config.rangeShift.cooldownHours);
  if (wait > 0) {
    return withReasons(
      reasons,
      hold(
        "rangeShift",
        `The last range shift was less than ${String(config.rangeShift.cooldownHours)} h ago; ${hours(wait)} to wait.`,
        { wait },
      ),
    );
  }

  const burns = stale.map(({ position, cause }) => burnOf(view, position, cause));
  const burnedValue = sumBy(stale, ({ position }, i) => position.value * (burns[i]?.fraction ?? 0));
  const budget = view.coreTarget - (view.coreValue - burnedValue);
  const parts = tierParts(view, stale, burns, budget);
  if (parts.length === 0)
    return withReasons(reasons, hold("rangeShift", `No fee tier can be used: ${whyNoTier(view)}`));

  const days = config.rangeShift.horizonDays;
  const before = project(view, NO_MOVES);
  // Widening is bought for risk: fees a unit of value fall with it, and so does LVR, which is what the width is there to
  // limit. So it is worth the LVR that it saves. All other shifts are worth the fees that they add.
  const anyLeft = stale.some(({ cause }) => cause === "left");
  const onlyWidens = stale.every(({ cause }) => cause === "tooNarrow");
  const attempt = (swapBelow: number): Verdict =>
    consider(view, {
      kind: "rangeShift",
      rule: "rangeShift",
      horizonDays: days,
      build: (size): Moves | null => {
        const moves = layOut(view, scaled(burns, size), parts, size * budget, swapBelow);
        // What still works is not given up for orders alone: it stands where they would.
        return moves !== null && (anyLeft || moves.mints.some((mint) => contains(mint, view.tick))) ? moves : null;
      },
      gain: (after) =>
        onlyWidens
          ? expectedLvr(view, before.held, days) - expectedLvr(view, after.held, days)
          : expectedFees(view, after.held, days) - expectedFees(view, before.held, days),
      memory: { lastRangeShift: state.time },
    });
  const plain = attempt(0);
  const swapBelow = swapThreshold(view, stale, budget);
  return withReasons(reasons, swapBelow > 0 ? better(view, plain, attempt(swapBelow)) : plain);
}

/** How far outside a position counts as left: patient while most of the core works elsewhere. */
function exitMargin(view: View): number {
  const { exitMargin: strict, patientMargin } = view.config.rangeShift;
  return workingValue(view) >= view.coreValue / 2 ? Math.max(strict, patientMargin) : strict;
}

/** Value of the positions that the price is in. */
function workingValue(view: View, except: readonly Stale[] = []): number {
  return view.positions
    .filter((position) => inRange(view, position) && !except.some((stale) => stale.position === position))
    .reduce((sum, position) => sum + position.value, 0);
}

function contains(range: TickRange, tick: number): boolean {
  return tick >= range.tickLower && tick < range.tickUpper;
}

/** The fill of the new ranges under which a swap is considered: so that all that works would stay under its part of the core's target. */
function swapThreshold(view: View, stale: readonly Stale[], budget: number): number {
  const { config } = view;
  // Swapping to move a range that still works would chase the trend at a price; the price's return would have done it for nothing.
  if (!config.rules.swap || !stale.some(({ cause }) => cause === "left")) return 0;
  return (config.swap.whenBelow * view.coreTarget - workingValue(view, stale)) / budget;
}

/** The plan with a swap if what the swap adds covers what it adds in cost, by the same factor as any plan; else the plain one. */
function better(view: View, plain: Verdict, withSwap: Verdict): Verdict {
  if (withSwap.accepted === null) return plain;
  if (plain.accepted === null) return withSwap;
  const cost = (withSwap.accepted.projection.charge - plain.accepted.projection.charge) * view.nav;
  const adds = withSwap.accepted.gain - plain.accepted.gain;
  return adds > Math.max(0, view.config.cost.gainOverCost * cost) ? withSwap : plain;
}

function diagnose(view: View, position: PositionView, margin: number): Stale | null {
  const { config, bearish, payRatio } = view;
  const rule = "rangeShift";
  const index = position.state.index;
  const distance = rangeDistance(position.state, view.tick);
  const name = `Position ${String(index)}`;

  if (distance < -margin) {
    const where = view.tick < position.state.tickLower ? "below" : "above";
    const text = `${name}: the price is ${where} the range by ${percent(-distance)} of its half-width (margin ${percent(margin)}).`;
    return { position, cause: "left", reason: { rule, text, figures: { index, distance } } };
  }

  const ratio = position.halfWidth / view.halfWidth;
  const figures = { index, halfWidth: position.halfWidth, target: view.halfWidth, ratio };
  if (view.volatilityKnown && ratio < 1 - config.rangeShift.widthTolerance) {
    const text = `${name}: its half-width is ${percent(ratio, 0)} of the target that volatility asks for.`;
    return { position, cause: "tooNarrow", reason: { rule, text, figures } };
  }
  if (ratio > 1 + config.rangeShift.widthTolerance && view.churnFree && isWidest(view, position)) {
    const text = `${name}: it stands at the greatest width, as the churn budget forced it to; that has room again.`;
    return { position, cause: "forcedWide", reason: { rule, text, figures } };
  }
  if (view.volatilityKnown && ratio > 1 + config.rangeShift.widthTolerance && payRatio !== null) {
    if (payRatio >= config.rangeShift.tightenPayRatio) {
      const text = `${name}: its half-width is ${percent(ratio, 0)} of the target, and fees are ${payRatio.toFixed(2)} of LVR, enough to tighten.`;
      return { position, cause: "tooWide", reason: { rule, text, figures: { ...figures, payRatio } } };
    }
  }

  if (bearish !== null && distance >= 0 && distance < config.rangeShift.nearBound) {
    const nearLower = view.tick - position.state.tickLower < position.state.tickUpper - view.tick;
    const threatened = nearLower
      ? bearish >= config.rangeShift.strongTrend
      : bearish <= 1 - config.rangeShift.strongTrend;
    if (threatened) {
      const text = `${name}: the ${nearLower ? "lower" : "upper"} bound is ${percent(distance)} of the half-width away and ${percent(bearish, 0)} of the trend's voices are bearish.`;
      return { position, cause: "nearBound", reason: { rule, text, figures: { index, distance, bearish } } };
    }
  }
  return null;
}

function isWidest(view: View, { fee, halfWidth }: PositionView): boolean {
  const spacing = view.tiers.find((tier) => tier.fee === fee)?.state.tickSpacing ?? 0;
  return halfWidth >= view.policy.maxHalfWidth - spacing;
}

/** Nothing is stale: by how much the nearest trigger was missed. */
function quiet(view: View, margin: number): Verdict {
  const { config } = view;
  const distances = view.positions.map((position) => rangeDistance(position.state, view.tick));
  const ratios = view.positions.map((position) => position.halfWidth / view.halfWidth);
  const distance = Math.min(...distances);
  const off = Math.max(...ratios.map((ratio) => Math.abs(ratio - 1)));
  const wide = ratios.some((ratio) => ratio > 1 + config.rangeShift.widthTolerance);
  const narrow = ratios.some((ratio) => ratio < 1 - config.rangeShift.widthTolerance);
  const figures = { distance, widthOff: off };
  const place =
    distance >= 0
      ? `The nearest bound is ${percent(distance)} of a half-width away`
      : `The price is ${percent(-distance)} of a half-width outside, within the margin of ${percent(margin)}`;
  let width = `widths are off their target by at most ${percent(off, 0)} of ${percent(config.rangeShift.widthTolerance, 0)}`;
  if (!view.volatilityKnown) width = "volatility is not known yet, so widths stay";
  else if (wide || narrow) {
    width = `a range is wider than its target by ${percent(off, 0)}, but it is tightened only while fees over LVR are measured at ${String(config.rangeShift.tightenPayRatio)} or more`;
  }
  const payRatio = view.payRatio === null ? {} : { payRatio: view.payRatio };
  return hold("rangeShift", `${place}; ${width}.`, { ...figures, ...payRatio });
}

function burnOf(view: View, position: PositionView, cause: Cause): BurnMove {
  const part = cause === "left" || cause === "forcedWide" ? 1 : view.config.rangeShift.part;
  const rest = (1 - part) * position.value;
  return { index: position.state.index, fraction: rest < view.config.minPosition * view.nav ? 1 : part };
}

function scaled(burns: readonly BurnMove[], size: number): BurnMove[] {
  return burns.map((burn) => ({ ...burn, fraction: burn.fraction * size }));
}

/** The new ranges go where the burned ones were, in their proportion; small parts, and those of tiers that cannot be used, go to the main tier. */
function tierParts(view: View, stale: readonly Stale[], burns: readonly BurnMove[], budget: number): TierPart[] {
  const shares = view.tiers
    .filter((tier) => tier.usable)
    .map((tier) => ({
      tier,
      value: sumBy(stale, ({ position }, i) =>
        position.fee === tier.fee ? position.value * (burns[i]?.fraction ?? 0) : 0,
      ),
    }))
    .sort((a, b) => b.value - a.value);
  const main = shares[0] !== undefined && shares[0].value > 0 ? shares[0].tier : bestTier(view, budget);
  if (main === null) return [];
  const total = sumBy(shares, (share) => share.value);
  const others = shares
    .filter(({ tier, value }) => tier !== main && value > 0)
    .map(({ tier, value }) => ({ tier, part: value / total }))
    .filter(({ part }) => part * budget >= view.config.minPosition * view.nav);
  return [{ tier: main, part: 1 - sumBy(others, (other) => other.part) }, ...others];
}

function withReasons(reasons: readonly Reason[], verdict: Verdict): Verdict {
  return { ...verdict, reasons: [...reasons, ...verdict.reasons] };
}

function sumBy<T>(list: readonly T[], of: (item: T, index: number) => number): number {
  return list.reduce((sum, item, index) => sum + of(item, index), 0);
}
