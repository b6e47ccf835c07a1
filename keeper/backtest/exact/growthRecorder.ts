/**
 * Fee growth of a pool, bar by bar: the sum per unit of liquidity, which part of it was paid in base, and at which prices it was paid. What
 * it gives is what the fast engine is fed with.
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
  readonly #below: number[] = [];
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
   * @returns fees of a unit of liquidity, quote units, and the part of them that is base
   */
  close(price: number): { readonly fees: number; readonly baseShare: number } {
    let [base, quote] = [0, 0];
    for (const way of this.#ways) {
      base += way.base;
      quote += way.quote;
    }
    this.#addKnots(price);
    this.#ways = [];
    const fees = base * price + quote;
    return { fees, baseShare: fees > 0 ? (base * price) / fees : 0.5 };
  }

  /**
   * A swap pays evenly over its way: amount in and so its fee are proportional to the way of the root (of its inverse if base comes in, which
   * is the same for so short a way), whatever liquidity it meets. So the density of a bar is a step function with a step at each end of a way.
   */
  #addKnots(price: number): void {
    const steps: { readonly root: number; readonly density: number; readonly jump: number }[] = [];
    for (const { low, high, base, quote } of this.#ways) {
      const fees = base * price + quote;
      // Fees of a swap that did not move the price are paid at one price.
      if (high === low) steps.push({ root: low, density: 0, jump: fees });
      else {
        const density = fees / (high - low);
        steps.push({ root: low, density, jump: 0 }, { root: high, density: -density, jump: 0 });
      }
    }
    steps.sort((a, b) => a.root - b.root);
    let [density, below, at] = [0, 0, Number.NaN];
    for (const step of steps) {
      if (step.root !== at) {
        if (!Number.isNaN(at)) below += density * (step.root - at);
        at = step.root;
        this.#root.push(at);
        this.#below.push(below);
      }
      if (step.jump > 0) {
        // Two knots at one root: before and after.
        below += step.jump;
        this.#root.push(at);
        this.#below.push(below);
      }
      density += step.density;
    }
    this.#first.push(this.#root.length);
  }

  /** Of all bars that were closed. */
  profile(): FeeProfile {
    return {
      first: Int32Array.from(this.#first),
      root: Float64Array.from(this.#root),
      below: Float64Array.from(this.#below),
    };
  }
}
