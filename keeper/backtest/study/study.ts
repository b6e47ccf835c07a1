/**
 * A whole back-test: several strategies, each from several starts, at one pay ratio and then at others beside it. Pure but for `pause`.
 */
import type { PricePath } from "../../market/types.ts";
import { varianceRun, windowVolatility } from "../../signals/realisedVolatility.ts";
import { quarterName, yearName } from "../data/calendar.ts";
import { type RegimeName, regimesOf } from "../data/regimes.ts";
import { type Tape, timeOf } from "../data/tape.ts";
import type { RangeSpan } from "../engine/rangeHistory.ts";
import type { RunRecord } from "../engine/run.ts";
import { bookBreakEven, type BookBreakEven } from "../metrics/breakEven.ts";
import { daysBy, type RunFigures, runFigures } from "../metrics/runFigures.ts";
import { stretchFigures, type StretchFigures } from "../metrics/stretch.ts";
import type { StrategyName } from "../strategies/catalogue.ts";
import { ablate, type Ablation } from "./ablation.ts";
import { type Gates, gatesOf } from "./gates.ts";
import type { MeasuredPay } from "../pay/measured.ts";
import { type PayRatio, SENSITIVITY, startMarks } from "./options.ts";
import { Runs, type RunsOptions } from "./runs.ts";
import { type Candidate, requirePast, walkForward, type WalkForward } from "./walkForward.ts";

export interface StudyOptions extends RunsOptions {
  readonly strategies: readonly StrategyName[];
  /** Null if and only if `measured` is given. */
  readonly k: PayRatio;
  readonly starts: number;
  /** Runs on shuffled signals for gate E; 0 leaves it open. */
  readonly placebos: number;
  /** `layered` without each of its rules in turn. */
  readonly ablation?: boolean;
  /** Candidates to choose from, quarter by quarter. */
  readonly walkForward?: readonly Candidate[];
}

/** One run for each start, in their order. */
export interface StrategyStudy {
  readonly name: StrategyName;
  readonly runs: readonly RunFigures[];
  readonly regimes: ReadonlyMap<RegimeName, readonly StretchFigures[]>;
  /** By "2018-Q1" and by "2018", in the order of time. */
  readonly quarters: ReadonlyMap<string, readonly StretchFigures[]>;
  readonly years: ReadonlyMap<string, readonly StretchFigures[]>;
  /** Runs at other pay ratios, ascending, the study's own included; empty where pay is measured. */
  readonly atK: ReadonlyMap<number, readonly RunFigures[]>;
  /** Part of the starts from which it returned more than `hold` did; null for `hold` itself. */
  readonly beatsHold: number | null;
  readonly first: FirstRun;
}

/** What is shown of the run from the first start at the study's own pay ratio. */
export interface FirstRun {
  readonly record: RunRecord;
  /** Ranges opened and closed. */
  readonly ranges: readonly RangeSpan[];
  /** Of the book at the end; null without ranges, or if the last 30 days lack bars to measure volatility by. */
  readonly breakEven: readonly BookBreakEven[] | null;
}

export interface Study {
  /** Unix seconds. */
  readonly starts: readonly number[];
  /** Fee variance over the damped variance, at the study's k; null where pay is measured. */
  readonly feeScale: number | null;
  /** What was measured; null where pay follows a model. */
  readonly measured: Pick<MeasuredPay, "payRatio" | "volatility"> | null;
  /** Realised over the last 30 days of the window, a year; null if they lack bars. */
  readonly endVolatility: number | null;
  /** Bars of the window by regime. */
  readonly regimeBars: ReadonlyMap<RegimeName, number>;
  readonly strategies: readonly StrategyStudy[];
  /** Where `layered` is among the strategies and pay follows `k`, at which gates are asked. */
  readonly gates: Gates | null;
  /** Where it was asked for. */
  readonly ablation: readonly Ablation[] | null;
  readonly walkForward: WalkForward | null;
}

