import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { gbm } from "../backtest/worlds.ts";
import { inProcess } from "./run.ts";

const HOURS = 24 * 80;

function priceFile(): string {
  const file = join(mkdtempSync(join(tmpdir(), "strata-")), "prices.csv");
  const rows = gbm(HOURS, 0.9, 61).map((b) => [b.time, b.open, b.high, b.low, b.close, b.volume].join(","));
  writeFileSync(file, ["time,open,high,low,close,volume", ...rows].join("\n"));
  return file;
}

interface Result {
  readonly data: Readonly<Record<"file" | "from" | "to" | "sha256", string>> &
    Readonly<Record<"bars" | "filledBars", number>>;
  readonly model: Readonly<Record<string, unknown>>;
  readonly configHash: string;
  readonly seed: null;
  readonly strategies: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly regimes: readonly {
    readonly name: string;
    readonly bars: number;
    readonly strategies: Readonly<Record<string, unknown>>;
  }[];
  readonly quarters: readonly { readonly quarter: string; readonly strategies: Readonly<Record<string, unknown>> }[];
}

describe("cli: backtest", function () {
  this.timeout(60_000);
  const file = priceFile();
  const base = ["backtest", "--prices", file, "--strategies", "hold,recentre-20"];

  it("prints the document that machine-output.md promises", async () => {
    const inputs = mkdtempSync(join(tmpdir(), "strata-"));
    const { code, stdout, stderr } = await inProcess([...base, "--inputs", inputs, "--json"]);
    expect(stderr).to.equal("");
    expect(code).to.equal(0);
    const result = JSON.parse(stdout) as Result;
    expect(result.data).to.include({
      file,
      from: "2020-01-01T00:00:00.000Z",
      to: "2020-03-21T00:00:00.000Z",
      bars: HOURS,
      filledBars: 0,
    });
    expect(result.model).to.include({ fees: "lvr", k: 0.9, reserve: "default", swap: 0.001, gas: 15, nav: 1_000_000 });
    expect(result.configHash).to.match(/^[0-9a-f]{64}$/);
    expect(result.seed).to.equal(null);
    const { hold, "recentre-20": recentre } = result.strategies;
    for (const one of [hold, recentre]) {
      expect(one).to.include.all.keys(
        ...["netReturn", "cagr", "irr", "volatility", "sharpe", "sortino", "maxDrawdown", "calmar", "timeInRange"],
        ...["turnover", "attribution", "impermanentLoss", "starts", "upCapture", "downCapture", "signDependsOnK"],
      );
      expect(one?.["attribution"]).to.have.all.keys(
        ...["market", "fees", "lvr", "hedge", "carry", "gas", "slippage", "total"],
      );
      expect(one?.["starts"]).to.have.all.keys("n", "min", "max").and.include({ n: 6 });
    }
    expect(hold?.["timeInRange"]).to.equal(null);
    expect(result.regimes.reduce((sum, { bars }) => sum + bars, 0)).to.equal(HOURS);
    for (const { strategies } of result.regimes) expect(strategies).to.have.all.keys("hold", "recentre-20");
    expect(result.quarters.map(({ quarter }) => quarter)).to.deep.equal(["2020-Q1"]);
    expect(result.quarters[0]?.strategies["hold"]).to.include.all.keys("netReturn", "maxDrawdown", "sharpe");
  });

  it("runs the keeper's own strategy, with its gates", async () => {
    const args = ["--strategies", "layered", "--starts", "1", "--placebos", "1", "--json"];
    const { code, stdout } = await inProcess(["backtest", "--prices", file, ...args]);
    expect(code).to.equal(0);
    const result = JSON.parse(stdout) as { readonly gates: Readonly<Record<string, { readonly asks: string }>> };
    expect(Object.keys(result.gates)).to.deep.equal(["A", "B", "C", "D", "E", "F"]);
    expect(result.gates["A"]?.asks).to.match(/maximum drawdown/);
  });

  it("prints tables for people", async () => {
    const { code, stdout } = await inProcess([...base, "--k", "1.1", "--starts", "2"]);
    expect(code).to.equal(0);
    expect(stdout)
      .to.match(/fees follow lvr: 1.1 x LVR/)
      .and.match(/2 starts a week apart; fewer than 6: one path proves nothing/)
      .and.match(/^CAGR %, by k +0\.7 +1 +1\.1 +1\.2$/m)
      .and.match(/^recentre-20 .*\[/m);
  });

  it("writes a report whose figures are those of the document, and replaces it", async () => {
    const out = join(mkdtempSync(join(tmpdir(), "strata-")), "report");
    for (const more of [[], ["--ranges", "recentre-20"]]) {
      const { code, stdout, stderr } = await inProcess([...base, "--json", "--out", out, ...more]);
      expect(code).to.equal(0);
      expect(stderr).to.equal(`The report is ${join(out, "report.html")}; 10 files with its figures lie beside it.\n`);
      const written: unknown = JSON.parse(readFileSync(join(out, "backtest.json"), "utf8"));
      expect(JSON.parse(stdout)).to.deep.equal(written);
    }
    expect(readdirSync(join(out, "..")).length).to.equal(1);
    const { configHash } = JSON.parse(readFileSync(join(out, "backtest.json"), "utf8")) as Result;
    const page = readFileSync(join(out, "report.html"), "utf8");
    expect(page).to.include(configHash).and.include("Price, and the ranges of recentre-20");
  });

  it("writes nothing where a folder holds something else, and says so before anything is computed", async () => {
    const out = mkdtempSync(join(tmpdir(), "strata-"));
    writeFileSync(join(out, "notes.txt"), "mine");
    const { code, stdout, stderr } = await inProcess([...base, "--out", out]);
    expect([code, stdout]).to.deep.equal([2, ""]);
    expect(stderr).to.match(/--out ".*" holds notes\.txt, which is no part of a report; name a new or an empty folder/);
    expect(readdirSync(out)).to.deep.equal(["notes.txt"]);
  });

  it("writes nothing for ranges that nobody opened", async () => {
    const out = join(mkdtempSync(join(tmpdir(), "strata-")), "report");
    const { code, stderr } = await inProcess([...base, "--out", out, "--ranges", "hold"]);
    expect(code).to.equal(2);
    expect(stderr).to.match(/--ranges: "hold" opens no range in this back-test; choose from recentre-20/);
    expect(existsSync(out)).to.equal(false);
  });

  const bad = mkdtempSync(join(tmpdir(), "strata-"));
  mkdirSync(join(bad, "rates"));
  writeFileSync(join(bad, "rates", "fedfunds-monthly.csv"), "DATE,FEDFUNDS\n2018-01-01,much\n");
  const cases: readonly (readonly [string, readonly string[], RegExp])[] = [
    [
      "an unknown strategy",
      ["--strategies", "hold,martingale"],
      /there is no strategy "martingale"; choose from layered, layered-core, no-lp, hold/,
    ],
    ["no number of placebos", ["--placebos", "some"], /--placebos "some" is not a number of runs; write one from 0/],
    ["a configuration that is none", ["--config", file], /--config ".*prices.csv" is no JSON/],
    [
      "a walk-forward longer than the data",
      ["--walk-forward", "--strategies", "layered"],
      /chooses on 365 days and judges on the quarter after them; the window has 80 days. Choose a longer window/,
    ],
    ["an unknown fee model", ["--fees", "guess"], /there is no fee model "guess"; write lvr/],
    ["a negative pay ratio", ["--k=-1"], /--k "-1" is not a pay ratio; write fees over LVR from 0 to 5/],
    ["a pay ratio that is no number", ["--k", "much"], /--k "much" is not a pay ratio/],
    ["no start", ["--starts", "0"], /--starts "0" is not a number of starts; write one from 1 to 104/],
    [
      "a date before the file",
      ["--from", "2019-01-01"],
      /the first bar opens at 2020-01-01T00:00Z, after the window's beginning .*begin there or later \(--from\)/,
    ],
    [
      "a date after the file",
      ["--to", "2021-01-01"],
      /the last bar opens at .*choose an earlier end \(--to\) or a longer file/,
    ],
    ["dates the wrong way round", ["--from", "2020-02-02", "--to", "2020-02-01"], /let the window end after it begins/],
    [
      "a window too short for its starts",
      ["--to", "2020-02-01"],
      /has 744 hours, and 6 starts .*choose a longer window \(--from, --to\) or fewer starts/,
    ],
    ["inputs that are no folder", ["--inputs", "nowhere"], /--inputs "nowhere" is not a folder/],
    ["inputs with a defect", ["--inputs", bad], /fedfunds-monthly\.csv:2: "2018-01-01,much" is no month with its rate/],
    ["a configuration of nobody", ["--config", "none.json"], /none\.json" cannot be read; name a JSON file/],
    ["an ablation without layered", ["--ablation"], /--ablation is about layered; add it to --strategies/],
    ["a walk-forward without layered", ["--walk-forward"], /--walk-forward is about layered; add it/],
    ["ranges without a report", ["--ranges", "recentre-20"], /--ranges says what a report shows; add --out FOLDER/],
    [
      "ranges of who does not run",
      ["--out", "nowhere", "--ranges", "static"],
      /--ranges "static" is not among --strategies; choose from hold, recentre-20/,
    ],
    [
      "a report inside nothing",
      ["--out", "no/such/report"],
      /would lie in .*such, which is no folder; make that first/,
    ],
    [
      "a sweep that is none",
      ["--out", "nowhere", "--sweep", file],
      /prices\.csv:1: this is not the beginning of a sweep's results/,
    ],
    ["a price file that does not exist", ["--prices", "no-such.csv"], /no-such\.csv: there is no such file/],
  ];
  for (const [what, args, message] of cases) {
    it(`answers ${what} with one sentence and exit code 2`, async () => {
      const { code, stdout, stderr } = await inProcess([...base, ...args]);
      expect(stderr).to.match(message);
      expect(stderr.trimEnd().split("\n").length).to.equal(1);
      expect(code).to.equal(2);
      expect(stdout).to.equal("");
    });
  }
});
