/** Bounds of a symmetric range. */

/**
 * +-h round a price, as everywhere in Strata (strategy/range.ts): [P / (1 + h), P (1 + h)], the same distance in logarithms on both sides, so
 * that a range opened at its centre takes both tokens in equal value.
 */
export function around(price: number, halfWidth: number): { readonly lower: number; readonly upper: number } {
  return { lower: price / (1 + halfWidth), upper: price * (1 + halfWidth) };
}
