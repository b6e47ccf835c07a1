import { expect } from "chai";
import fc from "fast-check";

import {
  amounts,
  delta,
  exitAboveProbability,
  expectedActivity,
  expectedExitTime,
  expectedLvrToExit,
  gamma,
  liquidityFor,
  lvrRate,
  type Position,
  value,
  vega,
} from "../../../keeper/strategy/liquidity.ts";
import { normalDensity, normalDistribution } from "../../../keeper/strategy/normal.ts";
import { priceOfTick, tickOfPrice, wholeLiquidity } from "../../../keeper/strategy/ticks.ts";
import { expectClose } from "../../support/close.ts";
import "../../support/seed.ts";

const position: Position = { liquidity: 1234, lower: 1500, upper: 2600 };

/** Midpoint rule in ln K, independent of the module's own quadrature. */
function overStrikes(f: (strike: number) => number, from: number, to: number, steps: number): number {
  const step = Math.log(to / from) / steps;
  let sum = 0;
  for (let i = 0; i < steps; i++) {
    const strike = from * Math.exp((i + 0.5) * step);
    sum += f(strike) * strike * step;
  }
  return sum;
}

/** mulberry32, for seeded Monte Carlo. */
function seeded(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Solves (1/2) s^2 P^2 u'' = -source(P), u = 0 at both bounds, by finite differences (Thomas algorithm); u at `price`. */
function solveToExit(
  range: Position,
  price: number,
  volatility: number,
  source: (price: number) => number,
  nodes = 4000,
): number {
  const step = (range.upper - range.lower) / nodes;
  const c = new Float64Array(nodes);
  const d = new Float64Array(nodes);
  for (let i = 1; i < nodes; i++) {
    const p = range.lower + i * step;
    const half = (volatility * volatility * p * p) / (2 * step * step);
    const pivot = -2 * half - half * (c[i - 1] ?? 0);
    c[i] = half / pivot;
    d[i] = (-source(p) - half * (d[i - 1] ?? 0)) / pivot;
  }
  const u = new Float64Array(nodes + 1);
  for (let i = nodes - 1; i > 0; i--) u[i] = d[i]! - c[i]! * u[i + 1]!;
  const at = (price - range.lower) / step;
  const below = Math.floor(at);
  return u[below]! + (at - below) * (u[below + 1]! - u[below]!);
}

describe("closed forms of a position", () => {
  const anyPosition = fc.record({
    liquidity: fc.double({ min: 1, max: 1e9, noNaN: true }),
    lower: fc.double({ min: 0.001, max: 10_000, noNaN: true }),
    width: fc.double({ min: 1.01, max: 20, noNaN: true }),
    at: fc.double({ min: -0.5, max: 1.5, noNaN: true }),
  });
  const build = (given: { liquidity: number; lower: number; width: number; at: number }): [Position, number] => [
    { liquidity: given.liquidity, lower: given.lower, upper: given.lower * given.width },
    given.lower * given.width ** given.at,
  ];

  it("gives the three textbook forms of value", () => {
    const root = Math.sqrt;
    const { liquidity: L, lower: a, upper: b } = position;
    expectClose(value(position, 2000), L * (2 * root(2000) - root(a) - 2000 / root(b)), 1e-8);
    expectClose(value(position, 1000), L * 1000 * (1 / root(a) - 1 / root(b)), 1e-8);
    expectClose(value(position, 4000), L * (root(b) - root(a)), 1e-8);
    expect(amounts(position, 1000).quote).to.equal(0);
    expect(amounts(position, 4000).base).to.equal(0);
  });

  it("has delta and gamma equal to finite differences of value, in and outside the range", () => {
    fc.assert(
      fc.property(anyPosition, (given) => {
        const [held, price] = build(given);
        const step = price * 1e-4;
        // The value has a kink in its slope's slope at each bound; differences across it mean nothing.
        fc.pre([held.lower, held.upper].every((bound) => Math.abs(price / bound - 1) > 1e-3));
        const [down, here, up] = [price - step, price, price + step].map((p) => value(held, p));
        const scale = held.liquidity / Math.sqrt(price);
        expectClose((up! - down!) / (2 * step), delta(held, price), 1e-5 * scale);
        expectClose((up! - 2 * here! + down!) / (step * step), gamma(held, price), (1e-4 * scale) / price);
      }),
    );
  });

  it("is the strip of options: V(P) = integral of (L/2) K^-1.5 min(P, K) dK", () => {
    for (const price of [900, 1500, 1800, 2300, 2600, 5000]) {
      const strip = overStrikes(
        (strike) => (position.liquidity / 2) * strike ** -1.5 * Math.min(price, strike),
        position.lower,
        position.upper,
        20_000,
      );
      expectClose(strip, value(position, price), 1e-6 * value(position, price));
    }
  });

  it("has the vega of minus that strip's calls at Black-Scholes", () => {
    for (const [price, volatility, tenor] of [
      [1900, 0.8, 30 / 365],
      [1200, 0.8, 110 / 365],
      [2700, 1.3, 220 / 365],
    ] as const) {
      const v = volatility * Math.sqrt(tenor);
      const calls = overStrikes(
        (strike) => {
          const d1 = (Math.log(price / strike) + (v * v) / 2) / v;
          return (position.liquidity / 2) * strike ** -1.5 * price * normalDensity(d1) * Math.sqrt(tenor);
        },
        position.lower,
        position.upper,
        20_000,
      );
      expectClose(vega(position, price, volatility, tenor), -calls, 1e-6 * calls);
    }
  });

  it("has vega over a short tenor equal to the derivative of LVR by volatility", () => {
    const tenor = 1 / 365 / 24;
    const slope = (lvrRate(position, 2000, 0.801) - lvrRate(position, 2000, 0.799)) / 0.002;
    expectClose(vega(position, 2000, 0.8, tenor), -slope * tenor, 1e-4 * slope * tenor);
  });

  it("loses s^2/8 of its value a year over the full range", () => {
    const full: Position = { liquidity: 10, lower: 1e-12, upper: 1e20 };
    expectClose(lvrRate(full, 2000, 0.9) / value(full, 2000), (0.9 * 0.9) / 8, 1e-6);
  });

  it("takes in just the tokens that its liquidity needs", () => {
    fc.assert(
      fc.property(anyPosition, (given) => {
        const [held, price] = build(given);
        const need = amounts(held, price);
        fc.pre(need.base * price + need.quote > 0);
        const spare = { base: need.base * 3, quote: need.quote };
        const got = liquidityFor(need.quote > 0 ? spare : need, held.lower, held.upper, price);
        expectClose(got / held.liquidity, 1, 1e-6);
      }),
    );
  });

  it("says the same in raw and in whole units", () => {
    for (const decimals of [
      { baseDecimals: 18, quoteDecimals: 6 },
      { baseDecimals: 8, quoteDecimals: 18 },
      { baseDecimals: 6, quoteDecimals: 18 },
      { baseDecimals: 18, quoteDecimals: 18 },
      { baseDecimals: 8, quoteDecimals: 5 },
    ]) {
      const raw = 10 ** (decimals.quoteDecimals - decimals.baseDecimals);
      const inRaw = { liquidity: 1e18, lower: 1500 * raw, upper: 2600 * raw };
      const whole = { liquidity: wholeLiquidity(1e18, decimals), lower: 1500, upper: 2600 };
      const a = amounts(inRaw, 2000 * raw);
      const b = amounts(whole, 2000);
      expectClose(a.base / 10 ** decimals.baseDecimals / b.base, 1, 1e-9);
      expectClose(a.quote / 10 ** decimals.quoteDecimals / b.quote, 1, 1e-9);
      expectClose(priceOfTick(tickOfPrice(2000, decimals), decimals), 2000, 1e-6);
      expectClose(tickOfPrice(2000, decimals), Math.log(2000 * raw) / Math.log(1.0001), 1e-6);
    }
  });
});

describe("the normal distribution", () => {
  it("agrees with tabulated values and its density's integral", () => {
    expect(normalDistribution(0)).to.equal(0.5);
    expectClose(normalDistribution(1), 0.841344746068543, 1e-14);
    expectClose(normalDistribution(1.959963984540054), 0.975, 1e-14);
    expectClose(normalDistribution(-6) / 9.865876450376946e-10, 1, 1e-10);
    expect(normalDistribution(40)).to.equal(1);
    expect(normalDistribution(-40)).to.equal(0);
    expectClose(normalDistribution(5 - 1e-12), normalDistribution(5 + 1e-12), 1e-12);
  });
});

describe("expectations of a range", () => {
  for (const price of [1600, 2000, 2500]) {
    it(`E[T] at ${price} solves (1/2)s^2 P^2 u'' = -1`, () => {
      const solved = solveToExit(position, price, 0.9, () => 1);
      expectClose(expectedExitTime(position, price, 0.9) / solved, 1, 1e-4);
    });

    it(`E[LVR to exit] at ${price} solves (1/2)s^2 P^2 u'' = -L s^2 sqrt(P)/4, whatever s`, () => {
      for (const s of [0.4, 1.1]) {
        const solved = solveToExit(position, price, s, (p) => lvrRate(position, p, s));
        expectClose(expectedLvrToExit(position, price) / solved, 1, 1e-4);
      }
    });
  }

  it("leaves a narrow range at its centre after h^2/s^2 on average", () => {
    const narrow = { lower: 2000 * Math.exp(-0.01), upper: 2000 * Math.exp(0.01) };
    expectClose(expectedExitTime(narrow, 2000, 0.8) / (0.01 ** 2 / 0.8 ** 2), 1, 1e-3);
    expect(exitAboveProbability({ lower: 1, upper: 3 }, 2)).to.equal(0.5);
    expect(expectedExitTime(position, 1000, 0.8)).to.equal(0);
    expect(expectedLvrToExit(position, 1000)).to.equal(0);
  });

  it("expected activity times LVR equals the value lost by the expected payoff, E[V(P)] - E[V(P_T)]", () => {
    // V(P) less E[V(P_T)] is the expected loss to rebalancing over T: the price is a martingale, so only the concavity costs.
    const years = 60 / 365;
    const s = 0.9;
    for (const price of [1300, 1700, 2100, 2900]) {
      const v = s * Math.sqrt(years);
      // E[V(P_T)] by the midpoint rule over the normal.
      let expected = 0;
      const steps = 40_000;
      for (let i = 0; i < steps; i++) {
        const z = -9 + (18 * (i + 0.5)) / steps;
        expected += value(position, price * Math.exp(v * z - (v * v) / 2)) * normalDensity(z) * (18 / steps);
      }
      const inside = { ...position, lower: 0, upper: Number.POSITIVE_INFINITY };
      const lost = lvrRate(inside, price, s) * years * expectedActivity(position, price, s, years);
      expectClose(lost / (value(position, price) - expected), 1, 2e-3);
    }
  });

  it("expected activity agrees with seeded Monte Carlo", () => {
    const random = seeded(7);
    const [years, s, price, paths, steps] = [14 / 365, 1, 1650, 2000, 84];
    const dt = years / steps;
    let sum = 0;
    for (let path = 0; path < paths; path++) {
      let p = price;
      for (let i = 0; i < steps; i++) {
        const z = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
        p *= Math.exp(s * Math.sqrt(dt) * z - (s * s * dt) / 2);
        if (p >= position.lower && p < position.upper) sum += Math.sqrt(p / price);
      }
    }
    // Standard error about 0.009.
    expectClose(expectedActivity(position, price, s, years), sum / paths / steps, 0.03);
  });

  it("activity is all or nothing without time, and lies between 0 and 1", () => {
    expect(expectedActivity(position, 2000, 0.8, 0)).to.equal(1);
    expect(expectedActivity(position, 1000, 0.8, 0)).to.equal(0);
    fc.assert(
      fc.property(
        fc.double({ min: 100, max: 20_000, noNaN: true }),
        fc.double({ min: 0.05, max: 4, noNaN: true }),
        fc.double({ min: 0.001, max: 1, noNaN: true }),
        (price, s, years) => {
          expect(expectedActivity(position, price, s, years)).to.be.within(0, 1);
        },
      ),
    );
  });
});
