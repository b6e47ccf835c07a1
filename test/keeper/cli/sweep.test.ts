import { existsSync, readFileSync, writeFileSync } from "node:fs";

import { expect } from "chai";

import { decodeDefinition, encodeDefinition } from "../../../keeper/backtest/sweep/redis/store.ts";
import { duration, progress, progressLine } from "../../../keeper/backtest/sweep/progress.ts";
import { DEFAULT_COSTS } from "../../../keeper/backtest/model/costs.ts";
import { rowsOf, sweepFiles, until } from "../backtest/sweep/fixtures.ts";
import { gbm, pathOf } from "../backtest/worlds.ts";
import { finish, inProcess, start } from "./run.ts";

const SMALL = { count: 12, days: 60, starts: 2 };
const LONG = { count: 60, days: 250, starts: 12 };

interface Summary {
  readonly configurations: number;
  readonly done: number;
  readonly resumed: number;
  readonly failed: number;
  readonly workers: number;
  readonly seconds: number;
  readonly seed: number | null;
  readonly codeVersion: string;
  readonly configHash: string;
  readonly objective: string;
  readonly best: readonly (Readonly<Record<string, unknown>> & {
    readonly parameters: unknown;
    readonly sharpe: number;
  })[];
}

describe("cli: sweep", function () {
  this.timeout(120_000);

  it("prints the document that machine-output.md promises, whose figures are those of `strata backtest`", async () => {
    const { config, results } = sweepFiles(SMALL, {
      strategy: "recentre",
      parameters: { halfWidth: [0.2, 0.4, 0.2] },
      search: { method: "grid" },
    });
    const { code, stdout, stderr } = await inProcess(["sweep", "--config", config, "--workers", "2", "--json"]);
    expect(code, stderr).to.equal(0);
    expect(stderr).to.match(/2 of 2 configurations, [\d.]+ a second\n$/);
    const summary = JSON.parse(stdout) as Summary;
    expect(summary).to.include({
      configurations: 2,
      done: 2,
      resumed: 0,
      failed: 0,
      workers: 2,
      seed: null,
      objective: "sharpe",
    });
    expect(summary.codeVersion).to.match(/^\d+\.\d+\.\d+\+[0-9a-f]{12}$/);
    expect(summary.configHash).to.match(/^[0-9a-f]{64}$/);
    expect(rowsOf(results).length).to.equal(2);
    const [first, second] = summary.best;
    expect(first!.sharpe).to.be.greaterThan(second!.sharpe);

    const { stdout: study } = await inProcess([
      ...[
        "backtest",
        "--prices",
        config.replace("sweep.json", "prices.csv"),
        "--inputs",
        config.replace("sweep.json", ""),
      ],
      ...["--starts", "2", "--strategies", "recentre-20,recentre-40", "--json"],
    ]);
    const { strategies } = JSON.parse(study) as {
      readonly strategies: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
    };
    for (const { parameters, ...figures } of summary.best) {
      const name = `recentre-${(parameters as { readonly halfWidth: number }).halfWidth * 100}`;
      for (const figure of ["netReturn", "cagr", "sharpe", "maxDrawdown", "turnover", "attribution", "starts"])
        expect(figures[figure], `${name}: ${figure}`).to.deep.equal(strategies[name]![figure]);
    }
  });

  it("prints a table for people, and says what it knew already", async () => {
    const { config, results } = sweepFiles(SMALL, { objective: "maxDrawdown" });
    expect((await inProcess(["sweep", "--config", config])).code).to.equal(0);
    const lines = readFileSync(results, "utf8");
    // Ranking is no part of what is computed.
    writeFileSync(config, readFileSync(config, "utf8").replace("maxDrawdown", "cagr"));
    const { code, stdout, stderr } = await inProcess(["sweep", "--config", config]);
    expect(code).to.equal(0);
    expect(stderr).to.match(/^12 configurations are in .*sweep.results.jsonl already/);
    expect(stdout)
      .to.match(/hedged-ranges: 12 configurations, 0 of them in this run/)
      .and.match(/best by cagr, of 12 tried/)
      .and.match(/halfWidth1 +hedge$/m);
    expect(readFileSync(results, "utf8")).to.equal(lines);
  });

  it("gives the same rows on one thread and on two", async () => {
    const [one, two] = [sweepFiles(SMALL), sweepFiles(SMALL)];
    await inProcess(["sweep", "--config", one.config, "--workers", "1"]);
    await inProcess(["sweep", "--config", two.config, "--workers", "2"]);
    const sorted = (file: string): string[] => readFileSync(file, "utf8").split("\n").toSorted();
    expect(sorted(one.results)).to.deep.equal(sorted(two.results));
  });

  it("goes on after kill -9 and after Ctrl-C, and records nothing twice", async () => {
    const files = sweepFiles(LONG);
    const args = ["sweep", "--config", files.config, "--workers", "1", "--json"];
    const count = (): number => rowsOf(files.results).length;
    const killed = start(args);
    await until("the first results", () => count() > 3);
    killed.kill("SIGKILL");
    await finish(killed);
    const torn = readFileSync(files.results, "utf8");
    writeFileSync(files.results, `${torn}{"hash":"12`);

    const before = count();
    const stopped = start(args);
    const ended = finish(stopped);
    await until("more results", () => count() > before + 3);
    stopped.kill("SIGINT");
    const { code, stderr } = await ended;
    expect(code).to.equal(130);
    expect(stderr).to.match(/Stopped with \d+ of 60 configurations in .*; the same command goes on from there/);

    const resumed = count();
    const last = await finish(start(args));
    expect(last.code, last.stderr).to.equal(0);
    expect(JSON.parse(last.stdout) as Summary).to.include({ configurations: 60, done: 60, resumed });
    const hashes = rowsOf(files.results).map(({ hash }) => hash);
    expect([hashes.length, new Set(hashes).size]).to.deep.equal([60, 60]);
    expect(existsSync(`${files.results}.lock`)).to.equal(false);
  });

  const cases: readonly (readonly [string, Readonly<Record<string, unknown>>, readonly string[], RegExp])[] = [
    ["no configuration file", {}, ["--config", "no-such.json"], /no-such.json: the file cannot be read/],
    ["a wrong key", { form: 1 }, [], /sweep.json: form: there is no such key/],
    ["prices that do not exist", { prices: "no-such.csv" }, [], /no-such.csv: there is no such file/],
    ["inputs that are no folder", { inputs: "prices.csv" }, [], /inputs ".*prices.csv" is not a folder/],
    [
      "a window too short for its starts",
      { starts: 9 },
      [],
      /9 starts a week apart .* need \d+; choose a longer window/,
    ],
    ["no thread", {}, ["--workers", "0"], /Write a number of threads from 1 to 256/],
    [
      "threads here and Redis",
      {},
      ["--workers", "1", "--redis", "redis://127.0.0.1"],
      /with --redis give it to `strata sweep worker`/,
    ],
    [
      "results where none can be",
      {},
      ["--out", "no-such-folder/x.jsonl"],
      /no-such-folder\/x.jsonl: results cannot be written there/,
    ],
  ];
  for (const [what, changes, args, message] of cases) {
    it(`answers ${what} with a sentence and exit code 2, and writes nothing`, async () => {
      const { config, results } = sweepFiles(SMALL, changes);
      const { code, stdout, stderr } = await inProcess(["sweep", "--config", config, ...args]);
      expect(stderr).to.match(message);
      expect(stderr.trimEnd().split("\n").length).to.equal(1);
      expect(code).to.equal(2);
      expect(stdout).to.equal("");
      expect(existsSync(results)).to.equal(false);
    });
  }

  it("answers a worker without Redis, and with what is not its own", async () => {
    expect((await inProcess(["sweep"])).stderr).to.match(/--config is missing/);
    expect((await inProcess(["sweep", "worker"])).stderr).to.match(/--redis is missing/);
    const { code, stderr } = await inProcess([
      "sweep",
      "worker",
      "--redis",
      "redis://127.0.0.1:1",
      "--config",
      "x.json",
    ]);
    expect(stderr).to.match(/give --config and --out to `strata sweep`/);
    expect(code).to.equal(2);
  });
});

