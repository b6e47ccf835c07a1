/**
 * What one strategy owns and owes at a mark, and everything that it can do there. Every action happens at the mark's price, costs what the
 * model says, and books its cost under its term; none of them changes the net asset value by anything but that cost.
 *
 * Amounts are whole units in float64 and live in one typed array, so that the bars between two actions allocate nothing. On chain all of this is
 * integers (keeper/sim is their exact engine); nothing of the two meets here.
 */
import { amounts, type Amounts } from "../../strategy/liquidity.ts";
import { timeOf } from "../data/tape.ts";
import type { Costs } from "../model/costs.ts";
import { type PoolSight, poolAt } from "./pool.ts";
import { baseAt, emptyRanges, insideRoot, keepRanges, MAX_RANGES, quoteAt, type Ranges } from "./ranges.ts";
import {
  FEES_BASE,
  FEES_QUOTE,
  GAS_DUE,
  IDLE_BASE,
  IDLE_QUOTE,
  INDEX,
  OWED,
  OWNED,
  RESERVE,
  SLOTS,
  SWAPPED,
} from "./slots.ts";
import { usableBounds } from "./grid.ts";
import { rateBefore } from "./reserveRate.ts";
import type { StrategyBook } from "./strategyBook.ts";
import { GAS, SLIPPAGE, TERMS } from "./terms.ts";
import type { World } from "./world.ts";

/** An action that the book does not allow: a fault of the strategy, not of its user. */
export class BookError extends Error {
  override readonly name = "BookError";
}

/** Rounding that an action may overdraw by, fraction of what is there. */
const DUST = 1e-9;

export class Book implements StrategyBook {
  readonly world: World;
  /** Index of the present mark. */
  mark = 0;
  /** See slots.ts. */
  readonly held = new Float64Array(SLOTS);
  readonly ranges: Ranges = emptyRanges();
  /** Cumulative since the start, see terms.ts. */
  readonly terms = new Float64Array(TERMS);
  /** Rebalances that gas was paid for. */
  rebalances = 0;

  /** @param baseShare part of the value that lies in base at the start, 0 to 1; the rest is quote */
  constructor(world: World, mark: number, baseShare: number) {
    this.world = world;
    this.mark = mark;
    this.held[IDLE_BASE] = (world.costs.nav * baseShare) / this.price;
    this.held[IDLE_QUOTE] = world.costs.nav * (1 - baseShare);
    this.held[INDEX] = 1;
  }

  /** Quote units per base unit. */
  get price(): number {
    return this.world.tape.price[this.mark] as number;
  }

  /** Unix seconds. */
  get time(): number {
    return timeOf(this.world.tape, this.mark);
  }

  get costs(): Costs {
    return this.world.costs;
  }

  get idle(): Amounts {
    return { base: this.slot(IDLE_BASE), quote: this.slot(IDLE_QUOTE) };
  }

  /** Fees earned and not collected yet. */
  get pendingFees(): Amounts {
    return { base: this.slot(FEES_BASE), quote: this.slot(FEES_QUOTE) };
  }

  /** Quote that earns the reserve's yield. */
  get reserve(): number {
    return this.slot(RESERVE);
  }

  get reserveRate(): number {
    return rateBefore(this.world, this.mark);
  }

  get pool(): PoolSight | null {
    const { pool } = this.world;
    return pool === undefined ? null : poolAt(pool, this.mark);
  }

  /** Base owed, and the quote that secures it: a conversion as in keeper/sleeves/debt.ts. */
  get debt(): { readonly kind: "conversion"; readonly owned: number; readonly owed: number } {
    return { kind: "conversion", owned: this.slot(OWNED), owed: this.slot(OWED) };
  }

  /** Net asset value, quote units. */
  get nav(): number {
    const value = new Float64Array(1);
    this.writeNav(value, 0);
    return value[0] as number;
  }

  /** Net asset value into a place of an array: a number that is returned would be allocated, once a bar. */
  writeNav(into: Float64Array, at: number): void {
    const { held, ranges } = this;
    let base = (held[IDLE_BASE] as number) + (held[FEES_BASE] as number) - (held[OWED] as number);
    let quote =
      (held[IDLE_QUOTE] as number) + (held[FEES_QUOTE] as number) + (held[RESERVE] as number) + (held[OWNED] as number);
    quote -= held[GAS_DUE] as number;
    for (let i = 0; i < ranges.count; i++) {
      base += ranges.base[i] as number;
      quote += ranges.quote[i] as number;
    }
    into[at] = base * (this.world.tape.price[this.mark] as number) + quote;
  }

  /** True while the price is inside at least one range. */
  get inRange(): boolean {
    const { ranges } = this;
    const root = this.world.tape.root[this.mark] as number;
    for (let i = 0; i < ranges.count; i++)
      if (root >= (ranges.lower[i] as number) && root < (ranges.upper[i] as number)) return true;
    return false;
  }

