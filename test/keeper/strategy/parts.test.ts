import { expect } from "chai";
import fc from "fast-check";

import { CanonicalError, canonicalJson } from "../../../keeper/strategy/canonical.ts";
import { lossAt, planCharge } from "../../../keeper/strategy/charge.ts";
import {
  type ConfigOverrides,
  DEFAULT_CONFIG,
  strategyConfig,
  StrategyConfigError,
  validateConfig,
} from "../../../keeper/strategy/config.ts";
import { amounts } from "../../../keeper/strategy/liquidity.ts";
import {
  alignedCopy,
  centredRange,
  halfWidthFraction,
  halfWidthTicks,
  sideRange,
  tiltedCentre,
} from "../../../keeper/strategy/range.ts";
import { depth, swapResult } from "../../../keeper/strategy/swap.ts";
import { POLICY } from "./world.ts";
import { expectClose } from "../../support/close.ts";
import "../../support/seed.ts";

describe("width and place of a range", () => {
  const { width } = DEFAULT_CONFIG;

  it("follows 1.5 s sqrt(30/365), clamped to 8-150 % and to the policy", () => {
    expectClose(halfWidthFraction(0.8, width), 0.344, 0.001);
    expect(halfWidthFraction(0.01, width)).to.equal(0.08);
    expect(halfWidthFraction(9, width)).to.equal(1.5);
    expectClose(halfWidthTicks(0.8, width, POLICY), Math.log(1.34403) / Math.log(1.0001), 1);
    expect(halfWidthTicks(0.8, width, { ...POLICY, maxHalfWidth: 1000 })).to.equal(1000);
    expect(halfWidthTicks(0.1, width, { ...POLICY, minHalfWidth: 2000 })).to.equal(2000);
  });

  it("tilts up in a rise, down in a fall, and not while the trend is unknown", () => {
    expect(tiltedCentre(100, 1000, 0, 0.2)).to.equal(300);
    expect(tiltedCentre(100, 1000, 1, 0.2)).to.equal(-100);
    expect(tiltedCentre(100, 1000, null, 0.2)).to.equal(100);
  });

  const anyPlace = fc.record({
    tick: fc.double({ min: -880_000, max: 880_000, noNaN: true }),
    halfWidth: fc.double({ min: 1, max: 60_000, noNaN: true }),
    spacing: fc.constantFrom(1, 10, 60, 200),
    least: fc.integer({ min: 0, max: 5000 }),
    greatest: fc.integer({ min: 0, max: 60_000 }),
    gap: fc.integer({ min: 0, max: 100 }),
  });

  it("is on the grid, inside the policy, inside Uniswap's ticks, or not at all", () => {
    fc.assert(
      fc.property(anyPlace, ({ tick, halfWidth, spacing, least, greatest, gap }) => {
        const policy = { ...POLICY, minHalfWidth: least, maxHalfWidth: greatest };
        const centred = centredRange(tick, halfWidth, spacing, policy);
        const above = sideRange("above", tick, gap, halfWidth, spacing, policy);
        const below = sideRange("below", tick, gap, halfWidth, spacing, policy);
        for (const range of [centred, above, below]) {
          if (range === null) continue;
          expect(Math.abs(range.tickLower % spacing) + Math.abs(range.tickUpper % spacing)).to.equal(0);
          expect((range.tickUpper - range.tickLower) / 2).to.be.within(least, greatest);
          expect(range.tickUpper).to.be.above(range.tickLower);
          expect(Math.max(-range.tickLower, range.tickUpper)).to.be.at.most(887_272);
        }
        if (centred !== null) {
          expect(Math.abs((centred.tickLower + centred.tickUpper) / 2 - tick)).to.be.at.most(spacing / 2 + 1e-6);
        }
        if (above !== null) expect(above.tickLower - tick).to.be.within(gap - 1e-6, gap + spacing + 1e-6);
        if (below !== null) expect(tick - below.tickUpper).to.be.within(gap - 1e-6, gap + spacing + 1e-6);
      }),
    );
  });

  it("says so when the grid has no width that the policy allows", () => {
    expect(centredRange(0, 50, 200, { ...POLICY, minHalfWidth: 10, maxHalfWidth: 90 })).to.equal(null);
  });

  it("copies a range to a coarser grid: the nearest width, then the nearest place", () => {
    expect(alignedCopy({ tickLower: -203_280, tickUpper: -197_340 }, 200, POLICY)).to.deep.equal({
      tickLower: -203_400,
      tickUpper: -197_400,
    });
  });
});

