/**
 * A debt on Aave v3 and a plain supply to it, on Aave's own bytecode. The vault's address itself moves them, so that each
 * step stands alone; one suite at the end goes through the vault.
 */
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import { expect } from "chai";
import type { ContractTransactionReceipt } from "ethers";
import { network } from "hardhat";

import type { AaveSleeve } from "../../../types/ethers-contracts/sleeves/AaveSleeve.ts";
import { BPS, compoundedInterest, RAY, rayDiv, rayMul } from "../../support/aave/math.ts";
import { deployAave, VARIABLE, type Aave, type Reserve } from "../../support/aave.ts";
import { abs, divUp, max, min, ONE, Random, valueOfTokens } from "../../support/arithmetic.ts";
import { putInPlace } from "../../support/sleeves.ts";
import { deployWorld, mined, ORDERS, type World } from "../../support/world.ts";

const connection = await network.create();
const { networkHelpers } = connection;

const YEAR = 365n * 86_400n;
const OBSTACLE = { None: 0n, Unhealthy: 1n, Illiquid: 2n, Pending: 3n, Closed: 4n };
const TERMS = {
  openingHealth: (132n * ONE) / 100n,
  floorHealth: (110n * ONE) / 100n,
  rateCap: (25n * ONE) / 100n,
};
const NO_DEBT = { openingHealth: 0n, floorHealth: 0n, rateCap: 0n };
/** Quote units that a test supplies, and the part of them that it borrows. */
const SIZE = 100_000;
const LOAN = 0.5;
/** Half a percent each way. */
const BAND = 200n;
const MAX_EXIT_GAS = 700_000n;

const MARKETS = [
  { ...ORDERS[0], baseDecimals: 18, quoteDecimals: 6 },
  { ...ORDERS[1], baseDecimals: 18, quoteDecimals: 6 },
  { ...ORDERS[0], baseDecimals: 8, quoteDecimals: 18 },
  { ...ORDERS[1], baseDecimals: 8, quoteDecimals: 18 },
] as const;

/** Which way round: a conversion pledges quote and owes base. The stress puts health a little under one. */
const KINDS = [
  { kind: "conversion", pledgesQuote: true, stress: 3_300 },
  { kind: "reversal", pledgesQuote: false, stress: 1_180 },
] as const;

interface Look {
  readonly asset: bigint;
  readonly debt: bigint;
  readonly scaledAsset: bigint;
  readonly scaledDebt: bigint;
  readonly units: bigint;
}

const NOTHING: Look = { asset: 0n, debt: 0n, scaledAsset: 0n, scaledDebt: 0n, units: 0n };

