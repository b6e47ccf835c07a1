/** Two floats, no further apart than this. Hardhat's matchers, once loaded, let chai's closeTo take whole numbers only. */
export function near(actual: number, wanted: number, apart: number): void {
  if (!(Math.abs(actual - wanted) <= apart)) throw new Error(`${actual} is not within ${apart} of ${wanted}.`);
}
