import { expect } from "chai";
import fc from "fast-check";

import { advance } from "../../../../keeper/backtest/engine/advance.ts";
import { Book } from "../../../../keeper/backtest/engine/book.ts";
import { runStrategy } from "../../../../keeper/backtest/engine/run.ts";
import { attributionAt, LVR, TERMS } from "../../../../keeper/backtest/engine/terms.ts";
import type { Strategy } from "../../../../keeper/backtest/strategies/strategy.ts";
import { totalOf } from "../../../../keeper/report/attribution.ts";
import { accrue, carryPerYear, debtDelta, debtValue } from "../../../../keeper/sleeves/debt.ts";
import { holdingAfter } from "../../../../keeper/sleeves/holding.ts";
import { lvrRate, value } from "../../../../keeper/strategy/liquidity.ts";
import { expectClose } from "../../../support/close.ts";
import "../../../support/seed.ts";
import { arbitraryCloses, barsThrough, FREE, gbm, worldOf } from "../worlds.ts";

/** Does whatever it is told at each mark, as far as the book allows. */
function scripted(script: readonly (readonly [number, number])[]): Strategy {
  const act = (book: Book, [choice, size]: readonly [number, number]): void => {
    const { base, quote } = book.idle;
    const { price } = book;
    switch (choice) {
      case 0:
        if (book.ranges.count < 5)
          book.mint(price / (1 + size), price * (1.01 + size), { base: base * size, quote: quote * size });
        return;
      case 1: {
        book.burnAll();
        return;
      }
      case 2: {
        book.sellBase(base * size);
        return;
      }
      case 3: {
        book.sellQuote(quote * size);
        return;
      }
      case 4: {
        book.payGas();
        return;
      }
      case 5: {
        book.toReserve(size < 0.5 ? quote * size : -book.reserve * size);
        return;
      }
      case 6: {
        book.borrow((quote * 0.5 * size) / price, quote);
        return;
      }
      case 7: {
        const part = Math.min(1, base / Math.max(book.debt.owed, 1e-300)) * size;
        book.repay(book.debt.owed * part, book.debt.owned * part);
        return;
      }
      case 8:
        if (book.ranges.count > 0) book.increase(book.ranges.count - 1);
        return;
      case 9: {
        book.collect();
        return;
      }
      case 10: {
        const { count } = book.ranges;
        // Whole, in part, or for its fees alone.
        if (count > 0) book.burn(Math.floor(size * count), size < 0.3 ? 1 : size < 0.6 ? 0 : size);
        return;
      }
      case 11: {
        const before = book.nav;
        const takeBack = book.checkpoint();
        book.burnAll();
        book.sellBase(book.idle.base);
        book.payGas();
        takeBack();
        expect(book.nav).to.equal(before);
        return;
      }
      default: {
        book.secure(book.debt.owed > 0 ? quote * size : -book.debt.owned * size);
        return;
      }
    }
  };
  let at = 0;
  const next = (book: Book): void => {
    const step = script[at++ % script.length];
    if (step !== undefined) act(book, step);
  };
  return { baseShare: 0.5, open: next, act: next };
}

const arbitraryScript = fc.array(
  fc.tuple(fc.integer({ min: 0, max: 12 }), fc.double({ min: 0.01, max: 0.99, noNaN: true })),
  { minLength: 1, maxLength: 40 },
);

