/**
 * The gates that `layered` must pass before anybody is told that it pays (docs/backtest.md): each against the same baselines X, from the same starts,
 * at the study's pay ratio and at 1. A figure is a mean over the starts. Passed means at both pay ratios.
 */
import { HOURS_PER_YEAR } from "../../signals/signal.ts";
import type { RunRecord } from "../engine/run.ts";
import { GAS, SLIPPAGE, TERMS } from "../engine/terms.ts";
import { maxDrawdown } from "../metrics/drawdown.ts";
import { runFigures } from "../metrics/runFigures.ts";
import { spreadOf } from "../metrics/spread.ts";
import { RIVALS } from "../strategies/catalogue.ts";
import { shuffledSignals } from "./placebo.ts";
import type { Runs } from "./runs.ts";

export const GATE_NAMES = ["A", "B", "C", "D", "E", "F"] as const;
export type GateName = (typeof GATE_NAMES)[number];

export interface GateFigure {
  readonly k: number;
  /** By the names that the text uses; null where something is not defined. */
  readonly figures: Readonly<Record<string, number | null>>;
  readonly passed: boolean | null;
}

export interface Gate {
  /** What is asked, a sentence. */
  readonly asks: string;
  readonly at: readonly GateFigure[];
  /** Null for what is only shown, or was not run. */
  readonly passed: boolean | null;
}

export type Gates = Readonly<Record<GateName, Gate>>;

export interface GateOptions {
  readonly k: number;
  /** Marks. */
  readonly starts: readonly number[];
  /** 0: gate E stays open. */
  readonly placebos: number;
}

const ASKS: Readonly<Record<GateName, string>> = {
  A: "maximum drawdown at most 0.50 of the lowest in X",
  B: "over rolling windows of 12 months, drawdown at most 0.60 of the lowest in X in at least 75 % of them",
  C: "CAGR at least 3 points above that of an equal-weight X diluted with T-bills to the same drawdown",
  D: "by quarter, up-capture at least 5 points above down-capture, and down-capture at most 35 %",
  E: "placebo: at most 10 % of runs on block-shuffled signals have as high a Sharpe ratio",
  F: "shown, not judged: the twin with the same net delta, no liquidity provided and T-bills",
};

/** What `layered` and its rivals did from one start. */
interface Field {
  readonly own: RunRecord;
  readonly rivals: readonly RunRecord[];
  readonly riskFree: Float64Array;
}

export async function gatesOf(runs: Runs, options: GateOptions): Promise<Gates> {
  const at: Record<GateName, GateFigure[]> = { A: [], B: [], C: [], D: [], E: [], F: [] };
  for (const k of new Set([options.k, 1])) {
    const fields: Field[] = [];
    const twins: RunRecord[] = [];
    for (const start of options.starts) {
      const rivals: RunRecord[] = [];
      for (const name of RIVALS) rivals.push(await runs.record(name, k, start));
      fields.push({ own: await runs.record("layered", k, start), rivals, riskFree: runs.riskFree });
      twins.push(await runs.record("no-lp", k, start));
    }
    at.A.push({ k, ...wholeDrawdown(fields) });
    at.B.push({ k, ...rollingDrawdown(fields) });
    at.C.push({ k, ...againstDiluted(fields) });
    at.D.push({ k, ...captures(fields, runs) });
    at.E.push({ k, ...(await placebo(runs, k, options)) });
    at.F.push({ k, ...twin(fields, twins) });
  }
  const gate = (name: GateName): Gate => {
    const verdicts = at[name].map(({ passed }) => passed);
    const passed = verdicts.includes(null) ? null : verdicts.every((one) => one === true);
    return { asks: ASKS[name], at: at[name], passed };
  };
  return { A: gate("A"), B: gate("B"), C: gate("C"), D: gate("D"), E: gate("E"), F: gate("F") };
}

type Judged = Omit<GateFigure, "k">;

const mean = (values: readonly number[]): number | null => spreadOf(values)?.mean ?? null;
const atMost = (value: number | null, limit: number): boolean => value !== null && value <= limit;
const atLeast = (value: number | null, limit: number): boolean => value !== null && value >= limit;

function lowest(rivals: readonly RunRecord[], from?: number, to?: number): number {
  return Math.min(...rivals.map(({ nav }) => maxDrawdown(nav, from, to)));
}

function wholeDrawdown(fields: readonly Field[]): Judged {
  const own = mean(fields.map((field) => maxDrawdown(field.own.nav)));
  const rivals = mean(fields.map((field) => lowest(field.rivals)));
  const ratio = own !== null && rivals !== null && rivals > 0 ? own / rivals : null;
  return { figures: { drawdown: own, lowestInX: rivals, ratio }, passed: atMost(ratio, 0.5) };
}

/** Bars. */
const MONTH = 30 * 24;
const YEAR = 365 * 24;

/** Windows of a year, a month apart. */
function rollingDrawdown(fields: readonly Field[]): Judged {
  let [windows, good] = [0, 0];
  for (const { own, rivals } of fields) {
    for (let from = 0; from + YEAR < own.nav.length; from += MONTH) {
      windows++;
      if (maxDrawdown(own.nav, from, from + YEAR) <= 0.6 * lowest(rivals, from, from + YEAR)) good++;
    }
  }
  const share = windows > 0 ? good / windows : null;
  return { figures: { windows, share }, passed: windows === 0 ? null : atLeast(share, 0.75) };
}

