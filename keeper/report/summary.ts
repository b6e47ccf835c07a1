/**
 * The result of a run over a price path: one document for programs (amounts are decimal strings in quote units, returns are
 * fractions, times ISO 8601) and one text for people.
 */
import type { PricePath } from "../market/types.ts";
import type { ActionKind, Budget, Budgets } from "../strategy/types.ts";
import { totalOf, type Attribution, type SleeveProfit } from "./attribution.ts";
import { counted, decimal, duration, grouped, isoTime, signed, signedPercent } from "./format.ts";
import type { Incidents } from "./incidents.ts";
import type { LedgerTotals } from "./ledger.ts";
import type { SleeveSteps } from "./sleeveSteps.ts";

/**
 * What a transaction of the keeper served. The opening of the first ranges is a range shift to the strategy, and counted for itself here; pokes
 * of the oracle and adoptions of the treasury's share are housekeeping.
 */
export type ActionName = ActionKind | "deploy" | "poke" | "treasurySync";

export const NO_ACTIONS: Readonly<Record<ActionName, number>> = {
  deploy: 0,
  rangeShift: 0,
  feeTierMove: 0,
  compound: 0,
  settle: 0,
  feeChange: 0,
  sleeveMove: 0,
  poke: 0,
  treasurySync: 0,
};

/** A budget of the keeper's at the end, basis points of NAV. */
export interface BudgetSummary {
  readonly usedBps: number;
  readonly capacityBps: number;
}

/** The vault's budgets in basis points, a hundredth of one exactly. */
export function budgetSummary(budgets: Budgets): Readonly<Record<keyof Budgets, BudgetSummary>> {
  const bps = (fraction: number): number => Number((fraction * 10_000).toFixed(2));
  const one = (budget: Budget): BudgetSummary => ({ usedBps: bps(budget.used), capacityBps: bps(budget.capacity) });
  return { loss: one(budgets.loss), turnover: one(budgets.turnover), churn: one(budgets.churn) };
}

/** What a run leaves, in floats. */
export interface RunResult {
  readonly chainId: number;
  readonly vault: string;
  readonly lens: string;
  readonly safe: { readonly address: string; readonly threshold: number; readonly owners: readonly string[] };
  readonly path: Omit<PricePath, "history">;
  readonly quoteSymbol: string;
  /** Transactions that were carried out, by what they served; one plan can serve more than one kind. */
  readonly actions: Readonly<Record<ActionName, number>>;
  /** Plans that were carried out. */
  readonly plans: number;
  /** Plans and fee changes that the simulation or the chain refused. */
  readonly refused: number;
  readonly ticks: number;
  /** At the end. */
  readonly budgets: Budgets;
  readonly ledger: LedgerTotals;
  readonly sharePrice: { readonly start: number; readonly end: number };
  /** Value at the end of the same value at the start, quote units. */
  readonly baselines: { readonly hold: number; readonly static: number };
  /** Fees that the static range earned are in its value; its bounds, quote units per base unit. */
  readonly staticRange: { readonly fee: number; readonly lower: number; readonly upper: number };
  /** Wall clock. */
  readonly seconds: number;
}

/** Places of an amount in the document; the chain's own quote has no more. */
const PLACES = 6;
const BASE_PLACES = 9;

/** What a sleeve made: pnl = hedge + carry, also as printed. */
export interface SleeveSummary {
  readonly pnl: string;
  readonly hedge: string;
  readonly carry: string;
  /** Of what it owes, or, where it owes nothing, of what it owns; whole units of the token. */
  readonly steps?: {
    readonly of: "debt" | "holding";
    readonly token: SleeveSteps["token"];
    readonly up: number;
    readonly down: number;
    readonly raised: string;
    readonly lowered: string;
    readonly most: string;
    readonly end: string;
  };
}

export interface SummaryDocument {
  readonly chainId: number;
  readonly vault: string;
  readonly lens: string;
  readonly safe: RunResult["safe"];
  readonly path: {
    readonly source: PricePath["source"];
    readonly seed?: number;
    readonly file?: string;
    readonly from: string;
    readonly to: string;
    /** Hours that the source has; with the filled ones it is the path's length. */
    readonly bars: number;
    readonly filledBars: number;
  };
  readonly actions: Readonly<Record<ActionName, number>>;
  readonly plans: number;
  readonly refused: number;
  readonly ticks: number;
  readonly nav: { readonly start: string; readonly end: string };
  /** Brought in by LPs less taken out during the run. */
  readonly flows: string;
  readonly sharePrice: { readonly start: string; readonly end: string };
  readonly baselines: { readonly hold: string; readonly static: string };
  readonly returns: { readonly vault: number; readonly hold: number; readonly static: number };
  readonly staticRange: { readonly fee: number; readonly lower: string; readonly upper: string };
  /** total = market + fees - lvr + hedge + carry - gas - slippage, also as printed. */
  readonly attribution: Readonly<Record<keyof Attribution | "total", string>>;
  /** What ranges and idle tokens made, before gas; with the sleeves' it is the total and gas. */
  readonly core: { readonly pnl: string };
  /** By kind; absent in a vault without sleeves. */
  readonly sleeves?: Readonly<Record<string, SleeveSummary>>;
  /** What others did to the vault's debts; absent if nothing. */
  readonly incidents?: Incidents;
  /** nav.end - nav.start - flows - gas - total, rounding: gas is the keeper's, so it is in the total and not in the NAV. */
  readonly unexplained: string;
  readonly budgets: Readonly<Record<keyof Budgets, BudgetSummary>>;
  readonly gasPaidBy: "keeper";
  readonly seconds: number;
}

