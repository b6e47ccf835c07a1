import { expect } from "chai";
import fc from "fast-check";

import {
  getSqrtRatioAtTick,
  getTickAtSqrtRatio,
  MAX_SQRT_RATIO,
  MAX_TICK,
  maxUsableTick,
  MIN_SQRT_RATIO,
  MIN_TICK,
  minUsableTick,
  TickRangeError,
} from "../../../keeper/chain/tickMath.ts";
import { fromSdk, TickMath, toSdk } from "./uniswapSdk.ts";
import "../../support/seed.ts";

const sdkRatio = (tick: number): bigint => fromSdk(TickMath.getSqrtRatioAtTick(tick));

describe("tickMath", () => {
  it("gives the protocol's bounds", () => {
    expect(getSqrtRatioAtTick(MIN_TICK)).to.equal(MIN_SQRT_RATIO);
    expect(getSqrtRatioAtTick(MAX_TICK)).to.equal(MAX_SQRT_RATIO);
    expect(getSqrtRatioAtTick(0)).to.equal(1n << 96n);
  });

  it("equals the SDK on every power of two and its neighbours, both signs", () => {
    for (let bit = 0; bit < 20; bit++) {
      for (const size of [2 ** bit - 1, 2 ** bit, 2 ** bit + 1]) {
        for (const tick of [size, -size]) {
          if (Math.abs(tick) <= MAX_TICK) expect(getSqrtRatioAtTick(tick), String(tick)).to.equal(sdkRatio(tick));
        }
      }
    }
  });

  it("equals the SDK on random ticks", () => {
    fc.assert(
      fc.property(fc.integer({ min: MIN_TICK, max: MAX_TICK }), (tick) => {
        expect(getSqrtRatioAtTick(tick)).to.equal(sdkRatio(tick));
      }),
      { numRuns: 1000 },
    );
  });

  it("finds a tick again at its exact price, one wei below it, and one wei before the next", () => {
    fc.assert(
      fc.property(fc.integer({ min: MIN_TICK, max: MAX_TICK - 1 }), (tick) => {
        const price = getSqrtRatioAtTick(tick);
        expect(getTickAtSqrtRatio(price)).to.equal(tick);
        expect(getTickAtSqrtRatio(getSqrtRatioAtTick(tick + 1) - 1n)).to.equal(tick);
        if (tick > MIN_TICK) expect(getTickAtSqrtRatio(price - 1n)).to.equal(tick - 1);
      }),
      { numRuns: 1000, examples: [[MIN_TICK], [MIN_TICK + 1], [-1], [0], [1], [MAX_TICK - 1]] },
    );
  });

  it("equals the SDK on random prices", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: MIN_SQRT_RATIO, max: MAX_SQRT_RATIO - 1n }), (price) => {
        expect(getTickAtSqrtRatio(price)).to.equal(TickMath.getTickAtSqrtRatio(toSdk(price)));
      }),
      { numRuns: 300 },
    );
  });

  it("refuses what no pool can have", () => {
    for (const tick of [MIN_TICK - 1, MAX_TICK + 1, 0.5, Number.NaN]) {
      expect(() => getSqrtRatioAtTick(tick)).to.throw(TickRangeError);
    }
    for (const price of [MIN_SQRT_RATIO - 1n, MAX_SQRT_RATIO, 0n, -1n]) {
      expect(() => getTickAtSqrtRatio(price)).to.throw(TickRangeError);
    }
  });

  it("knows the usable bounds of each spacing", () => {
    for (const [spacing, tick] of [
      [1, 887272],
      [10, 887270],
      [60, 887220],
      [200, 887200],
    ] as const) {
      expect(maxUsableTick(spacing)).to.equal(tick);
      expect(minUsableTick(spacing)).to.equal(-tick);
    }
  });
});
