/**
 * Makes a fee profile (engine/feeProfile.ts) out of what was paid on each way of the price, bar by bar. Who knows the ways is somebody else:
 * a simulated pool (exact/growthRecorder.ts), events or minute bars.
 */
import type { FeeProfile } from "../engine/feeProfile.ts";

/** What a unit of liquidity was paid on the way of the price from one root to another. */
export interface Way {
  /** Roots of prices, low <= high. */
  readonly low: number;
  readonly high: number;
  /** Whole units of each token. */
  readonly base: number;
  readonly quote: number;
}

export class PayRecorder {
  readonly #first: number[] = [0];
  readonly #root: number[] = [];
  readonly #quote: number[] = [];
  readonly #base: number[] = [];

  /**
   * Adds a bar.
   * @param ways of the bar, in any order
   * @param price at its close, at which fees in base are valued
   * @returns fees of a unit of liquidity, quote units
   */
  bar(ways: readonly Way[], price: number): number {
    this.#addKnots(ways, price);
    return ways.reduce((sum, { base, quote }) => sum + base * price + quote, 0);
  }

  /** What is paid for each bit of the root, and of its inverse, changes at the ends of ways only. */
  #addKnots(ways: readonly Way[], price: number): void {
    const steps = ways.flatMap(({ low, high, base, quote }) => {
      // Fees of a way that did not move the price are paid at one price.
      if (high === low) return [{ root: low, quote: 0, base: 0, quoteAt: quote, baseAt: base * price }];
      const rates = { quote: quote / (high - low), base: (base * price) / (1 / low - 1 / high) };
      return [
        { root: low, ...rates, quoteAt: 0, baseAt: 0 },
        { root: high, quote: -rates.quote, base: -rates.base, quoteAt: 0, baseAt: 0 },
      ];
    });
    steps.sort((a, b) => a.root - b.root);
    let [quote, base, quoteRate, baseRate, at] = [0, 0, 0, 0, Number.NaN];
    const knot = (): void => {
      this.#root.push(at);
      this.#quote.push(quote);
      this.#base.push(base);
    };
    for (const step of steps) {
      if (step.root !== at) {
        if (!Number.isNaN(at)) {
          quote += quoteRate * (step.root - at);
          base += baseRate * (1 / at - 1 / step.root);
        }
        at = step.root;
        knot();
      }
      if (step.quoteAt > 0 || step.baseAt > 0) {
        // Two knots at one root: before and after.
        quote += step.quoteAt;
        base += step.baseAt;
        knot();
      }
      quoteRate += step.quote;
      baseRate += step.base;
    }
    this.#first.push(this.#root.length);
  }

  /** Of all bars that were added. */
  profile(): FeeProfile {
    return {
      first: Int32Array.from(this.#first),
      root: Float64Array.from(this.#root),
      quote: Float64Array.from(this.#quote),
      base: Float64Array.from(this.#base),
    };
  }
}
