import { expect } from "chai";

import { ConfigError } from "../../../keeper/chain/failures.ts";
import { Journal } from "../../../keeper/journal/journal.ts";
import { NO_MEMORY } from "../../../keeper/journal/memory.ts";
import { readPast } from "../../../keeper/journal/past.ts";
import { formatTime } from "../../../keeper/market/time.ts";
import type { Bar } from "../../../keeper/market/types.ts";
import { fixedHistory, marketPrice, NO_HISTORY, Past } from "../../../keeper/run/past.ts";
import type { TierState, VaultState } from "../../../keeper/strategy/types.ts";
import { expectClose } from "../../support/close.ts";
import { NO_BUDGETS } from "../strategy/world.ts";

const HOUR = 3_600;
const START = 1_700_006_400;
const ME = { chainId: 1n, vault: "0x01", keeper: "0x02" };

function bars(from: number, count: number, price = 100): Bar[] {
  return Array.from({ length: count }, (_, i) => {
    const time = from + i * HOUR;
    return { time, open: price, high: price, low: price, close: price, volume: 0 };
  });
}

function tier(fee: number, price: number, liquidity = 1): TierState {
  return { fee, tickSpacing: 10, allowed: true, tick: 0, price, liquidity, feeGrowthBase: 0, feeGrowthQuote: 0 };
}

function state(time: number, price: number | null, tiers: readonly TierState[] = [tier(500, price ?? 1)]): VaultState {
  return {
    time,
    block: 1,
    price,
    priceError: 0.01,
    baseDecimals: 18,
    quoteDecimals: 6,
    idleBase: 0,
    idleQuote: 0,
    positions: [],
    tiers,
    sleeves: [],
    nav: 0,
    shareSupply: 0,
    budgets: NO_BUDGETS,
    entryFee: 0,
    exitFee: 0,
    announcedFees: null,
    left: { base: 0, quote: 0 },
    oracleVolatility: 0,
    memory: NO_MEMORY,
  };
}

