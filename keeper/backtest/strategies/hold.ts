/** Holds what it is given. No gas, no swap, no yield. */
import type { Strategy } from "./strategy.ts";

/** @param baseShare 0.5 for half and half in value, 1 for base alone */
export function hold(baseShare: number): Strategy {
  return { baseShare, open: () => undefined, act: () => undefined };
}
