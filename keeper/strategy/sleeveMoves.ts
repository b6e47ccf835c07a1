/** Moves between the vault and its sleeves, and the reserve as a purse for them. */
import type { SleeveMove, SleeveState, Token } from "./types.ts";
import type { View } from "./view.ts";

/** Part of NAV under which a move is a rounding and not a move. */
const DUST = 1e-7;

/** One move, or none if it would move nothing. */
export function move(
  sleeve: Pick<SleeveState, "index">,
  token: Token,
  way: "give" | "take",
  swaps: "before" | "after",
  amount: number,
  all = false,
): SleeveMove[] {
  if (!(amount > 0)) return [];
  const one = { sleeve: sleeve.index, token, take: way === "take", afterSwaps: swaps === "after", amount };
  return [all ? { ...one, all } : one];
}

/** So much less of the amount as makes it a rounding: nothing. @param price quote units per unit */
export function withoutDust(view: View, amount: number, price: number): number {
  return Math.abs(amount) * price < DUST * view.nav ? 0 : amount;
}

/** A reserve of quote that pays out now: the largest. */
export function reserveWith(view: View): SleeveState | null {
  const usable = view.state.sleeves.filter(
    ({ kind, asset, answers, obstacle, owned }) =>
      kind === "reserve" && asset === "quote" && answers && obstacle === "none" && owned > 0,
  );
  return usable.reduce<SleeveState | null>((best, one) => (best === null || one.owned > best.owned ? one : best), null);
}

/** Takes so much from the reserve before the swaps. */
export function takeFrom(reserve: SleeveState | null, amount: number): SleeveMove[] {
  return reserve === null ? [] : move(reserve, "quote", "take", "before", amount, amount >= reserve.owned);
}
