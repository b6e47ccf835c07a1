/**
 * Expected daily range: volatility / sqrt(365), one standard deviation of a day's log return, as a fraction of the price. (High less low
 * is about 1.6 of it.) The volatility is meant to be implied; until an option market is read it is the 30-day realised.
 */
import type { Signal } from "../strategy/types.ts";
import { DAYS_PER_YEAR, signal } from "./signal.ts";

export function expectedDailyRange(volatility: number): number {
  return volatility / Math.sqrt(DAYS_PER_YEAR);
}

/** From the volatility signal that it restates. */
export function expectedDailyRangeSignal(volatility: Signal): Signal {
  const daily = volatility.value === null ? null : expectedDailyRange(volatility.value);
  return signal("expectedDailyRange", daily, "fraction of price", "range", volatility.fresh);
}
