import { expect } from "chai";
import { network } from "hardhat";
import { ZeroHash } from "ethers";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";

import { divUp, ONE, type Pair2 } from "../support/arithmetic.ts";
import { expectProRataExit } from "../support/checks.ts";
import { figure } from "../support/figures.ts";
import { tighten } from "../support/governance.ts";
import type { World } from "../support/world.ts";
import { deployWorld, ORDERS } from "../support/world.ts";
import { cites, INVARIANT } from "./invariants.ts";

const connection = await network.create();
const { networkHelpers } = connection;

const DAY = 86_400;
const WEEK = 7 * DAY;
const MAX = (1n << 255n) - 1n;

for (const order of ORDERS) {
  describe(`contracts/lpFees: ${order.name}`, () => {
    async function open(): Promise<World> {
      const decimals = order.quoteIsToken0 ? { baseDecimals: 8, quoteDecimals: 18 } : {};
      const world = await deployWorld(connection, {
        quoteIsToken0: order.quoteIsToken0,
        ...decimals,
        caps: { maxEntryFeeBps: 50, maxExitFeeBps: 50, treasuryShareBps: 1_000 },
      });
      await world.firstDeposit(world.who.alice, 20_000n * ONE);
      await world.execute({
        mints: [{ ...(await world.around(3_000, 1_200)), fraction0: ONE / 2n, fraction1: ONE / 2n }],
      });
      await world.deposit(world.who.bob, 5_000n * ONE);
      await world.movePools(2_013);
      await world.movePools(1_991);
      return world;
    }
    /** Entry 40, exit 25, in force. */
    async function charging(): Promise<World> {
      const world = await open();
      await world.vault.connect(world.who.keeper).setFees(40, 25);
      await world.pass(DAY);
      return world;
    }
    const fees = async (world: World): Promise<readonly number[]> => [...(await world.vault.fees())].map(Number);
    const setFees = (world: World, entry: number, exit: number): Promise<unknown> =>
      world.vault.connect(world.who.keeper).setFees(entry, exit);

    // ---------------------------------------------------------------- how they change

    it(
      cites("are nothing until a keeper sets them; a rise waits a day to the second", INVARIANT.LP_FEES_CAPPED),
      async () => {
        const world = await networkHelpers.loadFixture(open);
        expect(await fees(world)).to.deep.equal([0, 0]);
        const at = (await world.now()) + 10;
        await networkHelpers.time.setNextBlockTimestamp(at);
        await expect(setFees(world, 20, 50))
          .to.emit(world.vault, "FeesSet")
          .withArgs(world.who.keeper.address, 20, 50, at + DAY);
        await networkHelpers.time.increaseTo(at + DAY - 1);
        expect(await fees(world)).to.deep.equal([0, 0]);
        await networkHelpers.time.increaseTo(at + DAY);
        expect(await fees(world)).to.deep.equal([20, 50]);
        // What is in force stays so when something else is announced.
        await setFees(world, 30, 50);
        expect(await fees(world)).to.deep.equal([20, 50]);
      },
    );

    it(cites("a fall holds at once, also beside a rise of the other", INVARIANT.LP_FEES_CAPPED), async () => {
      const world = await networkHelpers.loadFixture(charging);
      expect(await fees(world)).to.deep.equal([40, 25]);
      await setFees(world, 7, 30);
      expect(await fees(world)).to.deep.equal([7, 25]);
      await world.pass(DAY);
      expect(await fees(world)).to.deep.equal([7, 30]);
      await expect(setFees(world, 0, 0))
        .to.emit(world.vault, "FeesSet")
        .withArgs(world.who.keeper.address, 0, 0, 0);
      expect(await fees(world)).to.deep.equal([0, 0]);
      await world.pass(3 * DAY);
      expect(await fees(world)).to.deep.equal([0, 0]);
    });

    it(
      cites(
        "an announcement is replaced by the next one, whose day begins anew; nobody pays what he could not have read",
        INVARIANT.LP_FEES_CAPPED,
      ),
      async () => {
        const world = await networkHelpers.loadFixture(charging);
        await setFees(world, 50, 50);
        await world.pass(DAY - 100);
        await setFees(world, 45, 50);
        await world.pass(200);
        // The first one's day is over, but it is gone.
        expect(await fees(world)).to.deep.equal([40, 25]);
        await world.pass(DAY - 300);
        expect(await fees(world)).to.deep.equal([40, 25]);
        await world.pass(200);
        expect(await fees(world)).to.deep.equal([45, 50]);
        // Withdrawn in time: it never comes.
        await setFees(world, 50, 50);
        await world.pass(DAY - 10);
        await setFees(world, 45, 50);
        await world.pass(30 * DAY);
        expect(await fees(world)).to.deep.equal([45, 50]);
      },
    );

    it(cites("a keeper cannot pass the caps, a stranger cannot set anything", INVARIANT.LP_FEES_CAPPED), async () => {
      const world = await networkHelpers.loadFixture(open);
      for (const [entry, exit] of [
        [51, 0],
        [0, 51],
        [255, 255],
      ] as const) {
        await expect(setFees(world, entry, exit))
          .to.be.revertedWithCustomError(world.vault, "FeeAboveCap")
          .withArgs(entry, 50, exit, 50);
      }
      for (const who of [world.who.stranger, world.who.safe, world.who.guardian]) {
        await expect(world.vault.connect(who).setFees(1, 1))
          .to.be.revertedWithCustomError(world.policy, "NotKeeper")
          .withArgs(who.address);
      }
      await tighten(world, { maxExitFeeBps: 10 });
      await expect(setFees(world, 50, 11))
        .to.be.revertedWithCustomError(world.vault, "FeeAboveCap")
        .withArgs(50, 50, 11, 10);
      await setFees(world, 50, 10);
    });

    it(
      cites("anybody brings fees and announcements down to lowered caps, and nobody up", INVARIANT.LP_FEES_CAPPED),
      async () => {
        const world = await networkHelpers.loadFixture(charging);
        const clamp = (): Promise<unknown> => world.vault.connect(world.who.stranger).clampFees();
        await clamp();
        expect(await fees(world)).to.deep.equal([40, 25]);
        await setFees(world, 50, 50);
        const { nextAt } = await world.vault.feeBook();
        await tighten(world, { maxEntryFeeBps: 10, maxExitFeeBps: 30 });
        await world.policy.connect(world.who.guardian).removeKeeper(world.who.keeper.address);
        await clamp();
        expect(await fees(world)).to.deep.equal([10, 25]);
        // The announced rise of the exit fee still comes on its day, cut to the cap.
        expect((await world.vault.feeBook()).nextAt).to.equal(nextAt);
        await world.pass(DAY);
        expect(await fees(world)).to.deep.equal([10, 30]);
        await tighten(world, { maxEntryFeeBps: 0, maxExitFeeBps: 0 });
        await clamp();
        expect(await fees(world)).to.deep.equal([0, 0]);
        await clamp();
        await world.pass(2 * DAY);
        expect(await fees(world)).to.deep.equal([0, 0]);
      },
    );

    // ---------------------------------------------------------------- exact amounts

    it(
      cites(
        "the entry fee is paid on top, rounded up, and kept as the vault's own shares",
        INVARIANT.DEPOSIT_PREVIEW,
        INVARIANT.DEPOSIT_ROUNDS_UP,
        INVARIANT.SUPPLY,
      ),
      async () => {
        const world = await networkHelpers.loadFixture(charging);
        const { carol } = world.who;
        for (const shares of [1n, 249n, 250n, 251n, 777n * ONE + 3n]) {
          const preview = await world.vault.previewDeposit(shares);
          const [had, book] = [await world.balances(carol.address), await world.book()];
          const own = await world.vault.balanceOf(world.addresses.vault);
          await world.vault.connect(carol).deposit(shares, MAX, MAX, carol.address);
          const has = await world.balances(carol.address);
          const fee = divUp(shares * 40n, 10_000n);
          const after = await world.vault.totalSupply();
          expect(after - book.supply - shares <= fee && after - book.supply - shares > fee - ONE / 1_000n).to.equal(
            true,
          );
          // Supply as it was priced: with what came free in the second between.
          const supply = after - shares - fee;
          const paid = { amount0: had.amount0 - has.amount0, amount1: had.amount1 - has.amount1 };
          expect(paid).to.deep.equal({
            amount0: divUp((shares + fee) * (book.total0 + 1n), supply),
            amount1: divUp((shares + fee) * (book.total1 + 1n), supply),
          });
          // A second's worth of unlocking at most between the preview and the payment.
          for (const [a, b] of [
            [paid.amount0, preview.amount0],
            [paid.amount1, preview.amount1],
          ] as const)
            expect(a >= b && a <= b + b / 10_000_000n + 1n, `${a} ${b}`).to.equal(true);
          const ownNow = await world.vault.balanceOf(world.addresses.vault);
          expect(ownNow - own <= fee).to.equal(true);
          expect((await world.vault.feeBook()).locked).to.equal(ownNow - 1_000n);
        }
        expect(await world.vault.balanceOf(carol.address)).to.equal(1n + 249n + 250n + 251n + 777n * ONE + 3n);
      },
    );

    it(
      cites(
        "previews are to the wei while fee shares are locked, at the same second",
        INVARIANT.DEPOSIT_PREVIEW,
        INVARIANT.WITHDRAW_PREVIEW,
      ),
      async () => {
        const world = await networkHelpers.loadFixture(charging);
        const { alice, carol } = world.who;
        await world.deposit(carol, 3_000n * ONE);
        await world.pass(12_345);
        const at = (await world.now()) + 60;
        const shares = 123n * ONE + 7n;
        // The same second, twice: the preview in a block of its own, the deed in its place after going back.
        const preview = async (): Promise<{ readonly cost: Pair2; readonly out: Pair2 }> => {
          const start = await networkHelpers.takeSnapshot();
          await networkHelpers.time.increaseTo(at);
          const cost = await world.vault.previewDeposit(shares);
          const out = await world.lens.previewWithdraw(world.addresses.vault, shares, 0);
          await start.restore();
          return {
            cost: { amount0: cost.amount0, amount1: cost.amount1 },
            out: { amount0: out.amount0, amount1: out.amount1 },
          };
        };
        const { cost, out } = await preview();
        const start = await networkHelpers.takeSnapshot();
        const moved = async (who: HardhatEthersSigner, act: () => Promise<unknown>): Promise<Pair2> => {
          const had = await world.balances(who.address);
          await networkHelpers.time.setNextBlockTimestamp(at);
          await act();
          const has = await world.balances(who.address);
          return { amount0: has.amount0 - had.amount0, amount1: has.amount1 - had.amount1 };
        };
        const paid = await moved(carol, () =>
          world.vault.connect(carol).deposit(shares, cost.amount0, cost.amount1, carol.address),
        );
        expect([-paid.amount0, -paid.amount1]).to.deep.equal([cost.amount0, cost.amount1]);
        await start.restore();
        const got = await moved(alice, () =>
          world.vault.connect(alice).withdraw(shares, out.amount0, out.amount1, alice.address, 0),
        );
        expect(got).to.deep.equal(out);
      },
    );

    it(
      cites(
        "the exit fee stays as the vault's own shares, and is taken on no more shares than others keep",
        INVARIANT.WITHDRAW_PRO_RATA,
        INVARIANT.WITHDRAW_COMPONENT,
        INVARIANT.SUPPLY,
      ),
      async () => {
        const world = await networkHelpers.loadFixture(charging);
        const { alice, bob } = world.who;
        for (const [who, shares, on] of [
          [bob, 1n, 1n],
          [bob, 399n * ONE + 1n, 399n * ONE + 1n],
          // Alice has four fifths: more than all the others together.
          [alice, 3_000n * ONE, 3_000n * ONE],
          [alice, 16_000n * ONE, undefined],
        ] as const) {
          const before = await world.book();
          const own = await world.vault.balanceOf(world.addresses.vault);
          const { locked } = await world.vault.feeBook();
          const all = await world.vault.totalSupply();
          const staying = all - 1_000n - locked - shares;
          const fee = divUp((on ?? staying) * 25n, 10_000n);
          if (on === undefined) expect(staying < shares).to.equal(true);
          else expect(staying >= shares).to.equal(true);
          expect(await world.vault.exitFee(shares)).to.equal(fee);
          await world.withdraw(who, shares);
          const after = await world.book();
          // Between the two looks some locked shares came free; the exit itself took shares less the fee.
          const freed = own + fee - (await world.vault.balanceOf(world.addresses.vault));
          expect(all - (await world.vault.totalSupply()) - freed).to.equal(shares - fee);
          expectProRataExit({ ...before, supply: all - freed }, after, 1_000n);
        }
      },
    );

    it(
      cites(
        "the last LP pays none, and a holder of dust beside him earns dust",
        INVARIANT.LP_FEES_LAST,
        INVARIANT.NO_PROFIT,
      ),
      async () => {
        const world = await networkHelpers.loadFixture(charging);
        const { alice, bob, attacker } = world.who;
        await world.withdraw(bob, await world.vault.balanceOf(bob.address));
        const all = await world.vault.balanceOf(alice.address);
        expect(await world.vault.exitFee(all)).to.equal(0n);
        // One wei less and somebody stays: herself, with a wei; the fee is on that wei.
        expect(await world.vault.exitFee(all - 1n)).to.equal(1n);
        const start = await networkHelpers.takeSnapshot();
        await world.deposit(attacker, 10n ** 7n);
        expect(await world.vault.exitFee(all)).to.equal(divUp(10n ** 7n * 25n, 10_000n));
        await start.restore();
        const preview = await world.lens.previewWithdraw(world.addresses.vault, all, 0);
        const book = await world.book();
        await world.withdraw(alice, all);
        const { locked } = await world.vault.feeBook();
        // All but the locked shares' part.
        expect(preview.amount0 <= (book.total0 * all) / book.supply && locked > 0n).to.equal(true);
        expect(await world.vault.totalSupply()).to.equal(1_000n + locked);
      },
    );

    // ---------------------------------------------------------------- where they go

    it(
      cites("come free evenly over seven days, rounded down", INVARIANT.LP_FEES_TO_STAYERS, INVARIANT.SUPPLY),
      async () => {
        const world = await networkHelpers.loadFixture(charging);
        await world.deposit(world.who.carol, 1_000n * ONE);
        const fee = 4n * ONE;
        const from = await world.now();
        const total = await world.vault.totalSupply();
        expect(await world.vault.effectiveSupply()).to.equal(total);
        const { locked, since, until } = await world.vault.feeBook();
        expect([locked, since, until]).to.deep.equal([fee, BigInt(from), BigInt(from + WEEK)]);
        const sharePrice = async (): Promise<number> => {
          const { total0, supply } = await world.book();
          return Number(total0) / Number(supply);
        };
        let last = await sharePrice();
        for (const seconds of [1, 2, 3_601, DAY, 3 * DAY + 17, WEEK - 1]) {
          await networkHelpers.time.increaseTo(from + seconds);
          expect(await world.vault.effectiveSupply()).to.equal(total - (fee * BigInt(seconds)) / BigInt(WEEK));
          const now = await sharePrice();
          expect(now > last).to.equal(true);
          last = now;
        }
        await networkHelpers.time.increaseTo(from + WEEK + 5 * DAY);
        expect(await world.vault.effectiveSupply()).to.equal(total - fee);
        // The next call burns them.
        await world.withdraw(world.who.bob, 1n);
        expect(await world.vault.balanceOf(world.addresses.vault)).to.equal(1_000n + 1n);
      },
    );

    it(
      cites(
        "a second fee is added to the first: by amount, the mean of the times that remain",
        INVARIANT.LP_FEES_TO_STAYERS,
      ),
      async () => {
        const world = await networkHelpers.loadFixture(charging);
        const { carol, bob } = world.who;
        let [locked, at, until] = [0n, 0, 0];
        for (const [wait, act] of [
          [0, { deposit: 1_000n * ONE }],
          [3 * DAY, { deposit: 500n * ONE + 1n }],
          [DAY + 77, { exit: 2_000n * ONE }],
          [1, { deposit: 1n }],
          [6 * DAY, { exit: 3n }],
          [20 * DAY, { deposit: 10n * ONE }],
        ] as const) {
          const now = (await world.now()) + wait + 1;
          await networkHelpers.time.setNextBlockTimestamp(now);
          if ("deposit" in act) await world.vault.connect(carol).deposit(act.deposit, MAX, MAX, carol.address);
          else await world.vault.connect(bob).withdraw(act.exit, 0, 0, bob.address, 0);
          const fee = "deposit" in act ? divUp(act.deposit * 40n, 10_000n) : divUp(act.exit * 25n, 10_000n);
          if (locked > 0n) locked -= now >= until ? locked : (locked * BigInt(now - at)) / BigInt(until - at);
          const remaining = BigInt(Math.max(until - now, 0));
          until = now + Number((locked * remaining + fee * BigInt(WEEK)) / (locked + fee));
          locked += fee;
          at = now;
          const book = await world.vault.feeBook();
          expect([book.locked, book.since, book.until]).to.deep.equal([locked, BigInt(at), BigInt(until)]);
          expect(await world.vault.balanceOf(world.addresses.vault)).to.equal(1_000n + locked);
          expect(until - now <= WEEK).to.equal(true);
        }
      },
    );

    it(
      cites(
        "a holder of 99 % who leaves in pieces gets next to nothing of his own fees back",
        INVARIANT.LP_FEES_TO_STAYERS,
      ),
      async () => {
        const world = await networkHelpers.loadFixture(charging);
        const { alice, bob, carol } = world.who;
        // Bob keeps one share in a hundred; Alice the rest.
        await world.withdraw(bob, 4_800n * ONE);
        await world.pass(30 * DAY);
        await world.report(1_991);
        const mine = await world.vault.balanceOf(alice.address);
        const start = await networkHelpers.takeSnapshot();
        const leave = async (parts: readonly bigint[]): Promise<{ readonly kept: number; readonly fee: number }> => {
          const before = await world.book();
          const had = await world.balances(alice.address);
          let fees_ = 0n;
          for (const part of parts) {
            const shares = part === 0n ? await world.vault.balanceOf(alice.address) : part;
            fees_ += await world.vault.exitFee(shares);
            await world.withdraw(alice, shares);
          }
          const has = await world.balances(alice.address);
          // What she got of her part, in the token of which there is enough for many digits.
          const token = order.quoteIsToken0 ? "amount0" : "amount1";
          const total = order.quoteIsToken0 ? before.total0 : before.total1;
          const part = Number(has[token] - had[token]) / (Number(total) * (Number(mine) / Number(before.supply)));
          await start.restore();
          return { kept: 1 - part, fee: Number(fees_) / Number(mine) };
        };
        const halves = await leave([mine / 2n, 0n]);
        const quarters = await leave([mine / 4n, mine / 4n, mine / 4n, 0n]);
        figure(
          `99 % in two exits: fee ${(halves.fee * 1e4).toFixed(3)} bps, paid ${(halves.kept * 1e4).toFixed(3)}; in four: ${(quarters.fee * 1e4).toFixed(3)}, paid ${(quarters.kept * 1e4).toFixed(3)}`,
        );
        for (const { kept, fee } of [halves, quarters]) {
          expect(fee > 10e-4 && kept > 0.999 * fee - 1e-6, `${kept} ${fee}`).to.equal(true);
        }
        // Entering and leaving at once pays both fees in full, whatever he owns meanwhile.
        const had = await world.balances(carol.address);
        const shares = 3_000_000n * ONE;
        await world.deposit(carol, shares);
        const paid =
          had[order.quoteIsToken0 ? "amount0" : "amount1"] -
          (await world.balances(carol.address))[order.quoteIsToken0 ? "amount0" : "amount1"];
        await world.withdraw(carol, shares);
        const back =
          (await world.balances(carol.address))[order.quoteIsToken0 ? "amount0" : "amount1"] -
          had[order.quoteIsToken0 ? "amount0" : "amount1"] +
          paid;
        const cost = 1 - Number(back) / Number(paid);
        expect(cost > 0.999 * 40e-4 && cost < 66e-4, `${cost}`).to.equal(true);
        // And it is Alice's and Bob's, in a week.
        const before = await world.book();
        await world.pass(WEEK);
        const after = await world.book();
        expect(after.supply < before.supply && after.total0 === before.total0).to.equal(true);
      },
    );

    it(
      cites(
        "fee shares of a vault that everybody has left are dropped before it starts afresh",
        INVARIANT.FIRST_DEPOSIT,
        INVARIANT.SUPPLY,
      ),
      async () => {
        const world = await networkHelpers.loadFixture(charging);
        const { alice, bob, carol } = world.who;
        await world.withdraw(bob, await world.vault.balanceOf(bob.address));
        await world.withdraw(alice, await world.vault.balanceOf(alice.address));
        const { locked } = await world.vault.feeBook();
        expect(locked > 0n).to.equal(true);
        await expect(world.vault.previewDeposit(ONE)).to.be.revertedWithCustomError(
          world.vault,
          "FirstDepositTooSmall",
        );
        await expect(world.deposit(carol, 1n)).to.be.revertedWithCustomError(world.vault, "FirstDepositTooSmall");
        await world.movePools(2_000);
        await world.pass(3_600);
        await world.report(2_000);
        await world.firstDeposit(carol, 2_000n * ONE);
        expect(await world.vault.totalSupply()).to.equal(2_000n * ONE + 1_000n);
        expect((await world.vault.feeBook()).locked).to.equal(0n);
        expect(await world.vault.balanceOf(world.addresses.vault)).to.equal(1_000n);
        expect(await world.vault.effectiveSupply()).to.equal(2_000n * ONE + 1_000n);
      },
    );

    it(
      cites(
        "fee shares worth a first deposit are nobody's present: the next one enters at their price and waits for them",
        INVARIANT.LP_FEES_TO_STAYERS,
        INVARIANT.FIRST_DEPOSIT,
      ),
      async () => {
        const world = await networkHelpers.loadFixture(charging);
        const { alice, bob, carol, attacker } = world.who;
        await world.deposit(carol, 600_000n * ONE);
        await world.deposit(bob, 600_000n * ONE);
        await world.pass(30 * DAY);
        for (const person of [carol, bob, alice])
          await world.withdraw(person, await world.vault.balanceOf(person.address));
        const { locked } = await world.vault.feeBook();
        expect(locked > 1_000n * ONE, `${locked}`).to.equal(true);
        expect(await world.vault.totalSupply()).to.equal(locked + 1_000n);
        // In and out in two blocks: he pays his fees and takes nothing.
        const had = await world.balances(attacker.address);
        const shares = 2_000n * ONE;
        await world.deposit(attacker, shares);
        const paid = await world.balances(attacker.address);
        await world.withdraw(attacker, shares);
        const has = await world.balances(attacker.address);
        expect(has.amount0 < had.amount0 && has.amount1 < had.amount1).to.equal(true);
        expect(had.amount0 - has.amount0 < (had.amount0 - paid.amount0) / 100n).to.equal(true);
        // After some days less than a first deposit's worth is left, and the vault starts afresh.
        await world.pass(6 * DAY);
        await expect(world.vault.previewDeposit(ONE)).to.be.revertedWithCustomError(
          world.vault,
          "FirstDepositTooSmall",
        );
        await world.movePools(2_000);
        await world.pass(3_600);
        await world.report(2_000);
        await world.firstDeposit(carol, 2_000n * ONE);
        expect(await world.vault.totalSupply()).to.equal(2_000n * ONE + 1_000n);
      },
    );

    it(cites("dust neither holds fee shares back nor hurries them", INVARIANT.LP_FEES_TO_STAYERS), async () => {
      const world = await networkHelpers.loadFixture(charging);
      const { bob, carol } = world.who;
      await world.deposit(carol, 10_000n * ONE);
      const { until } = await world.vault.feeBook();
      await world.pass(DAY);
      for (let i = 0; i < 12; i++) {
        if (i % 2 === 0) await world.withdraw(bob, 1n);
        else await world.deposit(bob, 1n);
        expect((await world.vault.feeBook()).until).to.equal(until);
      }
      await networkHelpers.time.increaseTo(until);
      expect(await world.vault.effectiveSupply()).to.equal(
        (await world.vault.totalSupply()) - (await world.vault.feeBook()).locked,
      );
    });

    it(cites("nobody can send the vault shares or spend its own", INVARIANT.SUPPLY), async () => {
      const world = await networkHelpers.loadFixture(charging);
      const { alice, attacker } = world.who;
      await world.deposit(attacker, 1_000n * ONE);
      const { vault } = world.addresses;
      const own = await world.vault.balanceOf(vault);
      await expect(world.vault.connect(alice).transfer(vault, 1n))
        .to.be.revertedWithCustomError(world.vault, "InvalidRecipient")
        .withArgs(vault);
      await world.vault.connect(alice).approve(attacker.address, ONE);
      await expect(world.vault.connect(attacker).transferFrom(alice.address, vault, 1n)).to.be.revertedWithCustomError(
        world.vault,
        "InvalidRecipient",
      );
      await expect(
        world.vault.connect(attacker).transferFrom(vault, attacker.address, 1n),
      ).to.be.revertedWithCustomError(world.vault, "ERC20InsufficientAllowance");
      await expect(
        world.vault.connect(attacker).permit(vault, attacker.address, own, MAX, 27, ZeroHash, ZeroHash),
      ).to.be.revertedWithCustomError(world.vault, "ECDSAInvalidSignature");
      expect(await world.vault.balanceOf(vault)).to.equal(own);
    });
  });
}
