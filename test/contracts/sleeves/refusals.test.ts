/** What the policy, the vault and the sleeves refuse about sleeves, each by its own error. */
import { expect } from "chai";
import { ZeroAddress } from "ethers";
import { network } from "hardhat";

import type { Erc4626Sleeve } from "../../../types/ethers-contracts/sleeves/Erc4626Sleeve.ts";
import type { MorphoSleeve } from "../../../types/ethers-contracts/sleeves/MorphoSleeve.ts";
import { ONE } from "../../support/arithmetic.ts";
import { govern } from "../../support/governance.ts";
import { intercept } from "../../support/intercept.ts";
import { deployMorphoWorld } from "../../support/morpho.ts";
import { deployMorphoSleeve, deployReserveSleeve, putInPlace } from "../../support/sleeves.ts";
import { deployWorld, ORDERS, type World } from "../../support/world.ts";
import { DAY, TERMS } from "./assetSleeves.ts";

const connection = await network.create();
const { networkHelpers } = connection;

const CONVERSION = 0;
const RESERVE = 2;
const FUND = 3;
/** Quote units in each pool, so that the vault can sell all its base in one plan. */
const DEPTH = 1e9;

interface Stage {
  readonly world: World;
  readonly conversion: MorphoSleeve;
  readonly reserve: Erc4626Sleeve;
  readonly venue: string;
}

