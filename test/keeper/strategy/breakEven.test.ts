import { expect } from "chai";
import fc from "fast-check";

import { breakEven, endsInside, profitAt, type StandingBook } from "../../../keeper/strategy/breakEven.ts";
import { amounts, type Position } from "../../../keeper/strategy/liquidity.ts";
import { expectClose } from "../../support/close.ts";
import "../../support/seed.ts";

const PRICE = 2000;
const range: Position = { liquidity: 1000, lower: PRICE / 1.2, upper: PRICE * 1.2 };
const full: Position = { liquidity: 1000, lower: 0, upper: Number.POSITIVE_INFINITY };
const NONE = { base: 0, owed: 0, owedNow: 0, liquidation: Number.POSITIVE_INFINITY } as const;

describe("strategy: break-even", () => {
  it("of a full range against its tokens is the closed form: L (sqrt(P') - sqrt(P))^2 / sqrt(P) = fees", () => {
    // Impermanent loss of a full range is L (sqrt(P') - sqrt(P))^2 / sqrt(P).
    const income = 500;
    const found = breakEven({ ...NONE, ranges: [full], base: -amounts(full, PRICE).base, income }, PRICE)!;
    const step = Math.sqrt((income * Math.sqrt(PRICE)) / full.liquidity);
    expectClose(found.lower, (Math.sqrt(PRICE) - step) ** 2, 1e-6);
    expectClose(found.upper, (Math.sqrt(PRICE) + step) ** 2, 1e-6);
  });

  it("without a hedge has no price that is too high, and one below which the tokens have lost what the fees earned", () => {
    const found = breakEven({ ...NONE, ranges: [range], income: 300 }, PRICE)!;
    expect(found.upper).to.equal(Number.POSITIVE_INFINITY);
    expectClose(profitAt({ ...NONE, ranges: [range], income: 300 }, PRICE, found.lower), 0, 1e-6);
    expect(found.lower).to.be.lessThan(PRICE);
  });

  it("with a debt has both, and ends where the debt would be liquidated", () => {
    const { base } = amounts(range, PRICE);
    const hedged: StandingBook = { ...NONE, ranges: [range], owed: base, owedNow: base, income: 300 };
    const found = breakEven(hedged, PRICE)!;
    for (const price of [found.lower, found.upper]) expectClose(profitAt(hedged, PRICE, price), 0, 1e-6);
    expect(found.lower).to.be.lessThan(PRICE);
    expect(found.upper).to.be.greaterThan(PRICE);
    const near = (PRICE + found.upper) / 2;
    expectClose(breakEven({ ...hedged, liquidation: near }, PRICE)!.upper, near, 1e-6);
  });

  it("is none where every price brings a loss", () => {
    const base = -amounts(full, PRICE).base;
    expect(breakEven({ ...NONE, ranges: [full], base, income: -1 }, PRICE)).to.equal(null);
  });

  it("property: inside nothing is lost, outside something is", () => {
    const books = fc.record({
      widths: fc.array(
        fc.tuple(fc.double({ min: 0.02, max: 1.5, noNaN: true }), fc.double({ min: -0.4, max: 0.4, noNaN: true })),
        { minLength: 1, maxLength: 4 },
      ),
      base: fc.double({ min: 0, max: 5, noNaN: true }),
      owed: fc.double({ min: 0, max: 12, noNaN: true }),
      income: fc.double({ min: -500, max: 3000, noNaN: true }),
    });
    fc.assert(
      fc.property(books, fc.double({ min: -3, max: 3, noNaN: true }), ({ widths, base, owed, income }, move) => {
        const ranges = widths.map(([half, shift]) => {
          const centre = PRICE * Math.exp(shift);
          return { liquidity: 300, lower: centre / (1 + half), upper: centre * (1 + half) };
        });
        const book: StandingBook = { ...NONE, ranges, base, owed, owedNow: owed, income };
        const found = breakEven(book, PRICE);
        const then = PRICE * Math.exp(move);
        const profit = profitAt(book, PRICE, then);
        const inside = found !== null && then >= found.lower && then <= found.upper;
        // Within rounding of a bound either answer is right.
        if (Math.abs(profit) > 1e-6) expect(inside).to.equal(profit > 0);
      }),
    );
  });

  it("gives the probability of a martingale: nothing is certain but everything together", () => {
    const all = { lower: 0, upper: Number.POSITIVE_INFINITY };
    expect(endsInside(all, PRICE, 0.8, 0.25)).to.equal(1);
    const v = 0.8 * Math.sqrt(30 / 365);
    // The median lies v^2 / 2 below the mean.
    expectClose(endsInside({ lower: 0, upper: PRICE * Math.exp((-v * v) / 2) }, PRICE, 0.8, 30 / 365), 0.5, 1e-12);
    const sigma = { lower: PRICE * Math.exp((-v * v) / 2 - v), upper: PRICE * Math.exp((-v * v) / 2 + v) };
    expectClose(endsInside(sigma, PRICE, 0.8, 30 / 365), 0.682689492137, 1e-10);
    expect(endsInside({ lower: 1900, upper: 2100 }, PRICE, 0, 1)).to.equal(1);
  });
});
