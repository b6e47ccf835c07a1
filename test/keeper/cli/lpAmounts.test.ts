import { expect } from "chai";
import fc from "fast-check";

import { getAmountsForLiquidity } from "../../../keeper/chain/liquidityAmounts.ts";
import { getSqrtRatioAtTick } from "../../../keeper/chain/tickMath.ts";
import {
  depositBounds,
  feeOn,
  firstDepositBounds,
  sharesForValue,
  valueWei,
  withdrawBounds,
  type SharesSnapshot,
} from "../../../keeper/cli/lp/amounts.ts";
import "../../support/seed.ts";

const SHARE = 10n ** 18n;
const Q96 = 1n << 96n;

/** A vault with one range round the price, 2,000 quote units per base unit, quote of 6 and base of 18 decimals. */
function vaultAt(sqrtPriceX96: bigint, quoteIsToken0: boolean): SharesSnapshot {
  const centre = quoteIsToken0 ? 200_311 : -200_311;
  const range = { fee: 3000, tickLower: centre - 3000, tickUpper: centre + 3000, liquidity: 10n ** 16n };
  const held = getAmountsForLiquidity(
    sqrtPriceX96,
    getSqrtRatioAtTick(range.tickLower),
    getSqrtRatioAtTick(range.tickUpper),
    range.liquidity,
    "up",
  );
  const [base, quote] = [20n * SHARE, 40_000n * 10n ** 6n];
  const [idle0, idle1] = quoteIsToken0 ? [quote, base] : [base, quote];
  const fees = { fees0: 5_000n, fees1: 7_000n };
  const raw = (sqrtPriceX96 * sqrtPriceX96) / Q96;
  return {
    quoteIsToken0,
    supply: 100_000n * SHARE,
    idle0,
    idle1,
    total0: idle0 + held.amount0 + fees.fees0,
    total1: idle1 + held.amount1 + fees.fees1,
    treasuryShareBps: 0,
    sleeves: [],
    oracleOk: true,
    price: { mid: quoteIsToken0 ? (Q96 * Q96) / raw : raw },
    positions: [{ ...range, ...fees }],
    tiers: [{ fee: 3000, sqrtPriceX96 }],
  };
}

const start = (quoteIsToken0: boolean): bigint => getSqrtRatioAtTick(quoteIsToken0 ? 200_311 : -200_311);
const cost = (vault: SharesSnapshot, shares: bigint, total: bigint): bigint =>
  (shares * (total + 1n) + vault.supply - 1n) / vault.supply;

describe("cli/lp/amounts", () => {
  for (const quoteIsToken0 of [false, true]) {
    it(`bounds what shares cost and bring for every price inside the tolerance (quote is token${quoteIsToken0 ? "0" : "1"})`, () => {
      const now = vaultAt(start(quoteIsToken0), quoteIsToken0);
      fc.assert(
        fc.property(
          fc.double({ min: -0.99, max: 0.99, noNaN: true }),
          fc.double({ min: 0.0001, max: 0.05, noNaN: true }),
          fc.bigInt({ min: 10n ** 12n, max: 50_000n * SHARE }),
          (where, tolerance, shares) => {
            const factor = Math.sqrt(1 + where * tolerance);
            const moved = (start(quoteIsToken0) * BigInt(Math.round(factor * 1e12))) / 10n ** 12n;
            const later = vaultAt(moved, quoteIsToken0);
            const most = depositBounds(now, shares, tolerance);
            expect(cost(later, shares, later.total0) <= most.amount0).to.equal(true);
            expect(cost(later, shares, later.total1) <= most.amount1).to.equal(true);
            const least = withdrawBounds(now, shares, tolerance);
            expect((shares * later.total0) / later.supply >= least.amount0).to.equal(true);
            expect((shares * later.total1) / later.supply >= least.amount1).to.equal(true);
          },
        ),
      );
    });

    it(`does not bound much more than the tolerance asks (quote is token${quoteIsToken0 ? "0" : "1"})`, () => {
      const now = vaultAt(start(quoteIsToken0), quoteIsToken0);
      const exact = depositBounds(now, 1000n * SHARE, 0);
      expect(exact.amount0 <= (cost(now, 1000n * SHARE, now.total0) * 10_002n) / 10_000n).to.equal(true);
      expect(exact.amount1 <= (cost(now, 1000n * SHARE, now.total1) * 10_002n) / 10_000n).to.equal(true);
    });

    it(`values shares at the oracle's price, or at the spot while it is silent (quote is token${quoteIsToken0 ? "0" : "1"})`, () => {
      const now = vaultAt(start(quoteIsToken0), quoteIsToken0);
      const quote = quoteIsToken0 ? now.total0 : now.total1;
      const base = quoteIsToken0 ? now.total1 : now.total0;
      const units = Number(quote) / 1e6 + (Number(base) / 1e18) * 2000;
      expect(Number(valueWei(now)) / 1e6 / units).to.be.within(0.9999, 1.0001);
      expect(Number(valueWei({ ...now, oracleOk: false })) / Number(valueWei(now))).to.be.within(0.999999, 1.000001);
      const shares = sharesForValue(now, 5_000n * 10n ** 6n, 0);
      expect((shares * valueWei(now)) / now.supply <= 5_000n * 10n ** 6n).to.equal(true);
      expect(((shares + 10n ** 12n) * valueWei(now)) / now.supply >= 5_000n * 10n ** 6n).to.equal(true);
      // With an entry fee the same value buys fewer; both together cost no more.
      const fewer = sharesForValue(now, 5_000n * 10n ** 6n, 30);
      const all = fewer + feeOn(fewer, 30);
      expect(all <= shares + 1n && all + 2n >= shares).to.equal(true);
      expect(feeOn(1n, 30)).to.equal(1n);
      expect(feeOn(10_000n, 30)).to.equal(30n);
    });

    it(`offers a first deposit half and half (quote is token${quoteIsToken0 ? "0" : "1"})`, () => {
      const now = vaultAt(start(quoteIsToken0), quoteIsToken0);
      const most = firstDepositBounds(now, 5_000n * SHARE, 6, 0.01);
      const [base, quote] = quoteIsToken0 ? [most.amount1, most.amount0] : [most.amount0, most.amount1];
      expect(Number(quote) / 1e6).to.be.within(2524.9, 2525.1);
      expect((Number(base) / 1e18) * 2000).to.be.within(2524, 2526);
    });
  }
});
