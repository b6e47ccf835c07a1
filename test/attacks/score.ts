/** The theorem's bound (docs/threat-model.md), applied to what was measured. */
import { VALUE_BITS } from "../support/arithmetic.ts";
import type { Measured, Outcome, PlanRecord } from "./scenario.ts";
import { bps } from "./stage.ts";

const DAY = 86_400;
/** Charges come in 1e-18 and marks in 1e-6 bps: what their rounding can add to one plan. */
const ROUNDING_BPS = 3e-6;

/** What an attack is held against. Tests put other rules here to see the suite fail. */
export interface Rules {
  lossBudgetBps(measured: Measured): number;
  churnBudgetBps(measured: Measured): number;
  /** What a plan was charged. */
  chargeBps(plan: PlanRecord): number;
}

export const THEOREM: Rules = {
  lossBudgetBps: (m) =>
    (m.scenario.actor === "keeper"
      ? m.lossCapBps + (m.lossRefillBps * m.seconds) / DAY
      : bps(m.tolerance, m.control) + (m.scenario.acceptedBps ?? 0)) +
    (m.scenario.deleverages === true ? m.deleverageCapBps + (m.deleverageRefillBps * m.seconds) / DAY : 0),
  churnBudgetBps: (m) => m.churnCapBps + (m.churnRefillBps * m.seconds) / DAY + lastInterval(m.plans),
  chargeBps: (plan) => plan.chargeBps,
};

/** What was charged after the last plan that exposed narrow ranges: nothing could be exposed again in that time. */
function lastInterval(plans: readonly PlanRecord[]): number {
  const last = plans.findLastIndex((plan) => plan.narrow);
  return sum(plans.slice(last + 1).map((plan) => plan.churnBps));
}

export function judge(m: Measured, seconds: number, rules: Rules = THEOREM): Outcome {
  const { scenario } = m;
  const whole = bps(m.control - m.attacked, m.control);
  const losses = m.plans.map((plan) => plan.lossBps).filter((loss) => loss !== undefined);
  const lpLossBps = scenario.path ? sum(losses.map((loss) => Math.max(0, loss))) : whole;
  const budgetBps = rules.lossBudgetBps(m);
  const churnBps = sum(m.plans.map((plan) => plan.churnBps));
  const churnBudgetBps = rules.churnBudgetBps(m);
  const why = [...m.broken];
  if (lpLossBps > budgetBps) why.push(`LPs lost ${lpLossBps} bps, more than ${budgetBps}`);
  if (churnBps > churnBudgetBps) why.push(`churn of ${churnBps} bps, more than ${churnBudgetBps}`);
  if (scenario.expectedToExceed === undefined) {
    for (const plan of m.plans) {
      const charged = rules.chargeBps(plan);
      if (plan.lossBps !== undefined && plan.lossBps > charged + ROUNDING_BPS * plan.plans) {
        why.push(`a plan cost ${plan.lossBps} bps and was charged ${charged}`);
      }
    }
  }
  return {
    name: scenario.name,
    actor: scenario.actor,
    about: scenario.about,
    path: scenario.path,
    attackerProfitBps: bps(m.profit, m.control),
    lpLossBps,
    churnBps,
    budgetBps,
    churnBudgetBps,
    held: why.length === 0,
    ...(scenario.expectedToExceed === true ? { expectedToExceed: true as const } : {}),
    why,
    wholeRunLossBps: whole,
    lpLossWei: ((m.control - m.attacked) >> VALUE_BITS).toString(),
    toleranceWei: (m.tolerance >> VALUE_BITS).toString(),
    plans: sum(m.plans.map((plan) => plan.plans)),
    chargedBps: sum(m.plans.map((plan) => plan.chargeBps)),
    operations: m.operations,
    days: m.seconds / DAY,
    refusedWith: m.refusedWith,
    figures: m.figures,
    seconds,
  };
}

/** Whether the suite is content with an outcome: it holds, or, where that was foretold, exceeds its budget. */
export function passed(outcome: Outcome): boolean {
  return outcome.held !== (outcome.expectedToExceed === true);
}

function sum(list: readonly number[]): number {
  return list.reduce((total, x) => total + x, 0);
}
