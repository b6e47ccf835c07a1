/**
 * Positions as a structure of arrays: the closed forms of keeper/strategy/liquidity.ts on square roots of prices, without an object for each
 * answer. A test holds the two equal. Roots of a full range are 0 and Infinity.
 */
export interface Ranges {
  /** How many of the places are taken, from the first on. */
  count: number;
  /** L, whole units. */
  readonly liquidity: Float64Array;
  /** sqrt(Pa), sqrt(Pb). */
  readonly lower: Float64Array;
  readonly upper: Float64Array;
  /** What each consists of at the price of the last mark, whole units. */
  readonly base: Float64Array;
  readonly quote: Float64Array;
  /** Fees of each that are not collected, whole units; the book's totals are their sums. */
  readonly feesBase: Float64Array;
  readonly feesQuote: Float64Array;
}

/** More than a vault may hold on chain. */
export const MAX_RANGES = 16;

export function emptyRanges(): Ranges {
  const row = (): Float64Array => new Float64Array(MAX_RANGES);
  return {
    count: 0,
    liquidity: row(),
    lower: row(),
    upper: row(),
    base: row(),
    quote: row(),
    feesBase: row(),
    feesQuote: row(),
  };
}

/** @returns what brings ranges back to how they are now */
export function keepRanges(ranges: Ranges): () => void {
  const { count, liquidity, lower, upper, base, quote, feesBase, feesQuote } = ranges;
  const rows = [liquidity, lower, upper, base, quote, feesBase, feesQuote].map((row) => ({ row, kept: row.slice() }));
  return () => {
    ranges.count = count;
    for (const { row, kept } of rows) row.set(kept);
  };
}

/** The root of a price as a range sees it: no lower than its lower bound, no higher than its upper. */
export function insideRoot(root: number, lower: number, upper: number): number {
  return root < lower ? lower : root > upper ? upper : root;
}

/** @param inside of insideRoot */
export function baseAt(liquidity: number, inside: number, upper: number): number {
  return liquidity * (1 / inside - 1 / upper);
}

/** @param inside of insideRoot */
export function quoteAt(liquidity: number, inside: number, lower: number): number {
  return liquidity * (inside - lower);
}

/**
 * Part of a bar that the price spends in a range, 0 to 1, if its root went straight from one mark to the next. The realised LVR of the bar is
 * that of the same straight way, so a range that is passed in half a bar earns and loses in that half.
 */
export function partInside(before: number, after: number, lower: number, upper: number): number {
  const way = after - before;
  if (way === 0) return before >= lower && before < upper ? 1 : 0;
  return (insideRoot(after, lower, upper) - insideRoot(before, lower, upper)) / way;
}
