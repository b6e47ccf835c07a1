/** What a sweep ranks by: a figure of a back-test, and which end of it is the better one. */
import type { Measure } from "../report/summary.ts";

export const OBJECTIVES = {
  netReturn: "greatest",
  cagr: "greatest",
  irr: "greatest",
  sharpe: "greatest",
  sortino: "greatest",
  calmar: "greatest",
  payRatio: "greatest",
  upCapture: "greatest",
  timeInRange: "greatest",
  maxDrawdown: "least",
  volatility: "least",
  downCapture: "least",
  turnover: "least",
} as const satisfies Partial<Record<Measure, "greatest" | "least">>;

export type Objective = keyof typeof OBJECTIVES;
export const OBJECTIVE_NAMES = Object.keys(OBJECTIVES) as [Objective, ...Objective[]];
