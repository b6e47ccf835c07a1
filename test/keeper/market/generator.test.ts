import { createHash } from "node:crypto";
import { expect } from "chai";
import fc from "fast-check";
import { MarketOptionError } from "../../../keeper/market/errors.ts";
import { readPricePath } from "../../../keeper/market/file.ts";
import { generatePath, meanStudentSize } from "../../../keeper/market/generator.ts";
import { HOUR_PROFILE } from "../../../keeper/market/parameters.ts";
import { seededRandom } from "../../../keeper/market/random.ts";
import { REGIMES } from "../../../keeper/market/regimes.ts";
import { scheduleRegimes } from "../../../keeper/market/schedule.ts";
import { describePath, hourProfile, mean, type PathStatistics, variance } from "../../../keeper/market/statistics.ts";
import type { Bar } from "../../../keeper/market/types.ts";
import { dataFile, HOUR } from "./fixtures.ts";
import { expectClose } from "../../support/close.ts";
import "../../support/seed.ts";

function checkBars(bars: readonly Bar[], from: number): void {
  for (const [i, bar] of bars.entries()) {
    expect(bar.time).to.equal(from + i * HOUR);
    if (!(bar.low > 0 && bar.low <= Math.min(bar.open, bar.close) && bar.high >= Math.max(bar.open, bar.close)))
      expect.fail(JSON.stringify(bar));
    if (i > 0 && bar.open !== bars[i - 1]!.close) expect.fail(`opens at ${bar.open} after ${bars[i - 1]!.close}`);
    if (!(bar.volume > 0 && Number.isFinite(bar.volume)) || bar.filled !== undefined) expect.fail(JSON.stringify(bar));
  }
}

describe("market/schedule", () => {
  it("has every regime in every stratum, adds up, and lets a storm follow each crash", () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 4, max: 400 * 24 }), (seed, hours) => {
        const episodes = scheduleRegimes(seededRandom(seed), hours);
        expect(episodes.reduce((sum, e) => sum + e.hours, 0)).to.equal(hours);
        expect(Math.min(...episodes.map((e) => e.hours))).to.be.at.least(1);
        for (const [i, { regime }] of episodes.entries())
          if (regime === "crash") expect(episodes[i + 1]?.regime).to.equal("stressed");
        const labels = episodes.flatMap((e) => Array.from({ length: e.hours }, () => e.regime));
        const strata = Math.ceil(hours / 1440);
        const edge = (s: number): number => s + Math.round((s * (hours - strata)) / strata);
        for (let s = 0; s < strata; s += 1) {
          expect(new Set(labels.slice(edge(s), edge(s + 1))).size, `stratum ${s}`).to.equal(REGIMES.length);
        }
        expect(new Set(labels).size).to.equal(REGIMES.length);
      }),
      { numRuns: 200, seed: 11 },
    );
  });
});

