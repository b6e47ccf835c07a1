import { expect } from "chai";
import { network } from "hardhat";

import { ONE } from "../support/arithmetic.ts";
import type { World } from "../support/world.ts";
import { deployWorld, ORDERS } from "../support/world.ts";
import { cites, INVARIANT } from "./invariants.ts";
import type { Vault } from "../../types/ethers-contracts/Vault.ts";

const connection = await network.create();
const { networkHelpers } = connection;

interface Setup {
  readonly factory: string;
  readonly token0: string;
  readonly token1: string;
  readonly quoteIsToken0: boolean;
  readonly policy: string;
  readonly oracle: string;
  readonly minFirstShares: bigint;
  readonly entryFeeBps: number;
  readonly exitFeeBps: number;
  readonly name: string;
  readonly symbol: string;
}

describe("contracts/construction: vault", () => {
  async function open(): Promise<World> {
    return deployWorld(connection);
  }
  async function setupOf(world: World): Promise<Setup> {
    return {
      factory: await world.factory.getAddress(),
      token0: await world.token0.getAddress(),
      token1: await world.token1.getAddress(),
      quoteIsToken0: world.options.quoteIsToken0,
      policy: world.addresses.policy,
      oracle: world.addresses.oracle,
      minFirstShares: 10n ** 15n,
      entryFeeBps: 12,
      exitFeeBps: 30,
      name: "Another",
      symbol: "ANOTHER",
    };
  }
  async function build(world: World, setup: Setup): Promise<Vault> {
    const { planLib: PlanLib, sleeveLib: SleeveLib } = world.addresses;
    const factory = await world.ethers.getContractFactory("Vault", { libraries: { PlanLib, SleeveLib } });
    return factory.deploy(setup);
  }

  it("is what it was set up to be", async () => {
    const world = await networkHelpers.loadFixture(open);
    const setup = await setupOf(world);
    const vault = await build(world, setup);
    expect([
      await vault.FACTORY(),
      await vault.TOKEN0(),
      await vault.TOKEN1(),
      await vault.QUOTE_IS_TOKEN0(),
      await vault.POLICY(),
      await vault.ORACLE(),
      await vault.MIN_FIRST_SHARES(),
      ...(await vault.fees()).map(Number),
      await vault.name(),
      await vault.symbol(),
    ]).to.deep.equal(Object.values(setup));
    expect(await vault.decimals()).to.equal(18n);
    expect(await vault.LOCKED_SHARES()).to.equal(1_000n);
    expect((await vault.ranges()).every((range) => range.fee === 0n)).to.equal(true);
  });

  it("begins with its fees in force, and bringing them down to the caps tells these", async () => {
    const world = await networkHelpers.loadFixture(open);
    const vault = (await build(world, await setupOf(world))).connect(world.who.stranger);
    await expect(vault.clampFees()).to.emit(vault, "FeesSet").withArgs(world.who.stranger.address, 12, 30, 0);
    expect((await vault.fees()).map(Number)).to.deep.equal([12, 30]);
  });

  it("refuses a pair, a factory, an oracle or a first deposit that do not fit", async () => {
    const world = await networkHelpers.loadFixture(open);
    const good = await setupOf(world);
    const other = await deployWorld(connection, { quoteIsToken0: true });
    for (const [change, reason] of [
      [{ token0: good.token1, token1: good.token0 }, "token0 must sort before token1"],
      [{ token1: good.token0 }, "token0 must sort before token1"],
      [{ factory: world.who.stranger.address }, "no factory at this address"],
      [{ minFirstShares: 10n ** 15n - 1n }, "minFirstShares below its floor"],
      [{ quoteIsToken0: true }, "the oracle prices another pair"],
      [{ oracle: other.addresses.oracle }, "the oracle prices another pair"],
    ] as const) {
      await expect(build(world, { ...good, ...change }), reason)
        .to.be.revertedWithCustomError(world.vault, "InvalidSetup")
        .withArgs(reason);
    }
    // The default world's caps on both fees are 30.
    for (const [entryFeeBps, exitFeeBps] of [
      [31, 0],
      [0, 31],
    ] as const) {
      await expect(build(world, { ...good, entryFeeBps, exitFeeBps }))
        .to.be.revertedWithCustomError(world.vault, "FeeAboveCap")
        .withArgs(entryFeeBps, 30, exitFeeBps, 30);
    }
    await expect(build(world, { ...good, policy: world.who.stranger.address })).to.revert(world.ethers);
    await expect(build(world, { ...good, oracle: world.who.stranger.address })).to.revert(world.ethers);
  });

  it("refuses a policy of another pair and an oracle of another factory", async () => {
    const world = await networkHelpers.loadFixture(open);
    const good = await setupOf(world);
    const other = await deployWorld(connection, { quoteIsToken0: true });
    await expect(build(world, { ...good, policy: other.addresses.policy })).to.be.revertedWithCustomError(
      world.vault,
      "InvalidSetup",
    );
    const twin = { ...good, factory: await other.factory.getAddress() };
    await expect(build(world, twin)).to.be.revertedWithCustomError(world.vault, "InvalidSetup");
  });

  it("refuses a quote token of more than 18 decimals, and takes such a base token", async () => {
    for (const quoteIsToken0 of [false, true]) {
      const wide = await deployWorld(connection, { quoteIsToken0, quoteDecimals: 24, baseDecimals: 18 }).catch(
        (error: unknown) => String(error),
      );
      expect(wide).to.include("InvalidSetup").and.to.include("more than 18 decimals");
      await deployWorld(connection, { quoteIsToken0, quoteDecimals: 18, baseDecimals: 24 });
    }
  });

  it("refuses tokens of so few decimals that a wei is worth something", async () => {
    for (const quoteIsToken0 of [false, true]) {
      for (const decimals of [
        { quoteDecimals: 5, baseDecimals: 18 },
        { quoteDecimals: 18, baseDecimals: 5 },
      ]) {
        const coarse = await deployWorld(connection, { quoteIsToken0, ...decimals }).catch((error: unknown) =>
          String(error),
        );
        expect(coarse).to.include("InvalidSetup").and.to.include("fewer than 6 decimals");
      }
    }
  });

  it("every deployed contract is under 24,576 bytes", async () => {
    const world = await networkHelpers.loadFixture(open);
    for (const address of world.contracts()) {
      const size = ((await world.ethers.provider.getCode(address)).length - 2) / 2;
      expect(size).to.be.lessThan(24_576);
      expect(size).to.be.greaterThan(1_000);
    }
  });
});

