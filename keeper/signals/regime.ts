/**
 * Volatility regime: calm under 50 %, normal 50-80, stressed 80-120, crisis above 120, read from the 30-day realised volatility at
 * each midnight UTC, with hysteresis and a minimum stay. Unit: class, 0 calm, 1 normal, 2 stressed, 3 crisis.
 *
 * It is computed afresh from the last 60 midnights each time and remembers nothing, so that anyone with the same bars finds the same regime.
 */
import type { Signal } from "../strategy/types.ts";
import { DAY, HOUR, signal } from "./signal.ts";
import { type VarianceRun, windowVolatility } from "./realisedVolatility.ts";

/** Names by class. */
export const REGIMES = ["calm", "normal", "stressed", "crisis"] as const;

/** Volatilities between the classes. */
const BOUNDARIES = [0.5, 0.8, 1.2] as const;
/** A boundary counts as crossed when it is passed by this fraction of itself: the standard error of a 30-day estimate is about 3 % (1/sqrt(2 * 720)). */
const MARGIN = 0.05;
/** Midnights that a class is kept at least. */
const MIN_STAY = 3;
/** Midnights looked back. */
export const REGIME_MARKS = 60;
/** Hours of bars that the regime needs in its run to look back all the way. */
export const REGIME_HOURS = (30 + REGIME_MARKS + 1) * 24;

/** Class of a volatility without any memory. */
export function regimeClass(volatility: number): number {
  return BOUNDARIES.filter((boundary) => volatility >= boundary).length;
}

/** The class after a run of daily volatilities, oldest first; null for an empty run. */
export function regimeOf(volatilities: readonly number[]): number | null {
  let current: number | null = null;
  let stayed = 0;
  for (const volatility of volatilities) {
    stayed++;
    if (current === null) {
      current = regimeClass(volatility);
      stayed = MIN_STAY;
      continue;
    }
    if (stayed < MIN_STAY) continue;
    const above = BOUNDARIES[current];
    const below = BOUNDARIES[current - 1];
    const crossed =
      (above !== undefined && volatility >= above * (1 + MARGIN)) ||
      (below !== undefined && volatility < below * (1 - MARGIN));
    if (!crossed) continue;
    current = regimeClass(volatility);
    stayed = 0;
  }
  return current;
}

export function regimeSignal(time: number, run: VarianceRun): Signal {
  const volatilities: number[] = [];
  const midnight = Math.floor(time / DAY) * DAY;
  for (let mark = REGIME_MARKS - 1; mark >= 0; mark--) {
    const volatility = windowVolatility(run, midnight - mark * DAY, 30);
    if (volatility !== null) volatilities.push(volatility);
  }
  const age = time - (run.closes.at(-1) ?? Number.NEGATIVE_INFINITY);
  return signal("regime", regimeOf(volatilities), "class", "size", age <= DAY + HOUR);
}
