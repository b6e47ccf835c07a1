import { expect } from "chai";

import { BacktestInputError } from "../../../../keeper/backtest/errors.ts";
import { minutesOf, readMinuteFile } from "../../../../keeper/backtest/pay/minuteBars.ts";
import { DAY_FROM, fileOf, HEADER, row } from "./minutes.ts";

const parse = (...lines: readonly string[]) => minutesOf([{ name: "pool.csv", text: [HEADER, ...lines].join("\n") }]);

describe("backtest/pay: minute bars", () => {
  it("reads ticks that are written as floats, further columns and blank lines", () => {
    const [minute, ...others] = parse(row(0).replaceAll("199045", "199045.0"), "", row(1));
    expect(minute).to.include({ time: DAY_FROM, closeTick: 199_045, liquidity: 1e19, line: 2 });
    expect(others.map(({ line }) => line)).to.deep.equal([4]);
  });

  it("joins files in the order of time, however they are given", () => {
    const [first, second] = [fileOf(60, () => ({}), "a.csv"), { name: "b.csv", text: [HEADER, row(60)].join("\n") }];
    const joined = minutesOf([second, first]);
    expect(joined.map(({ time }) => (time - DAY_FROM) / 60)).to.deep.equal(Array.from({ length: 61 }, (_, i) => i));
    expect(() => minutesOf([first, { ...first, name: "copy.csv" }])).to.throw(
      BacktestInputError,
      /copy\.csv:2: 2024-01-05T00:00Z is out of order after 2024-01-05T00:59Z in line 61 of a\.csv; sort/,
    );
  });

  it("bears ten missing minutes and no more", () => {
    expect(parse(row(0), row(11)).length).to.equal(2);
    expect(() => parse(row(0), row(12))).to.throw(
      BacktestInputError,
      /pool\.csv:3: 11 minutes are missing between 2024-01-05T00:00Z in line 2 and 2024-01-05T00:12Z, and at most 10 .*complete the file/,
    );
  });

  const bad: readonly (readonly [string, readonly string[], RegExp])[] = [
    ["a minute twice", [row(0), row(0)], /:3: the minute .*00:00Z is there already in line 2; keep one/],
    ["minutes out of order", [row(3), row(2)], /:3: .*00:02Z is out of order after .*00:03Z in line 2; sort the file/],
    ["a time within a minute", [row(0).replace("00:00:00", "00:00:30")], /:2: "2024-01-05 00:00:30" is no minute/],
    ["a tick that is none", [row(0, { close: 0.5 })], /:2: the closeTick "0.5" is no tick of a pool/],
    ["a tick beyond all", [row(0, { high: 900_000 })], /:2: the highestTick "900000" is no tick of a pool/],
    ["ticks the wrong way round", [row(0, { low: 10, high: 5 })], /:2: the lowestTick 10 is above the highestTick 5/],
    ["an amount below zero", [row(0, { in1: -1 })], /:2: the inAmount1 "-1" is no amount of zero or more/],
    ["volume without liquidity", [row(0, { in0: 1, liquidity: 0 })], /:2: there is volume at a currentLiquidity of 0/],
    ["a row too short", ["2024-01-05 00:00:00,1"], /:2: the row has 2 columns where the header has 10; complete/],
    ["no row", [], /pool\.csv: there is no minute after the header/],
  ];
  for (const [what, lines, message] of bad)
    it(`refuses ${what}`, () => {
      expect(() => parse(...lines)).to.throw(BacktestInputError, message);
    });

  it("bears a pool that is empty while nobody trades", () => {
    expect(parse(row(0, { liquidity: 0 }))[0]?.liquidity).to.equal(0);
  });

  it("names the columns that are missing, and a file that is not there", async () => {
    const header = HEADER.replace("inAmount0,", "").replace("currentLiquidity", "liquidity");
    expect(() => minutesOf([{ name: "pool.csv", text: header }])).to.throw(
      BacktestInputError,
      /pool\.csv:1: the header has no column inAmount0, currentLiquidity; give minute bars of a pool with the columns/,
    );
    const error: unknown = await readMinuteFile("no-such.csv").catch((reason: unknown) => reason);
    expect(String(error)).to.match(/no-such\.csv: the file cannot be read; check the path given by --pool-bars/);
  });
});
