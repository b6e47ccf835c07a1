import { expect } from "chai";
import fc from "fast-check";

import { readPricePath } from "../../../keeper/market/file.ts";
import { bearishFraction, trendSignals, trendVoices } from "../../../keeper/signals/trendEnsemble.ts";
import { dataFile } from "../market/fixtures.ts";
import { barsOf, dailyBars, DAY, end, HOUR, START } from "./helpers.ts";
import "../../support/seed.ts";

const value = (signals: ReturnType<typeof trendSignals>, name = "trendEnsemble"): number | null =>
  signals.find((one) => one.name === name)!.value;

describe("trend ensemble", () => {
  const rising = Array.from({ length: 160 }, (_, i) => 100 + i);

  it("is 0 in a steady rise, 1 in a steady fall, 0 when nothing moves", () => {
    expect(bearishFraction(trendVoices(rising))).to.equal(0);
    expect(bearishFraction(trendVoices(rising.toReversed()))).to.equal(1);
    expect(bearishFraction(trendVoices(Array<number>(150).fill(7)))).to.equal(0);
  });

  it("counts each voice as defined", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 1, max: 1000, noNaN: true }), { minLength: 150, maxLength: 200 }),
        (closes) => {
          const last = closes.at(-1)!;
          const expected = [
            ...[7, 14, 30, 60, 120].map((n) => last < closes[closes.length - 1 - n]!),
            ...[10, 20, 50, 100, 150].map((n) => {
              const window = closes.slice(-n);
              let sum = 0;
              for (const close of window.toReversed()) sum += close;
              return last < sum / n;
            }),
          ].map(Number);
          expect(trendVoices(closes).map((voice) => voice.bearish)).to.deep.equal(expected);
        },
      ),
    );
  });

  it("speaks as a whole from 150 closes on; single voices as soon as they can", () => {
    const bars = dailyBars(rising.slice(0, 149));
    const signals = trendSignals(bars, end(bars));
    expect(value(signals)).to.equal(null);
    expect(signals[0]!.fresh).to.equal(false);
    expect(value(signals, "trendVoice.momentum120")).to.equal(0);
    expect(value(signals, "trendVoice.average150")).to.equal(null);
    const enough = dailyBars(rising.slice(0, 150));
    expect(value(trendSignals(enough, end(enough)))).to.equal(0);
  });

  it("closes the day with the hourly bar that ends at 00:00 UTC", () => {
    // Only the bars that end at midnight fall; every other hour rises wildly.
    const closes = Array.from({ length: 160 * 24 }, (_, i) => (i % 24 === 23 ? 5000 - i : 9000 + i * 10));
    const bars = barsOf(closes);
    expect(value(trendSignals(bars, end(bars)))).to.equal(1);
    // During the next day the last midnight still counts.
    const longer = [...bars, ...barsOf(Array<number>(12).fill(99_999), end(bars))];
    expect(value(trendSignals(longer, end(longer)))).to.equal(1);
  });

  it("says nothing while last midnight's close is missing", () => {
    const bars = dailyBars(rising);
    expect(value(trendSignals(bars, end(bars) + DAY))).to.equal(null);
    expect(value(trendSignals(bars.slice(0, -1), end(bars)))).to.equal(null);
    expect(value(trendSignals([], START))).to.equal(null);
  });

  it("is bearish in ETH's fall of 2018 and bullish in its rise of early 2021", async function () {
    const file = dataFile(this, "prices", "eth-usd-1h.csv");
    if (file === undefined) return;
    const { bars } = await readPricePath(file);
    const mean = (from: number, to: number): number => {
      let sum = 0;
      let count = 0;
      for (let time = from; time < to; time += DAY) {
        sum += value(trendSignals(bars, time))!;
        count++;
      }
      return sum / count;
    };
    expect(mean(Date.UTC(2018, 7) / 1000, Date.UTC(2018, 11) / 1000)).to.be.above(0.75);
    expect(mean(Date.UTC(2021, 0) / 1000, Date.UTC(2021, 4) / 1000)).to.be.below(0.25);
    // The crash of 12 March 2020: bullish over months before it, bearish a day after.
    expect(value(trendSignals(bars, Date.UTC(2020, 2, 1) / 1000 + 10 * HOUR))).to.be.below(0.7);
    expect(value(trendSignals(bars, Date.UTC(2020, 2, 13) / 1000))).to.be.at.least(0.9);
  });
});
