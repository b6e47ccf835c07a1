import { readFileSync } from "node:fs";

import { expect } from "chai";

import { BacktestOptionError } from "../../../../keeper/backtest/errors.ts";
import { usableBounds, usableRange } from "../../../../keeper/backtest/engine/grid.ts";
import { poolVolatility } from "../../../../keeper/backtest/exact/poolVolatility.ts";
import { loadSource, poolOf } from "../../../../keeper/backtest/exact/source.ts";
import { windowOf } from "../../../../keeper/backtest/exact/window.ts";
import { priceFromTick, toPoolRange } from "../../../../keeper/chain/prices.ts";
import { getAmountsForLiquidity } from "../../../../keeper/chain/liquidityAmounts.ts";
import { getSqrtRatioAtTick } from "../../../../keeper/chain/tickMath.ts";
import { SimulationFileError } from "../../../../keeper/sim/errors.ts";
import { type PoolEvent, parseEvents } from "../../../../keeper/sim/replay/events.ts";
import { mapFromEvents } from "../../../../keeper/sim/replay/mapFromEvents.ts";
import { possibleOrders, reproduce } from "../../../../keeper/sim/replay/orders.ts";
import { expectClose } from "../../../support/close.ts";
import { dataFile } from "../../market/fixtures.ts";
import { START } from "../../signals/helpers.ts";
import { streamOf, WAYS } from "./streams.ts";

const TOKENS = { baseDecimals: 18, quoteDecimals: 6 };

describe("backtest: usable ticks", () => {
  for (const orientation of WAYS) {
    const grid = { spacing: 60, orientation };

    it(`takes the nearest, within half a spacing, and keeps orders on their side; quote is token${orientation.quoteIsToken0 ? 0 : 1}`, () => {
      for (const price of [700, 1999.9, 2000, 2345.6]) {
        const around = usableBounds(grid, price / 1.2, price * 1.2, price);
        expectClose(Math.log(around.lower / (price / 1.2)), 0, 30.01e-4, "lower bound, off by");
        expectClose(Math.log(around.upper / (price * 1.2)), 0, 30.01e-4, "upper bound, off by");
        for (const [lower, upper] of [
          [price, price * 1.2],
          [price / 1.2, price],
          [price, price * 1.0001],
          [price / 1.0001, price],
        ] as const) {
          const range = usableRange(grid, lower, upper, price);
          expect(
            range.tickLower % 60 === 0 && range.tickUpper % 60 === 0 && range.tickLower < range.tickUpper,
          ).to.equal(true);
          if (lower === price) expect(priceFromTick(range.tickLower, orientation)).to.be.at.least(price * (1 - 1e-12));
          else expect(priceFromTick(range.tickUpper, orientation)).to.be.at.most(price * (1 + 1e-12));
        }
      }
    });

    it(`an order at a price that is a usable tick's takes one token; quote is token${orientation.quoteIsToken0 ? 0 : 1}`, () => {
      for (const tick of [-203_220, -200_040, -198_600]) {
        const price = priceFromTick(tick, orientation);
        const range = usableRange(grid, price, price * 1.2, price);
        expect(range.tickLower).to.equal(tick);
        const { tickLower, tickUpper } = toPoolRange(range, orientation);
        const at = getSqrtRatioAtTick(orientation.quoteIsToken0 ? -tick : tick);
        const held = getAmountsForLiquidity(
          at,
          getSqrtRatioAtTick(tickLower),
          getSqrtRatioAtTick(tickUpper),
          10n ** 15n,
          "up",
        );
        expect(orientation.quoteIsToken0 ? held.amount0 : held.amount1).to.equal(0n);
      }
    });

    it(`a full range ends where the pool ends; quote is token${orientation.quoteIsToken0 ? 0 : 1}`, () => {
      expect(usableRange(grid, 0, Number.POSITIVE_INFINITY, 2000)).to.deep.equal({
        tickLower: -887_220,
        tickUpper: 887_220,
      });
    });
  }
});

