import { expect } from "chai";

import { getSqrtRatioAtTick } from "../../../keeper/chain/tickMath.ts";
import { FastPool } from "../../../keeper/sim/fastPool.ts";
import { Pool } from "../../../keeper/sim/pool.ts";
import { parseTickMap } from "../../../keeper/sim/tickMap.ts";

const GOOD = {
  sqrtPriceX96: String(getSqrtRatioAtTick(5)),
  tick: 5,
  liquidity: "300",
  fee: 500,
  tickSpacing: 10,
  ticks: [
    { index: -20, liquidityGross: "100", liquidityNet: "100" },
    { index: 0, liquidityGross: "200", liquidityNet: "200" },
    { index: 30, liquidityGross: "300", liquidityNet: "-300" },
  ],
};
const parse = (map: unknown) => parseTickMap(JSON.stringify(map), "map.json");
const withTick = (i: number, change: object): unknown => ({
  ...GOOD,
  ticks: GOOD.ticks.map((tick, j) => (i === j ? { ...tick, ...change } : tick)),
});

describe("sim/tickMap", () => {
  it("loads into both pools", () => {
    for (const pool of [new Pool(GOOD), new FastPool(GOOD)]) {
      pool.load(parse(GOOD));
      expect(pool.state.ticks()).to.deep.equal([-20, 0, 30]);
      expect(pool.state.liquidity).to.equal(300n);
      expect(pool.state.tick(30).liquidityNet).to.equal(-300n);
    }
  });

  const cases: readonly (readonly [string, unknown, RegExp])[] = [
    ["no map at all", "?", /sqrtPriceX96|expected object/i],
    ["net liquidity that does not sum to zero", withTick(2, { liquidityNet: "-298" }), /sums to 2 .*not complete/],
    ["a tick off the spacing", withTick(1, { index: 5 }), /tick 5 is no multiple of the tick spacing 10/],
    ["ticks out of order", withTick(1, { index: -30 }), /tick -30 is out of order after -20/],
    ["a tick twice", withTick(1, { index: -20 }), /tick -20 is there twice/],
    ["a net above the gross", withTick(1, { liquidityGross: "100" }), /larger than all of its liquidity/],
    [
      "another liquidity than the ticks'",
      { ...GOOD, liquidity: "100" },
      /a liquidity of 300 at tick 5, the map says 100/,
    ],
    ["another tick than the price's", { ...GOOD, tick: 6 }, /tick 6 is not that of the sqrt price/],
    ["a tick without liquidity", withTick(1, { liquidityGross: "0", liquidityNet: "0" }), /tick 0 has no liquidity/],
    ["a net of another parity", withTick(1, { liquidityNet: "199" }), /no positions give tick 0 such a net/],
    [
      "more than a tick may have",
      withTick(1, { liquidityGross: String(2n ** 127n) }),
      /tick 0 has more liquidity than a pool of spacing 10 takes/,
    ],
    ["a net beyond its type", withTick(1, { liquidityNet: String(2n ** 127n) }), /liquidityNet does not fit its type/],
    ["a protocol's part that cannot be set", { ...GOOD, feeProtocol: 1 }, /feeProtocol is no protocol's part/],
    ["a list", [], /the tick map: Invalid input/],
    ["a number as a float", { ...GOOD, liquidity: "1e3" }, /liquidity is not a whole number/],
  ];
  for (const [what, map, message] of cases) {
    it(`refuses ${what}`, () => {
      expect(() => parse(map)).to.throw(message);
    });
  }

  it("takes a byte order mark", () => {
    expect(parseTickMap(`\uFEFF${JSON.stringify(GOOD)}`, "map.json").tick).to.equal(5);
  });

  it("refuses what is no JSON", () => {
    expect(() => parseTickMap("{", "map.json")).to.throw(/map\.json: the tick map is not JSON/);
  });
});
