/** Conversion and reversal on Morpho Blue's own code, through the vault: opening in steps, interest, exits by every way, debts brought down. */
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import { expect } from "chai";
import { network } from "hardhat";

import type { MorphoSleeve } from "../../../types/ethers-contracts/sleeves/MorphoSleeve.ts";
import { ONE, Q96 } from "../../support/arithmetic.ts";
import { minus } from "../../support/fuzz/exact.ts";
import { deployMorphoWorld, type MorphoWorld } from "../../support/morpho.ts";
import { deployMorphoSleeve, putInPlace } from "../../support/sleeves.ts";
import { deployWorld, ORDERS, type World } from "../../support/world.ts";

const connection = await network.create();

const CONVERSION = 0;
const REVERSAL = 1;
const OBSTACLE = { None: 0n, Unhealthy: 1n, Illiquid: 2n, Pending: 3n, Closed: 4n };

interface Stage {
  readonly world: World;
  readonly lending: MorphoWorld;
  readonly conversion: MorphoSleeve;
  readonly reversal: MorphoSleeve;
}

for (const order of ORDERS) {
  describe(`contracts/sleeves/morpho: ${order.name}`, () => {
    let stage: Stage;
    let world: World;
    let sleeve: MorphoSleeve;
    /** Which of the vault's tokens the base and the quote are. */
    const base1 = order.quoteIsToken0;
    const quote1 = !order.quoteIsToken0;

    async function open(): Promise<Stage> {
      const made = await deployWorld(connection, { quoteIsToken0: order.quoteIsToken0 });
      const lending = await deployMorphoWorld(made);
      const conversion = await deployMorphoSleeve(lending, lending.conversion);
      const reversal = await deployMorphoSleeve(lending, lending.reversal);
      await putInPlace(made, CONVERSION, await conversion.getAddress());
      await putInPlace(made, REVERSAL, await reversal.getAddress());
      await made.firstDeposit(made.who.alice, 1_000_000n * ONE);
      await made.deposit(made.who.bob, 500_000n * ONE);
      return { world: made, lending, conversion, reversal };
    }

    beforeEach(async () => {
      stage = await connection.networkHelpers.loadFixture(open);
      ({ world, conversion: sleeve } = stage);
    });

    /** A fifth of the idle quote secures a debt of six tenths of it in base, part of which is sold. */
    async function openConversion(): Promise<void> {
      await world.execute({
        moves: [
          { sleeve: CONVERSION, take: false, token1: quote1, fraction: ONE / 5n },
          { sleeve: CONVERSION, take: true, token1: base1, fraction: (6n * ONE) / 10n },
        ],
        swaps: [{ fee: 500, zeroForOne: !base1, fraction: ONE / 20n }],
      });
    }

    /** Longer than any heartbeat: the vault's oracle says nothing, Morpho's own goes on. */
    async function feedsGoStale(): Promise<void> {
      await world.pass(3 * 86_400);
      await expect(world.oracle.feeds()).to.be.revertedWithCustomError(world.oracle, "FeedStale");
    }

    /** What the lens shows for the second in which the withdrawal is then made. */
    async function leavesAsPreviewed(lp: HardhatEthersSigner, shares: bigint) {
      await connection.networkHelpers.time.setNextBlockTimestamp((await world.now()) + 60);
      const preview = await world.lens.previewWithdraw(world.addresses.vault, shares, 0, { blockTag: "pending" });
      const had = await world.balances(lp.address);
      await connection.networkHelpers.time.setNextBlockTimestamp((await world.now()) + 60);
      await world.withdraw(lp, shares);
      return { preview, got: minus(await world.balances(lp.address), had) };
    }

    it("opens: the quote is collateral, the base is owed, and nothing is allowed afterwards", async () => {
      const idle = await world.vault.idle();
      const quoteIdle = quote1 ? idle.idle1 : idle.idle0;
      await openConversion();
      const nets = await sleeve.nets();
      const [quote, base] = quote1 ? [nets.low1, nets.low0] : [nets.low0, nets.low1];
      expect(quote).to.equal((quoteIdle - 1n) / 5n);
      const owed = (((quote * Q96) / (await world.oracle.feeds()).mid) * 6n) / 10n;
      // Interest of no time at all, and Morpho's rounding up.
      expect(-base).to.be.within(owed, owed + 2n);
      for (const token of [world.base, world.quote]) {
        for (const spender of [stage.lending.markets.morpho, await sleeve.getAddress()]) {
          expect(await token.allowance(world.addresses.vault, spender)).to.equal(0n);
          expect(await token.allowance(await sleeve.getAddress(), spender)).to.equal(0n);
        }
      }
    });

    it("an LP leaves in kind: his debt is paid from his part, to the wei of the preview", async () => {
      await openConversion();
      await world.pass(86_400);
      await world.report(world.options.price);
      const shares = 200_000n * ONE;
      const { got, preview } = await leavesAsPreviewed(world.who.bob, shares);
      expect(got).to.deep.equal({ amount0: preview.amount0, amount1: preview.amount1 });
      expect(preview.paidIn0 + preview.paidIn1).to.equal(0n);
    });

    it("an LP leaves with units and redeems them later", async () => {
      await openConversion();
      const supply = await world.vault.effectiveSupply();
      const shares = 500_000n * ONE;
      const all = await sleeve.totalUnits();
      await (await world.vault.connect(world.who.bob).withdraw(shares, 0, 0, world.who.bob.address, 1n)).wait();
      const units = await sleeve.balanceOf(world.who.bob.address, 0);
      expect(units).to.equal((all * shares) / supply);

      const before = await sleeve.report();
      const owed = (before.owed * units) / all + 1n;
      const bob = world.who.bob;
      await (await world.base.connect(bob).approve(await sleeve.getAddress(), before.owed)).wait();
      const had = await world.balances(bob.address);
      await (await sleeve.connect(bob).redeem(units, 0, bob.address)).wait();
      const change = minus(await world.balances(bob.address), had);
      const [paid, got] = base1 ? [-change.amount1, change.amount0] : [-change.amount0, change.amount1];
      expect(got).to.equal((before.owned * units) / all);
      expect(paid).to.be.within(owed - 2n, owed + owed / 1_000_000n + 2n);
      expect(await sleeve.balanceOf(bob.address, 0)).to.equal(0n);
    });

    it("unhealthy: exits in kind revert, the lens says why, and units are the way out", async () => {
      await openConversion();
      // Base half as dear again: the debt is worth nine tenths of its collateral.
      await world.report(world.options.price * 1.5);
      const { mask, why } = await world.lens.exitMask(world.addresses.vault, 100n * ONE);
      expect(mask).to.equal(1n);
      expect(why[CONVERSION]).to.equal(OBSTACLE.Unhealthy);
      const bob = world.who.bob;
      await expect(world.vault.connect(bob).withdraw(100n * ONE, 0, 0, bob.address, 0)).to.be.revertedWith(
        "insufficient collateral",
      );
      await (await world.vault.connect(bob).withdraw(500_000n * ONE, 0, 0, bob.address, mask)).wait();
      expect(await world.vault.balanceOf(bob.address)).to.equal(0n);
      expect(await sleeve.balanceOf(bob.address, 0)).to.be.greaterThan(0n);
    });

    it("deposits wait while the debt is unsound, exits do not", async () => {
      await openConversion();
      await world.report(world.options.price * 1.32);
      await expect(world.deposit(world.who.bob, ONE)).to.be.revertedWithCustomError(
        world.sleeveErrors,
        "SleeveUnsound",
      );
      await world.withdraw(world.who.bob, ONE);
    });

    it("anybody brings a debt down once it is near liquidation, from idle tokens, and not before", async () => {
      await openConversion();
      const vault = world.vault.connect(world.who.stranger);
      await expect(vault.deleverage(CONVERSION)).to.be.revertedWithCustomError(
        world.sleeveErrors,
        "NothingToDeleverage",
      );
      await world.report(world.options.price * 1.32);
      const before = await sleeve.report();
      expect(before.healthX18).to.be.lessThan(before.floorX18);
      await (await vault.deleverage(CONVERSION)).wait();
      const after = await sleeve.report();
      expect(after.owed).to.be.lessThan(before.owed);
      expect(after.healthX18).to.be.within(after.openingX18 - ONE / 1_000_000n, after.openingX18 + ONE / 1_000_000n);
      expect(after.owned).to.equal(before.owned);
    });

    it("while the feeds are silent nobody has the vault repay for others who hold units, but for crumbs of them", async () => {
      await openConversion();
      const { alice, bob, stranger } = world.who;
      const snapshot = await connection.networkHelpers.takeSnapshot();
      for (const [shares, refused] of [
        [500_000n * ONE, true],
        [10_000n * ONE, false],
      ] as const) {
        await (await world.vault.connect(bob).withdraw(shares, 0, 0, bob.address, 1n)).wait();
        const others = (await sleeve.balanceOf(bob.address, 0)) * 100n;
        expect(others > (await sleeve.totalUnits())).to.equal(refused);
        await world.report(world.options.price * 1.32);
        await feedsGoStale();
        const before = await sleeve.report();
        expect((await sleeve.shortfall()).owe0 + (await sleeve.shortfall()).owe1).to.be.greaterThan(0n);
        const call = world.vault.connect(stranger).deleverage(CONVERSION);
        if (refused) await expect(call).to.be.revertedWithCustomError(sleeve, "PriceNeeded");
        else {
          await (await call).wait();
          expect((await sleeve.report()).owed).to.be.lessThan(before.owed);
        }
        // Exits, a guardian's unwinding and the others' own redemption need no price.
        await world.withdraw(alice, 1_000n * ONE);
        await (await world.vault.connect(world.who.guardian).unwind(CONVERSION)).wait();
        expect(await sleeve.balanceOf(world.addresses.vault, 0)).to.equal(0n);
        await snapshot.restore();
      }
    });

    it("a core that stands in the other token alone does not keep a debt from being brought down", async () => {
      await openConversion();
      const { stranger, guardian } = world.who;
      // All quote goes below the price, where no base can stand, and the base elsewhere: a wei of it stays idle.
      const tick = Math.floor((await world.tick(3_000)) / 60) * 60;
      const [tickLower, tickUpper] = base1 ? [tick + 600, tick + 6_000] : [tick - 6_000, tick - 600];
      await world.execute({
        moves: [{ sleeve: REVERSAL, take: false, token1: base1, fraction: ONE }],
        mints: [{ fee: 3_000, tickLower, tickUpper, fraction0: ONE, fraction1: ONE }],
      });
      const { idle0, idle1 } = await world.vault.idle();
      expect((base1 ? idle1 : idle0) <= 1n).to.equal(true);
      await world.movePools(world.options.price * 1.32);
      await world.report(world.options.price * 1.32);
      await world.pass(3_600);
      await world.report(world.options.price * 1.32);
      const before = await sleeve.report();
      expect(before.healthX18).to.be.lessThan(before.floorX18);
      const snapshot = await connection.networkHelpers.takeSnapshot();

      await (await world.vault.connect(stranger).deleverage(CONVERSION)).wait();
      const after = await sleeve.report();
      expect(after.healthX18).to.be.within(after.openingX18 - ONE / 1_000n, after.openingX18 + ONE / 1_000n);
      const { deleverageE12, deleverageCapacityE12 } = await world.vault.budgets();
      expect(deleverageE12 > 0n && deleverageE12 <= deleverageCapacityE12).to.equal(true);
      await snapshot.restore();

      await (await world.vault.connect(guardian).unwind(CONVERSION)).wait();
      const left = await sleeve.report();
      expect(left.owed * 10n).to.be.lessThan(before.owed);
      await snapshot.restore();

      // Without a price nothing can be bought, and so nothing is burned either.
      await feedsGoStale();
      const held = (await world.book()).positions.map((p) => p.liquidity);
      for (let calls = 0; calls < 2; calls++) {
        await world.vault
          .connect(stranger)
          .deleverage(CONVERSION)
          .catch(() => undefined);
      }
      expect((await world.book()).positions.map((p) => p.liquidity)).to.deep.equal(held);
    });

    it("a guardian unwinds a debt for which a few wei are missing", async () => {
      await openConversion();
      const { owed } = await sleeve.report();
      const vault = await world.as(world.addresses.vault);
      const snapshot = await connection.networkHelpers.takeSnapshot();
      for (const missing of [1n, 99n, 100n, 101n, 10_000n]) {
        // All base but so much leaves the vault, and nothing can be bought.
        const { idle0, idle1 } = await world.vault.idle();
        await (
          await world.base.connect(vault).transfer(world.who.stranger.address, (base1 ? idle1 : idle0) - owed + missing)
        ).wait();
        await feedsGoStale();
        await (await world.vault.connect(world.who.guardian).unwind(CONVERSION)).wait();
        const left = await sleeve.report();
        expect(left.owed * 500n).to.be.lessThan(owed);
        await snapshot.restore();
      }
    });

    it("a guardian unwinds it whole, a stranger does not", async () => {
      await openConversion();
      await expect(world.vault.connect(world.who.stranger).unwind(CONVERSION)).to.be.revertedWithCustomError(
        world.sleeveErrors,
        "NotGuardian",
      );
      await (await world.vault.connect(world.who.guardian).unwind(CONVERSION)).wait();
      const left = await sleeve.report();
      expect([left.owned, left.owed]).to.deep.equal([0n, 0n]);
      expect(await sleeve.totalUnits()).to.equal(0n);
      expect((await world.vault.sleeves()).live).to.equal(0n);
    });

    it("a plan closes it in steps, and the last one leaves no unit", async () => {
      await openConversion();
      await world.execute({
        moves: [
          { sleeve: CONVERSION, take: false, token1: base1, fraction: ONE / 2n },
          { sleeve: CONVERSION, take: true, token1: quote1, fraction: ONE / 3n },
        ],
      });
      const half = await sleeve.report();
      expect(half.owed).to.be.greaterThan(0n);
      await world.execute({
        moves: [
          { sleeve: CONVERSION, take: false, token1: base1, fraction: ONE },
          { sleeve: CONVERSION, take: true, token1: quote1, fraction: ONE },
        ],
      });
      const none = await sleeve.report();
      expect([none.owned, none.owed]).to.deep.equal([0n, 0n]);
      expect((await world.vault.sleeves()).live).to.equal(0n);
    });

    it("no plan opens below the opening health, above the rate cap, or above the cap of the policy", async () => {
      const give = { sleeve: CONVERSION, take: false, token1: quote1, fraction: ONE / 5n };
      await expect(
        world.execute({
          moves: [give, { sleeve: CONVERSION, take: true, token1: base1, fraction: (66n * ONE) / 100n }],
        }),
      ).to.be.revertedWithCustomError(sleeve, "HealthBelowOpening");
      await stage.lending.setRate(stage.lending.conversion, (30n * ONE) / 100n / 31_536_000n);
      await expect(
        world.execute({ moves: [give, { sleeve: CONVERSION, take: true, token1: base1, fraction: ONE / 10n }] }),
      ).to.be.revertedWithCustomError(sleeve, "RateAboveCap");
      await (await world.policy.connect(world.who.guardian).lowerSleeveCap(CONVERSION, 500)).wait();
      await expect(world.execute({ moves: [give] })).to.be.revertedWithCustomError(world.planErrors, "SleeveAboveCap");
    });

    it("interest is charged to the churn budget", async () => {
      await openConversion();
      await stage.lending.setRate(stage.lending.conversion, (20n * ONE) / 100n / 31_536_000n);
      await world.pass(30 * 86_400);
      await world.report(world.options.price);
      const before = await sleeve.report();
      await world.execute({});
      const { churnE12 } = await world.vault.budgets();
      const { mid } = await world.oracle.feeds();
      const debt = (before.owed * mid) / Q96;
      const nav = (await world.lens.observe(world.addresses.vault, world.who.keeper.address)).nav;
      // A fifth of half of NAV, six tenths of it owed, at 20 % for 30 of 365 days.
      const interest = (debt * 20n * 30n) / (100n * 365n);
      expect(churnE12).to.be.within(
        (interest * 10n ** 12n * 97n) / (nav * 100n),
        (interest * 10n ** 12n * 103n) / (nav * 100n),
      );
    });

    it("reversal: base secures a debt in quote, and both sleeves live side by side", async () => {
      await openConversion();
      await world.execute({
        moves: [
          { sleeve: REVERSAL, take: false, token1: base1, fraction: ONE / 5n },
          { sleeve: REVERSAL, take: true, token1: quote1, fraction: ONE / 2n },
        ],
      });
      expect((await world.vault.sleeves()).live).to.equal(3n);
      const { got, preview } = await leavesAsPreviewed(world.who.alice, 300_000n * ONE);
      expect(got).to.deep.equal({ amount0: preview.amount0, amount1: preview.amount1 });
    });
  });
}
