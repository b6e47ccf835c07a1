import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { expect } from "chai";

import { sha256 } from "../../../keeper/backtest/data/hash.ts";
import { HEADER, row, wandering } from "../backtest/pay/minutes.ts";
import { dataFile } from "../market/fixtures.ts";
import { expectClose } from "../../support/close.ts";
import { inProcess } from "./run.ts";

interface Result {
  readonly data: Readonly<Record<"file" | "from" | "to", string>> & { readonly bars: number };
  readonly model: Readonly<Record<string, unknown>> & {
    readonly pool: { readonly files: readonly { readonly file: string; readonly sha256: string }[] };
  };
  readonly measured: Readonly<Record<"payRatio" | "impliedVolatility" | "realisedVolatility", number>>;
  readonly notes: readonly string[];
  readonly configHash: string;
  readonly gates?: unknown;
  readonly strategies: Readonly<
    Record<
      string,
      { readonly atK: unknown; readonly signDependsOnK: unknown; readonly attribution: { readonly fees: string } }
    >
  >;
}

/** Thirty days of a local world's 1 % pool; see compare.test.ts. */
const FIXTURES = new URL("../backtest/exact/fixtures/", import.meta.url);
const EVENTS = fileURLToPath(new URL("local-world-10000.events.csv", FIXTURES));
const TICKMAP = fileURLToPath(new URL("local-world-10000.tickmap.json", FIXTURES));

interface Compared {
  readonly strategies: Readonly<Record<string, { readonly exact: { readonly fees: string } }>>;
}

const folder = mkdtempSync(join(tmpdir(), "strata-"));
const write = (name: string, text: string): string => {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
};

