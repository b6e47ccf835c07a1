/** Signals from what others count and report: launches and the asset's marks. */
import { expect } from "chai";
import fc from "fast-check";

import type { Bar } from "../../../keeper/market/types.ts";
import { assetCorrelationSignals, correlation, reportReturns } from "../../../keeper/signals/assetCorrelation.ts";
import { computeSignals } from "../../../keeper/signals/computeSignals.ts";
import { launchActivitySignal, launchScore } from "../../../keeper/signals/launchActivity.ts";
import type { AssetMark, LaunchDay } from "../../../keeper/strategy/types.ts";
import { expectClose } from "../../support/close.ts";
import "../../support/seed.ts";
import { makeState } from "../strategy/world.ts";
import { barsOf, DAY, HOUR, START } from "./helpers.ts";

const days = (pools: readonly number[], from = START): LaunchDay[] =>
  pools.map((n, i) => ({ day: from + i * DAY, pools: n }));

describe("launchActivity", () => {
  it("is the last whole day's distance from the days before it, in their standard deviations", () => {
    // Before: 10, 12 by turns, 20 of them: mean 11, sample deviation sqrt(20 / 19).
    const before = Array.from({ length: 20 }, (_, i) => 10 + 2 * (i % 2));
    const series = days([...before, 15]);
    const time = START + 21 * DAY + HOUR;
    expectClose(launchScore(series, time)?.score, 4 / Math.sqrt(20 / 19), 1e-12);
    expect(launchActivitySignal(time, series)).to.deep.include({ name: "launchActivity", fresh: true, weight: "size" });
  });

  it("looks at the 30 days before and at no day that is not over", () => {
    const quiet = Array.from({ length: 30 }, (_, i) => 10 + 2 * (i % 2));
    const series = days([500, 900, ...quiet, 15, 9999]);
    const time = START + 33 * DAY + 5 * HOUR;
    expectClose(launchScore(series, time)?.score, 4 / Math.sqrt(30 / 29), 1e-12);
    fc.assert(
      fc.property(fc.array(fc.nat(1000), { maxLength: 5 }), (future) => {
        const later = [...series.slice(0, 33), ...days(future, START + 33 * DAY)];
        expect(launchActivitySignal(time, later)).to.deep.equal(launchActivitySignal(time, series));
      }),
    );
  });

  it("knows nothing without the series, with fewer than 14 days, or where they were all alike", () => {
    const time = START + 100 * DAY;
    expect(launchActivitySignal(time)).to.deep.include({ value: null, fresh: false });
    expect(launchScore(days([...Array.from({ length: 13 }, (_, i) => i), 50]), time)).to.equal(null);
    expect(launchScore(days([...Array.from({ length: 14 }, (_, i) => i), 50]), time)).not.to.equal(null);
    expect(launchScore(days([...Array.from({ length: 20 }, () => 7), 50]), time)).to.equal(null);
  });

  it("does not take a day that nobody counted for one without launches", () => {
    const counted = days(Array.from({ length: 31 }, (_, i) => 10 + (i % 3)));
    const gap = counted.filter((_, i) => i % 2 === 0 || i === 30);
    const score = launchScore(gap, START + 31 * DAY)!.score;
    expect(Math.abs(score)).to.be.lessThan(2);
  });

  it("goes stale when nobody counts any more", () => {
    const series = days(Array.from({ length: 21 }, (_, i) => 10 + (i % 3)));
    const end = START + 21 * DAY;
    expect(launchActivitySignal(end + DAY + 5 * HOUR, series).fresh).to.equal(true);
    expect(launchActivitySignal(end + DAY + 7 * HOUR, series)).to.deep.include({ fresh: false });
  });
});

describe("assetCorrelation", () => {
  /** Weekly reports, looked at once a day; `of(i)` is the report of week i. */
  const weekly = (weeks: number, of: (i: number) => number): AssetMark[] =>
    Array.from({ length: weeks * 7 }, (_, i) => ({ time: START + i * DAY + 12 * HOUR, value: of(Math.floor(i / 7)) }));
  const wave = (i: number): number => 0.1 * Math.sin(i * 1.7) + 0.05 * Math.sin(i * 0.9);
  /** The pair at the hours: constant within a week, so that its weekly returns are the wave's. */
  const bars: Bar[] = barsOf(
    Array.from({ length: 60 * 7 * 24 }, (_, hour) => 2000 * Math.exp(wave(Math.floor(hour / 24 / 7)))),
    START,
  );
  const time = START + 40 * 7 * DAY;

  it("is one with itself, minus one with its inverse, and counts changes of the mark, not looks", () => {
    for (const [sign, expected] of [
      [1, 1],
      [-1, -1],
    ] as const) {
      const marks = weekly(40, (i) => 100 * Math.exp(sign * 0.3 * wave(i)));
      const [value, reports] = assetCorrelationSignals(time, bars, marks);
      expectClose(value?.value, expected, 1e-9);
      expect(reports?.value).to.equal(39);
      expect(value?.fresh).to.equal(true);
    }
  });

  it("is near zero for returns that do not go with the pair's, and zero for a price that rises evenly", () => {
    const own = weekly(40, (i) => 100 * Math.exp(0.02 * Math.sin(i * i * 2.3)));
    expect(Math.abs(assetCorrelationSignals(time, bars, own)[0]!.value!)).to.be.lessThan(0.35);
    const even = weekly(40, (i) => 100 * Math.exp(0.001 * i));
    expect(assetCorrelationSignals(time, bars, even)[0]!.value).to.equal(0);
  });

  it("is the textbook's", () => {
    const list = [
      { asset: 1, pair: 2 },
      { asset: 2, pair: 1 },
      { asset: 4, pair: 6 },
      { asset: 5, pair: 5 },
    ];
    // Sum of products of deviations 11 over sqrt(10 * 17).
    expectClose(correlation(list), 11 / Math.sqrt(170), 1e-12);
    expect(correlation(list.slice(0, 2))).to.equal(null);
    expect(correlation(list.map(({ asset }) => ({ asset, pair: 1 })))).to.equal(null);
  });

  it("knows nothing without marks, looks back a year and not ahead, and goes stale", () => {
    for (const one of assetCorrelationSignals(time, bars)) expect(one).to.deep.include({ value: null, fresh: false });
    const marks = weekly(60, (i) => 100 * Math.exp(0.3 * wave(i)));
    expect(reportReturns(marks, bars, time)).to.have.length(39);
    expect(reportReturns(marks, bars, START + 60 * 7 * DAY).length).to.be.within(50, 52);
    const [stale] = assetCorrelationSignals(
      time,
      bars,
      weekly(38, (i) => 100 + i),
    );
    expect(stale?.fresh).to.equal(false);
  });

  it("reaches the rules as any signal does, and is unknown where the history has none of it", () => {
    const state = makeState({ price: 2000, idleBase: 1, idleQuote: 1, time });
    const history = { bars, samples: [] };
    const bare = computeSignals(state, history);
    for (const name of ["launchActivity", "assetCorrelation", "assetReports"]) {
      expect(bare[name]).to.deep.include({ value: null, fresh: false });
    }
    const launches = days(Array.from({ length: 280 }, (_, i) => 10 + (i % 5)));
    const marks = weekly(40, (i) => 100 * Math.exp(0.3 * wave(i)));
    const known = computeSignals(state, { ...history, launches, marks });
    for (const name of ["launchActivity", "assetCorrelation", "assetReports"]) {
      expect(known[name]?.fresh, name).to.equal(true);
    }
  });
});
