/** Plans with sleeve moves on Morpho Blue's own code: what was predicted and what the chain did, to the wei. */
import { expect } from "chai";

import { observe } from "../../../keeper/observe/observe.ts";
import { snapshotFromJson, toJsonable, type Snapshot } from "../../../keeper/observe/snapshot.ts";
import { toPolicy, toState } from "../../../keeper/observe/toState.ts";
import { executeCalldata, executedPlan } from "../../../keeper/plan/calldata.ts";
import { predictCharge } from "../../../keeper/plan/charge.ts";
import { makePlan, type PlannedOutcome } from "../../../keeper/plan/plan.ts";
import type { Step } from "../../../keeper/report/attribution.ts";
import { readEvents } from "../../../keeper/report/events.ts";
import { Ledger } from "../../../keeper/report/ledger.ts";
import { decide } from "../../../keeper/strategy/decide.ts";
import type { Decision, SleeveMove, VaultState } from "../../../keeper/strategy/types.ts";
import { expectClose } from "../../support/close.ts";
import { deployMorphoWorld, type MorphoWorld } from "../../support/morpho.ts";
import { deployMorphoSleeve, putInPlace } from "../../support/sleeves.ts";
import { ORDERS, type World } from "../../support/world.ts";
import { decisionOf, NO_MEMORY, recentre, type Rig } from "../rig.ts";
import { makeSignals } from "../strategy/world.ts";
import { rigForEach } from "../rigForEach.ts";

const OPTIONS = { tolerance: 0.005, lifetime: 600, decisionHash: `0x${"cd".repeat(32)}` };
const CONVERSION = 0;
const RESERVE_TERMS = { maxRate: 10n ** 17n, tolerance: 10n ** 15n, premiumBps: 0n };

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

    async function compare(choose: (state: VaultState) => Decision): Promise<Snapshot> {
      const before = await look();
      const outcome = makePlan(choose(toState(before, NO_MEMORY)), before, OPTIONS);
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

    const move = (
      token: "base" | "quote",
      take: boolean,
      afterSwaps: boolean,
      amount: number,
      all = false,
    ): SleeveMove => ({
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

    it("lends idle quote to a reserve and takes it back, its dust too", async () => {
      const { ethers, quote, who } = world;
      const reserve = await ethers.deployContract("LocalReserveVault", [
        await quote.getAddress(),
        "Reserve",
        "LRES",
        0,
      ]);
      const venue = await reserve.getAddress();
      const others = 1_000_000n * 10n ** 6n;
      await quote.mint(who.stranger.address, others);
      await quote.connect(who.stranger).approve(venue, others);
      await reserve.connect(who.stranger).deposit(others, who.stranger.address);
      const sleeve = await ethers.deployContract("Erc4626Sleeve", [world.addresses.vault, venue, venue, RESERVE_TERMS]);
      await putInPlace(world, 2, await sleeve.getAddress());
      const there = (take: boolean, amount: number, all = false): SleeveMove => ({
        ...move("quote", take, false, amount, all),
        sleeve: 2,
      });
      const lent = await compare((state) => decisionOf(state, { sleeveMoves: [there(false, 100_000)] }));
      const held = toState(lent, NO_MEMORY).sleeves.find(({ index }) => index === 2);
      expect(held).to.deep.include({ kind: "reserve", asset: "quote", owed: 0, health: null, units: 1 });
      expectClose(held?.owned, 100_000, 1e-5);
      await compare((state) => decisionOf(state, { sleeveMoves: [there(false, 10_000)] }));
      await compare((state) => decisionOf(state, { sleeveMoves: [there(true, 30_000)] }));
      // Out of the reserve and into the conversion in one plan.
      await compare((state) =>
        decisionOf(state, { sleeveMoves: [there(true, 20_000), move("quote", false, false, 20_000)] }),
      );
      const done = await compare((state) => decisionOf(state, { sleeveMoves: [there(true, 1, true)] }));
      expect(done.sleeves.find(({ index }) => index === 2)).to.deep.include({ live: false, units: 0n });
    });

    it("takes what the strategy decides: a hedge opened in steps, and released to nothing", async () => {
      await compare((state) => recentre(state, 3_000, 4_000, 0.6));
      const told = async (trendEnsemble: number): Promise<Snapshot> => {
        await world.pass(25 * 3_600);
        await world.report(2_000);
        await world.movePools(2_000);
        const signals = makeSignals({ trendEnsemble, realisedVolatility30d: 0.8 });
        const policy = toPolicy(await look());
        return compare((state) => {
          const rested = { ...NO_MEMORY, lastRangeShift: state.time, lastCompound: state.time };
          const decision = decide({ ...state, memory: rested }, signals, policy);
          expect(decision.actions, decision.reasons.map(({ text }) => text).join(" ")).to.deep.equal(["sleeveMove"]);
          return decision;
        });
      };
      const owed = (snapshot: Snapshot): number => toState(snapshot, NO_MEMORY).sleeves[0]?.owed ?? 0;
      const first = owed(await told(1));
      const second = owed(await told(1));
      expect(first).to.be.greaterThan(1);
      expect(second).to.be.greaterThan(first * 1.5);
      let rest = second;
      for (let steps = 0; rest > 0 && steps < 9; steps++) rest = owed(await told(0));
      const end = await look();
      expect(end.sleeves[0]).to.deep.include({ live: false, units: 0n });
    });

    it("is explained by the report: nothing is left over by moves, interest, exits in kind and with units", async () => {
      const pools = (await look()).tiers.map(({ fee, pool }) => ({ fee, address: pool }));
      const { provider } = world.ethers;
      let before = await look();
      const ledger = new Ledger({ state: toState(before, NO_MEMORY), mark: 2_000 });
      const book = async (): Promise<Step> => {
        const after = await look();
        const source = {
          ...after,
          vault: rig.addresses.vault,
          pools,
          sleeves: after.sleeves.map(({ index, sleeve }) => ({ index, address: sleeve })),
        };
        const blocks = [Number(before.blockNumber) + 1, Number(after.blockNumber)] as const;
        const step = ledger.step(
          { state: toState(after, NO_MEMORY), mark: 2_000 },
          await readEvents(provider, source, ...blocks),
        );
        before = after;
        return step;
      };
      await compare(open);
      await book();
      // A tenth of a percent a day on 15 base, compounding.
      await lending.setRate(lending.conversion, 10n ** 15n / 86_400n);
      await world.pass(86_400);
      await lending.setRate(lending.conversion, 0n);
      await world.report(2_000);
      const interest = await book();
      expectClose(interest.terms.carry, -15 * 2_000 * Math.expm1(0.001), 0.002);
      const bob = world.who.bob;
      await world.deposit(bob, 300_000n * 10n ** 18n);
      await book();
      await world.withdraw(bob, 100_000n * 10n ** 18n);
      const inKind = await book();
      expect(inKind.flows).to.be.within(-100_100, -99_900);
      await (await world.vault.connect(bob).withdraw(100_000n * 10n ** 18n, 0, 0, bob.address, 1n)).wait();
      const withUnits = await book();
      expect(withUnits.flows).to.be.within(-100_100, -99_900);
      const { unexplained, sleeves, terms } = ledger.totals();
      expectClose(unexplained, 0, 0.01);
      expectClose(
        sleeves.reduce((sum, one) => sum + one.carry, 0),
        terms.carry,
        1e-9,
      );
      for (const step of [inKind, withUnits]) {
        expectClose(step.unexplained, 0, 0.01);
        expectClose(step.terms.carry, 0, 0.01);
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