for (const { name, ...market } of MARKETS) {
  describe(`contracts/sleeves/aave: ${name}, decimals ${market.baseDecimals}/${market.quoteDecimals}`, () => {
    let world: World;
    let aave: Aave;
    let vault: HardhatEthersSigner;
    let bob: HardhatEthersSigner;
    let opened: Awaited<ReturnType<typeof networkHelpers.takeSnapshot>>;

    before(async () => {
      world = await deployWorld(connection, market);
      aave = await deployAave(world);
      vault = await world.as(world.addresses.vault);
      ({ bob } = world.who);
      for (const token of [world.base, world.quote]) await token.mint(vault.address, 10n ** 30n);
      opened = await networkHelpers.takeSnapshot();
    });

    beforeEach(async () => {
      await opened.restore();
    });

    async function deploySleeve(asset: string, terms: typeof TERMS): Promise<AaveSleeve> {
      const args = [world.addresses.vault, aave.addresses.pool, asset, terms];
      return world.ethers.deployContract("AaveSleeve", args, world.who.deployer);
    }

    /** So many quote units in wei of a token, at the opening price. */
    function wei(token: Reserve, quoteUnits: number): bigint {
      const whole = token.asset === aave.quote.asset ? quoteUnits : quoteUnits / world.options.price;
      return (BigInt(Math.round(whole * 1e6)) * 10n ** BigInt(token.decimals)) / 10n ** 6n;
    }

    const band = (price = world.options.price): { low: bigint; mid: bigint; high: bigint } => {
      const mid = world.priceX96(price);
      return { low: mid - mid / BAND, mid, high: mid + mid / BAND };
    };

    /** One sleeve and what a test does with it. */
    class Desk {
      readonly sleeve: AaveSleeve;
      readonly address: string;
      readonly asset: Reserve;
      readonly other: Reserve;

      constructor(sleeve: AaveSleeve, address: string, asset: Reserve, other: Reserve) {
        this.sleeve = sleeve;
        this.address = address;
        this.asset = asset;
        this.other = other;
      }

      sorted<T>(asset: T, other: T): readonly [T, T] {
        return this.asset.token.target === world.token0.target ? [asset, other] : [other, asset];
      }

      /** As the vault does it: what is given is sent first. Amounts are wei, signed as ISleeve says. */
      async move(asset: bigint, debt: bigint, prices = band()): Promise<ContractTransactionReceipt> {
        for (const [{ token }, amount] of [
          [this.asset, asset],
          [this.other, debt],
        ] as const)
          if (amount > 0n) await (await token.connect(vault).transfer(this.address, amount)).wait();
        const [give0, give1] = this.sorted(asset, debt);
        return receiptOf(await this.sleeve.connect(vault).move(give0, give1, prices.low, prices.high));
      }

      async open(loan = LOAN): Promise<void> {
        await this.move(wei(this.asset, SIZE), 0n);
        await this.move(0n, -wei(this.other, SIZE * loan));
      }

      /** All of the debt is repaid and all of the supply taken back: twice what there is now, for the interest until then. */
      async closeWhole(): Promise<void> {
        const { asset, debt } = await this.look();
        if (debt > 0n) await this.move(0n, 2n * debt);
        await this.move(-2n * asset, 0n);
      }

      /** Sends what the exit owes and exits, in one block and to the wei of the preview for that block. */
      async exit(part: bigint, whole: bigint): Promise<{ owed: bigint; got: bigint; gas: bigint }> {
        const at = (await world.now()) + 60;
        await networkHelpers.time.setNextBlockTimestamp(at);
        const preview = await this.sleeve.previewExit(part, whole, { blockTag: "pending" });
        const [owed, due] = [preview.owe0 + preview.owe1, preview.get0 + preview.get1];
        const before = await this.purse(vault.address);
        const free = await this.other.token.balanceOf(this.address);
        await networkHelpers.time.setNextBlockTimestamp(at);
        const sent = await world.inOneBlock([
          () => this.other.token.connect(vault).transfer(this.address, owed, { gasLimit: 200_000 }),
          () => this.sleeve.connect(vault).exit(part, whole, { gasLimit: 3_000_000 }),
        ]);
        const after = await this.purse(vault.address);
        expect(before.other - after.other, "pays what was previewed").to.equal(owed);
        expect(after.asset - before.asset, "brings what was previewed").to.equal(due);
        expect(await this.other.token.balanceOf(this.address), "nothing stays on the way").to.equal(free);
        await this.expectNoAllowance();
        return { owed, got: due, gas: sent[1]?.gasUsed ?? 0n };
      }

      /** Exits in one block, one after the other, paid from tokens that are there already. */
      async exitsAt(
        time: number,
        parts: readonly bigint[],
        whole: bigint,
      ): Promise<{ readonly owed: bigint; readonly got: bigint }> {
        const free = await this.other.token.balanceOf(this.address);
        const { asset } = await this.purse(vault.address);
        await networkHelpers.time.setNextBlockTimestamp(time);
        const gasLimit = 1_000_000;
        await world.inOneBlock(parts.map((part) => () => this.sleeve.connect(vault).exit(part, whole, { gasLimit })));
        expect(await world.now()).to.equal(time);
        const owed = free - (await this.other.token.balanceOf(this.address));
        return { owed, got: (await this.purse(vault.address)).asset - asset };
      }

      async redeem(holder: HardhatEthersSigner, units: bigint): Promise<{ paid: bigint; got: bigint }> {
        await (await this.other.token.connect(holder).approve(this.address, 10n ** 30n)).wait();
        const before = await this.purse(holder.address);
        await receiptOf(await this.sleeve.connect(holder).redeem(units, 0, holder.address));
        const after = await this.purse(holder.address);
        await this.expectNoAllowance();
        return { paid: before.other - after.other, got: after.asset - before.asset };
      }

      /** An LP has left with a part of the units, in hundredths. */
      async share(percent: bigint, holder = bob): Promise<bigint> {
        const units = ((await this.sleeve.totalUnits()) * percent) / 100n;
        await receiptOf(await this.sleeve.connect(vault).transfer(holder.address, 0, units));
        return units;
      }

      async look(): Promise<Look> {
        return this.now({
          scaledAsset: await this.asset.aToken.scaledBalanceOf(this.address),
          scaledDebt: await this.other.variableDebt.scaledBalanceOf(this.address),
          units: await this.sleeve.totalUnits(),
        });
      }

      /** What scaled balances are worth in tokens at the indices of the latest block. */
      async now(scaled: Pick<Look, "scaledAsset" | "scaledDebt" | "units">): Promise<Look> {
        const income = await aave.pool.getReserveNormalizedIncome(this.asset.asset);
        const cost = await aave.pool.getReserveNormalizedVariableDebt(this.other.asset);
        const { scaledAsset, scaledDebt, units } = scaled;
        const [asset, debt] = [rayMul(scaledAsset, income), rayMul(scaledDebt, cost)];
        return { asset, debt, scaledAsset, scaledDebt, units };
      }

      /** Net value at a price, 2^-64 quote wei. */
      value(look: Pick<Look, "asset" | "debt">, priceX96: bigint): bigint {
        const of = (asset: bigint, other: bigint): bigint => {
          const [amount0, amount1] = this.sorted(asset, other);
          return valueOfTokens({ amount0, amount1 }, priceX96, world.options.quoteIsToken0);
        };
        return of(look.asset, 0n) - of(0n, look.debt);
      }

      async purse(account: string): Promise<{ asset: bigint; other: bigint }> {
        return {
          asset: await this.asset.token.balanceOf(account),
          other: await this.other.token.balanceOf(account),
        };
      }

      async expectNoAllowance(): Promise<void> {
        for (const { token } of [this.asset, this.other])
          expect(await token.allowance(this.address, aave.addresses.pool), "allowance").to.equal(0n);
      }

      /** Aave's flag of a borrower, which only repaying all as such removes. */
      async borrows(): Promise<boolean> {
        const { id } = await aave.pool.getReserveData(this.other.asset);
        return ((await aave.pool.getUserConfiguration(this.address)) >> (2n * id)) % 2n === 1n;
      }
    }

    async function desk(pledgesQuote: boolean, terms = TERMS): Promise<Desk> {
      const [asset, other] = pledgesQuote ? [aave.quote, aave.base] : [aave.base, aave.quote];
      const sleeve = await deploySleeve(asset.asset, terms);
      return new Desk(sleeve, await sleeve.getAddress(), asset, other);
    }

    async function receiptOf(sent: {
      wait(): Promise<ContractTransactionReceipt | null>;
    }): Promise<ContractTransactionReceipt> {
      return mined(await sent.wait()) as ContractTransactionReceipt;
    }

    /** To a millionth: a few seconds of interest are less. */
    function expectNear(actual: bigint, expected: bigint): void {
      expect(abs(actual - expected) <= expected / 10n ** 6n + 2n, `${actual} for ${expected}`).to.equal(true);
    }

    /** No scaled unit of theirs is gone, and none of debt is added: exact, since scaled units do not change with time. */
    function expectStayersKeep(before: Look, after: Look): void {
      expect(after.scaledAsset * before.units >= before.scaledAsset * after.units, "asset per unit").to.equal(true);
      expect(after.scaledDebt * before.units <= before.scaledDebt * after.units, "debt per unit").to.equal(true);
    }

    for (const { kind, pledgesQuote, stress } of KINDS) {
      describe(kind, () => {
        let d: Desk;
        let sleeve: AaveSleeve;

        beforeEach(async () => {
          d = await desk(pledgesQuote);
          ({ sleeve } = d);
          await d.open();
        });

        it("opens in steps and closes whole: no balance, flag, unit or allowance is left", async () => {
          // A few seconds of interest.
          const { asset, debt } = await d.look();
          expectNear(asset, wei(d.asset, SIZE));
          expectNear(debt, wei(d.other, SIZE * LOAN));
          await d.move(wei(d.asset, SIZE / 4), 0n);
          await d.move(0n, -wei(d.other, SIZE / 10));
          await d.expectNoAllowance();
          await world.pass(30 * 86_400);
          await d.move(0n, wei(d.other, SIZE / 3));
          await d.move(-wei(d.asset, SIZE / 4), 0n);
          await d.expectNoAllowance();
          expect(await d.borrows()).to.equal(true);
          await d.closeWhole();
          expect(await d.look()).to.deep.equal(NOTHING);
          expect(await d.borrows()).to.equal(false);
          await d.expectNoAllowance();
          expect(await d.purse(d.address)).to.deep.equal({ asset: 0n, other: 0n });
        });

        it("what a repayment has too much of comes back in the same move", async () => {
          const { debt } = await d.look();
          const before = await d.purse(vault.address);
          await d.move(0n, 2n * debt);
          const paid = before.other - (await d.purse(vault.address)).other;
          // A few seconds of interest.
          expect(paid >= debt && paid - debt <= debt / 1_000_000n + 1n, `${paid} for ${debt}`).to.equal(true);
          await expect(d.move(0n, 1n)).to.be.revertedWithCustomError(sleeve, "NoDebt");
        });

        it("marks are scaled balance times index, on both sides, and nobody else may move them", async () => {
          await world.pass(86_400);
          const { asset, debt } = await d.look();
          const [at0, at1] = d.sorted(asset, -debt);
          expect(await sleeve.nets()).to.deep.equal([at0, at1, at0, at1]);
          for (const call of [sleeve.connect(bob).move(1, 0, 0, 0), sleeve.connect(bob).exit(1, 1)])
            await expect(call).to.be.revertedWithCustomError(sleeve, "NotVault");
        });

        it("health is Aave's own, and neither a loan nor a withdrawal may pass under the opening floor", async () => {
          const { healthX18 } = await sleeve.report();
          const { healthFactor } = await aave.pool.getUserAccountData(d.address);
          // Aave cuts both sides at 1e-8 dollars of 50,000.
          expect(abs(healthX18 - healthFactor) <= healthFactor / 10n ** 11n).to.equal(true);
          const threshold = BigInt(d.asset.terms.thresholdBps);
          // LOAN is a half: debt + x = size * threshold / opening.
          const most = (wei(d.other, SIZE) * threshold * ONE) / (BPS * TERMS.openingHealth) - wei(d.other, SIZE * LOAN);
          await expect(d.move(0n, -(most + most / 10_000n))).to.be.revertedWithCustomError(
            sleeve,
            "HealthBelowOpening",
          );
          const needed = (wei(d.asset, SIZE * LOAN) * TERMS.openingHealth * BPS) / (threshold * ONE);
          const free = wei(d.asset, SIZE) - needed;
          await expect(d.move(-(free + free / 10_000n), 0n)).to.be.revertedWithCustomError(
            sleeve,
            "HealthBelowOpening",
          );
          const before = await networkHelpers.takeSnapshot();
          await d.move(-(free - free / 10_000n), 0n);
          await before.restore();
          await d.move(0n, -(most - most / 10_000n));
        });

        it("under the floor it is unsound and says how much brings it back to the opening floor", async () => {
          expect(await sleeve.sound()).to.equal(true);
          expect(await sleeve.shortfall()).to.deep.equal([0n, 0n]);
          await world.report(stress);
          expect(await sleeve.sound()).to.equal(false);
          const [owe0, owe1] = await sleeve.shortfall();
          await d.move(0n, owe0 + owe1);
          const { healthX18 } = await sleeve.report();
          expectNear(healthX18, TERMS.openingHealth);
          expect(await sleeve.shortfall()).to.deep.equal([0n, 0n]);
        });

        it("rate cap: no loan above it; a rate that has stood asks for all, one of the same block for nothing", async () => {
          const cash = await aave.cash(d.other.token);
          await aave.borrow(aave.borrower, d.other.token, (cash * 9n) / 10n);
          await expect(d.move(0n, -wei(d.other, 1))).to.be.revertedWithCustomError(sleeve, "RateAboveCap");
          const { blockNumber } = await aave.borrow(aave.borrower, d.other.token, 1n);
          expect(await sleeve.shortfall({ blockTag: blockNumber })).to.deep.equal([0n, 0n]);
          await networkHelpers.mine();
          const [owe0, owe1] = await sleeve.shortfall();
          expect(owe0 + owe1).to.equal((await d.look()).debt);
        });

        it("a part leaves to the wei of its preview, and those who stay lose no scaled unit", async () => {
          for (const [part, whole] of [
            [1n, 3n],
            [7n, 1_000n],
            [1n, 10n ** 15n],
            [999_999_999n, 10n ** 9n],
          ] as const) {
            await world.pass(86_400);
            const before = await d.look();
            const { got, owed, gas } = await d.exit(part, whole);
            const after = await d.look();
            expectStayersKeep(before, after);
            expect(gas <= MAX_EXIT_GAS, `gas ${gas}`).to.equal(true);
            // To two wei of what a day more of interest makes of the part.
            expect(got >= (before.asset * part) / whole - 2n, "asset").to.equal(true);
            const most = (before.debt * part) / whole + 3n;
            expect(owed <= most + most / 10_000n, "debt").to.equal(true);
          }
        });

        it("many small exits in one block bring no more and cost no less than a large one", async () => {
          const n = 24;
          await world.pass(10 * 86_400);
          const at = (await world.now()) + 60;
          await (await d.other.token.connect(vault).transfer(d.address, (await d.look()).debt)).wait();
          const start = await networkHelpers.takeSnapshot();
          const before = await d.look();
          // Odd parts, so that nothing divides.
          const parts = Array.from({ length: n }, (_, i) => 982_451_653n + 7n * BigInt(i));
          const small = await d.exitsAt(at, parts, 10n ** 12n);
          const after = await d.look();
          expectStayersKeep(before, after);
          await start.restore();
          const large = await d.exitsAt(at, [before.units - after.units], before.units);
          // Where Aave burns half a scaled unit less than it pays for, the next exit has a part of it.
          const gifts = BigInt(n) / 2n;
          expect(small.got <= large.got + gifts, `got ${small.got} and ${large.got}`).to.equal(true);
          expect(small.owed + gifts >= large.owed, `owed ${small.owed} and ${large.owed}`).to.equal(true);
          expect(large.got - small.got <= 2n * BigInt(n) && small.owed - large.owed <= 2n * BigInt(n)).to.equal(true);
        });

        it("dust: a thousandth of a wei's worth pays a wei of debt and brings nothing", async () => {
          const before = await d.look();
          const { owed, got } = await d.exit(1n, 1_000n * max(before.asset, before.debt));
          expect(got).to.equal(0n);
          expect(owed >= 1n && owed <= 2n).to.equal(true);
          expectStayersKeep(before, await d.look());
        });

        it("whoever leaves all but dust repays all of the debt as such: no flag is left that reads prices", async () => {
          const units = await sleeve.totalUnits();
          await d.exit(units - 1n, units);
          expect((await d.look()).scaledDebt).to.equal(0n);
          expect(await d.borrows()).to.equal(false);
        });

        it("a plan that repays a wei less than all leaves a debt that can be repaid as all", async () => {
          // At an index over three a wei less than all always rounds to all.
          await aave.drain(d.other.token);
          const then = await aave.pool.getReserveData(d.other.asset);
          const years = 3n * YEAR;
          const index = rayMul(compoundedInterest(then.currentVariableBorrowRate, years), then.variableBorrowIndex);
          expect(index > 3n * RAY, `${index}`).to.equal(true);
          const { scaledDebt } = await d.look();
          const all = rayMul(scaledDebt, index);
          expect(rayDiv(all - 1n, index)).to.equal(scaledDebt);
          await (await d.other.token.connect(vault).transfer(d.address, all - 1n)).wait();
          await networkHelpers.time.setNextBlockTimestamp(then.lastUpdateTimestamp + years);
          const [give0, give1] = d.sorted(0n, all - 1n);
          await receiptOf(await sleeve.connect(vault).move(give0, give1, band().low, band().high));
          expect((await d.look()).scaledDebt).to.equal(1n);
          await d.expectNoAllowance();
          await d.closeWhole();
          expect(await d.borrows()).to.equal(false);
        });

        // ---- units in other hands

        it("units of others: the vault buys dear and sells cheap, at the worse end of the band, and cannot dilute", async () => {
          await d.share(30n);
          const random = new Random(7);
          const prices = band();
          for (let step = 0; step < 12; step++) {
            await world.pass(3_600);
            const unit = random.int(1, 20_000) / 10;
            const moves: readonly (readonly [bigint, bigint])[] = [
              [wei(d.asset, unit), 0n],
              [0n, wei(d.other, unit)],
              [0n, -wei(d.other, unit / 3)],
              [-wei(d.asset, unit / 3), 0n],
            ];
            const [asset, debt] = moves[step % moves.length] ?? [0n, 0n];
            const before = await d.look();
            await d.move(asset, debt, prices);
            const after = await d.look();
            // What there was, at the same indices.
            const was = await d.now(before);
            for (const price of [prices.low, prices.mid, prices.high]) {
              // A wei and a half of the token that moved for Aave's rounding of the move and of what it says there is.
              const slack = d.value({ asset: 2n, debt: -2n }, price);
              expect(
                (d.value(after, price) + slack) * was.units >= d.value(was, price) * after.units,
                `step ${step}: ${d.value(was, price)} / ${was.units} to ${d.value(after, price)} / ${after.units}`,
              ).to.equal(true);
            }
          }
        });

        it("units of others: what is bought is the least, what is sold the most over the band", async () => {
          await d.share(30n);
          for (const sign of [1n, -1n]) {
            const amount = sign * wei(d.asset, SIZE / 20);
            const prices = band();
            const before = await d.look();
            await d.move(amount, 0n);
            const minted = (await sleeve.totalUnits()) - before.units;
            const was = await d.now(before);
            const at = [prices.low, prices.high].map((price) => {
              const moved = d.value({ asset: amount, debt: 0n }, price);
              return (moved * was.units) / d.value(was, price);
            });
            const expected = min(at[0] ?? 0n, at[1] ?? 0n);
            // The contract rounds each value to a wei of quote, of which there are 10^9 at least.
            expect(abs(minted - expected) <= abs(expected) / 10n ** 8n, `${minted} for ${expected}`).to.equal(true);
            expect(abs((at[0] ?? 0n) - (at[1] ?? 0n)) > abs(expected) / 1_000n, "the band matters").to.equal(true);
          }
        });

        for (const [how, why] of [
          ["unhealthy", OBSTACLE.Unhealthy],
          ["illiquid", OBSTACLE.Illiquid],
          ["paused", OBSTACLE.Closed],
          ["without prices", OBSTACLE.Closed],
        ] as const) {
          it(`${how}: no part can leave, the sleeve says why, units can, and are redeemed later`, async () => {
            const trouble: Record<typeof how, (on: boolean) => Promise<void>> = {
              unhealthy: (on) => world.report(on ? stress : world.options.price),
              illiquid: (on) => (on ? aave.drain(d.asset.token) : aave.refill(d.asset.token)),
              paused: (on) => aave.setPoolPaused(on),
              "without prices": async (on) => {
                await (await world.baseFeed.setSilent(on)).wait();
              },
            };
            expect(await sleeve.obstacle(1, 4)).to.equal(OBSTACLE.None);
            await trouble[how](true);
            expect(await sleeve.obstacle(1, 4)).to.equal(why);
            await (await d.other.token.connect(vault).transfer(d.address, (await d.look()).debt / 2n)).wait();
            await expect(sleeve.connect(vault).exit(1, 4)).to.be.revert(world.ethers);
            // The marks stand, and what cannot be known is not called sound.
            const [low0, low1] = await sleeve.nets();
            const { asset, debt } = await d.look();
            expect([low0, low1]).to.deep.equal([...d.sorted(asset, -debt)]);
            await sleeve.report();
            await sleeve.shortfall();
            expect(await sleeve.sound()).to.equal(how === "illiquid" || how === "paused");

            const units = await d.share(25n);
            await trouble[how](false);
            await world.pass(60);
            const before = await d.look();
            const { paid, got } = await d.redeem(bob, units);
            expectStayersKeep(before, await d.look());
            expectNear(got, before.asset / 4n);
            expectNear(paid, before.debt / 4n);
            expect(await sleeve.balanceOf(bob.address, 0)).to.equal(0n);
          });
        }

        it("whoever holds all leaves without a price and at any health, since he repays all", async () => {
          await world.report(stress);
          await (await world.baseFeed.setSilent(true)).wait();
          await (await world.quoteFeed.setSilent(true)).wait();
          expect(await sleeve.obstacle(1, 1)).to.equal(OBSTACLE.None);
          await d.exit(1n, 1n);
          expect(await d.look()).to.deep.equal(NOTHING);
          expect(await d.borrows()).to.equal(false);
        });

        it("frozen: exits and redemptions go on", async () => {
          await aave.freeze(d.asset.token);
          await aave.freeze(d.other.token);
          expect(await sleeve.obstacle(1, 4)).to.equal(OBSTACLE.None);
          await d.exit(1n, 4n);
          await d.redeem(bob, await d.share(50n));
          await d.closeWhole();
        });

        it("only the debt's reserve paused: closed for a part that owes", async () => {
          await aave.setPaused(d.other.token, true);
          expect(await sleeve.obstacle(1, 4)).to.equal(OBSTACLE.Closed);
          await expect(sleeve.connect(vault).exit(1, 4)).to.be.revertedWith("29");
        });

        it("liquidation in between: every unit bears the same part of it", async () => {
          const units = await d.share(25n);
          const before = await d.look();
          await world.report(stress);
          const { repaid, taken } = await aave.liquidate(d.address);
          expect(repaid > before.debt / 3n && taken > 0n).to.equal(true);
          const left = await d.look();
          expect(left.asset + taken <= before.asset + before.asset / 1_000n).to.equal(true);
          const { paid, got } = await d.redeem(bob, units);
          expectStayersKeep(left, await d.look());
          expectNear(got, left.asset / 4n);
          expectNear(paid, left.debt / 4n);
        });

        it("a redemption under its minimum reverts, and units are only their holder's", async () => {
          const units = await d.share(25n);
          const { asset } = await d.look();
          await (await d.other.token.connect(bob).approve(d.address, 10n ** 30n)).wait();
          await expect(sleeve.connect(bob).redeem(units, asset / 3n, bob.address)).to.be.revertedWithCustomError(
            sleeve,
            "RedeemBelowMin",
          );
          const { stranger } = world.who;
          await (await d.other.token.connect(stranger).approve(d.address, 10n ** 30n)).wait();
          await expect(sleeve.connect(stranger).redeem(1, 0, stranger.address)).to.be.revertedWithCustomError(
            sleeve,
            "ERC6909InsufficientBalance",
          );
        });

        // ---- gifts

        it("a stranger's supply or repayment belongs to all units in proportion", async () => {
          const units = await d.share(25n);
          const gift = wei(d.asset, 10_000);
          const before = await d.look();
          await aave.supplyFor(d.address, d.asset.token, gift);
          const { lender } = aave;
          const relief = before.debt / 2n;
          await d.other.token.mint(lender.address, relief);
          await (await d.other.token.connect(lender).approve(aave.addresses.pool, relief)).wait();
          await (await aave.pool.connect(lender).repay(d.other.asset, relief, VARIABLE, d.address)).wait();
          const richer = await d.look();
          expect(richer.asset >= before.asset + gift - 1n && richer.units === before.units).to.equal(true);
          const { paid, got } = await d.redeem(bob, units);
          expectNear(got, (before.asset + gift) / 4n);
          expectNear(paid, before.debt / 8n);
          expectStayersKeep(richer, await d.look());
        });

        it("a stranger's repayment of a wei less than all leaves Aave's flag: only prices are needed for the rest", async () => {
          await aave.drain(d.other.token);
          const then = await aave.pool.getReserveData(d.other.asset);
          const years = 3n * YEAR;
          const index = rayMul(compoundedInterest(then.currentVariableBorrowRate, years), then.variableBorrowIndex);
          const all = rayMul((await d.look()).scaledDebt, index);
          const { lender } = aave;
          await d.other.token.mint(lender.address, all);
          await (await d.other.token.connect(lender).approve(aave.addresses.pool, all)).wait();
          await networkHelpers.time.setNextBlockTimestamp(then.lastUpdateTimestamp + years);
          await (await aave.pool.connect(lender).repay(d.other.asset, all - 1n, VARIABLE, d.address)).wait();
          expect((await d.look()).scaledDebt).to.equal(0n);
          expect(await d.borrows()).to.equal(true);
          await (await world.baseFeed.setSilent(true)).wait();
          await (await world.quoteFeed.setSilent(true)).wait();
          expect(await sleeve.obstacle(1, 4)).to.equal(OBSTACLE.Closed);
          await expect(sleeve.connect(vault).exit(1, 4)).to.be.revert(world.ethers);
          await (await world.baseFeed.setSilent(false)).wait();
          await (await world.quoteFeed.setSilent(false)).wait();
          expect(await sleeve.obstacle(1, 4)).to.equal(OBSTACLE.None);
          await d.exit(1n, 4n);
        });

        it("a gift of another asset that then counts nothing blocks parts until anybody switches it off", async () => {
          await aave.supplyFor(d.address, aave.backing.token, 1n);
          expect(await sleeve.obstacle(1, 4)).to.equal(OBSTACLE.None);
          const { thresholdBps, bonusBps } = aave.backing.terms;
          await aave.setCollateralTerms(aave.backing.token, 0, thresholdBps, bonusBps);
          expect(await sleeve.obstacle(1, 4)).to.equal(OBSTACLE.Closed);
          await (await d.other.token.connect(vault).transfer(d.address, (await d.look()).debt / 2n)).wait();
          await expect(sleeve.connect(vault).exit(1, 4)).to.be.revertedWith("57");
          await (await sleeve.connect(world.who.stranger).settleCollateral(aave.backing.asset)).wait();
          expect(await sleeve.obstacle(1, 4)).to.equal(OBSTACLE.None);
          await receiptOf(await sleeve.connect(vault).exit(1, 4));
        });

        it("nobody can switch off the sleeve's own collateral, and what others gave secures nothing", async () => {
          const { healthX18: before } = await sleeve.report();
          await aave.supplyFor(d.address, d.other.token, wei(d.other, SIZE));
          await (await sleeve.connect(world.who.attacker).settleCollateral(d.asset.asset)).wait();
          const { healthX18: after } = await sleeve.report();
          expectNear(after, before);
          const most = wei(d.other, SIZE * 0.2);
          await expect(d.move(0n, -most)).to.be.revertedWithCustomError(sleeve, "HealthBelowOpening");
          await (await sleeve.connect(world.who.attacker).settleCollateral(d.other.asset)).wait();
          const map = await aave.pool.getUserConfiguration(d.address);
          const { id } = await aave.pool.getReserveData(d.asset.asset);
          const { id: owedId } = await aave.pool.getReserveData(d.other.asset);
          expect(map).to.equal((1n << (2n * id + 1n)) | (1n << (2n * owedId)));
        });
      });
    }

    describe("a lending reserve without a debt", () => {
      let d: Desk;

      beforeEach(async () => {
        d = await desk(true, NO_DEBT);
        await d.move(wei(d.asset, SIZE), 0n);
      });

      it("earns, pays out parts to the wei and closes to nothing", async () => {
        await world.pass(30 * 86_400);
        const before = await d.look();
        expect(before.asset > wei(d.asset, SIZE)).to.equal(true);
        const { got, owed, gas } = await d.exit(1n, 3n);
        expect(owed).to.equal(0n);
        expectNear(got, before.asset / 3n);
        expect(gas <= MAX_EXIT_GAS, `gas ${gas}`).to.equal(true);
        expectStayersKeep(before, await d.look());
        await d.closeWhole();
        expect((await d.look()).units).to.equal(0n);
      });

      it("borrows nothing, needs no price, and says so", async () => {
        await expect(d.move(0n, -1n)).to.be.revertedWithCustomError(d.sleeve, "NoDebt");
        await expect(d.move(0n, 1n)).to.be.revertedWithCustomError(d.sleeve, "NoDebt");
        await (await world.quoteFeed.setSilent(true)).wait();
        expect(await d.sleeve.sound()).to.equal(true);
        expect(await d.sleeve.obstacle(1, 3)).to.equal(OBSTACLE.None);
        const { openingX18, borrowRateX18, supplyRateX18, owed } = await d.sleeve.report();
        expect([openingX18, borrowRateX18, owed]).to.deep.equal([0n, 0n, 0n]);
        const { currentLiquidityRate } = await aave.pool.getReserveData(d.asset.asset);
        expect(supplyRateX18).to.equal(currentLiquidityRate / 10n ** 9n);
        expect(supplyRateX18 > 0n).to.equal(true);
        await d.exit(1n, 3n);
      });

      it("a supply before the first move is no unit's: the first move takes it in", async () => {
        const empty = await desk(true, NO_DEBT);
        await aave.supplyFor(empty.address, empty.asset.token, wei(empty.asset, 5));
        expect(await empty.sleeve.nets()).to.deep.equal([0n, 0n, 0n, 0n]);
        await empty.move(wei(empty.asset, 10), 0n);
        const { asset } = await empty.look();
        expect(asset >= wei(empty.asset, 15) - 2n).to.equal(true);
        await empty.closeWhole();
        expect((await empty.look()).units).to.equal(0n);
      });

      it("unit roundings of the vault's moves cost other holders less than a wei a move", async () => {
        await d.share(30n);
        for (let i = 0; i < 10; i++) {
          await world.pass(86_400);
          const before = await d.look();
          const sign = i % 2 === 0 ? 1n : -1n;
          await d.move(sign * (wei(d.asset, 1) + BigInt(i) * 7n), 0n);
          const after = await d.look();
          // In scaled units, which do not change with time: a wei of index over one is less than one of them.
          expect((after.scaledAsset + 1n) * before.units >= before.scaledAsset * after.units).to.equal(true);
        }
      });
    });

    describe("through the vault", () => {
      const CONVERSION = 0;
      const REVERSAL = 1;
      const RESERVE = 2;
      const base1 = market.quoteIsToken0;
      const quote1 = !market.quoteIsToken0;
      let sleeves: readonly AaveSleeve[];

      beforeEach(async () => {
        // The vault has only what LPs pay in.
        for (const token of [world.base, world.quote]) {
          await (await token.connect(vault).transfer(world.who.stranger.address, 10n ** 30n)).wait();
        }
        sleeves = [
          await deploySleeve(aave.quote.asset, TERMS),
          await deploySleeve(aave.base.asset, TERMS),
          await deploySleeve(aave.quote.asset, NO_DEBT),
        ];
        for (const [index, sleeve] of sleeves.entries()) await putInPlace(world, index, await sleeve.getAddress());
        await world.firstDeposit(world.who.alice, 1_000_000n * ONE);
        await world.deposit(bob, 500_000n * ONE);
        await world.execute({
          moves: [
            { sleeve: CONVERSION, take: false, token1: quote1, fraction: ONE / 5n },
            { sleeve: CONVERSION, take: true, token1: base1, fraction: ONE / 2n },
            { sleeve: REVERSAL, take: false, token1: base1, fraction: ONE / 5n },
            { sleeve: REVERSAL, take: true, token1: quote1, fraction: ONE / 2n },
            { sleeve: RESERVE, take: false, token1: quote1, fraction: ONE / 10n },
          ],
        });
      });

      const units = async (holder: string): Promise<bigint[]> =>
        Promise.all(sleeves.map(async (sleeve) => sleeve.balanceOf(holder, 0)));

      it("an LP leaves three sleeves in kind within the gas of an exit, and gets his part of each token", async () => {
        expect((await world.vault.sleeves()).live).to.equal(7n);
        const shares = 300_000n * ONE;
        const supply = await world.vault.effectiveSupply();
        const owns = async (): Promise<readonly [bigint, bigint]> => {
          let [sum0, sum1] = [await world.token0.balanceOf(vault.address), await world.token1.balanceOf(vault.address)];
          for (const sleeve of sleeves) {
            const { low0, low1 } = await sleeve.nets();
            [sum0, sum1] = [sum0 + low0, sum1 + low1];
          }
          return [sum0, sum1];
        };
        const [all0, all1] = await owns();
        const had = await world.balances(bob.address);
        const { gasUsed } = await world.withdraw(bob, shares);
        const now = await world.balances(bob.address);
        for (const [got, all] of [
          [now.amount0 - had.amount0, all0],
          [now.amount1 - had.amount1, all1],
        ] as const)
          expect(abs(got - (all * shares) / supply) <= all / 10n ** 8n + 10n, `${got}`).to.equal(true);
        expect(gasUsed <= 2_500_000n, `gas ${gasUsed}`).to.equal(true);
      });

      it("where Aave pays nothing the lens names the sleeves, the LP takes their units and redeems them later", async () => {
        await aave.setPoolPaused(true);
        const { mask } = await world.lens.exitMask(world.addresses.vault, 500_000n * ONE);
        expect(mask).to.equal(7n);
        await expect(world.withdraw(bob, 500_000n * ONE)).to.be.revertedWith("29");
        await (await world.vault.connect(bob).withdraw(500_000n * ONE, 0, 0, bob.address, mask)).wait();
        expect(await world.vault.balanceOf(bob.address)).to.equal(0n);
        await aave.setPoolPaused(false);
        const his = await units(bob.address);
        for (const [i, sleeve] of sleeves.entries()) {
          for (const token of [world.base, world.quote])
            await (await token.connect(bob).approve(sleeve.target, 10n ** 30n)).wait();
          await (await sleeve.connect(bob).redeem(his[i] ?? 0n, 0, bob.address)).wait();
        }
        expect(await units(bob.address)).to.deep.equal([0n, 0n, 0n]);
      });

      it("plans close all three, and no unit, balance or debt is left", async () => {
        await world.pass(7 * 86_400);
        await world.report(world.options.price);
        await world.execute({
          moves: [
            { sleeve: CONVERSION, take: false, token1: base1 },
            { sleeve: CONVERSION, take: true, token1: quote1 },
            { sleeve: REVERSAL, take: false, token1: quote1 },
            { sleeve: REVERSAL, take: true, token1: base1 },
            { sleeve: RESERVE, take: true, token1: quote1 },
          ],
        });
        expect((await world.vault.sleeves()).live).to.equal(0n);
        for (const sleeve of sleeves) {
          const { owned, owed } = await sleeve.report();
          expect([owned, owed, await sleeve.totalUnits()]).to.deep.equal([0n, 0n, 0n]);
        }
      });

      it("a reserve that is lent out is unwound as far as there is cash, and to the end when it has come back", async () => {
        const { guardian } = world.who;
        const reserve = sleeves[RESERVE] as AaveSleeve;
        const token = world.quote;
        const { owned } = await reserve.report();
        await aave.drain(token);
        await expect(world.vault.connect(guardian).unwind(RESERVE))
          .to.be.revertedWithCustomError(reserve, "Obstructed")
          .withArgs(OBSTACLE.Illiquid);
        expect((await reserve.report()).owned >= owned).to.equal(true);

        await aave.supplyFor(aave.lender.address, token, owned / 3n);
        const cash = await aave.cash(token);
        expect(cash > 0n && cash < owned).to.equal(true);
        const had = await token.balanceOf(vault.address);
        await (await world.vault.connect(guardian).unwind(RESERVE)).wait();
        // All the cash there was, to the wei, for units of the same worth.
        expect((await token.balanceOf(vault.address)) - had).to.equal(cash);
        expectNear((await reserve.report()).owned, owned - cash);
        expect((await world.vault.sleeves()).live).to.equal(7n);

        await aave.refill(token);
        await (await world.vault.connect(guardian).unwind(RESERVE)).wait();
        expect((await world.vault.sleeves()).live).to.equal(3n);
        expect(await reserve.totalUnits()).to.equal(0n);
        expectNear((await token.balanceOf(vault.address)) - had, owned);
      });

      it("anybody brings a debt down that is near liquidation, and deposits wait until then", async () => {
        // A fifth of NAV's half in quote secures half of it in base: a health of 1.6 at the opening price.
        await world.report(world.options.price * 1.5);
        await expect(world.deposit(bob, ONE)).to.be.revertedWithCustomError(world.sleeveErrors, "SleeveUnsound");
        await (await world.vault.connect(world.who.stranger).deleverage(CONVERSION)).wait();
        const { healthX18, openingX18 } = (await sleeves[CONVERSION]?.report()) ?? { healthX18: 0n, openingX18: 1n };
        expectNear(healthX18, openingX18);
        await world.deposit(bob, ONE);
      });
    });

    it("is not built on terms that would not hold, nor on tokens that Aave does not list", async () => {
      const factory = await world.ethers.getContractFactory("AaveSleeve", world.who.deployer);
      const build = (asset: string, terms: Partial<typeof TERMS>): Promise<unknown> =>
        factory.deploy(world.addresses.vault, aave.addresses.pool, asset, { ...TERMS, ...terms });
      const { asset } = aave.quote;
      const refused: readonly [Partial<typeof TERMS>, string][] = [
        [{ floorHealth: ONE }, "floorHealth is a liquidation"],
        [{ openingHealth: divUp(TERMS.floorHealth * 12n, 10n) - 1n }, "openingHealth is less than 1.2 floorHealth"],
        [{ rateCap: 0n }, "rateCap is zero"],
        [{ ...NO_DEBT, rateCap: 1n }, "floorHealth is a liquidation"],
      ];
      for (const [terms, reason] of refused)
        await expect(build(asset, terms)).to.be.revertedWithCustomError(factory, "InvalidTerms").withArgs(reason);
      await expect(build(aave.backing.asset, {})).to.be.revertedWithCustomError(factory, "AssetNotOfPair");
    });
  });
}
