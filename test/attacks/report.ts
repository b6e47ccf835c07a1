/** Outcomes as a table for people and as a document for programs. */
import type { Measured, Outcome } from "./scenario.ts";
import { passed } from "./score.ts";

export interface Worst {
  readonly name: string;
  readonly bps: number;
  readonly budgetBps: number;
}

/** A scenario that threw, so that nothing was measured. */
export interface Crash {
  readonly name: string;
  readonly error: string;
}

export interface AttackDocument {
  readonly scenarios: readonly Outcome[];
  readonly crashed: readonly Crash[];
  /** Crashed ones included. */
  readonly failed: number;
  /** The worst of all that are meant to hold: beside its budget in absolute terms, and relative to it. */
  readonly worst: {
    readonly loss?: Worst;
    readonly lossOfBudget?: Worst;
    readonly churn?: Worst;
    readonly nonKeeperLossWei: string;
  };
}

export function documentOf(outcomes: readonly Outcome[], crashed: readonly Crash[] = []): AttackDocument {
  const held = outcomes.filter((o) => o.expectedToExceed !== true);
  const loss = worst(held, (o) => o.lpLossBps);
  const keepers = held.filter((o) => o.actor === "keeper");
  const lossOfBudget = worst(keepers, partOfBudget);
  const churn = worst(held, (o) => o.churnBps);
  const wei = held.filter((o) => o.actor !== "keeper" && !o.path).map((o) => BigInt(o.lpLossWei));
  return {
    scenarios: outcomes,
    crashed,
    failed: outcomes.filter((o) => !passed(o)).length + crashed.length,
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

/** A budget of nothing is kept by no loss and by nothing else. */
function partOfBudget({ lpLossBps, budgetBps }: Outcome): number {
  if (budgetBps > 0) return lpLossBps / budgetBps;
  return lpLossBps > 0 ? Infinity : 0;
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
        `  +${p.time - first} s: ${p.plans} plan${p.plans === 1 ? "" : "s"}, loss ${p.lossBps === undefined ? "?" : figure(p.lossBps)}, charged ${figure(p.chargeBps)}, churn ${figure(p.churnBps)} bps${p.narrow ? ", narrow" : ""}\n`,
    )
    .join("");
}

/** One line of progress. */
export function lineOf(o: Outcome): string {
  const why = o.why.length > 0 ? ` (${o.why[0] ?? ""}${o.why.length > 1 ? `, and ${o.why.length - 1} more` : ""})` : "";
  return `${o.name}: loss ${figure(o.lpLossBps)} of ${figure(o.budgetBps)} bps, churn ${figure(o.churnBps)}, ${o.seconds.toFixed(1)} s${why}`;
}

export function tableOf(outcomes: readonly Outcome[]): string {
  const width = Math.max(...outcomes.map((o) => o.name.length), 10) + 2;
  const head = `${"attack".padEnd(width)}${"actor".padEnd(12)}${["profit", "LP loss", "budget", "churn", "budget"].map((x) => x.padStart(11)).join("")}  held\n`;
  const rows = outcomes.map((o) => {
    const cells = [o.attackerProfitBps, o.lpLossBps, o.budgetBps, o.churnBps, o.churnBudgetBps];
    const held = o.held ? "yes" : passed(o) ? "no, as foretold" : "NO";
    const why = !passed(o) ? o.why.map((reason) => `    ! ${reason}\n`).join("") : "";
    return `${o.name.padEnd(width)}${o.actor.padEnd(12)}${cells.map((x) => figure(x).padStart(11)).join("")}  ${held}\n    ${o.about}\n${why}`;
  });
  return `${head}${rows.join("")}bps of the vault; profit at the market's price\n`;
}

export function summaryOf(outcomes: readonly Outcome[], crashed: readonly Crash[] = []): string {
  const { failed, worst: w } = documentOf(outcomes, crashed);
  const count = outcomes.length + crashed.length;
  const of = (x: Worst | undefined): string =>
    x === undefined ? "none" : `${figure(x.bps)} bps of a budget of ${figure(x.budgetBps)} (${x.name})`;
  return [
    `${count - failed} of ${count} attacks as they should be${failed > 0 ? `, ${failed} NOT` : ""}`,
    ...crashed.map(({ name, error }) => `${name} THREW: ${error}`),
    `worst loss by anybody but a keeper at an unmoved price (moved ones are left out): ${w.nonKeeperLossWei} quote wei`,
    `worst loss: ${of(w.loss)}`,
    `nearest to its budget: ${of(w.lossOfBudget)}`,
    `worst churn: ${of(w.churn)}`,
  ].join("\n");
}

function figure(x: number): string {
  if (!Number.isFinite(x)) return String(x);
  if (x === 0) return "0";
  return Math.abs(x) < 0.001 ? x.toExponential(1) : x.toFixed(3);
}
