/** Budgets while the DAO changes them. */
import { expect } from "chai";
import { network } from "hardhat";

import { ONE } from "../../support/arithmetic.ts";
import { capacityOf } from "../../support/chargeModel.ts";
import { setCaps, tighten } from "../../support/governance.ts";
import { ORDERS, type PlanSteps } from "../../support/world.ts";
import { cites, INVARIANT } from "../invariants.ts";
import { DAY, keeper, levelsNow, sell, setLevels, worldsOf } from "./support.ts";

const connection = await network.create();
const { networkHelpers } = connection;

for (const order of ORDERS) {
  const { open, still } = worldsOf(connection, order.quoteIsToken0);

  describe(`contracts/buckets/caps: ${order.name}`, () => {
    it(
      cites(
        "a governed change in mid-use: what was used stays used, more room is room at once, less room stops what costs",
        INVARIANT.BUDGET_LEVEL,
        INVARIANT.BUDGET_LOSS,
        INVARIANT.BUDGET_TURNOVER,
      ),
      async () => {
        const world = await networkHelpers.loadFixture(open);
        await setCaps(world, { lossCapBps: 30, lossRefillBps: 0, turnoverRefillBps: 0, churnRefillBps: 0 });
        const range = { ...(await world.around(3_000, 1_200)), fraction0: ONE / 4n, fraction1: ONE / 4n };
        await world.execute({ mints: [range] });
        await setLevels(world, { loss: capacityOf(25), turnover: capacityOf(4_000) });
        const was = await levelsNow(world);
        const refusedFor = async (error: string, steps: PlanSteps): Promise<void> => {
          await expect(keeper(world).execute(await world.plan(steps))).to.be.revertedWithCustomError(
            world.planErrors,
            error,
          );
        };
        await refusedFor("LossBudgetSpent", sell(ONE / 2n));
        await setCaps(world, { lossCapBps: 60 });
        expect(await levelsNow(world)).to.deep.equal(was);
        const up = await networkHelpers.takeSnapshot();
        await world.execute(sell(ONE / 2n));
        expect((await levelsNow(world)).loss > was.loss).to.equal(true);
        await up.restore();

        // The guardian takes nearly all away: levels stand above what may be.
        await tighten(world, { lossCapBps: 1, turnoverCapBps: 100 });
        expect(await levelsNow(world)).to.deep.equal(was);
        await refusedFor("LossBudgetSpent", sell(ONE / 1_000n));
        await refusedFor("LossBudgetSpent", { mints: [range] });
        // What costs nothing goes through: nothing at all, collecting, taking a part or all of a range out.
        await world.execute({});
        await world.execute({ burns: [{ index: 0, fraction: 0n }] });
        await world.execute({ burns: [{ index: 0, fraction: ONE / 3n + 1n }] });
        await world.execute({ burns: [{ index: 0 }] });
        expect((await world.book()).positions).to.deep.equal([]);
        const after = await levelsNow(world);
        expect([after.loss, after.turnover]).to.deep.equal([was.loss, was.turnover]);

        // A rate that comes later drains what is there, and once below the capacity plans run again.
        await setCaps(world, { lossCapBps: 20, lossRefillBps: 10, turnoverCapBps: 10_000, turnoverRefillBps: 10_000 });
        await refusedFor("LossBudgetSpent", sell(ONE / 1_000n));
        await world.pass(DAY);
        await world.report(2_000);
        await world.execute(sell(ONE / 1_000n));
      },
    );

    it(
      cites("no loss limit at all still lets a keeper take out", INVARIANT.BUDGET_LOSS, INVARIANT.PLAN_LIMIT),
      async () => {
        const world = await networkHelpers.loadFixture(still);
        await world.execute({ mints: [await world.around(3_000, 1_200)] });
        await tighten(world, { maxPlanLossBps: 0, lossCapBps: 0, turnoverCapBps: 0, churnCapBps: 0 });
        for (let i = 1; i < 6; i++) {
          await world.movePools(2_000 + i);
          await world.execute({ burns: [{ index: 0, fraction: ONE / 7n + BigInt(i) }] });
        }
        await world.execute({ burns: [{ index: 0 }] });
        await expect(keeper(world).execute(await world.plan(sell(ONE / 1_000n)))).to.be.revertedWithCustomError(
          world.planErrors,
          "LossAboveLimit",
        );
      },
    );
  });
}