  /**
   * Opens a range with as much of both tokens as it takes, out of at most so much idle, or adds to the one with the same bounds. Opens nothing if it
   * takes nothing.
   * @param lower Pa, 0 for a full range. @param upper Pb, Infinity for a full range
   * @returns the liquidity
   */
  mint(lower: number, upper: number, most: Amounts = this.idle): number {
    if (!(lower >= 0 && lower < upper))
      throw new BookError(`A range from ${lower} to ${upper} is none; let it begin below its end.`);
    const { ranges } = this;
    const { grid } = this.world;
    const bounds = grid === undefined ? { lower, upper } : usableBounds(grid, lower, upper, this.price);
    const [low, high] = [Math.sqrt(bounds.lower), Math.sqrt(bounds.upper)];
    const i = this.placeOf(low, high);
    if (i === MAX_RANGES) throw new BookError(`More than ${MAX_RANGES} ranges are open; close one first.`);
    const unit = amounts({ liquidity: 1, ...bounds }, this.price);
    const byBase = unit.base > 0 ? Math.min(most.base, this.slot(IDLE_BASE)) / unit.base : Number.POSITIVE_INFINITY;
    const byQuote =
      unit.quote > 0 ? Math.min(most.quote, this.slot(IDLE_QUOTE)) / unit.quote : Number.POSITIVE_INFINITY;
    const liquidity = Math.min(byBase, byQuote);
    if (!(liquidity > 0)) return 0;
    if (i === ranges.count) this.openPlace(low, high);
    const inside = insideRoot(this.world.tape.root[this.mark] as number, low, high);
    const [base, quote] = [baseAt(liquidity, inside, high), quoteAt(liquidity, inside, low)];
    this.take(IDLE_BASE, base, "idle base");
    this.take(IDLE_QUOTE, quote, "idle quote");
    ranges.liquidity[i] = (ranges.liquidity[i] as number) + liquidity;
    ranges.base[i] = (ranges.base[i] as number) + base;
    ranges.quote[i] = (ranges.quote[i] as number) + quote;
    return liquidity;
  }

  /** Where a range with these bounds stands, or would be opened. */
  private placeOf(low: number, high: number): number {
    const { ranges } = this;
    let i = 0;
    while (i < ranges.count && (ranges.lower[i] !== low || ranges.upper[i] !== high)) i++;
    return i;
  }

  private openPlace(low: number, high: number): void {
    const { ranges } = this;
    const i = ranges.count++;
    for (const row of [ranges.liquidity, ranges.base, ranges.quote, ranges.feesBase, ranges.feesQuote]) row[i] = 0;
    ranges.lower[i] = low;
    ranges.upper[i] = high;
  }

  /** Adds to a range that is open, in its present proportion, as much as idle tokens allow. @returns the liquidity added */
  increase(i: number): number {
    const { ranges } = this;
    const [base, quote] = [ranges.base[i] as number, ranges.quote[i] as number];
    const more = Math.min(
      base > 0 ? this.slot(IDLE_BASE) / base : Number.POSITIVE_INFINITY,
      quote > 0 ? this.slot(IDLE_QUOTE) / quote : Number.POSITIVE_INFINITY,
    );
    if (!(more > 0) || !Number.isFinite(more)) return 0;
    const added = (ranges.liquidity[i] as number) * more;
    this.take(IDLE_BASE, base * more, "idle base");
    this.take(IDLE_QUOTE, quote * more, "idle quote");
    ranges.liquidity[i] = (ranges.liquidity[i] as number) + added;
    ranges.base[i] = base * (1 + more);
    ranges.quote[i] = quote * (1 + more);
    return added;
  }

  /**
   * Closes a part of a range and collects its fees; a part of 0 only collects. A range that is closed whole leaves its place to those behind it,
   * which move up in their order.
   * @param part 0 to 1
   */
  burn(i: number, part = 1): void {
    const { ranges } = this;
    if (!(i >= 0 && i < ranges.count))
      throw new BookError(`There is no range at place ${i}; ${ranges.count} are open.`);
    if (!(part >= 0 && part <= 1)) throw new BookError(`A part of ${part} cannot be burnt; give one from 0 to 1.`);
    const [feesBase, feesQuote] = [ranges.feesBase[i] as number, ranges.feesQuote[i] as number];
    this.give(IDLE_BASE, (ranges.base[i] as number) * part + feesBase);
    this.give(IDLE_QUOTE, (ranges.quote[i] as number) * part + feesQuote);
    this.take(FEES_BASE, feesBase, "pending fees");
    this.take(FEES_QUOTE, feesQuote, "pending fees");
    ranges.feesBase[i] = 0;
    ranges.feesQuote[i] = 0;
    for (const row of [ranges.liquidity, ranges.base, ranges.quote]) row[i] = (row[i] as number) * (1 - part);
    if (part < 1) return;
    const { liquidity, lower, upper, base, quote } = ranges;
    for (const row of [liquidity, lower, upper, base, quote, ranges.feesBase, ranges.feesQuote])
      row.copyWithin(i, i + 1, ranges.count);
    ranges.count--;
  }

