/**
 * Probability of back-test overfitting by combinatorially symmetric cross-validation (Bailey, Borwein, Lopez de Prado, Zhu, "The Probability of
 * Backtest Overfitting", 2017): the days are cut into an even number of blocks; for every way of calling half of them the past, the candidate
 * with the best Sharpe ratio in the past is ranked among all in the other half. The probability is how often it ends in the lower half.
 * Near 0 the best of the past stays good; near a half the choice was luck; above it, worse than luck.
 */
export interface Overfitting {
  /** Null with fewer than two candidates or too few days. */
  readonly probability: number | null;
  readonly splits: number;
  /** Mean of the chosen one's Sharpe ratio in the half that chose it and in the other one, a day's. */
  readonly inSample: number | null;
  readonly outOfSample: number | null;
}

const BLOCKS = 12;
/** Days in a block at least. */
const LEAST_BLOCK = 20;

/** @param returns daily returns of each candidate over the same days */
export function overfitting(returns: readonly Float64Array[]): Overfitting {
  const days = Math.min(...returns.map(({ length }) => length));
  const size = Math.floor(days / BLOCKS);
  if (returns.length < 2 || size < LEAST_BLOCK)
    return { probability: null, splits: 0, inSample: null, outOfSample: null };
  // Sums and sums of squares of each block, so that a split costs a handful of additions.
  const sums = returns.map((all) =>
    Array.from({ length: BLOCKS }, (_, block) => {
      let [sum, squares] = [0, 0];
      for (const value of all.subarray(block * size, (block + 1) * size)) {
        sum += value;
        squares += value * value;
      }
      return { sum, squares };
    }),
  );
  let [splits, below, inSample, outOfSample] = [0, 0, 0, 0];
  for (let mask = 0; mask < 1 << BLOCKS; mask++) {
    if (ones(mask) !== BLOCKS / 2) continue;
    const past = sums.map((blocks) => sharpe(blocks, mask, size));
    const rest = sums.map((blocks) => sharpe(blocks, ~mask, size));
    const best = past.indexOf(Math.max(...past));
    const own = rest[best] as number;
    // Its place among all, 0 for the worst and 1 for the best; half of equals count.
    const worse = rest.filter((one) => one < own).length + (rest.filter((one) => one === own).length - 1) / 2;
    if (worse / (rest.length - 1) <= 0.5) below++;
    splits++;
    inSample += past[best] as number;
    outOfSample += own;
  }
  return {
    probability: below / splits,
    splits,
    inSample: inSample / splits,
    outOfSample: outOfSample / splits,
  };
}

interface BlockSums {
  readonly sum: number;
  readonly squares: number;
}

/** Of the blocks whose bit is set. */
function sharpe(blocks: readonly BlockSums[], mask: number, size: number): number {
  let [sum, squares, count] = [0, 0, 0];
  for (const [i, block] of blocks.entries()) {
    if (((mask >> i) & 1) === 0) continue;
    sum += block.sum;
    squares += block.squares;
    count += size;
  }
  const mean = sum / count;
  const variance = squares / count - mean * mean;
  return variance > 0 ? mean / Math.sqrt(variance) : 0;
}

function ones(mask: number): number {
  let count = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) count++;
  return count;
}
