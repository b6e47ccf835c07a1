import { expect } from "chai";

import { BacktestOptionError } from "../../../../keeper/backtest/errors.ts";
import { measuredPay, pathOf, requireSamePrices } from "../../../../keeper/backtest/pay/measured.ts";
import { type MinuteFile, minutesOf } from "../../../../keeper/backtest/pay/minuteBars.ts";
import { volumeHours } from "../../../../keeper/backtest/pay/volumeHours.ts";
import { fullRange } from "../../../../keeper/backtest/strategies/passive.ts";
import type { Strategy } from "../../../../keeper/backtest/strategies/strategy.ts";
import { priceFromTick } from "../../../../keeper/chain/prices.ts";
import { expectClose } from "../../../support/close.ts";
import { WAYS } from "../exact/streams.ts";
import { fileOf, TICK, wandering } from "./minutes.ts";
import { runIn, worldOfHours } from "./worlds.ts";

const TOKENS = { baseDecimals: 18, quoteDecimals: 6 } as const;
const hoursOf = (file: MinuteFile, more: { from?: string; to?: string; quote?: 0 | 1; fee?: number } = {}) => {
  const { quote, ...rest } = more;
  const tokens = quote === undefined ? TOKENS : { ...TOKENS, quote };
  return volumeHours({ minutes: minutesOf([file]), file: file.name, fee: 500, tokens, ...rest });
};

/** Whole liquidity of 1e19 raw. */
const LIQUIDITY = 1e7;
/** 1,000 dollars and a tenth of an ether every minute, at a price that does not move. */
const constant = (hours: number): MinuteFile => fileOf(hours * 60, () => ({ in0: 1e9, in1: 1e17 }));
const PRICE = priceFromTick(-TICK - 0.5, { quoteIsToken0: true, ...TOKENS });