for (const order of ORDERS) {
  describe(`contracts/sleeves/refusals: ${order.name}`, () => {
    const base1 = order.quoteIsToken0;
    const quote1 = !order.quoteIsToken0;
    const giveQuote = (sleeve: number, fraction = ONE / 5n) => ({ sleeve, take: false, token1: quote1, fraction });

    async function open(): Promise<Stage> {
      const world = await deployWorld(connection, {
        quoteIsToken0: order.quoteIsToken0,
        depth: DEPTH,
        caps: { maxPlanLossBps: 100 },
      });
      const lending = await deployMorphoWorld(world);
      const conversion = await deployMorphoSleeve(lending, lending.conversion);
      const { venue, sleeve } = await deployReserveSleeve(world, TERMS);
      await putInPlace(world, CONVERSION, await conversion.getAddress());
      await putInPlace(world, RESERVE, await sleeve.getAddress());
      await world.firstDeposit(world.who.alice, 1_000_000n * ONE);
      return { world, conversion, reserve: sleeve, venue: await venue.getAddress() };
    }

    const borrow = { sleeve: CONVERSION, take: true, token1: base1, fraction: ONE / 2n };

    it("a place that is none, a cap without a sleeve or above all, and what is no sleeve", async () => {
      const { world, conversion } = await networkHelpers.loadFixture(open);
      const sleeve = await conversion.getAddress();
      for (const [index, address, capBps] of [
        [4, sleeve, 100],
        [1, ZeroAddress, 1],
        [1, sleeve, 10_001],
        [1, world.who.stranger.address, 100],
        [1, world.addresses.policy, 100],
      ] as const) {
        const data = world.policy.interface.encodeFunctionData("setSleeve", [index, address, capBps]);
        await expect(govern(world, world.addresses.policy, data))
          .to.be.revertedWithCustomError(world.policy, "InvalidSleeve")
          .withArgs(index, address, capBps);
      }
    });

    it("a new sleeve in a place that still holds something, the same one again, one in two places, another vault's", async () => {
      const { world, conversion, reserve } = await networkHelpers.loadFixture(open);
      const vault = world.vault.connect(world.who.stranger);
      const vote = async (index: number, sleeve: string): Promise<void> => {
        const data = world.policy.interface.encodeFunctionData("setSleeve", [index, sleeve, 100]);
        await govern(world, world.addresses.policy, data, world.options.price);
      };
      const here = await conversion.getAddress();
      await expect(vault.adoptSleeve(CONVERSION))
        .to.be.revertedWithCustomError(world.sleeveErrors, "SleeveNotAdoptable")
        .withArgs(CONVERSION, here);
      await vote(1, here);
      await expect(vault.adoptSleeve(1))
        .to.be.revertedWithCustomError(world.sleeveErrors, "SleeveNotAdoptable")
        .withArgs(1, here);
      const other = await deployWorld(connection, { quoteIsToken0: order.quoteIsToken0 });
      const theirs = await (await deployReserveSleeve(other, TERMS)).sleeve.getAddress();
      await vote(1, theirs);
      await expect(vault.adoptSleeve(1))
        .to.be.revertedWithCustomError(world.sleeveErrors, "SleeveNotAdoptable")
        .withArgs(1, theirs);
      await world.execute({ moves: [giveQuote(RESERVE)] });
      await vote(RESERVE, theirs);
      await expect(vault.adoptSleeve(RESERVE))
        .to.be.revertedWithCustomError(world.sleeveErrors, "SleeveNotEmpty")
        .withArgs(RESERVE);
      expect((await reserve.nets()).low0 + (await reserve.nets()).low1).to.be.greaterThan(0n);
    });

    it("deposits while more of a token is owed than there is", async () => {
      const { world } = await networkHelpers.loadFixture(open);
      await world.execute({
        moves: [giveQuote(CONVERSION), borrow],
        swaps: [{ fee: 500, zeroForOne: !base1, fraction: ONE }],
      });
      await expect(world.deposit(world.who.bob, ONE))
        .to.be.revertedWithCustomError(world.sleeveErrors, "DepositsClosed")
        .withArgs(base1);
      await world.withdraw(world.who.alice, ONE);
    });

    it("a deleveraging and an unwinding with nothing to repay with", async () => {
      const { world, conversion } = await networkHelpers.loadFixture(open);
      await world.execute({ moves: [giveQuote(CONVERSION), borrow] });
      const vault = await world.as(world.addresses.vault);
      for (const token of [world.token0, world.token1]) {
        await token.connect(vault).transfer(world.who.stranger.address, await token.balanceOf(vault.address));
      }
      await world.report(world.options.price * 1.6);
      expect((await conversion.shortfall()).owe0 + (await conversion.shortfall()).owe1).to.be.greaterThan(0n);
      for (const call of [
        world.vault.connect(world.who.stranger).deleverage(CONVERSION),
        world.vault.connect(world.who.guardian).unwind(CONVERSION),
      ]) {
        await expect(call).to.be.revertedWithCustomError(world.sleeveErrors, "NothingToRepayWith").withArgs(CONVERSION);
      }
    });

    it("units as a present to the vault", async () => {
      const { world, reserve } = await networkHelpers.loadFixture(open);
      await world.execute({ moves: [giveQuote(RESERVE)] });
      const { alice } = world.who;
      await world.vault.connect(alice).withdraw(1_000n * ONE, 0, 0, alice.address, 1n << BigInt(RESERVE));
      const units = await reserve.balanceOf(alice.address, 0);
      expect(units).to.be.greaterThan(0n);
      await expect(reserve.connect(alice).transfer(world.addresses.vault, 0, units)).to.be.revertedWithCustomError(
        reserve,
        "UnitsNotWelcome",
      );
      await reserve.connect(alice).transfer(world.who.bob.address, 0, units);
    });

    it("a venue that takes another amount than it was given, and one with requests of its own numbers", async () => {
      const { world, reserve, venue } = await networkHelpers.loadFixture(open);
      await intercept(world, venue, "0x6e553f65", 1n); // deposit(uint256,address)
      const idle = await world.vault.idle();
      const given = ((quote1 ? idle.idle1 : idle.idle0) - 1n) / 5n;
      await expect(world.execute({ moves: [giveQuote(RESERVE)] }))
        .to.be.revertedWithCustomError(reserve, "VenueNotExact")
        .withArgs(given, 0);

      const fund = await world.ethers.deployContract("LocalReitVault", [
        world.quote.target,
        "Local REIT",
        "LREIT",
        world.who.deployer.address,
        ONE,
        DAY,
      ]);
      const sleeve = await world.ethers.deployContract("Erc7540Sleeve", [world.addresses.vault, fund.target, TERMS]);
      await putInPlace(world, FUND, await sleeve.getAddress());
      await intercept(world, await fund.getAddress(), "0x85b77f45", 7n); // requestDeposit(uint256,address,address)
      await expect(world.execute({ moves: [giveQuote(FUND)] }))
        .to.be.revertedWithCustomError(sleeve, "RequestIdNotZero")
        .withArgs(7);
    });
  });
}
