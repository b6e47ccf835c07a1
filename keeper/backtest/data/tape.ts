/**
 * The prices of a back-test as typed arrays. A *mark* is a moment on the hour: mark 0 is the beginning of the window, mark m the
 * close of its m-th bar, so `bars` bars lie between `bars + 1` marks and bar m leads from mark m to mark m + 1. Everything that the engine
 * holds is valued at marks; nothing is known of the way between them.
 */
import { HOUR } from "../../market/time.ts";
import type { PricePath } from "../../market/types.ts";

export interface Tape {
  readonly bars: number;
  /** Unix seconds of mark 0. */
  readonly from: number;
  /** Quote units per base unit at each mark; `bars + 1` long. */
  readonly price: Float64Array;
  /** Square roots of the prices, which is what positions are made of. */
  readonly root: Float64Array;
}

/** @param path hourly, gap-free, at least one bar */
export function tapeOf(path: Pick<PricePath, "bars" | "from">): Tape {
  const { bars, from } = path;
  const price = new Float64Array(bars.length + 1);
  // The open of the first bar is the one price that the window has at its beginning; later opens are the closes before them.
  price[0] = bars[0]?.open ?? Number.NaN;
  for (const [i, bar] of bars.entries()) price[i + 1] = bar.close;
  return { bars: bars.length, from, price, root: price.map(Math.sqrt) };
}

/** Unix seconds of a mark. */
export function timeOf(tape: Tape, mark: number): number {
  return tape.from + mark * HOUR;
}