describe("market/generator", () => {
  it("makes 60 days after 200 days of history by default, with all four regimes", () => {
    const path = generatePath();
    expect(path).to.include({ source: "generator", seed: 1, step: HOUR, filledBars: 0 });
    expect(path.bars).to.have.length(1440);
    expect(path.regimes).to.have.length(1440);
    expect(path.history).to.have.length(4800);
    expect(path.to - path.from).to.equal(1440 * HOUR);
    expect(path.bars[0]!.open).to.equal(1500);
    expect([...new Set(path.regimes)].toSorted()).to.deep.equal([...REGIMES].toSorted());
    checkBars([...path.history, ...path.bars], path.from - 4800 * HOUR);
  });

  it("is the same path on every machine", () => {
    // Changes with any parameter of the generator; then the figures in docs/price-paths.md want a new run too.
    const digest = createHash("sha256").update(JSON.stringify(generatePath())).digest("hex");
    expect(digest).to.equal("65fc6de60adf561137456423a1e74f5787cd7a440f494c55c9ce731414c6d934");
  });

  it("gives equal paths for equal options, and other paths for other seeds", () => {
    expect(generatePath({ seed: 9, days: 5 })).to.deep.equal(generatePath({ seed: 9, days: 5 }));
    expect(generatePath({ seed: 9, days: 5 }).bars).to.not.deep.equal(generatePath({ seed: 10, days: 5 }).bars);
  });

  it("keeps every bar sound for any options", () => {
    fc.assert(
      fc.property(
        fc.maxSafeNat(),
        fc.integer({ min: 1, max: 90 }),
        fc.integer({ min: 0, max: 30 }),
        fc.integer({ min: 1000, max: 600_000 }),
        fc.double({ min: 1, max: 1e6, noNaN: true }),
        (seed, days, historyDays, hour, startPrice) => {
          const path = generatePath({ seed, days, historyDays, start: hour * HOUR, startPrice });
          expect(path.bars).to.have.length(days * 24);
          expect(path.history).to.have.length(historyDays * 24);
          expectClose(path.bars[0]!.open, startPrice, 0.006);
          expect(new Set(path.regimes).size).to.equal(4);
          checkBars([...path.history, ...path.bars], path.from - historyDays * 24 * HOUR);
        },
      ),
      { numRuns: 25, seed: 5 },
    );
  });

  it("keeps the regimes of the traded hours when the history is longer", () => {
    expect(generatePath({ seed: 3, historyDays: 10 }).regimes).to.deep.equal(
      generatePath({ seed: 3, historyDays: 300 }).regimes,
    );
  });

  it("is wilder in a storm than in a calm, and falls in a crash", () => {
    const sizes: Record<string, number[]> = { calm: [], trending: [], stressed: [], crash: [] };
    for (let seed = 0; seed < 20; seed += 1) {
      const path = generatePath({ seed, historyDays: 0 });
      for (const [i, bar] of path.bars.entries()) sizes[path.regimes[i]!]!.push(Math.log(bar.close / bar.open));
    }
    const level = (regime: string): number => mean(Float64Array.from(sizes[regime]!, Math.abs));
    expect(level("stressed") / level("calm")).to.be.within(1.7, 2.6);
    expect(level("crash")).to.be.above(level("stressed"));
    expect(mean(Float64Array.from(sizes.crash!))).to.be.below(-0.003);
  });

  it("lets crashes of half a day and more fall by what was drawn for them, at least 0.14 in log price, but for the last hour's chance", () => {
    const falls: number[] = [];
    for (let seed = 0; seed < 60; seed += 1) {
      const { bars, regimes } = generatePath({ seed, historyDays: 0 });
      for (let first = 0; first < regimes.length; first += 1) {
        if (regimes[first] !== "crash" || regimes[first - 1] === "crash") continue;
        let last = first;
        while (regimes[last + 1] === "crash") last += 1;
        if (last - first < 12) continue;
        falls.push(Math.log(bars[last]!.close / bars[first]!.open));
      }
    }
    expect(falls.length).to.be.above(60);
    // An hour of a crash moves by about 0.03.
    expect(Math.max(...falls)).to.be.below(-0.02);
    expect(falls.filter((fall) => fall < -0.11).length / falls.length).to.be.above(0.9);
    expect(mean(Float64Array.from(falls))).to.be.within(-0.25, -0.19);
  });

  it("has no drift: over 300 seeds the mean change in log price is within three standard errors of zero", () => {
    const changes = Float64Array.from({ length: 300 }, (_, seed) => {
      const { bars } = generatePath({ seed, historyDays: 0 });
      return Math.log(bars.at(-1)!.close / bars[0]!.open);
    });
    const error = Math.sqrt(variance(changes) / changes.length);
    expect(error).to.be.below(0.025);
    expectClose(mean(changes), 0, 3 * error);
  });

  it("refuses options out of range", () => {
    for (const [options, says] of [
      [{ seed: 0.5 }, /seed 0.5/],
      [{ days: 0 }, /1 to 3650/],
      [{ days: 1.5 }, /1 to 3650/],
      [{ historyDays: -1 }, /0 to 3650/],
      [{ start: 1801 }, /full hour/],
      [{ start: 3600, historyDays: 1 }, /no room/],
      [{ startPrice: 0 }, /start price 0/],
      [{ startPrice: NaN }, /start price NaN/],
    ] as const) {
      expect(() => generatePath(options)).to.throw(MarketOptionError, says);
    }
  });

  it("knows the mean size of a Student variate", () => {
    const random = seededRandom(2);
    for (const freedom of [4, 6, 8]) {
      let sum = 0;
      const n = 200_000;
      for (let i = 0; i < n; i += 1) {
        let chi = 0;
        for (let k = 0; k < freedom / 2; k += 1) chi += 2 * random.exponential();
        sum += Math.abs(random.normal()) * Math.sqrt((freedom - 2) / chi);
      }
      expectClose(meanStudentSize(freedom), sum / n, 0.01);
    }
  });
});

