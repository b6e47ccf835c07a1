/**
 * A whole back-test: several strategies, each from several starts, at one pay ratio and then at others beside it. Pure but for `pause`.
 */
import type { PricePath } from "../../market/types.ts";
import { midnights, quarterName, yearName } from "../data/calendar.ts";
import type { DatedRate } from "../data/fedFunds.ts";
import { cumulativeLog, growthOf } from "../data/growth.ts";
import { type RegimeName, regimesOf } from "../data/regimes.ts";
import { type Tape, tapeOf, timeOf } from "../data/tape.ts";
import { type RunRecord, runStrategy } from "../engine/run.ts";
import type { World } from "../engine/world.ts";
import { daysBy, type RunFigures, runFigures } from "../metrics/runFigures.ts";
import { stretchFigures, type StretchFigures } from "../metrics/stretch.ts";
import type { Costs } from "../model/costs.ts";
import { dampedVariance, feeFlow } from "../model/feeFlow.ts";
import { createStrategy, type StrategyName } from "../strategies/catalogue.ts";
import { SENSITIVITY, startMarks } from "./options.ts";

export interface StudyOptions {
  readonly path: PricePath;
  readonly strategies: readonly StrategyName[];
  /** Pay ratio. */
  readonly k: number;
  readonly starts: number;
  readonly costs: Costs;
  /** Fed funds; null if unknown. */
  readonly reserve: readonly DatedRate[] | null;
  /** Awaited between runs, so that a long study can be stopped: it ends with what this throws. */
  readonly pause: () => Promise<void>;
}

/** One run for each start, in their order. */
export interface StrategyStudy {
  readonly name: StrategyName;
  readonly runs: readonly RunFigures[];
  readonly regimes: ReadonlyMap<RegimeName, readonly StretchFigures[]>;
  /** By "2018-Q1" and by "2018", in the order of time. */
  readonly quarters: ReadonlyMap<string, readonly StretchFigures[]>;
  readonly years: ReadonlyMap<string, readonly StretchFigures[]>;
  /** Runs at other pay ratios, ascending, the study's own included. */
  readonly atK: ReadonlyMap<number, readonly RunFigures[]>;
}

export interface Study {
  /** Unix seconds. */
  readonly starts: readonly number[];
  /** Fee variance over the damped variance, at the study's k. */
  readonly feeScale: number;
  /** Bars of the window by regime. */
  readonly regimeBars: ReadonlyMap<RegimeName, number>;
  readonly strategies: readonly StrategyStudy[];
}

/** @throws BacktestOptionError if the window is too short for the starts */
export async function runStudy(options: StudyOptions): Promise<Study> {
  const { path, k, costs } = options;
  const tape = tapeOf(path);
  const starts = startMarks(options.starts, tape.bars);
  const growth = growthOf(tape, costs, options.reserve);
  const riskFree = cumulativeLog(growth.reserve);
  const damped = dampedVariance(path);
  const knots = midnights(tape);
  const regimeAt = regimesOf(path);
  const own = feeFlow(tape, damped, k);
  const worldAt = (ratio: number): World => {
    const { perLiquidity } = ratio === k ? own : feeFlow(tape, damped, ratio);
    return { tape, feePerLiquidity: perLiquidity, growth, costs };
  };
  const worlds = new Map([...new Set([k, ...SENSITIVITY])].toSorted((a, b) => a - b).map((at) => [at, worldAt(at)]));

  const strategies: StrategyStudy[] = [];
  for (const name of options.strategies) {
    const atK = new Map<number, RunFigures[]>();
    let records: RunRecord[] = [];
    for (const [ratio, world] of worlds) {
      const made: RunRecord[] = [];
      for (const start of starts) {
        await options.pause();
        made.push(runStrategy(world, createStrategy(name), start, knots));
      }
      atK.set(
        ratio,
        made.map((record) => runFigures(record, tape, riskFree)),
      );
      if (ratio === k) records = made;
    }
    const by = <N extends string>(nameOf: (time: number) => N): Map<N, StretchFigures[]> =>
      grouped(records, tape, riskFree, nameOf);
    strategies.push({
      name,
      runs: atK.get(k) ?? [],
      regimes: by(regimeAt),
      quarters: by(quarterName),
      years: by(yearName),
      atK,
    });
  }
  return {
    starts: starts.map((mark) => timeOf(tape, mark)),
    feeScale: own.scale,
    regimeBars: countBars(tape, regimeAt),
    strategies,
  };
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