  /** Closes every range; what they held and all pending fees lie idle. */
  burnAll(): void {
    const { ranges } = this;
    for (let i = 0; i < ranges.count; i++) {
      this.give(IDLE_BASE, ranges.base[i] as number);
      this.give(IDLE_QUOTE, ranges.quote[i] as number);
    }
    ranges.count = 0;
    this.collect();
  }

  /** Pending fees lie idle. */
  collect(): void {
    this.give(IDLE_BASE, this.slot(FEES_BASE));
    this.give(IDLE_QUOTE, this.slot(FEES_QUOTE));
    this.held[FEES_BASE] = 0;
    this.held[FEES_QUOTE] = 0;
    this.ranges.feesBase.fill(0);
    this.ranges.feesQuote.fill(0);
  }

  /** Sells idle base for quote, less the swap cost. @param amount base units */
  sellBase(amount: number): void {
    const value = amount * this.price;
    this.take(IDLE_BASE, amount, "idle base");
    this.give(IDLE_QUOTE, value - this.slip(value));
  }

  /** Sells idle quote for base, less the swap cost. @param amount quote units */
  sellQuote(amount: number): void {
    this.take(IDLE_QUOTE, amount, "idle quote");
    this.give(IDLE_BASE, (amount - this.slip(amount)) / this.price);
  }

  /**
   * Pays one rebalance's gas out of idle quote, and what is missing out of idle base; the keeper lays out what neither has.
   * @throws BookError if gas has eaten up the whole book
   */
  payGas(): void {
    const { gas } = this.world.costs;
    const due = gas + this.slot(GAS_DUE);
    const quote = Math.min(due, this.slot(IDLE_QUOTE));
    const base = Math.min((due - quote) / this.price, this.slot(IDLE_BASE));
    this.take(IDLE_QUOTE, quote, "idle quote");
    this.take(IDLE_BASE, base, "idle base");
    this.held[GAS_DUE] = Math.max(due - quote - base * this.price, 0);
    if (!(this.nav > 0)) throw new BookError(`Gas of ${gas} is more than the book is worth; it cannot go on.`);
    this.terms[GAS] = (this.terms[GAS] as number) + gas;
    this.rebalances++;
  }

  /** Moves idle quote into the reserve, or out of it if negative. */
  toReserve(quote: number): void {
    this.take(IDLE_QUOTE, quote, "idle quote");
    this.take(RESERVE, -quote, "reserve");
  }

  /**
   * Opens or enlarges the conversion: idle quote becomes collateral and so much base is borrowed, which lies idle then.
   * @throws BookError at or above the venue's loan-to-value
   */
  borrow(base: number, collateral: number): void {
    this.secure(collateral);
    this.give(OWED, base);
    this.give(IDLE_BASE, base);
    this.requireHealth();
  }

  /**
   * Repays base out of idle base and takes so much collateral back.
   * @throws BookError at or above the venue's loan-to-value
   */
  repay(base: number, collateral: number): void {
    this.take(IDLE_BASE, base, "idle base");
    this.take(OWED, base, "debt");
    this.secure(-collateral);
  }

  /**
   * Idle quote becomes collateral, or comes back from it if negative.
   * @throws BookError if what is left would stand at or above the venue's loan-to-value
   */
  secure(quote: number): void {
    if (quote >= 0) this.take(IDLE_QUOTE, quote, "idle quote");
    else this.take(OWNED, -quote, "collateral");
    this.give(quote >= 0 ? OWNED : IDLE_QUOTE, Math.abs(quote));
    if (quote < 0) this.requireHealth();
  }

  /** Everything that actions change, for a plan that is carried out whole or not at all. @returns what brings it back */
  checkpoint(): () => void {
    const { held, ranges, terms, rebalances } = this;
    const kept = { held: held.slice(), terms: terms.slice() };
    const restoreRanges = keepRanges(ranges);
    return () => {
      held.set(kept.held);
      terms.set(kept.terms);
      restoreRanges();
      this.rebalances = rebalances;
    };
  }

  private requireHealth(): void {
    const { liquidationLtv } = this.world.costs;
    if (this.slot(OWED) * this.price < this.slot(OWNED) * liquidationLtv || this.slot(OWED) === 0) return;
    throw new BookError(
      `The debt would stand at its liquidation loan-to-value of ${liquidationLtv}; give more collateral.`,
    );
  }

  private slip(value: number): number {
    const cost = value * this.world.costs.swap;
    this.terms[SLIPPAGE] = (this.terms[SLIPPAGE] as number) + cost;
    this.give(SWAPPED, value);
    return cost;
  }

  private slot(slot: number): number {
    return this.held[slot] as number;
  }

  private give(slot: number, amount: number): void {
    this.held[slot] = this.slot(slot) + amount;
  }

  /** Rounding leaves zero, not less than nothing. */
  private take(slot: number, amount: number, what: string): void {
    const left = this.slot(slot) - amount;
    if (left < -DUST * Math.max(this.slot(slot), Math.abs(amount)))
      throw new BookError(`${amount} cannot be taken from ${what} of ${this.slot(slot)}; take less.`);
    this.held[slot] = Math.max(left, 0);
  }
}
