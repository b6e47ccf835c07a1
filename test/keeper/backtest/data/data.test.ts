import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { midnights, quarterName, yearName } from "../../../../keeper/backtest/data/calendar.ts";
import { parseFedFunds, readFedFunds } from "../../../../keeper/backtest/data/fedFunds.ts";
import { growthOf } from "../../../../keeper/backtest/data/growth.ts";
import { regimesOf } from "../../../../keeper/backtest/data/regimes.ts";
import { tapeOf } from "../../../../keeper/backtest/data/tape.ts";
import { DEFAULT_COSTS } from "../../../../keeper/backtest/model/costs.ts";
import { varianceRun } from "../../../../keeper/signals/realisedVolatility.ts";
import { REGIME_HOURS, REGIMES, regimeSignal } from "../../../../keeper/signals/regime.ts";
import { expectClose } from "../../../support/close.ts";
import { dataFile } from "../../market/fixtures.ts";
import { DAY, HOUR, START } from "../../signals/helpers.ts";
import { barsThrough, gbm, pathOf } from "../worlds.ts";

describe("backtest: tape and calendar", () => {
  it("a tape has a mark more than bars, from the first open on", () => {
    const { bars, price, root } = tapeOf(pathOf(barsThrough(99, [100, 121])));
    expect(bars).to.equal(2);
    expect([...price]).to.deep.equal([99, 100, 121]);
    expect(root[2]).to.equal(11);
  });

  it("midnights are found also where the window does not begin at one", () => {
    const tape = tapeOf(pathOf(barsThrough(1, Array<number>(50).fill(1), START + 20 * HOUR)));
    expect([...midnights(tape)]).to.deep.equal([4, 28]);
  });

  it("quarters and years are UTC", () => {
    expect(quarterName(Date.UTC(2020, 2, 31, 23) / 1000)).to.equal("2020-Q1");
    expect(quarterName(Date.UTC(2020, 3, 1) / 1000)).to.equal("2020-Q2");
    expect(yearName(Date.UTC(2019, 11, 31, 23) / 1000)).to.equal("2019");
  });
});

describe("backtest: fed funds", () => {
  it("are percent by month", () => {
    expect(parseFedFunds("DATE,FEDFUNDS\r\n2018-01-01,1.41\r\n2018-02-01,1.5\r\n\r\n", "f")).to.deep.equal([
      { from: Date.UTC(2018, 0, 1) / 1000, rate: 0.0141 },
      { from: Date.UTC(2018, 1, 1) / 1000, rate: 0.015 },
    ]);
  });

  for (const [what, text, message] of [
    [
      "a row that is no rate",
      "DATE,FEDFUNDS\n2018-01-01,.",
      /f:2: "2018-01-01,\." is no month with its rate; write it as/,
    ],
    ["a month twice", "DATE,FEDFUNDS\n2018-01-01,1\n2018-01-01,1", /f:3: 2018-01-01 is not after the month before/],
    ["no row", "DATE,FEDFUNDS\n", /f: there is no rate after the header/],
  ] as const) {
    it(`${what} is refused`, () => expect(() => parseFedFunds(text, "f")).to.throw(message));
  }

  it("that are not there are unknown", async () => {
    expect(await readFedFunds(mkdtempSync(join(tmpdir(), "strata-")))).to.equal(null);
  });

  it("of the data folder cover 2018 to 2022", async function () {
    const file = dataFile(this, "rates", "fedfunds-monthly.csv");
    if (file === undefined) return;
    const rates = await readFedFunds(join(file, "../.."));
    const at = (year: number, month: number): number | undefined =>
      rates?.find(({ from }) => from === Date.UTC(year, month - 1, 1) / 1000)?.rate;
    expectClose(at(2018, 1), 0.0141, 1e-9);
    expectClose(at(2022, 12), 0.041, 1e-9);
  });

  it("make the reserve grow from the month on that they are of, the default before", () => {
    const tape = tapeOf(pathOf(barsThrough(1, Array<number>(4).fill(1))));
    const { reserve, borrow, collateral } = growthOf(tape, DEFAULT_COSTS, [{ from: START + 2 * HOUR, rate: 0.876 }]);
    const growth = [0.02, 0.02, 0.876, 0.876].map((rate) => Math.exp(rate / 8760));
    expect([...reserve]).to.deep.equal(growth);
    expectClose(borrow[0], Math.exp(0.025 / 8760), 1e-15);
    expectClose(collateral[0], 1, 0);
  });
});

describe("backtest: regimes", () => {
  it("are the keeper's own, at every midnight", () => {
    const wild = [0.4, 1.6, 0.6, 1, 0.3].flatMap((volatility, i) => gbm(24 * 40, volatility, 30 + i));
    const bars = wild.map((bar, i) => ({ ...bar, time: START + i * HOUR }));
    const [history, inside] = [bars.slice(0, 24 * 50), bars.slice(24 * 50)];
    const nameAt = regimesOf(pathOf(inside, history));
    const seen = new Set<string>();
    for (let time = inside[0]!.time; time < bars.at(-1)!.time; time += DAY) {
      const { value } = regimeSignal(time, varianceRun(bars, time, REGIME_HOURS));
      const expected = value === null ? "unknown" : REGIMES[value];
      expect(nameAt(time), new Date(time * 1000).toISOString()).to.equal(expected);
      expect(nameAt(time + DAY - HOUR)).to.equal(expected);
      seen.add(nameAt(time));
    }
    expect(seen.size).to.be.greaterThan(2);
  });

  it("are unknown until there are bars to judge by", () => {
    expect(regimesOf(pathOf(gbm(24 * 40, 0.6, 40)))(START + 10 * DAY)).to.equal("unknown");
    expect(regimesOf(pathOf(gbm(24 * 40, 0.6, 40)))(START + 35 * DAY)).to.equal("normal");
  });
});
