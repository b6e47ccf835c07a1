/** Aave's own bytecode, called through our interface, against its arithmetic restated: what a sleeve on it may rely on. */
import { expect } from "chai";
import { network } from "hardhat";
import type { ContractTransactionReceipt, ContractTransactionResponse } from "ethers";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";

import type { LocalToken } from "../../types/ethers-contracts/local/LocalToken.ts";
import {
  compoundedInterest,
  healthFactor,
  inUsd,
  linearInterest,
  percentDiv,
  percentMul,
  RAY,
  rayDiv,
  rayMul,
  rayOfBps,
  WAD,
  type Side,
} from "./aave/math.ts";
import { deployAave, VARIABLE, type Aave, type Reserve } from "./aave.ts";
import { MAX_UINT256 } from "./arithmetic.ts";
import { expectClose } from "./close.ts";
import { deployWorld, mined, ORDERS, type World } from "./world.ts";

const connection = await network.create();
const { networkHelpers } = connection;

const DAY = 86_400;
const MONTH = 30 * DAY;
const UNITS = 100_000;
/** Of the collateral's value. */
const LOAN = 0.5;

const MARKETS = [
  { ...ORDERS[0], baseDecimals: 18, quoteDecimals: 6 },
  { ...ORDERS[1], baseDecimals: 18, quoteDecimals: 6 },
  { ...ORDERS[0], baseDecimals: 18, quoteDecimals: 18 },
  { ...ORDERS[1], baseDecimals: 8, quoteDecimals: 18, baseFeedDecimals: 18, quoteFeedDecimals: 6 },
] as const;

/** Which way round a sleeve stands: it pledges the one and owes the other. */
const SLEEVES = ["conversion", "reversal"] as const;

interface Position {
  readonly collateral: Reserve;
  readonly debt: Reserve;
  readonly supplied: bigint;
  readonly borrowed: bigint;
}

