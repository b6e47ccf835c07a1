import { spawn } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { expect } from "chai";
import { network } from "hardhat";

import type { Checkpoint } from "../../../keeper/execution/context.ts";
import { Intents } from "../../../keeper/journal/intents.ts";
import { type Journal, JournalError } from "../../../keeper/journal/journal.ts";
import { readMemory } from "../../../keeper/journal/memory.ts";
import type { Keeper } from "../../../keeper/run/keeper.ts";
import type { KeeperSettings } from "../../../keeper/run/types.ts";
import { startRpcServer } from "../../../scripts/local/rpcServer.ts";
import { Random } from "../../support/arithmetic.ts";
import { figure } from "../../support/figures.ts";
import { deployWorld, type World } from "../../support/world.ts";
import {
  decisionOf,
  journalOf,
  keeperOn,
  recentre,
  rigFor,
  StepClock,
  temporaryDirectory,
  told,
  type Rig,
} from "../rig.ts";
import { rigForEach } from "../rigForEach.ts";

const UNIT = 10n ** 18n;
const BOUNDARIES = 11;

/** What a test throws in a keeper's way: the process is gone. */
class Killed extends Error {}

describe("a keeper that is killed", () => {
  let world: World;
  let rig: Rig;
  let directory: ReturnType<typeof temporaryDirectory>;
  let file: string;
  const journals: Journal[] = [];

  const begin = rigForEach((fresh) => {
    rig = fresh;
    world = rig.world;
  });
  beforeEach(() => {
    directory = temporaryDirectory();
    file = join(directory.path, "keeper.sqlite");
  });
  afterEach(async () => {
    await rig.setAutomine(true);
    for (const journal of journals.splice(0)) journal.close();
    directory.remove();
  });

  /** A journal handle that stays open when its keeper dies, as nobody closes a killed process's file properly. */
  const journal = (): Journal => {
    const opened = journalOf(rig, file);
    journals.push(opened);
    return opened;
  };

  async function executed(): Promise<{ nonce: bigint; hash: string }[]> {
    const events = await world.vault.queryFilter(world.vault.filters.PlanExecuted());
    return events.map((event) => ({ nonce: event.args.nonce, hash: event.args.decisionHash }));
  }

  /** Each plan on chain is one confirmed intent, each confirmed intent one plan on chain, and each nonce ran once. */
  async function reconciled(): Promise<void> {
    const onChain = await executed();
    expect(onChain.map((plan) => plan.nonce)).to.deep.equal(onChain.map((_, i) => BigInt(i)));
    const intents = new Intents(journal()).list();
    const confirmed = intents.filter((intent) => intent.outcome === "confirmed");
    expect(confirmed.map((intent) => intent.decisionHash)).to.deep.equal(onChain.map((plan) => plan.hash));
    expect(intents.filter((intent) => intent.outcome === null)).to.deep.equal([]);
  }

  const once = told((state) => (state.positions.length === 0 ? recentre(state) : decisionOf(state, {})));

  // Two looks unmined, so that a replacement is made; then blocks.
  const settings: Partial<KeeperSettings> = { confirmations: 2, replaceAfter: 1_000, maxAttempts: 2, patience: 20_000 };
  function clockOfMiner(): StepClock {
    const clock = new StepClock();
    let sleeps = 0;
    clock.during = async () => {
      sleeps += 1;
      if (sleeps >= 3) await rig.mine();
    };
    return clock;
  }

  it("meets every kind of boundary in the scenario below", async () => {
    await rig.setAutomine(false);
    const met: Checkpoint[] = [];
    const keeper = await keeperOn(rig, once, {
      journal: journal(),
      clock: clockOfMiner(),
      settings,
      checkpoint: (at) => met.push(at),
    });
    expect((await keeper.tick()).outcome).to.equal("confirmed");
    // First sent, outbid, offered once more at the limit of attempts, mined, settled.
    const handedOver = ["sent", "noted"] as const;
    expect(met).to.deep.equal([
      "intent",
      ...handedOver,
      "attempt",
      ...handedOver,
      ...handedOver,
      "mined",
      "final",
      "settled",
    ]);
    expect(met.length).to.equal(BOUNDARIES);
  });

  for (let fatal = 1; fatal <= BOUNDARIES; fatal++) {
    it(`at boundary ${fatal} of ${BOUNDARIES} comes back and has acted once`, async () => {
      await rig.setAutomine(false);
      let met = 0;
      const victim = await keeperOn(rig, once, {
        journal: journal(),
        clock: clockOfMiner(),
        settings,
        checkpoint: () => {
          met += 1;
          if (met === fatal) throw new Killed();
        },
      });
      let died = false;
      await victim.tick().catch((error: unknown) => {
        if (!(error instanceof Killed)) throw error;
        died = true;
      });
      expect(died).to.equal(true);

      const heir = await keeperOn(rig, once, { journal: journal(), clock: clockOfMiner(), settings });
      for (let round = 0; round < 3; round++) await heir.tick();
      await reconciled();
      const [plan] = heir.intents.list();
      expect((await executed()).length).to.equal(1);
      expect(heir.intents.list().length).to.equal(1);
      expect(readMemory(journal()).lastRangeShift).to.equal(plan?.time);
    });
  }

  it("does nothing twice over many plans, deaths, dropped and reordered transactions", async function () {
    this.timeout(240_000);
    const figures: string[] = [];
    for (const seed of [1, 2, 3]) {
      await begin();
      directory.remove();
      directory = temporaryDirectory();
      file = join(directory.path, "keeper.sqlite");
      const random = new Random(seed);
      const chance = (percent: number): boolean => random.int(0, 99) < percent;
      const wide = told((state) => recentre(state, 3_000, 4_000 + 60 * random.int(0, 19)));
      await rig.setAutomine(false);
      let deaths = 0;
      let failures = 0;
      let keeper: Keeper | null = null;
      for (let round = 0; round < 40; round++) {
        if (keeper === null) {
          const clock = new StepClock(1_800_000_000_000 + round * 1_000_000);
          clock.during = async () => {
            if (chance(40)) await rig.mine();
          };
          keeper = await keeperOn(rig, wide, {
            journal: journal(),
            clock,
            settings: { ...settings, maxAttempts: 4, patience: 6_000 },
            checkpoint: () => {
              if (chance(8)) throw new Killed();
            },
          });
        }
        rig.rpc.before = () => {
          if (chance(2)) throw Object.assign(new Error("socket hang up"), { code: "ECONNRESET" });
        };
        // The node takes the transaction and the answer is lost.
        rig.rpc.after = (method, answer) => {
          if (method === "eth_sendRawTransaction" && chance(15)) {
            throw Object.assign(new Error("socket hang up"), { code: "ECONNRESET" });
          }
          return answer;
        };
        try {
          await keeper.tick();
        } catch (error) {
          if (error instanceof Killed) {
            deaths += 1;
            keeper = null;
          } else if (error instanceof Error && error.name === "ConnectionError") failures += 1;
          else throw error;
        }
        rig.rpc.before = () => undefined;
        rig.rpc.after = (_method, answer) => answer;
        if (chance(10)) {
          const open = new Intents(journal()).open();
          const last = open === null ? undefined : new Intents(journal()).attempts(open.id).at(-1);
          if (last !== undefined && (await rig.node.receipt(last.hash)) === null) await rig.drop(last.hash);
        }
      }
      const clock = new StepClock();
      clock.during = () => rig.mine();
      const heir = await keeperOn(
        rig,
        told((state) => decisionOf(state, {})),
        { journal: journal(), clock, settings },
      );
      await heir.tick();
      await reconciled();
      figures.push(`seed ${seed}: ${(await executed()).length} plans, ${deaths} deaths, ${failures} failures`);
      expect(deaths + failures).to.be.greaterThan(3);
      expect((await executed()).length).to.be.greaterThan(3);
      for (const opened of journals.splice(0)) opened.close();
    }
    figure(figures.join("; "));
  });

  it("without warning, as a process, comes back and has acted once", async function () {
    this.timeout(120_000);
    const server = await startRpcServer(world.connection.provider, 0);
    try {
      for (const fatal of ["intent", "sent", "final"] as const) {
        const restore = await world.connection.networkHelpers.takeSnapshot();
        file = join(directory.path, `${fatal}.sqlite`);
        const { vault, lens } = rig.addresses;
        const victim = fileURLToPath(new URL("victim.ts", import.meta.url));
        const child = spawn(process.execPath, ["--no-warnings", victim, server.url, vault, lens, file, fatal], {
          stdio: "inherit",
        });
        const death = await new Promise<string | null>((resolve) =>
          child.once("exit", (_code, signal) => resolve(signal)),
        );
        expect(death, fatal).to.equal("SIGKILL");
        const heir = await keeperOn(rig, once, { journal: journal() });
        await heir.tick();
        expect((await executed()).length, fatal).to.equal(1);
        await reconciled();
        await restore.restore();
      }
    } finally {
      await server.close();
    }
  });

  it("shares its journal with nobody who acts", async () => {
    await rig.setAutomine(false);
    const first = await keeperOn(rig, once, { journal: journal(), settings: { patience: 0 } });
    expect((await first.tick()).outcome).to.equal("waiting");
    const second = await keeperOn(rig, once, { journal: journal(), settings: { patience: 0 } });
    // It takes the open intent for its own and waits for it.
    expect((await second.tick()).outcome).to.equal("waiting");
    expect(() =>
      new Intents(journal()).begin(
        {
          ...second.intents.list()[0]!,
          plan: { nonce: 0n, deadline: 0, twapHint: 0, decisionHash: "", burns: [], swaps: [], mints: [], moves: [] },
        },
        { hash: "x", accountNonce: 0, raw: "", maxFee: 0n, priorityFee: 0n, signedAt: 0 },
        "{}",
      ),
    ).to.throw(JournalError);
    await rig.mine();
    await second.tick();
    await first.tick();
    await reconciled();
  });
});

