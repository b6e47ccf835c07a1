/**
 * The fee model `lvr`: over the whole period a pool pays k times what it loses to arbitrage, and within the period its pay
 * follows a *damped* variance,
 *
 *   w = (half of the hour's Garman-Klass + half of the mean of the last 24 h)^0.75 * (mean of the last 180 days)^0.25,
 *
 * because fees rise less than variance does (elasticity 0.7-0.85 measured): a crash pays badly for what it takes, a calm week well. A unit of
 * liquidity in range earns scale * w * sqrt(P) / 4 in a bar, as it would lose s^2 sqrt(P) / 4 at a variance of s^2 (arXiv 2208.06046).
 *
 * The scale is one number for the period: it makes the fees of one unit of full-range liquidity, left alone from the first mark to the last,
 * k times its realised LVR. It is the only figure here that knows the whole period; it is a constant of the world, and no strategy sees it.
 * Whoever holds other liquidity at other times ends up with another ratio than k, and that is the point: a range that is opened before storms
 * earns less than k of its losses.
 */
import type { PricePath } from "../../market/types.ts";
import type { Tape } from "../data/tape.ts";
import { garmanKlass } from "./garmanKlass.ts";

/** Bars. */
const DAY_WINDOW = 24;
const LONG_WINDOW = 180 * 24;
const HOUR_WEIGHT = 0.5;
/** Elasticity of fees to the variance of now; the rest follows the long window. */
const ELASTICITY = 0.75;

export interface FeeFlow {
  /** What a unit of liquidity earns in each bar while it is in range, quote units. */
  readonly perLiquidity: Float64Array;
  /** Fee variance over w. */
  readonly scale: number;
}

/**
 * w of each bar of the window, per bar. A window reaches back into the path's history; where there is less of it than the window is long, the
 * mean is of what there is. Bar m's w knows bars up to m and no later one.
 */
export function dampedVariance(path: Pick<PricePath, "bars" | "history">): Float64Array {
  const { bars, history } = path;
  const past = history.length;
  const sums = new Float64Array(past + bars.length + 1);
  for (const [i, bar] of history.entries()) sums[i + 1] = (sums[i] ?? 0) + garmanKlass(bar);
  const own = Float64Array.from(bars, garmanKlass);
  for (const [i, variance] of own.entries()) sums[past + i + 1] = (sums[past + i] ?? 0) + variance;
  // Running sums cancel to within rounding, which a window of filled bars may turn into less than nothing.
  const mean = (end: number, window: number): number => {
    const start = Math.max(0, end - window);
    return Math.max(0, ((sums[end] ?? 0) - (sums[start] ?? 0)) / (end - start));
  };
  return own.map((hour, i) => {
    const end = past + i + 1;
    const now = HOUR_WEIGHT * hour + (1 - HOUR_WEIGHT) * mean(end, DAY_WINDOW);
    return now ** ELASTICITY * mean(end, LONG_WINDOW) ** (1 - ELASTICITY);
  });
}

/** Realised LVR of a unit of full-range liquidity over a bar, quote units: (sqrt(P1) - sqrt(P0))^2 / sqrt(P0). */
export function fullRangeLvr(rootBefore: number, rootAfter: number): number {
  return (rootAfter - rootBefore) ** 2 / rootBefore;
}

/** Fees of the whole window at a unit of scale, and the LVR that they are held against. */
export function unitPay(tape: Tape, damped: Float64Array): { readonly fees: number; readonly lvr: number } {
  let [fees, lvr] = [0, 0];
  for (const [bar, w] of damped.entries()) {
    const [before, after] = [tape.root[bar] ?? Number.NaN, tape.root[bar + 1] ?? Number.NaN];
    fees += (w * before) / 4;
    lvr += fullRangeLvr(before, after);
  }
  return { fees, lvr };
}

/** The flow at a given scale, for whoever knows it from elsewhere. @param damped of dampedVariance */
export function flowAtScale(tape: Tape, damped: Float64Array, scale: number): FeeFlow {
  return { perLiquidity: damped.map((w, bar) => (scale * w * (tape.root[bar] ?? Number.NaN)) / 4), scale };
}

/** @param k pay ratio: fees over LVR of the whole window */
export function feeFlow(tape: Tape, damped: Float64Array, k: number): FeeFlow {
  const { fees, lvr } = unitPay(tape, damped);
  // A price that never moves pays nothing and takes nothing.
  return flowAtScale(tape, damped, fees > 0 ? (k * lvr) / fees : 0);
}
