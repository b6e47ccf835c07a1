import { expect } from "chai";
import { network } from "hardhat";

import { ONE } from "../support/arithmetic.ts";
import { govern } from "../support/governance.ts";
import type { World } from "../support/world.ts";
import { deployWorld, ORDERS } from "../support/world.ts";
import { cites, INVARIANT } from "./invariants.ts";

const connection = await network.create();
const { networkHelpers } = connection;

const WEEK = 7 * 86_400;
const MAX = (1n << 255n) - 1n;

for (const order of ORDERS) {
  describe(`contracts/pause: ${order.name}`, () => {
    async function open(): Promise<World> {
      const world = await deployWorld(connection, { quoteIsToken0: order.quoteIsToken0 });
      await world.firstDeposit(world.who.alice, 20_000n * ONE);
      await world.execute({ mints: [await world.around(3_000, 1_200)] });
      await world.deposit(world.who.bob, 1_000n * ONE);
      await world.movePools(2_009);
      await world.movePools(2_000);
      return world;
    }
    /** Paused a moment ago; when it ends. */
    async function pause(world: World): Promise<number> {
      const at = (await world.now()) + 5;
      await networkHelpers.time.setNextBlockTimestamp(at);
      await expect(world.policy.connect(world.who.guardian).pause())
        .to.emit(world.policy, "PausedUntil")
        .withArgs(at + WEEK);
      return at + WEEK;
    }
    const call = (world: World, name: "renewPause" | "unpause"): Promise<void> =>
      govern(world, world.addresses.policy, world.policy.interface.encodeFunctionData(name as "unpause"), 2_000);

    it(
      cites(
        "stops plans and deposits, lets everything else go on, and ends by itself",
        INVARIANT.PAUSE_ENDS,
        INVARIANT.PLAN_FAILS_CLOSED,
        INVARIANT.WITHDRAW_OPEN,
      ),
      async () => {
        const world = await networkHelpers.loadFixture(open);
        const { alice, bob, carol, keeper } = world.who;
        const until = await pause(world);
        const refused = async (): Promise<void> => {
          for (const steps of [{}, { burns: [{ index: 0 }] }]) {
            await expect(world.vault.connect(keeper).execute(await world.plan(steps)))
              .to.be.revertedWithCustomError(world.policy, "Paused")
              .withArgs(until);
          }
          await expect(world.vault.connect(carol).deposit(ONE, MAX, MAX, carol.address))
            .to.be.revertedWithCustomError(world.policy, "Paused")
            .withArgs(until);
          await expect(world.policy.checkNotPaused()).to.be.revertedWithCustomError(world.policy, "Paused");
        };
        const before = await world.book();
        await refused();
        expect(await world.book()).to.deep.equal(before);
        // A stranger is told that he is one, paused or not.
        await expect(world.policy.planLimits(carol.address)).to.be.revertedWithCustomError(world.policy, "NotKeeper");
        // Leaving, moving shares, looking, the treasury's business, the measure of volatility, and lower fees.
        const preview = await world.lens.previewWithdraw(world.addresses.vault, 100n * ONE, 0);
        const had = await world.balances(bob.address);
        await world.withdraw(bob, 100n * ONE);
        const has = await world.balances(bob.address);
        expect([has.amount0 - had.amount0, has.amount1 - had.amount1]).to.deep.equal([
          preview.amount0,
          preview.amount1,
        ]);
        await world.vault.connect(bob).transfer(carol.address, ONE);
        await world.withdraw(carol, ONE);
        await world.withdraw(alice, 1_000n * ONE);
        await world.vault.previewDeposit(ONE);
        await world.vault.claimTreasury();
        await world.vault.syncTreasuryShare();
        await world.vault.clampFees();
        await world.oracle.poke();
        await world.vault.connect(keeper).setFees(0, 0);

        await networkHelpers.time.increaseTo(until - 60);
        await world.report(2_000);
        await refused();
        await networkHelpers.time.increaseTo(until - 1);
        await expect(world.policy.checkNotPaused()).to.be.revertedWithCustomError(world.policy, "Paused");
        await networkHelpers.time.setNextBlockTimestamp(until);
        await world.deposit(carol, ONE);
        await world.execute({ burns: [{ index: 0 }] });
      },
    );

    it(cites("stops a first deposit too", INVARIANT.PAUSE_ENDS), async () => {
      const world = await deployWorld(connection, { quoteIsToken0: order.quoteIsToken0 });
      await pause(world);
      await expect(world.firstDeposit(world.who.alice, 5_000n * ONE)).to.be.revertedWithCustomError(
        world.policy,
        "Paused",
      );
    });

    it(cites("is not the guardian's to repeat before a week has gone by without", INVARIANT.PAUSE_ENDS), async () => {
      const world = await networkHelpers.loadFixture(open);
      const until = await pause(world);
      const next = until + WEEK;
      for (const who of [world.who.guardian, world.who.safe]) {
        for (const at of [until - WEEK / 2, until - 1, until, until + 100, next - 1]) {
          const start = await networkHelpers.takeSnapshot();
          await networkHelpers.time.setNextBlockTimestamp(at);
          await expect(world.policy.connect(who).pause())
            .to.be.revertedWithCustomError(world.policy, "PauseTooSoon")
            .withArgs(next);
          await start.restore();
        }
      }
      await networkHelpers.time.setNextBlockTimestamp(next);
      await world.policy.connect(world.who.guardian).pause();
      expect((await world.policy.limits()).pausedUntil).to.equal(BigInt(next + WEEK));
    });

    it(
      cites(
        "can be renewed by the governor, after the delay, and lifted",
        INVARIANT.PAUSE_ENDS,
        INVARIANT.POLICY_DIRECTION,
      ),
      async () => {
        const world = await networkHelpers.loadFixture(open);
        const { guardian } = world.who;
        for (const name of ["renewPause", "unpause"] as const) {
          await expect(world.policy.connect(guardian)[name]()).to.be.revertedWithCustomError(
            world.policy,
            "AccessManagedUnauthorized",
          );
        }
        await pause(world);
        await call(world, "renewPause");
        const renewed = await world.now();
        expect((await world.policy.limits()).pausedUntil).to.equal(BigInt(renewed + WEEK));
        await expect(world.deposit(world.who.bob, ONE)).to.be.revertedWithCustomError(world.policy, "Paused");
        // Again and again, as long as the DAO votes for it; exits stay open.
        await call(world, "renewPause");
        await world.withdraw(world.who.bob, ONE);
        await call(world, "unpause");
        const lifted = await world.now();
        await world.deposit(world.who.bob, ONE);
        await world.execute({});
        // After a lifted pause the guardian waits a week from the lifting.
        await expect(world.policy.connect(guardian).pause())
          .to.be.revertedWithCustomError(world.policy, "PauseTooSoon")
          .withArgs(lifted + WEEK);
        await networkHelpers.time.setNextBlockTimestamp(lifted + WEEK);
        await world.policy.connect(guardian).pause();
      },
    );
  });
}
