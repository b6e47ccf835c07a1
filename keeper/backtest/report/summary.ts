/** What a study comes to: means over the starts, as the document prints them and the text shows them. */
import { add, type Attribution, NOTHING } from "../../report/attribution.ts";
import type { RunFigures } from "../metrics/runFigures.ts";
import type { StretchFigures } from "../metrics/stretch.ts";
import { type Spread, spreadOf } from "../metrics/spread.ts";

/** The figures of a run that a mean over starts makes sense of. */
export const MEASURES = [
  "netReturn",
  "cagr",
  "irr",
  "volatility",
  "sharpe",
  "sortino",
  "maxDrawdown",
  "calmar",
  "timeInRange",
  "turnover",
  "impermanentLoss",
  "payRatio",
  "upCapture",
  "downCapture",
  "rebalances",
  "liquidations",
] as const satisfies readonly (keyof RunFigures)[];
export type Measure = (typeof MEASURES)[number];

export const ABLATION_MEASURES = [
  "netReturn",
  "cagr",
  "maxDrawdown",
  "sharpe",
  "upCapture",
  "downCapture",
  "rebalances",
] as const satisfies readonly Measure[];

export const STRETCH_MEASURES = [
  "netReturn",
  "cagr",
  "volatility",
  "sharpe",
  "sortino",
  "maxDrawdown",
] as const satisfies readonly (keyof StretchFigures)[];
export type StretchMeasure = (typeof STRETCH_MEASURES)[number];

export function spreads<M extends string>(
  runs: readonly Readonly<Record<M, number | null>>[],
  measures: readonly M[],
): Readonly<Record<M, Spread | null>> {
  return Object.fromEntries(measures.map((name) => [name, spreadOf(runs.map((run) => run[name]))])) as Record<
    M,
    Spread | null
  >;
}

/** Term by term, quote units. */
export function meanAttribution(runs: readonly Pick<StretchFigures, "attribution">[]): Attribution {
  const sum = runs.reduce((all, { attribution }) => add(all, attribution), NOTHING);
  const over = (value: number): number => value / Math.max(runs.length, 1);
  return {
    market: over(sum.market),
    fees: over(sum.fees),
    lvr: over(sum.lvr),
    hedge: over(sum.hedge),
    carry: over(sum.carry),
    gas: over(sum.gas),
    slippage: over(sum.slippage),
  };
}

/** True if the sign of the mean net return is not the same at all of the pay ratios. */
export function signDependsOnK(atK: ReadonlyMap<number, readonly RunFigures[]>): boolean {
  const signs = [...atK.values()].map((runs) => Math.sign(spreadOf(runs.map(({ netReturn }) => netReturn))?.mean ?? 0));
  return new Set(signs).size > 1;
}
