/** What the overlay rules decide at their limits, on Morpho Blue's own code: the chain takes every plan. */
import { expect } from "chai";

import { observe } from "../../../keeper/observe/observe.ts";
import { toPolicy, toState } from "../../../keeper/observe/toState.ts";
import { executeCalldata, executedPlan } from "../../../keeper/plan/calldata.ts";
import { predictCharge } from "../../../keeper/plan/charge.ts";
import { makePlan } from "../../../keeper/plan/plan.ts";
import { strategyConfig } from "../../../keeper/strategy/config.ts";
import { decide } from "../../../keeper/strategy/decide.ts";
import type { Decision, SleeveState, VaultState } from "../../../keeper/strategy/types.ts";
import { deployMorphoWorld, type MorphoWorld } from "../../support/morpho.ts";
import { deployMorphoSleeve, putInPlace } from "../../support/sleeves.ts";
import { ORDERS, type World } from "../../support/world.ts";
import { NO_MEMORY, recentre, type Rig } from "../rig.ts";
import { rigForEach } from "../rigForEach.ts";
import { makeSignals } from "./world.ts";

const OPTIONS = { tolerance: 0.005, lifetime: 600, decisionHash: `0x${"cd".repeat(32)}` };
const CONFIG = strategyConfig({
  rules: { ...strategyConfig().rules, reversal: true, rangeShift: false, compound: false, settle: false },
  // The pools are small here; idle base stays where it is.
  hedge: { maxImpact: 0.005, deliverFrom: 2 },
});
const DELIVERING = strategyConfig({ ...CONFIG, hedge: { ...CONFIG.hedge, deliverFrom: 0.8 } });

for (const order of ORDERS) {
  describe(`overlays at their limits on a chain, ${order.name}`, () => {
    let world: World;
    let rig: Rig;
    let lending: MorphoWorld;
    let price: number;

    rigForEach(
      (fresh) => {
        rig = fresh;
        world = rig.world;
      },
      { quoteIsToken0: order.quoteIsToken0 },
    );

    beforeEach(async () => {
      lending = await deployMorphoWorld(world);
      price = 2_000;
      const state = await look();
      await carryOut(recentre(state, 3_000, 4_000, 0.6));
    });

    const place = async (index: number, capBps: number): Promise<void> => {
      const market = index === 0 ? lending.conversion : lending.reversal;
      await putInPlace(world, index, await (await deployMorphoSleeve(lending, market)).getAddress(), capBps);
      // From now on no interest runs, so that two blocks see one debt.
      await lending.setRate(market, 0n);
    };

    async function look(): Promise<VaultState> {
      return toState(await observe(rig.node, rig.addresses, rig.wallet.address), NO_MEMORY);
    }

    /** The chain takes the plan and charges it as foreseen. */
    async function carryOut(decision: Decision): Promise<VaultState> {
      const before = await observe(rig.node, rig.addresses, rig.wallet.address);
      const outcome = makePlan(decision, before, OPTIONS);
      const data = executeCalldata(outcome.plan);
      const sent = await world.who.keeper.sendTransaction({ to: rig.addresses.vault, data, gasLimit: 8_000_000n });
      await sent.wait();
      const receipt = await rig.node.receipt(sent.hash);
      const charge = receipt === null ? null : executedPlan(receipt, rig.addresses.vault)?.chargeX18;
      expect(charge).to.equal(predictCharge(outcome, before)?.chargeX18);
      return look();
    }

    /** A day later, at a price: what is decided is carried out. @returns the state, and what was said */
    async function day(
      bearish: number,
      at = price,
      config = CONFIG,
    ): Promise<{ state: VaultState; said: string; moved: boolean }> {
      price = at;
      await world.report(price);
      await world.movePools(price);
      await world.pass(25 * 3_600);
      await world.report(price);
      await world.movePools(price);
      const snapshot = await observe(rig.node, rig.addresses, rig.wallet.address);
      const state = toState(snapshot, { ...NO_MEMORY, lastReserveMove: snapshot.timestamp });
      const signals = makeSignals({ trendEnsemble: bearish, realisedVolatility30d: 0.8 });
      const decision = decide(state, signals, toPolicy(snapshot), config);
      const said = decision.reasons.map(({ text }) => text).join(" ");
      const moved = decision.sleeveMoves.length > 0;
      return { state: moved ? await carryOut(decision) : await look(), said, moved };
    }

    const sleeveOf = (state: VaultState, index: number): SleeveState =>
      state.sleeves.find((one) => one.index === index)!;

    it("delivers idle base against a debt at its cap, and borrows on; to the wei as foreseen", async () => {
      await place(0, 1_000);
      const next = () => day(1, price, DELIVERING);
      let last = await next();
      for (let days = 0; last.moved && !last.said.includes("is delivered") && days < 6; days++) last = await next();
      expect(last.said).to.contain("its cap is 10 %").and.to.contain("idle base is delivered against the debt");
      const after = await next();
      expect(after.moved, after.said).to.equal(true);
      expect(sleeveOf(after.state, 0).owed).to.be.greaterThan(sleeveOf(last.state, 0).owed);
    });

    it("borrows to its cap, and above it after a fall by taking out what is too much", async () => {
      await place(0, 2_000);
      let last = await day(1);
      for (let days = 0; last.moved && days < 6; days++) last = await day(1);
      expect(last.moved, last.said).to.equal(false);
      expect(last.said).to.contain("its cap is 20 %");
      const full = sleeveOf(last.state, 0);
      expect(full.owned / last.state.nav).to.be.within(0.19, 0.2);

      const fallen = await day(1, 1_700);
      expect(fallen.moved, fallen.said).to.equal(true);
      const after = sleeveOf(fallen.state, 0);
      // Its cap had come down to it with NAV: less is owned and more is owed.
      expect(full.owned / fallen.state.nav).to.be.greaterThan(0.2);
      expect(after.owned).to.be.lessThan(full.owned);
      expect(after.owed).to.be.greaterThan(full.owed);
      expect(after.owned / fallen.state.nav).to.be.within(0.19, 0.2);
      const still = await day(1);
      expect(still.moved, still.said).to.equal(false);

      // While the oracle is silent the sleeves count for NAV, too, at the pools' price.
      const nav = still.state.nav;
      await world.pass(3 * 86_400);
      const silent = await look();
      expect(silent.price).to.equal(null);
      expect(silent.nav / nav).to.be.within(0.99, 1.01);

      let down = await day(0);
      for (let days = 0; down.moved && days < 6; days++) down = await day(0);
      expect(sleeveOf(down.state, 0)).to.deep.include({ owned: 0, owed: 0, live: false });
    });

    it("opens a reversal to its cap and closes it whole when the trend turns", async () => {
      await place(1, 1_000);
      let last = await day(0);
      expect(last.moved, last.said).to.equal(true);
      for (let days = 0; last.moved && days < 6; days++) last = await day(0);
      const { owned, owed, health } = sleeveOf(last.state, 1);
      expect((owned * price) / last.state.nav).to.be.within(0.05, 0.1);
      expect(owed).to.be.greaterThan(0);
      expect(health).to.be.within(1.42, 1.45);
      let down = await day(1);
      for (let days = 0; down.moved && days < 6; days++) down = await day(1);
      expect(sleeveOf(down.state, 1)).to.deep.include({ owned: 0, owed: 0, live: false });
    });
  });
}
