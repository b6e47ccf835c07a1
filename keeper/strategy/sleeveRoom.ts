/** How much a sleeve may own: the chain's cap on it, as a plan must keep to it. */
import type { Amounts } from "./liquidity.ts";
import { NO_MOVES, project } from "./project.ts";
import type { SleeveState } from "./types.ts";
import type { View } from "./view.ts";

/**
 * Value of what is owned, before any debt, over NAV, both at the low end of the oracle's band, where the chain weighs. It does so after every
 * plan that gives to the sleeve what it then owns, and after every plan that borrows from it: a sleeve that a fall of NAV has brought above
 * its cap lends nothing more before some of it has come back.
 *
 * @param navLow as a projection has it
 */
export function weightOf(
  view: Pick<View, "price" | "state">,
  sleeve: SleeveState,
  net: Amounts,
  navLow: number,
): number {
  const owned = Math.max(net[sleeve.asset], 0) * (sleeve.asset === "base" ? lowPrice(view) : 1);
  return navLow > 0 ? owned / navLow : Number.POSITIVE_INFINITY;
}

/**
 * What the sleeve may own after a plan, units of its asset: its cap at the low end of the band, less a margin, since the plan runs at another
 * price and pays for its swaps.
 */
export function mayOwn(view: View, sleeve: SleeveState): number {
  const most = view.config.sleeves.capUse * sleeve.cap * Math.max(project(view, NO_MOVES).navLow, 0);
  return sleeve.asset === "base" ? most / lowPrice(view) : most;
}

function lowPrice({ price, state }: Pick<View, "price" | "state">): number {
  return price * (1 - state.priceError);
}