describe("sim: a tick map read out of events", () => {
  for (const orientation of WAYS) {
    it(`makes the same swaps as the pool that the events are of; quote is token${orientation.quoteIsToken0 ? 0 : 1}`, () => {
      const source = streamOf({ hours: 200, seed: 11, orientation });
      const map = mapFromEvents(source.events, source.terms, "f.csv");
      expect(map.seen).to.be.greaterThan(10);
      const pool = poolOf({ terms: source.terms, state: map.state });
      let [swaps, exact] = [0, 0];
      for (const event of map.events) {
        if (event.kind !== "SWAP") {
          pool.adjust(event.range, event.kind === "MINT" ? event.liquidity : -event.liquidity, event.time);
          continue;
        }
        swaps++;
        const order = reproduce(pool, possibleOrders(event, pool.state.slot0.sqrtPriceX96), event);
        if (order === null) break;
        pool.swap(order, event.time);
        exact++;
      }
      expect(map.passed).to.equal(0);
      expect(swaps).to.be.greaterThan(800);
      expect(exact).to.equal(swaps);
    });
  }

  it("names the line at which two swaps cannot both be true", () => {
    const { events, terms } = streamOf({ hours: 50, seed: 11, orientation: WAYS[0] as (typeof WAYS)[number] });
    let tick = 0;
    const missing = events.findIndex((event, i) => {
      if (event.kind === "SWAP") ({ tick } = event);
      // In range, at prices that were there before.
      return i > 100 && event.kind === "MINT" && event.range.tickLower <= tick && tick < event.range.tickUpper;
    });
    expect(missing).to.be.greaterThan(0);
    expect(() => mapFromEvents(events.toSpliced(missing, 1), terms, "f.csv")).to.throw(
      SimulationFileError,
      /^f\.csv:\d+: the liquidity of \d+ does not go with that of line \d+ at the same prices; see that no event is missing/,
    );
  });

  it("needs a swap", () => {
    const { events, terms } = streamOf({ hours: 50, seed: 11, orientation: WAYS[0] as (typeof WAYS)[number] });
    const none = events.filter(({ kind }) => kind !== "SWAP");
    expect(() => mapFromEvents(none, terms, "f.csv")).to.throw(SimulationFileError, /there is no swap in the file/);
  });
});

describe("backtest/exact: the window", () => {
  const source = streamOf({ hours: 30, seed: 1, orientation: WAYS[0] as (typeof WAYS)[number] });
  const window = (options: Parameters<typeof windowOf>[2], events: readonly PoolEvent[] = source.events) =>
    windowOf(events, START, options, "f.csv");

  it("is all whole hours of the events, or what was asked for", () => {
    expect(window({})).to.deep.equal({ from: START, bars: 30 });
    expect(windowOf(source.events, START + 1, {}, "f.csv")).to.deep.equal({ from: START + 3600, bars: 29 });
    expect(window({ days: 1 })).to.deep.equal({ from: START, bars: 24 });
    expect(window({ from: "2020-01-01T06:00", to: "2020-01-02" })).to.deep.equal({ from: START + 6 * 3600, bars: 18 });
    // Rest until the end of the last hour is no gap, a missing hour is.
    const quiet = source.events.filter(({ time }) => time <= START + 28 * 3600 + 600);
    expect(window({ to: "2020-01-02T05:00" }, quiet).bars).to.equal(29);
    expect(() => window({ to: "2020-01-02T06:00" }, quiet)).to.throw(BacktestOptionError, /ends at 2020-01-02 04:10Z/);
  });

  const cases: readonly (readonly [Parameters<typeof windowOf>[2], RegExp])[] = [
    [
      { days: 30 },
      /f\.csv ends at 2020-01-02 06:00Z, before the window's end at 2020-01-31 00:00Z; choose an earlier end/,
    ],
    [{ from: "2019-12-31" }, /known from 2020-01-01 00:00Z on, after the window's beginning .* begin later \(--from\)/],
    [{ from: "noon" }, /--from "noon" is no hour, UTC/],
    [{ to: "2020-01-01T06:30" }, /--to "2020-01-01T06:30" is no hour, UTC/],
    [{ from: "2020-01-01T06:00", to: "2020-01-01T06:00" }, /There is no whole hour/],
    [{ to: "2020-01-02", days: 1 }, /--to and --days both say where the window ends/],
  ];
  for (const [options, message] of cases) {
    it(`answers ${JSON.stringify(options)} with one sentence`, () => {
      expect(() => window(options)).to.throw(BacktestOptionError, message);
    });
  }
});

describe("backtest/exact: a real day", function () {
  this.timeout(30_000);

  it("2024-01-05: 57.0 % implied by the fees of the 0.05 % pool, 52.5 % realised", function () {
    const file = dataFile(this, "univ3", "usdc-weth-500-2024-01-05.events.csv");
    if (file === undefined) return;
    const events = parseEvents(readFileSync(file, "utf8"), file);
    const midnight = Date.UTC(2024, 0, 5) / 1000;
    const day = (of: readonly PoolEvent[]) =>
      poolVolatility(of, 500, { quoteIsToken0: true, ...TOKENS }, midnight, midnight + 86_400);
    const { implied, realised } = day(events);
    expectClose((implied ?? 0) * 100, 57.0, 0.05, "fee-implied volatility, %");
    expectClose((realised ?? 0) * 100, 52.5, 0.05, "realised volatility, %");

    const source = loadSource({ events, file, tokens: TOKENS });
    expect(source.terms).to.deep.equal({ fee: 500, tickSpacing: 10 });
    expect(source.orientation.quoteIsToken0).to.equal(true);
    expect(source.exact).to.equal(source.checked).and.to.be.greaterThan(5400);
    expect(source.derived).to.deep.equal({ seen: 39, passed: 3 });
  });
});
