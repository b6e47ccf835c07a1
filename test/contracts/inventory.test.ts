import { expect } from "chai";
import { network } from "hardhat";

import { divUp, ONE } from "../support/arithmetic.ts";
import { deployWorld, ORDERS, type World } from "../support/world.ts";
import { cites, INVARIANT } from "./invariants.ts";

const connection = await network.create();
const { networkHelpers } = connection;

/** Twenty-four significant bits, rounded up. */
function roundedUp(x: bigint): bigint {
  let unit = 1n;
  while (x / unit >= 1n << 24n) unit *= 2n;
  return divUp(x, unit) * unit;
}

for (const order of ORDERS) {
  describe(`contracts/inventory: ${order.name}`, () => {
    async function open(): Promise<World> {
      const world = await deployWorld(connection, { quoteIsToken0: order.quoteIsToken0 });
      await world.firstDeposit(world.who.alice, 20_000n * ONE);
      return world;
    }

    it(cites("what a plan leaves is kept per share, rounded up to 24 bits", INVARIANT.BUDGET_CHURN), async () => {
      const world = await networkHelpers.loadFixture(open);
      const supply = await world.vault.totalSupply();
      const targets = [0n, 1n, 2n, 3n].map((more) => more);
      // Balances whose share is just under, at and just over a power of two: where a mantissa carries.
      for (const k of [80n, 96n, 110n, 140n]) {
        const even = ((1n << k) * supply) >> 96n;
        targets.push(even - 1n, even, even + 1n, (even * 3n) / 2n);
      }
      targets.sort((a, b) => (a < b ? -1 : 1));
      for (const target of targets) {
        const { idle0 } = await world.vault.idle();
        if (target > idle0) await world.token0.mint(world.addresses.vault, target - idle0);
        await world.execute({});
        const left = await world.vault.idle();
        const { perShare0X96, perShare1X96 } = await world.vault.inventory();
        expect(perShare0X96, `token0 ${left.idle0}`).to.equal(roundedUp(divUp(left.idle0 << 96n, supply)));
        expect(perShare1X96, `token1 ${left.idle1}`).to.equal(roundedUp(divUp(left.idle1 << 96n, supply)));
      }
    });

    it(cites("ranges count with what they hold at the oracle's price", INVARIANT.BUDGET_CHURN), async () => {
      const world = await networkHelpers.loadFixture(open);
      const before = await world.vault.idle();
      const supply = await world.vault.totalSupply();
      await world.execute({ mints: [await world.around(3_000, 1_200)] });
      // Taken before the mint: what the mint's own rounding costs is the loss budget's.
      const { perShare0X96, perShare1X96 } = await world.vault.inventory();
      expect(perShare0X96).to.equal(roundedUp(divUp(before.idle0 << 96n, supply)));
      expect(perShare1X96).to.equal(roundedUp(divUp(before.idle1 << 96n, supply)));
    });

    it(cites("an emptied vault starts without the past of those who have gone", INVARIANT.BUDGET_CHURN), async () => {
      const world = await networkHelpers.loadFixture(open);
      await world.execute({});
      await world.withdraw(world.who.alice, await world.vault.balanceOf(world.who.alice.address));
      await world.firstDeposit(world.who.bob, 5_000n * ONE);
      const { perShare0X96, perShare1X96 } = await world.vault.inventory();
      expect([perShare0X96, perShare1X96]).to.deep.equal([0n, 0n]);
      await world.execute({});
      expect((await world.vault.budgets()).churnE12).to.equal(0n);
    });

    it(cites("dust that plans only look at is charged no churn", INVARIANT.BUDGET_CHURN), async () => {
      const world = await networkHelpers.loadFixture(open);
      await world.execute({ mints: [await world.around(3_000, 1_200)] });
      await world.movePools(2_011);
      await world.movePools(1_993);
      await world.movePools(2_000);
      // All but a little leave, then all: what stays behind is roundings.
      const all = await world.vault.balanceOf(world.who.alice.address);
      for (const shares of [all - 10n ** 13n, 10n ** 13n]) {
        await world.withdraw(world.who.alice, shares);
        const { churnE12 } = await world.vault.budgets();
        for (let plan = 0; plan < 10; ++plan) await world.execute({});
        expect((await world.vault.budgets()).churnE12 <= churnE12).to.equal(true);
      }
    });

    it(cites("a new life of the vault begins with empty budgets", INVARIANT.BUDGET_LEVEL), async () => {
      const world = await networkHelpers.loadFixture(open);
      await world.execute({ swaps: [{ fee: 3_000, zeroForOne: true, fraction: ONE / 10n }] });
      const spent = await world.vault.budgets();
      expect(spent.lossE12 > 0n && spent.turnoverE12 > 0n).to.equal(true);
      await world.withdraw(world.who.alice, await world.vault.balanceOf(world.who.alice.address));
      await world.firstDeposit(world.who.bob, 5_000n * ONE);
      const fresh = await world.vault.budgets();
      expect([fresh.lossE12, fresh.turnoverE12, fresh.churnE12]).to.deep.equal([0n, 0n, 0n]);
      expect(await world.vault.planNonce()).to.equal(1n);
    });
  });
}
