import { expect } from "chai";

import type { Checkpoint } from "../../../keeper/execution/context.ts";
import { readMemory } from "../../../keeper/journal/memory.ts";
import { DEFAULT_CAPS } from "../../../scripts/deploy/strata.ts";
import { WIDE_CAPS, type World } from "../../support/world.ts";
import { decisionOf, journalOf, keeperOn, NO_MEMORY, told, type Rig } from "../rig.ts";
import { rigForEach } from "../rigForEach.ts";

const DAY = 86_400;
const ON = { settings: { housekeeping: true } };

describe("what a keeper sends besides plans", () => {
  let world: World;
  let rig: Rig;

  rigForEach((fresh) => {
    rig = fresh;
    world = rig.world;
  });

  const hold = told((state) => decisionOf(state, {}));
  const fees = { entryBps: 4, exitBps: 6 };
  const changing = told((state) =>
    state.memory.lastFeeChange === null
      ? { ...decisionOf(state, {}, { ...state.memory, lastFeeChange: state.time }), actions: ["feeChange"], fees }
      : decisionOf(state, {}),
  );

  it("pokes the oracle when the last poke is a day old, and not before", async () => {
    const keeper = await keeperOn(rig, hold, ON);
    const first = await keeper.tick();
    expect([first.outcome, first.call], first.detail).to.deep.equal(["confirmed", "poke"]);
    expect(first.transaction?.gasUsed).to.be.a("bigint");
    expect(Number(await world.oracle.lastPoke())).to.be.at.least(first.state.time);
    expect((await keeper.tick()).outcome).to.equal("hold");
    await world.pass(DAY - 100);
    await world.report(2_100);
    await world.movePools(2_100);
    expect((await keeper.tick()).call).to.equal(null);
    await world.pass(100);
    const second = await keeper.tick();
    expect([second.outcome, second.call], second.detail).to.deep.equal(["confirmed", "poke"]);
    // 5 % in a day is 96 % a year; one day of 400 hours' memory.
    const { oracleVolatility } = (await keeper.tick()).state;
    expect(oracleVolatility).to.be.within(0.2, 0.25);
    expect(
      keeper.intents.list().map(({ kind, planNonce, decisionHash }) => [kind, planNonce, decisionHash]),
    ).to.deep.equal([
      ["poke", null, null],
      ["poke", null, null],
    ]);
  });

  it("does no housekeeping with sending off, when told not to, or beside a plan", async () => {
    const dry = await keeperOn(rig, hold, { settings: { housekeeping: true, send: false } });
    expect((await dry.tick()).outcome).to.equal("hold");
    const off = await keeperOn(rig, hold);
    expect((await off.tick()).outcome).to.equal("hold");
    const busy = await keeperOn(rig, changing, ON);
    expect((await busy.tick()).call).to.equal("setFees");
    expect((await busy.tick()).call).to.equal("poke");
  });

  it("has the vault adopt the policy's treasury share, once", async () => {
    const caps = { ...DEFAULT_CAPS, ...WIDE_CAPS, treasuryShareBps: 700 };
    const setCaps = world.policy.interface.encodeFunctionData("setCaps", [caps]);
    const manager = world.manager.connect(world.who.safe) as typeof world.manager;
    await manager.getFunction("schedule").send(world.addresses.policy, setCaps, 0);
    await world.pass(2 * DAY);
    await manager.getFunction("execute").send(world.addresses.policy, setCaps);
    await world.report(2_000);
    const keeper = await keeperOn(rig, hold, ON);
    const result = await keeper.tick();
    expect([result.outcome, result.call], result.detail).to.deep.equal(["confirmed", "syncTreasuryShare"]);
    expect((await world.vault.treasuryBook()).shareBps).to.equal(700n);
    expect((await keeper.tick()).call).to.equal("poke");
    expect((await keeper.tick()).outcome).to.equal("hold");
  });

  it("changes the fees by a decision that is published like a plan's", async () => {
    const journal = journalOf(rig);
    const dry = await keeperOn(rig, changing, { journal, settings: { send: false } });
    const told = await dry.tick();
    expect([told.outcome, told.call]).to.deep.equal(["dry-run", "setFees"]);
    expect(told.detail).to.match(/Would send a fee change for about \d+ gas/);
    expect(readMemory(journal)).to.deep.equal(NO_MEMORY);
    const keeper = await keeperOn(rig, changing, { journal });
    const result = await keeper.tick();
    expect([result.outcome, result.call], result.detail).to.deep.equal(["confirmed", "setFees"]);
    expect(readMemory(journal).lastFeeChange).to.equal(result.state.time);
    expect(keeper.intents.document(result.decisionHash ?? "")).to.contain('"entryBps":4');
    // A rise waits for a day.
    const after = await keeper.tick();
    expect([after.state.entryFee, after.state.exitFee]).to.deep.equal([0, 0]);
    expect(after.state.announcedFees).to.deep.equal({ entry: 0.0004, exit: 0.0006 });
    await world.pass(DAY);
    await world.report(2_000);
    const later = await keeper.tick();
    expect([later.state.entryFee, later.state.exitFee, later.state.announcedFees]).to.deep.equal([
      0.0004,
      0.0006,
      null,
    ]);
    journal.close();
  });

  it("says which caps a fee change exceeds", async () => {
    const greedy = told((state) => ({
      ...decisionOf(state, {}),
      actions: ["feeChange"],
      fees: { entryBps: 31, exitBps: 0 },
    }));
    const result = await (await keeperOn(rig, greedy)).tick();
    expect(result.outcome).to.equal("refused");
    expect(result.detail).to.contain("entry fee of 31").and.contain("caps of 30 and 30 bps");
  });

  for (const fatal of ["intent", "sent", "noted", "final"] as const) {
    it(`killed at "${fatal}" of a fee change comes back and has changed them once`, async () => {
      const journal = journalOf(rig);
      const victim = await keeperOn(rig, changing, {
        journal,
        checkpoint: (at: Checkpoint) => {
          if (at === fatal) throw new Error("killed");
        },
      });
      let died = false;
      await victim.tick().catch(() => {
        died = true;
      });
      expect(died).to.equal(true);
      const heir = await keeperOn(rig, changing, { journal });
      for (let round = 0; round < 3; round++) await heir.tick();
      const events = await world.vault.queryFilter(world.vault.filters.FeesSet());
      expect(events.map(({ args }) => [args.entryBps, args.exitBps])).to.deep.equal([[4n, 6n]]);
      const intents = heir.intents.list();
      expect(intents.map(({ kind, outcome }) => [kind, outcome])).to.deep.equal([["setFees", "confirmed"]]);
      expect(readMemory(journal).lastFeeChange).to.equal(intents[0]?.time);
      journal.close();
    });
  }
});
