/** Plans with sleeve moves on Morpho Blue's own code: what was predicted and what the chain did, to the wei. */
import { expect } from "chai";

import { observe } from "../../../keeper/observe/observe.ts";
import { snapshotFromJson, toJsonable, type Snapshot } from "../../../keeper/observe/snapshot.ts";
import { toState } from "../../../keeper/observe/toState.ts";
import { executeCalldata, executedPlan } from "../../../keeper/plan/calldata.ts";
import { predictCharge } from "../../../keeper/plan/charge.ts";
import { makePlan, type PlannedOutcome } from "../../../keeper/plan/plan.ts";
import type { Decision, SleeveMove, VaultState } from "../../../keeper/strategy/types.ts";
import { expectClose } from "../../support/close.ts";
import { deployMorphoWorld, type MorphoWorld } from "../../support/morpho.ts";
import { deployMorphoSleeve, putInPlace } from "../../support/sleeves.ts";
import { ORDERS, type World } from "../../support/world.ts";
import { decisionOf, NO_MEMORY, recentre, type Rig } from "../rig.ts";
import { rigForEach } from "../rigForEach.ts";

const OPTIONS = { tolerance: 0.005, lifetime: 600, decisionHash: `0x${"cd".repeat(32)}` };
const CONVERSION = 0;

