import { expect } from "chai";
import { seededRandom, splitmix64, xoshiro128 } from "../../../keeper/market/random.ts";
import { expectClose } from "../../support/close.ts";

describe("market/random", () => {
  it("splitmix64 gives the published words for seed 1234567", () => {
    expect(splitmix64(1234567n, 5)).to.deep.equal([
      6457827717110365317n,
      3203168211198807973n,
      9817491932198370423n,
      4593380528125082431n,
      16408922859458223821n,
    ]);
  });

  it("xoshiro128** gives the published words for state 1, 2, 3, 4", () => {
    const next = xoshiro128([1, 2, 3, 4]);
    expect(Array.from({ length: 10 }, next)).to.deep.equal([
      11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804,
    ]);
  });

  it("gives the same stream for a seed, others for other seeds and streams", () => {
    const draw = (seed: number, stream?: number): number[] => {
      const random = seededRandom(seed, stream);
      return Array.from({ length: 8 }, () => random.uint32());
    };
    expect(draw(1)).to.deep.equal(draw(1, 0));
    const all = [draw(0), draw(1), draw(2), draw(0, 1), draw(1, 1), draw(Number.MAX_SAFE_INTEGER)].map(String);
    expect(new Set(all).size).to.equal(all.length);
  });

  it("refuses seeds that are no integers in range", () => {
    for (const seed of [-1, 0.5, NaN, 2 ** 53])
      expect(() => seededRandom(seed)).to.throw(RangeError, /not an integer from 0/);
  });

  it("has the moments of its laws within four standard errors of 200,000 draws", () => {
    const random = seededRandom(3);
    const n = 200_000;
    const moment = (draw: () => number, power: number): number => {
      let sum = 0;
      for (let i = 0; i < n; i += 1) sum += draw() ** power;
      return sum / n;
    };
    expectClose(moment(random.uniform, 1), 1 / 2, 4 * Math.sqrt(1 / 12 / n));
    expectClose(moment(random.normal, 1), 0, 4 / Math.sqrt(n));
    expectClose(moment(random.normal, 2), 1, 4 * Math.sqrt(2 / n));
    expectClose(moment(random.normal, 4), 3, 4 * Math.sqrt(96 / n));
    expectClose(moment(random.exponential, 1), 1, 4 / Math.sqrt(n));
    expectClose(moment(random.exponential, 2), 2, 4 * Math.sqrt(20 / n));
    expectClose(
      moment(() => random.below(7), 1),
      3,
      4 * Math.sqrt(4 / n),
    );
  });

  it("shuffles into every order about equally often", () => {
    const random = seededRandom(4);
    const counts = new Map<string, number>();
    for (let i = 0; i < 60_000; i += 1) {
      const key = random.shuffled([1, 2, 3]).join("");
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect(counts.size).to.equal(6);
    // Four deviations of a binomial count with p = 1/6.
    for (const count of counts.values()) expectClose(count, 10_000, 4 * Math.sqrt((60_000 * 5) / 36));
  });
});
