/**
 * Ranges of several widths, each laid anew round the price when a bar closes outside of it, and a conversion that shorts the part of their base
 * that the trend ensemble calls bearish. What is neither in ranges nor collateral earns in the reserve.
 *
 * The conversion is the book's: quote is collateral, base is borrowed and sold, and what it sold for may be collateral again.
 */
import { HOUR } from "../../market/time.ts";
import type { Book } from "../engine/book.ts";
import { OWED, OWNED } from "../engine/slots.ts";
import type { Strategy } from "./strategy.ts";
import { around } from "./width.ts";

/** A range as it is wanted; its weight is a part of the net asset value. */
export interface WeightedRange {
  readonly halfWidth: number;
  readonly weight: number;
}

export interface HedgedRangesOptions {
  /** Weights above 0, together at most 1. */
  readonly ranges: readonly WeightedRange[];
  /** Hours after the recentring of a range in which it is not recentred again. */
  readonly cooldownHours: number;
  /** Part of the ranges' base that is shorted when every voice of the trend is bearish; 0 for no hedge. */
  readonly hedge: number;
  /** Loan-to-value that every change of the debt aims at; below the venue's. */
  readonly ltv: number;
  /** Hours from one look at the debt to the next. A debt on its way to liquidation does not wait. */
  readonly checkHours: number;
  /** Debt off its target, part of the net asset value, from which it is moved. */
  readonly band: number;
}

/** Of the way from the loan-to-value aimed at to liquidation, the part after which the debt is brought back at once. */
const PATIENCE = 0.5;
/** Selling what was borrowed and giving it as collateral shrinks by the loan-to-value each time: ten times are 99 % of it at 0.65. */
const ROUNDS = 10;
/** Changes of the debt below this part of the net asset value are left alone. */
const DUST = 1e-6;
/** Over what rounding may take from an amount, and under the book's own tolerance. */
const HAIR = 1e-12;

/** @param votes of trendVotes, of the tape that it runs on; while a vote is unknown the debt stays as it is */
export function hedgedRanges(options: HedgedRangesOptions, votes: Float64Array): Strategy {
  const { ranges: wanted, hedge, ltv, band } = options;
  const [cooldown, check] = [options.cooldownHours * HOUR, options.checkHours * HOUR];
  /** What stands at each place of the book's ranges. */
  let laid: { readonly range: WeightedRange; readonly since: number }[] = [];
  let looked = Number.NEGATIVE_INFINITY;

  const inRanges = wanted.reduce((sum, { weight }) => sum + weight, 0);
  /** Of what lies idle; whoever wants it full has balanced that before. */
  const lay = (book: Book, range: WeightedRange): void => {
    const { price } = book;
    const each = (book.nav * range.weight) / 2;
    const { lower, upper } = around(price, range.halfWidth);
    if (book.mint(lower, upper, { base: each / price, quote: each }) > 0) laid.push({ range, since: book.time });
  };

  /** One look at each range; those that are laid anew go to the end, where they are not looked at again. */
  const recentre = (book: Book): void => {
    const { ranges, time } = book;
    const root = book.world.tape.root[book.mark] as number;
    let [place, moved] = [0, false];
    for (let left = ranges.count; left > 0; left--) {
      const one = laid[place];
      const inside = root >= (ranges.lower[place] as number) && root < (ranges.upper[place] as number);
      if (one === undefined || inside || time - one.since < cooldown) {
        place++;
        continue;
      }
      book.burn(place);
      laid.splice(place, 1);
      if (!moved) {
        moved = true;
        free(book);
        book.payGas();
      }
      balance(book, (book.nav * one.range.weight) / 2);
      lay(book, one.range);
    }
    if (moved) book.toReserve(book.idle.quote);
  };

  const follow = (book: Book, urgent: boolean): void => {
    const { ranges, price } = book;
    const vote = votes[book.mark] as number;
    let base = 0;
    for (let i = 0; i < ranges.count; i++) base += ranges.base[i] as number;
    const { owed } = book.debt;
    const target = Number.isNaN(vote) ? owed : hedge * vote * base;
    if (!urgent && Math.abs(target - owed) * price <= band * book.nav) return;
    free(book);
    if (worth(book) > book.world.costs.gas) {
      book.payGas();
      if (target > owed) raise(book, target, ltv);
      else reduce(book, target, ltv);
    }
    if (!secure(book, ltv)) {
      // The ranges have what the debt needs. They begin anew without it, and the next look decides on it.
      book.burnAll();
      laid = [];
      book.payGas();
      reduce(book, 0, ltv);
      balance(book, (book.nav * inRanges) / 2);
      for (const range of wanted) lay(book, range);
    }
    book.toReserve(book.idle.quote);
  };

  return {
    baseShare: inRanges / 2,
    open(book: Book) {
      book.payGas();
      for (const range of wanted) lay(book, range);
      book.toReserve(book.idle.quote);
    },
    act(book: Book) {
      recentre(book);
      if (hedge === 0) return;
      const { held, world } = book;
      const alarm = ltv + (world.costs.liquidationLtv - ltv) * PATIENCE;
      const urgent = (held[OWED] as number) * book.price > (held[OWNED] as number) * alarm;
      if (!urgent && book.time - looked < check) return;
      looked = book.time;
      follow(book, urgent);
    },
  };
}

