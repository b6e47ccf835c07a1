/** The loss budget. */
import { expect } from "chai";
import { network } from "hardhat";

import { ONE } from "../../support/arithmetic.ts";
import { capacityOf } from "../../support/chargeModel.ts";
import { figure } from "../../support/figures.ts";
import { setCaps } from "../../support/governance.ts";
import { ORDERS, type PlanSteps } from "../../support/world.ts";
import { cites, INVARIANT } from "../invariants.ts";
import { DAY, keeper, levelsNow, sell, setLevels, worldsOf } from "./support.ts";

const connection = await network.create();
const { networkHelpers } = connection;

for (const order of ORDERS) {
  const { open, still } = worldsOf(connection, order.quoteIsToken0);

  describe(`contracts/buckets/loss: ${order.name}`, () => {
    it(
      cites(
        "loss fills up to the capacity, to the unit, and not by one more",
        INVARIANT.BUDGET_LOSS,
        INVARIANT.BUDGET_LEVEL,
      ),
      async () => {
        const world = await networkHelpers.loadFixture(still);
        const start = await networkHelpers.takeSnapshot();
        const { chargeX18 } = await world.execute(sell(ONE / 10n));
        const { loss: charge } = await levelsNow(world);
        expect(charge).to.equal((chargeX18 + 999_999n) / 1_000_000n);
        expect(charge > 0n).to.equal(true);
        await start.restore();
        const capacity = capacityOf(100);
        await setLevels(world, { loss: capacity - charge + 1n });
        await expect(keeper(world).execute(await world.plan(sell(ONE / 10n))))
          .to.be.revertedWithCustomError(world.planErrors, "LossBudgetSpent")
          .withArgs(capacity + 1n, capacity);
        await setLevels(world, { loss: capacity - charge });
        await world.execute(sell(ONE / 10n));
        expect((await levelsNow(world)).loss).to.equal(capacity);
        // Full is full for the least charge, and still nothing for a plan that loses nothing.
        await expect(keeper(world).execute(await world.plan(sell(ONE / 10n ** 9n))))
          .to.be.revertedWithCustomError(world.planErrors, "LossBudgetSpent")
          .withArgs((level: bigint) => level > capacity && level < capacity + 10n, capacity);
        await world.execute({});
      },
    );

    it(cites("loss drains at its rate, rounded down, to nothing and no further", INVARIANT.BUDGET_LEVEL), async () => {
      const world = await networkHelpers.loadFixture(still);
      await world.execute(sell(ONE / 2n));
      const { loss } = await levelsNow(world);
      const from = await world.now();
      await setCaps(world, { lossRefillBps: 7 });
      for (const seconds of [10, 11, 3_600, 86_399, 86_400]) {
        await networkHelpers.time.increaseTo(from + seconds);
        expect((await levelsNow(world)).loss).to.equal(loss - (BigInt(seconds) * 7n * 10n ** 8n) / 86_400n);
      }
      await world.pass(400 * DAY);
      expect((await levelsNow(world)).loss).to.equal(0n);
      await world.report(2_000);
      const { chargeX18 } = await world.execute(sell(ONE / 50n));
      expect((await levelsNow(world)).loss).to.equal((chargeX18 + 999_999n) / 1_000_000n);
    });

    it(
      cites(
        "over twelve days no more than capacity and refill together is lost, however often the keeper asks",
        INVARIANT.BUDGET_LOSS,
      ),
      async () => {
        const world = await networkHelpers.loadFixture(open);
        await setCaps(world, { lossCapBps: 20, lossRefillBps: 5 });
        let [charged, plans, refused] = [0n, 0, 0];
        const start = await world.now();
        let direction = true;
        for (let half = 0; half < 24; half++) {
          for (;;) {
            try {
              const { chargeX18 } = await world.execute({
                swaps: [{ fee: 500, zeroForOne: direction, fraction: ONE / 8n }],
              });
              charged += chargeX18;
              plans++;
              direction = !direction;
            } catch (error) {
              if (!String(error).includes("BudgetSpent")) throw error;
              refused++;
              break;
            }
          }
          await world.movePools(2_000);
          await world.pass(DAY / 2);
          await world.report(2_000);
        }
        const days = ((await world.now()) - start) / DAY;
        const most = 20 + 5 * days;
        const spent = Number(charged) / 1e14;
        figure(
          `${plans} plans, ${refused} refused, ${spent.toFixed(2)} bps in ${days.toFixed(1)} days; budget ${most.toFixed(2)}`,
        );
        expect(spent <= most && spent > 0.8 * most).to.equal(true);
      },
    );

    it(cites("a plan of dust pays at least a unit, each time", INVARIANT.BUDGET_LEVEL), async () => {
      const world = await networkHelpers.loadFixture(still);
      const [range] = [await world.around(3_000, 1_200)];
      for (const steps of [
        sell(ONE / 10n ** 15n),
        sell(10n),
        { mints: [{ ...range, fraction0: ONE / 10n ** 12n, fraction1: ONE / 10n ** 12n }] },
        { mints: [{ ...range, fraction0: ONE / 10n ** 14n, fraction1: ONE / 10n ** 14n }] },
      ] satisfies PlanSteps[]) {
        const { loss } = await levelsNow(world);
        const { chargeX18 } = await world.execute(steps);
        expect(chargeX18 >= 1n && chargeX18 < 10n ** 7n, `${chargeX18}`).to.equal(true);
        expect((await levelsNow(world)).loss - loss).to.equal((chargeX18 + 999_999n) / 1_000_000n);
      }
    });
  });
}
