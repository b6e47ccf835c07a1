import { expect } from "chai";
import { seededRandom } from "../../../keeper/market/random.ts";
import { labelRegimes } from "../../../keeper/market/regimes.ts";
import { describePath, hourProfile, logReturns } from "../../../keeper/market/statistics.ts";
import type { Bar } from "../../../keeper/market/types.ts";
import { HOUR, MARCH } from "./fixtures.ts";
import { expectClose } from "../../support/close.ts";

/** Bars from given hourly log returns; high and low are the ends of the hour, widened by `wick`; volume is the range. */
function fromReturns(returns: readonly number[], wick = 0): Bar[] {
  let log = Math.log(1000);
  return returns.map((r, i) => {
    const [open, close] = [Math.exp(log), Math.exp(log + r)];
    log += r;
    const [high, low] = [Math.max(open, close) * Math.exp(wick), Math.min(open, close) * Math.exp(-wick)];
    return { time: MARCH + i * HOUR, open, high, low, close, volume: Math.log(high / low) ** 2 };
  });
}

function normals(count: number, scale: number, seed = 1): number[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => scale * random.normal());
}

describe("market/statistics", () => {
  it("finds the figures of a Gaussian walk", () => {
    const s = describePath(fromReturns(normals(40_000, 0.8 / Math.sqrt(8760)), 0.001));
    expectClose(s.volatility, 0.8, 0.01);
    expectClose(s.kurtosis, 3, 0.1);
    expect(s.trimmedKurtosis).to.be.below(3);
    for (const value of Object.values(s.autocorrelation)) expectClose(value, 0, 0.02);
    expectClose(s.leverage, 0, 0.02);
    expectClose(s.varianceRatio.h24, 1, 0.05);
    // Volume was made the square of the range.
    expectClose(s.volumeElasticity, 2, 1e-6);
    expectClose(s.volumeCorrelation, 1, 1e-6);
    expectClose(s.shares.calm + s.shares.normal + s.shares.stressed + s.shares.crisis, 1, 1e-12);
    expect(Math.max(s.shares.normal, s.shares.stressed)).to.be.above(0.3);
  });

  it("finds clustering, leverage, ranges and the worst moves where they were put", () => {
    const base = normals(20_000, 1);
    const clustered = fromReturns(base.map((z, i) => z * (Math.floor(i / 200) % 2 === 0 ? 0.02 : 0.004)));
    expect(describePath(clustered).autocorrelation.h24).to.be.above(0.2);
    const levered = fromReturns(base.map((z, i) => z * ((base[i - 1] ?? 0) < 0 ? 0.02 : 0.005)));
    expect(describePath(levered).leverage).to.be.below(-0.1);
    const reverting = fromReturns(base.map((z, i) => 0.01 * (z - 0.5 * (base[i - 1] ?? 0))));
    expect(describePath(reverting).varianceRatio.h24).to.be.below(0.3);
    const returns = Array.from({ length: 2000 }, (_, i) => (i === 1000 ? -0.2 : i > 1000 && i < 1024 ? -0.01 : 0.0001));
    const s = describePath(fromReturns(returns));
    expectClose(s.largestDrop, -0.2, 1e-9);
    expectClose(s.largestDailyDrop, -0.43, 1e-9);
  });

  it("classifies 30-day volatility at the thresholds of the method", () => {
    for (const [volatility, name] of [
      [0.49, "calm"],
      [0.51, "normal"],
      [0.79, "normal"],
      [0.81, "stressed"],
      [1.19, "stressed"],
      [1.21, "crisis"],
    ] as const) {
      const size = volatility / Math.sqrt(8760);
      const s = describePath(
        fromReturns(
          Array.from({ length: 1500 }, (_, i) => (i % 2 === 0 ? size : -size)),
          0.001,
        ),
      );
      expect(s.shares[name], `${volatility}`).to.equal(1);
    }
  });

  it("refuses less than 60 days", () => {
    expect(() => describePath(fromReturns(normals(1439, 0.01)))).to.throw(RangeError, /at least 1,440/);
  });

  it("returns are close to close, the first from its own open", () => {
    expect([...logReturns(fromReturns([0.1, -0.2, 0]))].map((r) => r.toFixed(9))).to.deep.equal([
      "0.100000000",
      "-0.200000000",
      "0.000000000",
    ]);
  });

  it("finds the hour of the day that moves more", () => {
    const profile = hourProfile(fromReturns(Array.from({ length: 2400 }, (_, i) => (i % 24 === 5 ? 0.03 : 0.01))));
    expectClose(profile[5]! / profile[6]!, 3, 1e-6);
  });
});

describe("market/regimes", () => {
  it("labels a fall, a storm and a trend by hindsight", () => {
    const quiet = (n: number): number[] => Array.from({ length: n }, (_, i) => (i % 2 === 0 ? 0.004 : -0.004));
    const storm = Array.from({ length: 200 }, (_, i) => (i % 2 === 0 ? 0.02 : -0.02));
    const trend = Array.from({ length: 96 }, (_, i) => (i % 2 === 0 ? 0.006 : -0.002));
    const labels = labelRegimes(
      fromReturns([...quiet(300), ...storm, ...quiet(300), ...trend, ...quiet(300), -0.2, ...quiet(300)]),
    );
    expect(labels[150]).to.equal("calm");
    expect(labels[400]).to.equal("stressed");
    expect(labels[848]).to.equal("trending");
    expect(labels[1196]).to.equal("crash");
    expect(labels.filter((label) => label === "crash").length).to.be.within(24, 48);
    expect(labels[1450]).to.equal("calm");
  });
});
