/**
 * Variance of one bar from its four prices (Garman and Klass, "On the estimation of security price volatilities from historical data", 1980),
 * the practical form without the drift and the opening jump: 0.5 ln(H/L)^2 - (2 ln 2 - 1) ln(C/O)^2. Unit: per bar, not a year. Never
 * below zero, since no move from open to close is longer than from low to high.
 */
import type { Bar } from "../../market/types.ts";

export function garmanKlass({ open, high, low, close }: Bar): number {
  return 0.5 * Math.log(high / low) ** 2 - (2 * Math.LN2 - 1) * Math.log(close / open) ** 2;
}
