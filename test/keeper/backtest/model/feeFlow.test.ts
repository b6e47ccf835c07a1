import { expect } from "chai";
import fc from "fast-check";

import { tapeOf } from "../../../../keeper/backtest/data/tape.ts";
import { runStrategy } from "../../../../keeper/backtest/engine/run.ts";
import { attributionAt, TERMS } from "../../../../keeper/backtest/engine/terms.ts";
import { dampedVariance, feeFlow } from "../../../../keeper/backtest/model/feeFlow.ts";
import { garmanKlass } from "../../../../keeper/backtest/model/garmanKlass.ts";
import type { Strategy } from "../../../../keeper/backtest/strategies/strategy.ts";
import type { Bar } from "../../../../keeper/market/types.ts";
import { expectClose } from "../../../support/close.ts";
import "../../../support/seed.ts";
import { arbitraryBars } from "../../market/fixtures.ts";
import { arbitraryCloses, barsThrough, FREE, gbm, pathOf, worldOf } from "../worlds.ts";

const fullRangeLeftAlone: Strategy = {
  baseShare: 0.5,
  open: (book) => book.mint(0, Number.POSITIVE_INFINITY),
  act: () => undefined,
};

/** A bar whose Garman-Klass variance is known: open = close, high / low = e^(2 x), so 2 x^2. */
function wide(bar: Bar, x: number): Bar {
  return { ...bar, open: bar.close, high: bar.close * Math.exp(x), low: bar.close * Math.exp(-x) };
}

describe("backtest: Garman-Klass", () => {
  it("is 0.5 ln(H/L)^2 - (2 ln 2 - 1) ln(C/O)^2", () => {
    const bar = { time: 0, open: 100, high: 110, low: 95, close: 105, volume: 1 };
    expectClose(garmanKlass(bar), 0.5 * 0.021492578 - 0.386294361 * 0.00238048, 1e-8);
  });

  it("is never below zero", () => {
    fc.assert(
      fc.property(arbitraryBars, (bars) => {
        for (const bar of bars) expect(garmanKlass(bar)).to.be.gte(0);
      }),
    );
  });
});

describe("backtest: the fee model", () => {
  it("pays a full range that is left alone k times its LVR over the whole window, on every path", () => {
    fc.assert(
      fc.property(arbitraryCloses, fc.double({ min: 0, max: 2, noNaN: true }), (closes, k) => {
        const world = worldOf(barsThrough((closes[0] ?? 1) * 1.01, closes), { costs: FREE, k });
        const { terms } = runStrategy(world, fullRangeLeftAlone, 0, new Int32Array());
        const { fees, lvr } = attributionAt(terms, TERMS);
        expectClose(fees, k * lvr, 1e-6 * Math.max(1, lvr), "fees");
      }),
    );
  });

  it("weighs hour, day and half-year as the formula says", () => {
    const calm = barsThrough(100, Array<number>(5_000).fill(100)).map((bar) => wide(bar, 0.01));
    const [usual, storm] = [2 * 0.01 ** 2, 2 * 0.05 ** 2];
    const bars = calm.map((bar, i) => (i >= 4_900 ? wide(bar, 0.05) : bar));
    const damped = dampedVariance(pathOf(bars));
    expectClose(damped[4_899], usual, 1e-15, "calm");
    // The first stormy hour: itself by half, and one of the day's 24.
    const day = (23 * usual + storm) / 24;
    const long = (4_319 * usual + storm) / 4_320;
    expectClose(damped[4_900], (0.5 * storm + 0.5 * day) ** 0.75 * long ** 0.25, 1e-12, "first hour");
    expectClose(damped[4_950], storm ** 0.75 * ((4_269 * usual + 51 * storm) / 4_320) ** 0.25, 1e-12, "later");
  });

  it("reaches back into the history, and takes what there is where there is less", () => {
    const bars = gbm(600, 0.9, 11);
    const [history, inside] = [bars.slice(0, 200), bars.slice(200)];
    const whole = dampedVariance(pathOf(bars));
    const part = dampedVariance(pathOf(inside, history));
    expect(part.length).to.equal(400);
    for (const [i, w] of part.entries()) expectClose(w, whole[200 + i] ?? NaN, 1e-15);
    expectClose(whole[0], garmanKlass(bars[0]!), 1e-15);
  });

  it("knows no later bar, but for its scale", () => {
    const bars = gbm(500, 0.9, 12);
    const other = [...bars.slice(0, 300), ...gbm(200, 3, 13).map((bar, i) => ({ ...bar, time: bars[300 + i]!.time }))];
    const [one, two] = [dampedVariance(pathOf(bars)), dampedVariance(pathOf(other))];
    expect(one.subarray(0, 300)).to.deep.equal(two.subarray(0, 300));
    expect(one[300]).not.to.equal(two[300]);
  });

  it("pays nothing where the price never moves", () => {
    const path = pathOf(
      Array.from({ length: 48 }, (_, i) => ({ ...barsThrough(5, [5], i * 3600)[0]!, high: 5, low: 5 })),
    );
    const { perLiquidity, scale } = feeFlow(tapeOf(path), dampedVariance(path), 0.9);
    expect(scale).to.equal(0);
    expect([...perLiquidity].every((fee) => fee === 0)).to.equal(true);
  });
});