/** Everything that earns beside ranges and collateral lies idle. */
function free(book: Book): void {
  book.collect();
  book.toReserve(-book.reserve);
}

/** Value of what lies idle, quote units. */
function worth(book: Book): number {
  const { base, quote } = book.idle;
  return base * book.price + quote;
}

/** Swaps so that base worth `each` lies idle and, if there is enough for it, as much quote. */
function balance(book: Book, each: number): void {
  const { base, quote } = book.idle;
  const [have, kept] = [base * book.price, 1 - book.world.costs.swap];
  if (have > each) book.sellBase((have - each) / book.price);
  else {
    // Selling x of quote leaves quote - x and have + kept x; more than makes both equal would only be missed on the other side.
    const sold = Math.min((each - have) / kept, (quote - have) / (1 + kept));
    if (sold > 0) book.sellQuote(sold);
  }
}

/** Borrows and sells until so much base is owed, as far as the idle quote goes as collateral. */
function raise(book: Book, target: number, ltv: number): void {
  const { price } = book;
  const least = (book.nav * DUST) / price;
  for (let round = 0; round < ROUNDS; round++) {
    const { owned, owed } = book.debt;
    const more = Math.min(target - owed, ((owned + book.idle.quote) * ltv) / price - owed);
    if (!(more > least)) return;
    const missing = Math.max(0, ((owed + more) * price) / ltv - owned);
    book.borrow(more, Math.min(missing, book.idle.quote));
    book.sellBase(more);
  }
}

/**
 * Repays until so much base is owed, bought with idle quote and then with the collateral that each repayment sets free. Next to nothing owed
 * becomes nothing.
 */
function reduce(book: Book, target: number, ltv: number): void {
  const { price } = book;
  const least = (book.nav * DUST) / price;
  const whole = target < least;
  for (let round = 0; round < ROUNDS; round++) {
    const { owned, owed } = book.debt;
    const goal = whole ? owed : owed - target;
    if (!(goal > (whole ? 0 : least))) return;
    const missing = goal - book.idle.base;
    // A hair more, so that rounding does not leave a debt without collateral.
    if (missing > 0)
      book.sellQuote(Math.min(book.idle.quote, ((missing * price) / (1 - book.world.costs.swap)) * (1 + HAIR)));
    const repaid = Math.min(book.idle.base, goal);
    if (!(repaid > 0)) return;
    const left = owed - repaid;
    book.repay(repaid, left > 0 ? Math.max(0, owned - (left * price) / ltv) : owned);
  }
}

/**
 * Brings the debt back to its loan-to-value by giving idle quote as collateral or, where there is too little, by repaying with some of it.
 * @returns false if there is too little for that too, and nothing was done
 */
function secure(book: Book, ltv: number): boolean {
  const { price } = book;
  const { owned, owed } = book.debt;
  const { quote } = book.idle;
  const missing = (owed * price) / ltv - owned;
  if (missing <= book.nav * DUST) return true;
  if (quote < missing) {
    // After selling x of quote: (owed - x kept / price) price / ltv = owned + quote - x.
    const kept = 1 - book.world.costs.swap;
    const sold = (missing - quote) / (kept / ltv - 1);
    if (sold > quote) return false;
    book.sellQuote(sold);
    book.repay(Math.min(book.idle.base, owed), 0);
  }
  const debt = book.debt;
  book.borrow(0, Math.min(book.idle.quote, Math.max(0, (debt.owed * price) / ltv - debt.owned)));
  return true;
}
