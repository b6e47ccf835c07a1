import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { expect } from "chai";

import { dataFile } from "../market/fixtures.ts";
import { inProcess } from "./run.ts";

/**
 * Thirty days of the dearest pool of a local world, which is the one in which the price of an hour strays furthest from a straight line:
 * `strata local --days 33 --seed 5`, then `strata data fetch` of its 1 % pool from the second day on, without the columns that nobody reads.
 */
const FIXTURES = new URL("../backtest/exact/fixtures/", import.meta.url);
const EVENTS = fileURLToPath(new URL("local-world-10000.events.csv", FIXTURES));
const TICKMAP = fileURLToPath(new URL("local-world-10000.tickmap.json", FIXTURES));
const dir = mkdtempSync(join(tmpdir(), "strata-"));

interface Figures {
  readonly fees: string;
  readonly lvr: string;
  readonly nav: string;
  readonly rebalances: number;
}

interface Result {
  readonly data: Readonly<Record<string, unknown>>;
  readonly feeImpliedVolatility: number;
  readonly realisedVolatility: number;
  readonly strategies: Readonly<
    Record<
      string,
      {
        readonly exact: Figures;
        readonly fast: Figures;
        readonly difference: Readonly<Record<"fees" | "lvr" | "nav" | "navAtWorst", number>>;
        readonly decisions: { readonly exact: number; readonly differing: number } | null;
        readonly extraVolume: number;
        readonly deviation: number;
        readonly share: number;
        readonly passed: boolean;
      }
    >
  >;
  readonly passed: boolean;
}

