import { expect } from "chai";
import { network } from "hardhat";
import type { NetworkConnection } from "hardhat/types/network";

import { ConfigError, ConnectionError, RetryableError, StaleBlockError } from "../../../keeper/chain/failures.ts";
import { readMemory } from "../../../keeper/journal/memory.ts";
import { lastTicks } from "../../../keeper/journal/ticks.ts";
import type { DecisionDocument } from "../../../keeper/plan/hash.ts";
import { recheckDecision, verifyRecord } from "../../../keeper/plan/hash.ts";
import { fixedHistory } from "../../../keeper/run/past.ts";
import { type Brain, type KeeperSettings, LOCAL_SETTINGS } from "../../../keeper/run/types.ts";
import { computeSignals } from "../../../keeper/signals/computeSignals.ts";
import { DEFAULT_CONFIG } from "../../../keeper/strategy/config.ts";
import { decide } from "../../../keeper/strategy/decide.ts";
import { figure } from "../../support/figures.ts";
import { deployWorld, ORDERS, type World } from "../../support/world.ts";
import { decisionOf, journalOf, keeperOn, NO_MEMORY, recentre, rigFor, StepClock, told, type Rig } from "../rig.ts";
import { rigForEach } from "../rigForEach.ts";

const UNIT = 10n ** 18n;
const HOUR = 3_600;
const REAL: Brain = { computeSignals, decide, config: DEFAULT_CONFIG };

