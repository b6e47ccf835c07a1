/**
 * Fee growth of a pool, bar by bar: the sum per unit of liquidity, and at which prices and in which token it was paid. What it gives is what
 * the fast engine is fed with.
 */
import type { Orientation } from "../../chain/prices.ts";
import type { FeeGrowth } from "../../sim/tick.ts";
import { feeGrowthUnits } from "../../chain/orientation.ts";
import { wrap256 } from "../../sim/integers.ts";
import { wholeLiquidity } from "../../strategy/ticks.ts";
import type { FeeProfile } from "../engine/feeProfile.ts";

/** Growth per unit of whole liquidity on the way from one root of the price to another. */
interface Way {
  readonly low: number;
  readonly high: number;
  readonly base: number;
  readonly quote: number;
}

export class GrowthRecorder {
  readonly #orientation: Orientation;
  /** Raw liquidity in a unit of whole liquidity. */
  readonly #rawPerWhole: number;
  readonly #first: number[] = [0];
  readonly #root: number[] = [];
  readonly #quote: number[] = [];
  readonly #base: number[] = [];
  #ways: Way[] = [];

  constructor(orientation: Orientation) {
    this.#orientation = orientation;
    this.#rawPerWhole = 1 / wholeLiquidity(1, orientation);
  }

  /** One swap: roots of the price and the pool's counters around it. */
  swap(rootBefore: number, rootAfter: number, before: FeeGrowth, after: FeeGrowth): void {
    const { base, quote } = feeGrowthUnits(
      wrap256(after.token0X128 - before.token0X128),
      wrap256(after.token1X128 - before.token1X128),
      this.#orientation,
    );
    this.#ways.push({
      low: Math.min(rootBefore, rootAfter),
      high: Math.max(rootBefore, rootAfter),
      base: base * this.#rawPerWhole,
      quote: quote * this.#rawPerWhole,
    });
  }

  /**
   * Ends a bar.
   * @param price at its close, at which fees in base are valued
   * @returns fees of a unit of liquidity, quote units
   */
  close(price: number): number {
    const fees = this.#ways.reduce((sum, { base, quote }) => sum + base * price + quote, 0);
    this.#addKnots(price);
    this.#ways = [];
    return fees;
  }

  /** What is paid for each bit of the root, and of its inverse, changes at the ends of swaps only. */
  #addKnots(price: number): void {
    const steps = this.#ways.flatMap(({ low, high, base, quote }) => {
      // Fees of a swap that did not move the price are paid at one price.
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

  /** Of all bars that were closed. */
  profile(): FeeProfile {
    return {
      first: Int32Array.from(this.#first),
      root: Float64Array.from(this.#root),
      quote: Float64Array.from(this.#quote),
      base: Float64Array.from(this.#base),
    };
  }
}