describe("the plan's charge", () => {
  const range = { liquidity: 5000, lower: 1500, upper: 2666 };

  it("is nothing for a plan that does nothing, and for a mint at an exact price", () => {
    const idle = { base: 3, quote: 4 };
    expect(planCharge({ before: idle, after: idle, minted: [] }, 2000, 0.0075, 1e6)).to.equal(0);
    const spent = amounts(range, 2000);
    const before = { base: 100, quote: 200_000 };
    const after = { base: before.base - spent.base, quote: before.quote - spent.quote };
    expectClose(lossAt({ before, after, minted: [range] }, 2000), 0, 1e-6);
  });

  it("charges a mint at about V e^2 / (4h), e the distance of the spot to the far end", () => {
    const h = Math.log(2666 / 1500) / 2;
    const spent = amounts(range, 2000);
    const minted = spent.base * 2000 + spent.quote;
    for (const d of [0.005, 0.01, 0.02]) {
      const plan = {
        before: { base: 100, quote: 200_000 },
        after: { base: 100 - spent.base, quote: 200_000 - spent.quote },
        minted: [range],
      };
      // The rule of thumb is of first order in h: within a fifth for a third.
      expect(planCharge(plan, 2000, d, 1e6) / ((minted * d * d) / (4 * h) / 1e6)).to.be.within(0.8, 1.2);
    }
  });

  it("charges a swap S (d + fee)", () => {
    const pool = { fee: 3000, price: 2000, liquidity: 1e12 };
    for (const sell of ["base", "quote"] as const) {
      const amount = sell === "base" ? 10 : 20_000;
      const { out } = swapResult(pool, sell, amount);
      const before = { base: 100, quote: 200_000 };
      const after =
        sell === "base" ? { base: 100 - amount, quote: 200_000 + out } : { base: 100 + out, quote: 200_000 - amount };
      const charge = planCharge({ before, after, minted: [] }, 2000, 0.0075, 400_000);
      expectClose(charge, (20_000 * (0.0075 + 0.003)) / 400_000, 2e-6);
    }
  });

  it("finds the harvest of a stale feed: minting just above spot and buying through it", () => {
    // The market stands 0.5 % above the feed. At the feed's price nothing seems lost; at the band's high end it is.
    const [feed, market] = [2000, 2010];
    const thin = { liquidity: 200_000, lower: 2000.5, upper: 2010 };
    const base = amounts(thin, 2000).base;
    const before = { base: 500, quote: 1e6 };
    const minted = { before, after: { base: before.base - base, quote: before.quote }, minted: [thin] };
    expect(Math.abs(lossAt(minted, feed))).to.be.below(1e-6);
    expect(lossAt(minted, market)).to.be.above(0);
    expect(planCharge(minted, feed, 0.0075, 2e6)).to.be.at.least(lossAt(minted, market) / 2e6);
  });

  it("is the worst over the whole band: the loss is convex, so its ends suffice", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.8, max: 1.3, noNaN: true }),
        fc.double({ min: 0.001, max: 0.1, noNaN: true }),
        fc.double({ min: -1, max: 1, noNaN: true }),
        (spot, d, at) => {
          const spent = amounts(range, 2000 * spot);
          const before = { base: 500, quote: 1e6 };
          const plan = {
            before,
            after: { base: before.base - spent.base, quote: before.quote - spent.quote },
            minted: [range],
          };
          const inside = lossAt(plan, 2000 * (1 + d * at));
          expect(inside).to.be.at.most(planCharge(plan, 2000, d, 1) + 1e-6);
        },
      ),
    );
  });

  it("cannot be paid by a vault that has nothing", () => {
    const plan = { before: { base: 1, quote: 0 }, after: { base: 0, quote: 0 }, minted: [] };
    expect(planCharge(plan, 2000, 0.01, 0)).to.equal(Number.POSITIVE_INFINITY);
  });
});