describe("cli: backtest with measured pay", function () {
  this.timeout(240_000);
  const bars = write("bars.csv", wandering(48 * 60, 5, { quoteIsToken0: true }).text);
  const volume = ["backtest", "--fees", "volume", "--pool-bars", bars, "--fee", "500"];
  const some = ["--strategies", "hold,static", "--starts", "1"];
  const run = async (...args: readonly string[]): Promise<Result> => {
    const { code, stdout, stderr } = await inProcess([...args, "--json"]);
    expect(stderr).to.equal("");
    expect(code).to.equal(0);
    return JSON.parse(stdout) as Result;
  };

  it("names the model, its file with hash and what was measured, and has nothing that depends on k", async () => {
    const result = await run(...volume, ...some);
    expect(result.data).to.include({ file: bars, from: "2024-01-05T00:00:00.000Z", bars: 48 });
    expect(result.model).to.deep.include({ fees: "volume", k: null, feeScale: null });
    expect(result.model.pool).to.deep.equal({
      files: [{ file: bars, sha256: sha256(readFileSync(bars)) }],
      ...{ tickMap: null, fee: 500, quote: 0, baseDecimals: 18, quoteDecimals: 6, prices: "pool" },
    });
    expect(Object.values(result.measured).every((value) => value > 0)).to.equal(true);
    expect(result).to.not.have.property("gates");
    for (const one of Object.values(result.strategies))
      expect(one).to.deep.include({ atK: [], signDependsOnK: null, breakEven: null });
    expect(result.notes.join(" "))
      .to.match(/The window has 48 hours\. Returns are over the window/)
      .and.match(/there is no k and no table/)
      .and.match(/No break-even prices at 7, 30 and 90 days/)
      .and.match(/One start\. Six of them.* then --starts 6/);
  });

  it("has another configuration hash for another fee, and for another file with the same prices", async () => {
    const first = await run(...volume, ...some);
    const dearer = await run(...volume.slice(0, -1), "3000", ...some);
    // Ten times the liquidity at the same prices.
    const header = readFileSync(bars, "utf8").split("\n")[0] ?? "";
    const busier = write("busier.csv", readFileSync(bars, "utf8").replaceAll(/(,\d+)(\r?)$/gm, "$10$2"));
    expect(readFileSync(busier, "utf8").startsWith(header)).to.equal(true);
    const other = await run(...volume.slice(0, 3), "--pool-bars", busier, "--fee", "500", ...some);
    expect(new Set([first, dearer, other].map(({ configHash }) => configHash)).size).to.equal(3);
    expect((await run(...volume, ...some)).configHash).to.equal(first.configHash);
    expectClose(dearer.measured.payRatio / first.measured.payRatio, 6, 1e-9);
  });

  it("reads several files as one", async () => {
    const [header = "", ...rows] = readFileSync(bars, "utf8").split("\n");
    const half = (name: string, from: number, to: number): string =>
      write(name, [header, ...rows.slice(from, to)].join("\n"));
    const [a, b] = [half("first.csv", 0, 1440), half("second.csv", 1440, 2880)];
    const whole = await run(...volume, ...some);
    const joined = await run("backtest", "--fees", "volume", "--pool-bars", b, a, "--fee", "500", ...some);
    expect(joined.measured).to.deep.equal(whole.measured);
    expect(joined.model.pool.files.map(({ file }) => file)).to.deep.equal([a, b]);
  });

  it("says for people what it measured and what it cannot say", async () => {
    const { code, stdout } = await inProcess([...volume, "--strategies", "layered,static", "--starts", "1"]);
    expect(code).to.equal(0);
    expect(stdout)
      .to.match(
        /^fees follow volume: measured at a pool of 0\.05 %, by volume over the recorded liquidity and our own$/m,
      )
      .and.match(new RegExp(`^  ${bars} +sha256 [0-9a-f]{64}$`, "m"))
      .and.match(/^pay ratio fees\/LVR \d+\.\d\d .* implied by fees \d+\.\d %, realised at ten minutes \d+\.\d %$/m)
      .and.match(/^% +return +maxDD +in range +IL +fees\/LVR$/m)
      .and.match(/Gates A to F are not asked here/)
      .and.not.match(/CAGR %|NaN|by quarter|gates for layered/);
  });

  it("goes along other prices of the same hours, which may have a past", async () => {
    const minutes = readFileSync(bars, "utf8").split("\n").slice(1);
    const close = (hour: number): number =>
      1e12 / 1.0001 ** (Number((minutes[hour * 60 + 59] ?? minutes[0] ?? "").split(",")[3]) + 0.5);
    const open = 1e12 / 1.0001 ** (Number((minutes[0] ?? "").split(",")[4]) + 0.5);
    const lines = Array.from({ length: 40 * 24 + 48 }, (_, i) => {
      const hour = i - 40 * 24;
      const price = hour < 0 ? open * (1 + (i % 2) / 100) : close(hour);
      const start = hour <= 0 ? open : close(hour - 1);
      return [1_704_412_800 + hour * 3600, start, Math.max(price, start), Math.min(price, start), price, 1].join(",");
    });
    const header = "time,open,high,low,close,volume";
    const prices = write("prices.csv", [header, ...lines].join("\n"));
    const result = await run(...volume, ...some, "--prices", prices);
    expect(result.data.file).to.equal(prices);
    expect(result.model.pool).to.include({ prices: "file" });
    expect(result.notes.join(" ")).to.not.match(/break-even|Regimes/);
    expect(result.strategies["static"]).to.have.property("breakEven").with.lengthOf(3);

    const short = write("short.csv", [header, ...lines.slice(0, -10)].join("\n"));
    const dear = write(
      "dear.csv",
      [
        header,
        ...lines.map((line) =>
          line
            .split(",")
            .map((value, i) => (i === 0 ? value : Number(value) * 1.03))
            .join(","),
        ),
      ].join("\n"),
    );
    for (const [file, message] of [
      [short, /the last bar opens at 2024-01-06T13:00Z, so the window must end by/],
      [
        dear,
        /^strata: .*At 2024-01-05 00:00Z .*dear\.csv says \d+\.\d+ and the pool of .*bars\.csv \d+\.\d+, more than 2 % apart/,
      ],
    ] as const) {
      const { code, stderr } = await inProcess([...volume, ...some, "--prices", file]);
      expect(stderr).to.match(message);
      expect([code, stderr.trimEnd().split("\n").length]).to.deep.equal([2, 1]);
    }
  });

  it("writes a report that names the pool, says what is measured, and how to repeat it", async () => {
    const out = join(folder, "report");
    const { code } = await inProcess([...volume, ...some, "--out", out]);
    expect(code).to.equal(0);
    const page = readFileSync(join(out, "report.html"), "utf8");
    expect(page)
      .to.include(sha256(readFileSync(bars)))
      .and.include("Pay is what one pool of 0.05 % was seen to pay in these hours")
      .and.include(`--fees volume --pool-bars ${bars} --fee 500 --quote 0`)
      .and.include("over the window")
      .and.not.match(/k = null|NaN|undefined|--k |Prices are real; fees are not/);
  });

  it("by events pays over thirty days what the exact engine's own positions earn", async () => {
    const names = "full-range,static,recentre-20,charm-20";
    const window = ["--from", "2023-01-02", "--to", "2023-02-01", "--strategies", names];
    const pool = ["--events", EVENTS, "--tickmap", TICKMAP, ...window];
    const result = await run("backtest", "--fees", "events", ...pool, "--starts", "1");
    expect(result.data.bars).to.equal(720);
    expect(result.model).to.include({ fees: "events", k: null });
    expect(result.model.pool).to.deep.include({
      fee: 10_000,
      tickMap: { file: TICKMAP, sha256: sha256(readFileSync(TICKMAP)) },
    });
    const { stdout } = await inProcess(["compare", ...pool, "--json"]);
    const compared = JSON.parse(stdout) as Compared;
    for (const [name, { exact }] of Object.entries(compared.strategies)) {
      const fees = Number(result.strategies[name]?.attribution.fees);
      expect(fees).to.be.greaterThan(1000);
      expectClose(fees / Number(exact.fees), 1, 1e-6, name);
    }
  });

  it("2024-01-05 by its events", async function () {
    const events = dataFile(this, "univ3", "usdc-weth-500-2024-01-05.events.csv");
    if (events === undefined) return;
    const { measured, data } = await run("backtest", "--fees", "events", "--events", events, ...some);
    expect(data).to.include({ from: "2024-01-05T01:00:00.000Z", to: "2024-01-05T23:00:00.000Z" });
    expectClose(measured.payRatio, 1.37, 0.005);
  });

  const broken = write("broken.csv", [HEADER, row(0), row(30)].join("\n"));
  const cases: readonly (readonly [string, readonly string[], RegExp])[] = [
    ["lvr without prices", ["backtest"], /--fees lvr needs --prices FILE: a CSV file of hourly bars/],
    ["volume without a file", ["backtest", "--fees", "volume", "--fee", "500"], /--fees volume needs --pool-bars FILE/],
    ["volume without a fee", volume.slice(0, -2), /--fees volume needs --fee N: the pool's fee in millionths/],
    ["a fee of nothing", [...volume.slice(0, -1), "0"], /--fees volume needs --fee N/],
    ["events without a file", ["backtest", "--fees", "events"], /--fees events needs --events FILE/],
    [
      "k beside measured pay",
      [...volume, "--k", "0.9"],
      /--k is for --fees lvr and not for volume: the pay ratio is measured/,
    ],
    ["placebos beside it", [...volume, "--placebos", "9"], /--placebos is for --fees lvr and not for volume/],
    [
      "events beside volume",
      [...volume, "--events", bars],
      /--events is for --fees events and not for volume; leave it away/,
    ],
    ["a tick map beside volume", [...volume, "--tickmap", bars], /--tickmap is for --fees events and not for volume/],
    ["bars beside lvr", ["backtest", "--pool-bars", bars], /--pool-bars is for --fees volume and not for lvr/],
    ["a quote beside lvr", ["backtest", "--quote", "0"], /--quote is for --fees volume and events and not for lvr/],
    [
      "a file that is not there",
      [...volume.slice(0, 4), "no-such.csv", "--fee", "500"],
      /no-such\.csv: the file cannot be read/,
    ],
    [
      "events that are not there",
      ["backtest", "--fees", "events", "--events", "no-such.csv"],
      /no-such\.csv: the file cannot be read/,
    ],
    [
      "a file of something else",
      [...volume.slice(0, 4), write("x.csv", "a,b\n1,2"), "--fee", "500"],
      /x\.csv:1: the header has no column timestamp/,
    ],
    [
      "missing minutes",
      [...volume.slice(0, 4), broken, "--fee", "500"],
      /broken\.csv:3: 29 minutes are missing between/,
    ],
    ["a window outside", [...volume, "--to", "2024-02-01"], /covers the hours from .* choose a window inside the file/],
    [
      "six starts in two days",
      [...volume, "--starts", "6"],
      /48 hours, and 6 starts .* fewer starts \(--starts 1 takes any length\)/,
    ],
    [
      "layered in another pool",
      [...volume.slice(0, -1), "3000", "--strategies", "layered"],
      /layered stands in a pool of 0\.05 % whose tokens have 18 and 6 decimals/,
    ],
    [
      "the wrong quote",
      [
        ...volume,
        "--quote",
        "1",
        "--prices",
        write(
          "usd.csv",
          `time,open,high,low,close,volume\n${Array.from({ length: 48 }, (_, i) => [1_704_412_800 + i * 3600, 2256, 2256, 2256, 2256, 1].join(",")).join("\n")}`,
        ),
      ],
      /more than 2 % apart; give prices of the same pair and hours, say which token is the quote/,
    ],
  ];
  for (const [what, args, message] of cases) {
    it(`answers ${what} with one sentence and exit code 2`, async () => {
      const strategies = args.includes("--strategies") ? [] : ["--strategies", "hold,static"];
      const { code, stdout, stderr } = await inProcess([...args, ...strategies]);
      expect(stderr).to.match(message);
      expect([code, stdout, stderr.trimEnd().split("\n").length]).to.deep.equal([2, "", 1]);
    });
  }
});
