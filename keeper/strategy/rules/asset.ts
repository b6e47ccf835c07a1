/**
 * The asset sleeve: while clearly more pools than usual are opened (signal `launchActivity`), which is when speculation runs hot, a small governed
 * part of NAV goes from idle quote or the reserve to an asset that does not move with the pair, step by step; when that is over it comes back.
 *
 * Only while the correlation of the asset's returns with the pair's is measured and negative or near zero. What is not known moves nothing:
 * the rule holds, and says what is missing.
 *
 * BACK. What an asset's venue holds cannot be told from what it would pay at once, so all of it is asked for at once and collected when it has come.
 */
import { breakEvenYears, holdingCarry, type HoldingTerms } from "../../sleeves/holding.ts";
import { NO_MOVES, type Moves } from "../project.ts";
import { cooldownLeft, fit, hold, type Fitting, type Verdict } from "../proposal.ts";
import { move, reserveWith, takeFrom } from "../sleeveMoves.ts";
import { mayOwn } from "../sleeveRoom.ts";
import { hours, money, percent } from "../text.ts";
import type { Memory, SleeveState } from "../types.ts";
import { fresh, type View } from "../view.ts";

const RULE = "asset";
const DAY = 86_400;

/** Since when a spike counts, from a threshold down to a lower one; kept as it is while activity is unknown. Nothing without the sleeve. */
export function spikeMemory(view: View): Pick<Memory, "launchesSince"> {
  const { config, state } = view;
  if (!config.rules.asset || assetOf(view) === null) return {};
  const since = state.memory.launchesSince ?? null;
  const activity = fresh(view.signals, "launchActivity");
  if (activity === null) return { launchesSince: since };
  if (since === null) return { launchesSince: activity >= config.asset.above ? state.time : null };
  const over = activity < config.asset.below && state.time - since >= config.asset.stayDays * DAY;
  return { launchesSince: over ? null : since };
}

export function asset(view: View): Verdict {
  const { config, signals, nav } = view;
  if (!config.rules.asset) return hold(RULE, "The asset sleeve is switched off.");
  const sleeve = assetOf(view);
  if (sleeve === null) return hold(RULE, "There is no asset sleeve, or its venue does not answer.");
  const holds = `the asset sleeve holds ${percent(sleeve.owned / nav)} of NAV`;
  const activity = fresh(signals, "launchActivity");
  if (activity === null) {
    return hold(RULE, `How many pools are opened a day is not known, so nothing moves; ${holds}.`);
  }
  const account = `Yesterday's new pools stand ${activity.toFixed(1)} standard deviations from the days before`;
  const figures = { activity, holds: sleeve.owned / nav };
  if ((spikeMemory(view).launchesSince ?? null) === null) {
    if (holdsSomething(view, sleeve)) return back(view, sleeve, `${account}, which is no spike`, figures);
    return hold(RULE, `${account}, which is no spike; ${holds}.`, figures);
  }
  const measured = fresh(signals, "assetCorrelation");
  const reports = fresh(signals, "assetReports") ?? 0;
  if (measured === null || reports < config.asset.leastReports) {
    const text = `${account}, but the asset's correlation with the pair is not measured yet: ${String(reports)} of ${String(config.asset.leastReports)} reports`;
    return hold(RULE, `${text}; ${holds}.`, { ...figures, reports });
  }
  const known = `${account}, and the asset's correlation with the pair is ${measured.toFixed(2)}`;
  const told = { ...figures, reports, correlation: measured };
  if (measured > config.asset.release && holdsSomething(view, sleeve)) return back(view, sleeve, known, told);
  if (measured > config.asset.correlation) {
    return hold(RULE, `${known}, above ${String(config.asset.correlation)}; ${holds}.`, told);
  }
  return shift(view, sleeve, known, told);
}

type Figures = Readonly<Record<string, number>>;

// ---- there

