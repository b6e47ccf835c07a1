import { expect } from "chai";

import { runStrategy } from "../../../../keeper/backtest/engine/run.ts";
import { attributionAt, TERMS } from "../../../../keeper/backtest/engine/terms.ts";
import type { World } from "../../../../keeper/backtest/engine/world.ts";
import {
  createBaseline,
  BASELINE_NAMES,
  parseStrategies,
  STRATEGY_NAMES,
  type BaselineName,
} from "../../../../keeper/backtest/strategies/catalogue.ts";
import { Book } from "../../../../keeper/backtest/engine/book.ts";
import { advance } from "../../../../keeper/backtest/engine/advance.ts";
import { value } from "../../../../keeper/strategy/liquidity.ts";
import { expectClose } from "../../../support/close.ts";
import { barsThrough, FREE, gbm, worldOf } from "../worlds.ts";

const NONE = new Int32Array();

function run(name: BaselineName, world: World, start = 0) {
  const record = runStrategy(world, createBaseline(name), start, NONE);
  return { ...record, end: record.nav.at(-1) ?? NaN, total: attributionAt(record.terms, TERMS) };
}

describe("backtest: baselines", () => {
  const bars = gbm(24 * 120, 0.9, 21);
  const price = (mark: number): number => (mark === 0 ? bars[0]!.open : bars[mark - 1]!.close);

  it("hold holds half and half, hold-base the base, and nothing else happens to them", () => {
    const world = worldOf(bars);
    for (const start of [0, 168]) {
      const growth = price(bars.length) / price(start);
      expectClose(run("hold", world, start).end, 500_000 * (1 + growth), 1e-6);
      expectClose(run("hold-base", world, start).end, 1_000_000 * growth, 1e-6);
    }
    const { market, ...others } = run("hold", world).total;
    expect(others).to.deep.equal({ fees: 0, lvr: 0, hedge: 0, carry: 0, gas: 0, slippage: 0 });
    expect(market).not.to.equal(0);
  });

  it("static is the closed form of +-20 % round the first price, with its fees beside it", () => {
    const first = price(0);
    const range = { lower: first / 1.2, upper: first * 1.2 };
    const unit = value({ liquidity: 1, ...range }, first);
    const free = worldOf(bars, { costs: FREE, k: 0 });
    const { nav } = run("static", free);
    for (const [mark, worth] of nav.entries())
      expectClose(worth, value({ liquidity: 1_000_000 / unit, ...range }, price(mark)), 1e-5, "value");
    expect(run("static", worldOf(bars, { costs: FREE })).end).to.be.greaterThan(nav.at(-1)!);
  });

  it("full-range without fees is worth sqrt(P1 / P0), and puts its fees back every week", () => {
    const free = worldOf(bars, { costs: FREE, k: 0 });
    expectClose(run("full-range", free).end, 1_000_000 * Math.sqrt(price(bars.length) / price(0)), 1e-5);
    const { rebalances, index } = run("full-range", worldOf(bars));
    expect(rebalances).to.equal(1 + Math.floor(120 / 7));
    // Fees that wait for the other token lie idle and hold no square root.
    expectClose(index, Math.sqrt(price(bars.length) / price(0)), 1e-4, "index without fees");
  });

  it("recentre moves when a bar closes outside, to equal values round the price, and pays for gas and the swap", () => {
    const world = worldOf(barsThrough(2000, [2100, 2300, 2410, 2500]), { k: 0 });
    const book = new Book(world, 0, 0.5);
    const strategy = createBaseline("recentre-20");
    strategy.open(book);
    const bounds = (): number[] => [book.ranges.lower[0]! ** 2, book.ranges.upper[0]! ** 2];
    expectClose(bounds()[1], 2400, 1e-9);
    for (const expected of [2400, 2400, 2410 * 1.2, 2410 * 1.2]) {
      advance(book);
      strategy.act(book);
      expectClose(bounds()[1], expected, 1e-9, "upper bound");
    }
    expect(book.rebalances).to.equal(2);
    const { gas, slippage } = attributionAt(book.terms);
    expect(gas).to.equal(30);
    // All quote at the exit: half of it is sold, less half of the cost.
    const atExit = value(
      {
        liquidity: 999_985 / value({ liquidity: 1, lower: 2000 / 1.2, upper: 2400 }, 2000),
        lower: 2000 / 1.2,
        upper: 2400,
      },
      2410,
    );
    expectClose(slippage, (0.001 * (atExit - 15)) / (2 - 0.001), 0.02, "slippage");
    const { base, quote } = book.idle;
    expectClose(base * book.price + quote, 0, 1e-3, "left idle");
  });

  it("charm never swaps: its order beside the price waits for the price", () => {
    const { swapped, rebalances, rangeBars } = run("charm-20", worldOf(bars));
    expect(swapped).to.equal(0);
    expect(rangeBars).to.equal(bars.length);
    // Every 48 hours and, on this path, at no exit before.
    expect(rebalances).to.be.within(60, 66);
    const book = new Book(worldOf(barsThrough(2000, Array<number>(48).fill(1800))), 0, 0.5);
    const strategy = createBaseline("charm-20");
    strategy.open(book);
    for (let hour = 0; hour < 48; hour++) {
      advance(book);
      strategy.act(book);
    }
    const at = (side: Float64Array, i: number): number => side[i]! ** 2;
    expect(book.ranges.count).to.equal(2);
    expectClose(at(book.ranges.lower, 0), 1500, 1e-6);
    expectClose(at(book.ranges.upper, 0), 2160, 1e-6);
    // The price has fallen, so base is left over: it is offered above.
    expectClose(at(book.ranges.lower, 1), 1800, 1e-6);
    expectClose(at(book.ranges.upper, 1), 2160, 1e-6);
  });

  it("know nothing of the future: other bars later change nothing before", () => {
    const cut = 1500;
    const other = gbm(bars.length, 2.5, 22);
    const changed = [...bars.slice(0, cut), ...other.slice(cut)];
    // The scale of the fees is the world's and not the strategies': the flow that is known by then is kept.
    const [one, two] = [worldOf(bars), worldOf(changed)];
    const flow = one.feePerLiquidity.map((fee, bar) => (bar < cut ? fee : 7));
    for (const name of BASELINE_NAMES) {
      const before = run(name, one).nav.subarray(0, cut + 1);
      const after = run(name, { ...two, feePerLiquidity: flow }).nav;
      expect(after.subarray(0, cut + 1), name).to.deep.equal(before);
      expect(after.at(-1)).not.to.equal(run(name, one).end);
    }
  });

  it("are found by name, in the order in which they are asked for", () => {
    expect(parseStrategies("static, hold,static", STRATEGY_NAMES)).to.deep.equal(["static", "hold"]);
    expect(() => parseStrategies("hold,toString", STRATEGY_NAMES)).to.throw(
      /no strategy "toString"; choose from layered, layered-core, no-lp, hold, /,
    );
    expect(() => parseStrategies(" , ", STRATEGY_NAMES)).to.throw(/--strategies names none; choose from layered/);
  });
});
