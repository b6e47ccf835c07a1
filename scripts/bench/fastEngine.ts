/**
 * How fast the back-test's engine is: five years of hourly bars with three ranges, each recentred at its own exit, and a conversion that follows their delta
 * once a day, idle quote in the reserve. Measured from bars to record: the tape, the fee model and one run.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";

import { growthOf } from "../../keeper/backtest/data/growth.ts";
import { midnights } from "../../keeper/backtest/data/calendar.ts";
import { tapeOf } from "../../keeper/backtest/data/tape.ts";
import { type RunRecord, runStrategy } from "../../keeper/backtest/engine/run.ts";
import { DEFAULT_COSTS } from "../../keeper/backtest/model/costs.ts";
import { dampedVariance, feeFlow } from "../../keeper/backtest/model/feeFlow.ts";
import type { StrategyBook } from "../../keeper/backtest/engine/strategyBook.ts";
import type { Strategy } from "../../keeper/backtest/strategies/strategy.ts";
import { around } from "../../keeper/backtest/strategies/width.ts";
import { readPricePath } from "../../keeper/market/file.ts";
import { generatePath } from "../../keeper/market/generator.ts";
import { DAY, HOUR } from "../../keeper/market/time.ts";
import type { PricePath } from "../../keeper/market/types.ts";

export interface FastLine {
  readonly bars: number;
  /** Median of the repetitions. */
  readonly seconds: number;
  /** Actions that cost gas; liquidations should be none. */
  readonly rebalances: number;
  readonly liquidations: number;
  /** Whether the prices are those of the data folder, or generated because it is absent. */
  readonly source: PricePath["source"];
}

const BARS = 46_981;
const REPETITIONS = 7;
const PRICES = "prices/eth-usd-1h.csv";

/** The bars that are measured over: those of the data folder or, where it is absent, as many of the generator. */
export async function benchPath(data: string): Promise<PricePath> {
  const file = join(data, PRICES);
  const whole = existsSync(file) ? await readPricePath(file) : generatePath({ seed: 1, days: Math.ceil(BARS / 24) });
  const bars = whole.bars.slice(0, BARS);
  return { ...whole, bars, to: whole.from + bars.length * HOUR };
}

export function measureFast(path: PricePath): FastLine {
  const seconds: number[] = [];
  let record: RunRecord | undefined;
  for (let i = 0; i < REPETITIONS; i++) {
    const began = performance.now();
    const tape = tapeOf(path);
    const { perLiquidity } = feeFlow(tape, dampedVariance(path), 0.9);
    const world = {
      tape,
      feePerLiquidity: perLiquidity,
      growth: growthOf(tape, DEFAULT_COSTS, null),
      costs: DEFAULT_COSTS,
    };
    record = runStrategy(world, layers(), 0, midnights(tape));
    seconds.push((performance.now() - began) / 1_000);
  }
  return {
    bars: path.bars.length,
    seconds: Math.round((seconds.toSorted((a, b) => a - b)[Math.floor(REPETITIONS / 2)] ?? Number.NaN) * 1e4) / 1e4,
    rebalances: record?.rebalances ?? 0,
    liquidations: record?.liquidations ?? 0,
    source: path.source,
  };
}

const HALF_WIDTHS = [0.1, 0.25, 0.6] as const;
/** Of the value that may lie in ranges, and what secures the debt. */
const [IN_RANGES, LTV] = [0.5, 0.5];

function layers(): Strategy {
  let [hedged, lower, upper] = [0, 0, 0];
  /** The nearest bounds of all ranges: outside of them the engine has work to do. */
  const open = (book: StrategyBook): void => {
    book.burnAll();
    book.payGas();
    if (book.reserve > 0) book.toReserve(-book.reserve);
    const { price } = book;
    const { base, quote } = book.idle;
    const target = (book.nav * IN_RANGES) / 2;
    if (base * price < target) book.sellQuote(Math.min(quote, target - base * price));
    else book.sellBase(base - target / price);
    const part = { base: book.idle.base / 3, quote: target / 3 };
    for (const halfWidth of HALF_WIDTHS)
      book.mint(around(price, halfWidth).lower, around(price, halfWidth).upper, part);
    book.toReserve(book.idle.quote);
    ({ lower, upper } = around(price, HALF_WIDTHS[0]));
  };
  const hedge = (book: StrategyBook): void => {
    hedged = book.time;
    const { price, ranges } = book;
    let delta = 0;
    for (let i = 0; i < ranges.count; i++) delta += (ranges.base[i] ?? 0) / 2;
    const { owed, owned } = book.debt;
    book.toReserve(-book.reserve);
    if (owed > 0) {
      const { base } = book.idle;
      if (base < owed) book.sellQuote(Math.min(book.idle.quote, ((owed - base) * price) / (1 - book.costs.swap)));
      if (book.idle.base >= owed) book.repay(owed, owned);
    }
    const security = (delta * price) / LTV;
    if (book.debt.owed === 0 && security < book.idle.quote) {
      book.borrow(delta, security);
      book.sellBase(delta);
    }
    book.toReserve(book.idle.quote);
  };
  return {
    baseShare: IN_RANGES / 2,
    open,
    act(book) {
      if (book.price < lower || book.price > upper) open(book);
      if (book.time - hedged >= DAY) hedge(book);
    },
  };
}
