import { expect } from "chai";
import { network } from "hardhat";

import { ONE } from "../support/arithmetic.ts";
import { expectProRataExit } from "../support/checks.ts";
import { figure } from "../support/figures.ts";
import { mintEightRanges, silenceFeeds, takeEverythingAway } from "../support/leaving.ts";
import type { World } from "../support/world.ts";
import { deployWorld, ORDERS } from "../support/world.ts";
import { cites, INVARIANT } from "./invariants.ts";

const connection = await network.create();
const { networkHelpers } = connection;

/** Eight ranges in three tiers with fees owed in them. */
async function full(world: World): Promise<World> {
  await world.firstDeposit(world.who.alice, 50_000n * ONE);
  await mintEightRanges(world);
  await world.deposit(world.who.bob, 5_000n * ONE);
  await world.movePools(2_031);
  await world.movePools(1_987);
  return world;
}

for (const order of ORDERS) {
  describe(`contracts/exits: ${order.name}`, () => {
    async function open(): Promise<World> {
      return full(await deployWorld(connection, { quoteIsToken0: order.quoteIsToken0 }));
    }

    it(
      cites(
        "work with dead feeds, paused, no keeper, no governance, closed tiers, no budget and a pool far away",
        INVARIANT.WITHDRAW_OPEN,
        INVARIANT.WITHDRAW_PREVIEW,
        INVARIANT.WITHDRAW_COMPONENT,
      ),
      async () => {
        const world = await networkHelpers.loadFixture(open);
        const { alice, bob, safe } = world.who;
        await silenceFeeds(world);
        await takeEverythingAway(world, safe);
        // Nobody governs any more: policy, oracle and manager are gone from the chain altogether.
        for (const address of [world.addresses.policy, world.addresses.oracle, world.addresses.accessManager]) {
          await networkHelpers.setCode(address, "0x");
        }
        await world.movePools(5_000);
        await world.pass(400 * 86_400);
        for (const [who, part] of [
          [bob, 2n],
          [alice, 3n],
          [bob, 1n],
          [alice, 1n],
        ] as const) {
          const before = await Promise.all([world.vault.totalSupply(), world.vault.balanceOf(who.address)]);
          const shares = before[1] / part;
          const preview = await world.lens.previewWithdraw(world.addresses.vault, shares, 0);
          const had = await world.balances(who.address);
          const { gasUsed } = await world.withdraw(who, shares);
          const has = await world.balances(who.address);
          expect([has.amount0 - had.amount0, has.amount1 - had.amount1]).to.deep.equal([
            preview.amount0,
            preview.amount1,
          ]);
          expect(gasUsed < 2_500_000n).to.equal(true);
          if (part === 2n) figure(`exit from eight ranges in three tiers: ${gasUsed} gas`);
        }
        expect(await world.vault.totalSupply()).to.equal(1_000n);
      },
    );

    it(
      cites(
        "leave every component's part of a share as large as it was",
        INVARIANT.WITHDRAW_COMPONENT,
        INVARIANT.WITHDRAW_PRO_RATA,
        INVARIANT.ONLY_TO_PAYEES,
      ),
      async () => {
        const world = await networkHelpers.loadFixture(open);
        const { alice, bob } = world.who;
        for (const [who, shares] of [
          [alice, 1n],
          [bob, 12_345_678_901n],
          [alice, 17_777n * ONE + 3n],
          [bob, await world.vault.balanceOf(bob.address).then((all) => all - 12_345_678_901n)],
          [alice, await world.vault.balanceOf(alice.address).then((all) => all - 1n - 17_777n * ONE - 3n)],
        ] as const) {
          const before = await world.book();
          const receipt = await world.withdraw(who, shares);
          expectProRataExit(before, await world.book());
          // Who paid and who was paid, by the tokens' own events.
          for (const token of [world.token0, world.token1]) {
            for (const log of receipt.logs) {
              if (log.address !== (await token.getAddress())) continue;
              const event = token.interface.parseLog(log);
              if (event?.name !== "Transfer") continue;
              // Pools pay the vault, which keeps the others' fees; the vault pays the leaver and nobody else.
              const payer = String(event.args["from"]);
              if (payer === world.addresses.vault) expect(event.args["to"]).to.equal(who.address);
              else {
                expect([...world.pools.values()].map((pool) => pool.address)).to.include(payer);
                expect(event.args["to"]).to.equal(world.addresses.vault);
              }
            }
          }
        }
        // The last one out leaves a position that still has something in it: a range never becomes an empty one by exits.
        const last = await world.book();
        expect(last.supply).to.equal(1_000n);
        expect(last.positions).to.have.length(8);
        expect(last.positions.every((p) => p.liquidity > 0n)).to.equal(true);
        // With the next first deposit the keeper clears them away.
        await world.movePools(2_000);
        await world.pass(3_600);
        await world.report(2_000);
        await world.firstDeposit(bob, 2_000n * ONE);
        await world.execute({
          burns: last.positions.map(({ index }) => ({ index })),
          mints: [await world.around(3_000, 1_200)],
        });
        expect((await world.book()).positions).to.have.length(1);
      },
    );

    it("typical calls' gas, for the record", async () => {
      const world = await deployWorld(connection, { quoteIsToken0: order.quoteIsToken0 });
      const { alice, bob } = world.who;
      const first = await world.firstDeposit(alice, 50_000n * ONE);
      const half = { fraction0: ONE / 2n, fraction1: ONE / 2n };
      const opened = await world.execute({
        mints: [
          { ...(await world.around(3_000, 1_200)), ...half },
          { ...(await world.around(500, 600)), ...half },
        ],
      });
      await world.deposit(bob, 100n * ONE);
      await world.movePools(2_011);
      await world.movePools(2_003);
      await world.pass(600);
      const deposit = await world.deposit(bob, 100n * ONE);
      await world.report(2_003);
      const moved = await world.execute({
        burns: [{ index: 0 }, { index: 1 }],
        mints: [
          { ...(await world.around(3_000, 900)), ...half },
          { ...(await world.around(500, 500)), ...half },
        ],
      });
      const left = await world.withdraw(bob, 100n * ONE);
      figure(
        `gas: first deposit ${first.gasUsed}, open two ranges ${opened.receipt.gasUsed}, deposit ${deposit.gasUsed}, ` +
          `roll two ranges in two tiers ${moved.receipt.gasUsed}, withdraw half ${left.gasUsed}`,
      );
      expect(deposit.gasUsed < 250_000n && left.gasUsed < 450_000n && moved.receipt.gasUsed < 1_300_000n).to.equal(
        true,
      );
    });
  });
}
