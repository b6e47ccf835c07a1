/**
 * The last door. Eight ranges in three tiers, a treasury's share and an exit fee on; then everything that could keep an LP in
 * fails, one thing at a time and all at once. Exits pay what was previewed; plans fail closed, each for its own reason.
 */
import { expect } from "chai";
import type { BaseContract } from "ethers";
import { network } from "hardhat";

import { ONE, sqrtPriceOf } from "../support/arithmetic.ts";
import { expectProRataExit } from "../support/checks.ts";
import { figure } from "../support/figures.ts";
import { bySafe, managerAs } from "../support/governance.ts";
import { mintEightRanges, silenceFeeds, takeEverythingAway, tightenAll } from "../support/leaving.ts";
import type { World } from "../support/world.ts";
import { deployWorld, ORDERS } from "../support/world.ts";
import { cites, INVARIANT } from "./invariants.ts";

const connection = await network.create();
const { networkHelpers } = connection;

const DAY = 86_400;
const EXIT_FEE = 50;
const TREASURY = 1_000n;
const GAS = 2_500_000n;

/** Which contract's error a plan or a deposit meets; undefined if it goes through. */
type Refusal = readonly [contract: (world: World) => BaseContract, error: string] | undefined;

interface Failure {
  readonly name: string;
  readonly happen: (world: World) => Promise<unknown>;
  /** What a plan that burns and mints anew meets. */
  readonly plan: Refusal;
  readonly deposit: Refusal;
}

const oracle = (world: World): BaseContract => world.oracle;
const policy = (world: World): BaseContract => world.policy;
const plans = (world: World): BaseContract => world.planErrors;

const FAILURES: readonly Failure[] = [
  {
    name: "the base feed reverts",
    happen: (world) => world.baseFeed.setSilent(true),
    plan: [(world) => world.baseFeed, "Silent"],
    deposit: undefined,
  },
  {
    name: "the quote feed reverts",
    happen: (world) => world.quoteFeed.setSilent(true),
    plan: [(world) => world.quoteFeed, "Silent"],
    deposit: undefined,
  },
  {
    name: "the feeds are stale",
    happen: async (world) => world.pass(3 * DAY),
    plan: [oracle, "FeedStale"],
    deposit: undefined,
  },
  {
    name: "the base feed answers nothing above zero",
    happen: async (world) => world.baseFeed.setRound(0, await world.now(), await world.now()),
    plan: [oracle, "FeedStale"],
    deposit: undefined,
  },
  {
    name: "the sequencer is down",
    happen: async (world) => world.sequencerFeed.setRound(1, await world.now(), await world.now()),
    plan: [oracle, "SequencerDown"],
    deposit: undefined,
  },
  {
    name: "the reference pool stands apart from the feeds",
    happen: async (world) => world.movePool(3_000, rootAt(world, 2_200)),
    plan: [oracle, "SpotOutsideBand"],
    deposit: undefined,
  },
  {
    name: "every pool has run away, out of all ranges",
    happen: async (world) => world.movePools(9_000),
    plan: [oracle, "SpotOutsideBand"],
    deposit: undefined,
  },
  {
    name: "the vault is paused",
    happen: (world) => world.policy.connect(world.who.guardian).pause(),
    plan: [policy, "Paused"],
    deposit: [policy, "Paused"],
  },
  {
    name: "the keeper is removed",
    happen: async (world) => {
      await world.policy.connect(world.who.guardian).removeKeeper(world.who.keeper.address);
    },
    plan: [policy, "NotKeeper"],
    deposit: undefined,
  },
  {
    name: "every tier is taken away",
    happen: async (world) => {
      for (const fee of [500, 3_000, 10_000]) await world.policy.connect(world.who.guardian).removePool(fee);
    },
    plan: [plans, "PoolNotAllowed"],
    deposit: undefined,
  },
  {
    name: "all limits are tightened to nothing",
    happen: (world) => tightenAll(world),
    plan: [plans, "WidthNotAllowed"],
    deposit: undefined,
  },
  {
    name: "the Safe is down to one signature",
    happen: weakenSafe,
    // A weak Safe takes nothing from the keeper: it can give no more room, see below.
    plan: undefined,
    deposit: undefined,
  },
];

function rootAt(world: World, price: number): bigint {
  return sqrtPriceOf(world.priceX96(price), world.options.quoteIsToken0);
}

/** Two owners sign, and from then on one is enough. */
async function weakenSafe(world: World): Promise<void> {
  const data = world.safe.interface.encodeFunctionData("changeThreshold", [1]);
  await bySafe(world, await world.safe.getAddress(), data, world.who.owners.slice(0, 2));
  expect(await world.safe.getFunction("getThreshold")()).to.equal(1n);
}

