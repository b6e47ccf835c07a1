import { expect } from "chai";

import { readPricePath } from "../../../keeper/market/file.ts";
import { computeSignals } from "../../../keeper/signals/computeSignals.ts";
import {
  ewmaVolatility,
  varianceRun,
  volatilityBetween,
  windowVolatility,
} from "../../../keeper/signals/realisedVolatility.ts";
import { dataFile } from "../market/fixtures.ts";
import { makeState } from "../strategy/world.ts";
import { DAY, dailyBars, end, HOUR, START, zigzag } from "./helpers.ts";
import { expectClose } from "../../support/close.ts";

describe("realised volatility", () => {
  const step = 0.01;
  const annual = step * Math.sqrt(8760);

  it("is sqrt(8,760) times the hourly move when all moves are of one size", () => {
    const bars = zigzag(24 * 40, step);
    const run = varianceRun(bars, end(bars), 24 * 40);
    expectClose(windowVolatility(run, end(bars), 7), annual, 1e-12);
    expectClose(windowVolatility(run, end(bars), 30), annual, 1e-12);
    expectClose(volatilityBetween(run, end(bars) - 10 * HOUR, end(bars)), annual, 1e-12);
  });

  it("needs the close before the window's first: 7 days are 169 closes", () => {
    const time = START + 169 * HOUR;
    const all = zigzag(169, step);
    expectClose(windowVolatility(varianceRun(all, time, 200), time, 7), annual, 1e-12);
    const less = all.slice(1);
    expect(windowVolatility(varianceRun(less, time, 200), time, 7)).to.equal(null);
  });

  it("is not inflated by a gap, and says nothing when more than a tenth is missing", () => {
    const bars = zigzag(24 * 8 + 1, step);
    const time = end(bars);
    const missing = (count: number): number | null => {
      const holed = bars.filter((_, i) => i < 60 || i >= 60 + count);
      return windowVolatility(varianceRun(holed, time, 24 * 8), time, 7);
    };
    // An even number of bars taken out leaves one move of the same size in place of several.
    expectClose(missing(10), annual * Math.sqrt((168 - 10) / 168), 1e-12);
    expect(missing(20)).to.equal(null);
  });

  it("weights daily returns by 0.94 a day, the newest first", () => {
    // 40 days of no move, then one move: the weight of the newest return is 0.06 / (1 - 0.94^40).
    const bars = dailyBars([...Array<number>(40).fill(100), 110]);
    const weight = 0.06 / (1 - 0.94 ** 40);
    expectClose(ewmaVolatility(bars, end(bars)), Math.sqrt(365 * weight) * Math.log(1.1), 1e-12);
    expect(ewmaVolatility(dailyBars(Array<number>(30).fill(100)), START + 30 * DAY)).to.equal(null);
  });

  it("goes stale when the bars stop, the week before the month", () => {
    const bars = zigzag(24 * 40, step);
    const at = (age: number): readonly boolean[] => {
      const state = makeState({ price: 2000, idleBase: 0, idleQuote: 1, time: end(bars) + age });
      const signals = computeSignals(state, { bars, samples: [] });
      return ["realisedVolatility7d", "realisedVolatility30d"].map((name) => signals[name]!.fresh);
    };
    expect(at(0)).to.deep.equal([true, true]);
    expect(at(7 * HOUR)).to.deep.equal([false, true]);
    expect(at(2 * DAY)).to.deep.equal([false, false]);
  });

  it("reproduces ETH's known annual volatilities, close to close by the hour", async function () {
    const file = dataFile(this, "prices", "eth-usd-1h.csv");
    if (file === undefined) return;
    const { bars } = await readPricePath(file);
    for (const [year, known] of [
      [2018, 1.24],
      [2019, 0.79],
      [2020, 0.92],
      [2021, 1.1],
      [2022, 0.86],
    ] as const) {
      const [from, to] = [Date.UTC(year) / 1000, Date.UTC(year + 1) / 1000];
      const run = varianceRun(bars, to, (to - from) / HOUR + 1);
      // 2018 has the file's longest gaps; over time and not over returns it is 123.1 %.
      expectClose(volatilityBetween(run, from, to)! * 100, known * 100, 1, String(year));
    }
  });
});