function shift(view: View, sleeve: SleeveState, account: string, figures: Figures): Verdict {
  const { config, nav, state } = view;
  const settings = config.asset;
  if (!sleeve.allowed) return hold(RULE, `${account}, but the policy allows no more to go there.`, figures);
  if (sleeve.obstacle === "closed") return hold(RULE, `${account}, but its venue refuses now.`, figures);
  const wait = cooldownLeft(view, state.memory.lastAssetMove ?? null, settings.cooldownHours);
  if (wait > 0) return hold(RULE, `${account}; the last move was too recent, ${hours(wait)} to wait.`, figures);
  const reserve = reserveWith(view);
  const spare = Math.max(state.idleQuote - config.reserve.buffer * nav, 0);
  const room = Math.min(settings.most * nav, mayOwn(view, sleeve)) - sleeve.owned;
  const amount = Math.min(settings.step * nav, room, spare + (reserve?.owned ?? 0));
  if (!(amount >= settings.least * nav)) {
    const text = `${account}, but its limits and what is idle or lent leave ${money(Math.max(amount, 0))}, which is not worth a plan.`;
    return hold(RULE, text, figures);
  }
  const fitting = fit(view, {
    rule: RULE,
    build: (size): Moves => ({
      ...NO_MOVES,
      sleeveMoves: [
        ...takeFrom(reserve, Math.max(amount * size - spare, 0)),
        ...move(sleeve, "quote", "give", "before", amount * size),
      ],
    }),
  });
  if ("accepted" in fitting) return withAccount(account, figures, fitting);
  const text = `${account}; ${money(amount)} goes to the asset sleeve. ${worth(view, sleeve, amount)}`;
  return accept(view, fitting, text, figures);
}

/** What it earns, and when that has paid for the way there and back, a sentence; by the model, without a hurdle: the step is for its risk. */
function worth({ config }: View, sleeve: SleeveState, amount: number): string {
  const terms: HoldingTerms = {
    rate: sleeve.supplyRate > 0 ? sleeve.supplyRate : config.asset.assumedRate,
    volatility: 0,
    correlation: 0,
    settlement: config.asset.settlementDays / 365,
    entry: 0,
    exit: 0,
  };
  const yearly = holdingCarry({ owned: amount, pending: 0 }, terms);
  const days = breakEvenYears(amount, terms, 2 * config.cost.gas) * 365;
  const pays = Number.isFinite(days) ? `, which pays for gas and settlement both ways in ${days.toFixed(0)} days` : "";
  return `At ${percent(terms.rate)} it earns ${money(yearly)} a year${pays}.`;
}

// ---- back

export function holdsSomething({ config, nav }: View, { owned }: SleeveState): boolean {
  return owned >= config.asset.least * nav;
}

/** All of it is asked back, and what has come of it collected. */
export function back(view: View, sleeve: SleeveState, account: string, figures: Figures, rule = RULE): Verdict {
  const { config, nav, state } = view;
  const settings = config.asset;
  const { obstacle, owned, pending } = sleeve;
  if (obstacle !== "none" && obstacle !== "pending") {
    return hold(rule, `${account}, but its venue pays nothing out now.`, figures);
  }
  const asked = owned - pending < settings.least * nav && obstacle === "pending";
  const patience = asked ? settings.settleHours : settings.cooldownHours;
  const wait = cooldownLeft(view, state.memory.lastAssetMove ?? null, patience);
  if (wait > 0) {
    const why = asked ? "what is there is under way" : "the last move was too recent";
    return hold(rule, `${account}; ${why}, ${hours(wait)} to wait.`, figures);
  }
  const fitting = fit(view, {
    rule,
    build: (size): Moves => ({
      ...NO_MOVES,
      sleeveMoves: move(sleeve, "quote", "take", "before", owned * size, size === 1).map((one) =>
        obstacle === "pending" ? { ...one, settlesLater: true } : one,
      ),
    }),
  });
  if ("accepted" in fitting) return withAccount(account, figures, fitting, rule);
  const how = obstacle === "pending" ? "is asked back, and what has come of it collected" : "comes back";
  return accept(view, fitting, `${account}; ${money(owned)} ${how}.`, figures, rule);
}

// ---- parts

/** The asset sleeve in quote whose venue answers. */
function assetOf(view: View): SleeveState | null {
  return (
    view.state.sleeves.find(({ kind, asset: token, answers }) => kind === "asset" && token === "quote" && answers) ??
    null
  );
}

function withAccount(account: string, figures: Figures, verdict: Verdict, rule = RULE): Verdict {
  return { ...verdict, reasons: [{ rule, text: `${account}.`, figures }, ...verdict.reasons] };
}

function accept(view: View, { moves, projection }: Fitting, text: string, figures: Figures, rule = RULE): Verdict {
  return {
    accepted: {
      kind: "sleeveMove",
      moves,
      projection,
      cost: view.config.cost.gas,
      gain: 0,
      memory: { lastAssetMove: view.state.time },
    },
    reasons: [{ rule, text, figures: { ...figures, turnover: projection.turnover, charge: projection.charge } }],
  };
}