for (const { name, ...terms } of MARKETS) {
  describe(`support/aave: ${name}, decimals ${terms.baseDecimals}/${terms.quoteDecimals}`, () => {
    let world: World;
    let aave: Aave;
    let alice: HardhatEthersSigner;
    let snapshot: Awaited<ReturnType<typeof networkHelpers.takeSnapshot>>;

    before(async () => {
      world = await deployWorld(connection, terms);
      aave = await deployAave(world);
      alice = world.who.alice;
      for (const token of [world.base, world.quote]) {
        await token.connect(alice).approve(aave.addresses.pool, MAX_UINT256);
      }
      snapshot = await networkHelpers.takeSnapshot();
    });

    beforeEach(async () => {
      await snapshot.restore();
    });

    /** So many quote units in wei of a token, at the opening price. */
    function wei(token: LocalToken, quoteUnits: number): bigint {
      const isQuote = token.target === world.quote.target;
      const whole = isQuote ? quoteUnits : quoteUnits / world.options.price;
      return (BigInt(Math.round(whole * 1e6)) * 10n ** BigInt(aave.reserve(token).decimals)) / 10n ** 6n;
    }

    async function open(sleeve: (typeof SLEEVES)[number], loan = LOAN): Promise<Position> {
      const [collateral, debt] = sleeve === "conversion" ? [aave.quote, aave.base] : [aave.base, aave.quote];
      const supplied = wei(collateral.token, UNITS);
      const borrowed = wei(debt.token, UNITS * loan);
      await aave.supply(alice, collateral.token, supplied);
      await aave.borrow(alice, debt.token, borrowed);
      return { collateral, debt, supplied, borrowed };
    }

    /** Sends in a block of this moment. */
    async function at(
      time: bigint,
      send: () => Promise<ContractTransactionResponse>,
    ): Promise<ContractTransactionReceipt> {
      await networkHelpers.time.setNextBlockTimestamp(time);
      return mined(await (await send()).wait()) as ContractTransactionReceipt;
    }

    const pool = (): Aave["pool"] => aave.pool.connect(alice);
    const repayAll = (token: LocalToken, amount = MAX_UINT256): Promise<ContractTransactionResponse> =>
      pool().repay(token.target, amount, VARIABLE, alice.address);
    const withdrawAll = (token: LocalToken): Promise<ContractTransactionResponse> =>
      pool().withdraw(token.target, MAX_UINT256, alice.address);

    for (const sleeve of SLEEVES) {
      it(`${sleeve}: a supply and a loan are rounded half up into scaled units and pay exact amounts`, async () => {
        const { collateral, debt, supplied, borrowed } = await open(sleeve);
        const { liquidityIndex } = await aave.pool.getReserveData(collateral.asset);
        const { variableBorrowIndex } = await aave.pool.getReserveData(debt.asset);
        expect(liquidityIndex > RAY && variableBorrowIndex > RAY, "interest has accrued").to.equal(true);
        expect(await collateral.aToken.scaledBalanceOf(alice.address)).to.equal(rayDiv(supplied, liquidityIndex));
        expect(await debt.variableDebt.scaledBalanceOf(alice.address)).to.equal(rayDiv(borrowed, variableBorrowIndex));
        expect(await collateral.token.balanceOf(alice.address)).to.equal(10n ** 30n - supplied);
        expect(await debt.token.balanceOf(alice.address)).to.equal(10n ** 30n + borrowed);
      });

      it(`${sleeve}: thirty days of debt cost what the index says, and repaying all leaves nothing`, async () => {
        const { debt, borrowed } = await open(sleeve);
        const scaled = await debt.variableDebt.scaledBalanceOf(alice.address);
        const then = await aave.pool.getReserveData(debt.asset);
        const rate = then.currentVariableBorrowRate;
        const before = await debt.token.balanceOf(alice.address);

        await at(then.lastUpdateTimestamp + BigInt(MONTH), () => repayAll(debt.token));

        const paid = before - (await debt.token.balanceOf(alice.address));
        const index = rayMul(compoundedInterest(rate, BigInt(MONTH)), then.variableBorrowIndex);
        expect(paid).to.equal(rayMul(scaled, index));
        const growth = Math.exp((Number(rate) / 1e27) * (MONTH / (365 * DAY)));
        expect(growth > 1.001, "a rate that matters").to.equal(true);
        expectClose(Number(paid) / Number(borrowed), growth, 1e-8, "growth of the debt");
        expect(await debt.variableDebt.scaledBalanceOf(alice.address)).to.equal(0n);
        expect((await aave.pool.getUserAccountData(alice.address)).totalDebtBase).to.equal(0n);
        expect((await aave.pool.getUserAccountData(alice.address)).healthFactor).to.equal(MAX_UINT256);
      });

      it(`${sleeve}: thirty days of supply earn the simple rate, and withdrawing all leaves nothing`, async () => {
        const { collateral, debt, supplied } = await open(sleeve);
        await aave.repay(alice, debt.token);
        const scaled = await collateral.aToken.scaledBalanceOf(alice.address);
        const then = await aave.pool.getReserveData(collateral.asset);
        const rate = then.currentLiquidityRate;
        const before = await collateral.token.balanceOf(alice.address);

        await at(then.lastUpdateTimestamp + BigInt(MONTH), () => withdrawAll(collateral.token));

        const received = (await collateral.token.balanceOf(alice.address)) - before;
        const index = rayMul(linearInterest(rate, BigInt(MONTH)), then.liquidityIndex);
        expect(received).to.equal(rayMul(scaled, index));
        const growth = 1 + (Number(rate) / 1e27) * (MONTH / (365 * DAY));
        expect(growth > 1.0003, "a rate that matters").to.equal(true);
        expectClose(Number(received) / Number(supplied), growth, 1e-8, "growth of the supply");
        expect(await collateral.aToken.scaledBalanceOf(alice.address)).to.equal(0n);
      });

      it(`${sleeve}: the health factor is collateral times threshold over debt, whatever the time and the price`, async () => {
        const { collateral, debt } = await open(sleeve);
        for (const [days, price] of [
          [1, world.options.price],
          [40, 1_913.370_001],
          [300, 2_222.2],
        ] as const) {
          await world.pass(days * DAY);
          await world.report(price);
          const account = await aave.pool.getUserAccountData(alice.address);
          const pledged = await aave.supplied(collateral.token, alice.address);
          const owed = await aave.owed(debt.token, alice.address);
          const { thresholdBps, ltvBps } = collateral.terms;
          expect(account.totalCollateralBase).to.equal(inUsd(pledged));
          expect(account.totalDebtBase).to.equal(inUsd(owed));
          expect(account.currentLiquidationThreshold).to.equal(BigInt(thresholdBps));
          expect(account.ltv).to.equal(BigInt(ltvBps));
          expect(account.healthFactor).to.equal(healthFactor(pledged, BigInt(thresholdBps), owed));
          expect(account.availableBorrowsBase).to.equal(percentMul(inUsd(pledged), BigInt(ltvBps)) - inUsd(owed));
          // The same in floats from whole units, with none of the market's prices or roundings.
          const units = (side: Side): number =>
            (Number(side.scaled) / 10 ** side.decimals) * (Number(side.index) / 1e27);
          const [up, down] = sleeve === "conversion" ? [1, price] : [price, 1];
          const plain = (units(pledged) * up * thresholdBps) / 1e4 / (units(owed) * down);
          expectClose(Number(account.healthFactor) / 1e18, plain, 1e-9, "health factor");
        }
      });

      it(`${sleeve}: liquidation takes half the debt under 1, all of it under 0.95, and pays the bonus`, async () => {
        const { collateral, debt } = await open(sleeve, 0.7);
        const healthy = aave.liquidate(alice.address);
        await expect(healthy).to.be.revertedWith("45");
        let { price } = world.options;
        for (const [target, closeBps] of [
          [0.98, 5_000n],
          [0.9, 10_000n],
        ] as const) {
          const health = Number((await aave.pool.getUserAccountData(alice.address)).healthFactor) / 1e18;
          price = sleeve === "conversion" ? (price * health) / target : (price * target) / health;
          await world.report(price);
          const scaled = await debt.variableDebt.scaledBalanceOf(alice.address);

          const { repaid, taken } = await aave.liquidate(alice.address);

          // The liquidation stored the index of its own block.
          const { variableBorrowIndex } = await aave.pool.getReserveData(debt.asset);
          expect(repaid).to.equal(percentMul(rayMul(scaled, variableBorrowIndex), closeBps));
          expect(taken).to.equal(await seized(collateral, debt, repaid));
        }
        expect(await debt.variableDebt.scaledBalanceOf(alice.address)).to.equal(0n);
      });
    }

    /** What a liquidator gets for what he repaid, less the market's part of the bonus. */
    async function seized(collateral: Reserve, debt: Reserve, repaid: bigint): Promise<bigint> {
      const [debtPrice, price] = [
        await aave.oracle.getAssetPrice(debt.asset),
        await aave.oracle.getAssetPrice(collateral.asset),
      ];
      const { bonusBps, protocolFeeBps } = collateral.terms;
      const [unit, debtUnit] = [10n ** BigInt(collateral.decimals), 10n ** BigInt(debt.decimals)];
      const all = percentMul((debtPrice * repaid * unit) / (price * debtUnit), BigInt(bonusBps));
      return all - percentMul(all - percentDiv(all, BigInt(bonusBps)), BigInt(protocolFeeBps));
    }

    it("the oracle says the feeds' prices in dollars with 8 decimals", async () => {
      await world.report(1_913.37);
      expect(await aave.oracle.BASE_CURRENCY_UNIT()).to.equal(10n ** 8n);
      expect(await aave.oracle.getAssetPrice(world.base.target)).to.equal(191_337_000_000n);
      expect(await aave.oracle.getAssetPrice(world.quote.target)).to.equal(100_000_000n);
      const provider = await world.ethers.getContractAt("IAaveAddressesProvider", await aave.pool.ADDRESSES_PROVIDER());
      expect(await provider.getPriceOracle()).to.equal(aave.addresses.oracle);
      expect(await provider.getPool()).to.equal(aave.addresses.pool);
    });

    it("a reserve's bit map has the terms where our interface says", async () => {
      for (const { asset, terms: t } of [aave.base, aave.quote]) {
        const bits = await aave.pool.getConfiguration(asset);
        expect((await aave.pool.getReserveData(asset)).configuration).to.equal(bits);
        const field = (from: bigint): bigint => (bits >> from) & 0xffffn;
        expect([field(0n), field(16n), field(32n)]).to.deep.equal(
          [t.ltvBps, t.thresholdBps, t.bonusBps].map((n) => BigInt(n)),
        );
      }
      const flags = async (): Promise<readonly bigint[]> => {
        const bits = await aave.pool.getConfiguration(aave.base.asset);
        return [56n, 57n, 58n, 60n].map((position) => (bits >> position) & 1n);
      };
      // Active, frozen, borrowing, paused.
      expect(await flags()).to.deep.equal([1n, 0n, 1n, 0n]);
      await aave.freeze(world.base);
      expect(await flags()).to.deep.equal([1n, 1n, 1n, 0n]);
      await aave.setPaused(world.base, true);
      expect(await flags()).to.deep.equal([1n, 1n, 1n, 1n]);
    });

    it("utilisation at 100 %: no withdrawal and no loan, while repaying and handing over the claim still work", async () => {
      const { collateral, debt, borrowed } = await open("conversion");
      await aave.drain(collateral.token);
      expect(await aave.cash(collateral.token)).to.equal(0n);
      const { slope1Bps, slope2Bps } = collateral.terms.rates;
      const { currentVariableBorrowRate } = await aave.pool.getReserveData(collateral.asset);
      expect(currentVariableBorrowRate).to.equal(rayOfBps(slope1Bps + slope2Bps));
      // Aave works the rate out of the cash that would be left, before it moves any: the subtraction is what fails.
      await expect(pool().withdraw(collateral.asset, 1n, alice.address)).to.be.revertedWithPanic(0x11);
      await expect(pool().borrow(collateral.asset, 1n, VARIABLE, 0, alice.address)).to.be.revertedWithPanic(0x11);

      await aave.drain(debt.token);
      await aave.repay(alice, debt.token, borrowed / 2n);
      await aave.repay(alice, debt.token);
      await expect(withdrawAll(collateral.token)).to.be.revertedWithPanic(0x11);
      const scaled = await collateral.aToken.scaledBalanceOf(alice.address);
      await collateral.aToken.connect(alice).transfer(world.who.bob.address, wei(collateral.token, UNITS / 4));
      expect(await collateral.aToken.scaledBalanceOf(alice.address)).to.be.lessThan(scaled);

      await aave.refill(collateral.token);
      await aave.withdraw(alice, collateral.token);
      expect(await collateral.aToken.scaledBalanceOf(alice.address)).to.equal(0n);
    });

    it("utilisation at 100 % under 1: liquidators cannot be paid in cash, only with the claim itself", async () => {
      const { collateral, debt } = await open("reversal", 0.7);
      await aave.drain(collateral.token);
      await world.report(world.options.price * 0.8);
      await expect(aave.liquidate(alice.address)).to.be.revertedWithPanic(0x11);
      const { liquidator } = aave;
      await debt.token.mint(liquidator.address, wei(debt.token, UNITS));
      await debt.token.connect(liquidator).approve(aave.addresses.pool, MAX_UINT256);
      const before = await debt.variableDebt.scaledBalanceOf(alice.address);
      await aave.pool
        .connect(liquidator)
        .liquidationCall(collateral.asset, debt.asset, alice.address, wei(debt.token, UNITS / 10), true);
      expect(await collateral.aToken.scaledBalanceOf(liquidator.address)).to.be.greaterThan(0n);
      expect(await debt.variableDebt.scaledBalanceOf(alice.address)).to.be.lessThan(before);
    });

    it("frozen: nothing comes in and nothing is lent, everything else works", async () => {
      const { collateral, debt } = await open("reversal");
      for (const { token } of [collateral, debt]) await aave.freeze(token);
      await expect(pool().supply(collateral.asset, 1n, alice.address, 0)).to.be.revertedWith("28");
      await expect(pool().borrow(debt.asset, 1n, VARIABLE, 0, alice.address)).to.be.revertedWith("28");
      await aave.repay(alice, debt.token, 1n);
      await aave.withdraw(alice, collateral.token, 1n);
      await aave.repay(alice, debt.token);
      await aave.withdraw(alice, collateral.token);
      await aave.freeze(collateral.token, false);
      await aave.supply(alice, collateral.token, wei(collateral.token, 1));
    });

    it("paused: nothing works, not even repaying, handing over or liquidating", async () => {
      const { collateral, debt } = await open("reversal");
      await world.report(world.options.price / 3);
      await aave.setPoolPaused(true);
      const refused = [
        () => pool().supply(collateral.asset, 1n, alice.address, 0),
        () => pool().borrow(debt.asset, 1n, VARIABLE, 0, alice.address),
        () => pool().repay(debt.asset, 1n, VARIABLE, alice.address),
        () => pool().withdraw(collateral.asset, 1n, alice.address),
        () => collateral.aToken.connect(alice).transfer(world.who.bob.address, 1n),
        () => aave.liquidate(alice.address),
      ];
      for (const call of refused) await expect(call()).to.be.revertedWith("29");
      await aave.setPoolPaused(false);
      await aave.setPaused(debt.token, true);
      await expect(repayAll(debt.token)).to.be.revertedWith("29");
      // The collateral's own reserve is open, and still nobody can liquidate.
      await expect(aave.liquidate(alice.address)).to.be.revertedWith("29");
    });

    it("under 1 a proportional exit is impossible: every withdrawal reverts until the debt is paid", async () => {
      const { collateral, debt } = await open("reversal", 0.7);
      await world.report(world.options.price * 0.8);
      expect((await aave.pool.getUserAccountData(alice.address)).healthFactor).to.be.lessThan(WAD);
      const { scaled, index } = await aave.owed(debt.token, alice.address);
      await aave.repay(alice, debt.token, rayMul(scaled, index) / 10n);
      const part = wei(collateral.token, UNITS / 10);
      await expect(pool().withdraw(collateral.asset, part, alice.address)).to.be.revertedWith("35");
      await aave.repay(alice, debt.token);
      await aave.withdraw(alice, collateral.token);
    });

    it("a dead feed blocks no full exit; a wei of debt left unpaid makes it block", async () => {
      const { collateral, debt } = await open("conversion");
      await world.baseFeed.setSilent(true);
      await world.quoteFeed.setSilent(true);
      const indebted = await networkHelpers.takeSnapshot();
      await aave.repay(alice, debt.token);
      await aave.withdraw(alice, collateral.token);

      await indebted.restore();
      // Two years of the steepest rate take the index over 3: from there on a wei less always rounds to the same scaled debt,
      // since the debt itself is rounded by half a wei at most and half a scaled unit is more than a wei and a half.
      await world.baseFeed.setSilent(false);
      await world.quoteFeed.setSilent(false);
      await aave.drain(debt.token);
      const { lastUpdateTimestamp, variableBorrowIndex, currentVariableBorrowRate } = await aave.pool.getReserveData(
        debt.asset,
      );
      const years = 2n * 365n * BigInt(DAY);
      const index = rayMul(compoundedInterest(currentVariableBorrowRate, years), variableBorrowIndex);
      expect(index > 3n * RAY).to.equal(true);
      const all = rayMul(await debt.variableDebt.scaledBalanceOf(alice.address), index);
      await at(lastUpdateTimestamp + years, () => repayAll(debt.token, all - 1n));
      // Forgiven, but the account still counts as a borrower.
      expect(await debt.variableDebt.scaledBalanceOf(alice.address)).to.equal(0n);
      expect((await aave.pool.getUserAccountData(alice.address)).healthFactor).to.equal(MAX_UINT256);
      const part = wei(collateral.token, 1);
      await world.quoteFeed.setSilent(true);
      await expect(pool().withdraw(collateral.asset, part, alice.address)).to.be.revertedWithCustomError(
        world.quoteFeed,
        "Silent",
      );
      await world.quoteFeed.setSilent(false);
      await aave.withdraw(alice, collateral.token);
    });

    it("a stranger's gift of a collateral that later counts nothing blocks withdrawals until it is switched off", async () => {
      const { collateral } = await open("conversion");
      await aave.supplyFor(alice.address, aave.backing.token, 1n);
      await aave.withdraw(alice, collateral.token, 1n);
      await aave.setCollateralTerms(
        aave.backing.token,
        0,
        aave.backing.terms.thresholdBps,
        aave.backing.terms.bonusBps,
      );
      await expect(pool().withdraw(collateral.asset, 1n, alice.address)).to.be.revertedWith("57");
      await pool().setUserUseReserveAsCollateral(aave.backing.asset, false);
      await aave.withdraw(alice, collateral.token, 1n);
    });

    it("caps refuse what is over them", async () => {
      const { collateral, debt } = await open("conversion");
      for (const { token } of [collateral, debt]) await aave.setCaps(token, { supply: 1, borrow: 1 });
      await expect(pool().supply(collateral.asset, wei(collateral.token, 2), alice.address, 0)).to.be.revertedWith(
        "51",
      );
      await expect(pool().borrow(debt.asset, 1n, VARIABLE, 0, alice.address)).to.be.revertedWith("50");
      await aave.setCaps(debt.token, { borrow: 0 });
      await aave.borrow(alice, debt.token, 1n);
      await expect(pool().borrow(debt.asset, wei(debt.token, UNITS), VARIABLE, 0, alice.address)).to.be.revertedWith(
        "36",
      );
    });
  });
}
