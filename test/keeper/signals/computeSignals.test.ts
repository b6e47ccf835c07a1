import { expect } from "chai";
import fc from "fast-check";

import type { Bar } from "../../../keeper/market/types.ts";
import { computeSignals, signalsOf, viewMarket } from "../../../keeper/signals/computeSignals.ts";
import { deepFreeze, makeState, sampleOf } from "../strategy/world.ts";
import { barsOf, DAY, HOUR, START } from "./helpers.ts";
import { expectClose } from "../../support/close.ts";
import "../../support/seed.ts";

const PRICES = Array.from(
  { length: 200 * 24 },
  (_, i) => 2000 * Math.exp(0.2 * Math.sin(i / 37) + 0.05 * Math.sin(i * 7.3)),
);

describe("computeSignals", () => {
  const bars = barsOf(PRICES);
  const state = makeState({
    price: 2000,
    idleBase: 10,
    idleQuote: 1000,
    time: START + 190 * DAY + 1234,
    ranges: [{ fee: 3000, tickLower: -202_020, tickUpper: -198_000, value: 10_000 }],
  });
  const samples = Array.from({ length: 100 }, (_, i) => {
    const look = sampleOf({ ...state, time: state.time - (100 - i) * HOUR });
    return { ...look, tiers: look.tiers.map((tier) => ({ ...tier, feeGrowthQuote: i * 1e-13 })) };
  });
  const grown = { ...state, tiers: state.tiers.map((tier) => ({ ...tier, feeGrowthQuote: 100e-13 })) };
  const expected = computeSignals(grown, { bars, samples });

  it("has all of them, each with a value, a unit and its own name", () => {
    for (const [key, signal] of Object.entries(expected)) {
      expect(signal.name).to.equal(key);
      expect(signal.unit).to.not.equal("");
      expect(signal.value === null || Number.isFinite(signal.value)).to.equal(true);
    }
    for (const name of [
      "realisedVolatility7d",
      "realisedVolatility30d",
      "ewmaVolatility",
      "expectedDailyRange",
      "regime",
      "trendEnsemble",
      "rangeDistance.0",
      "poolImbalance",
      "feePerLiquidity.3000",
      "payRatio",
      "vaultFeesPerDay",
      "vaultFeeRate",
    ]) {
      expect(expected[name]?.value, name).to.be.a("number");
      expect(expected[name]?.fresh, name).to.equal(true);
    }
    expectClose(expected.expectedDailyRange!.value, expected.realisedVolatility30d!.value! / Math.sqrt(365), 1e-15);
  });

  it("does not look ahead: bars and samples that were not there yet change nothing", () => {
    const known = bars.filter((bar) => bar.time + HOUR <= state.time);
    const ahead = bars.length - known.length;
    expect(ahead).to.be.above(200);
    const anyFuture = fc.record({
      prices: fc.array(fc.double({ min: 1e-6, max: 1e9, noNaN: true }), { maxLength: ahead }),
      looks: fc.array(fc.double({ min: 0, max: 1e-9, noNaN: true }), { maxLength: 5 }),
    });
    fc.assert(
      fc.property(anyFuture, ({ prices, looks }) => {
        const future = barsOf(prices, known.at(-1)!.time + HOUR);
        const later = looks.map((growth, i) => ({
          ...sampleOf(state),
          time: state.time + i * HOUR,
          tiers: state.tiers.map((tier) => ({ ...tier, feeGrowthQuote: growth })),
        }));
        const given = { bars: [...known, ...future], samples: [...samples, ...later] };
        expect(computeSignals(grown, given)).to.deep.equal(expected);
      }),
      { numRuns: 50 },
    );
  });

  it("does see the last bar that has closed", () => {
    const last = bars.findLastIndex((bar) => bar.time + HOUR <= state.time);
    const changed = bars.map((bar, i): Bar => (i === last ? { ...bar, close: bar.close * 1.2 } : bar));
    const other = computeSignals(grown, { bars: changed, samples });
    expect(other.realisedVolatility7d!.value).to.not.equal(expected.realisedVolatility7d!.value);
  });

  it("says nothing and throws nothing while the past is short", () => {
    for (let count = 0; count < 60; count++) {
      const signals = computeSignals(
        { ...state, time: START + count * HOUR },
        { bars: bars.slice(0, count), samples: [] },
      );
      expect(signals.realisedVolatility7d).to.include({ value: null, fresh: false });
      expect(signals.trendEnsemble).to.include({ value: null, fresh: false });
      expect(signals["feePerLiquidity.500"]).to.include({ value: null, fresh: false });
    }
  });

  it("gives the same for frozen inputs, and for a market view shared between vaults", () => {
    const frozen = deepFreeze(structuredClone({ state: grown, history: { bars, samples } }));
    expect(computeSignals(frozen.state, frozen.history)).to.deep.equal(expected);
    expect(signalsOf(grown, samples, viewMarket(bars, state.time))).to.deep.equal(expected);
  });

  it("takes a market's window, not its whole past: older bars change nothing", () => {
    const recent = bars.filter((bar) => bar.time >= state.time - 155 * DAY);
    expect(computeSignals(grown, { bars: recent, samples })).to.deep.equal(expected);
  });
});