describe("two keepers on two machines", () => {
  it("are arbitrated by the chain: of two plans with one nonce one runs, the other is superseded", async () => {
    const connection = await network.create();
    try {
      const world = await deployWorld(connection);
      await world.firstDeposit(world.who.alice, 1_000_000n * UNIT);
      const addKeeper = world.policy.interface.encodeFunctionData("addKeeper", [world.who.stranger.address]);
      const manager = world.manager.connect(world.who.safe) as typeof world.manager;
      await manager.getFunction("schedule").send(world.addresses.policy, addKeeper, 0);
      await world.pass(172_800);
      await manager.getFunction("execute").send(world.addresses.policy, addKeeper);
      await world.report(2_000);

      const rig = rigFor(world);
      await rig.setAutomine(false);
      const clock = new StepClock();
      const keeper = await keeperOn(
        rig,
        told((state) => recentre(state)),
        { clock, settings: { replaceAfter: 60_000 } },
      );
      const plan = await world.plan({
        mints: [{ ...(await world.around(500, 2_000)), fraction0: UNIT / 4n, fraction1: UNIT / 4n }],
      });
      clock.during = async () => {
        clock.during = () => Promise.resolve();
        // The other machine pays more for its place in the same block.
        await world.vault.connect(world.who.stranger).execute(plan, {
          gasLimit: 3_000_000n,
          maxPriorityFeePerGas: 50n * 10n ** 9n,
          maxFeePerGas: 500n * 10n ** 9n,
        });
        await rig.mine();
      };
      const result = await keeper.tick();
      expect(result.outcome, result.detail).to.equal("superseded");
      expect(result.detail).to.contain("came first; ours was refused");
      const events = await world.vault.queryFilter(world.vault.filters.PlanExecuted());
      expect(events.map((event) => event.args.keeper)).to.deep.equal([world.who.stranger.address]);
      // It decides anew on what it finds, and is not confused.
      await rig.setAutomine(true);
      expect((await keeper.tick()).outcome).to.equal("confirmed");
    } finally {
      await connection.close();
    }
  });
});
