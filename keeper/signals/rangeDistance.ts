/**
 * How far inside its range the price stands: the logarithmic distance to the nearer bound over the range's half-width. 1
 * at the centre, 0 at a bound, negative outside (-1 means half a width beyond). Ticks are logarithms, so it is read off them.
 */
import { tickOfPrice } from "../strategy/ticks.ts";
import type { PositionState, Signal, VaultState } from "../strategy/types.ts";
import { signal } from "./signal.ts";

export function rangeDistance(range: Pick<PositionState, "tickLower" | "tickUpper">, tick: number): number {
  const halfWidth = (range.tickUpper - range.tickLower) / 2;
  return Math.min(tick - range.tickLower, range.tickUpper - tick) / halfWidth;
}

/** `rangeDistance.INDEX` for every position at the oracle's price, and `rangeDistance`, the least of them. */
export function rangeDistanceSignals(state: VaultState): Signal[] {
  const tick = state.price === null ? null : tickOfPrice(state.price, state);
  const held = state.positions.filter((position) => position.liquidity > 0);
  const distances = held.map((position) => (tick === null ? null : rangeDistance(position, tick)));
  const known = distances.filter((distance) => distance !== null);
  return [
    signal("rangeDistance", known.length > 0 ? Math.min(...known) : null, "half-widths", "range", true),
    ...held.map((position, i) =>
      signal(`rangeDistance.${String(position.index)}`, distances[i] ?? null, "half-widths", "range", true),
    ),
  ];
}
