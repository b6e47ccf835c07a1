import { expect } from "chai";
import { network } from "hardhat";

import { ChainNode } from "../../../keeper/chain/node.ts";
import type { Rpc } from "../../../keeper/chain/rpc.ts";
import { observe } from "../../../keeper/observe/observe.ts";
import type { Snapshot } from "../../../keeper/observe/snapshot.ts";
import { midnight } from "../../../keeper/observe/launches.ts";
import { Records } from "../../../keeper/run/records.ts";
import { computeSignals } from "../../../keeper/signals/computeSignals.ts";
import { DEFAULT_CONFIG } from "../../../keeper/strategy/config.ts";
import { decide } from "../../../keeper/strategy/decide.ts";
import type { LocalReitVault } from "../../../types/ethers-contracts/local/LocalReitVault.ts";
import { ONE } from "../../support/arithmetic.ts";
import { putInPlace } from "../../support/sleeves.ts";
import { deployWorld, type World } from "../../support/world.ts";
import { TERMS } from "../../contracts/sleeves/assetSleeves.ts";
import { journalOf, keeperOn, rigFor, told, decisionOf, type Rig } from "../rig.ts";

const connection = await network.create();
const { networkHelpers } = connection;

const DAY = 86_400;
/** New pools a day; the last one is the spike. */
const OPENED = [1, 2, 1, 3, 0, 2, 1, 2, 1, 0, 2, 3, 1, 2, 1, 1, 2, 1, 2, 12];
const ASSET_PLACE = 3;

interface Scene {
  readonly world: World;
  readonly rig: Rig;
  readonly fund: LocalReitVault;
  /** Midnight of the first day of OPENED. */
  readonly first: number;
}

let token = 1n;

/** A pool of two tokens that nobody has heard of. */
async function openPool({ factory }: World): Promise<void> {
  const address = (n: bigint): string => `0x${n.toString(16).padStart(40, "0")}`;
  token += 2n;
  await factory
    .getFunction("createPool")
    .send(address((1n << 150n) + token), address((1n << 150n) + token + 1n), 3_000);
}

async function open(): Promise<Scene> {
  const world = await deployWorld(connection);
  const fund = await world.ethers.deployContract("LocalReitVault", [
    world.quote.target,
    "Local REIT",
    "LREIT",
    world.who.deployer.address,
    ONE,
    DAY,
  ]);
  const sleeve = await world.ethers.deployContract("Erc7540Sleeve", [world.addresses.vault, fund.target, TERMS]);
  await putInPlace(world, ASSET_PLACE, await sleeve.getAddress());
  await world.firstDeposit(world.who.alice, 1_000_000n * ONE);
  await world.execute({ mints: [{ ...(await world.around(3_000, 4_000)), fraction0: ONE, fraction1: ONE }] });
  // Two days of the chain's time lie before the first whole day that counts.
  const first = midnight(await networkHelpers.time.latest()) + 2 * DAY;
  for (const [day, pools] of OPENED.entries()) {
    for (let i = 0; i < pools; i++) {
      // The first second of a day, its last one, and evenly between.
      const offset = i === 0 ? 0 : i === pools - 1 ? DAY - 1 : Math.floor((DAY * i) / pools);
      await networkHelpers.time.setNextBlockTimestamp(first + day * DAY + offset);
      await openPool(world);
    }
  }
  await networkHelpers.time.increaseTo(first + OPENED.length * DAY + 3_600);
  await world.report(world.options.price);
  return { world, rig: rigFor(world), fund, first };
}

const look = (rig: Rig, node: ChainNode = rig.node): Promise<Snapshot> =>
  observe(node, rig.addresses, rig.wallet.address);

/** A node with a limit on the blocks of one question about events; 0 serves none. */
function limited(inner: Rpc, most: bigint): ChainNode {
  return new ChainNode({
    request: (args) => {
      if (args.method === "eth_getLogs") {
        const { fromBlock, toBlock } = args.params[0] as { fromBlock: string; toBlock: string };
        if (BigInt(toBlock) - BigInt(fromBlock) >= most)
          return Promise.reject(new Error(`query exceeds max block range ${most}`));
      }
      return inner.request(args);
    },
  });
}

