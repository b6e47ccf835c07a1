/**
 * Entry and exit fees told anew from their prose: a fall at once, a rise after a day; fee shares come free evenly, all of
 * them by the mean of their remaining times, rounded down. Shares are wei of shares, times unix seconds.
 */
import { divUp, min } from "../../arithmetic.ts";
import type { FeeBook } from "../look.ts";

const BPS = 10_000n;
const WEEK = 604_800n;
const DAY = 86_400n;

export class FeeBookModel {
  #locked = 0n;
  #since = 0n;
  #until = 0n;
  #now: readonly [entry: bigint, exit: bigint] = [0n, 0n];
  #announced: { readonly fees: readonly [entry: bigint, exit: bigint]; readonly at: bigint } = {
    fees: [0n, 0n],
    at: 0n,
  };

  copy(): FeeBookModel {
    const other = new FeeBookModel();
    other.#locked = this.#locked;
    other.#since = this.#since;
    other.#until = this.#until;
    other.#now = this.#now;
    other.#announced = this.#announced;
    return other;
  }

  /** Entry and exit fee in force, basis points. */
  inForce(at: number): readonly [entry: bigint, exit: bigint] {
    return this.#announced.at !== 0n && BigInt(at) >= this.#announced.at ? this.#announced.fees : this.#now;
  }

  announce(entry: bigint, exit: bigint, at: number): void {
    const [oldEntry, oldExit] = this.inForce(at);
    this.#now = [entry < oldEntry ? entry : oldEntry, exit < oldExit ? exit : oldExit];
    const rises = entry > oldEntry || exit > oldExit;
    this.#announced = { fees: [entry, exit], at: rises ? BigInt(at) + DAY : 0n };
  }

  /** Both fees, and those that are announced, come down to caps. */
  clamp(maxEntry: bigint, maxExit: bigint, at: number): void {
    const pending = this.#announced.at > BigInt(at);
    const down = ([entry, exit]: readonly [bigint, bigint]): readonly [bigint, bigint] => [
      min(entry, maxEntry),
      min(exit, maxExit),
    ];
    this.#now = down(this.inForce(at));
    const next = pending ? down(this.#announced.fees) : this.#now;
    const rises = pending && (next[0] !== this.#now[0] || next[1] !== this.#now[1]);
    this.#announced = { fees: next, at: rises ? this.#announced.at : 0n };
  }

  /** Fee shares that have come free and wait to be burned. */
  freed(at: number): bigint {
    if (this.#locked === 0n) return 0n;
    const now = BigInt(at);
    if (now >= this.#until) return this.#locked;
    return (this.#locked * (now - this.#since)) / (this.#until - this.#since);
  }

  locked(at: number): bigint {
    return this.#locked - this.freed(at);
  }

  /** Burns what has come free. @returns how much */
  settle(at: number): bigint {
    const freed = this.freed(at);
    if (freed === 0n) return 0n;
    this.#locked -= freed;
    this.#since = BigInt(at);
    return freed;
  }

  /** Locks more, after `settle`. */
  lock(shares: bigint, at: number): void {
    if (shares === 0n) return;
    const now = BigInt(at);
    const remaining = this.#until > now ? this.#until - now : 0n;
    const sum = this.#locked + shares;
    this.#until = now + (this.#locked * remaining + shares * WEEK) / sum;
    this.#since = now;
    this.#locked = sum;
  }

  /** Everybody has left. @returns what is burned */
  drop(at: number): bigint {
    const dropped = this.#locked;
    if (dropped !== 0n) this.#since = BigInt(at);
    this.#locked = 0n;
    return dropped;
  }

  entryFee(shares: bigint, at: number): bigint {
    return divUp(shares * this.inForce(at)[0], BPS);
  }

  exitFee(shares: bigint, at: number): bigint {
    return divUp(shares * this.inForce(at)[1], BPS);
  }

  get book(): FeeBook {
    return {
      locked: this.#locked,
      since: this.#since,
      until: this.#until,
      entryBps: this.#now[0],
      exitBps: this.#now[1],
      nextEntryBps: this.#announced.fees[0],
      nextExitBps: this.#announced.fees[1],
      nextAt: this.#announced.at,
    };
  }
}