async function failure(work: Promise<unknown>): Promise<Error> {
  try {
    await work;
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

for (const order of ORDERS) {
  describe(`a tick, ${order.name}`, () => {
    let world: World;
    let rig: Rig;

    rigForEach(
      (fresh) => {
        rig = fresh;
        world = rig.world;
      },
      { quoteIsToken0: order.quoteIsToken0, caps: { coreWeightCapBps: 6_500 } },
    );

    it("looks once and writes a line when it holds; the strategy's memory is kept at once", async () => {
      const journal = journalOf(rig);
      const memory = { ...NO_MEMORY, tierSignalSince: 5, tierSignalFee: 500 };
      const seen: unknown[] = [];
      const brain = told((state) => {
        seen.push(state.memory);
        return decisionOf(state, {}, memory);
      });
      const keeper = await keeperOn(rig, brain, { journal });
      const result = await keeper.tick();
      expect(rig.rpc.asked).to.deep.equal(["eth_call"]);
      expect(result.outcome).to.equal("hold");
      expect(result.decisionHash).to.equal(null);
      await keeper.tick();
      expect(seen).to.deep.equal([NO_MEMORY, memory]);
      const lines = lastTicks(journal, 9);
      expect(lines.map((line) => [line.id, line.outcome, line.detail])).to.deep.equal([
        [2, "hold", "Told to hold."],
        [1, "hold", "Told to hold."],
      ]);
      expect(Math.abs((lines[0]?.nav ?? 0) - 1_000_000) < 10).to.equal(true);
      journal.close();
    });

    it("keeps the memory of a plan only once the plan is confirmed", async () => {
      const journal = journalOf(rig);
      const brain = told((state) => recentre(state));
      const dry = await keeperOn(rig, brain, { journal, settings: { send: false } });
      await dry.tick();
      expect(readMemory(journal)).to.deep.equal(NO_MEMORY);
      const keeper = await keeperOn(rig, brain, { journal });
      const result = await keeper.tick();
      expect(result.outcome, result.detail).to.equal("confirmed");
      expect(readMemory(journal).lastRangeShift).to.equal(result.state.time);
      journal.close();
    });

    it("lets the real strategy deploy, publish and be checked", async () => {
      const now = await world.now();
      const end = now - (now % HOUR);
      const bars = Array.from({ length: 24 * 60 }, (_, i) => {
        const price = 2_000 * Math.exp(0.02 * Math.sin(i / 7));
        return {
          time: end - (24 * 60 - i) * HOUR,
          open: price,
          high: price * 1.004,
          low: price * 0.996,
          close: price,
          volume: 1,
        };
      });
      const journal = journalOf(rig);
      const keeper = await keeperOn(rig, REAL, { journal, history: fixedHistory(bars) });
      const result = await keeper.tick();
      expect(result.outcome, result.detail).to.equal("confirmed");
      expect(result.decision.actions).to.deep.equal(["rangeShift"]);
      expect(result.signals["realisedVolatility30d"]?.value).to.be.a("number");
      const [event] = await world.vault.queryFilter(world.vault.filters.PlanExecuted());
      const text = keeper.intents.document(result.decisionHash ?? "") ?? "";
      const document = JSON.parse(text) as DecisionDocument;
      expect(verifyRecord(document, event?.args.decisionHash ?? "")).to.equal(true);
      expect(recheckDecision(document, decide)).to.equal(true);
      const after = await keeper.tick();
      expect(after.outcome, after.detail).to.equal("hold");
      expect(after.state.positions.length).to.be.greaterThan(0);
      journal.close();
    });

    it("says why a decision cannot be planned, and goes on", async () => {
      const keeper = await keeperOn(
        rig,
        told((state) => decisionOf(state, { burns: [{ index: 3, fraction: 1 }] })),
      );
      const result = await keeper.tick();
      expect(result.outcome).to.equal("unplannable");
      expect(result.detail).to.contain("position 3");
    });

    it("holds while the oracle is silent, and its journal says so", async () => {
      await world.pass(3 * 86_400);
      const keeper = await keeperOn(rig, REAL);
      const result = await keeper.tick();
      expect(result.outcome).to.equal("hold");
      expect(result.state.price).to.equal(null);
      expect(result.detail).to.contain("oracle");
    });
  });
}

describe("a keeper's surroundings", () => {
  let connection: NetworkConnection;
  let world: World;
  let rig: Rig;

  before(async () => {
    connection = await network.create();
    world = await deployWorld(connection);
    await world.firstDeposit(world.who.alice, 1_000_000n * UNIT);
    rig = rigFor(world);
  });
  after(() => connection.close());

  it("refuses a missing or foreign key, and zero confirmations", async () => {
    const brain = told((state) => recentre(state));
    expect(await failure(keeperOn(rig, brain, { signer: null }))).to.be.instanceOf(ConfigError);
    const foreign = await failure(keeperOn(rig, brain, { keeper: world.who.stranger.address }));
    expect(foreign).to.be.instanceOf(ConfigError);
    expect(foreign.message).to.contain("use the keeper's own key");
    expect(await failure(keeperOn(rig, brain, { settings: { confirmations: 0 } }))).to.be.instanceOf(ConfigError);
    expect(await failure(keeperOn(rig, brain, { settings: { lifetime: 0.5 } }))).to.be.instanceOf(ConfigError);
  });

  it("lets a plan live for as long as it is set, ten minutes by default and hours in the local world", async () => {
    const brain = told((state) => recentre(state));
    const lived = async (settings: Partial<KeeperSettings>): Promise<number> => {
      const keeper = await keeperOn(rig, brain, { settings: { ...settings, send: false } });
      const { plan, snapshot, outcome, detail } = await keeper.tick();
      expect(outcome, detail).to.equal("dry-run");
      return (plan?.deadline ?? 0) - snapshot.timestamp;
    };
    expect(await lived({})).to.equal(600);
    expect(await lived(LOCAL_SETTINGS)).to.equal(21_600);
  });

  it("says at every tick that a history runs ahead of the chain", async () => {
    const now = await world.now();
    const hour = now - (now % HOUR);
    const bar = { time: hour, open: 2_000, high: 2_001, low: 1_999, close: 2_000, volume: 1 };
    const keeper = await keeperOn(rig, REAL, { history: fixedHistory([bar]) });
    for (let i = 0; i < 2; i++) {
      const error = await failure(keeper.tick());
      expect(error).to.be.instanceOf(ConfigError);
      expect(error.message).to.contain("after the chain's time");
    }
  });

  it("stops at another chain, waits for an old block and for a node that is gone", async () => {
    const hold = told((state) => decisionOf(state, {}));
    const other = await keeperOn(rig, hold, { chainId: 1n });
    expect(await failure(other.tick())).to.be.instanceOf(ConfigError);
    const clock = new StepClock(((await world.now()) + 301) * 1_000);
    const late = await keeperOn(rig, hold, { clock, settings: { maxBlockAge: 300 } });
    expect(await failure(late.tick())).to.be.instanceOf(StaleBlockError);
    const keeper = await keeperOn(rig, hold);
    rig.rpc.before = () => {
      throw Object.assign(new Error("connect"), { code: "ECONNREFUSED" });
    };
    const gone = await failure(keeper.tick());
    rig.rpc.before = () => undefined;
    expect(gone).to.be.instanceOf(ConnectionError).and.instanceOf(RetryableError);
    expect((await keeper.tick()).outcome).to.equal("hold");
  });

  it("ticks fast enough for a run of thousands", async function () {
    this.timeout(60_000);
    const now = await world.now();
    const end = now - (now % HOUR);
    const count = 24 * 365;
    const bars = Array.from({ length: count }, (_, i) => {
      const price = 2_000 * Math.exp(0.02 * Math.sin(i / 7));
      return {
        time: end - (count - i) * HOUR,
        open: price,
        high: price * 1.004,
        low: price * 0.996,
        close: price,
        volume: 1,
      };
    });
    const rounds = 60;
    const timed = async (brain: Brain): Promise<number> => {
      const keeper = await keeperOn(rig, brain, { history: fixedHistory(bars), settings: { send: false } });
      for (let i = 0; i < 5; i++) await keeper.tick();
      let spent = 0;
      for (let i = 0; i < rounds; i++) {
        await connection.networkHelpers.time.increase(60);
        const start = performance.now();
        await keeper.tick();
        spent += performance.now() - start;
      }
      return spent / rounds;
    };
    const holding = await timed({ ...REAL, decide: (state) => decisionOf(state, {}) });
    const planning = await timed(REAL);
    figure(
      `a tick, a year of bars: ${holding.toFixed(1)} ms that holds, ${planning.toFixed(1)} ms that plans and simulates`,
    );
    // Several times what they take on an idle machine: a loaded one must not fail the suite.
    expect(holding).to.be.lessThan(150);
    expect(planning).to.be.lessThan(400);
  });
});
