import { expect } from "chai";

import { attributionAt, TERMS } from "../../../../keeper/backtest/engine/terms.ts";
import { runStrategy } from "../../../../keeper/backtest/engine/run.ts";
import { baseFeesInside, type FeeProfile, quoteFeesInside } from "../../../../keeper/backtest/engine/feeProfile.ts";
import type { StrategyBook } from "../../../../keeper/backtest/engine/strategyBook.ts";
import { compareEngines } from "../../../../keeper/backtest/exact/compare.ts";
import { ExactBook } from "../../../../keeper/backtest/exact/exactBook.ts";
import { runExact } from "../../../../keeper/backtest/exact/exactRun.ts";
import type { PoolSource } from "../../../../keeper/backtest/exact/source.ts";
import { DEFAULT_COSTS } from "../../../../keeper/backtest/model/costs.ts";
import { createBaseline } from "../../../../keeper/backtest/strategies/catalogue.ts";
import { staticRange } from "../../../../keeper/backtest/strategies/passive.ts";
import type { Strategy } from "../../../../keeper/backtest/strategies/strategy.ts";
import { priceFromSqrtPriceX96 } from "../../../../keeper/chain/prices.ts";
import { SimulationFileError } from "../../../../keeper/sim/errors.ts";
import { expectClose } from "../../../support/close.ts";
import { START } from "../../signals/helpers.ts";
import { streamOf, WAYS } from "./streams.ts";

const HOURS = 96;
const pause = (): Promise<void> => Promise.resolve();
const options = (source: PoolSource, nav = 1_000_000) => ({
  source,
  window: { from: START, bars: HOURS },
  mode: "prices" as const,
  costs: { ...DEFAULT_COSTS, nav },
  reserve: null,
});

const feesInside = (profile: FeeProfile, bar: number, lower: number, upper: number): number =>
  quoteFeesInside(profile, bar, lower, upper) + baseFeesInside(profile, bar, lower, upper);

