/** What the last plan left behind each share, and what of it is missing at the next: the charge for churn. */
import { abs, type Pair2 } from "../../arithmetic.ts";

/** The chain keeps it in 24 bits of mantissa, rounded up by less than one part in 2^23. */
const ROUNDING_BITS = 23n;

export class InventoryModel {
  #left: Pair2 = { amount0: 0n, amount1: 0n };
  #supply = 1n;

  /** What is left now is so much for so many shares. */
  leave(left: Pair2, supply: bigint): void {
    this.#left = left;
    this.#supply = supply;
  }

  /** Those to whom it belonged have gone. */
  forget(): void {
    this.leave({ amount0: 0n, amount1: 0n }, 1n);
  }

  /** What so many shares would hold, had nothing been done with it: the least and the most that the chain may count. */
  held(supply: bigint): { readonly least: Pair2; readonly most: Pair2 } {
    const least = (left: bigint): bigint => (left * supply) / this.#supply;
    // Below zero of a token that sleeves owe more of than there is: less of it is owed then.
    const most = (left: bigint): bigint => (left === 0n ? 0n : least(left) + (abs(least(left)) >> ROUNDING_BITS) + 2n);
    const { amount0, amount1 } = this.#left;
    return {
      least: { amount0: least(amount0), amount1: least(amount1) },
      most: { amount0: most(amount0), amount1: most(amount1) },
    };
  }
}
