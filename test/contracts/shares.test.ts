import { expect } from "chai";
import { network } from "hardhat";

import { divUp, ONE, Q96, Random, valueOfTokens, VALUE_BITS } from "../support/arithmetic.ts";
import { expectDepositKeepsValue, expectProRataExit, expectTotals, priceGrid } from "../support/checks.ts";
import type { World } from "../support/world.ts";
import { DECIMALS, deployWorld, ORDERS, sqrtAtTick } from "../support/world.ts";
import { cites, INVARIANT } from "./invariants.ts";

const connection = await network.create();
const { networkHelpers } = connection;

/** Two ranges in two tiers, fees owed, the price moved: nothing in the books is a round number. */
async function worked(world: World): Promise<World> {
  const { alice, bob } = world.who;
  await world.firstDeposit(alice, 20_000n * ONE);
  await world.execute({
    mints: [
      { ...(await world.around(3_000, 1_200)), fraction0: ONE / 2n, fraction1: ONE / 2n },
      { ...(await world.around(500, 400)), fraction0: ONE / 2n, fraction1: ONE / 2n },
    ],
  });
  await world.deposit(bob, 7_777n * ONE + 7n);
  await world.movePools(world.options.price * 1.013);
  await world.movePools(world.options.price * 0.991);
  return world;
}

