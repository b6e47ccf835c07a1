/**
 * Budgets from their definition: over any stretch of time no more than capacity + rate * time is charged. Every window of the
 * run is added up; the chain's bucket is not imitated for that. Charges are parts of NAV in 1e-24, rates bps a day.
 */
import { expect } from "chai";

import { divUp, max, min } from "../../arithmetic.ts";

export const PART = 10n ** 24n;
const PART_PER_BPS = PART / 10_000n;
const LEVEL_PER_BPS = 10n ** 8n;
const DAY = 86_400n;

interface Charge {
  readonly at: number;
  readonly part: bigint;
  /** bps a day: the greatest rate in force since the charge before. */
  readonly rate: bigint;
}

export class WindowBudget {
  readonly #invariant: string;
  readonly #charges: Charge[] = [];
  #greatestRate: bigint;
  #widest = 0;

  constructor(invariant: string, rate: bigint) {
    this.#invariant = invariant;
    this.#greatestRate = rate;
  }

  /** Those whose money it was have gone; a new life of the vault has a new budget. */
  restart(): void {
    this.#charges.length = 0;
  }

  /** A rate came into force. */
  rateSet(rate: bigint): void {
    this.#greatestRate = max(this.#greatestRate, rate);
  }

  /** Adds a charge and looks at every window that ends with it. @param rate in force now; both in bps */
  charge(at: number, part: bigint, capacity: bigint, rate: bigint): void {
    this.#charges.push({ at, part, rate: this.#greatestRate });
    this.#greatestRate = rate;
    // A plan that is charged nothing may come at any level, for example after a lowered cap.
    if (part === 0n) return;
    let sum = 0n;
    let refill = 0n;
    let later: Charge | undefined;
    for (let i = this.#charges.length - 1; i >= 0; i--) {
      const charge = this.#charges[i];
      if (charge === undefined) break;
      if (later !== undefined) refill += BigInt(later.at - charge.at) * later.rate * PART_PER_BPS;
      sum += charge.part;
      const room = capacity * PART_PER_BPS * DAY + refill;
      expect(
        sum * DAY <= room,
        `${this.#invariant}: ${at - charge.at} s hold ${sum} of ${room / DAY} 1e-24ths of NAV`,
      ).to.equal(true);
      if (room > 0n) this.#widest = Math.max(this.#widest, Number((sum * DAY * 1_000n) / room) / 1_000);
      later = charge;
    }
  }

  /** The fullest window so far, as a part of what it may hold. */
  get fullest(): number {
    return this.#widest;
  }
}

/** The level that the chain must show: 1e-12 of NAV. */
export class LevelModel {
  readonly #name: string;
  #level = 0n;
  #clock = 0;

  constructor(name: string) {
    this.#name = name;
  }

  restart(): void {
    this.#level = 0n;
  }

  /** Level at a time, without a charge. */
  at(time: number, rate: bigint): bigint {
    const gone = (BigInt(time - this.#clock) * rate * LEVEL_PER_BPS) / DAY;
    return this.#level > gone ? this.#level - gone : 0n;
  }

  /**
   * A plan charged something between two bounds.
   *
   * @param low @param high 1e-24 of NAV
   */
  charged(time: number, rate: bigint, low: bigint, high: bigint, shown: bigint): void {
    const full = (1n << 40n) - 1n; // the chain's levels end there, at 110 % of NAV
    const before = this.at(time, rate);
    const least = min(before + divUp(low, 10n ** 12n), full);
    const most = min(before + divUp(high, 10n ** 12n), full);
    expect(shown >= least && shown <= most, `${this.#name}: ${shown} outside [${least}, ${most}]`).to.equal(true);
    this.#level = shown;
    this.#clock = time;
  }

  expectShown(time: number, rate: bigint, shown: bigint): void {
    expect(shown, this.#name).to.equal(this.at(time, rate));
  }
}