for (const order of ORDERS) {
  describe(`a plan with sleeves on the chain, ${order.name}`, () => {
    let world: World;
    let rig: Rig;
    let lending: MorphoWorld;

    rigForEach(
      (fresh) => {
        rig = fresh;
        world = rig.world;
      },
      { quoteIsToken0: order.quoteIsToken0 },
    );

    beforeEach(async () => {
      lending = await deployMorphoWorld(world);
      const sleeve = await deployMorphoSleeve(lending, lending.conversion);
      await putInPlace(world, CONVERSION, await sleeve.getAddress());
      // Interest has made the market's shares uneven; from now on none runs, so that two blocks see one debt.
      await lending.setRate(lending.conversion, 0n);
    });

    const look = (): Promise<Snapshot> => observe(rig.node, rig.addresses, rig.wallet.address);

    async function run(outcome: PlannedOutcome): Promise<bigint> {
      const data = executeCalldata(outcome.plan);
      const sent = await world.who.keeper.sendTransaction({ to: rig.addresses.vault, data, gasLimit: 8_000_000n });
      await sent.wait();
      const receipt = await rig.node.receipt(sent.hash);
      const executed = receipt === null ? null : executedPlan(receipt, rig.addresses.vault);
      if (executed === null) throw new Error("the plan did not run");
      return executed.chargeX18;
    }

    async function compare(decide: (state: VaultState) => Decision): Promise<Snapshot> {
      const before = await look();
      const outcome = makePlan(decide(toState(before, NO_MEMORY)), before, OPTIONS);
      const charge = await run(outcome);
      const after = await look();
      const predicted = predictCharge(outcome, before, { elapsed: after.timestamp - before.timestamp });
      if (predicted === null) throw new Error("nothing predicted");
      expect([after.idle0, after.idle1]).to.deep.equal([outcome.idle.amount0, outcome.idle.amount1]);
      for (const { index, nets } of after.sleeves) {
        const wanted = outcome.sleeves.after.get(index);
        expect([nets.low0, nets.low1]).to.deep.equal([wanted?.net0, wanted?.net1]);
      }
      expect(charge).to.equal(predicted.chargeX18);
      const { lossE12, turnoverE12, churnE12 } = await world.vault.budgets();
      for (const [there, mine] of [
        [lossE12, predicted.lossE12],
        [turnoverE12, predicted.turnoverE12],
        [churnE12, predicted.churnE12],
      ] as const) {
        // The chain drains once from plan to plan, the prediction in two steps, each rounded up.
        expect(mine - there === 0n || mine - there === 1n, `${mine} predicted, ${there} on chain`).to.equal(true);
      }
      const left = { perShare0X96: after.left0PerShareX96, perShare1X96: after.left1PerShareX96 };
      expect(left).to.deep.equal(predicted.left);
      return after;
    }

    const move = (token: "base" | "quote", take: boolean, afterSwaps: boolean, amount: number, all = false): SleeveMove => ({
      sleeve: CONVERSION,
      token,
      take,
      afterSwaps,
      amount,
      ...(all ? { all } : {}),
    });

    /** Collateral of 50,000, a debt of 15 base that is sold, half of what that brings as more collateral. */
    const open = (state: VaultState): Decision =>
      decisionOf(state, {
        sleeveMoves: [
          move("quote", false, false, 50_000),
          move("base", true, false, 15),
          move("quote", false, true, 15_000),
        ],
        swaps: [{ fee: 500, sell: "base", amount: 15, maxSlippage: 0.01 }],
      });

    it("opens, steps up, repays in part and closes a conversion beside a core", async () => {
      await compare((state) => recentre(state, 3_000, 4_000, 0.6));
      const opened = toState(await compare(open), NO_MEMORY);
      const [sleeve] = opened.sleeves;
      expect(sleeve).to.deep.include({ index: 0, kind: "conversion", asset: "quote", live: true, allowed: true });
      expectClose(sleeve?.owned, 65_000, 1e-3);
      expectClose(sleeve?.owed, 15, 1e-9);
      await world.pass(3_600);
      await world.report(2_004);
      await world.movePools(2_000);
      await compare(open);
      await world.movePools(2_000);
      // With a burn and a mint in the same plan.
      await compare((state) => {
        const again = recentre(state, 3_000, 5_000, 0.4);
        return {
          ...again,
          sleeveMoves: [move("base", false, true, 10), move("quote", true, true, 30_000)],
        };
      });
      const closed = await compare((state) =>
        decisionOf(state, {
          sleeveMoves: [move("base", false, false, 20, true), move("quote", true, false, 100_000, true)],
        }),
      );
      expect(closed.sleeves[0]).to.deep.include({ live: false, units: 0n });
      expect(closed.sleeves[0]?.nets).to.deep.equal({ low0: 0n, low1: 0n, high0: 0n, high1: 0n });
    });

    it("charges interest as churn and foresees it from the snapshot", async () => {
      await compare(open);
      // A tenth of a percent a day.
      await lending.setRate(lending.conversion, 10n ** 15n / 86_400n);
      await world.pass(86_400);
      await world.report(2_000);
      await lending.setRate(lending.conversion, 0n);
      const later = await compare((state) => decisionOf(state, { sleeveMoves: [move("base", false, false, 1)] }));
      expect(later.budgets.churnE12 > 0n).to.equal(true);
    });

    it("still runs after the price moved inside the tolerance, whose minima it keeps", async () => {
      for (const price of [1_994, 2_006]) {
        const before = await look();
        const outcome = makePlan(open(toState(before, NO_MEMORY)), before, OPTIONS);
        expect(outcome.plan.moves.map(({ min }) => min > 0n)).to.deep.equal([true, true, true]);
        await world.withdraw(world.who.alice, 10n ** 15n);
        await world.movePools(price);
        await run(outcome);
        await world.movePools(2_000);
      }
    });

    it("shows sleeves in the snapshot, and in its JSON form to the last bit", async () => {
      await compare(open);
      const now = await look();
      const text = JSON.stringify(toJsonable(now));
      expect(snapshotFromJson(JSON.parse(text) as ReturnType<typeof toJsonable<typeof now>>)).to.deep.equal(now);
      const state = toState(now, NO_MEMORY);
      const [sleeve] = state.sleeves;
      expectClose(sleeve?.threshold, 0.86, 1e-12);
      expectClose(sleeve?.opening, 1.32, 1e-12);
      expectClose(sleeve?.health, (0.86 * 65_000) / (15 * 2_000), 1e-3);
      expect(sleeve).to.deep.include({ cap: 1, supplyRate: 0, obstacle: "none", sound: true });
      // A sale lost a little; the sleeve itself is worth what was put in less what is owed.
      expect(state.nav).to.be.within(999_900, 1_000_000);
    });
  });
}