export function summaryDocument(run: RunResult): SummaryDocument {
  const { path, ledger } = run;
  const sleeves = ledger.sleeves.map((one) => ({ ...one, hedge: round(one.hedge), carry: round(one.carry) }));
  const terms = rounded(ledger.terms, sleeves);
  const made = sleeves.reduce((all, one) => all + one.hedge + one.carry, 0);
  return {
    chainId: run.chainId,
    vault: run.vault,
    lens: run.lens,
    safe: run.safe,
    path: {
      source: path.source,
      ...(path.seed === undefined ? {} : { seed: path.seed }),
      ...(path.file === undefined ? {} : { file: path.file }),
      from: isoTime(path.from),
      to: isoTime(path.to),
      bars: path.bars.length - path.filledBars,
      filledBars: path.filledBars,
    },
    actions: run.actions,
    plans: run.plans,
    refused: run.refused,
    ticks: run.ticks,
    nav: { start: decimal(ledger.start, PLACES), end: decimal(ledger.end, PLACES) },
    flows: decimal(ledger.flows, PLACES),
    sharePrice: { start: decimal(run.sharePrice.start, 9), end: decimal(run.sharePrice.end, 9) },
    baselines: { hold: decimal(run.baselines.hold, PLACES), static: decimal(run.baselines.static, PLACES) },
    returns: returnsOf(run),
    staticRange: {
      fee: run.staticRange.fee,
      lower: decimal(run.staticRange.lower, PLACES),
      upper: decimal(run.staticRange.upper, PLACES),
    },
    attribution: {
      market: decimal(terms.market, PLACES),
      fees: decimal(terms.fees, PLACES),
      lvr: decimal(terms.lvr, PLACES),
      hedge: decimal(terms.hedge, PLACES),
      carry: decimal(terms.carry, PLACES),
      gas: decimal(terms.gas, PLACES),
      slippage: decimal(terms.slippage, PLACES),
      total: decimal(totalOf(terms), PLACES),
    },
    core: { pnl: decimal(totalOf(terms) + terms.gas - made, PLACES) },
    ...(sleeves.length === 0
      ? {}
      : {
          sleeves: Object.fromEntries(sleeves.map((one) => [one.kind, { ...profit(one), ...stepsDocument(run, one) }])),
        }),
    ...(happened(ledger.incidents) ? { incidents: ledger.incidents } : {}),
    unexplained: decimal(ledger.end - ledger.start - ledger.flows - terms.gas - totalOf(terms), PLACES),
    budgets: budgetSummary(run.budgets),
    gasPaidBy: "keeper",
    seconds: Number(run.seconds.toFixed(3)),
  };
}

function happened({ liquidations, deleverages, unwinds }: Incidents): boolean {
  return liquidations + deleverages + unwinds > 0;
}

function profit({ hedge, carry }: SleeveProfit): SleeveSummary {
  return { pnl: decimal(hedge + carry, PLACES), hedge: decimal(hedge, PLACES), carry: decimal(carry, PLACES) };
}

function stepsDocument({ ledger }: RunResult, { index }: SleeveProfit): Pick<SleeveSummary, "steps"> {
  const found = ledger.steps.find((one) => one.index === index);
  if (found === undefined) return {};
  const { token, up, down } = found;
  const places = token === "base" ? BASE_PLACES : PLACES;
  const amount = (value: number): string => decimal(value, places);
  const [raised, lowered] = [amount(found.raised), amount(found.lowered)];
  return {
    steps: {
      of: isDebt(found) ? "debt" : "holding",
      token,
      up,
      down,
      raised,
      lowered,
      most: amount(found.most),
      end: amount(found.end),
    },
  };
}

function isDebt({ kind }: Pick<SleeveSteps, "kind">): boolean {
  return kind === "conversion" || kind === "reversal";
}

function round(value: number): number {
  return Number(value.toFixed(PLACES));
}

/** The terms as they are printed, so that the printed terms add up to the printed total, and those of the sleeves to theirs. */
function rounded(terms: Attribution, sleeves: readonly SleeveProfit[]): Attribution {
  const of = (name: "hedge" | "carry"): number =>
    sleeves.length === 0 ? round(terms[name]) : round(sleeves.reduce((all, one) => all + one[name], 0));
  return {
    market: round(terms.market),
    fees: round(terms.fees),
    lvr: round(terms.lvr),
    hedge: of("hedge"),
    carry: of("carry"),
    gas: round(terms.gas),
    slippage: round(terms.slippage),
  };
}