function againstDiluted(fields: readonly Field[]): Judged {
  const results = fields.map((field) => {
    const drawdown = maxDrawdown(field.own.nav);
    const { nav, part } = diluted(equalWeight(field.rivals), field.riskFree, field.own.start, drawdown);
    return { own: cagr(field.own.nav), diluted: cagr(nav), part };
  });
  const [own, other] = [mean(results.map((one) => one.own)), mean(results.map((one) => one.diluted))];
  const ahead = own !== null && other !== null ? own - other : null;
  return {
    figures: { cagr: own, dilutedX: other, partInX: mean(results.map(({ part }) => part)), ahead },
    passed: atLeast(ahead, 0.03),
  };
}

/** Equal stakes at the start, each left alone. */
function equalWeight(rivals: readonly RunRecord[]): Float64Array {
  const first = rivals[0]?.nav ?? new Float64Array();
  return first.map((_, i) => rivals.reduce((sum, { nav }) => sum + (nav[i] as number) / (nav[0] as number), 0));
}

/** Steps of bisection: the part is known to a millionth. */
const STEPS = 20;

/** A series of which only a part is held, the rest in T-bills, brought back to that part every day, so that its drawdown is the one given or less. */
function diluted(
  nav: Float64Array,
  riskFree: Float64Array,
  start: number,
  drawdown: number,
): { readonly nav: Float64Array; readonly part: number } {
  const held = (part: number): Float64Array => {
    const out = new Float64Array(nav.length);
    let day = 0;
    out[0] = 1;
    for (let hour = 1; hour < out.length; hour++) {
      const own = (nav[hour] as number) / (nav[day] as number);
      const bills = Math.exp((riskFree[start + hour] as number) - (riskFree[start + day] as number));
      out[hour] = (out[day] as number) * (part * own + (1 - part) * bills);
      if (hour % 24 === 0) day = hour;
    }
    return out;
  };
  let [low, high] = [0, 1];
  if (maxDrawdown(held(1)) <= drawdown) low = 1;
  for (let step = 0; step < STEPS && low < 1; step++) {
    const middle = (low + high) / 2;
    if (maxDrawdown(held(middle)) <= drawdown) low = middle;
    else high = middle;
  }
  return { nav: held(low), part: low };
}

/** Swaps and gas, quote units. */
function tradingCosts({ terms }: RunRecord): number {
  const last = terms.length - TERMS;
  return (terms[last + GAS] as number) + (terms[last + SLIPPAGE] as number);
}

function cagr(nav: Float64Array): number {
  return ((nav.at(-1) as number) / (nav[0] as number)) ** (HOURS_PER_YEAR / (nav.length - 1)) - 1;
}

function captures(fields: readonly Field[], runs: Runs): Judged {
  const all = fields.map(({ own }) => runFigures(own, runs.tape, runs.riskFree));
  const up = spreadOf(all.map(({ upCapture }) => upCapture))?.mean ?? null;
  const down = spreadOf(all.map(({ downCapture }) => downCapture))?.mean ?? null;
  // Too much of the falls fails the gate whatever there was of the rises.
  if (up === null || down === null)
    return { figures: { up, down }, passed: down !== null && down > 0.35 ? false : null };
  return { figures: { up, down, ahead: up - down }, passed: up - down >= 0.05 && down <= 0.35 };
}

/** From the first start alone: what is asked is whether the signals' time matters, not the start's. */
async function placebo(runs: Runs, k: number, { starts, placebos }: GateOptions): Promise<Judged> {
  const start = starts[0] ?? 0;
  const sharpe = (record: RunRecord): number | null => runFigures(record, runs.tape, runs.riskFree).sharpe;
  const own = sharpe(await runs.record("layered", k, start));
  if (placebos === 0 || own === null) return { figures: { sharpe: own, placebos: 0, p: null }, passed: null };
  const others: number[] = [];
  for (let seed = 1; seed <= placebos; seed++) {
    const found = sharpe(
      await runs.variant(k, start, { signals: shuffledSignals(runs.signals, runs.tape.root, seed) }),
    );
    if (found !== null) others.push(found);
  }
  // The run itself counts among the possible orders, so that p is never 0.
  const p = (1 + others.filter((one) => one >= own).length) / (1 + others.length);
  return { figures: { sharpe: own, placebos: others.length, meanPlacebo: mean(others), p }, passed: p <= 0.1 };
}

function twin(fields: readonly Field[], twins: readonly RunRecord[]): Judged {
  return {
    figures: {
      cagr: mean(fields.map(({ own }) => cagr(own.nav))),
      twinCagr: mean(twins.map(({ nav }) => cagr(nav))),
      drawdown: mean(fields.map(({ own }) => maxDrawdown(own.nav))),
      twinDrawdown: mean(twins.map(({ nav }) => maxDrawdown(nav))),
      // What is left between the two is what providing liquidity was worth and what following the same delta cost each.
      costs: mean(fields.map(({ own }) => tradingCosts(own))),
      twinCosts: mean(twins.map(tradingCosts)),
    },
    passed: null,
  };
}