describe("cli: compare", function () {
  this.timeout(60_000);
  const base = ["compare", "--events", EVENTS, "--tickmap", TICKMAP];

  it("over thirty days of a local world fees are within 0.5 % and NAV within 0.1 %", async () => {
    const { code, stdout, stderr } = await inProcess([...base, "--days", "30", "--json"]);
    expect(stderr).to.equal("");
    expect(code).to.equal(0);
    const { data, strategies, passed } = JSON.parse(stdout) as Result;
    expect(data).to.include({
      bars: 720,
      from: "2023-01-02T00:00:00.000Z",
      to: "2023-02-01T00:00:00.000Z",
      fee: 10_000,
    });
    expect(data["swapsExact"]).to.equal(data["swapsChecked"]);
    expect(passed).to.equal(true);
    expect(strategies).to.have.all.keys(
      ...["hold", "full-range", "static", "recentre-20", "recentre-40", "charm-20", "charm-40"],
    );
    for (const [name, { exact, fast, difference, deviation }] of Object.entries(strategies)) {
      expect(Math.abs(difference.fees), name).to.be.at.most(0.005);
      expect(difference.navAtWorst, name).to.be.at.most(0.001);
      expect(deviation, name).to.equal(0);
      expect(exact.rebalances, name).to.equal(fast.rebalances);
      if (name !== "hold") expect(Number(exact.fees), name).to.be.greaterThan(10_000);
    }
  });

  it("runs the keeper's own strategy beside its core and its twin, and counts decisions that differ", async () => {
    const args = [...base, "--days", "10", "--strategies", "layered,layered-core,no-lp"];
    const { code, stdout, stderr } = await inProcess([...args, "--json"]);
    expect(code, stderr).to.equal(0);
    const { strategies } = JSON.parse(stdout) as Result;
    expect(Object.keys(strategies)).to.deep.equal(["layered", "layered-core", "no-lp"]);
    for (const name of ["layered", "layered-core"]) {
      const { exact, fast, decisions } = strategies[name]!;
      expect(decisions, name).to.deep.include({ differing: 0, first: null, refused: 0 });
      expect(decisions?.exact, name).to.be.greaterThan(1);
      expect(exact.rebalances, name).to.equal(fast.rebalances);
      expect(Number(exact.fees), name).to.be.greaterThan(10_000);
    }
    expect(strategies["no-lp"]?.decisions).to.equal(null);
    const table = await inProcess(args);
    expect(table.stdout)
      .to.match(/^decisions that act +exact +refused +fast +differ +by sums: fast +differ$/m)
      .and.match(/^layered-core( +\d+){6}$/m);
  });

  it("prints tables for people, also without a tick map and with the recorded amounts", async () => {
    const { code, stdout } = await inProcess([
      ...[
        "compare",
        "--events",
        EVENTS,
        "--strategies",
        "static",
        "--days",
        "3",
        "--replay",
        "amounts",
        "--nav",
        "5000",
      ],
    ]);
    expect(code).to.equal(0);
    expect(stdout)
      .to.match(/3\.0 days, fee 1\.00 %/)
      .and.match(/its ticks are read out of the events \(\d+ stretches of price seen, \d+ only passed through\)/)
      .and.match(/swaps bring the recorded amounts/)
      .and.match(/^fees within 0\.5 % and NAV within 0\.1 % at every mark: yes$/m);
  });

  it("drives a real day from its events alone, and finds 57.0 % and 52.5 %", async function () {
    const file = dataFile(this, "univ3", "usdc-weth-500-2024-01-05.events.csv");
    if (file === undefined) return;
    const args = ["compare", "--events", file, "--to", "2024-01-06", "--strategies", "static,charm-20", "--json"];
    const { code, stdout, stderr } = await inProcess(args);
    expect(code, stderr).to.equal(0);
    const result = JSON.parse(stdout) as Result;
    expect(result.data).to.include({ bars: 23, tickmap: "events", quoteIsToken0: true });
    expect((result.feeImpliedVolatility * 100).toFixed(1)).to.equal("57.0");
    expect((result.realisedVolatility * 100).toFixed(1)).to.equal("52.5");
    // A million is about a hundredth of this pool's liquidity in range.
    expect(result.strategies["static"]?.share).to.be.within(0.005, 0.02);
  });

  it("says so, with exit code 1, if the engines are further apart", async () => {
    // After its first gas a thousandth of a dollar is left: a few hundred wei of the quote, which the pool rounds and floats do not.
    const { code, stdout, stderr } = await inProcess([
      ...[...base, "--days", "2", "--strategies", "hold,recentre-20", "--nav", "15.001"],
    ]);
    expect(stderr).to.match(
      /further apart than 0\.5 % of fees or 0\.1 % of NAV for recentre-20; see the differences above/,
    );
    expect(code).to.equal(1);
    expect(stdout)
      .to.match(/^recentre-20 .* too far apart$/m)
      .and.match(/at every mark: no, 1 strategy of 2$/m);
  });

  const same = join(dir, "same.csv");
  writeFileSync(same, readFileSync(EVENTS, "utf8").split("\n").slice(0, 40).join("\n"));
  const cases: readonly (readonly [string, readonly string[], RegExp])[] = [
    [
      "events that do not cover the window",
      ["--days", "60"],
      /events\.csv ends at .*, before the window's end at 2023-03-03 00:00Z; choose an earlier end/,
    ],
    [
      "a window before the tick map",
      ["--from", "2023-01-01"],
      /The state of the pool is known from 2023-01-02 00:00Z on/,
    ],
    ["an unknown strategy", ["--strategies", "martingale"], /there is no strategy "martingale"; choose from layered/],
    ["an unknown replay", ["--replay", "dice"], /swaps cannot be replayed by "dice"; write prices or amounts/],
    ["a fee that is not the map's", ["--fee", "500"], /--fee 500 contradicts the tick map/],
    ["a word for a token", ["--quote", "usd"], /Write 0 or 1/],
    ["tokens that cannot be told apart", ["--quote-decimals", "18"], /say it with --quote 0 or --quote 1/],
    ["a past that is not there", ["--history", "no-such.csv"], /no-such\.csv: there is no such file/],
    ["a file that is not there", ["--events", "no-such.csv"], /no-such\.csv: the file cannot be read/],
    ["less than an hour", ["--events", same, "--to", "2023-01-02"], /There is no whole hour/],
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

  it("answers a tick map of another pool with one sentence and exit code 2", async () => {
    const map = JSON.parse(readFileSync(TICKMAP, "utf8")) as { readonly liquidity: string };
    const text = readFileSync(TICKMAP, "utf8").replaceAll(map.liquidity, "74549722436790286");
    const other = join(dir, "other.json");
    writeFileSync(other, text);
    const { code, stderr } = await inProcess(["compare", "--events", EVENTS, "--tickmap", other]);
    expect(stderr).to.match(
      /events\.csv:\d+: the swap does not follow from the state before it: .*; see that no event is missing and that the map is of this pool/,
    );
    expect(stderr.trimEnd().split("\n").length).to.equal(1);
    expect(code).to.equal(2);
  });

  it("takes a tick map of mainnet for what it is: another pool's", async function () {
    const other = dataFile(this, "univ3", "tickmap-usdc-weth-3000-a.json");
    if (other === undefined) return;
    const { code, stderr } = await inProcess(["compare", "--events", EVENTS, "--tickmap", other]);
    expect(stderr).to.match(/does not follow from the state before it|is of sqrt price/);
    expect(stderr.trimEnd().split("\n").length).to.equal(1);
    expect(code).to.equal(2);
  });
});