/** Returns over the run; the vault's is that of a share, which flows do not touch. */
export function returnsOf(run: RunResult): { readonly vault: number; readonly hold: number; readonly static: number } {
  const { start } = run.ledger;
  return {
    vault: run.sharePrice.end / run.sharePrice.start - 1,
    hold: run.baselines.hold / start - 1,
    static: run.baselines.static / start - 1,
  };
}

export function summaryText(run: RunResult): string {
  const { ledger, path, actions, quoteSymbol } = run;
  const { terms } = ledger;
  const returns = returnsOf(run);
  const amount = (value: number): string => signed(value).padStart(16);
  const row = (name: string, value: string, note = ""): string =>
    `  ${name.padEnd(14)}${value}${note === "" ? "" : `   ${note}`}`;
  const source = path.source === "file" ? (path.file ?? "file") : `generated, seed ${path.seed ?? "?"}`;
  return [
    `Strata ran ${counted(path.bars.length, "hour")} (${path.filledBars} filled) from ${isoTime(path.from)} to ${isoTime(path.to)} (${source}) in ${duration(run.seconds)}.`,
    "",
    row("NAV", `${grouped(ledger.start)} to ${grouped(ledger.end)} ${quoteSymbol}`),
    row(
      "share price",
      `${run.sharePrice.start.toFixed(6)} to ${run.sharePrice.end.toFixed(6)} (${signedPercent(returns.vault)})`,
    ),
    row("holding", `${grouped(run.baselines.hold)} (${signedPercent(returns.hold)})`),
    row("static range", `${grouped(run.baselines.static)} (${signedPercent(returns.static)})`),
    "",
    row(
      "actions",
      [
        counted(actions.deploy, "deployment"),
        counted(actions.rangeShift, "range shift"),
        counted(actions.feeTierMove, "fee-tier move"),
        counted(actions.compound, "compound"),
        counted(actions.settle, "settlement"),
        counted(actions.feeChange, "fee change"),
        counted(actions.sleeveMove, "sleeve move"),
        counted(actions.poke, "poke"),
      ].join(", "),
    ),
    row("budgets", budgetsText(run.budgets)),
    ...(happened(ledger.incidents) ? [row("debts", incidentsText(ledger.incidents))] : []),
    row("plans", `${run.plans} carried out, ${run.refused} refused, ${counted(run.ticks, "tick")}`),
    "",
    `Where the profit came from, ${quoteSymbol}:`,
    row("market", amount(terms.market), "inventory times the price's changes"),
    row("fees", amount(terms.fees), "earned from swaps"),
    row("LVR", amount(-terms.lvr), "lost to arbitrage by standing in ranges"),
    row("hedge", amount(terms.hedge), "what sleeves owe and own, times the price's changes"),
    row("carry", amount(terms.carry), "interest of sleeves"),
    row("gas", amount(-terms.gas), "paid by the keeper, not by the vault"),
    row("slippage", amount(-terms.slippage), "the vault's own swaps"),
    row("total", amount(ledger.total)),
    ...ledger.sleeves
      .filter((one) => one.hedge !== 0 || one.carry !== 0)
      .map((one) => row(`  ${one.kind}`, amount(one.hedge + one.carry), `in hedge and carry${stepsText(run, one)}`)),
    ...(ledger.flows === 0 ? [] : [row("LPs' flows", amount(ledger.flows), "brought in less taken out; no profit")]),
  ].join("\n");
}

/** "; debt: 30 steps up by 140 base, 9 down by 60, 98.5 at most, 80 at the end" */
function stepsText({ ledger }: RunResult, { index }: SleeveProfit): string {
  const found = ledger.steps.find((one) => one.index === index);
  if (found === undefined) return "";
  const { up, down, raised, lowered, most, end, token } = found;
  const what = isDebt(found) ? "debt" : "holding";
  return `; ${what}: ${counted(up, "step")} up by ${grouped(raised)} ${token}, ${down} down by ${grouped(lowered)}, ${grouped(most)} at most, ${grouped(end)} at the end`;
}

/** "1 liquidation, 2 deleverages, 0 unwinds, by others" */
function incidentsText({ liquidations, deleverages, unwinds }: Incidents): string {
  const counts = [counted(liquidations, "liquidation"), counted(deleverages, "deleverage"), counted(unwinds, "unwind")];
  return `${counts.join(", ")}, by others than the keeper`;
}

/** "loss 1.2 of 50 bps, turnover ..." */
function budgetsText(budgets: Budgets): string {
  return Object.entries(budgetSummary(budgets))
    .map(([name, { usedBps, capacityBps }]) => `${name} ${usedBps.toFixed(1)} of ${capacityBps} bps`)
    .join(", ");
}
