/**
 * Walk-forward: at every quarter's beginning the configuration with the best Sharpe ratio so far is chosen, and the quarter that follows is what it is
 * judged by; the judged quarters are joined. No quarter is judged that had a say in its own choice.
 *
 * Every candidate runs through the whole window; a quarter of the chosen one is its own run's growth in that quarter. What it would cost to change
 * from one candidate's ranges to another's is not in it, so the changes are counted and shown.
 */
import { HOURS_PER_YEAR } from "../../signals/signal.ts";
import type { ConfigOverrides } from "../../strategy/config.ts";
import { quarterName } from "../data/calendar.ts";
import { type Tape, timeOf } from "../data/tape.ts";
import type { RunRecord } from "../engine/run.ts";
import { BacktestOptionError } from "../errors.ts";
import { maxDrawdown } from "../metrics/drawdown.ts";
import { sharpeRatio } from "../metrics/ratios.ts";
import { type Overfitting, overfitting } from "./overfitting.ts";
import type { PayRatio } from "./options.ts";
import type { Runs } from "./runs.ts";

export interface Candidate {
  readonly name: string;
  readonly overrides: ConfigOverrides;
}

/** Days that a choice looks back on at least. */
export const LEAST_PAST = 365;

/** What the method leaves open, a few values each way: width, hedge band, core. */
export const DEFAULT_CANDIDATES: readonly Candidate[] = [1, 1.5, 2.5].flatMap((multiple) =>
  [0.03, 0.05, 0.08].flatMap((band) =>
    [0.4, 0.6].map((target) => ({
      name: `width ${multiple}, band ${band}, core ${target}`,
      overrides: { width: { multiple }, hedge: { band }, core: { target } },
    })),
  ),
);

export interface JudgedQuarter {
  readonly quarter: string;
  readonly chosen: string;
  /** Of the chosen one over the quarter, and the mean of all candidates over it; fractions. */
  readonly netReturn: number;
  readonly meanOfAll: number;
}

export interface WalkForward {
  readonly candidates: readonly string[];
  readonly quarters: readonly JudgedQuarter[];
  /** How often the choice changed. */
  readonly changes: number;
  /** Of the joined quarters; of the candidate that was best in hindsight over the same quarters. */
  readonly joined: Joined;
  readonly hindsight: Joined & { readonly name: string };
  readonly overfitting: Overfitting;
}

export interface Joined {
  readonly netReturn: number;
  readonly cagr: number;
  readonly maxDrawdown: number;
  readonly sharpe: number | null;
}

/** @throws BacktestOptionError if the window is not longer than the past that a choice needs: asked before anything takes time */
export function requirePast(tape: Tape): void {
  if (quartersOf(tape).some(({ from }) => from >= LEAST_PAST * 24)) return;
  throw new BacktestOptionError(
    `A walk-forward chooses on ${LEAST_PAST} days and judges on the quarter after them; the window has ${Math.floor(tape.bars / 24)} days. Choose a longer window (--from, --to).`,
  );
}

/** @throws BacktestOptionError as requirePast */
export async function walkForward(
  runs: Runs,
  k: PayRatio,
  candidates: readonly Candidate[] = DEFAULT_CANDIDATES,
): Promise<WalkForward> {
  const { tape, riskFree } = runs;
  requirePast(tape);
  const quarters = quartersOf(tape);
  const first = quarters.findIndex(({ from }) => from >= LEAST_PAST * 24);
  const records: RunRecord[] = [];
  for (const { overrides } of candidates) records.push(await runs.variant(k, 0, { overrides }));
  const excess = records.map((record) => dailyExcess(record, riskFree));

  const judged: JudgedQuarter[] = [];
  const picks: number[] = [];
  for (const { name, from, to } of quarters.slice(first)) {
    const past = excess.map((days) => sharpeRatio(days.subarray(0, Math.floor(from / 24))) ?? Number.NEGATIVE_INFINITY);
    const pick = past.indexOf(Math.max(...past));
    picks.push(pick);
    const growth = records.map(({ nav }) => (nav[to] as number) / (nav[from] as number) - 1);
    judged.push({
      quarter: name,
      chosen: candidates[pick]?.name ?? "",
      netReturn: growth[pick] ?? Number.NaN,
      meanOfAll: growth.reduce((sum, one) => sum + one, 0) / growth.length,
    });
  }
  const spans = quarters.slice(first);
  const joined = join(spans, (i) => records[picks[i] ?? 0] as RunRecord, riskFree);
  const each = records.map((record) => join(spans, () => record, riskFree));
  const best = each.reduce((top, one, i) => ((one.sharpe ?? -9) > (each[top]?.sharpe ?? -9) ? i : top), 0);
  return {
    candidates: candidates.map(({ name }) => name),
    quarters: judged,
    changes: picks.filter((pick, i) => i > 0 && pick !== picks[i - 1]).length,
    joined,
    hindsight: { ...(each[best] as Joined), name: candidates[best]?.name ?? "" },
    overfitting: overfitting(excess),
  };
}

/** Marks. */
interface Span {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

/** Whole quarters and what there is of the last. */
function quartersOf(tape: Tape): Span[] {
  const spans: { name: string; from: number; to: number }[] = [];
  for (let mark = 0; mark < tape.bars; mark++) {
    const name = quarterName(timeOf(tape, mark));
    const last = spans.at(-1);
    if (last?.name === name) last.to = mark + 1;
    else spans.push({ name, from: mark, to: mark + 1 });
  }
  return spans;
}

/** Returns of whole days over the risk-free rate. */
function dailyExcess({ nav, start }: RunRecord, riskFree: Float64Array): Float64Array {
  return Float64Array.from({ length: Math.floor((nav.length - 1) / 24) }, (_, day) => {
    const [from, to] = [day * 24, (day + 1) * 24];
    const bills = Math.exp((riskFree[start + to] as number) - (riskFree[start + from] as number));
    return (nav[to] as number) / (nav[from] as number) - bills;
  });
}

function join(spans: readonly Span[], recordOf: (i: number) => RunRecord, riskFree: Float64Array): Joined {
  const values: number[] = [1];
  for (const [i, { from, to }] of spans.entries()) {
    const { nav } = recordOf(i);
    const level = values.at(-1) as number;
    for (let mark = from + 1; mark <= to; mark++) values.push((level * (nav[mark] as number)) / (nav[from] as number));
  }
  const nav = Float64Array.from(values);
  const start = spans[0]?.from ?? 0;
  const growth = nav.at(-1) as number;
  return {
    netReturn: growth - 1,
    cagr: growth ** (HOURS_PER_YEAR / (nav.length - 1)) - 1,
    maxDrawdown: maxDrawdown(nav),
    sharpe: sharpeRatio(dailyExcess({ nav, start } as RunRecord, riskFree)),
  };
}
