/** The turnover budget. */
import { expect } from "chai";
import { network } from "hardhat";

import { ONE, valueOfTokens, VALUE_BITS } from "../../support/arithmetic.ts";
import { asLevel, capacityOf, LEVEL_ONE, navAt } from "../../support/chargeModel.ts";
import { ORDERS, type MintStep, type PlanSteps } from "../../support/world.ts";
import { cites, INVARIANT } from "../invariants.ts";
import { Ledger } from "./ledger.ts";
import { keeper, levelsNow, sell, setLevels, worldsOf } from "./support.ts";

const connection = await network.create();
const { networkHelpers } = connection;

for (const order of ORDERS) {
  const q = order.quoteIsToken0;
  const { still } = worldsOf(connection, q);

  describe(`contracts/buckets/turnover: ${order.name}`, () => {
    it(
      cites("turnover is the value sold at mid, and only of what the pool took", INVARIANT.BUDGET_TURNOVER),
      async () => {
        const world = await networkHelpers.loadFixture(still);
        const mid = world.priceX96(2_000);
        for (const zeroForOne of [true, false]) {
          for (const stops of [false, true]) {
            const { sqrtPriceX96 } = await world.pool(500).slot0();
            const near = zeroForOne ? (sqrtPriceX96 * 99_999n) / 100_000n : (sqrtPriceX96 * 100_001n) / 100_000n;
            const had = await levelsNow(world);
            const held = await world.balances(world.addresses.vault);
            const swap = { fee: 500, zeroForOne, fraction: ONE / 20n };
            const { navLow } = await world.execute({
              swaps: [stops ? { ...swap, sqrtPriceLimitX96: near } : swap],
            });
            const has = await world.balances(world.addresses.vault);
            const sold = zeroForOne
              ? { amount0: held.amount0 - has.amount0, amount1: 0n }
              : { amount0: 0n, amount1: held.amount1 - has.amount1 };
            const value = valueOfTokens(sold, mid, q);
            const least = asLevel(value, (navLow + 1n) << VALUE_BITS);
            const level = (await levelsNow(world)).turnover - had.turnover;
            expect(level >= least && level <= least + 1n, `${level} ${least}`).to.equal(true);
            if (stops) expect((await world.pool(500).slot0()).sqrtPriceX96).to.equal(near);
          }
        }
      },
    );

    it(cites("turnover fills up to the capacity, to the unit", INVARIANT.BUDGET_TURNOVER), async () => {
      const world = await networkHelpers.loadFixture(still);
      const start = await networkHelpers.takeSnapshot();
      await world.execute(sell(ONE / 10n));
      const { turnover } = await levelsNow(world);
      await start.restore();
      const capacity = capacityOf(10_000);
      await setLevels(world, { turnover: capacity - turnover + 1n });
      await expect(keeper(world).execute(await world.plan(sell(ONE / 10n))))
        .to.be.revertedWithCustomError(world.planErrors, "TurnoverBudgetSpent")
        .withArgs(capacity + 1n, capacity);
      await setLevels(world, { turnover: capacity - turnover });
      await world.execute(sell(ONE / 10n));
      expect((await levelsNow(world)).turnover).to.equal(capacity);
      // Full: ranges inside one pool are not its matter.
      await world.execute({
        mints: [{ ...(await world.around(3_000, 1_200)), fraction0: ONE / 2n, fraction1: ONE / 2n }],
      });
      await world.execute({ burns: [{ index: 0 }], mints: [await world.around(3_000, 2_400)] });
      expect((await levelsNow(world)).turnover).to.equal(capacity);
      await expect(
        keeper(world).execute(await world.plan({ burns: [{ index: 0 }], mints: [await world.around(500, 2_400)] })),
      ).to.be.revertedWithCustomError(world.planErrors, "TurnoverBudgetSpent");
    });

    it(
      cites(
        "re-ranging inside one pool is free, moving between pools costs the lesser side",
        INVARIANT.BUDGET_TURNOVER,
      ),
      async () => {
        const world = await networkHelpers.loadFixture(still);
        const ledger = new Ledger(world);
        const part = (fee: number, half: number, share: bigint): Promise<MintStep> =>
          world.around(fee, half).then((range) => ({ ...range, fraction0: share, fraction1: share }));
        const turnover = async (steps: PlanSteps): Promise<bigint> => {
          const { turnover: was } = await levelsNow(world);
          await ledger.execute(steps);
          return (await levelsNow(world)).turnover - was;
        };
        // Idle tokens go in, ranges come out to be idle: nothing moved from pool to pool.
        expect(await turnover({ mints: [await part(3_000, 1_200, ONE / 2n)] })).to.equal(0n);
        expect(await turnover({ burns: [{ index: 0, fraction: ONE / 2n }] })).to.equal(0n);
        expect(await turnover({ burns: [{ index: 0 }], mints: [await part(3_000, 900, ONE / 2n)] })).to.equal(0n);
        // Two pools, each re-ranged in itself: what differs is what did not find its way back.
        await turnover({ mints: [await part(500, 600, ONE)] });
        const both = await turnover({
          burns: [{ index: 0 }, { index: 1 }],
          mints: [await part(3_000, 900, ONE / 2n), await part(500, 600, ONE)],
        });
        expect(both < LEVEL_ONE / 1_000n, `${both}`).to.equal(true);

        // Three pools: what leaves one enters two others, as far as it goes.
        const nav = navAt(await world.book(), world.priceX96(2_000), q);
        const [first] = (await world.book()).positions;
        if (first === undefined) throw new Error("no range");
        const away = asLevel(valueOfTokens(first, world.priceX96(2_000), q), nav);
        await ledger.execute({});
        const moved = await turnover({
          burns: [{ index: first.index }],
          mints: [await part(500, 600, ONE / 2n), await part(10_000, 3_000, ONE)],
        });
        // The same thing by the model, to the unit (Ledger); here by hand, to a thousandth.
        expect(Math.abs(Number(moved) / Number(away) - 1) < 0.02, `${moved} of ${away}`).to.equal(true);
      },
    );
  });
}
