import { expect } from "chai";
import fc from "fast-check";

import { DEFAULT_COSTS } from "../../../../keeper/backtest/model/costs.ts";
import { configHashOf, configurationsOf, type SweepDefinition } from "../../../../keeper/backtest/sweep/definition.ts";
import { countOf, points } from "../../../../keeper/backtest/sweep/search/enumerate.ts";
import type { Dimension, Space } from "../../../../keeper/backtest/sweep/search/space.ts";
import { gbm, pathOf } from "../worlds.ts";
import "../../../support/seed.ts";

const DIMENSIONS: readonly (readonly [string, Dimension])[] = [
  ["width", { kind: "range", min: 0.05, max: 0.8, scale: "log", step: null }],
  ["hedge", { kind: "range", min: 0, max: 1, scale: "linear", step: 0.1 }],
  ["mode", { kind: "choices", values: ["a", "b", true] }],
];
const SPACE: Space = new Map(DIMENSIONS);

describe("sweep: the points of a search", () => {
  it("random draws depend on the seed alone: not on the order of names, nor on how many are drawn", () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.integer({ min: 1, max: 40 }),
        fc.shuffledSubarray([0, 1, 2], { minLength: 3 }),
        (seed, count, order) => {
          const shuffled: Space = new Map(order.map((i) => DIMENSIONS[i]!));
          const some = points(SPACE, { method: "random", seed, count });
          expect(points(shuffled, { method: "random", seed, count })).to.deep.equal(some);
          expect(points(SPACE, { method: "random", seed, count: count + 5 }).slice(0, count)).to.deep.equal(some);
        },
      ),
    );
    const one = points(SPACE, { method: "random", seed: 1, count: 50 });
    expect(points(SPACE, { method: "random", seed: 2, count: 50 })).not.to.deep.equal(one);
  });

  it("random draws lie in their ranges, on their steps, and evenly by the scale", () => {
    const drawn = points(SPACE, { method: "random", seed: 3, count: 4_000 });
    let low = 0;
    for (const { width, hedge, mode } of drawn) {
      expect(width).to.be.within(0.05, 0.8);
      // Half of the orders of magnitude lie under 0.2.
      if (Number(width) < 0.2) low++;
      expect([0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]).to.include(hedge);
      expect(["a", "b", true]).to.include(mode);
    }
    expect(low / drawn.length).to.be.within(0.47, 0.53);
    expect(new Set(drawn.map(({ hedge }) => hedge)).size).to.equal(11);
  });

  it("a grid is every combination, once", () => {
    const space: Space = new Map(DIMENSIONS.slice(1));
    const grid = points(space, { method: "grid" });
    expect(grid.length)
      .to.equal(33)
      .and.to.equal(countOf(space, { method: "grid" }));
    expect(new Set(grid.map((point) => JSON.stringify([point["hedge"], point["mode"]]))).size).to.equal(33);
    expect(points(new Map([...space].toReversed()), { method: "grid" })).to.deep.equal(grid);
  });
});

describe("sweep: hashes", () => {
  const definition = (options: Partial<SweepDefinition> = {}): SweepDefinition => ({
    family: "recentre",
    k: 0.9,
    starts: 2,
    costs: DEFAULT_COSTS,
    reserve: null,
    path: pathOf(gbm(24 * 60, 0.8, 91)),
    ...options,
  });
  const hashOf = (options?: Partial<SweepDefinition>, parameters = { halfWidth: 0.2 }): string =>
    configurationsOf(definition(options), [parameters])[0]!.hash;

  it("name what the figures depend on, and nothing else", () => {
    const path = pathOf(gbm(24 * 60, 0.8, 91));
    expect(hashOf({ path: { ...path, file: "elsewhere.csv" } })).to.equal(hashOf());
    const others = [
      hashOf({ k: 1 }),
      hashOf({ starts: 3 }),
      hashOf({ family: "charm" }),
      hashOf({ costs: { ...DEFAULT_COSTS, gas: 16 } }),
      hashOf({ reserve: [{ from: 0, rate: 0.01 }] }),
      hashOf({ path: pathOf(gbm(24 * 60, 0.8, 92)) }),
      hashOf({ path: { ...path, history: gbm(24, 0.8, 1) } }),
      hashOf({}, { halfWidth: 0.21 }),
    ];
    expect(new Set([hashOf(), ...others]).size).to.equal(others.length + 1);
  });

  it("stay what they were: a results file of last year is recognised", () => {
    // If this must change, so does what the hash of a configuration means; say so in the changelog.
    const path = { ...pathOf([{ time: 0, open: 1, high: 2, low: 1, close: 2, volume: 3 }]), from: 0, to: 3600 };
    expect(configurationsOf(definition({ path }), [{ halfWidth: 0.2 }])[0]!.hash).to.equal(
      "6e04a5776efa13f47a7e6662dc6bd7fae7a60ed893b390ff9fdf02897015e250",
    );
  });

  it("of a set do not depend on its order, and points that are alike count once", () => {
    const widths = [0.3, 0.1, 0.2, 0.1].map((halfWidth) => ({ halfWidth }));
    const one = configurationsOf(definition(), widths);
    expect(one.length).to.equal(3);
    expect(configHashOf(configurationsOf(definition(), widths.toReversed()))).to.equal(configHashOf(one));
    expect(configHashOf(one.slice(1))).not.to.equal(configHashOf(one));
  });
});
