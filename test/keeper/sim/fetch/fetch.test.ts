import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { FetchOptionError } from "../../../../keeper/sim/fetch/errors.ts";
import { fetchEvents, type FetchResult } from "../../../../keeper/sim/fetch/fetchEvents.ts";
import { fetchTickMap } from "../../../../keeper/sim/fetch/fetchTickMap.ts";
import { parseEvents } from "../../../../keeper/sim/replay/events.ts";
import { replay, type ReplayResult } from "../../../../keeper/sim/replay/replay.ts";
import { readTickMap } from "../../../../keeper/sim/tickMap.ts";
import { POOL } from "../../../support/sim/model.ts";
import { rejects } from "../../../local/support.ts";
import { FakeNode, POOL_ADDRESS, type RawLog } from "../../../support/sim/fakeNode.ts";

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
  const nameOf = ({ topics }: RawLog): string => POOL.getEvent(topics[0] ?? "")?.name ?? "";
  const IN_FILES = ["Swap", "Mint", "Burn", "Collect"];
  const logsOf = (from: number, to: number): number =>
    node.blocks
      .slice(from, to + 1)
      .flatMap(({ logs }) => logs)
      .filter((log) => IN_FILES.includes(nameOf(log))).length;

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
    await rejects(run(), /does not answer \(down\).*it goes on from block 11/);
    expect(node.ranges).to.deep.equal([]);
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

  it("asks for the ticks at both ends only, where few events lie between, and for four words of state a chunk", async () => {
    let calls = 0;
    node.before = (method) => {
      if (method === "eth_call") calls++;
    };
    node.maxRange = 100;
    const { chunks } = await run();
    expect(node.lensCalls).to.equal(2);
    // What kind of pool it is, its state before and after each chunk and at both ends, and the lens.
    expect(calls).to.be.at.most(2 + 4 * (chunks + 4) + node.lensCalls);
  });

  it("begins before the pool is there", async () => {
    node = new FakeNode(BLOCKS, 7);
    for (const from of [0, 3]) {
      rmSync(file, { force: true });
      const result = await run(from);
      expect(result).to.include({ events: logsOf(from, BLOCKS), gapChecked: true });
      expect(readFileSync(file, "utf8")).to.contain(",79228162514264337593543950336,0,");
    }
  });

  /** Events of one kind in the middle of the history; `wanted` picks among them. */
  const inTheMiddle = (kind: string, wanted: (log: RawLog, tick: number) => boolean = () => true): RawLog => {
    const found = node.blocks
      .slice(BLOCKS / 2, BLOCKS - 20)
      .flatMap(({ logs, pool }) => logs.map((log) => ({ log, tick: pool.state.slot0.tick })))
      .find(({ log, tick }) => nameOf(log) === kind && wanted(log, tick));
    if (found === undefined) throw new Error(`no such ${kind}`);
    return found.log;
  };
  const isFar = ({ topics, data }: RawLog, tick: number): boolean => {
    const { args } = POOL.parseLog({ topics, data })!;
    return tick < Number(args["tickLower"]) - 20 || tick > Number(args["tickUpper"]) + 20;
  };
  const without =
    (...gone: readonly RawLog[]) =>
    (logs: RawLog[]): RawLog[] =>
      logs.filter(({ transactionHash }) => !gone.some((log) => log.transactionHash === transactionHash));

  const gaps: readonly (readonly [string, () => FakeNode["tamper"], RegExp])[] = [
    ["a swap in the middle", () => without(inTheMiddle("Swap")), /does not follow|leaves events out/],
    [
      "a mint that is in range",
      () => without(inTheMiddle("Mint", (log, tick) => !isFar(log, tick))),
      /leaves events out/,
    ],
    ["a mint far from the price", () => without(inTheMiddle("Mint", isFar)), /leaves events out/],
    ["a burn far from the price", () => without(inTheMiddle("Burn", isFar)), /leaves events out/],
    ["all mints", () => (logs) => logs.filter((log) => nameOf(log) !== "Mint"), /leaves events out/],
    ["a flash loan", () => without(inTheMiddle("Flash")), /fee growth of token.*leaves events out/],
    [
      "a change of the protocol's part",
      () => without(inTheMiddle("SetFeeProtocol")),
      /leaves events out|protocol's part/,
    ],
    [
      "all but the first and the last two",
      () => (logs) => (logs.length > 3 ? [...logs.slice(0, 1), ...logs.slice(-2)] : logs),
      /./,
    ],
  ];
  for (const [what, tamper, message] of gaps) {
    for (const [how, range] of [
      ["in one chunk", Infinity],
      ["in many", 40],
    ] as const) {
      it(`finds out a node that leaves out ${what}, ${how}`, async () => {
        node.tamper = tamper();
        node.maxRange = range;
        const ended = await run().then(
          () => null,
          (error: unknown) => String(error),
        );
        if (ended === null) {
          // Small chunks were served in full.
          node.tamper = (logs) => logs;
          expect((await replayed()).mismatched).to.equal(0);
          expect(readFileSync(file, "utf8").split("\n").length - 2).to.equal(logsOf(11, BLOCKS));
          expect(message.source).to.equal(".");
        } else {
          expect(ended).to.match(message);
          expect(existsSync(file)).to.equal(false);
        }
      });
    }
  }

  it("finds out an amount that was changed", async () => {
    const swap = inTheMiddle("Swap");
    node.tamper = (logs) =>
      logs.map((log) =>
        log.transactionHash === swap.transactionHash
          ? { ...log, data: `0x${"00".repeat(31)}07${log.data.slice(66)}` }
          : log,
      );
    await rejects(run(), /SWAP of block \d+, log \d+ does not follow from the node's events before it/);
  });

  it("takes back what it kept when ticks tell later that a mint was left out, and fetches it again", async () => {
    const mint = inTheMiddle("Mint", isFar);
    node.maxRange = 40;
    let left = 1;
    node.tamper = (logs) => {
      const honest = without(mint)(logs);
      return honest.length < logs.length && left-- > 0 ? honest : logs;
    };
    const result = await run();
    expect(lines.join("\n")).to.match(/Events are missing after block 10, for the liquidity at tick -?\d+/);
    expect(result).to.include({ events: logsOf(11, BLOCKS), gapChecked: true });
    expect((await replayed()).mismatched).to.equal(0);
  });

  it("finds it out in the next run, too", async () => {
    const mint = inTheMiddle("Mint", isFar);
    node.maxRange = 40;
    node.tamper = without(mint);
    const stop = new AbortController();
    node.before = (method) => {
      if (method !== "eth_getLogs" || (node.ranges.length < 10 && !stop.signal.aborted)) return;
      stop.abort();
      throw new Error("aborted");
    };
    await rejects(run(11, BLOCKS, stop.signal), /aborted/);
    node.before = () => undefined;
    await rejects(run(), /leaves events out/);
    expect(lines.join("\n")).to.match(/Going on after block/);
  });

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

  for (const words of ["missing trie node abc", "No state available for block 0xabc", "World state unavailable"]) {
    it(`says that gaps cannot be told where the node keeps no past states: ${words}`, async () => {
      node.keepsPast = false;
      node.forgotten = words;
      const { gapChecked, events } = await run(11, BLOCKS - 1);
      expect(gapChecked).to.equal(false);
      expect(events).to.equal(logsOf(11, BLOCKS - 1));
      expect(lines.join("\n")).to.contain("keeps no past states");
    });
  }

  it("still finds out, without past states, a swap that does not follow and a mint at another price", async () => {
    node.keepsPast = false;
    const rowsIn = (log: RawLog): number => Math.floor(Number(POOL.parseLog(log)!.args["tick"]) / 10);
    // A missing swap between two that end in the same stretch as itself.
    const all = node.blocks.flatMap(({ logs }) => logs).filter((log) => nameOf(log) === "Swap");
    const at = all.findIndex((_, i) => i > 20 && new Set(all.slice(i - 1, i + 2).map(rowsIn)).size === 1);
    node.tamper = without(all[at]!);
    await rejects(run(11, BLOCKS - 1), /does not follow from the node's events before it/);
    node.tamper = (logs) =>
      logs.map((log) => (nameOf(log) === "Mint" ? { ...log, data: `${log.data.slice(0, -1)}7` } : log));
    await rejects(run(11, BLOCKS - 1), /does not follow from the node's events before it|the MINT moves/);
  });

  it("remembers in the next run that gaps were not checked", async () => {
    node.keepsPast = false;
    node.maxRange = 40;
    let requests = 0;
    node.before = (method) => {
      if (method === "eth_getLogs" && ++requests > 10) throw new FetchOptionError("stopped");
    };
    await rejects(run(), /stopped/);
    node.before = () => undefined;
    node.keepsPast = true;
    expect(await run()).to.include({ events: logsOf(11, BLOCKS), gapChecked: false });
  });

  describe("its files", () => {
    const stopAfter = (chunks: number): void => {
      let requests = 0;
      node.maxRange = 40;
      node.before = (method) => {
        if (method === "eth_getLogs" && ++requests > chunks) throw new FetchOptionError("stopped");
      };
    };
    const stopped = async (): Promise<string> => {
      stopAfter(12);
      await rejects(run(), /stopped/);
      node.before = () => undefined;
      return readFileSync(`${file}.part`, "utf8");
    };

    it("does not go on with rows that were cut short or changed", async () => {
      const rows = await stopped();
      writeFileSync(`${file}.part`, rows.slice(0, -50));
      await rejects(run(), /\.part was cut short since it was written; remove it/);
      writeFileSync(`${file}.part`, rows.replace(/SWAP,0x./, "SWAP,0x!"));
      await rejects(run(), /\.part was changed since it was written; remove it/);
      writeFileSync(`${file}.part`, rows);
      expect((await run()).events).to.equal(logsOf(11, BLOCKS));
    });

    it("lets only one fetch write, and takes over from a killed one", async () => {
      const first = run();
      await rejects(run(), /is being written by process \d+ on .*; wait for it/);
      expect((await first).events).to.equal(logsOf(11, BLOCKS));
      expect(readdirSync(folder)).to.deep.equal(["events.csv"]);
      rmSync(file);
      const { pid } = spawnSync(process.execPath, ["--version"]);
      writeFileSync(`${file}.part.lock`, `${pid} on ${hostname()}`);
      expect((await run()).events).to.equal(logsOf(11, BLOCKS));
      expect(readdirSync(folder)).to.deep.equal(["events.csv"]);
    });

    it("writes over no file that has come meanwhile", async () => {
      node.before = (method) => {
        if (method === "eth_getLogs") writeFileSync(file, "mine");
      };
      await rejects(run(), /has appeared meanwhile.*lies whole in .*\.part/);
      expect(readFileSync(file, "utf8")).to.equal("mine");
    });

    it("ends at once when it cannot write, with the system's reason, and asks the node no more", async () => {
      let requests = 0;
      node.before = (method) => {
        if (method === "eth_getLogs" && ++requests === 1) rmSync(folder, { recursive: true });
      };
      await rejects(run(), /part\.json cannot be written \(ENOENT\); check that the folder is there/);
      expect(requests).to.equal(1);
      await rejects(run(), /cannot be written \(ENOENT\)/);
    });

    it("leaves nothing of a write that failed half-way", async () => {
      stopAfter(Infinity);
      const before = node.before;
      // As a disk that was full for a moment leaves it.
      node.before = (method) => {
        before(method);
        if (method === "eth_getLogs") writeFileSync(`${file}.part`, "half a row", { flag: "a" });
      };
      expect((await run()).events).to.equal(logsOf(11, BLOCKS));
      expect((await replayed()).mismatched).to.equal(0);
    });

    it("does not write a tick map over another file", async () => {
      writeFileSync(file, "mine");
      await rejects(
        fetchTickMap({ rpc: node, pool: POOL_ADDRESS, block: 10, file, log: () => undefined }),
        /is there already; remove it, or name another file with --tickmap/,
      );
    });
  });

  it("asks for smaller chunks only where the size can matter", async () => {
    let failures = 3;
    node.before = (method) => {
      if (method === "eth_call" && node.ranges.length > 0 && failures-- > 0) throw new Error("internal trouble");
    };
    await run();
    expect(new Set(node.ranges)).to.deep.equal(new Set([BLOCKS - 10]));
    rmSync(file);
    node.before = (method) => {
      if (method === "eth_getLogs") throw new Error("response size exceeded");
    };
    await rejects(run(), /does not serve the logs of block 11 \(response size exceeded\)/);
  });

  it("does not take another contract for a pool, nor another block for the one it asked for", async () => {
    node.before = (method) => {
      if (method === "eth_call") throw new Error("function selector was not recognized and there's no fallback");
    };
    await rejects(run(), /does not answer (fee|tickSpacing) as a Uniswap v3 pool.*correct the pool's address/);
    node.before = () => undefined;
    node.blocks[99] = { ...node.blocks[99]!, number: 98 };
    await rejects(run(100), /answers with block 98 for block 99/);
  });

  it("refuses blocks that are not there yet, or in the wrong order", async () => {
    await rejects(run(11, BLOCKS + 1), /Block 401 is not there yet, the newest is 400/);
    await rejects(run(20, 10), /--from 20 lies after --to 10/);
    expect(readdirSync(folder)).to.deep.equal([]);
  });
});
