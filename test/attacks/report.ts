/** Outcomes as a table for people and as a document for programs. */
import type { Measured, Outcome } from "./scenario.ts";
import { passed } from "./score.ts";

export interface Worst {
  readonly name: string;
  readonly bps: number;
  readonly budgetBps: number;
}

export interface Document {
  readonly scenarios: readonly Outcome[];
  readonly failed: number;
  /** The worst of all that are meant to hold: beside its budget in absolute terms, and relative to it. */
  readonly worst: {
    readonly loss?: Worst;
    readonly lossOfBudget?: Worst;
    readonly churn?: Worst;
    readonly nonKeeperLossWei: string;
  };
}

export function documentOf(outcomes: readonly Outcome[]): Document {
  const held = outcomes.filter((o) => o.expectedToExceed !== true);
  const loss = worst(held, (o) => o.lpLossBps);
  const keepers = held.filter((o) => o.actor === "keeper");
  const lossOfBudget = worst(keepers, (o) => o.lpLossBps / o.budgetBps);
  const churn = worst(held, (o) => o.churnBps);
  const wei = held.filter((o) => o.actor !== "keeper" && !o.path).map((o) => BigInt(o.lpLossWei));
  return {
    scenarios: outcomes,
    failed: outcomes.filter((o) => !passed(o)).length,
    worst: {
      ...(loss && { loss: { name: loss.name, bps: loss.lpLossBps, budgetBps: loss.budgetBps } }),
      ...(lossOfBudget && {
        lossOfBudget: { name: lossOfBudget.name, bps: lossOfBudget.lpLossBps, budgetBps: lossOfBudget.budgetBps },
      }),
      ...(churn && { churn: { name: churn.name, bps: churn.churnBps, budgetBps: churn.churnBudgetBps } }),
      nonKeeperLossWei: wei.reduce((most, x) => (x > most ? x : most), 0n).toString(),
    },
  };
}

function worst(list: readonly Outcome[], of: (o: Outcome) => number): Outcome | undefined {
  return list.reduce<Outcome | undefined>((most, o) => (most === undefined || of(o) > of(most) ? o : most), undefined);
}

/** Every plan of an attack, a line each. */
export function plansOf(m: Measured): string {
  const first = m.plans[0]?.time ?? 0;
  return m.plans
    .map(
      (p) =>
        `  +${p.time - first} s: ${p.plans} plan${p.plans === 1 ? "" : "s"}, loss ${p.lossBps === undefined ? "?" : number(p.lossBps)}, charged ${number(p.chargeBps)}, churn ${number(p.churnBps)} bps${p.narrow ? ", narrow" : ""}\n`,
    )
    .join("");
}

/** One line of progress. */
export function lineOf(o: Outcome): string {
  const why = o.why.length > 0 ? ` (${o.why[0] ?? ""}${o.why.length > 1 ? `, and ${o.why.length - 1} more` : ""})` : "";
  return `${o.name}: loss ${number(o.lpLossBps)} of ${number(o.budgetBps)} bps, churn ${number(o.churnBps)}, ${o.seconds.toFixed(1)} s${why}`;
}

export function tableOf(outcomes: readonly Outcome[]): string {
  const width = Math.max(...outcomes.map((o) => o.name.length), 10) + 2;
  const head = `${"attack".padEnd(width)}${"actor".padEnd(12)}${["profit", "LP loss", "budget", "churn", "budget"].map((x) => x.padStart(11)).join("")}  held\n`;
  const rows = outcomes.map((o) => {
    const cells = [o.attackerProfitBps, o.lpLossBps, o.budgetBps, o.churnBps, o.churnBudgetBps];
    const held = o.held ? "yes" : o.expectedToExceed === true ? "no, as foretold" : "NO";
    const why = !passed(o) ? o.why.map((reason) => `    ! ${reason}\n`).join("") : "";
    return `${o.name.padEnd(width)}${o.actor.padEnd(12)}${cells.map((x) => number(x).padStart(11)).join("")}  ${held}\n    ${o.about}\n${why}`;
  });
  return `${head}${rows.join("")}bps of the vault; profit at the market's price\n`;
}

export function summaryOf(outcomes: readonly Outcome[]): string {
  const { failed, worst: w } = documentOf(outcomes);
  const count = outcomes.length;
  const of = (x: Worst | undefined): string =>
    x === undefined ? "none" : `${number(x.bps)} bps of a budget of ${number(x.budgetBps)} (${x.name})`;
  return [
    `${count - failed} of ${count} attacks as they should be${failed > 0 ? `, ${failed} NOT` : ""}`,
    `worst loss by anybody but a keeper at an unmoved price: ${w.nonKeeperLossWei} quote wei`,
    `worst loss: ${of(w.loss)}`,
    `nearest to its budget: ${of(w.lossOfBudget)}`,
    `worst churn: ${of(w.churn)}`,
  ].join("\n");
}

function number(x: number): string {
  if (!Number.isFinite(x)) return String(x);
  if (x === 0) return "0";
  return Math.abs(x) < 0.001 ? x.toExponential(1) : x.toFixed(3);
}