/** What the lens says at the time of the next block, which is then fixed: fee shares come free by the second. */
async function previewNext(world: World, shares: bigint): Promise<{ amount0: bigint; amount1: bigint }> {
  const time = (await world.now()) + 12;
  const snapshot = await networkHelpers.takeSnapshot();
  await networkHelpers.time.increaseTo(time);
  const { amount0, amount1 } = await world.lens.previewWithdraw(world.addresses.vault, shares, 0);
  await snapshot.restore();
  await networkHelpers.time.setNextBlockTimestamp(time);
  return { amount0, amount1 };
}

/** Leaves, and holds what was paid against the preview, to the wei. */
async function leave(world: World, who: World["who"]["alice"], shares: bigint): Promise<bigint> {
  const before = await world.book();
  const fee = await world.vault.exitFee(shares);
  const preview = await previewNext(world, shares);
  const had = await world.balances(who.address);
  const tx = await world.vault.connect(who).withdraw(shares, preview.amount0, preview.amount1, who.address, 0);
  const receipt = await tx.wait();
  const has = await world.balances(who.address);
  expect([has.amount0 - had.amount0, has.amount1 - had.amount1], INVARIANT.WITHDRAW_PREVIEW).to.deep.equal([
    preview.amount0,
    preview.amount1,
  ]);
  expect(preview.amount0 + preview.amount1 > 0n).to.equal(true);
  const gas = receipt?.gasUsed ?? 0n;
  expect(gas < GAS, `${gas} gas`).to.equal(true);
  // Fee shares come free between the book's block and the exit's, so the pro-rata check is one of blocks without them.
  const after = await world.book();
  if (fee === 0n && (await world.vault.feeBook()).locked === 0n) expectProRataExit(before, after, TREASURY);
  return gas;
}

async function expectRefusal(
  world: World,
  refusal: Refusal,
  send: () => Promise<unknown>,
  what: string,
): Promise<void> {
  if (refusal === undefined) {
    await send();
    return;
  }
  const [contract, error] = refusal;
  await expect(send(), what).to.be.revertedWithCustomError(contract(world), error);
}

