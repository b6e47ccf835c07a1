/** What all three levels have in common. */
import { expect } from "chai";
import { network } from "hardhat";

import { ONE, Random } from "../../support/arithmetic.ts";
import { capacityOf, MAX_LEVEL } from "../../support/chargeModel.ts";
import { figure } from "../../support/figures.ts";
import { setCaps } from "../../support/governance.ts";
import { deployWorld, ORDERS, type MintStep, type PlanSteps } from "../../support/world.ts";
import { cites, INVARIANT } from "../invariants.ts";
import { Ledger } from "./ledger.ts";
import { DAY, keeper, levelsNow, moveTo, NOTHING, sell, setLevels, worldsOf } from "./support.ts";

const connection = await network.create();
const { networkHelpers } = connection;

const TREASURY_BPS = 700;

function randomPlan(random: Random, ticks: ReadonlyMap<number, number>, held: readonly number[]): PlanSteps {
  const spacing: Readonly<Record<number, number>> = { 500: 10, 3_000: 60, 10_000: 200 };
  const mints: MintStep[] = [];
  for (let i = random.int(0, 2); i > 0; i--) {
    const fee = random.pick([500, 3_000, 10_000]);
    const step = spacing[fee] ?? 1;
    const centre = (ticks.get(fee) ?? 0) + random.int(-200, 200);
    const half = random.int(800, 4_000);
    mints.push({
      fee,
      tickLower: Math.floor((centre - half) / step) * step,
      tickUpper: Math.ceil((centre + half) / step) * step,
      fraction0: random.fraction(),
      fraction1: random.fraction(),
    });
  }
  return {
    burns: held.filter(() => random.chance(0.6)).map((index) => ({ index, fraction: random.fraction() })),
    swaps: random.chance(0.6)
      ? [
          {
            fee: random.pick([500, 3_000]),
            zeroForOne: random.chance(0.5),
            fraction: BigInt(random.int(1, 20)) * (ONE / 100n),
          },
        ]
      : [],
    mints,
  };
}

for (const order of ORDERS) {
  const q = order.quoteIsToken0;
  const { still, placed } = worldsOf(connection, q);

  describe(`contracts/buckets/levels: ${order.name}`, () => {
    for (const decimals of [
      { baseDecimals: 18, quoteDecimals: 18 },
      q ? { baseDecimals: 8, quoteDecimals: 18 } : { baseDecimals: 18, quoteDecimals: 6 },
    ]) {
      it(
        cites(
          `levels are the model's over a random path, base ${decimals.baseDecimals} / quote ${decimals.quoteDecimals} decimals`,
          INVARIANT.BUDGET_LEVEL,
          INVARIANT.BUDGET_LOSS,
          INVARIANT.BUDGET_TURNOVER,
          INVARIANT.BUDGET_CHURN,
        ),
        async () => {
          const world = await deployWorld(connection, {
            quoteIsToken0: q,
            ...decimals,
            caps: { maxPlanLossBps: 100, treasuryShareBps: TREASURY_BPS },
          });
          const { alice, bob } = world.who;
          await world.firstDeposit(alice, 100_000n * ONE);
          const ledger = new Ledger(world);
          const random = new Random(decimals.baseDecimals + decimals.quoteDecimals + (q ? 100 : 0));
          let [ran, refused] = [0, 0];
          const charged = { loss: 0, turnover: 0, churn: 0 };
          await ledger.execute({
            mints: [{ ...(await world.around(3_000, 1_200)), fraction0: ONE / 2n, fraction1: ONE / 2n }],
          });
          for (let i = 0; i < 11; i++) {
            const price = 2_000 * (1 + (random.next() - 0.5) / 12);
            await world.movePools(price);
            await world.report(price * (1 + (random.next() - 0.5) * 0.01));
            await world.pass(random.int(3_600, 40_000));
            if (random.chance(0.3)) await world.deposit(bob, random.wei(ONE, 40_000n * ONE));
            if (random.chance(0.3)) await world.withdraw(alice, random.wei(ONE, 10_000n * ONE));
            const ticks = new Map<number, number>();
            for (const fee of world.pools.keys()) ticks.set(fee, await world.tick(fee));
            const held = (await world.book()).positions.map((p) => p.index);
            try {
              const charges = await ledger.execute(randomPlan(random, ticks, held));
              ran++;
              for (const name of ["loss", "turnover", "churn"] as const) if (charges[name] > 0n) charged[name]++;
            } catch (error) {
              if (
                !/LossAboveLimit|BudgetSpent|SlippageOnMint|SpotOutsideBand|ArbitrageAbove|WidthNot|'AS'/.test(
                  String(error),
                )
              )
                throw error;
              refused++;
            }
          }
          figure(
            `${ran} plans, ${refused} refused; charged: loss ${charged.loss}, turnover ${charged.turnover}, churn ${charged.churn}; ` +
              `chain above the model by at most ${ledger.worst}e-12 of NAV`,
          );
          expect(
            ran >= 6 && charged.loss > 3 && charged.turnover > 1 && charged.churn > 1,
            "too little was charged",
          ).to.equal(true);
          // A wei of an 18-decimals quote is nothing beside 1e-12 of NAV: there the levels are the model's to the unit.
          if (decimals.quoteDecimals === 18 && decimals.baseDecimals === 18) expect(ledger.worst <= 1n).to.equal(true);
        },
      );
    }

    it(cites("a gain refills nothing", INVARIANT.BUDGET_LEVEL), async () => {
      const world = await networkHelpers.loadFixture(still);
      await world.execute({
        ...sell(ONE / 10n),
        mints: [{ ...(await world.around(500, 400)), fraction0: ONE / 4n, fraction1: ONE / 4n }],
      });
      await setLevels(world, { churn: 10n ** 9n });
      const was = await levelsNow(world);
      // Fees without a move, a present of both tokens, and a better price in the feed than in the pool.
      for (let i = 0; i < 3; i++) {
        await world.movePool(500, ((await world.pool(500).slot0()).sqrtPriceX96 * 1_001n) / 1_000n);
        await world.movePools(2_000);
      }
      const { amount0, amount1 } = world.halves(5_000n * ONE);
      await world.token0.connect(world.who.bob).transfer(world.addresses.vault, amount0);
      await world.token1.connect(world.who.bob).transfer(world.addresses.vault, amount1);
      await world.execute({ burns: [{ index: 0, fraction: 0n }] });
      expect(await levelsNow(world)).to.deep.equal(was);
    });

    it(cites("levels saturate at their forty bits and come down again", INVARIANT.BUDGET_LEVEL), async () => {
      const world = await networkHelpers.loadFixture(placed);
      await setLevels(world, { loss: MAX_LEVEL, turnover: MAX_LEVEL, churn: MAX_LEVEL - 1n });
      await moveTo(world, 2_080);
      await world.execute({});
      expect(await levelsNow(world)).to.deep.equal({ loss: MAX_LEVEL, turnover: MAX_LEVEL, churn: MAX_LEVEL });
      await expect(keeper(world).execute(await world.plan(sell(ONE / 10n))))
        .to.be.revertedWithCustomError(world.planErrors, "LossBudgetSpent")
        .withArgs(MAX_LEVEL, capacityOf(100));
      await world.execute({ burns: [{ index: 0 }] });
      await setCaps(world, { lossRefillBps: 100, turnoverRefillBps: 10_000, churnRefillBps: 1_000 });
      await world.pass(111 * DAY);
      expect(await levelsNow(world)).to.deep.equal(NOTHING);
      await world.report(2_080);
      await world.execute(sell(ONE / 10n));
    });
  });
}
