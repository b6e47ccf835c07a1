import { expect } from "chai";
import fc from "fast-check";

import { getAmountsForLiquidity, getLiquidityForAmounts } from "../../../keeper/chain/liquidityAmounts.ts";
import { getSqrtRatioAtTick, MAX_TICK, MIN_TICK } from "../../../keeper/chain/tickMath.ts";
import { fromSdk, maxLiquidityForAmounts, SqrtPriceMath, toSdk } from "./uniswapSdk.ts";
import "../../support/seed.ts";

/** Two different ticks, a price anywhere, amounts up to 1e30 wei. */
const cases = fc
  .tuple(
    fc.integer({ min: MIN_TICK, max: MAX_TICK }),
    fc.integer({ min: MIN_TICK, max: MAX_TICK }),
    fc.integer({ min: MIN_TICK, max: MAX_TICK }),
    fc.bigInt({ min: 0n, max: 10n ** 30n }),
    fc.bigInt({ min: 0n, max: 10n ** 30n }),
  )
  .filter(([a, b]) => a !== b);

describe("liquidityAmounts", () => {
  it("gives the SDK's liquidity, as the periphery rounds it", () => {
    fc.assert(
      fc.property(cases, ([a, b, at, amount0, amount1]) => {
        const [price, lower, upper] = [getSqrtRatioAtTick(at), getSqrtRatioAtTick(a), getSqrtRatioAtTick(b)];
        const expected = maxLiquidityForAmounts(
          toSdk(price),
          toSdk(lower),
          toSdk(upper),
          amount0.toString(),
          amount1.toString(),
          false,
        );
        expect(getLiquidityForAmounts(price, lower, upper, amount0, amount1)).to.equal(fromSdk(expected));
      }),
      { numRuns: 500 },
    );
  });

  it("gives the SDK's amounts in both roundings", () => {
    fc.assert(
      fc.property(cases, ([a, b, at, liquidity]) => {
        const [lower, upper] = [getSqrtRatioAtTick(Math.min(a, b)), getSqrtRatioAtTick(Math.max(a, b))];
        const spot = getSqrtRatioAtTick(at);
        const price = spot < lower ? lower : spot > upper ? upper : spot;
        for (const rounding of ["down", "up"] as const) {
          const up = rounding === "up";
          const amounts = getAmountsForLiquidity(spot, lower, upper, liquidity, rounding);
          const amount0 = SqrtPriceMath.getAmount0Delta(toSdk(price), toSdk(upper), toSdk(liquidity), up);
          const amount1 = SqrtPriceMath.getAmount1Delta(toSdk(lower), toSdk(price), toSdk(liquidity), up);
          expect(amounts).to.deep.equal({ amount0: fromSdk(amount0), amount1: fromSdk(amount1) });
        }
      }),
      { numRuns: 500 },
    );
  });

  it("never asks for more than the amounts that the liquidity came from", () => {
    fc.assert(
      fc.property(cases, ([a, b, at, amount0, amount1]) => {
        const [price, lower, upper] = [getSqrtRatioAtTick(at), getSqrtRatioAtTick(a), getSqrtRatioAtTick(b)];
        const liquidity = getLiquidityForAmounts(price, lower, upper, amount0, amount1);
        const cost = getAmountsForLiquidity(price, lower, upper, liquidity, "up");
        const [min, max] = [lower < upper ? lower : upper, lower < upper ? upper : lower];
        if (price < max) expect(cost.amount0 <= amount0, "token0").to.equal(true);
        if (price > min) expect(cost.amount1 <= amount1, "token1").to.equal(true);
      }),
      { numRuns: 500 },
    );
  });

  it("does not mind the order of the bounds", () => {
    const [lower, price, upper] = [getSqrtRatioAtTick(-600), getSqrtRatioAtTick(10), getSqrtRatioAtTick(600)];
    expect(getLiquidityForAmounts(price, upper, lower, 10n ** 18n, 10n ** 18n)).to.equal(
      getLiquidityForAmounts(price, lower, upper, 10n ** 18n, 10n ** 18n),
    );
    expect(getAmountsForLiquidity(price, upper, lower, 10n ** 18n, "up")).to.deep.equal(
      getAmountsForLiquidity(price, lower, upper, 10n ** 18n, "up"),
    );
  });

  it("holds one token only outside the range and at its bounds", () => {
    const [lower, upper] = [getSqrtRatioAtTick(100), getSqrtRatioAtTick(200)];
    expect(getAmountsForLiquidity(lower, lower, upper, 10n ** 18n, "up").amount1).to.equal(0n);
    expect(getAmountsForLiquidity(upper, lower, upper, 10n ** 18n, "up").amount0).to.equal(0n);
    expect(getAmountsForLiquidity(lower - 1n, lower, upper, 10n ** 18n, "down")).to.deep.equal(
      getAmountsForLiquidity(lower, lower, upper, 10n ** 18n, "down"),
    );
  });
});
