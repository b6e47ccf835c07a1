/**
 * Launch activity: how far the number of pools that were opened on the last whole day stands from the days before it, in their own standard
 * deviations,
 *   z = (n - mean) / sd,   mean and sample standard deviation of the 30 days before, of which 14 must have been counted.
 *
 * The series comes from outside (a factory's PoolCreated events, counted by day UTC). Without it, or where the days before were all alike, there
 * is no value. A day that nobody counted is missing and not zero, and the day under way does not count.
 */
import type { LaunchDay, Signal } from "../strategy/types.ts";
import { DAY, HOUR, signal } from "./signal.ts";

/** Days. */
const WINDOW = 30;
const LEAST_DAYS = 14;
/** Seconds for which the day before may still be uncounted after midnight. */
const GRACE = 6 * HOUR;

/** The score of the last whole day, and when that day ended; null without enough past. */
export function launchScore(days: readonly LaunchDay[], time: number): { score: number; end: number } | null {
  const whole = days.filter(({ day }) => day + DAY <= time);
  const last = whole.reduce<LaunchDay | null>(
    (latest, one) => (latest === null || one.day > latest.day ? one : latest),
    null,
  );
  if (last === null) return null;
  const before = whole.filter(({ day }) => day < last.day && day >= last.day - WINDOW * DAY).map(({ pools }) => pools);
  if (before.length < LEAST_DAYS) return null;
  const mean = before.reduce((sum, n) => sum + n, 0) / before.length;
  const variance = before.reduce((sum, n) => sum + (n - mean) ** 2, 0) / (before.length - 1);
  return variance > 0 ? { score: (last.pools - mean) / Math.sqrt(variance), end: last.day + DAY } : null;
}

/** `launchActivity`. Fresh while the last day that was counted is yesterday. */
export function launchActivitySignal(time: number, days: readonly LaunchDay[] = []): Signal {
  const found = launchScore(days, time);
  const fresh = found !== null && time - found.end < DAY + GRACE;
  return signal("launchActivity", found?.score ?? null, "standard deviations", "size", fresh);
}
