/**
 * Expects a float near another. Chai's own closeTo takes whole numbers only once Hardhat's matchers are loaded, which
 * happens as soon as any test of the process starts a chain.
 *
 * @param actual null and undefined fail
 */
export function expectClose(
  actual: number | null | undefined,
  expected: number,
  tolerance: number,
  what = "figure",
): void {
  if (actual === null || actual === undefined || !(Math.abs(actual - expected) <= tolerance)) {
    throw new Error(`The ${what} is ${String(actual)}, not within ${String(tolerance)} of ${String(expected)}.`);
  }
}
