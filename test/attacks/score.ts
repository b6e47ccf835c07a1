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
      : bps(m.tolerance, m.control) + (m.scenario.acceptedBps ?? 0)) + deleverageBudgetBps(m),
  churnBudgetBps: (m) => m.churnCapBps + (m.churnRefillBps * m.seconds) / DAY + lastInterval(m.plans),
  chargeBps: (plan) => plan.chargeBps,
};

/** What bringing debts down may cost, where a scenario says that the vault does. */
function deleverageBudgetBps(m: Measured): number {
  return m.scenario.deleverages === true ? m.deleverageCapBps + (m.deleverageRefillBps * m.seconds) / DAY : 0;
}

/** What was charged after the last plan that exposed narrow ranges: nothing could be exposed again in that time. */
function lastInterval(plans: readonly PlanRecord[]): number {
  const last = plans.findLastIndex((plan) => plan.narrow);
  return sum(plans.slice(last + 1).map((plan) => plan.churnBps));
}

/** @throws if the scenario asks for a judgement that would leave something out */
export function judge(m: Measured, seconds: number, rules: Rules = THEOREM): Outcome {
  const { scenario } = m;
  refuseSenseless(m);
  const whole = bps(m.control - m.attacked, m.control);
  const losses = m.plans.map((plan) => plan.lossBps).filter((loss) => loss !== undefined);
  const lpLossBps = scenario.path ? sum(losses.map((loss) => Math.max(0, loss))) : whole;
  const budgetBps = rules.lossBudgetBps(m);
  const churnBps = sum(m.plans.map((plan) => plan.churnBps));
  const churnBudgetBps = rules.churnBudgetBps(m);
  const why = [...m.broken];
  const byWei = scenario.actor !== "keeper" && !scenario.path;
  const exceeds = byWei ? m.control - m.attacked > allowance(m) : lpLossBps > budgetBps;
  if (exceeds) {
    why.push(
      byWei
        ? `LPs lost ${inWei(m.control - m.attacked)} quote wei, more than ${inWei(allowance(m))}`
        : `LPs lost ${lpLossBps} bps, more than ${budgetBps}`,
    );
  }
  why.push(...othersWhoLost(m, byWei, budgetBps));
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
    exceeds,
    ...(scenario.expectedToExceed === true ? { expectedToExceed: true as const } : {}),
    why,
    wholeRunLossBps: whole,
    lpLossWei: inWei(m.control - m.attacked),
    treasuryLossWei: inWei(m.treasury.control - m.treasury.attacked),
    profitWei: inWei(m.profit),
    toleranceWei: inWei(m.tolerance),
    plans: sum(m.plans.map((plan) => plan.plans)),
    chargedBps: sum(m.plans.map((plan) => plan.chargeBps)),
    operations: m.operations,
    days: m.seconds / DAY,
    refusedWith: m.refusedWith,
    figures: m.figures,
    seconds,
  };
}

/** Combinations under which a loss or a word of the scenario would silently not count. */
function refuseSenseless({ scenario, plans }: Measured): void {
  if (scenario.actor === "keeper" && scenario.acceptedBps !== undefined) {
    throw new Error(
      `"${scenario.name}" accepts a loss by a keeper, whose budget is the loss budget; drop acceptedBps.`,
    );
  }
  if (scenario.path && plans.some((plan) => plan.lossBps === undefined)) {
    throw new Error(
      `"${scenario.name}" sums what plans lost, and one was not measured; measure it, or set path to false.`,
    );
  }
}

/** What anybody but a keeper may take, exact: both runs are compared at one price, so that no rounding of bps hides wei. */
function allowance(m: Measured): bigint {
  const granted = (m.scenario.acceptedBps ?? 0) + deleverageBudgetBps(m);
  return m.tolerance + (m.control * BigInt(Math.round(granted * 1e6))) / 10_000_000_000n;
}

/** The treasury by an attack of anybody's, and whoever is no LP of the scenario's but paid the attacker's profit. */
function othersWhoLost(m: Measured, byWei: boolean, budgetBps: number): readonly string[] {
  const why: string[] = [];
  const lost = m.treasury.control - m.treasury.attacked;
  // A moved market makes other fees and other values of them in the two runs.
  if (!m.scenario.path && (byWei ? lost > allowance(m) : bps(lost, m.control) > budgetBps)) {
    why.push(`the treasury lost ${inWei(lost)} quote wei`);
  }
  const { actor, profitsHonestly } = m.scenario;
  if (byWei && (actor === "lp" || actor === "outsider") && profitsHonestly === undefined && m.profit > allowance(m)) {
    why.push(`the attacker gained ${inWei(m.profit)} quote wei, more than ${inWei(allowance(m))}`);
  }
  return why;
}

function inWei(value: bigint): string {
  return (value >> VALUE_BITS).toString();
}

/** Whether the suite is content with an outcome: it holds, or, where that was foretold, exceeds its budget and does no more. */
export function passed(outcome: Outcome): boolean {
  return outcome.expectedToExceed === true ? outcome.exceeds && outcome.why.length === 1 : outcome.held;
}

function sum(list: readonly number[]): number {
  return list.reduce((total, x) => total + x, 0);
}