for (const order of ORDERS) {
  for (const decimals of DECIMALS) {
    const title = `base ${decimals.baseDecimals} / quote ${decimals.quoteDecimals} decimals, ${order.name}`;

    describe(`contracts/shares: ${title}`, () => {
      async function fresh(): Promise<World> {
        return deployWorld(connection, { quoteIsToken0: order.quoteIsToken0, ...decimals });
      }
      async function busy(): Promise<World> {
        return worked(await fresh());
      }

      it(cites("the first share costs one quote unit, in any mix of the tokens", INVARIANT.FIRST_DEPOSIT), async () => {
        const world = await networkHelpers.loadFixture(fresh);
        const { alice } = world.who;
        const unit = 10n ** BigInt(decimals.quoteDecimals);
        const mid = world.priceX96(2_000);
        const shares = 5_000n * ONE;
        // A third in quote, the rest in base; twice the price offered, so that the vault must scale both down.
        const quote = (2n * 5_000n * unit) / 3n;
        const base = (((2n * 5_000n * unit * 2n) / 3n) * Q96) / mid;
        const [max0, max1] = order.quoteIsToken0 ? [quote, base] : [base, quote];
        const before = await world.balances(alice.address);
        await world.vault.connect(alice).deposit(shares, max0, max1, alice.address);
        const after = await world.balances(alice.address);
        const paid = { amount0: before.amount0 - after.amount0, amount1: before.amount1 - after.amount1 };
        const value = valueOfTokens(paid, mid, order.quoteIsToken0);
        const due = divUp((shares + 1_000n) * unit, ONE);
        // Rounded up in both tokens: at least the price, and at most a wei of each too much.
        const slack = valueOfTokens({ amount0: 2n, amount1: 2n }, mid, order.quoteIsToken0);
        expect(value >= due << VALUE_BITS).to.equal(true);
        expect(value <= (due << VALUE_BITS) + slack).to.equal(true);
        expect(await world.vault.balanceOf(alice.address)).to.equal(shares);
        expect(await world.vault.balanceOf(world.addresses.vault)).to.equal(1_000n);
        expect(await world.vault.totalSupply()).to.equal(shares + 1_000n);
      });

      it(
        cites(
          "deposit asks for its part rounded up and touches no range",
          INVARIANT.DEPOSIT_ROUNDS_UP,
          INVARIANT.DEPOSIT_PREVIEW,
          INVARIANT.DEPOSIT_IDLE,
          INVARIANT.DEPOSIT_VALUE,
        ),
        async () => {
          const world = await networkHelpers.loadFixture(busy);
          const { carol } = world.who;
          const random = new Random(decimals.baseDecimals * 100 + decimals.quoteDecimals);
          for (const shares of [1n, 999n, random.wei(1n, ONE), random.wei(ONE, 1_000_000n * ONE)]) {
            const before = await world.book();
            expectTotals(before);
            const preview = await world.vault.previewDeposit(shares);
            const had = await world.balances(carol.address);
            await world.deposit(carol, shares);
            const has = await world.balances(carol.address);
            const after = await world.book();
            const paid0 = had.amount0 - has.amount0;
            const paid1 = had.amount1 - has.amount1;
            expect([paid0, paid1]).to.deep.equal([preview.amount0, preview.amount1]);
            expect(paid0).to.equal(divUp(shares * (before.total0 + 1n), before.supply));
            expect(paid1).to.equal(divUp(shares * (before.total1 + 1n), before.supply));
            expect(after.idle0 - before.idle0).to.equal(paid0);
            expect(after.idle1 - before.idle1).to.equal(paid1);
            expect(after.positions).to.deep.equal(before.positions);
            expectDepositKeepsValue(
              before,
              after,
              priceGrid(world.priceX96(2_000), before, order.quoteIsToken0, sqrtAtTick),
              order.quoteIsToken0,
            );
          }
        },
      );

      it(
        cites(
          "withdraw pays its part rounded down, as previewed",
          INVARIANT.WITHDRAW_COMPONENT,
          INVARIANT.WITHDRAW_PRO_RATA,
          INVARIANT.WITHDRAW_PREVIEW,
        ),
        async () => {
          const world = await networkHelpers.loadFixture(busy);
          const { alice, stranger } = world.who;
          const random = new Random(decimals.baseDecimals * 100 + decimals.quoteDecimals + 1);
          const all = await world.vault.balanceOf(alice.address);
          for (const shares of [1n, 44n, random.wei(10n ** 6n, ONE), all / 3n, all / 2n]) {
            const before = await world.book();
            const preview = await world.lens.previewWithdraw(world.addresses.vault, shares, 0);
            const had = await world.balances(stranger.address);
            await world.vault.connect(alice).withdraw(shares, preview.amount0, preview.amount1, stranger.address, 0);
            const has = await world.balances(stranger.address);
            expect([has.amount0 - had.amount0, has.amount1 - had.amount1]).to.deep.equal([
              preview.amount0,
              preview.amount1,
            ]);
            const after = await world.book();
            expect(after.supply).to.equal(before.supply - shares);
            expectProRataExit(before, after);
            expect(has.amount0 - had.amount0 <= (before.total0 * shares) / before.supply).to.equal(true);
            expect(has.amount1 - had.amount1 <= (before.total1 * shares) / before.supply).to.equal(true);
          }
        },
      );

      it(cites("many small exits bring no more of a token than one large one", INVARIANT.WITHDRAW_SPLIT), async () => {
        const world = await networkHelpers.loadFixture(busy);
        const { bob } = world.who;
        const all = await world.vault.balanceOf(bob.address);
        const snapshot = await networkHelpers.takeSnapshot();
        const start = await world.balances(bob.address);
        await world.withdraw(bob, all);
        const large = await world.balances(bob.address);
        await snapshot.restore();
        const parts = [all / 7n, all / 11n, 1n, all / 5n, 44n];
        parts.push(all - parts.reduce((sum, part) => sum + part, 0n));
        for (const part of parts) await world.withdraw(bob, part);
        const small = await world.balances(bob.address);
        expect(await world.vault.balanceOf(bob.address)).to.equal(0n);
        expect(small.amount0 - start.amount0 <= large.amount0 - start.amount0).to.equal(true);
        expect(small.amount1 - start.amount1 <= large.amount1 - start.amount1).to.equal(true);
      });

      it(
        cites(
          "a whole life conserves both tokens and ends with the locked shares and the first deposit's rule",
          INVARIANT.CONSERVATION,
          INVARIANT.FIRST_DEPOSIT,
          INVARIANT.SUPPLY,
        ),
        async () => {
          const world = await networkHelpers.loadFixture(busy);
          const { alice, bob, carol, keeper } = world.who;
          const holders = [alice, bob, carol, keeper].map((person) => person.address);
          holders.push(world.addresses.vault, await world.market.getAddress(), world.addresses.planLib);
          for (const pool of world.pools.values()) holders.push(pool.address);
          const everything = async (): Promise<readonly [bigint, bigint]> => {
            let [sum0, sum1] = [0n, 0n];
            for (const holder of holders) {
              const { amount0, amount1 } = await world.balances(holder);
              [sum0, sum1] = [sum0 + amount0, sum1 + amount1];
            }
            return [sum0, sum1];
          };
          const start = await everything();
          await world.execute({
            burns: [{ index: 0, fraction: ONE / 3n }],
            mints: [await world.around(10_000, 4_000)],
          });
          await world.deposit(carol, 123n * ONE);
          await world.movePools(world.options.price * 1.002);
          for (const person of [bob, carol, alice])
            await world.withdraw(person, await world.vault.balanceOf(person.address));
          expect(await everything()).to.deep.equal(start);
          expect(await world.vault.totalSupply()).to.equal(1_000n);
          expect(await world.vault.balanceOf(world.addresses.vault)).to.equal(1_000n);

          await expect(world.vault.previewDeposit(1n)).to.be.revertedWithCustomError(
            world.vault,
            "FirstDepositTooSmall",
          );
          const few = world.options.minFirstShares - 1n;
          await expect(world.vault.connect(bob).deposit(few, 10n ** 29n, 10n ** 29n, bob.address))
            .to.be.revertedWithCustomError(world.vault, "FirstDepositTooSmall")
            .withArgs(few, world.options.minFirstShares);
          const { amount0, amount1 } = world.halves(2_000n * ONE, world.options.price * 1);
          const before = await world.balances(bob.address);
          await world.vault.connect(bob).deposit(2_000n * ONE, amount0, amount1, bob.address);
          const after = await world.balances(bob.address);
          const paid = { amount0: before.amount0 - after.amount0, amount1: before.amount1 - after.amount1 };
          const due = 2_000n * 10n ** BigInt(decimals.quoteDecimals);
          const value = world.value(paid, world.priceX96(2_000));
          expect(
            value >= due && value <= due + world.value({ amount0: 2n, amount1: 2n }, world.priceX96(2_000)) + 1n,
          ).to.equal(true);
          expect(await world.vault.totalSupply()).to.equal(2_000n * ONE + 1_000n);
        },
      );
    });
  }
}

