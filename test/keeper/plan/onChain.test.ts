import { expect } from "chai";

import { observe } from "../../../keeper/observe/observe.ts";
import { toState } from "../../../keeper/observe/toState.ts";
import { executeCalldata, executedPlan } from "../../../keeper/plan/calldata.ts";
import { predictCharge } from "../../../keeper/plan/charge.ts";
import { makePlan, type PlannedOutcome } from "../../../keeper/plan/plan.ts";
import { readReach } from "../../../keeper/plan/reach.ts";
import { sqrtPriceOf } from "../../../keeper/plan/model.ts";
import type { Caps } from "../../../scripts/deploy/strata.ts";
import type { Decision, VaultState } from "../../../keeper/strategy/types.ts";
import { figure } from "../../support/figures.ts";
import { deployWorld, ORDERS, WIDE_CAPS, type World } from "../../support/world.ts";
import { around, decisionOf, NO_MEMORY, recentre, rigFor, type Rig } from "../rig.ts";
import { rigForEach } from "../rigForEach.ts";

const UNIT = 10n ** 18n;
const OPTIONS = { tolerance: 0.005, lifetime: 600, decisionHash: `0x${"cd".repeat(32)}` };

for (const order of ORDERS) {
  describe(`a plan on the chain, ${order.name}`, () => {
    let world: World;
    let rig: Rig;

    rigForEach(
      (fresh) => {
        rig = fresh;
        world = rig.world;
      },
      { quoteIsToken0: order.quoteIsToken0 },
    );

    async function planned(decide: (state: VaultState) => Decision, exact = false): Promise<PlannedOutcome> {
      const snapshot = await observe(rig.node, rig.addresses, rig.wallet.address);
      const decision = decide(toState(snapshot, NO_MEMORY));
      if (!exact) return makePlan(decision, snapshot, OPTIONS);
      return makePlan(decision, snapshot, { ...OPTIONS, pools: await readReach(rig.node, snapshot, decision) });
    }

    async function run(outcome: PlannedOutcome): Promise<bigint> {
      const data = executeCalldata(outcome.plan);
      const sent = await world.who.keeper.sendTransaction({ to: rig.addresses.vault, data, gasLimit: 5_000_000n });
      await sent.wait();
      const receipt = await rig.node.receipt(sent.hash);
      const executed = receipt === null ? null : executedPlan(receipt, rig.addresses.vault);
      if (executed === null) throw new Error("the plan did not run");
      return executed.chargeX18;
    }

    /** A world of other limits on the same chain, for one test: the fixture brings the first one back. */
    async function another(caps: Partial<Caps>): Promise<void> {
      world = await deployWorld(world.connection, {
        quoteIsToken0: order.quoteIsToken0,
        caps: { ...WIDE_CAPS, ...caps },
      });
      rig = rigFor(world);
      await world.firstDeposit(world.who.alice, 1_000_000n * UNIT);
    }

    /** Plans, runs, and compares what is there afterwards, the budgets too, with what was planned. */
    async function compare(decide: (state: VaultState) => Decision, exact = false): Promise<PlannedOutcome> {
      const before = await observe(rig.node, rig.addresses, rig.wallet.address);
      const outcome = await planned(decide, exact);
      const charge = await run(outcome);
      const after = await observe(rig.node, rig.addresses, rig.wallet.address);
      const elapsed = after.timestamp - before.timestamp;
      const predicted = predictCharge(outcome, before, { elapsed });
      if (predicted === null) throw new Error("nothing predicted");
      const there = after.positions.map((one) => one.liquidity).sort();
      const wanted = outcome.held.map((one) => one.liquidity).sort();
      expect([after.idle0, after.idle1]).to.deep.equal([outcome.idle.amount0, outcome.idle.amount1]);
      expect(there).to.deep.equal(wanted);
      expect(charge).to.equal(predicted.chargeX18);
      const { lossE12, turnoverE12, churnE12 } = await world.vault.budgets();
      expectLevel(lossE12, predicted.lossE12);
      expectLevel(turnoverE12, predicted.turnoverE12);
      expectLevel(churnE12, predicted.churnE12);
      const left = { perShare0X96: after.left0PerShareX96, perShare1X96: after.left1PerShareX96 };
      expect(left).to.deep.equal(predicted.left);
      return outcome;
    }

    /** The chain drains once from plan to plan, the prediction in two steps, each rounded up. */
    function expectLevel(chain: bigint, predicted: bigint): void {
      const more = predicted - chain;
      expect(more === 0n || more === 1n, `${predicted} predicted, ${chain} on chain`).to.equal(true);
    }

    it("leaves to the wei what was planned: first ranges, in two tiers", async () => {
      await compare((state) => {
        const mint = { maxBase: state.idleBase * 0.3, maxQuote: state.idleQuote * 0.3 };
        return decisionOf(state, {
          mints: [
            { ...around(state, 3_000, 4_000), ...mint },
            { ...around(state, 500, 2_000), ...mint },
          ],
        });
      });
    });

    it("leaves to the wei what was planned: moves in part and compounds, with fees to collect", async () => {
      await run(await planned((state) => recentre(state, 3_000, 4_000, 0.4)));
      await world.swap(3_000, !order.quoteIsToken0, 5n * 10n ** 18n);
      await world.swap(3_000, order.quoteIsToken0, 10_000n * 10n ** 6n);
      await compare((state) => {
        const [held] = state.positions;
        if (held === undefined) throw new Error("no position");
        return decisionOf(state, {
          burns: [{ index: held.index, fraction: 1 / 3 }],
          mints: [
            { ...around(state, 500, 3_000), maxBase: state.idleBase * 0.1, maxQuote: state.idleQuote * 0.1 },
            // Into the range that stands there already.
            {
              fee: held.fee,
              tickLower: held.tickLower,
              tickUpper: held.tickUpper,
              maxBase: held.feesBase + 1,
              maxQuote: held.feesQuote + 2_000,
            },
          ],
        });
      });
    });

    it("leaves to the wei what was planned: swaps that cross no tick, in a tier that it burns from and mints into", async () => {
      await run(await planned((state) => recentre(state, 3_000, 4_000, 0.6)));
      for (const sell of ["base", "quote"] as const) {
        await compare((state) => {
          const amount = sell === "base" ? 10 : 20_000;
          return decisionOf(state, {
            burns: state.positions.map(({ index }) => ({ index, fraction: 0.75 })),
            swaps: [
              { fee: 3_000, sell, amount, maxSlippage: 0.01 },
              { fee: 500, sell, amount: amount / 2, maxSlippage: 0.01 },
            ],
            mints: [
              { ...around(state, 3_000, 5_000), maxBase: state.idleBase * 0.1, maxQuote: state.idleQuote * 0.1 },
              { ...around(state, 500, 5_000), maxBase: state.idleBase * 0.1, maxQuote: state.idleQuote * 0.1 },
            ],
          });
        });
      }
    });

    it("leaves to the wei what was planned: swaps across ticks, where the ticks in reach are read", async () => {
      await another({ maxPlanLossBps: 100 });
      await run(await planned((state) => recentre(state, 500, 4_000, 0.3)));
      // Strangers' ranges, so that both ways are full of ticks: also at the price itself and where the vault's own ranges end.
      for (const [fee, spacing] of [
        [500, 10],
        [3_000, 60],
      ] as const) {
        const tick = Math.floor((await world.tick(fee)) / spacing) * spacing;
        const [held] = (await world.book()).positions;
        if (held === undefined) throw new Error("no position");
        const pool = world.pool(fee);
        const ranges = [
          [tick - spacing, tick],
          [tick, tick + spacing],
          [tick - 4 * spacing, tick + 2 * spacing],
          [tick - 9 * spacing, tick + 7 * spacing],
          ...(fee === held.fee ? [[held.tickLower, tick + 3 * spacing] as const] : []),
        ] as const;
        const liquidity = ((await pool.contract.getFunction("liquidity").staticCall()) as bigint) / 3n;
        for (const [lower, upper] of ranges) {
          const data = pool.contract.interface.encodeFunctionData("mint", [
            await world.market.getAddress(),
            lower,
            upper,
            liquidity,
            "0x",
          ]);
          await world.market.run([{ target: pool.address, data }]);
        }
      }
      let crossed = 0;
      for (const sell of ["base", "quote"] as const) {
        const outcome = await compare((state) => {
          const amount = sell === "base" ? 30 : 60_000;
          return decisionOf(state, {
            burns: state.positions.map(({ index }) => ({ index, fraction: 0.75 })),
            swaps: [
              { fee: 500, sell, amount, maxSlippage: 0.01 },
              { fee: 3_000, sell, amount: amount / 2, maxSlippage: 0.01 },
              // Back through what it has just crossed.
              {
                fee: 500,
                sell: sell === "base" ? "quote" : "base",
                amount: sell === "base" ? 50_000 : 25,
                maxSlippage: 0.01,
              },
            ],
            mints: [{ ...around(state, 500, 3_000), maxBase: state.idleBase * 0.1, maxQuote: state.idleQuote * 0.1 }],
          });
        }, true);
        expect(outcome.swaps.every((swap) => swap.crossed !== null)).to.equal(true);
        crossed += outcome.swaps.reduce((sum, swap) => sum + (swap.crossed ?? 0), 0);
        await world.movePools(2_000);
        await world.report(2_000);
      }
      expect(crossed > 6, `${crossed}`).to.equal(true);
      figure(`six swaps crossed ${crossed} ticks`);
    });

    it("leaves to the wei what was planned after fees of which the treasury has a part, and charges churn", async () => {
      await another({ treasuryShareBps: 1_000 });
      // The vault adopts the policy's share when it is set up.
      expect((await world.vault.treasuryBook()).shareBps).to.equal(1_000n);
      await compare((state) => recentre(state, 3_000, 2_000, 0.6));
      await world.swap(3_000, !order.quoteIsToken0, 60n * 10n ** 18n);
      await world.swap(3_000, order.quoteIsToken0, 50_000n * 10n ** 6n);
      await world.report(2_000);
      const owed = await world.vault.treasuryBook();
      await compare((state) => recentre(state, 3_000, 3_000, 0.5));
      const later = await world.vault.treasuryBook();
      expect(later.amount0 > owed.amount0 && later.amount1 > owed.amount1).to.equal(true);
      await compare((state) =>
        decisionOf(state, {
          burns: state.positions.map(({ index }) => ({ index, fraction: 0.5 })),
          mints: [{ ...around(state, 500, 4_000), maxBase: state.idleBase * 0.1, maxQuote: state.idleQuote * 0.1 }],
        }),
      );
      // The pool stands off the feeds' price, so what was minted at its spot is worth less at theirs.
      expect((await world.vault.budgets()).churnE12 > 0n).to.equal(true);
    });

    it("foresees what ranges would lose to arbitrage, and which plan is refused for it", async () => {
      await another({ lvrLimitBps: 1, volFloorBps: 5_000 });
      const refused = async (halfWidth: number): Promise<boolean> => {
        const snapshot = await observe(rig.node, rig.addresses, rig.wallet.address);
        const outcome = await planned((state) => recentre(state, 3_000, halfWidth, 0.5));
        const predicted = predictCharge(outcome, snapshot);
        if (predicted === null) throw new Error("nothing predicted");
        const over = predicted.arbitragePerYear > predicted.arbitrageLimit;
        if (over) {
          const sent = run(outcome);
          await expect(sent)
            .to.be.revertedWithCustomError(world.planErrors, "ArbitrageAboveLimit")
            .withArgs(predicted.arbitragePerYear, predicted.arbitrageLimit);
        } else await run(outcome);
        return over;
      };
      expect(await refused(1_000)).to.equal(true);
      expect(await refused(60_000)).to.equal(false);
    });

    it("is not reverted by dust that leaves while a position is all in one token", async () => {
      await run(
        await planned((state) => {
          const { fee, tickLower, tickUpper } = around(state, 3_000, 600);
          const shift = 1_800;
          const range = { fee, tickLower: tickLower + shift, tickUpper: tickUpper + shift };
          return decisionOf(state, { mints: [{ ...range, maxBase: state.idleBase * 0.5, maxQuote: 0 }] });
        }),
      );
      // At every price of the tolerance this burn brings the same, so only the allowance for amounts has room.
      const outcome = await planned((state) =>
        decisionOf(state, { burns: state.positions.map(({ index }) => ({ index, fraction: 1 })) }),
      );
      await world.withdraw(world.who.alice, 10n ** 18n);
      await run(outcome);
    });

    it("uses all of both tokens when told to: of one only dust is left", async () => {
      const outcome = await planned((state) => recentre(state, 3_000, 4_000, 1));
      await run(outcome);
      const after = await observe(rig.node, rig.addresses, rig.wallet.address);
      const left = order.quoteIsToken0 ? [after.idle1, after.idle0] : [after.idle0, after.idle1];
      // One of the two is all but gone.
      expect(Number(left[0]) < 1e10 || Number(left[1]) < 10).to.equal(true);
    });

    it("still runs after the price moved inside the tolerance, and somebody left dust", async () => {
      await run(await planned((state) => recentre(state, 3_000, 4_000, 0.5)));
      for (const price of [1_992, 2_008]) {
        await world.movePools(2_000);
        const outcome = await planned((state) => recentre(state, 3_000, 3_000, 0.5));
        await world.withdraw(world.who.alice, 10n ** 15n);
        await world.movePools(price);
        await run(outcome);
      }
    });

    it("refuses a burn after the price has moved further", async () => {
      await run(await planned((state) => recentre(state, 3_000, 4_000, 0.5)));
      const outcome = await planned((state) => recentre(state, 3_000, 3_000, 0.5));
      // Past the tolerance, inside the oracle's band.
      const target = sqrtPriceOf(world.priceX96(2_019), order.quoteIsToken0);
      for (const fee of [500, 3_000, 10_000]) await world.movePool(fee, target);
      await expect(run(outcome)).to.be.revertedWithCustomError(world.planErrors, "SlippageOnBurn");
    });
  });
}