describe("sweep: what is said and sent", () => {
  it("progress comes no more often than wanted, and counts only its own work", () => {
    let time = 0;
    const lines: string[] = [];
    const tell = progress({ all: 100, before: 50, now: () => time, every: 1_000, write: (line) => lines.push(line) });
    time = 500;
    tell(51);
    time = 2_000;
    tell(60);
    tell(61);
    tell(100, true);
    expect(lines).to.deep.equal([
      "60 of 100 configurations, 5.0 a second, 8 s left",
      "100 of 100 configurations, 25 a second",
    ]);
    expect(progressLine(0, 3, 0)).to.equal("0 of 3 configurations, 0.0 a second, time left unknown");
    expect([59, 61, 3_600 * 3 + 299].map(duration)).to.deep.equal(["59 s", "1 min 1 s", "3 h 4 min"]);
  });

  it("a definition arrives as it was sent, to the last bit", () => {
    const [all, step] = [gbm(100, 0.9, 3), 3_600];
    const bars = [...all.slice(50), { ...all[99]!, time: all[99]!.time + step, filled: true as const }];
    const path = { ...pathOf(bars, all.slice(0, 50)), filledBars: 1 };
    const sent = {
      family: "charm",
      k: 0.9,
      starts: 3,
      costs: DEFAULT_COSTS,
      reserve: [{ from: 0, rate: 1 / 3 }],
      path,
    };
    expect(decodeDefinition(encodeDefinition(sent))).to.deep.equal(sent);
    expect(() => decodeDefinition('{"family":"charm"}')).to.throw(/not one that this code wrote; use the same version/);
  });
});
