/**
 * What one strategy owns and owes, with its ranges in a simulated pool: mints, burns and collects are the pool's own, in integers, and idle
 * tokens are wei. What is no matter of the pool follows the same model as in the fast engine and is float64: reserve, debt, gas, and swaps,
 * which cost the model's 10 bp and go elsewhere. A swap in this very pool would move the price off the recorded path, and the next recorded one
 * would move it back at somebody's expense.
 *
 * The book has the fast one's arrays (slots.ts, terms.ts, ranges.ts) as mirrors in whole units, so that whatever reads the one reads the other.
 */
import { toPair, toUnits } from "../../chain/orientation.ts";
import { getLiquidityForAmounts } from "../../chain/liquidityAmounts.ts";
import { priceFromTick, toPoolRange, weiFromUnits } from "../../chain/prices.ts";
import { getSqrtRatioAtTick } from "../../chain/tickMath.ts";
import type { PoolMachine } from "../../sim/machine.ts";
import type { Amounts as Wei } from "../../sim/store.ts";
import type { Amounts } from "../../strategy/liquidity.ts";
import { wholeLiquidity } from "../../strategy/ticks.ts";
import { timeOf } from "../data/tape.ts";
import { accrue } from "../engine/advance.ts";
import { BookError } from "../engine/book.ts";
import { type Grid, usableRange } from "../engine/grid.ts";
import { type PoolRecord, type PoolSight, poolAt } from "../engine/pool.ts";
import { emptyRanges, keepRanges, MAX_RANGES, partInside, type Ranges } from "../engine/ranges.ts";
import { rateBefore } from "../engine/reserveRate.ts";
import {
  ACTIVE_BARS,
  FEES_BASE,
  FEES_QUOTE,
  GAS_DUE,
  IDLE_BASE,
  IDLE_QUOTE,
  INDEX,
  OWED,
  OWNED,
  RANGE_BARS,
  RESERVE,
  SLOTS,
  SWAPPED,
} from "../engine/slots.ts";
import type { StrategyBook } from "../engine/strategyBook.ts";
import { FEES, GAS, LVR, MARKET, SLIPPAGE, TERMS } from "../engine/terms.ts";
import type { World } from "../engine/world.ts";
import type { Costs } from "../model/costs.ts";
import { PoolRange } from "./poolRange.ts";
import { Purse } from "./purse.ts";

/** A world whose prices are a pool's, with the pool's usable ticks. */
export interface PoolWorld extends World {
  readonly grid: Grid;
  readonly pool: PoolRecord;
}

/** What went through the pool since the start, wei. */
export interface PoolFlows {
  readonly minted: Wei;
  /** Burned liquidity and fees together. */
  readonly collected: Wei;
}

const NOTHING: Wei = { amount0: 0n, amount1: 0n };

export class ExactBook implements StrategyBook {
  readonly world: PoolWorld;
  mark: number;
  readonly held = new Float64Array(SLOTS);
  readonly ranges: Ranges = emptyRanges();
  readonly terms = new Float64Array(TERMS);
  rebalances = 0;
  readonly #pool: PoolMachine;
  readonly #base: Purse;
  readonly #quote: Purse;
  readonly #places: PoolRange[] = [];
  #opened = 0;
  #flows: PoolFlows = { minted: NOTHING, collected: NOTHING };

  /**
   * @param pool stands at the mark
   * @param baseShare as of Book
   */
  constructor(world: PoolWorld, pool: PoolMachine, mark: number, baseShare: number) {
    const { baseDecimals, quoteDecimals } = world.grid.orientation;
    this.world = world;
    this.mark = mark;
    this.#pool = pool;
    this.#base = new Purse("idle base", baseDecimals);
    this.#quote = new Purse("idle quote", quoteDecimals);
    this.#base.give((world.costs.nav * baseShare) / this.price);
    this.#quote.give(world.costs.nav * (1 - baseShare));
    this.held[INDEX] = 1;
    this.#mirror();
  }

  get price(): number {
    return this.world.tape.price[this.mark] as number;
  }

  get time(): number {
    return timeOf(this.world.tape, this.mark);
  }

  get costs(): Costs {
    return this.world.costs;
  }