describe("swap estimate", () => {
  const pool = { fee: 3000, price: 2000, liquidity: 1e5 };

  it("keeps the constant product of the virtual reserves, fee aside", () => {
    for (const sell of ["base", "quote"] as const) {
      const amount = sell === "base" ? 10 : 20_000;
      const { out, price } = swapResult(pool, sell, amount);
      const net = amount * 0.997;
      const [x, y] = [pool.liquidity / Math.sqrt(pool.price), pool.liquidity * Math.sqrt(pool.price)];
      const [x2, y2] = sell === "base" ? [x + net, y - out] : [x - out, y + net];
      expectClose((x2 * y2) / (x * y), 1, 1e-12);
      expectClose(y2 / x2 / price, 1, 1e-12);
    }
  });

  it("moves the price by the impact that depth was asked for", () => {
    expectClose(swapResult(pool, "quote", depth(pool, "quote", 0.001)).price, 2002, 1e-6);
    expectClose(swapResult(pool, "base", depth(pool, "base", 0.001)).price, 1998, 1e-6);
    expect(swapResult({ ...pool, liquidity: 0 }, "base", 1)).to.deep.equal({ out: 0, price: 2000 });
  });
});

describe("configuration", () => {
  it("accepts its own defaults", () => {
    expect(validateConfig(DEFAULT_CONFIG)).to.deep.equal(DEFAULT_CONFIG);
    expect(strategyConfig()).to.deep.equal(DEFAULT_CONFIG);
  });

  it("replaces single values and keeps the rest", () => {
    const config = strategyConfig({ core: { target: 0.4 }, minPosition: 0.1 });
    expect(config.core).to.deep.equal({ ...DEFAULT_CONFIG.core, target: 0.4 });
    expect(config.minPosition).to.equal(0.1);
    expect(config.swap).to.deep.equal(DEFAULT_CONFIG.swap);
  });

  it("lists all problems at once, each with its place and what it may be", () => {
    const wrong = {
      core: { target: 1.5, capUse: Number.NaN },
      rules: { deploy: "yes" },
      feeTierMove: { part: 0 },
      colour: "red",
      minPosition: undefined,
    } as unknown as ConfigOverrides;
    expect(() => strategyConfig(wrong))
      .to.throw(StrategyConfigError)
      .with.property("problems")
      .that.deep.equals([
        'rules.deploy must be true or false, not "yes"',
        "core.target must be a number from 0 to 1, not 1.5",
        "core.capUse must be a number from 0 to 1, not NaN",
        "feeTierMove.part must be a number from 0.01 to 1, not 0",
        "minPosition must be a number from 0 to 1, not missing",
        "colour is not a setting",
      ]);
    expect(() => validateConfig(null)).to.throw(StrategyConfigError, /must be an object/);
    expect(() => strategyConfig({ width: { least: 1, greatest: 0.5 } })).to.throw(
      /width.least \(1\) must not be above/,
    );
  });
});

describe("canonical JSON", () => {
  it("sorts keys by code units, leaves no spaces, writes numbers as JSON does", () => {
    expect(canonicalJson({ b: [1, 2.5, -0, 1e21], a: { z: null, Z: true, é: "\n" }, "": "" })).to.equal(
      '{"":"","a":{"Z":true,"z":null,"é":"\\n"},"b":[1,2.5,0,1e+21]}',
    );
  });

  it("does not depend on the order in which keys were set, and survives a round trip", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (given) => {
        const text = canonicalJson(given);
        const parsed: unknown = JSON.parse(text);
        expect(canonicalJson(parsed)).to.equal(text);
        const turned = (child: unknown): unknown =>
          Array.isArray(child)
            ? child.map(turned)
            : typeof child === "object" && child !== null
              ? Object.fromEntries(
                  Object.entries(child)
                    .reverse()
                    .map(([key, inner]) => [key, turned(inner)]),
                )
              : child;
        expect(canonicalJson(turned(parsed))).to.equal(text);
      }),
    );
  });

  it("refuses what JSON would drop or bend, and says where", () => {
    const loop: { self?: unknown } = {};
    loop.self = loop;
    for (const [given, path] of [
      [{ a: { b: [0, Number.NaN] } }, "a.b[1]"],
      [{ a: Number.POSITIVE_INFINITY }, "a"],
      [{ a: undefined }, "a"],
      [{ a: [undefined] }, "a[0]"],
      [{ a: 1n }, "a"],
      [{ a: new Date(0) }, "a"],
      [{ a: () => 1 }, "a"],
      [{ a: "\ud800" }, "a"],
      [loop, "self"],
      [[1, , 2], "[1]"],
    ] as const) {
      expect(() => canonicalJson(given))
        .to.throw(CanonicalError)
        .with.property("path", path);
    }
  });
});
