import { expect } from "chai";
import fc from "fast-check";

import { tapeOf } from "../../../../keeper/backtest/data/tape.ts";
import type { RunRecord } from "../../../../keeper/backtest/engine/run.ts";
import { TERMS } from "../../../../keeper/backtest/engine/terms.ts";
import { captureOf } from "../../../../keeper/backtest/metrics/capture.ts";
import { internalRate } from "../../../../keeper/backtest/metrics/irr.ts";
import { annualVolatility, sharpeRatio, sortinoRatio } from "../../../../keeper/backtest/metrics/ratios.ts";
import { runFigures } from "../../../../keeper/backtest/metrics/runFigures.ts";
import { stretchFigures } from "../../../../keeper/backtest/metrics/stretch.ts";
import { spreadOf } from "../../../../keeper/backtest/metrics/spread.ts";
import { expectClose } from "../../../support/close.ts";
import "../../../support/seed.ts";
import { barsThrough, pathOf } from "../worlds.ts";

/** A record of whole days from its values at each hour; every term of day d grows by d + 1. */
function recordOf(nav: readonly number[]): RunRecord {
  const knots = Int32Array.from({ length: Math.floor((nav.length - 1) / 24) + 1 }, (_, day) => day * 24);
  const terms = Float64Array.from({ length: knots.length * TERMS }, (_, i) => {
    const day = Math.floor(i / TERMS);
    return (day * (day + 1)) / 2;
  });
  return {
    start: 0,
    nav: Float64Array.from(nav),
    terms,
    knots,
    swapped: 50,
    rangeBars: 48,
    activeBars: 12,
    index: 0.9,
    rebalances: 2,
    liquidations: 0,
    baseShare: 0.5,
  };
}

/** Values that reach each day's end in even hourly steps. */
function days(...ends: readonly number[]): number[] {
  const nav = [100];
  for (const end of ends) {
    const from = nav.at(-1)!;
    for (let hour = 1; hour <= 24; hour++) nav.push(from + ((end - from) * hour) / 24);
  }
  return nav;
}

describe("backtest: metrics", () => {
  it("ratios are the textbook's", () => {
    const returns = Float64Array.from([0.01, -0.02, 0.03, 0]);
    // Mean 0.005, sample variance (0.000025 + 0.000625 + 0.000625 + 0.000025) / 3.
    const deviation = Math.sqrt(0.0013 / 3);
    expectClose(annualVolatility(returns), deviation * Math.sqrt(365), 1e-12);
    expectClose(sharpeRatio(returns), (0.005 / deviation) * Math.sqrt(365), 1e-12);
    expectClose(sortinoRatio(returns), (0.005 / Math.sqrt(0.0004 / 4)) * Math.sqrt(365), 1e-12);
    expect(sharpeRatio(Float64Array.of(0, 0, 0))).to.equal(null);
    expect(sortinoRatio(Float64Array.of(0.1, 0.1))).to.equal(null);
    expect(annualVolatility(Float64Array.of(0.1))).to.equal(null);
  });

  it("the internal rate makes the present value zero", () => {
    expectClose(
      internalRate([
        { days: 0, amount: -100 },
        { days: 365, amount: 110 },
      ]),
      0.1,
      1e-12,
    );
    // A deposit half-way: -100, -100 and 231 a year later are 1.21 = (1 + r) (1 + ...) by no guess: checked by its definition.
    fc.assert(
      fc.property(
        fc.array(fc.record({ days: fc.integer({ min: 1, max: 900 }), amount: fc.integer({ min: -90, max: -1 }) })),
        fc.double({ min: -0.9, max: 9, noNaN: true }),
        (paid, rate) => {
          const flows = [{ days: 0, amount: -50 }, ...paid];
          const end = flows.reduce(
            (sum, { days: day, amount }) => sum - amount * (1 + rate) ** ((1000 - day) / 365),
            0,
          );
          expectClose(internalRate([...flows, { days: 1000, amount: end }]), rate, 1e-8 * (1 + rate));
        },
      ),
    );
    expect(
      internalRate([
        { days: 0, amount: -1 },
        { days: 9, amount: -1 },
      ]),
    ).to.equal(null);
    expect(internalRate([])).to.equal(null);
  });

  it("capture compares geometric means where the benchmark rose and where it fell", () => {
    const { up, down } = captureOf([
      { own: 0.1, benchmark: 0.2 },
      { own: 0.21, benchmark: 0.44 },
      { own: -0.1, benchmark: -0.5 },
      { own: 0.7, benchmark: 0 },
    ]);
    expectClose(up, (Math.sqrt(1.1 * 1.21) - 1) / (Math.sqrt(1.2 * 1.44) - 1), 1e-12);
    expectClose(down, 0.2, 1e-12);
    expect(captureOf([])).to.deep.equal({ up: null, down: null });
  });

  it("a stretch joins its days: returns, drawdown by the hour, terms", () => {
    const record = recordOf(days(120, 60, 90));
    const none = new Float64Array(73);
    const whole = stretchFigures(record, [0, 1, 2], none);
    expectClose(whole.netReturn, -0.1, 1e-12);
    expectClose(whole.maxDrawdown, 0.5, 1e-12);
    expectClose(whole.cagr, 0.9 ** (8760 / 72) - 1, 1e-12);
    expect(whole.hours).to.equal(72);
    expect(whole.attribution.fees).to.equal(6);
    // Without the middle day the value goes from 120 on by the factor of the third.
    const holed = stretchFigures(record, [0, 2], none);
    expectClose(holed.netReturn, 0.8, 1e-12);
    expectClose(holed.maxDrawdown, 0, 1e-12);
    expect(holed.attribution.fees).to.equal(4);
    expectClose(holed.volatility, (0.3 / Math.SQRT2) * Math.sqrt(365), 1e-12);
  });

  it("the risk-free rate lowers Sharpe's ratio and not the volatility", () => {
    const record = recordOf(days(101, 103, 104));
    const rate = Float64Array.from({ length: 73 }, (_, hour) => hour * 1e-4);
    const [free, paid] = [
      stretchFigures(record, [0, 1, 2], new Float64Array(73)),
      stretchFigures(record, [0, 1, 2], rate),
    ];
    expect(paid.volatility).to.equal(free.volatility);
    expect(paid.sharpe).to.be.lessThan(free.sharpe ?? NaN);
  });

  it("a run has its IRR, Calmar, turnover, time in range and impermanent loss", () => {
    const closes = Array.from({ length: 72 }, (_, i) => 100 + i);
    const tape = tapeOf(pathOf(barsThrough(100, closes)));
    const figures = runFigures(recordOf(days(120, 60, 90)), tape, new Float64Array(73));
    expectClose(figures.irr, figures.cagr, 1e-9, "IRR of one payment in and one out");
    expectClose(figures.calmar, figures.cagr / 0.5, 1e-12);
    expectClose(figures.timeInRange, 0.25, 0);
    expectClose(figures.impermanentLoss, 0.9 / (0.5 * 1.71 + 0.5) - 1, 1e-12);
    const mean = days(120, 60, 90).reduce((sum, value) => sum + value, 0) / 73;
    expectClose(figures.turnover, (50 / mean) * (8760 / 72), 1e-9);
    expect(figures.upCapture).to.equal(null);
  });

  it("a spread is of the starts that have the figure", () => {
    expect(spreadOf([1, null, 3])).to.deep.equal({ mean: 2, min: 1, max: 3 });
    expect(spreadOf([null, NaN])).to.equal(null);
  });
});
