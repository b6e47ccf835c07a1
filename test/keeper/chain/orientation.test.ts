import { expect } from "chai";
import fc from "fast-check";

import { feeGrowthUnits, priceFromX96, toPair, toUnits, zeroForOne } from "../../../keeper/chain/orientation.ts";
import { priceFromSqrtPriceX96 } from "../../../keeper/chain/prices.ts";
import { sqrtPriceOf } from "../../../keeper/plan/model.ts";
import { expectClose } from "../../support/close.ts";
import "../../support/seed.ts";

const orientation = fc.record({
  quoteIsToken0: fc.boolean(),
  baseDecimals: fc.constantFrom(6, 8, 18),
  quoteDecimals: fc.constantFrom(6, 18),
});
const wei = fc.bigInt({ min: 0n, max: 1n << 112n });

describe("orientation", () => {
  it("brings an amount of each token to its place and back", () => {
    fc.assert(
      fc.property(wei, wei, orientation, (base, quote, o) => {
        const { amount0, amount1 } = toPair(base, quote, o);
        expect(o.quoteIsToken0 ? [amount1, amount0] : [amount0, amount1]).to.deep.equal([base, quote]);
        const units = toUnits(amount0, amount1, o);
        expectClose(units.base, Number(base) / 10 ** o.baseDecimals, Number(base) * 1e-15);
        expectClose(units.quote, Number(quote) / 10 ** o.quoteDecimals, Number(quote) * 1e-15);
      }),
    );
  });

  it("reads the same price from the contracts' unit and from a pool that stands at it", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n << 60n, max: 1n << 130n }), orientation, (priceX96, o) => {
        const price = priceFromX96(priceX96, o);
        const spot = priceFromSqrtPriceX96(sqrtPriceOf(priceX96, o.quoteIsToken0), o);
        expectClose(spot / price, 1, 1e-12);
      }),
    );
  });

  it("knows which sale the pool calls zeroForOne", () => {
    expect(zeroForOne("base", { quoteIsToken0: false })).to.equal(true);
    expect(zeroForOne("quote", { quoteIsToken0: false })).to.equal(false);
    expect(zeroForOne("base", { quoteIsToken0: true })).to.equal(false);
    expect(zeroForOne("quote", { quoteIsToken0: true })).to.equal(true);
  });

  it("gives fee growth in whole units per unit of raw liquidity", () => {
    const growth0 = 5n << 128n;
    const growth1 = 7n << 128n;
    const usual = { quoteIsToken0: false, baseDecimals: 18, quoteDecimals: 6 };
    expect(feeGrowthUnits(growth0, growth1, usual)).to.deep.equal({ base: 5e-18, quote: 7e-6 });
    const turned = { ...usual, quoteIsToken0: true };
    expect(feeGrowthUnits(growth0, growth1, turned)).to.deep.equal({ base: 7e-18, quote: 5e-6 });
  });
});