/** Figures of a path by name, flat. */
function flat(s: PathStatistics): Record<string, number> {
  const { autocorrelation, varianceRatio, shares, ...rest } = s;
  return {
    ...rest,
    ...Object.fromEntries(Object.entries(autocorrelation).map(([k, v]) => [`autocorrelation ${k}`, v])),
    ...Object.fromEntries(Object.entries(varianceRatio).map(([k, v]) => [`variance ratio ${k}`, v])),
    ...Object.fromEntries(Object.entries(shares).map(([k, v]) => [`share ${k}`, v])),
  };
}

/** What each single path of the data's length must keep, and the data too; and how far the mean over the seeds may be from the data. */
const BANDS: Record<
  string,
  { readonly least: number; readonly most: number; readonly data: number; readonly off: number }
> = {
  volatility: { least: 0.85, most: 1.25, data: 1.042, off: 0.1 },
  kurtosis: { least: 12, most: 120, data: 26.5, off: 12 },
  trimmedKurtosis: { least: 7.5, most: 11, data: 9.6, off: 1.5 },
  "autocorrelation h1": { least: 0.25, most: 0.35, data: 0.292, off: 0.04 },
  "autocorrelation h6": { least: 0.19, most: 0.3, data: 0.222, off: 0.04 },
  "autocorrelation h24": { least: 0.12, most: 0.23, data: 0.188, off: 0.03 },
  // The generator remembers less after a week than the data do: the mean may be off by most of the figure.
  "autocorrelation h168": { least: 0.01, most: 0.12, data: 0.107, off: 0.08 },
  leverage: { least: -0.08, most: -0.01, data: -0.055, off: 0.03 },
  "variance ratio h24": { least: 0.8, most: 1.1, data: 0.911, off: 0.07 },
  "variance ratio h168": { least: 0.65, most: 1.15, data: 0.958, off: 0.15 },
  rangeRatio: { least: 1.03, most: 1.11, data: 1.077, off: 0.02 },
  largestDrop: { least: -0.35, most: -0.12, data: -0.234, off: 0.1 },
  largestDailyDrop: { least: -0.8, most: -0.4, data: -0.65, off: 0.2 },
  "share calm": { least: 0, most: 0.12, data: 0.019, off: 0.05 },
  "share normal": { least: 0.12, most: 0.5, data: 0.334, off: 0.12 },
  "share stressed": { least: 0.3, most: 0.65, data: 0.478, off: 0.1 },
  "share crisis": { least: 0.08, most: 0.4, data: 0.169, off: 0.1 },
  volumeElasticity: { least: 0.88, most: 0.99, data: 0.939, off: 0.03 },
  volumeCorrelation: { least: 0.77, most: 0.85, data: 0.814, off: 0.03 },
};

describe("market/generator against the data", () => {
  const seeds = [1, 2, 3, 4, 5, 6];
  let figures: Record<string, number>[];
  before(() => {
    figures = seeds.map((seed) => flat(describePath(generatePath({ seed, days: 1962, historyDays: 0 }).bars)));
  });

  for (const [name, { least, most, data, off }] of Object.entries(BANDS)) {
    it(`${name} lies between ${least} and ${most} for every seed, its mean within ${off} of the data's ${data}`, () => {
      const values = Float64Array.from(figures, (table) => table[name]!);
      for (const value of values) expect(value).to.be.within(least, most);
      expectClose(mean(values), data, off);
    });
  }

  it("has a band for every figure", () => {
    expect(Object.keys(BANDS).toSorted()).to.deep.equal(Object.keys(figures[0]!).toSorted());
  });

  it("the data have the figures that the bands state, and lie inside them", async function () {
    const file = dataFile(this, "prices", "eth-usd-1h.csv");
    if (file === undefined) return;
    const { bars } = await readPricePath(file);
    const table = flat(describePath(bars));
    for (const [name, { least, most, data }] of Object.entries(BANDS)) {
      expectClose(table[name], data, Math.abs(data) * 0.005 + 0.0006, name);
      expect(table[name], name).to.be.within(least, most);
    }
    for (const [hour, value] of hourProfile(bars).entries())
      expectClose(HOUR_PROFILE[hour], value, 0.006, `hour ${hour}`);
  });
});