describe("backtest/pay: fees from volume and competing liquidity", () => {
  it("pays a unit fee * volume / liquidity, in each token", () => {
    const hours = hoursOf(constant(24));
    const { perLiquidity, profile, payRatio } = measuredPay(hours, pathOf(hours));
    expect(perLiquidity.length).to.equal(24);
    for (const paid of perLiquidity)
      expectClose(paid / ((60 * 0.0005 * (1000 + 0.1 * PRICE)) / LIQUIDITY), 1, 1e-12, "pay of an hour over theory");
    const last = (values: Float64Array): number => values[(profile.first[1] ?? 0) - 1] ?? 0;
    expectClose(last(profile.quote) / ((60 * 0.0005 * 1000) / LIQUIDITY), 1, 1e-12, "paid in quote");
    expectClose(last(profile.base) / ((60 * 0.0005 * 0.1 * PRICE) / LIQUIDITY), 1, 1e-12, "paid in base");
    expect([...(hours.competing ?? [])].every((one) => Math.abs(one / LIQUIDITY - 1) < 1e-12)).to.equal(true);
    // A price that stands still takes nothing, so there is no ratio.
    expect(payRatio).to.equal(null);
  });

  it("a range earns its part of fee * volume, itself counted, whatever it has", () => {
    for (const nav of [1, 1_000_000, 1e9]) {
      let own = 0;
      const strategy: Strategy = {
        baseShare: 0.5,
        open(book) {
          own = book.mint(book.price / 1.2, book.price * 1.2);
        },
        act: () => undefined,
      };
      const { terms } = runIn(worldOfHours(hoursOf(constant(48)), nav), strategy);
      const theory = (48 * 60 * 0.0005 * (1000 + 0.1 * PRICE) * own) / (own + LIQUIDITY);
      expectClose(terms.fees / theory, 1, 1e-12, `fees of ${nav} over theory`);
    }
  });

  it("ranges one beside the other do not crowd each other, ranges one upon the other do", () => {
    const nav = 1e8;
    const world = worldOfHours(hoursOf(wandering(48 * 60, 5, WAYS[0] as (typeof WAYS)[number])), nav);
    const split = (bounds: readonly (readonly [number, number])[]): Strategy => ({
      baseShare: 0.5,
      open(book) {
        const { base, quote } = book.idle;
        const most = { base: base / bounds.length, quote: quote / bounds.length };
        for (const [lower, upper] of bounds) book.mint(book.price * lower, book.price * upper, most);
      },
      act: () => undefined,
    });
    const whole = runIn(world, split([[0.8, 1.25]])).terms.fees;
    // The same liquidity, in two ranges with other bounds that nobody reaches.
    const twice = runIn(
      world,
      split([
        [0.8, 1.25],
        [0.799, 1.251],
      ]),
    ).terms.fees;
    expectClose(twice / whole, 1, 5e-3, "two ranges over one");
    const { competing: _competing, ...free } = world.profile ?? { first: new Int32Array() };
    const alone = runIn({ ...world, profile: free as NonNullable<typeof world.profile> }, split([[0.8, 1.25]])).terms
      .fees;
    expect(whole).to.be.lessThan(alone * 0.9);
  });

  for (const orientation of WAYS) {
    const way = orientation.quoteIsToken0 ? "token0 is the quote" : "token1 is the quote";

    it(`is the sum over minutes of fee * volume * own / (own + liquidity), to a thousandth; ${way}`, () => {
      const file = wandering(72 * 60, 11, orientation);
      const hours = hoursOf(file);
      expect(hours.orientation).to.deep.equal(orientation);
      for (const nav of [1_000, 1_000_000, 20_000_000]) {
        let own = 0;
        const strategy: Strategy = {
          baseShare: 0.5,
          open(book) {
            own = book.mint(0, Number.POSITIVE_INFINITY);
          },
          act: () => undefined,
        };
        const world = worldOfHours(hours, nav);
        const { terms } = runIn(world, strategy);
        let sum = 0;
        for (const [i, minute] of minutesOf([file]).entries()) {
          const [quote, base] = orientation.quoteIsToken0
            ? [minute.inAmount0, minute.inAmount1]
            : [minute.inAmount1, minute.inAmount0];
          const close = world.tape.price[Math.floor(i / 60) + 1] ?? 0;
          sum += (0.0005 * (quote / 1e6 + (base / 1e18) * close) * own) / (own + minute.liquidity / 1e12);
        }
        expectClose(terms.fees / sum, 1, 1e-3, `fees of ${nav} over the sum of minutes`);
      }
    });

    it(`takes hours from minutes: open, high, low, close; ${way}`, () => {
      const file = wandering(180, 3, orientation);
      const { bars } = hoursOf(file);
      const minutes = minutesOf([file]);
      const at = (tick: number): number =>
        priceFromTick(orientation.quoteIsToken0 ? -tick - 0.5 : tick + 0.5, orientation);
      for (const [hour, bar] of bars.entries()) {
        const own = minutes.slice(hour * 60, hour * 60 + 60);
        const prices = own.flatMap(({ lowestTick, highestTick }) => [at(lowestTick), at(highestTick)]);
        expect(bar.open).to.equal(at(own[0]?.openTick ?? 0));
        expect(bar.close).to.equal(at(own[59]?.closeTick ?? 0));
        expect([bar.high, bar.low]).to.deep.equal([Math.max(...prices), Math.min(...prices)]);
      }
    });
  }

  it("counts the way from the last close, where a minute's own ticks begin after its first swap", () => {
    const jump = fileOf(60, (minute) =>
      minute < 30 ? {} : minute === 30 ? { ...at(TICK + 500), in0: 1e12 } : at(TICK + 500),
    );
    const hours = hoursOf(jump);
    const [way] = hours.ways[0] ?? [];
    expectClose((way?.low ?? 0) ** 2, priceFromTick(-TICK - 501, hours.orientation), 1e-9, "lower end");
    expectClose((way?.high ?? 0) ** 2, priceFromTick(-TICK, hours.orientation), 1e-9, "upper end");
  });

  it("nobody who is not where the price went is paid", () => {
    const world = worldOfHours(hoursOf(constant(24)), 1_000_000);
    const beside: Strategy = {
      baseShare: 0.5,
      open(book) {
        book.mint(book.price * 1.05, book.price * 1.2);
      },
      act: () => undefined,
    };
    expect(runIn(world, beside).terms.fees).to.equal(0);
    expect(runIn(world, fullRange()).terms.fees).to.be.greaterThan(0);
  });

  it("begins and ends on hours that are there but for ten minutes", () => {
    const cut = (from: number, to: number): MinuteFile => {
      const { name, text } = constant(4);
      const [header = "", ...rows] = text.split("\n");
      return { name, text: [header, ...rows.slice(from, to)].join("\n") };
    };
    const length = (from: number, to: number): number => hoursOf(cut(from, to)).bars.length;
    expect([length(0, 240), length(10, 230), length(11, 229), length(0, 60)]).to.deep.equal([4, 4, 2, 1]);
    expect(() => hoursOf(cut(20, 70))).to.throw(BacktestOptionError, /which is no whole hour; give a longer file/);
  });

  it("refuses windows that it does not cover, and tokens that it cannot tell", () => {
    const file = constant(4);
    expect(hoursOf(file, { from: "2024-01-05T01:00Z", to: "2024-01-05T03:00Z" }).bars.length).to.equal(2);
    expect(() => hoursOf(file, { to: "2024-01-06" })).to.throw(
      BacktestOptionError,
      /pool\.csv covers the hours from 2024-01-05T00:00Z to 2024-01-05T04:00Z, the window .* choose a window inside/,
    );
    expect(() => hoursOf(file, { from: "2024-01-05T03:00Z", to: "2024-01-05T02:00Z" })).to.throw(/let it end after/);
    expect(() => hoursOf(file, { from: "noon" })).to.throw(/--from "noon" is no hour, UTC/);
    const same = { minutes: minutesOf([file]), file: "pool.csv", fee: 500 };
    expect(() => volumeHours({ ...same, tokens: { baseDecimals: 18, quoteDecimals: 18 } })).to.throw(
      /Both tokens have 18 decimals, so the minute bars in pool\.csv do not tell which one is the quote; say it with --quote/,
    );
  });

  it("goes along other prices that are the pool's, and along no others", () => {
    const hours = hoursOf(wandering(24 * 60, 7, WAYS[0] as (typeof WAYS)[number]));
    const path = pathOf(hours);
    const scaled = (factor: number, hour: number) => ({
      ...path,
      file: "prices.csv",
      bars: path.bars.map((bar, i) => (i === hour ? { ...bar, close: bar.close * factor } : bar)),
    });
    requireSamePrices(hours, scaled(1.019, 5));
    expect(() => {
      requireSamePrices(hours, scaled(1.021, 5));
    }).to.throw(
      BacktestOptionError,
      /^At 2024-01-05 06:00Z prices\.csv says \d+\.\d+ and the pool of pool\.csv \d+\.\d+, more than 2 % apart; give prices of the same pair/,
    );
    const hole = { ...path, bars: path.bars.map((bar, i) => (i === 3 ? { ...bar, filled: true as const } : bar)) };
    expect(() => {
      requireSamePrices(hours, hole);
    }).to.throw(/has no bar at 2024-01-05 03:00Z, where pool\.csv has pay/);
    // Fees in base are worth what these prices say.
    const dearer = measuredPay(hours, scaled(1.01, 5)).perLiquidity;
    const own = measuredPay(hours, path).perLiquidity;
    expect([...dearer].map((paid, i) => Math.sign(paid - (own[i] ?? 0)))).to.deep.equal(
      [...own].map((_, i) => (i === 5 ? 1 : 0)),
    );
  });
});

function at(tick: number) {
  return { open: tick, low: tick, high: tick, close: tick };
}
