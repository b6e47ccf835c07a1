/** The treasury's part of collected swap fees, from the pools' events: a share of each collect, rounded down. */
import { expect } from "chai";

import { INVARIANT } from "../../../contracts/invariants.ts";
import type { Pair2 } from "../../arithmetic.ts";
import type { PoolStep } from "../steps.ts";

const BPS = 10_000n;

/** Swap fees of each collect in a transaction: what was collected less the principal that was burned just before. */
export function collectedFees(steps: readonly PoolStep[]): readonly Pair2[] {
  const fees: Pair2[] = [];
  let principal: Pair2 = { amount0: 0n, amount1: 0n };
  for (const step of steps) {
    if (step.kind === "burn") principal = step;
    if (step.kind === "collect") {
      fees.push({ amount0: step.amount0 - principal.amount0, amount1: step.amount1 - principal.amount1 });
      principal = { amount0: 0n, amount1: 0n };
    }
  }
  return fees;
}

export class TreasuryModel {
  #amounts: readonly [bigint, bigint] = [0n, 0n];
  #shareBps: bigint;

  constructor(shareBps: bigint) {
    this.#shareBps = shareBps;
  }

  copy(): TreasuryModel {
    const other = new TreasuryModel(this.#shareBps);
    other.#amounts = this.#amounts;
    return other;
  }

  get book(): Pair2 & { readonly shareBps: bigint } {
    return { amount0: this.#amounts[0], amount1: this.#amounts[1], shareBps: this.#shareBps };
  }

  get shareBps(): bigint {
    return this.#shareBps;
  }

  /**
   * Fees were collected: each part rounded down, one by one or their sum, is what may be booked; never a wei more.
   *
   * @param shown what the chain shows as booked now
   */
  collected(fees: readonly Pair2[], shown: Pair2): void {
    const next: bigint[] = [];
    for (const [i, key] of (["amount0", "amount1"] as const).entries()) {
      const was = this.#amounts[i] ?? 0n;
      const least = fees.reduce((sum, fee) => sum + (fee[key] * this.#shareBps) / BPS, 0n);
      const most = (fees.reduce((sum, fee) => sum + fee[key], 0n) * this.#shareBps) / BPS;
      const booked = shown[key] - was;
      expect(
        booked >= least && booked <= most,
        `${INVARIANT.TREASURY_ONLY}: booked ${booked}, not in [${least}, ${most}]`,
      ).to.equal(true);
      next.push(shown[key]);
    }
    this.#amounts = [next[0] ?? 0n, next[1] ?? 0n];
  }

  claim(): Pair2 {
    const paid = { amount0: this.#amounts[0], amount1: this.#amounts[1] };
    this.#amounts = [0n, 0n];
    return paid;
  }

  adopt(shareBps: bigint): void {
    this.#shareBps = shareBps;
  }
}