describe("backtest/exact: both engines on the same events", function () {
  this.timeout(60_000);

  for (const orientation of WAYS) {
    const source = streamOf({ hours: HOURS, seed: 7, orientation });
    const way = orientation.quoteIsToken0 ? "token0 is the quote" : "token1 is the quote";

    it(`a static range earns, loses and is worth the same; ${way}`, () => {
      // +-1.5 %: the price crosses its bounds many times, also within bars.
      const exact = runExact(staticRange(0.015), options(source));
      const fast = runStrategy(exact.world, staticRange(0.015), 0, new Int32Array());
      const [a, b] = [fast, exact.record].map(({ terms }) => attributionAt(terms, terms.length - TERMS));
      expect(exact.record.activeBars).to.be.lessThan(0.9 * HOURS);
      expect(b?.fees).to.be.greaterThan(1000);
      expectClose((a?.fees ?? 0) / (b?.fees ?? 0), 1, 1e-6, "fees, fast over exact");
      expectClose((a?.lvr ?? 0) / (b?.lvr ?? 0), 1, 1e-6, "LVR, fast over exact");
      for (const [mark, nav] of fast.nav.entries())
        expectClose(nav / (exact.record.nav[mark] ?? 0), 1, 1e-7, `NAV at mark ${mark}, fast over exact`);
    });

    it(`strategies that trade come out within the limits; ${way}`, async () => {
      const strategies = ["hold", "full-range", "recentre-20", "charm-20"] as const;
      const wild = streamOf({ hours: HOURS, seed: 3, orientation, move: 0.05 });
      const result = await compareEngines({ ...options(wild, 100_000), strategies, pause });
      expect(result.passed).to.equal(true);
      for (const one of result.strategies) {
        expect(one.exact.rebalances, one.name).to.equal(one.fast.rebalances);
        if (one.name === "recentre-20") expect(one.exact.rebalances).to.be.greaterThan(2);
      }
    });
  }

  const orientation = WAYS[0] as (typeof WAYS)[number];
  const source = streamOf({ hours: HOURS, seed: 7, orientation });

  it("finds out an engine that is fed with other fees", () => {
    const exact = runExact(staticRange(0.2), options(source));
    const wrong = {
      ...exact.world,
      profile: dearer(exact.world.profile),
    };
    const fast = runStrategy(wrong, staticRange(0.2), 0, new Int32Array());
    const [a, b] = [fast, exact.record].map(({ terms }) => attributionAt(terms, terms.length - TERMS));
    expectClose((a?.fees ?? 0) / (b?.fees ?? 0), 1.01, 1e-4, "fees, fast over exact");
  });

  it("keeps the recorded prices however much liquidity is ours, and needs more volume for it", () => {
    const [small, large] = [100_000, 20_000_000].map((nav) => runExact(staticRange(0.05), options(source, nav)));
    expect(large?.world.tape.price).to.deep.equal(small?.world.tape.price);
    expect(large?.feed.deviation).to.equal(0);
    const { share = 0, volume = 0, recordedVolume = 1 } = large?.feed ?? {};
    expect(share).to.be.greaterThan(0.5);
    expect(volume / recordedVolume).to.be.greaterThan(1.5);
    // The growth that a unit sees is the same, so whoever is a part of a larger crowd earns no less.
    const fees = (run: typeof small): number => {
      const terms = run?.record.terms ?? new Float64Array(TERMS);
      return attributionAt(terms, terms.length - TERMS).fees;
    };
    expectClose(fees(large) / fees(small) / 200, 1, 1e-3, "fees, in proportion");
  });

  it("with the recorded amounts holds the price back, by more the more is ours, and pays less", () => {
    const run = (nav: number) => runExact(staticRange(0.05), { ...options(source, nav), mode: "amounts" });
    const [small, large] = [run(1_000), run(20_000_000)];
    expect(small.feed.deviation).to.be.lessThan(1e-4);
    expect(large.feed.deviation).to.be.greaterThan(small.feed.deviation * 100);
    expectClose(large.feed.volume / large.feed.recordedVolume, 1, 0.02, "volume over the recorded one");
    const fees = ({ record }: typeof small): number => attributionAt(record.terms, record.terms.length - TERMS).fees;
    expect(fees(large) / 20_000).to.be.lessThan(fees(small) * 0.7);
  });

  it("lets nobody see what comes later: other events afterwards change nothing before", () => {
    const hour = 40;
    const [one, other] = [source, streamOf({ hours: HOURS, seed: 7, orientation, turn: { hour, seed: 99 } })].map(
      (stream) => {
        const seen: string[] = [];
        runExact(spying(createBaseline("charm-20"), seen), options(stream));
        return seen;
      },
    );
    expect(other?.slice(0, hour + 1)).to.deep.equal(one?.slice(0, hour + 1));
    expect(other?.[hour + 1]).to.not.equal(one?.[hour + 1]);
  });

  it("stands at each mark where the last swap up to it, that second included, left the pool", () => {
    const { world } = runExact(createBaseline("charm-20"), options(source));
    for (let mark = 1; mark <= HOURS; mark++) {
      const time = START + mark * 3600;
      const last = source.events.findLast((event) => event.kind === "SWAP" && event.time <= time);
      expect(world.tape.price[mark]).to.equal(priceFromSqrtPriceX96(last?.sqrtPriceX96 ?? 0n, orientation));
    }
    expect(source.events.some(({ kind, time }) => kind === "SWAP" && time % 3600 === 0)).to.equal(true);
  });

  it("has not even written later prices and pay when a strategy acts", () => {
    let mark = 0;
    const strategy: Strategy = {
      baseShare: 0.5,
      open: () => undefined,
      act(book: StrategyBook) {
        mark++;
        if (!(book instanceof ExactBook)) throw new Error("Another book was handed out.");
        const { tape, feePerLiquidity } = book.world;
        expect(tape.price[mark]).to.equal(book.price);
        expect([...tape.price.subarray(mark + 1)].every(Number.isNaN)).to.equal(true);
        expect([...feePerLiquidity.subarray(mark)].every(Number.isNaN)).to.equal(true);
      },
    };
    runExact(strategy, options(source));
    expect(mark).to.equal(HOURS);
  });

  it("adds up: fees by price over all prices are the bar's, and ranges side by side earn what they earn together", () => {
    const { world } = runExact(createBaseline("hold"), options(source));
    for (let bar = 0; bar < HOURS; bar++) {
      const all = feesInside(world.profile, bar, 0, Number.POSITIVE_INFINITY);
      expectClose(all, world.feePerLiquidity[bar] ?? 0, 1e-12 + 1e-9 * all, `fees of bar ${bar}`);
      const root = world.tape.root[bar] ?? 0;
      const parts = [0, root * 0.999, root, root * 1.0005, Number.POSITIVE_INFINITY];
      let sum = 0;
      for (const [i, from] of parts.slice(0, -1).entries())
        sum += feesInside(world.profile, bar, from, parts[i + 1] ?? from);
      expectClose(sum, all, 1e-12 + 1e-9 * all, `parts of bar ${bar}`);
    }
  });

  it("names the line of an event that does not follow", () => {
    const at = source.events.findIndex(({ kind }, i) => i > 50 && kind === "SWAP");
    const events = source.events.map((event, i) =>
      i === at && event.kind === "SWAP" ? { ...event, liquidity: event.liquidity + 1n } : event,
    );
    expect(() => runExact(createBaseline("charm-20"), options({ ...source, events })))
      .to.throw(
        SimulationFileError,
        /this SWAP does not follow from the state before it: it ended at .*; see that no event is missing/,
      )
      .with.property("line", source.events[at]?.line);
  });
});

/** Everything paid a hundredth more. */
function dearer(profile: FeeProfile): FeeProfile {
  return { ...profile, quote: profile.quote.map((fees) => fees * 1.01), base: profile.base.map((fees) => fees * 1.01) };
}

/** Writes down all that a strategy sees at each mark, then lets it act. */
function spying(strategy: Strategy, seen: string[]): Strategy {
  const look = (book: StrategyBook): void => {
    const { price, time, idle, pendingFees, nav, inRange, ranges } = book;
    seen.push(JSON.stringify([price, time, idle, pendingFees, nav, inRange, ranges.count, [...ranges.liquidity]]));
  };
  return {
    ...strategy,
    open(book) {
      look(book);
      strategy.open(book);
    },
    act(book) {
      look(book);
      strategy.act(book);
    },
  };
}
