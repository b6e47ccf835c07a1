/** All figures of one run. */
import { HOURS_PER_YEAR } from "../../signals/signal.ts";
import { quarterName } from "../data/calendar.ts";
import { type Tape, timeOf } from "../data/tape.ts";
import type { RunRecord } from "../engine/run.ts";
import { captureOf, type PeriodReturns } from "./capture.ts";
import { internalRate } from "./irr.ts";
import { stretchFigures, type StretchFigures } from "./stretch.ts";

export interface RunFigures extends StretchFigures {
  readonly irr: number | null;
  /** CAGR over maximum drawdown. */
  readonly calmar: number | null;
  /** Part of the bars with a range open in which the price was inside at least one; null without ranges. */
  readonly timeInRange: number | null;
  /** Value of its own swaps over its mean value, a year. */
  readonly turnover: number;
  /** V / (x0 P + y0) - 1 of what lay in ranges and idle, fees and costs left out. A memo: LVR contains it. */
  readonly impermanentLoss: number;
  /** Own fees over own LVR; differs from the model's k for whoever holds liquidity unevenly. Null without LVR. */
  readonly payRatio: number | null;
  /** By quarter, against holding the base alone. */
  readonly upCapture: number | null;
  readonly downCapture: number | null;
  readonly rebalances: number;
  readonly liquidations: number;
}

/** Hours of a quarter below which its return says too little to count. */
const LEAST_QUARTER = 30 * 24;

/** @param riskFree see stretchFigures */
export function runFigures(record: RunRecord, tape: Tape, riskFree: Float64Array): RunFigures {
  const { nav, start } = record;
  const whole = stretchFigures(record, daysOf(record), riskFree);
  const years = whole.hours / HOURS_PER_YEAR;
  const [first, last] = [nav[0] as number, nav.at(-1) as number];
  const price = (mark: number): number => tape.price[mark] as number;
  const { up, down } = captureOf(quarterReturns(record, tape));
  const { fees, lvr } = whole.attribution;
  return {
    ...whole,
    irr: internalRate([
      { days: 0, amount: -first },
      { days: whole.hours / 24, amount: last },
    ]),
    calmar: whole.maxDrawdown > 0 ? whole.cagr / whole.maxDrawdown : null,
    timeInRange: record.rangeBars > 0 ? record.activeBars / record.rangeBars : null,
    turnover: record.swapped / mean(nav) / years,
    impermanentLoss: record.index / (record.baseShare * (price(tape.bars) / price(start)) + 1 - record.baseShare) - 1,
    payRatio: lvr > 0 ? fees / lvr : null,
    upCapture: up,
    downCapture: down,
    rebalances: record.rebalances,
    liquidations: record.liquidations,
  };
}

/** Every day of a run, as indices of its knots. */
export function daysOf(record: RunRecord): readonly number[] {
  return Array.from({ length: record.knots.length - 1 }, (_, day) => day);
}

/** The run's days by the name that each belongs to, in the order of time. */
export function daysBy<N extends string>(
  record: RunRecord,
  tape: Tape,
  nameOf: (time: number) => N,
): ReadonlyMap<N, number[]> {
  const groups = new Map<N, number[]>();
  for (const day of daysOf(record)) {
    const name = nameOf(timeOf(tape, record.knots[day] as number));
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [day]);
    else group.push(day);
  }
  return groups;
}

function quarterReturns(record: RunRecord, tape: Tape): PeriodReturns[] {
  const { knots, nav, start } = record;
  const quarters = daysBy(record, tape, quarterName);
  return [...quarters.values()].flatMap((days) => {
    const [from, to] = [knots[days[0] as number] as number, knots[(days.at(-1) as number) + 1] as number];
    if (to - from < LEAST_QUARTER) return [];
    const growth = (values: Float64Array, offset: number): number =>
      (values[to - offset] as number) / (values[from - offset] as number) - 1;
    return [{ own: growth(nav, start), benchmark: growth(tape.price, 0) }];
  });
}

function mean(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}
