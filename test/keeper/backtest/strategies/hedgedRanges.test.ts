import { expect } from "chai";
import fc from "fast-check";

import { tapeOf } from "../../../../keeper/backtest/data/tape.ts";
import { trendVotes } from "../../../../keeper/backtest/data/trendVotes.ts";
import { advance } from "../../../../keeper/backtest/engine/advance.ts";
import { Book } from "../../../../keeper/backtest/engine/book.ts";
import { runStrategy } from "../../../../keeper/backtest/engine/run.ts";
import { attributionAt } from "../../../../keeper/backtest/engine/terms.ts";
import { hedgedRanges, type HedgedRangesOptions } from "../../../../keeper/backtest/strategies/hedgedRanges.ts";
import { totalOf } from "../../../../keeper/report/attribution.ts";
import { expectClose } from "../../../support/close.ts";
import { barsThrough, gbm, pathOf, worldOf } from "../worlds.ts";
import "../../../support/seed.ts";

const OPTIONS: HedgedRangesOptions = {
  ranges: [
    { halfWidth: 0.1, weight: 0.3 },
    { halfWidth: 0.4, weight: 0.3 },
  ],
  cooldownHours: 24,
  hedge: 1,
  ltv: 0.65,
  checkHours: 24,
  band: 0.02,
};

describe("backtest: hedged ranges", () => {
  it("owe the bearish part of their ranges' base, at the loan-to-value that was asked for", () => {
    const world = worldOf(barsThrough(2000, Array<number>(60).fill(2000)));
    for (const vote of [0, 0.3, 1]) {
      const book = new Book(world, 0, 0.3);
      const strategy = hedgedRanges(OPTIONS, new Float64Array(61).fill(vote));
      strategy.open(book);
      const base = book.ranges.base[0]! + book.ranges.base[1]!;
      expectClose(base * 2000, 300_000, 20, "base in ranges");
      advance(book);
      strategy.act(book);
      const { owed, owned } = book.debt;
      expectClose(owed, vote * base, 0.01, `debt at ${vote}`);
      if (vote > 0) expectClose((owed * 2000) / owned, 0.65, 1e-6, "loan-to-value");
      expectClose(totalOf(attributionAt(book.terms)), book.nav - 1_000_000, 1e-6, "total");
      const { base: idleBase, quote: idleQuote } = book.idle;
      expectClose(idleBase * 2000 + idleQuote, 0, 5, "idle");
    }
  });

  it("repay when the trend turns, and keep still inside the band and between two looks", () => {
    const world = worldOf(barsThrough(2000, Array<number>(100).fill(2000)));
    // One voice of ten is 3 % of the value: over the band. Half a voice is under it.
    const votes = Float64Array.from({ length: 101 }, (_, mark) =>
      mark < 30 ? 1 : mark < 55 ? 0.96 : mark < 80 ? 0.5 : 0,
    );
    const book = new Book(world, 0, 0.3);
    const strategy = hedgedRanges(OPTIONS, votes);
    strategy.open(book);
    const owed: number[] = [];
    for (let mark = 1; mark <= 100; mark++) {
      advance(book);
      strategy.act(book);
      owed.push(Math.round(book.debt.owed));
    }
    expect(owed[0]).to.equal(150);
    // Looked at hours 1, 25, 49, 73, 97.
    expect(owed[48]).to.equal(150);
    expect(owed.slice(54, 72).every((one) => one === 150)).to.equal(true);
    expect(owed[72]).to.equal(75);
    expect(owed[95]).to.equal(75);
    expect(book.debt).to.deep.equal({ kind: "conversion", owned: 0, owed: 0 });
  });

  it("move each range by itself when a bar closes outside of it, no sooner than its cooldown", () => {
    // Outside the narrow range from hour 10 on, further outside of its new place from hour 12 on; never outside the wide one.
    const closes = Array.from({ length: 60 }, (_, hour) => (hour < 9 ? 2000 : hour < 11 ? 2250 : 2600));
    const book = new Book(worldOf(barsThrough(2000, closes)), 0, 0.3);
    const strategy = hedgedRanges({ ...OPTIONS, hedge: 0 }, new Float64Array(61).fill(1));
    strategy.open(book);
    const uppers = (): number[] =>
      [...book.ranges.upper.subarray(0, book.ranges.count)].map((root) => Math.round(root * root)).toSorted();
    const seen: number[][] = [];
    for (let mark = 1; mark <= 60; mark++) {
      advance(book);
      strategy.act(book);
      seen.push(uppers());
    }
    expect(seen[8]).to.deep.equal([2200, 2800]);
    // The cooldown counts from the opening.
    expect(seen[22]).to.deep.equal([2200, 2800]);
    expect(seen[23]).to.deep.equal([2800, 2860]);
    expect(seen[59]).to.deep.equal([2800, 2860]);
    expect(book.rebalances).to.equal(2);
    expect(book.debt.owed).to.equal(0);
  });

  it("never overdraw, and their terms add up, whatever the settings, the path and the trend", () => {
    const width = fc.double({ min: 0.005, max: 2, noNaN: true });
    const part = fc.double({ min: 0.01, max: 0.33, noNaN: true });
    fc.assert(
      fc.property(
        fc.array(fc.record({ halfWidth: width, weight: part }), { minLength: 1, maxLength: 3 }),
        fc.record({
          cooldownHours: fc.constantFrom(0, 3, 24, 200),
          hedge: fc.double({ min: 0, max: 1, noNaN: true }),
          ltv: fc.double({ min: 0.05, max: 0.8, noNaN: true }),
          checkHours: fc.constantFrom(1, 6, 24, 2_000),
          band: fc.constantFrom(0, 0.01, 0.08),
        }),
        fc.double({ min: 0.3, max: 6, noNaN: true }),
        fc.nat(1e6),
        (ranges, options, volatility, seed) => {
          const bars = gbm(600, volatility, seed);
          const world = worldOf(bars);
          const votes = Float64Array.from({ length: 601 }, (_, mark) => ((seed + Math.floor(mark / 24) * 7) % 11) / 10);
          const knots = Int32Array.from({ length: 599 }, (_, i) => i + 1);
          const record = runStrategy(world, hedgedRanges({ ranges, ...options }, votes), 0, knots);
          for (const [i, worth] of record.nav.entries())
            expectClose(totalOf(attributionAt(record.terms, i * 7)), worth - 1_000_000, 0.005, `total at ${i}`);
        },
      ),
      { numRuns: 150 },
    );
  });

  it("know nothing of the future: other bars later change nothing before", () => {
    const [bars, other, cut] = [gbm(24 * 300, 0.9, 81), gbm(24 * 300, 2.5, 82), 24 * 200];
    const runs = [bars, [...bars.slice(0, cut), ...other.slice(cut)]].map((one) => {
      const path = pathOf(one);
      const world = worldOf(one);
      const feePerLiquidity = new Float64Array(one.length).fill(0.01);
      const strategy = hedgedRanges(OPTIONS, trendVotes(tapeOf(path), path));
      return runStrategy({ ...world, feePerLiquidity }, strategy, 0, new Int32Array());
    });
    expect(runs[0]!.nav.subarray(0, cut + 1)).to.deep.equal(runs[1]!.nav.subarray(0, cut + 1));
    expect(runs[0]!.nav.at(-1)).not.to.equal(runs[1]!.nav.at(-1));
    expect(runs[0]!.terms[7 + 3]).not.to.equal(0);
  });
});