  get idle(): Amounts {
    return { base: this.#base.units, quote: this.#quote.units };
  }

  get pendingFees(): Amounts {
    return { base: this.#slot(FEES_BASE), quote: this.#slot(FEES_QUOTE) };
  }

  get reserve(): number {
    return this.#slot(RESERVE);
  }

  get reserveRate(): number {
    return rateBefore(this.world, this.mark);
  }

  get pool(): PoolSight {
    return poolAt(this.world.pool, this.mark);
  }

  get debt(): { readonly kind: "conversion"; readonly owned: number; readonly owed: number } {
    return { kind: "conversion", owned: this.#slot(OWNED), owed: this.#slot(OWED) };
  }

  get nav(): number {
    const { held, ranges } = this;
    const slot = (place: number): number => held[place] as number;
    let base = slot(IDLE_BASE) + slot(FEES_BASE) - slot(OWED);
    let quote = slot(IDLE_QUOTE) + slot(FEES_QUOTE) + slot(RESERVE) + slot(OWNED) - slot(GAS_DUE);
    for (let i = 0; i < ranges.count; i++) {
      base += ranges.base[i] as number;
      quote += ranges.quote[i] as number;
    }
    return base * this.price + quote;
  }

  writeNav(into: Float64Array, at: number): void {
    into[at] = this.nav;
  }

  get inRange(): boolean {
    const { tick } = this.#pool.state.slot0;
    return this.#places.some((place) => place.covers(tick));
  }

  /** What the pool took and gave, and what came and went by other ways; a test holds the sum of all against what is left, to the wei. */
  get account(): {
    readonly flows: PoolFlows;
    readonly idle: Wei;
    readonly outside: { readonly paidIn: Wei; readonly paidOut: Wei };
  } {
    const [base, quote] = [this.#base.outside, this.#quote.outside];
    return {
      flows: this.#flows,
      idle: this.#pair(this.#base.wei, this.#quote.wei),
      outside: {
        paidIn: this.#pair(base.paidIn, quote.paidIn),
        paidOut: this.#pair(base.paidOut, quote.paidOut),
      },
    };
  }

  /** Our liquidity in range at a pool's tick, the pool's unit. */
  liquidityAt(tick: number): bigint {
    let sum = 0n;
    for (const place of this.#places) if (place.covers(tick)) sum += place.liquidity;
    return sum;
  }

  mint(lower: number, upper: number, most?: Amounts): number {
    if (!(lower >= 0 && lower < upper))
      throw new BookError(`A range from ${lower} to ${upper} is none; let it begin below its end.`);
    const { grid } = this.world;
    const range = usableRange(grid, lower, upper, this.price);
    const bounds = toPoolRange(range, grid.orientation);
    const standing = this.#places.find((one) => one.isFrom(bounds));
    if (standing === undefined && this.ranges.count === MAX_RANGES)
      throw new BookError(`More than ${MAX_RANGES} ranges are open; close one first.`);
    const place = standing ?? new PoolRange(this.#pool, `strategy ${this.#opened}`, bounds);
    const liquidity = this.#affordable(
      place,
      atMost(this.#base, most === undefined ? undefined : most.base),
      atMost(this.#quote, most === undefined ? undefined : most.quote),
    );
    if (liquidity === 0n) return 0;
    if (standing !== undefined) return this.#add(standing, liquidity);
    this.#opened++;
    const i = this.ranges.count++;
    this.#places.push(place);
    this.ranges.lower[i] = Math.sqrt(priceFromTick(range.tickLower, grid.orientation));
    this.ranges.upper[i] = Math.sqrt(priceFromTick(range.tickUpper, grid.orientation));
    return this.#add(place, liquidity);
  }

  increase(i: number): number {
    const place = this.#places[i];
    if (place === undefined) throw new BookError(`There is no range ${i}; ${this.ranges.count} are open.`);
    const liquidity = this.#affordable(place, this.#base.wei, this.#quote.wei);
    return liquidity === 0n ? 0 : this.#add(place, liquidity);
  }

  burn(i: number, part = 1): void {
    const { ranges } = this;
    const place = this.#places[i];
    if (place === undefined) throw new BookError(`There is no range at place ${i}; ${ranges.count} are open.`);
    if (!(part >= 0 && part <= 1)) throw new BookError(`A part of ${part} cannot be burnt; give one from 0 to 1.`);
    this.#receive(place.burn(partOf(place.liquidity, part), this.time));
    if (part === 1) {
      this.#places.splice(i, 1);
      for (const row of [ranges.lower, ranges.upper]) row.copyWithin(i, i + 1, ranges.count);
      ranges.count--;
    }
    this.#mirror();
  }

  burnAll(): void {
    for (const place of this.#places) this.#receive(place.burn(place.liquidity, this.time));
    this.#places.length = 0;
    this.ranges.count = 0;
    this.#mirror();
  }

  collect(): void {
    for (const place of this.#places) this.#receive(place.burn(0n, this.time));
    this.#mirror();
  }

  sellBase(amount: number): void {
    const value = this.#base.take(amount) * this.price;
    this.#slip(value, this.#quote.give(value * (1 - this.costs.swap)));
  }

  sellQuote(amount: number): void {
    const value = this.#quote.take(amount);
    this.#slip(value, this.#base.give((value * (1 - this.costs.swap)) / this.price) * this.price);
  }

  payGas(): void {
    const { gas } = this.costs;
    const due = gas + this.#slot(GAS_DUE);
    const quote = this.#quote.take(Math.min(due, this.#quote.units));
    const base = this.#base.take(Math.min((due - quote) / this.price, this.#base.units));
    this.held[GAS_DUE] = Math.max(due - quote - base * this.price, 0);
    this.#mirror();
    if (!(this.nav > 0)) throw new BookError(`Gas of ${gas} is more than the book is worth; it cannot go on.`);
    this.terms[GAS] = this.#term(GAS) + gas;
    this.rebalances++;
  }

  toReserve(quote: number): void {
    if (quote >= 0) this.#raise(RESERVE, this.#quote.take(quote));
    else this.#release(RESERVE, this.#drawn(RESERVE, -quote, "reserve"));
    this.#mirror();
  }

  borrow(base: number, collateral: number): void {
    this.#raise(OWNED, this.#quote.take(collateral));
    this.#raise(OWED, this.#base.give(base));
    this.#mirror();
    this.#requireHealth();
  }

  repay(base: number, collateral: number): void {
    const [owed, owned] = [this.#drawn(OWED, base, "debt"), this.#drawn(OWNED, collateral, "collateral")];
    // Who repays all owes nothing, whatever a wei's rounding leaves.
    const repaid = this.#base.take(owed);
    this.held[OWED] = owed === this.#slot(OWED) ? 0 : this.#slot(OWED) - repaid;
    this.#release(OWNED, owned);
    this.#mirror();
    this.#requireHealth();
  }

  secure(quote: number): void {
    if (quote >= 0) this.#raise(OWNED, this.#quote.take(quote));
    else this.#release(OWNED, this.#drawn(OWNED, -quote, "collateral"));
    this.#mirror();
    if (quote < 0) this.#requireHealth();
  }

  checkpoint(): () => void {
    const { held, terms, ranges, rebalances } = this;
    const kept = { held: held.slice(), terms: terms.slice(), places: [...this.#places] };
    const [opened, flows] = [this.#opened, this.#flows];
    const restores = [this.#pool, this.#base, this.#quote].map((part) => part.checkpoint());
    restores.push(keepRanges(ranges));
    return () => {
      for (const restore of restores) restore();
      held.set(kept.held);
      terms.set(kept.terms);
      this.#places.splice(0, this.#places.length, ...kept.places);
      this.#opened = opened;
      this.#flows = flows;
      this.rebalances = rebalances;
    };
  }

  /** Books the bar that ends now: the pool and the world's tape stand at the next mark already. */
  advance(): void {
    const { held, ranges, terms, world } = this;
    const bar = this.mark;
    const [price0, price1] = [this.price, world.tape.price[bar + 1] as number];
    const [root0, root1] = [world.tape.root[bar] as number, world.tape.root[bar + 1] as number];
    const idle = this.idle;
    const feesBefore = this.pendingFees;
    let base0 = idle.base;
    let core0 = idle.base * price0 + idle.quote;
    let core1 = idle.base * price1 + idle.quote;
    let active = 0;
    let lvr = 0;
    for (const [i, place] of this.#places.entries()) {
      const [base, quote] = [ranges.base[i] as number, ranges.quote[i] as number];
      const after = this.#units(place.holdings());
      lvr -= (after.base - base) * price1 + (after.quote - quote);
      base0 += base;
      core0 += base * price0 + quote;
      core1 += after.base * price1 + after.quote;
      active = Math.max(active, partInside(root0, root1, ranges.lower[i] as number, ranges.upper[i] as number));
    }
    this.#mirror();
    const feesAfter = this.pendingFees;
    if (ranges.count > 0) {
      held[RANGE_BARS] = this.#slot(RANGE_BARS) + 1;
      held[ACTIVE_BARS] = this.#slot(ACTIVE_BARS) + active;
    }
    if (core0 > 0) held[INDEX] = this.#slot(INDEX) * (core1 / core0);
    terms[LVR] = this.#term(LVR) + lvr;
    terms[FEES] = this.#term(FEES) + (feesAfter.base - feesBefore.base) * price1 + (feesAfter.quote - feesBefore.quote);
    terms[MARKET] = this.#term(MARKET) + (base0 + feesBefore.base) * (price1 - price0);
    accrue(this, bar);
    // A liquidation leaves collateral in the mirror; it becomes tokens.
    const left = this.#slot(IDLE_QUOTE) - this.#quote.units;
    if (left > 0) this.#quote.give(left);
    this.mark = bar + 1;
    this.#mirror();
  }

  /** The most liquidity that so many wei pay for; the pool rounds what it asks for up. */
  #affordable(place: PoolRange, base: bigint, quote: bigint): bigint {
    const { tickLower, tickUpper } = place.range;
    const { amount0, amount1 } = this.#pair(base, quote);
    return getLiquidityForAmounts(
      this.#pool.state.slot0.sqrtPriceX96,
      getSqrtRatioAtTick(tickLower),
      getSqrtRatioAtTick(tickUpper),
      amount0,
      amount1,
    );
  }

  #add(place: PoolRange, liquidity: bigint): number {
    const paid = place.mint(liquidity, this.time);
    const { quoteIsToken0 } = this.world.grid.orientation;
    this.#base.spend(quoteIsToken0 ? paid.amount1 : paid.amount0);
    this.#quote.spend(quoteIsToken0 ? paid.amount0 : paid.amount1);
    this.#flows = { ...this.#flows, minted: sum(this.#flows.minted, paid) };
    this.#mirror();
    return wholeLiquidity(Number(liquidity), this.world.grid.orientation);
  }

  #receive(got: Wei): void {
    const { quoteIsToken0 } = this.world.grid.orientation;
    this.#base.receive(quoteIsToken0 ? got.amount1 : got.amount0);
    this.#quote.receive(quoteIsToken0 ? got.amount0 : got.amount1);
    this.#flows = { ...this.#flows, collected: sum(this.#flows.collected, got) };
  }

  /** Books a swap. @param value of what was sold. @param got value of what came back */
  #slip(value: number, got: number): void {
    this.terms[SLIPPAGE] = this.#term(SLIPPAGE) + value - got;
    this.#raise(SWAPPED, value);
    this.#mirror();
  }

  /** Writes what wei and the pool say into the arrays of whole units. */
  #mirror(): void {
    const { held, ranges } = this;
    held[IDLE_BASE] = this.#base.units;
    held[IDLE_QUOTE] = this.#quote.units;
    let pending = NOTHING;
    for (const [i, place] of this.#places.entries()) {
      const { base, quote } = this.#units(place.holdings());
      ranges.base[i] = base;
      ranges.quote[i] = quote;
      ranges.liquidity[i] = wholeLiquidity(Number(place.liquidity), this.world.grid.orientation);
      const earned = place.fees();
      const fees = this.#units(earned);
      ranges.feesBase[i] = fees.base;
      ranges.feesQuote[i] = fees.quote;
      pending = sum(pending, earned);
    }
    const fees = this.#units(pending);
    held[FEES_BASE] = fees.base;
    held[FEES_QUOTE] = fees.quote;
  }

  #requireHealth(): void {
    const { liquidationLtv } = this.costs;
    const { owned, owed } = this.debt;
    if (owed === 0 || owed * this.price < owned * liquidationLtv) return;
    throw new BookError(
      `The debt would stand at its liquidation loan-to-value of ${liquidationLtv}; give more collateral.`,
    );
  }

  /** So much of a slot, less what a float's rounding asks too much. */
  #drawn(slot: number, amount: number, what: string): number {
    const there = this.#slot(slot);
    if (amount < 0 || amount - there > 1e-9 * Math.max(amount, there))
      throw new BookError(`${amount} cannot be taken from ${what} of ${there}; take less.`);
    return Math.min(amount, there);
  }

  /** Quote of a slot lies idle. Who takes all leaves nothing, whatever a wei's rounding leaves. */
  #release(slot: number, amount: number): void {
    const given = this.#quote.give(amount);
    this.held[slot] = amount === this.#slot(slot) ? 0 : this.#slot(slot) - given;
  }

  #units(wei: Wei): Amounts {
    return toUnits(wei.amount0, wei.amount1, this.world.grid.orientation);
  }

  #pair(base: bigint, quote: bigint): Wei {
    return toPair(base, quote, this.world.grid.orientation);
  }

  #slot(slot: number): number {
    return this.held[slot] as number;
  }

  #raise(slot: number, amount: number): void {
    this.held[slot] = this.#slot(slot) + amount;
  }

  #term(term: number): number {
    return this.terms[term] as number;
  }
}

/** The chain's unit of a part of liquidity. */
const ONE_DECIMALS = 18;

/** Rounded down, as the chain rounds it. @param part 0 to 1 */
function partOf(liquidity: bigint, part: number): bigint {
  return part === 1 ? liquidity : (liquidity * weiFromUnits(part, ONE_DECIMALS)) / 10n ** BigInt(ONE_DECIMALS);
}

function atMost(purse: Purse, units: number | undefined): bigint {
  if (units === undefined || units >= purse.units) return purse.wei;
  return units > 0 ? weiFromUnits(units, purse.decimals) : 0n;
}

function sum(a: Wei, b: Wei): Wei {
  return { amount0: a.amount0 + b.amount0, amount1: a.amount1 + b.amount1 };
}
