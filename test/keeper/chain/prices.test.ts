import { expect } from "chai";
import fc from "fast-check";

import {
  orientedSpotTick,
  priceFromSqrtPriceX96,
  priceFromTick,
  PriceRangeError,
  sqrtPriceX96FromPrice,
  tickFromPrice,
  toOrientedRange,
  toPoolRange,
  unitsFromWei,
  weiFromUnits,
  type Orientation,
} from "../../../keeper/chain/prices.ts";
import { getSqrtRatioAtTick, getTickAtSqrtRatio, MAX_TICK, MIN_TICK } from "../../../keeper/chain/tickMath.ts";
import { expectClose } from "../../support/close.ts";
import "../../support/seed.ts";

const orientations: readonly Orientation[] = [false, true].flatMap((quoteIsToken0) =>
  [
    [18, 6],
    [18, 18],
    [8, 18],
    [6, 18],
  ].map(([baseDecimals = 0, quoteDecimals = 0]) => ({ quoteIsToken0, baseDecimals, quoteDecimals })),
);
const orientation = fc.constantFrom(...orientations);
const price = fc.double({ min: 1e-4, max: 1e6, noNaN: true });

describe("prices", () => {
  it("reads a real pool: USDC / WETH, token0 is the quote", () => {
    // Mainnet's 0.05 % pool on 2024-01-05, first swap of the day: about 2,268 dollars.
    const mainnet = { quoteIsToken0: true, baseDecimals: 18, quoteDecimals: 6 };
    const sqrtPriceX96 = 1662995104975155420368771254341874n;
    expectClose(priceFromSqrtPriceX96(sqrtPriceX96, mainnet), 2269.7, 0.2);
    expect(getTickAtSqrtRatio(sqrtPriceX96)).to.equal(199045);
    expect(orientedSpotTick(sqrtPriceX96, mainnet)).to.equal(-199046);
  });

  it("comes back from the chain within a few units of the last float digit", () => {
    fc.assert(
      fc.property(price, orientation, (p, o) => {
        expectClose(priceFromSqrtPriceX96(sqrtPriceX96FromPrice(p, o), o) / p - 1, 0, 2e-14);
        expectClose(priceFromTick(tickFromPrice(p, o), o) / p - 1, 0, 1e-12);
      }),
      { numRuns: 1000 },
    );
  });

  it("makes the pool's price the inverse in the other order of tokens", () => {
    fc.assert(
      fc.property(price, (p) => {
        const [one, other] = [false, true].map((quoteIsToken0) =>
          sqrtPriceX96FromPrice(p, { quoteIsToken0, baseDecimals: 18, quoteDecimals: 6 }),
        ) as [bigint, bigint];
        expectClose((Number(one) / 2 ** 96) * (Number(other) / 2 ** 96) - 1, 0, 1e-12);
      }),
    );
  });

  it("puts the spot between its oriented tick and the next, in exact integers", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: MIN_TICK + 2, max: MAX_TICK - 2 }),
        fc.boolean(),
        fc.constantFrom(-1n, 0n, 1n),
        (tick, q, shift) => {
          const sqrtPriceX96 = getSqrtRatioAtTick(tick) + shift;
          const spot = orientedSpotTick(sqrtPriceX96, { quoteIsToken0: q });
          const { tickLower, tickUpper } = toPoolRange({ tickLower: spot, tickUpper: spot + 1 }, { quoteIsToken0: q });
          const [lower, upper] = [getSqrtRatioAtTick(tickLower), getSqrtRatioAtTick(tickUpper)];
          // Oriented, the lower bound belongs to the tick and the upper does not; turned round it is the other way.
          expect(
            q ? lower < sqrtPriceX96 && sqrtPriceX96 <= upper : lower <= sqrtPriceX96 && sqrtPriceX96 < upper,
          ).to.equal(true);
        },
      ),
      {
        numRuns: 1000,
        examples: [
          [0, true, 0n],
          [0, false, 0n],
        ],
      },
    );
  });

  it("turns ranges round and back", () => {
    const range = { tickLower: -600, tickUpper: 0 };
    expect(toPoolRange(range, { quoteIsToken0: false })).to.deep.equal(range);
    expect(toPoolRange(range, { quoteIsToken0: true })).to.deep.equal({ tickLower: 0, tickUpper: 600 });
    expect(toOrientedRange(toPoolRange(range, { quoteIsToken0: true }), { quoteIsToken0: true })).to.deep.equal(range);
  });

  it("refuses prices that are none", () => {
    const o = { quoteIsToken0: false, baseDecimals: 18, quoteDecimals: 6 };
    for (const p of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, 1e60]) {
      expect(() => sqrtPriceX96FromPrice(p, o), String(p)).to.throw(PriceRangeError);
    }
    expect(() => tickFromPrice(0, o)).to.throw(PriceRangeError);
    expect(() => weiFromUnits(Number.NaN, 6)).to.throw(PriceRangeError);
  });

  it("converts amounts and rounds wei toward zero", () => {
    expect(weiFromUnits(1.9999999, 6)).to.equal(1_999_999n);
    expect(weiFromUnits(-1.9999999, 6)).to.equal(-1_999_999n);
    expect(unitsFromWei(1_500_000n, 6)).to.equal(1.5);
  });
});
