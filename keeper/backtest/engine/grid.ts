/**
 * The ticks on which a pool lets ranges begin and end. A back-test of a pool opens its ranges there in both engines; without a grid every price
 * is a bound, which is right where no pool is meant.
 */
import { type Orientation, priceFromTick, tickFromPrice, type TickRange } from "../../chain/prices.ts";
import { MAX_TICK } from "../../chain/tickMath.ts";

export interface Grid {
  /** Ticks from one usable tick to the next. */
  readonly spacing: number;
  readonly orientation: Orientation;
}

/** Ticks that a price may lie beside a usable tick and still count as on it: floats of one price differ by less. */
const SAME = 1e-9;

/**
 * The usable range nearest to one that is wanted. One that begins (ends) at the price, or beyond it, takes one token only, and still does:
 * its bound is moved away from the price, never across it.
 * @param lower Pa, 0 for the lowest. @param upper Pb, Infinity for the highest
 * @param price of the pool, quote units per base unit
 * @returns oriented ticks, at least one spacing apart
 */
export function usableRange(grid: Grid, lower: number, upper: number, price: number): TickRange {
  const { spacing, orientation } = grid;
  const most = Math.floor(MAX_TICK / spacing);
  const at = (bound: number): number =>
    bound > 0 && Number.isFinite(bound) ? tickFromPrice(bound, orientation) / spacing : bound > 0 ? most : -most;
  const inside = (step: number): number => Math.max(-most, Math.min(most, step));
  const [low, high] = [at(lower), at(upper)];
  let from = inside(lower >= price ? Math.ceil(low - SAME) : Math.round(low));
  let to = inside(upper <= price ? Math.floor(high + SAME) : Math.round(high));
  if (from >= to) {
    // Narrower than the spacing: one spacing, on the side of the price on which it was wanted.
    if (lower >= price) to = from + 1;
    else if (upper <= price) from = to - 1;
    else [from, to] = [Math.floor(low), Math.floor(low) + 1];
  }
  return { tickLower: from * spacing, tickUpper: to * spacing };
}

/** The same as prices. */
export function usableBounds(
  grid: Grid,
  lower: number,
  upper: number,
  price: number,
): { readonly lower: number; readonly upper: number } {
  const { tickLower, tickUpper } = usableRange(grid, lower, upper, price);
  return { lower: priceFromTick(tickLower, grid.orientation), upper: priceFromTick(tickUpper, grid.orientation) };
}