async function failure(work: Promise<unknown>): Promise<Error> {
  try {
    await work;
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("the past", () => {
  let journal: Journal;
  beforeEach(() => {
    journal = Journal.open(":memory:", ME);
  });
  afterEach(() => journal.close());

  const see = (past: Past, time: number, price: number | null): void => {
    const seen = state(time, price);
    past.record(seen, marketPrice(seen));
  };

  it("goes on from the warm-up's bars, hour by hour", async () => {
    const past = await Past.open(journal, fixedHistory(bars(START - 3 * HOUR, 3)), START);
    for (let minute = 1; minute <= 130; minute += 5) see(past, START + minute * 60, 100 + minute);
    const { history } = past;
    expect(history.bars.map((bar) => bar.time)).to.deep.equal([-3, -2, -1, 0, 1].map((i) => START + i * HOUR));
    expect(history.bars.at(-1)).to.deep.equal({
      time: START + HOUR,
      open: 156,
      high: 216,
      low: 156,
      close: 216,
      volume: 0,
    });
    expect(history.samples.length).to.equal(26);
  });

  it("is the same after a restart, the hour under way included", async () => {
    const past = await Past.open(journal, fixedHistory(bars(START - 3 * HOUR, 3)), START);
    for (let minute = 1; minute <= 100; minute += 7) see(past, START + minute * 60, 100 + minute);
    const again = await Past.open(journal, NO_HISTORY, START + 40 * 24 * HOUR);
    expect(again.history).to.deep.equal(past.history);
    see(past, START + 121 * 60, 300);
    see(again, START + 121 * 60, 300);
    expect(again.history).to.deep.equal(past.history);
    expect(again.history.bars.at(-1)?.high).to.equal(199);
  });

  it("fills from the source what it slept through, and keeps what it saw itself", async () => {
    const past = await Past.open(journal, fixedHistory(bars(START - 2 * HOUR, 2)), START);
    see(past, START + 60, 100);
    see(past, START + HOUR + 60, 105);
    // Away for five hours; the source has its own view of all of them.
    const again = await Past.open(journal, fixedHistory(bars(START - 2 * HOUR, 8, 77)), START + 6 * HOUR);
    const closes = again.history.bars.map((bar) => bar.close);
    expect(closes).to.deep.equal([100, 100, 100, 77, 77, 77, 77, 77]);
    see(again, START + 6 * HOUR + 5, 80);
    see(again, START + 7 * HOUR + 5, 81);
    expect(again.history.bars.at(-1)?.close).to.equal(80);
  });

  it("begins anew where hours are missing for good", async () => {
    const past = await Past.open(journal, fixedHistory(bars(START - 2 * HOUR, 2)), START);
    see(past, START + 60, 100);
    const again = await Past.open(journal, fixedHistory(bars(START + 200 * HOUR, 3)), START + 203 * HOUR);
    expect(again.history.bars[0]?.time).to.equal(START + 200 * HOUR);
  });

  it("adds nothing for an older block, no second sample for the same time, and no price while the oracle is silent", async () => {
    const past = await Past.open(journal, NO_HISTORY, START);
    see(past, START + 100, 100);
    see(past, START + 100, 101);
    see(past, START + 50, 999);
    expect(past.history.samples.map((sample) => sample.price)).to.deep.equal([100]);
    see(past, START + HOUR + 1, null);
    expect(past.history.samples.length).to.equal(1);
    expect(past.history.bars.map((bar) => [bar.high, bar.close])).to.deep.equal([[101, 101]]);
  });

  it("refuses a history that ends after the chain's time, and writes none of it", async () => {
    const source = fixedHistory(bars(START - 2 * HOUR, 3));
    const error = await failure(Past.open(journal, source, START + HOUR - 1));
    expect(error).to.be.instanceOf(ConfigError);
    expect(error.message).to.contain(`closes at ${formatTime(START + HOUR)}`);
    expect(error.message).to.contain(`the chain's time ${formatTime(START + HOUR - 1)}`);
    expect(readPast(journal)).to.deep.equal({ bars: [], open: undefined, time: null, samples: [] });
    // To the second: a history that ends now joins up.
    const past = await Past.open(journal, source, START + HOUR);
    see(past, START + HOUR + 1, 100);
    expect(past.history.samples.length).to.equal(1);
  });

  it("refuses a journal that is ahead of the chain, but not a block that is a little behind", async () => {
    const past = await Past.open(journal, fixedHistory(bars(START - 2 * HOUR, 2)), START);
    see(past, START + 100, 100);
    const behind = await Past.open(journal, NO_HISTORY, START - 60);
    see(behind, START - 60, 100);
    expect(behind.history).to.deep.equal(past.history);
    const error = await failure(Past.open(journal, NO_HISTORY, START - 2 * HOUR));
    expect(error).to.be.instanceOf(ConfigError);
    expect(error.message).to.contain("give a new journal");
    // A chain that is started anew under a running keeper.
    expect(() => see(past, START - 2 * HOUR, 100)).to.throw(ConfigError, "but the chain's time is");
  });

  it("forgets samples after thirty days, in memory and in the journal", async () => {
    const past = await Past.open(journal, NO_HISTORY, START);
    for (let hour = 0; hour < 40 * 24; hour++) see(past, START + hour * HOUR, 100);
    const oldest = past.history.samples[0]?.time ?? 0;
    expect(oldest).to.be.within(START + 9 * 86_400, START + 10 * 86_400 + HOUR);
    const again = await Past.open(journal, NO_HISTORY, START + 40 * 24 * HOUR);
    expect(again.history).to.deep.equal(past.history);
  });

  it("reads the market from the cheapest tier, inside the oracle's band", () => {
    const tiers = [tier(3_000, 102), tier(500, 100.5), tier(100, 55, 0)];
    expectClose(marketPrice(state(1, 100, tiers)), 100.5, 0);
    expectClose(marketPrice(state(1, 100, [tier(500, 150)])), 101, 1e-12);
    expectClose(marketPrice(state(1, 100, [tier(500, 50)])), 99, 1e-12);
    expectClose(marketPrice(state(1, 100, [])), 100, 0);
    expect(marketPrice(state(1, null))).to.equal(null);
  });
});