describe("contracts/construction: tokens that take a fee", () => {
  for (const order of ORDERS) {
    for (const side of ["base", "quote"] as const) {
      it(
        cites(`the ${side} token is refused at the first and at any deposit, ${order.name}`, INVARIANT.CONSERVATION),
        async () => {
          const kind =
            side === "base" ? { baseKind: "LocalFeeToken" as const } : { quoteKind: "LocalFeeToken" as const };
          // No pool can be filled by such a token either, so the reference pool stays empty of liquidity.
          const world = await deployWorld(connection, {
            quoteIsToken0: order.quoteIsToken0,
            ...kind,
            depth: 0,
            fees: [3_000],
            minCardinality: 1,
          });
          const { alice } = world.who;
          const before = await world.balances(alice.address);
          const { amount0, amount1 } = world.halves(5_000n * ONE);
          await expect(world.vault.connect(alice).deposit(5_000n * ONE - 1_000n, amount0, amount1, alice.address))
            .to.be.revertedWithCustomError(world.vault, "TransferNotExact")
            .withArgs(
              await world[side].getAddress(),
              (sent: bigint) => sent > 0n,
              (got: bigint) => got > 0n,
            );
          expect(await world.balances(alice.address)).to.deep.equal(before);
          expect(await world.vault.totalSupply()).to.equal(0n);
        },
      );
    }
  }
});