describe("backtest: one bar", function () {
  this.timeout(60_000);

  it("market + fees - LVR + hedge + carry - gas - slippage is the change of value, to the cent, whatever is done on whatever path", () => {
    fc.assert(
      fc.property(arbitraryCloses, arbitraryScript, (closes, script) => {
        const first = closes[0] ?? 1;
        const world = worldOf(barsThrough(first, closes), { costs: { collateralYield: 0.01 } });
        const every = Int32Array.from(closes, (_, mark) => mark);
        const { nav, terms, knots, start } = runStrategy(world, scripted(script), 0, every);
        for (const [row, mark] of knots.entries()) {
          const total = totalOf(attributionAt(terms, row * TERMS));
          // Moves of a fifth an hour can make a fortune; a cent is then below what a float64 holds.
          const fortune = Math.max(...nav);
          if (row > 0)
            expectClose(total, (nav[mark - start] ?? NaN) - (nav[0] ?? NaN), Math.max(0.005, fortune * 1e-11), "total");
        }
      }),
      { numRuns: 300 },
    );
  });

  it("LVR is never below zero", () => {
    fc.assert(
      fc.property(arbitraryCloses, fc.double({ min: 0.01, max: 3, noNaN: true }), (closes, width) => {
        const first = closes[0] ?? 1;
        const book = new Book(worldOf(barsThrough(first, closes)), 0, 0.5);
        book.mint(first / (1 + width), first * (1 + width));
        for (const _ of closes) {
          const before = book.terms[LVR] ?? NaN;
          advance(book);
          expect((book.terms[LVR] ?? NaN) - before).to.be.gte(-1e-6);
        }
      }),
    );
  });

  it("a full range loses s^2 / 8 of its value a year to arbitrage", () => {
    const [volatility, years] = [0.8, 20];
    const world = worldOf(gbm(8760 * years, volatility, 7), { costs: FREE, k: 0 });
    const book = new Book(world, 0, 0.5);
    book.mint(0, Number.POSITIVE_INFINITY);
    let lost = 0;
    for (let bar = 0; bar < world.tape.bars; bar++) {
      const [worth, before] = [book.nav, book.terms[LVR] ?? NaN];
      advance(book);
      lost += ((book.terms[LVR] ?? NaN) - before) / worth;
    }
    // 175,200 hours tell a variance to 0.34 %.
    expectClose(lost / years / (volatility ** 2 / 8), 1, 0.015, "LVR over s^2/8");
  });

  it("a range's measured LVR is L s^2 sqrt(P) / 4 for the time that the price is inside, on average over martingales", () => {
    const [volatility, hours, paths] = [0.8, 24 * 60, 400];
    let [measured, closedForm] = [0, 0];
    for (let seed = 0; seed < paths; seed++) {
      const world = worldOf(gbm(hours, volatility, seed), { costs: FREE, k: 0 });
      const book = new Book(world, 0, 0.5);
      const [lower, upper] = [2000 / 1.2, 2000 * 1.2];
      const liquidity = book.mint(lower, upper);
      for (let bar = 0; bar < hours; bar++) {
        closedForm += lvrRate({ liquidity, lower, upper }, book.price, volatility) / 8760;
        advance(book);
      }
      measured += book.terms[LVR] ?? NaN;
    }
    expectClose(measured / closedForm, 1, 0.02, "measured LVR over the closed form");
  });

  it("a range without fees is worth what the closed form says, at every mark", () => {
    const world = worldOf(gbm(2000, 1.2, 3), { costs: FREE, k: 0 });
    const book = new Book(world, 0, 0.5);
    const liquidity = book.mint(1800, 2200);
    const left = book.idle;
    for (let bar = 0; bar < world.tape.bars; bar++) {
      advance(book);
      const range = value({ liquidity, lower: 1800, upper: 2200 }, book.price);
      expectClose(book.nav, range + left.base * book.price + left.quote, 1e-6, "value");
    }
  });

  it("a debt and a reserve grow as keeper/sleeves says", () => {
    const terms = { threshold: 0.86, borrowRate: 0.025, supplyRate: 0.01 };
    const world = worldOf(gbm(500, 0.8, 5), { costs: { ...FREE, collateralYield: terms.supplyRate } });
    const book = new Book(world, 0, 0);
    book.borrow(100, 500_000);
    book.toReserve(300_000);
    const opened = book.debt;
    const [before, hedged] = [debtValue(opened, book.price), debtDelta(opened)];
    expectClose(book.nav, 1_000_000, 1e-6, "value after opening");
    expectClose(hedged, -100, 0);
    for (let bar = 0; bar < 500; bar++) advance(book);
    const years = 500 / 8760;
    const after = accrue(opened, terms, years);
    expectClose(book.debt.owed, after.owed, 1e-9, "debt");
    expectClose(book.debt.owned, after.owned, 1e-6, "collateral");
    const reserve = { rate: 0.02, volatility: 0, correlation: 0, settlement: 0, entry: 0, exit: 0 };
    expectClose(book.reserve, holdingAfter({ owned: 300_000, pending: 0 }, reserve, years).owned, 1e-6, "reserve");
    const { hedge, carry } = attributionAt(book.terms);
    const earned = book.reserve - 300_000;
    expectClose(hedge + carry - earned, debtValue(book.debt, book.price) - before, 1e-5, "the debt's profit");
    expectClose(carry - earned, carryPerYear(opened, 2000, terms) * years, 60, "its carry, at about the first price");
  });

  it("a debt at the venue's limit is liquidated, and what it costs is the hedge's", () => {
    const world = worldOf(barsThrough(2000, [2000, 2200, 2200]), { costs: FREE, k: 0 });
    const book = new Book(world, 0, 0);
    book.borrow(100, 250_000);
    book.sellBase(100);
    advance(book);
    expect(book.debt.owed).to.be.greaterThan(0);
    advance(book);
    expect(book.debt).to.deep.equal({ kind: "conversion", owned: 0, owed: 0 });
    const incentive = 1 / (0.3 * 0.86 + 0.7);
    // 1,200,000 after the sale, less the debt of 220,000 and what the venue keeps of it; interest of two hours is cents.
    expectClose(book.nav, 1_200_000 - 220_000 * incentive, 5, "value");
    expectClose(totalOf(attributionAt(book.terms)), book.nav - 1_000_000, 1e-6, "total");
  });

  it("a mint takes no more than lies idle, whatever it may take, and opens nothing where it would take nothing", () => {
    const book = new Book(worldOf(barsThrough(2000, [2000])), 0, 0.5);
    book.mint(1800, 2200, { base: 1e9, quote: 1e9 });
    const { base, quote } = book.idle;
    expect(Math.min(base, quote)).to.be.within(0, 1e-6);
    expectClose(book.nav, 1_000_000, 1e-6);
    const empty = new Book(worldOf(barsThrough(2000, [2000])), 0, 0);
    expect(empty.mint(2000, 2200)).to.equal(0);
    expect(empty.ranges.count).to.equal(0);
  });

  it("a range's fees are its own: together they are the book's, and a burn collects them with their part of the tokens", () => {
    const book = new Book(worldOf(barsThrough(2000, [2050, 2010, 2080, 2040])), 0, 0.5);
    book.mint(1800, 2200, { base: 50, quote: 100_000 });
    book.mint(1900, 2100, { base: 50, quote: 100_000 });
    book.mint(1000, 1500, { base: 0, quote: 50_000 });
    for (let bar = 0; bar < 4; bar++) advance(book);
    const { ranges } = book;
    const [wide, narrow] = [ranges.feesBase[0] ?? NaN, ranges.feesBase[1] ?? NaN];
    expect(narrow).to.be.greaterThan(wide);
    expect(ranges.feesBase[2]).to.equal(0);
    expectClose(book.pendingFees.base, wide + narrow, 1e-12);
    const [idle, held, nav] = [book.idle.base, ranges.base[1] ?? NaN, book.nav];
    book.burn(1, 0.25);
    expectClose(book.idle.base - idle, 0.25 * held + narrow, 1e-9);
    expectClose(ranges.base[1], 0.75 * held, 1e-9);
    expectClose(book.pendingFees.base, wide, 1e-12);
    book.burn(0, 1);
    expect(ranges.count).to.equal(2);
    expectClose(ranges.base[0], 0.75 * held, 1e-9);
    expectClose(book.pendingFees.base, 0, 1e-12);
    expectClose(book.nav, nav, 1e-6);
    // The same bounds are the same range.
    const liquidity = ranges.liquidity[0] ?? NaN;
    const added = book.mint(1900, 2100, { base: 10, quote: 20_000 });
    expect(ranges.count).to.equal(2);
    expectClose(ranges.liquidity[0], liquidity + added, 1e-6);
    expect(() => book.burn(2, 1)).to.throw(/no range at place 2; 2 are open/);
    expect(() => book.burn(0, 2)).to.throw(/give one from 0 to 1/);
  });

  it("the keeper lays out gas while nothing lies idle, and gets it back with the next rebalance", () => {
    const book = new Book(worldOf(barsThrough(2000, [2000])), 0, 0);
    book.toReserve(book.idle.quote);
    book.payGas();
    expectClose(book.nav, 1_000_000 - 15, 1e-6);
    expectClose(book.reserve, 1_000_000, 1e-6);
    book.toReserve(-100);
    book.payGas();
    expectClose(book.idle.quote, 100 - 30, 1e-9);
    expectClose(book.nav, 1_000_000 - 30, 1e-6);
  });

  it("one range is closed by its place, and the others stay what they are", () => {
    const book = new Book(worldOf(barsThrough(2000, [2000])), 0, 0.5);
    const part = { base: 50, quote: 100_000 };
    const liquidity = [book.mint(1800, 2200, part), book.mint(1500, 1900, part), book.mint(1000, 4000, part)];
    const before = book.idle;
    const held = [book.ranges.base[1]!, book.ranges.quote[1]!];
    book.burn(1);
    expect([...book.ranges.liquidity.subarray(0, book.ranges.count)]).to.deep.equal([liquidity[0], liquidity[2]]);
    expectClose(book.ranges.upper[1]! ** 2, 4000, 1e-9);
    expectClose(book.idle.base - before.base, held[0]!, 1e-9);
    expectClose(book.idle.quote - before.quote, held[1]!, 1e-6);
    expectClose(book.nav, 1_000_000, 1e-6);
    expect(() => book.burn(2)).to.throw(/no range at place 2/);
  });

  it("an action that overdraws, a range that is none and a debt without security are refused", () => {
    const book = new Book(worldOf(barsThrough(2000, [2000, 2000])), 0, 0.5);
    expect(() => book.sellBase(1e6)).to.throw(/cannot be taken from idle base/);
    expect(() => book.toReserve(-1)).to.throw(/cannot be taken from reserve/);
    expect(() => book.mint(3, 2)).to.throw(/let it begin below its end/);
    expect(() => book.borrow(200, 400_000)).to.throw(/give more collateral/);
  });
});
