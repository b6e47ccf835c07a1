/** Idle tokens in wei, with an account of where every wei came from and went. */
import { unitsFromWei, weiFromUnits } from "../../chain/prices.ts";
import { BookError } from "../engine/book.ts";

/** Part that a float's rounding may ask for beyond what is there. */
const DUST = 1e-9;
/**
 * Wei that may be asked for beyond what is there, whatever the part. A plan is reckoned in floats from what ranges would give, and the pool rounds
 * each burn and each fee down. On chain nothing is short of them: there a plan's amounts are fractions of what lies idle.
 */
const ROUNDING = 32;

export class Purse {
  readonly decimals: number;
  readonly #name: string;
  #wei = 0n;
  #paidIn = 0n;
  #paidOut = 0n;

  constructor(name: string, decimals: number) {
    this.#name = name;
    this.decimals = decimals;
  }

  get wei(): bigint {
    return this.#wei;
  }

  get units(): number {
    return unitsFromWei(this.#wei, this.decimals);
  }

  /** All that ever came in and went out by other ways than the pool: what a run began with, the model's swaps, gas, reserve and debt. */
  get outside(): { readonly paidIn: bigint; readonly paidOut: bigint } {
    return { paidIn: this.#paidIn, paidOut: this.#paidOut };
  }

  /** @returns what brings it back to what it holds now */
  checkpoint(): () => void {
    const [wei, paidIn, paidOut] = [this.#wei, this.#paidIn, this.#paidOut];
    return () => {
      [this.#wei, this.#paidIn, this.#paidOut] = [wei, paidIn, paidOut];
    };
  }

  /** From the pool. */
  receive(wei: bigint): void {
    this.#wei += wei;
  }

  /** To the pool, which takes no less. */
  spend(wei: bigint): void {
    if (wei > this.#wei)
      throw new BookError(`${wei} wei cannot be taken from ${this.#name} of ${this.#wei}; take less.`);
    this.#wei -= wei;
  }

  /** From elsewhere, rounded down to a wei. @returns what that is, whole units */
  give(units: number): number {
    const wei = weiFromUnits(units, this.decimals);
    this.#wei += wei;
    this.#paidIn += wei;
    return unitsFromWei(wei, this.decimals);
  }

  /** To elsewhere, rounded down to a wei; what a float's rounding asks too much is left out. @returns what that is, whole units */
  take(units: number): number {
    if (units < 0) throw new BookError(`${units} cannot be taken from ${this.#name}; take nothing or more.`);
    const wanted = weiFromUnits(units, this.decimals);
    const allowed = Math.max(DUST * Math.max(units, this.units), ROUNDING / 10 ** this.decimals);
    if (units - this.units > allowed)
      throw new BookError(`${units} cannot be taken from ${this.#name} of ${this.units}; take less.`);
    const wei = wanted > this.#wei ? this.#wei : wanted;
    this.#wei -= wei;
    this.#paidOut += wei;
    return unitsFromWei(wei, this.decimals);
  }
}