/** @throws BacktestOptionError if the window is too short for the starts */
export async function runStudy(options: StudyOptions): Promise<Study> {
  const { path, k, strategies: names } = options;
  const runs = new Runs({ ...options, historyAt: options.k });
  const { tape, riskFree } = runs;
  const starts = startMarks(options.starts, tape.bars, options.measured !== undefined);
  if (options.walkForward !== undefined) requirePast(tape);
  const regimeAt = regimesOf(path);
  const ratios = k === null ? [k] : [...new Set([k, ...SENSITIVITY])].toSorted((a, b) => a - b);
  const volatility = endVolatility(path);
  const holding: number[] = [];
  for (const start of starts) holding.push(returnOf(await runs.record("hold", k, start)));

  const strategies: StrategyStudy[] = [];
  for (const name of names) {
    const atK = new Map<number, RunFigures[]>();
    let records: RunRecord[] = [];
    let figures: RunFigures[] = [];
    for (const ratio of ratios) {
      const made: RunRecord[] = [];
      for (const start of starts) made.push(await runs.record(name, ratio, start));
      const all = made.map((record) => runFigures(record, tape, riskFree));
      if (ratio !== null) atK.set(ratio, all);
      if (ratio === k) [records, figures] = [made, all];
    }
    const by = <N extends string>(nameOf: (time: number) => N): Map<N, StretchFigures[]> =>
      grouped(records, tape, riskFree, nameOf);
    const [record] = records;
    const seen = runs.history(name, k);
    // At least one start, and the study's own ratio among the ratios: unreachable, and the compiler cannot know.
    if (record === undefined) throw new Error("A study without a run; report this as a bug.");
    strategies.push({
      name,
      runs: figures,
      regimes: by(regimeAt),
      quarters: by(quarterName),
      years: by(yearName),
      atK,
      beatsHold: name === "hold" ? null : partAbove(records.map(returnOf), holding),
      first: {
        record,
        ranges: seen?.spans ?? [],
        breakEven: volatility === null || !seen?.book ? null : bookBreakEven(seen.book, volatility),
      },
    });
  }
  return {
    starts: starts.map((mark) => timeOf(tape, mark)),
    feeScale: k === null ? null : runs.feeScale(k),
    measured: options.measured ?? null,
    endVolatility: volatility,
    regimeBars: countBars(tape, regimeAt),
    strategies,
    gates:
      names.includes("layered") && k !== null ? await gatesOf(runs, { k, starts, placebos: options.placebos }) : null,
    ablation: options.ablation === true ? await ablate(runs, k, starts) : null,
    walkForward: options.walkForward === undefined ? null : await walkForward(runs, k, options.walkForward),
  };
}

/** @returns null if the last 30 days lack bars */
function endVolatility({ history, bars, to }: PricePath): number | null {
  const all = [...history, ...bars];
  return windowVolatility(varianceRun(all, to, 31 * 24), to, 30);
}

function returnOf({ nav }: RunRecord): number {
  return (nav.at(-1) ?? Number.NaN) / (nav[0] ?? Number.NaN) - 1;
}

function partAbove(values: readonly number[], others: readonly number[]): number {
  return values.filter((value, i) => value > (others[i] ?? Number.NaN)).length / values.length;
}

/** The figures of each group of days, over all runs that have such days. */
function grouped<N extends string>(
  records: readonly RunRecord[],
  tape: Tape,
  riskFree: Float64Array,
  nameOf: (time: number) => N,
): Map<N, StretchFigures[]> {
  const groups = new Map<N, StretchFigures[]>();
  for (const record of records) {
    for (const [name, days] of daysBy(record, tape, nameOf)) {
      const figures = stretchFigures(record, days, riskFree);
      const group = groups.get(name);
      if (group === undefined) groups.set(name, [figures]);
      else group.push(figures);
    }
  }
  return groups;
}

function countBars(tape: Tape, regimeAt: (time: number) => RegimeName): Map<RegimeName, number> {
  const bars = new Map<RegimeName, number>();
  for (let bar = 0; bar < tape.bars; bar++) {
    const name = regimeAt(timeOf(tape, bar));
    bars.set(name, (bars.get(name) ?? 0) + 1);
  }
  return bars;
}
