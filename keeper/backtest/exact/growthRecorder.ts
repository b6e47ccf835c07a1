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
import { PayRecorder, type Way } from "../pay/payRecorder.ts";

export class GrowthRecorder {
  readonly #orientation: Orientation;
  readonly #pay = new PayRecorder();
  #ways: Way[] = [];

  constructor(orientation: Orientation) {
    this.#orientation = orientation;
  }

  /** One swap: roots of the price and the pool's counters around it. */
  swap(rootBefore: number, rootAfter: number, before: FeeGrowth, after: FeeGrowth): void {
    this.#ways.push(wayOf(rootBefore, rootAfter, before, after, this.#orientation));
  }

  /**
   * Ends a bar.
   * @param price at its close, at which fees in base are valued
   * @returns fees of a unit of liquidity, quote units
   */
  close(price: number): number {
    const fees = this.#pay.bar(this.#ways, price);
    this.#ways = [];
    return fees;
  }

  /** Of all bars that were closed. */
  profile(): FeeProfile {
    return this.#pay.profile();
  }
}

/** What a unit of whole liquidity was paid in one swap: roots of the price and the pool's counters around it. */
export function wayOf(
  rootBefore: number,
  rootAfter: number,
  before: FeeGrowth,
  after: FeeGrowth,
  orientation: Orientation,
): Way {
  const { base, quote } = feeGrowthUnits(
    wrap256(after.token0X128 - before.token0X128),
    wrap256(after.token1X128 - before.token1X128),
    orientation,
  );
  // Raw liquidity in a unit of whole liquidity.
  const raw = 1 / wholeLiquidity(1, orientation);
  return {
    low: Math.min(rootBefore, rootAfter),
    high: Math.max(rootBefore, rootAfter),
    base: base * raw,
    quote: quote * raw,
  };
}
