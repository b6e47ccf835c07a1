/** A real Redis and real processes, which are killed. */
import type { ChildProcess } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";

import { expect } from "chai";
import { Redis } from "ioredis";

import { openRedis } from "../../../../keeper/backtest/sweep/redis/connection.ts";
import { serveOverRedis } from "../../../../keeper/backtest/sweep/redis/serve.ts";
import { publish } from "../../../../keeper/backtest/sweep/redis/store.ts";
import { finish, type Finished, inProcess, start } from "../../cli/run.ts";
import { findRedisServer, type RedisServer, startRedis } from "../../../support/redisServer.ts";
import { rowsOf, sweepFiles, type SweepFiles, until } from "./fixtures.ts";

interface Summary {
  readonly configurations: number;
  readonly done: number;
  readonly resumed: number;
  readonly workers: number;
  readonly best: readonly { readonly hash: string }[];
}

const program = findRedisServer();
const SIZE = { count: 80, days: 250, starts: 12 };
/** Seconds: long enough for a busy machine not to lose the lock of a worker that lives. */
const TAKEOVER = ["--takeover", "3"];

describe("sweep: over Redis", function () {
  this.timeout(180_000);
  let redis: RedisServer;
  let children: ChildProcess[];

  before(function () {
    if (program !== null) return;
    console.log("      left out: no redis-server is installed here (Debian's package redis-server has one)");
    this.skip();
  });
  beforeEach(async () => {
    children = [];
    redis = await startRedis(program!);
  });
  afterEach(async () => {
    for (const child of children) child.kill("SIGKILL");
    await redis.kill();
  });

  const begin = (args: readonly string[]): { child: ChildProcess; end: Promise<Finished> } => {
    const child = start([...args, "--redis", redis.url, "--json"]);
    children.push(child);
    return { child, end: finish(child) };
  };
  const worker = (...options: string[]) => begin(["sweep", "worker", "--workers", "1", ...TAKEOVER, ...options]);
  const sweep = ({ config }: SweepFiles, ...options: string[]) => begin(["sweep", "--config", config, ...options]);
  const by = (files: SweepFiles, { pid }: ChildProcess): number =>
    rowsOf(files.results).filter((row) => row.worker?.endsWith(`:${String(pid)}`) === true).length;
  const isWhole = (files: SweepFiles): void => {
    const hashes = rowsOf(files.results).map(({ hash }) => hash);
    expect(hashes.length).to.equal(SIZE.count);
    expect(new Set(hashes).size).to.equal(SIZE.count);
  };

  it("completes when one of two workers is killed half-way: nothing lost, nothing computed or recorded twice", async () => {
    const files = sweepFiles(SIZE);
    const [one, two] = [worker(), worker("--once")];
    const asked = sweep(files);
    await until("a result of each worker", () => by(files, one.child) > 3 && by(files, two.child) > 3);
    one.child.kill("SIGKILL");
    const { code, stdout, stderr } = await asked.end;
    expect(code, stderr).to.equal(0);
    expect(JSON.parse(stdout) as Summary).to.include({
      configurations: SIZE.count,
      done: SIZE.count,
      resumed: 0,
      workers: 2,
    });
    isWhole(files);
    // Whatever the survivor computed is on record as its own: it did nothing that the other one had finished.
    const survivor = await two.end;
    expect(survivor.code, survivor.stderr).to.equal(0);
    const { computed } = JSON.parse(survivor.stdout) as { readonly computed: number };
    expect(computed).to.equal(by(files, two.child));
    expect(by(files, one.child) + computed).to.equal(SIZE.count);

    // The same figures as on threads here, and Redis is as it was.
    const local = sweepFiles(SIZE);
    const here = await finish(start(["sweep", "--config", local.config, "--workers", "1", "--json"]));
    expect(here.code, here.stderr).to.equal(0);
    const figures = (from: SweepFiles): ReadonlyMap<string, unknown> =>
      new Map(rowsOf(from.results).map(({ hash, outcome }) => [hash, outcome]));
    for (const [hash, outcome] of figures(local)) expect(figures(files).get(hash)).to.deep.equal(outcome);
    expect((JSON.parse(here.stdout) as Summary).best.map(({ hash }) => hash)).to.deep.equal(
      (JSON.parse(stdout) as Summary).best.map(({ hash }) => hash),
    );
    expect(await command(redis, "KEYS", "*")).to.deep.equal([]);
  });

  it("that goes away is told in a sentence by both ends, and the sweep goes on where it stopped", async () => {
    const files = sweepFiles(SIZE);
    const [served, asked] = [worker("--patience", "1"), sweep(files, "--patience", "1")];
    await until("some results", () => rowsOf(files.results).length > 5);
    await redis.kill();
    for (const { code, stdout, stderr } of await Promise.all([asked.end, served.end])) {
      expect(stderr).to.match(
        /Redis at 127.0.0.1:\d+ went away and has not come back for 1 s; start it, then run the same command again/,
      );
      expect(code).to.equal(1);
      expect(stdout).to.equal("");
    }
    const before = rowsOf(files.results).length;
    expect(before).to.be.within(6, SIZE.count - 1);
    expect(readFileSync(files.results, "utf8").endsWith("\n")).to.equal(true);

    redis = await startRedis(program!, redis.port);
    const [again, more] = [sweep(files), worker("--once")];
    const { code, stdout, stderr } = await again.end;
    expect(code, stderr).to.equal(0);
    expect(JSON.parse(stdout) as Summary).to.include({ done: SIZE.count, resumed: before });
    isWhole(files);
    expect((await more.end).code).to.equal(0);
  });

  it("that comes back in time without what it held gets what is missing again; a sweep that was killed is collected", async () => {
    const files = sweepFiles(SIZE);
    const served = worker();
    const first = sweep(files);
    await until("some results", () => rowsOf(files.results).length > 5);
    const { port } = redis;
    await redis.kill();
    redis = await startRedis(program!, port);
    const before = rowsOf(files.results).length;
    await until("more results", () => rowsOf(files.results).length > before + 5);
    first.child.kill("SIGKILL");
    await first.end;
    const { code, stdout, stderr } = await sweep(files).end;
    expect(code, stderr).to.equal(0);
    expect((JSON.parse(stdout) as Summary).resumed).to.be.greaterThan(before + 5);
    isWhole(files);
    // Asked to end, a worker ends well.
    served.child.kill("SIGINT");
    expect((await served.end).code).to.equal(0);
  });

  it("offers no work to other code, which is told so", async () => {
    const link = await openRedis(redis.url, 1_000);
    const stop = new AbortController();
    const said: string[] = [];
    try {
      await publish(link.client, "00", "1.0.0+aaa", "{}");
      const log = (line: string): void => {
        said.push(line);
        stop.abort();
      };
      const served = { link, codeVersion: "1.0.0+bbb", threads: 1, takeover: 1_000, once: false };
      expect(await serveOverRedis({ ...served, log, signal: stop.signal })).to.deep.equal({ computed: 0 });
    } finally {
      link.close();
    }
    expect(said).to.deep.equal([
      "A sweep wants code 1.0.0+aaa, and this is 1.0.0+bbb; update the code here to work on it.",
    ]);
  });

  it("that is not there, refuses, or is no Redis is told before anything is written", async () => {
    const files = sweepFiles(SIZE);
    await command(redis, "CONFIG", "SET", "requirepass", "right");
    for (const [url, message, exit] of [
      [
        "redis://127.0.0.1:1",
        /Redis at 127.0.0.1:1 cannot be used \(.*ECONNREFUSED.*\); start it, or correct --redis/,
        1,
      ],
      [redis.url.replace("//", "//:wrong@"), /Redis at 127.0.0.1:\d+ cannot be used \(WRONGPASS/, 1],
      [redis.url, /Redis at 127.0.0.1:\d+ cannot be used \(NOAUTH/, 1],
      ["http://127.0.0.1", /--redis: this is no address of a Redis; write one such as redis:/, 2],
    ] as const) {
      // Both ends open the connection alike; the one that would write something is asked.
      const { code, stdout, stderr } = await inProcess(["sweep", "--config", files.config, "--redis", url]);
      expect(stderr)
        .to.match(message)
        .and.not.match(/wrong@/);
      expect(code).to.equal(exit);
      expect(stdout).to.equal("");
    }
    const { code } = await inProcess(["sweep", "worker", "--redis", "redis://127.0.0.1:1"]);
    expect(code).to.equal(1);
    expect(existsSync(files.results)).to.equal(false);
  });
});

async function command({ url }: RedisServer, name: string, ...args: readonly string[]): Promise<unknown> {
  const client = new Redis(url);
  try {
    return await client.call(name, ...args);
  } finally {
    client.disconnect();
  }
}
