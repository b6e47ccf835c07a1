import { expect } from "chai";

import { quoteFees } from "../../../keeper/execution/fees.ts";
import type { Keeper } from "../../../keeper/run/keeper.ts";
import type { TickResult } from "../../../keeper/run/types.ts";
import type { World } from "../../support/world.ts";
import { journalOf, keeperOn, recentre, StepClock, told, type Rig } from "../rig.ts";
import { rigForEach } from "../rigForEach.ts";

const UNIT = 10n ** 18n;
const GWEI = 10n ** 9n;

describe("execution", () => {
  let world: World;
  let rig: Rig;
  let clock: StepClock;

  rigForEach((fresh) => {
    rig = fresh;
    world = rig.world;
    clock = new StepClock();
  });
  afterEach(() => rig.setAutomine(true));

  const brain = told((state) => recentre(state));

  /** Mines one block each time the keeper sleeps, from the n-th sleep on. */
  function mineFrom(sleep: number): void {
    let sleeps = 0;
    clock.during = async () => {
      sleeps += 1;
      if (sleeps >= sleep) await rig.mine();
    };
  }

  async function planNonce(): Promise<bigint> {
    return world.vault.planNonce();
  }

  function attempts(keeper: Keeper, result: TickResult): number {
    const intent = keeper.intents.list().find((one) => one.decisionHash === result.decisionHash);
    return keeper.intents.attempts(intent?.id ?? -1).length;
  }

  it("sends nothing unless it is told to", async () => {
    const keeper = await keeperOn(rig, brain, { clock, settings: { send: false } });
    const result = await keeper.tick();
    expect(result.outcome).to.equal("dry-run");
    expect(result.gasEstimate).to.be.a("bigint");
    expect(rig.rpc.asked).not.to.include("eth_sendRawTransaction");
    expect(await planNonce()).to.equal(0n);
    expect(keeper.intents.list()).to.deep.equal([]);
  });

  it("plans, simulates, sends and confirms", async () => {
    const keeper = await keeperOn(rig, brain, { clock });
    const result = await keeper.tick();
    expect(result.outcome, result.detail).to.equal("confirmed");
    expect(await planNonce()).to.equal(1n);
    const [intent] = keeper.intents.list();
    expect(intent?.outcome).to.equal("confirmed");
    expect(intent?.transaction).to.deep.equal(result.transaction);
    const executed = await world.vault.queryFilter(world.vault.filters.PlanExecuted());
    expect(executed.map((event) => event.args.decisionHash)).to.deep.equal([result.decisionHash]);
    expect(executed[0]?.args.chargeX18).to.equal(result.charge?.chargeX18);
    expect(keeper.intents.document(result.decisionHash ?? "")).to.contain('"decision"');
  });

  it("waits for the confirmations it was told", async () => {
    await rig.setAutomine(false);
    mineFrom(2);
    const keeper = await keeperOn(rig, brain, { clock, settings: { confirmations: 3, replaceAfter: 60_000 } });
    const result = await keeper.tick();
    expect(result.outcome, result.detail).to.equal("confirmed");
    const head = await rig.node.block("latest");
    expect((head?.number ?? 0n) - (result.transaction?.block ?? 0n)).to.equal(2n);
  });

  it("replaces a stuck transaction at the same nonce, an eighth dearer, and only one of them runs", async () => {
    await rig.setAutomine(false);
    const keeper = await keeperOn(rig, brain, { clock, settings: { patience: 60_000, replaceAfter: 3_000 } });
    mineFrom(8);
    const result = await keeper.tick();
    expect(result.outcome, result.detail).to.equal("confirmed");
    const [intent] = keeper.intents.list();
    const list = keeper.intents.attempts(intent?.id ?? 0);
    expect(list.length).to.equal(3);
    for (let i = 1; i < list.length; i++) {
      const [before, after] = [list[i - 1], list[i]];
      expect(after?.accountNonce).to.equal(before?.accountNonce);
      expect((after?.maxFee ?? 0n) * 8n >= (before?.maxFee ?? 0n) * 9n).to.equal(true);
      expect((after?.priorityFee ?? 0n) * 8n >= (before?.priorityFee ?? 0n) * 9n).to.equal(true);
    }
    expect(list.map((one) => one.answer)).to.deep.equal([null, null, null]);
    expect(result.transaction?.hash).to.equal(list[2]?.hash);
    expect(await planNonce()).to.equal(1n);
  });

  it("stops outbidding at its attempts and at its cap, and goes on waiting", async () => {
    await rig.setAutomine(false);
    const few = await keeperOn(rig, brain, { clock, settings: { patience: 40_000, maxAttempts: 3 } });
    const first = await few.tick();
    expect(first.outcome).to.equal("waiting");
    expect(attempts(few, first)).to.equal(3);

    // The next tick takes it up and sees it mined.
    mineFrom(1);
    const second = await few.tick();
    expect(second.settled?.outcome).to.equal("confirmed");
    expect(await planNonce()).to.equal(second.outcome === "confirmed" ? 2n : 1n);
  });

  it("with sending off looks once at an earlier run's transaction and leaves it alone", async () => {
    await rig.setAutomine(false);
    const journal = journalOf(rig);
    const sender = await keeperOn(rig, brain, { clock, journal, settings: { patience: 0 } });
    expect((await sender.tick()).outcome).to.equal("waiting");
    const start = clock.now();
    rig.rpc.asked.length = 0;
    const watcher = await keeperOn(rig, brain, { clock, journal, settings: { send: false, replaceAfter: 0 } });
    const waiting = await watcher.tick();
    expect(waiting.outcome).to.equal("waiting");
    expect(clock.now()).to.equal(start);
    await rig.mine();
    const after = await watcher.tick();
    expect(after.settled?.outcome).to.equal("confirmed");
    expect(after.outcome).to.equal("dry-run");
    expect(rig.rpc.asked).not.to.include("eth_sendRawTransaction");
  });

  it("does not send above the cap", async () => {
    const keeper = await keeperOn(rig, brain, { clock, settings: { maxFeePerGas: 1n } });
    const result = await keeper.tick();
    expect(result.outcome).to.equal("too-dear");
    expect(keeper.intents.list()).to.deep.equal([]);
    expect(rig.rpc.asked).not.to.include("eth_sendRawTransaction");
  });

  it("bids under the cap when the usual bid is above it, and never for less than an eighth more", async () => {
    const base = (await rig.node.block("latest"))?.baseFeePerGas ?? 0n;
    const tip = await rig.node.priorityFee();
    const cap = (base * 3n) / 2n + tip;
    expect(await quoteFees(rig.node, cap, null)).to.deep.equal({ maxFee: cap, priorityFee: tip });
    const rival = { maxFee: 100n * GWEI, priorityFee: 9n * GWEI };
    const more = await quoteFees(rig.node, 1_000n * GWEI, rival);
    expect(more).to.deep.equal({ maxFee: 112_500_000_000n, priorityFee: 10_125_000_000n });
    expect(await quoteFees(rig.node, 112n * GWEI, rival)).to.equal(null);
  });

  it("goes back to waiting when the block with its transaction is reorganised away, and confirms it in the new one", async () => {
    await rig.setAutomine(false);
    const before = await world.connection.networkHelpers.takeSnapshot();
    let step = 0;
    let orphan = "";
    clock.during = async () => {
      step += 1;
      if (step === 1) await rig.mine();
      if (step === 2) {
        orphan = (await rig.node.block("latest"))?.hash ?? "";
        // The chain goes back before the block, and the pool forgets the transaction.
        await before.restore();
        await world.connection.networkHelpers.time.setNextBlockTimestamp((await world.now()) + 30);
        await rig.mine();
        expect((await rig.node.block("latest"))?.hash).not.to.equal(orphan);
      }
      if (step > 2) await rig.mine();
    };
    const seen: string[] = [];
    const keeper = await keeperOn(rig, brain, {
      clock,
      settings: { confirmations: 2, patience: 30_000, replaceAfter: 60_000 },
      checkpoint: (at) => seen.push(at),
    });
    const result = await keeper.tick();
    expect(result.outcome, result.detail).to.equal("confirmed");
    expect(seen.filter((at) => at === "mined").length).to.equal(2);
    expect(seen.filter((at) => at === "sent").length).to.equal(2);
    expect(attempts(keeper, result)).to.equal(1);
    expect(await planNonce()).to.equal(1n);
    const block = await rig.node.block(result.transaction?.block ?? 0n);
    expect(block?.hash).not.to.equal(orphan);
  });

  it("settles as superseded when another keeper's plan with its nonce comes first", async () => {
    await rig.setAutomine(false);
    const keeper = await keeperOn(rig, brain, { clock, settings: { replaceAfter: 60_000 } });
    const other = await world.plan({
      mints: [{ ...(await world.around(500, 2_000)), fraction0: UNIT / 4n, fraction1: UNIT / 4n }],
    });
    // A second keeper account would need governance; the same account's higher bid at the same nonce does the same here.
    clock.during = async () => {
      const [intent] = keeper.intents.list();
      const [mine] = keeper.intents.attempts(intent?.id ?? 0);
      await world.vault.connect(world.who.keeper).execute(other, {
        nonce: mine?.accountNonce ?? 0,
        gasLimit: 3_000_000n,
        maxFeePerGas: (mine?.maxFee ?? 0n) * 2n,
        maxPriorityFeePerGas: (mine?.priorityFee ?? 0n) * 2n,
      });
      clock.during = () => Promise.resolve();
      await rig.mine();
    };
    const result = await keeper.tick();
    expect(result.outcome, result.detail).to.equal("superseded");
    expect(result.transaction).to.equal(null);
    expect(await planNonce()).to.equal(1n);
  });

  it("settles as displaced when another transaction took the account's nonce", async () => {
    await rig.setAutomine(false);
    const keeper = await keeperOn(rig, brain, { clock, settings: { replaceAfter: 60_000 } });
    clock.during = async () => {
      const [intent] = keeper.intents.list();
      const [mine] = keeper.intents.attempts(intent?.id ?? 0);
      await world.who.keeper.sendTransaction({
        to: world.who.bob.address,
        value: 1n,
        nonce: mine?.accountNonce ?? 0,
        maxFeePerGas: (mine?.maxFee ?? 0n) * 2n,
        maxPriorityFeePerGas: (mine?.priorityFee ?? 0n) * 2n,
      });
      clock.during = () => Promise.resolve();
      await rig.mine();
    };
    const result = await keeper.tick();
    expect(result.outcome, result.detail).to.equal("displaced");
    expect(result.detail).to.contain("for the keeper alone");
    expect(await planNonce()).to.equal(0n);
  });

  it("settles as expired when the deadline passed unmined, and outbids the dead transaction with the next plan", async () => {
    await rig.setAutomine(false);
    const keeper = await keeperOn(rig, brain, { clock, settings: { replaceAfter: 600_000, lifetime: 60 } });
    clock.during = async () => {
      const [intent] = keeper.intents.list();
      const [mine] = keeper.intents.attempts(intent?.id ?? 0);
      await rig.drop(mine?.hash ?? "");
      await world.pass(61);
      clock.during = () => Promise.resolve();
    };
    const first = await keeper.tick();
    expect(first.outcome, first.detail).to.equal("expired");
    mineFrom(1);
    const second = await keeper.tick();
    expect(second.outcome, second.detail).to.equal("confirmed");
    const [one, two] = keeper.intents.list().map((intent) => keeper.intents.attempts(intent.id)[0]);
    expect(two?.accountNonce).to.equal(one?.accountNonce);
    expect((two?.maxFee ?? 0n) * 8n >= (one?.maxFee ?? 0n) * 9n).to.equal(true);
    expect(await planNonce()).to.equal(1n);
  });

  it("settles as reverted with the chain's reason when the market moved between simulation and block", async () => {
    await rig.setAutomine(false);
    const keeper = await keeperOn(rig, brain, { clock, settings: { replaceAfter: 60_000 } });
    await rig.setAutomine(true);
    expect((await keeper.tick()).outcome).to.equal("confirmed");
    await rig.setAutomine(false);
    clock.during = async () => {
      const { provider } = world.connection;
      const [, intent] = keeper.intents.list();
      const [mine] = keeper.intents.attempts(intent?.id ?? 0);
      // The swap pays more and goes first; the keeper's transaction follows in a later block, past the tolerance.
      await rig.drop(mine?.hash ?? "");
      clock.during = () => Promise.resolve();
      await rig.setAutomine(true);
      await world.movePool(3_000, ((await world.pool(3_000).slot0()).sqrtPriceX96 * 1_004n) / 1_000n);
      await rig.setAutomine(false);
      await provider.request({ method: "eth_sendRawTransaction", params: [mine?.raw ?? ""] });
      await rig.mine();
    };
    const result = await keeper.tick();
    expect(result.outcome, result.detail).to.equal("reverted");
    expect(result.detail).to.contain("minimum");
    expect(result.transaction?.gasUsed).to.be.a("bigint");
    expect(await planNonce()).to.equal(1n);
  });

  it("records a refusal of the simulation and sends nothing", async () => {
    const narrow = told((state) => recentre(state, 500, 1));
    const keeper = await keeperOn(rig, narrow, { clock });
    const result = await keeper.tick();
    expect(result.outcome).to.equal("refused");
    expect(result.refusal?.name).to.be.oneOf(["LossAboveLimit", "WidthNotAllowed"]);
    expect(result.detail).to.contain("The chain would refuse the plan");
    expect(rig.rpc.asked).not.to.include("eth_sendRawTransaction");
    expect(keeper.intents.list()).to.deep.equal([]);
  });
});