for (const order of ORDERS) {
  describe(`contracts/lastExit: ${order.name}`, () => {
    /** Eight ranges, fees owed in all of them, a treasury's share in force, an exit fee that has risen. */
    async function open(): Promise<World> {
      const world = await deployWorld(connection, {
        quoteIsToken0: order.quoteIsToken0,
        sequencer: true,
        caps: { treasuryShareBps: Number(TREASURY), maxEntryFeeBps: EXIT_FEE, maxExitFeeBps: EXIT_FEE },
      });
      await world.sequencerFeed.setRound(0, 1, await world.now());
      await world.vault.syncTreasuryShare();
      await world.firstDeposit(world.who.alice, 50_000n * ONE);
      await mintEightRanges(world);
      await world.deposit(world.who.bob, 5_000n * ONE);
      await world.deposit(world.who.carol, 500n * ONE);
      await world.vault.connect(world.who.keeper).setFees(0, EXIT_FEE);
      await world.pass(DAY + 1);
      await world.movePools(2_031);
      await world.movePools(1_987);
      await world.movePools(2_000);
      await world.pass(1_800);
      await world.report(2_000);
      // Some of the exit fee is being released while the tests run.
      await world.withdraw(world.who.carol, 100n * ONE);
      const book = await world.book();
      expect(book.positions).to.have.length(8);
      expect(book.positions.every((p) => p.fees0 + p.fees1 >= 0n && p.liquidity > 0n)).to.equal(true);
      expect((await world.vault.fees()).exitBps).to.equal(BigInt(EXIT_FEE));
      expect((await world.vault.treasuryBook()).amount0 > 0n).to.equal(true);
      return world;
    }

    /** One range anew, in the reference tier. */
    async function plan(world: World): Promise<unknown> {
      const { positions } = await world.book();
      const index = positions.find((p) => p.fee === 3_000)?.index ?? 0;
      return world.execute({ burns: [{ index }], mints: [{ ...(await world.around(3_000, 1_100)) }] });
    }

    async function deposit(world: World): Promise<unknown> {
      return world.deposit(world.who.stranger, 10n * ONE);
    }

    it("nothing has failed: plans and deposits go through", async () => {
      const world = await networkHelpers.loadFixture(open);
      await plan(world);
      await deposit(world);
    });

    for (const failure of FAILURES) {
      it(
        cites(
          `${failure.name}: exits pay as previewed, plans ${failure.plan === undefined ? "go on" : "fail closed"}`,
          INVARIANT.WITHDRAW_OPEN,
          INVARIANT.WITHDRAW_PREVIEW,
          INVARIANT.PLAN_FAILS_CLOSED,
        ),
        async () => {
          const world = await networkHelpers.loadFixture(open);
          const { alice, bob } = world.who;
          await failure.happen(world);
          const nonce = await world.vault.planNonce();
          const ranges = await world.vault.ranges();
          await expectRefusal(world, failure.plan, () => plan(world), "the plan");
          if (failure.plan !== undefined) {
            // Closed means that nothing happened.
            expect(await world.vault.planNonce()).to.equal(nonce);
            expect(await world.vault.ranges()).to.deep.equal(ranges);
          }
          await expectRefusal(world, failure.deposit, () => deposit(world), "the deposit");
          await leave(world, bob, 1_234n * ONE + 5n);
          await leave(world, alice, await world.vault.balanceOf(alice.address));
          await leave(world, bob, await world.vault.balanceOf(bob.address));
        },
      );
    }

    it(
      cites("a weak Safe can give no more room, and the same Safe can still take it away", INVARIANT.POLICY_SAFE),
      async () => {
        const world = await networkHelpers.loadFixture(open);
        await weakenSafe(world);
        const { safe, stranger } = world.who;
        const manager = managerAs(world, "safe");
        const data = world.policy.interface.encodeFunctionData("addKeeper", [stranger.address]);
        await manager.getFunction("schedule").send(world.addresses.policy, data, 0);
        await world.pass(world.options.governanceDelay + 1);
        await expect(manager.getFunction("execute").send(world.addresses.policy, data)).to.be.revertedWithCustomError(
          world.policy,
          "UnsafeSafe",
        );
        await world.policy.connect(safe).removeKeeper(world.who.keeper.address);
        await leave(world, world.who.alice, 1_000n * ONE);
      },
    );

    it(
      cites(
        "feeds reverting, vault paused, keeper removed, Safe weakened, tiers gone, pools far away: everybody leaves",
        INVARIANT.WITHDRAW_OPEN,
        INVARIANT.WITHDRAW_PREVIEW,
        INVARIANT.WITHDRAW_COMPONENT,
        INVARIANT.LP_FEES_LAST,
        INVARIANT.TREASURY_ONLY,
      ),
      async () => {
        const world = await networkHelpers.loadFixture(open);
        const { alice, bob, carol, guardian, treasury } = world.who;
        const owed = await world.vault.treasuryBook();
        await silenceFeeds(world);
        await takeEverythingAway(world, guardian);
        await weakenSafe(world);
        await world.movePools(4_000);

        await expect(plan(world)).to.be.revertedWithCustomError(world.policy, "NotKeeper");
        await expect(deposit(world)).to.be.revertedWithCustomError(world.policy, "Paused");
        let most = 0n;
        for (const [who, part] of [
          [bob, 2n],
          [alice, 3n],
          [carol, 1n],
          [bob, 1n],
        ] as const) {
          const shares = (await world.vault.balanceOf(who.address)) / part;
          expect(await world.vault.exitFee(shares)).to.equal((shares * 50n + 9_999n) / 10_000n);
          const gas = await leave(world, who, shares);
          if (gas > most) most = gas;
        }
        // The last one pays no exit fee, and the fee shares of the others are not his.
        const rest = await world.vault.balanceOf(alice.address);
        expect(await world.vault.exitFee(rest), INVARIANT.LP_FEES_LAST).to.equal(0n);
        const gas = await leave(world, alice, rest);
        figure(
          `the last exit of eight ranges with every check off its feet: ${gas} gas, the dearest before it ${most}`,
        );
        const { locked } = await world.vault.feeBook();
        expect(await world.vault.totalSupply()).to.equal(1_000n + locked);
        // What the treasury was owed is there, has grown by its tenth of the fees that the exits collected, and is its alone.
        const now = await world.vault.treasuryBook();
        expect(now.amount0 >= owed.amount0 && now.amount1 >= owed.amount1).to.equal(true);
        const had = await world.balances(treasury.address);
        await world.vault.claimTreasury();
        const has = await world.balances(treasury.address);
        expect([has.amount0 - had.amount0, has.amount1 - had.amount1]).to.deep.equal([now.amount0, now.amount1]);
      },
    );

    it(
      cites(
        "with nobody left to govern, plan or price: exits of a vault whose other contracts are gone",
        INVARIANT.WITHDRAW_OPEN,
      ),
      async () => {
        const world = await networkHelpers.loadFixture(open);
        const gone = [world.addresses.policy, world.addresses.oracle, world.addresses.accessManager];
        gone.push(await world.safe.getAddress(), await world.baseFeed.getAddress(), await world.quoteFeed.getAddress());
        for (const address of gone) await networkHelpers.setCode(address, "0x");
        await world.pass(400 * DAY);
        for (const who of [world.who.bob, world.who.carol, world.who.alice]) {
          const shares = await world.vault.balanceOf(who.address);
          const preview = await previewNext(world, shares);
          const had = await world.balances(who.address);
          const { gasUsed } = await world.withdraw(who, shares);
          const has = await world.balances(who.address);
          expect([has.amount0 - had.amount0, has.amount1 - had.amount1]).to.deep.equal([
            preview.amount0,
            preview.amount1,
          ]);
          expect(gasUsed < GAS).to.equal(true);
        }
      },
    );
  });
}
