/**
 * The reserve: quote that neither the core nor the buffer needs is lent, in steps, and comes back when one of them needs it. What secures the
 * hedge's next step may be lent, too: the hedge takes it out in its own plan. Fees that
 * plans have collected are idle tokens too, so what of the harvest compounding does not use goes here; while fees are measured at LVR or more, it
 * stays for the core.
 */
import { NO_MOVES, type Moves } from "../project.ts";
import { consider, cooldownLeft, fit, hold, type Verdict } from "../proposal.ts";
import { hours, money, percent } from "../text.ts";
import type { SleeveState } from "../types.ts";
import { move, reserveWith } from "../sleeveMoves.ts";
import { mayOwn } from "../sleeveRoom.ts";
import type { View } from "../view.ts";

const RULE = "reserve";

export function reserve(view: View): Verdict {
  const { config, state, nav, payRatio } = view;
  const settings = config.reserve;
  if (!config.rules.reserve) return hold(RULE, "The reserve is switched off.");
  const sleeve = openReserve(view);
  const held = reserveWith(view);
  if (sleeve === null && held === null) return hold(RULE, "There is no reserve, or its venue does not answer.");
  const needs = needsOf(view);
  const surplus = state.idleQuote - needs;
  const account = `Of ${money(state.idleQuote)} idle quote the core and the buffer need ${money(needs)}`;
  const figures = { idle: state.idleQuote / nav, needs: needs / nav, surplus: surplus / nav };
  const wait = cooldownLeft(view, state.memory.lastReserveMove, settings.cooldownHours);

  if (surplus < -settings.least * nav && held !== null && held.owned > settings.least * nav) {
    if (wait > 0) return hold(RULE, `${account}; the last move was too recent, ${hours(wait)} to wait.`, figures);
    return takeBack(view, held, Math.min(-surplus, settings.step * nav), account, figures);
  }
  if (sleeve === null || surplus < 2 * settings.least * nav) {
    return hold(RULE, `${account}; ${holds(view, held)}, and nothing moves.`, figures);
  }
  if (payRatio !== null && payRatio >= 1) {
    const text = `${account}, and fees are ${payRatio.toFixed(2)} of LVR: the surplus waits for the core.`;
    return hold(RULE, text, { ...figures, payRatio });
  }
  if (wait > 0) return hold(RULE, `${account}; the last move was too recent, ${hours(wait)} to wait.`, figures);
  return lend(view, sleeve, Math.min(surplus, settings.step * nav), account, figures);
}

/** What lies there, also where it cannot be taken out now. */
function holds({ state }: View, paying: SleeveState | null): string {
  if (paying !== null) return `the reserve holds ${money(paying.owned)}`;
  const stuck = state.sleeves.filter(({ kind, owned }) => kind === "reserve" && owned > 0);
  const lent = stuck.reduce((sum, { owned }) => sum + owned, 0);
  const why = stuck.map(({ obstacle }) => obstacle).join(", ");
  return lent > 0 ? `the reserve holds ${money(lent)} and pays nothing out now (${why})` : "the reserve holds nothing";
}

/** Quote that is to stay idle: the buffer, and half of what the core lacks. */
function needsOf(view: View): number {
  const { config, nav } = view;
  const room = view.coreTarget - view.coreValue;
  const core = room >= config.compound.band * nav ? room / 2 : 0;
  return config.reserve.buffer * nav + core;
}

function lend(view: View, sleeve: SleeveState, amount: number, account: string, figures: Figures): Verdict {
  const { config, state, nav } = view;
  const settings = config.reserve;
  const { used, capacity } = state.budgets.turnover;
  const free = (capacity - used - settings.leaves * capacity) * nav;
  const room = mayOwn(view, sleeve) - sleeve.owned;
  const most = Math.min(amount, free, room);
  if (most < settings.least * nav) {
    const text = `${account}; the turnover budget and the reserve's cap leave room for ${money(Math.max(most, 0))}, which is not worth a plan.`;
    return hold(RULE, text, figures);
  }
  const rate = sleeve.supplyRate > 0 ? sleeve.supplyRate : settings.assumedRate;
  const verdict = consider(view, {
    kind: "sleeveMove",
    rule: RULE,
    horizonDays: settings.horizonDays,
    build: (size): Moves => ({ ...NO_MOVES, sleeveMoves: move(sleeve, "quote", "give", "before", most * size) }),
    gain: (after) => {
      const net = after.sleeves.find(({ index }) => index === sleeve.index);
      return (((net?.quote ?? 0) - sleeve.owned) * rate * settings.horizonDays) / 365;
    },
    memory: { lastReserveMove: state.time },
  });
  const text = `${account}; ${money(most)} is lent at ${percent(rate)} a year.`;
  return { ...verdict, reasons: [{ rule: RULE, text, figures }, ...verdict.reasons] };
}

function takeBack(view: View, held: SleeveState, amount: number, account: string, figures: Figures): Verdict {
  const all = amount >= held.owned;
  const fitting = fit(view, {
    rule: RULE,
    build: (size): Moves => {
      const part = Math.min(amount, held.owned) * size;
      return { ...NO_MOVES, sleeveMoves: move(held, "quote", "take", "before", part, all && size === 1) };
    },
  });
  if ("accepted" in fitting)
    return { ...fitting, reasons: [{ rule: RULE, text: `${account}.`, figures }, ...fitting.reasons] };
  const { moves, projection } = fitting;
  const text = `${account}; ${money(Math.min(amount, held.owned))} comes back from the reserve.`;
  return {
    accepted: {
      kind: "sleeveMove",
      moves,
      projection,
      cost: view.config.cost.gas,
      gain: 0,
      memory: { lastReserveMove: view.state.time },
    },
    reasons: [{ rule: RULE, text, figures }],
  };
}

type Figures = Readonly<Record<string, number>>;

/** Where quote may be lent: the reserve that pays most. */
function openReserve(view: View): SleeveState | null {
  const usable = view.state.sleeves.filter(
    ({ kind, asset, answers, allowed, sound }) =>
      kind === "reserve" && asset === "quote" && answers && allowed && sound,
  );
  return usable.reduce<SleeveState | null>(
    (best, one) => (best === null || one.supplyRate > best.supplyRate ? one : best),
    null,
  );
}