describe("keeper/run/records: what others count and report", () => {
  it("counts the pools of whole days to the second, some days a tick, and keeps them", async () => {
    const { rig, first } = await networkHelpers.loadFixture(open);
    const journal = journalOf(rig);
    const records = new Records(rig.node, journal, rig.addresses.vault);
    const snapshot = await look(rig);
    await records.look(snapshot);
    expect(records.history.launches.map(({ pools }) => pools)).to.deep.equal(OPENED.slice(-4));
    for (let tick = 0; tick < 9; tick++) await records.look(snapshot);
    const counted = records.history.launches.filter(({ day }) => day >= first);
    expect(counted).to.deep.equal(OPENED.map((pools, i) => ({ day: first + i * DAY, pools })));
    expect(records.trouble).to.equal(null);
    // Nothing is left to ask: neither now nor after a restart. Days before the chain began are missing, not zero.
    rig.rpc.asked.length = 0;
    await records.look(snapshot);
    expect(rig.rpc.asked).to.deep.equal([]);
    const genesis = (await rig.node.block(0n))?.timestamp ?? NaN;
    expect((records.history.launches[0]?.day ?? 0) > genesis).to.equal(true);
    const again = new Records(rig.node, journal, rig.addresses.vault);
    expect(again.history.launches).to.deep.equal(records.history.launches);
    await again.look(snapshot);
    expect(rig.rpc.asked.filter((method) => method === "eth_getLogs")).to.deep.equal([]);
    journal.close();
  });

  it("asks a node that limits its answers in pieces", async () => {
    const { rig } = await networkHelpers.loadFixture(open);
    const [whole, pieces] = await Promise.all(
      [rig.node, limited(rig.rpc, 17n)].map(async (node) => {
        const journal = journalOf(rig);
        const records = new Records(node, journal, rig.addresses.vault);
        const snapshot = await look(rig);
        for (let tick = 0; tick < 9; tick++) await records.look(snapshot);
        journal.close();
        expect(records.trouble).to.equal(null);
        return records.history.launches;
      }),
    );
    expect(pieces).to.deep.equal(whole);
  });

  it("says what a node does not serve, acts as without it, and asks again an hour later", async () => {
    const { world, rig } = await networkHelpers.loadFixture(open);
    const node = limited(rig.rpc, 0n);
    const keeper = await keeperOn(rig, { ...told((state) => decisionOf(state, {})), computeSignals, decide }, { node });
    const tick = await keeper.tick();
    expect(tick.outcome).to.equal("hold");
    expect(tick.unknown).to.match(/How many pools are opened a day is not known: .*max block range 0/);
    expect(tick.signals["launchActivity"]?.value).to.equal(null);
    const asset = tick.decision.reasons.find(({ rule }) => rule === "asset");
    expect(asset?.text).to.match(/is not known, so nothing moves/);
    const asked = (): number => rig.rpc.asked.filter((method) => method === "eth_getBlockByNumber").length;
    const before = asked();
    await keeper.tick();
    expect(asked()).to.equal(before);
    await networkHelpers.time.increase(3_700);
    await world.report(world.options.price);
    await keeper.tick();
    expect(asked() > before).to.equal(true);
  });

  it("gives the asset rule its spike and the venue's marks, about one a day", async () => {
    const { world, rig, fund } = await networkHelpers.loadFixture(open);
    const brain = { computeSignals, decide, config: DEFAULT_CONFIG };
    const journal = journalOf(rig);
    const keeper = await keeperOn(rig, brain, { journal, settings: { send: false } });
    let tick = await keeper.tick();
    for (let i = 0; i < 7; i++) tick = await keeper.tick();
    const score = tick.signals["launchActivity"];
    expect(score?.fresh).to.equal(true);
    expect((score?.value ?? 0) > 5, String(score?.value)).to.equal(true);
    expect(tick.decision.reasons.find(({ rule }) => rule === "asset")?.text).to.match(
      /standard deviations from the days before, but the asset's correlation with the pair is not measured yet: 0 of 16/,
    );
    const marks = (): readonly unknown[] => journal.all("SELECT * FROM marks");
    expect(marks().length).to.equal(1);
    await fund.report((ONE * 101n) / 100n);
    await keeper.tick();
    expect(marks().length).to.equal(1);
    await networkHelpers.time.increase(DAY);
    await world.report(world.options.price);
    await keeper.tick();
    const [a, b] = journal.all("SELECT value FROM marks ORDER BY time").map((row) => Number(row["value"]));
    expect(Math.abs((b ?? 0) / (a ?? 1) - 1.01) < 1e-9).to.equal(true);
    journal.close();
  });

  it("asks nothing for a vault without such a sleeve", async () => {
    const world = await deployWorld(connection);
    await world.firstDeposit(world.who.alice, 1_000n * ONE);
    const rig = rigFor(world);
    const journal = journalOf(rig);
    const records = new Records(rig.node, journal, rig.addresses.vault);
    const snapshot = await look(rig);
    rig.rpc.asked.length = 0;
    await records.look(snapshot);
    expect(rig.rpc.asked).to.deep.equal([]);
    expect(records.history).to.deep.equal({ launches: [], marks: [] });
    journal.close();
  });
});
