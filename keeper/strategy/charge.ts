/**
 * The float mirror of the chain's charge for a plan, so that the keeper does not propose what the chain would refuse.
 *
 * With O the oracle's price and d its error, the chain charges the greatest loss over the two ends p of [O(1-d), O(1+d)]:
 *   loss(p) = value at p of the tokens in hand after burns and before swaps
 *           - value at p of the tokens at the end - value at p of the ranges minted, sleeves net of their debts on both sides,
 * never below 0, over NAV at O(1-d) after the plan, uncollected fees aside. The loss is convex in p, so the two ends suffice, and it is never less than the loss at O itself.
 *
 * Two rules of thumb follow, for d small: minting value V into a half-width h (a logarithm) at a spot e away from p costs about
 * V e^2 / (4h), and swapping a value S costs S(d + fee).
 */
import { type Amounts, type Position, value } from "./liquidity.ts";

export interface PlanBalance {
  /** Idle tokens after burns and collects, before moves and swaps, with what sleeves stand for; whole units. */
  readonly before: Amounts;
  /** Idle tokens and sleeves at the end. */
  readonly after: Amounts;
  /** What was minted, whole liquidity. */
  readonly minted: readonly Position[];
}

/** Loss of a plan at a price, quote units; negative for a gain. */
export function lossAt(plan: PlanBalance, price: number): number {
  const { before, after, minted } = plan;
  const tokens = (before.base - after.base) * price + (before.quote - after.quote);
  return tokens - minted.reduce((sum, position) => sum + value(position, price), 0);
}

/**
 * The charge as a fraction of NAV.
 * @param error d, the half-width of the oracle's band as a fraction
 * @param navLow NAV at O(1-d) after the plan, uncollected fees aside, quote units
 */
export function planCharge(plan: PlanBalance, price: number, error: number, navLow: number): number {
  const worst = Math.max(lossAt(plan, price * (1 - error)), lossAt(plan, price * (1 + error)), 0);
  if (worst === 0) return 0;
  return navLow > 0 ? worst / navLow : Number.POSITIVE_INFINITY;
}
