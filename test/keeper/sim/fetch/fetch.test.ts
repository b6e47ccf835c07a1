import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { fetchEvents, type FetchResult } from "../../../../keeper/sim/fetch/fetchEvents.ts";
import { fetchTickMap } from "../../../../keeper/sim/fetch/fetchTickMap.ts";
import { parseEvents } from "../../../../keeper/sim/replay/events.ts";
import { replay, type ReplayResult } from "../../../../keeper/sim/replay/replay.ts";
import { readTickMap } from "../../../../keeper/sim/tickMap.ts";
import { rejects } from "../../../local/support.ts";
import { FakeNode, POOL_ADDRESS } from "../../../support/sim/fakeNode.ts";

const BLOCKS = 400;

describe("sim/fetch: a pool's history from a node", () => {
  let folder: string;
  let file: string;
  let node: FakeNode;
  let lines: string[];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "strata-fetch-"));
    file = join(folder, "events.csv");
    node = new FakeNode(BLOCKS);
    lines = [];
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const run = (from = 11, to = BLOCKS, signal = new AbortController().signal): Promise<FetchResult> =>
    fetchEvents({
      rpc: node,
      pool: POOL_ADDRESS,
      from,
      to,
      file,
      signal,
      log: (line) => lines.push(line),
      sleep: () => Promise.resolve(),
    });
  const replayed = async (block = 10): Promise<ReplayResult> => {
    const map = join(folder, "map.json");
    await fetchTickMap({ rpc: node, pool: POOL_ADDRESS, block, file: map, log: () => undefined });
    return replay(parseEvents(readFileSync(file, "utf8"), file), { file, map: readTickMap(map) });
  };
  const logsOf = (from: number, to: number): number =>
    node.blocks.slice(from, to + 1).reduce((sum, { logs }) => sum + logs.length, 0);

  it("writes every event, and the replay from the snapshot is exact, ticks crossed included", async () => {
    const result = await run();
    expect(result).to.include({ events: logsOf(11, BLOCKS), gapChecked: true, reorganisations: 0 });
    const told = await replayed();
    expect(told.mismatched).to.equal(0);
    expect(told.checked).to.equal(told.swaps);
    expect(told.crossings).to.be.greaterThan(10);
    expect(readdirSync(folder)).to.have.members(["events.csv", "map.json"]);
  });

  it("fills the columns that a replay without a map reads", async () => {
    await run();
    const told = replay(parseEvents(readFileSync(file, "utf8"), file), { file });
    expect(told.fee).to.equal(500);
    expect(told.mismatched).to.equal(0);
    expect(told.checked).to.be.greaterThan(100);
  });

  it("fits its chunks to a node that limits the range, and to one that limits the answer", async () => {
    node.maxRange = 50;
    node.maxLogs = 40;
    const { events } = await run();
    expect(events).to.equal(logsOf(11, BLOCKS));
    expect(Math.max(...node.ranges)).to.be.at.most(50);
    expect((await replayed()).mismatched).to.equal(0);
  });

  it("goes on where it was stopped, and ends with the same file", async () => {
    node.maxRange = 40;
    await run();
    const whole = readFileSync(file, "utf8");
    rmSync(file);
    const stop = new AbortController();
    let requests = 0;
    node.before = (method) => {
      if (method === "eth_getLogs" && ++requests === 12) {
        stop.abort();
        throw new Error("aborted");
      }
    };
    await rejects(run(11, BLOCKS, stop.signal), /aborted/);
    expect(existsSync(file)).to.equal(false);
    // A row that was written without its checkpoint.
    writeFileSync(`${file}.part`, "half a row", { flag: "a" });
    node.before = () => undefined;
    node.ranges.length = 0;
    await run();
    expect(lines.join("\n")).to.match(/Going on after block \d+/);
    expect(readFileSync(file, "utf8")).to.equal(whole);
  });

  it("refuses to go on with what another fetch left, and to overwrite", async () => {
    node.before = (method) => {
      if (method === "eth_getLogs") throw Object.assign(new Error("down"), { code: "ECONNREFUSED" });
    };
    await rejects(run(), /does not serve the logs of block 11.*down/);
    node.before = () => undefined;
    await rejects(run(12), /is of pool 0xabab.*blocks 11 to 400; remove it/);
    await run();
    await rejects(run(), /is there already/);
  });

  it("drops what a reorganisation took away, also between two runs", async () => {
    node.maxRange = 40;
    let requests = 0;
    node.before = (method) => {
      if (method === "eth_getLogs" && ++requests === 12) node.reorganise(300);
    };
    const result = await run();
    expect(result.reorganisations).to.be.greaterThan(0);
    expect(result.events).to.equal(logsOf(11, BLOCKS));
    expect((await replayed()).mismatched).to.equal(0);
  });

  const lies: readonly (readonly [string, FakeNode["tamper"], RegExp])[] = [
    ["leaves out a swap", (logs) => logs.filter((_, i) => i !== logs.length - 1), /leaves events out/],
    ["answers with something else", () => "all", /is no list/],
    [
      "sends logs of another pool",
      (logs) => logs.map((log) => ({ ...log, address: `0x${"01".repeat(20)}` })),
      /not of the pool/,
    ],
    ["sends logs of other blocks", (logs) => logs.map((log) => ({ ...log, blockNumber: "0x1" })), /outside of/],
    ["turns the order round", (logs) => logs.toReversed(), /after log/],
    ["sends a log twice", (logs) => logs.flatMap((log) => [log, log]), /after log/],
    [
      "sends logs of blocks that are not there",
      (logs) => logs.map((log) => ({ ...log, blockHash: `0x${"9".repeat(64)}` })),
      /another block/,
    ],
    ["sends logs that were removed", (logs) => logs.map((log) => ({ ...log, removed: true })), /removed/],
    ["sends garbage", (logs) => logs.map((log) => ({ ...log, data: "0x12" })), /cannot be decoded/],
  ];
  for (const [what, tamper, message] of lies) {
    it(`finds out a node that ${what}, and writes no file`, async () => {
      node.tamper = (logs) => (logs.length === 0 ? logs : tamper(logs));
      await rejects(run(), message);
      expect(existsSync(file)).to.equal(false);
    });
  }

  it("reads a tick map in few calls, and the same one where an answer holds only some ticks", async () => {
    const read = async (name: string): Promise<unknown> => {
      const map = join(folder, name);
      await fetchTickMap({ rpc: node, pool: POOL_ADDRESS, block: BLOCKS, file: map, log: () => undefined });
      return JSON.parse(readFileSync(map, "utf8"));
    };
    const whole = (await read("whole.json")) as { ticks: unknown[] };
    expect(node.lensCalls).to.equal(1);
    expect(whole.ticks.length).to.be.greaterThan(20);
    node.mostTicks = 3;
    node.lensCalls = 0;
    expect(await read("parts.json")).to.deep.equal(whole);
    expect(node.lensCalls).to.equal(Math.ceil(whole.ticks.length / 3));
  });

  const lensLies: readonly (readonly [string, (answer: string) => string, RegExp])[] = [
    ["does not create contracts in calls", () => "0x", /does not answer calls that create a contract/],
    ["cuts a tick in two", (answer) => answer.slice(0, -64), /no list of ticks/],
    ["does not go on", (answer) => `0x${"f".repeat(64)}${answer.slice(66)}`, /no list of ticks/],
    ["leaves a tick out", (answer) => answer.slice(0, -320), /does not fit together/],
  ];
  for (const [what, tamper, message] of lensLies) {
    it(`finds out a node that ${what}, and writes no map`, async () => {
      node.tamperTicks = tamper;
      const map = join(folder, "map.json");
      await rejects(
        fetchTickMap({ rpc: node, pool: POOL_ADDRESS, block: BLOCKS, file: map, log: () => undefined }),
        message,
      );
      expect(readdirSync(folder)).to.deep.equal([]);
    });
  }

  it("says that gaps cannot be told where the node keeps no past states", async () => {
    node.keepsPast = false;
    const { gapChecked, events } = await run(11, BLOCKS - 1);
    expect(gapChecked).to.equal(false);
    expect(events).to.equal(logsOf(11, BLOCKS - 1));
    expect(lines.join("\n")).to.contain("keeps no past states");
  });

  it("refuses blocks that are not there yet, or in the wrong order", async () => {
    await rejects(run(11, BLOCKS + 1), /Block 401 is not there yet, the newest is 400/);
    await rejects(run(20, 10), /--from 20 lies after --to 10/);
    expect(readdirSync(folder)).to.deep.equal([]);
  });
});
