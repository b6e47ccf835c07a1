/** How signals are made, and the units of time that they share. */
import type { Signal } from "../strategy/types.ts";

/** Seconds. */
export const HOUR = 3_600;
/** Seconds. */
export const DAY = 86_400;
export const DAYS_PER_YEAR = 365;
export const HOURS_PER_YEAR = 8_760;

/** A signal that has nothing to say yet is never fresh; a value that is no number counts as nothing to say. */
export function signal(
  name: string,
  value: number | null,
  unit: string,
  weight: Signal["weight"],
  fresh: boolean,
): Signal {
  const known = value !== null && Number.isFinite(value);
  return { name, value: known ? value : null, unit, fresh: known && fresh, weight };
}
