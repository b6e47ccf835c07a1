/** What a study cannot say, and what to do about it: short windows and measured pay leave questions open that years at a given k answer. */
import { counted } from "../../report/format.ts";
import { LEAST_YEARLY } from "../study/options.ts";
import type { Study } from "../study/study.ts";
import type { Setting } from "./document.ts";

/** Whether figures of a year would be guesses. @param hours of the window */
export function isShort(hours: number): boolean {
  return hours < LEAST_YEARLY;
}

/** Sentences, the most important first. */
export function notesOf(study: Study, { path, k }: Pick<Setting, "path" | "k">): readonly string[] {
  const { strategies, endVolatility, starts, regimeBars } = study;
  const hours = path.bars.length;
  // A pool's file begins with the window; a price file may reach back.
  const past =
    k === null && path.history.length === 0
      ? "give --prices FILE with the 30 days before too"
      : "give prices that begin 30 days earlier";
  const notes: (string | false)[] = [
    isShort(hours) &&
      `The window has ${counted(hours, "hour")}. Returns are over the window; yearly figures (CAGR, Sharpe, Sortino, Calmar, captures) need 30 days and are left out. It shows what these hours paid, and says nothing about a strategy.`,
    k === null &&
      "The pay ratio was measured and not chosen, so there is no k and no table of results at other pay ratios.",
    k === null &&
      strategies.some(({ name }) => name === "layered") &&
      "Gates A to F are not asked here: they are asked over years at k = 0.9 and 1 (--fees lvr).",
    k === null &&
      starts.length === 1 &&
      "One start. Six of them, a week apart with 30 days for the last, need 65 days: then --starts 6.",
    endVolatility === null &&
      strategies.some(({ first }) => first.ranges.length > 0) &&
      `No break-even prices at 7, 30 and 90 days: they need the volatility of the last 30 days; ${past}.`,
    k === null &&
      (regimeBars.get("unknown") ?? 0) > 0 &&
      `Regimes are unknown where 30 days of past are missing; ${past}.`,
  ];
  return notes.filter((note) => note !== false);
}
