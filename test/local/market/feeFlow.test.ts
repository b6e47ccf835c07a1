import { expect } from "chai";

import { seededRandom } from "../../../keeper/market/random.ts";
import type { Bar } from "../../../keeper/market/types.ts";
import { feeFlow, garmanKlass, varianceFlow } from "../../../scripts/local/market/feeFlow.ts";
import { expectClose } from "../../support/close.ts";
import { randomBars } from "./randomBars.ts";

const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0);

describe("market fee flow", () => {
  it("pays the asked ratio of the whole path's variance", () => {
    const bars = randomBars(seededRandom(1), { count: 24 * 30, volatility: () => 0.8 });
    for (const ratio of [0.7, 0.9, 1.2]) {
      const flow = feeFlow([], bars, 3600, ratio);
      expectClose(sum(flow.feeVariance) / sum(flow.variance), ratio, 1e-12);
    }
  });

  it("rises less than variance: doubling volatility for long multiplies fees by 4^0.75, while the long mean lags", () => {
    const half = 24 * 20;
    const bars = randomBars(seededRandom(2), { count: 2 * half, volatility: (i) => (i < half ? 0.5 : 1) });
    const history = randomBars(seededRandom(3), { count: 24 * 2000, volatility: () => 0.5 }).slice(-24 * 180);
    const { feeVariance, variance } = feeFlow(history, bars, 3600, 0.9);
    const fees = sum(feeVariance.slice(half + 24)) / sum(feeVariance.slice(24, half));
    const moves = sum(variance.slice(half + 24)) / sum(variance.slice(24, half));
    expectClose(Math.log(fees) / Math.log(moves), 0.76, 0.06, "elasticity");
  });

  it("pays nothing in a gap, and still the ratio over all", () => {
    const bars = randomBars(seededRandom(4), { count: 240, volatility: () => 0.8 }).map((bar, i): Bar =>
      i === 100 ? { ...bar, open: bar.close, high: bar.close, low: bar.close, volume: 0, filled: true } : bar,
    );
    const flow = feeFlow([], bars, 3600, 0.9);
    expect(flow.feeVariance[100]).to.equal(0);
    expectClose(sum(flow.feeVariance) / sum(flow.variance), 0.9, 1e-12);
  });

  it("is all zero on a path that never moves", () => {
    const bars = Array.from({ length: 48 }, (_, i) => ({
      time: i * 3600,
      open: 9,
      high: 9,
      low: 9,
      close: 9,
      volume: 1,
    }));
    const flow = feeFlow([], bars, 3600, 0.9);
    expect(sum(flow.feeVariance)).to.equal(0);
    expect(sum(flow.volatility)).to.equal(0);
  });

  it("reads volatility a year from Garman and Klass", () => {
    const bars = randomBars(seededRandom(5), { count: 24 * 90, volatility: () => 0.8, steps: 600 });
    const { volatility } = feeFlow([], bars, 3600, 0.9);
    expectClose(volatility.reduce((total, value) => total + value, 0) / volatility.length, 0.8, 0.05);
    expectClose(
      garmanKlass({ time: 0, open: 100, high: 110, low: 100, close: 110, volume: 0 }),
      Math.log(1.1) ** 2 * (1.5 - 2 * Math.LN2),
      1e-12,
    );
  });

  it("knows the loss of a full-range position: s^2 / 8 of its value a year", () => {
    const [liquidity, price] = [1000, 400];
    expectClose(varianceFlow(liquidity, price, 0.64), (0.64 / 8) * 2 * liquidity * Math.sqrt(price), 1e-9);
  });
});