describe("contracts/shares: what is refused", () => {
  async function fresh(): Promise<World> {
    return deployWorld(connection);
  }
  async function open(): Promise<World> {
    const world = await deployWorld(connection);
    await world.firstDeposit(world.who.alice, 5_000n * ONE);
    return world;
  }

  it("zero shares, nobody as recipient, the vault as recipient, an unknown sleeve", async () => {
    const world = await networkHelpers.loadFixture(open);
    const { alice } = world.who;
    const vault = world.vault.connect(alice);
    const nobody = "0x0000000000000000000000000000000000000000";
    await expect(vault.deposit(0, 1, 1, alice.address)).to.be.revertedWithCustomError(vault, "ZeroShares");
    await expect(vault.withdraw(0, 0, 0, alice.address, 0)).to.be.revertedWithCustomError(vault, "ZeroShares");
    for (const to of [nobody, world.addresses.vault]) {
      await expect(vault.deposit(1, 10n ** 20n, 10n ** 20n, to))
        .to.be.revertedWithCustomError(vault, "InvalidRecipient")
        .withArgs(to);
      await expect(vault.withdraw(1, 0, 0, to, 0))
        .to.be.revertedWithCustomError(vault, "InvalidRecipient")
        .withArgs(to);
    }
    // Four places; that nothing stands in one of them is no mistake, since the mask was chosen some blocks ago.
    await expect(vault.withdraw(1, 0, 0, alice.address, 16))
      .to.be.revertedWithCustomError(vault, "UnknownSleeve")
      .withArgs(16);
  });

  it("more shares than one has, less than wanted, dearer than allowed", async () => {
    const world = await networkHelpers.loadFixture(open);
    const { alice, bob } = world.who;
    const all = await world.vault.balanceOf(alice.address);
    await expect(world.vault.connect(alice).withdraw(all + 1n, 0, 0, alice.address, 0)).to.be.revertedWithCustomError(
      world.vault,
      "ERC20InsufficientBalance",
    );
    const out = await world.lens.previewWithdraw(world.addresses.vault, all, 0);
    await expect(world.vault.connect(alice).withdraw(all, out.amount0 + 1n, 0, alice.address, 0))
      .to.be.revertedWithCustomError(world.vault, "WithdrawBelowMin")
      .withArgs(out.amount0, out.amount0 + 1n, out.amount1, 0);
    await expect(
      world.vault.connect(alice).withdraw(all, 0, out.amount1 + 1n, alice.address, 0),
    ).to.be.revertedWithCustomError(world.vault, "WithdrawBelowMin");
    const cost = await world.vault.previewDeposit(ONE);
    await expect(world.vault.connect(bob).deposit(ONE, cost.amount0 - 1n, cost.amount1, bob.address))
      .to.be.revertedWithCustomError(world.vault, "DepositAboveMax")
      .withArgs(cost.amount0, cost.amount0 - 1n, cost.amount1, cost.amount1);
    await expect(
      world.vault.connect(bob).deposit(ONE, cost.amount0, cost.amount1 - 1n, bob.address),
    ).to.be.revertedWithCustomError(world.vault, "DepositAboveMax");
    expect((await world.book()).supply).to.equal(5_000n * ONE + 1_000n);
  });

  it(cites("a first deposit below the least size or the price", INVARIANT.FIRST_DEPOSIT), async () => {
    const world = await networkHelpers.loadFixture(fresh);
    const vault = world.vault.connect(world.who.bob);
    const to = world.who.bob.address;
    await expect(vault.deposit(ONE, 10n ** 24n, 10n ** 24n, to)).to.be.revertedWithCustomError(
      vault,
      "FirstDepositTooSmall",
    );
    await expect(vault.deposit(5_000n * ONE, 0, 4_999n * 10n ** 6n, to))
      .to.be.revertedWithCustomError(vault, "FirstDepositUnderpaid")
      .withArgs(4_999n * 10n ** 6n, 5_000n * 10n ** 6n + 1n);
    // No mix can be read from an unlimited maximum.
    for (const [max0, max1] of [
      [2n ** 128n, 10n ** 24n],
      [10n ** 24n, 2n ** 256n - 1n],
    ] as const) {
      await expect(vault.deposit(5_000n * ONE, max0, max1, to))
        .to.be.revertedWithCustomError(vault, "FirstDepositMaxTooLarge")
        .withArgs(max0, max1);
    }
    expect(await world.vault.totalSupply()).to.equal(0n);
  });

  it("a first deposit whose payer has not allowed or does not have the tokens leaves nothing behind", async () => {
    const world = await networkHelpers.loadFixture(fresh);
    const poor = (await world.ethers.getSigners())[12];
    if (poor === undefined) throw new Error("no account");
    const { amount0, amount1 } = world.halves(5_000n * ONE);
    await expect(
      world.vault.connect(poor).deposit(2_000n * ONE, amount0, amount1, poor.address),
    ).to.be.revertedWithCustomError(world.token0, "ERC20InsufficientAllowance");
    expect(await world.vault.totalSupply()).to.equal(0n);
    expect(await world.vault.balanceOf(world.addresses.vault)).to.equal(0n);
  });
});
