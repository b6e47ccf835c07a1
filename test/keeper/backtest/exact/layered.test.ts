import { expect } from "chai";

import { BacktestOptionError } from "../../../../keeper/backtest/errors.ts";
import { attributionAt } from "../../../../keeper/backtest/engine/terms.ts";
import { runStrategy } from "../../../../keeper/backtest/engine/run.ts";
import { compareEngines } from "../../../../keeper/backtest/exact/compare.ts";
import { compareDecisions, type Told } from "../../../../keeper/backtest/exact/decisionLog.ts";
import type { ExactBook } from "../../../../keeper/backtest/exact/exactBook.ts";
import { runExact } from "../../../../keeper/backtest/exact/exactRun.ts";
import { pastBefore } from "../../../../keeper/backtest/exact/past.ts";
import { PoolSignals } from "../../../../keeper/backtest/exact/poolSignals.ts";
import type { PoolSource } from "../../../../keeper/backtest/exact/source.ts";
import { DEFAULT_COSTS } from "../../../../keeper/backtest/model/costs.ts";
import { layered } from "../../../../keeper/backtest/strategies/layered/layered.ts";
import { signalTape } from "../../../../keeper/backtest/strategies/layered/signalTape.ts";
import type { Bar } from "../../../../keeper/market/types.ts";
import { totalOf } from "../../../../keeper/report/attribution.ts";
import { expectClose } from "../../../support/close.ts";
import { HOUR, START } from "../../signals/helpers.ts";
import { barsThrough } from "../worlds.ts";
import { streamOf, type StreamOptions, WAYS } from "./streams.ts";

const DAY = 24;
const HOURS = 16 * DAY;
const PAST = 160 * DAY;
const NONE = new Int32Array();

/** A year's fall with a saw on it, down to the price at which the streams begin. */
const falling: readonly Bar[] = barsThrough(
  3000,
  Array.from({ length: PAST }, (_, i) => 3000 * Math.exp((Math.log(2000 / 3000) * (i + 1)) / PAST + (i % 2) * 0.008)),
  START - (PAST + 1) * HOUR,
);

/** A market that falls on, in a cheap pool. */
function stream(options: Partial<StreamOptions> & Pick<StreamOptions, "orientation">): PoolSource {
  return streamOf({
    hours: HOURS,
    seed: 11,
    move: 0.006,
    sells: 0.54,
    terms: { fee: 500, tickSpacing: 10 },
    ...options,
  });
}

function rowsOf({ tape }: PoolSignals): Float64Array[] {
  return [tape.week, tape.month, tape.bearish, tape.feeRate, tape.payRatio, tape.oracle];
}

interface Ran extends ReturnType<typeof runExact> {
  readonly told: readonly Told[];
  readonly signals: PoolSignals;
  readonly debts: readonly number[];
}

function run(source: PoolSource, nav = 1_000_000): Ran {
  const window = { from: START, bars: HOURS };
  const signals = new PoolSignals(window, source.orientation, falling);
  const told: Told[] = [];
  const debts: number[] = [];
  const heard = (decision: Told["decision"], refused: string | null): number => told.push({ decision, refused });
  const seen = (book: ExactBook): void => {
    debts.push(book.debt.owed);
    const { flows, idle, outside } = book.account;
    for (const token of ["amount0", "amount1"] as const)
      expect(idle[token]).to.equal(
        outside.paidIn[token] - outside.paidOut[token] - flows.minted[token] + flows.collected[token],
      );
    expectClose(totalOf(attributionAt(book.terms)), book.nav - nav, 0.01, "sum of the terms");
  };
  const costs = { ...DEFAULT_COSTS, nav };
  const strategy = layered({ signals: signals.tape, feeScale: 1, heard });
  const options = { source, window, mode: "prices", costs, reserve: null, signals, seen } as const;
  return { ...runExact(strategy, options), told, signals, debts };
}

describe("backtest/exact: the keeper's own strategy", function () {
  this.timeout(60_000);

  for (const orientation of WAYS) {
    const way = orientation.quoteIsToken0 ? "token0 is the quote" : "token1 is the quote";

    it(`trades, hedges and keeps its books to the wei, and the fast engine decides alike; ${way}`, () => {
      const { record, world, told, signals, debts } = run(stream({ orientation }));
      const done = new Set(told.flatMap(({ decision }) => decision.actions));
      expect([...done]).to.include.members(["rangeShift", "sleeveMove"]);
      expect(Math.max(...debts)).to.be.greaterThan(10);
      expect(told.filter(({ refused }) => refused !== null)).to.deep.equal([]);
      const others: Told[] = [];
      const fast = runStrategy(
        world,
        layered({
          signals: signals.tape,
          feeScale: 1,
          heard: (decision, refused) => others.push({ decision, refused }),
        }),
        0,
        NONE,
      );
      expect(compareDecisions(told, others)).to.deep.equal({
        exact: told.length,
        fast: told.length,
        refused: 0,
        differing: 0,
        first: null,
      });
      for (const [mark, nav] of fast.nav.entries())
        expectClose(nav / (record.nav[mark] ?? 0), 1, 1e-7, `NAV at mark ${mark}, fast over exact`);
    });
  }

  const orientation = WAYS[0] as (typeof WAYS)[number];
  const source = stream({ orientation });
  const whole = run(source);

  it("knows nothing of the future: other events later change no decision before", () => {
    const hour = 12 * DAY;
    const other = run(stream({ orientation, turn: { hour, seed: 99 } }));
    const before = ({ told }: Ran) => told.filter(({ decision }) => decision.time <= START + hour * HOUR);
    expect(JSON.stringify(before(other))).to.equal(JSON.stringify(before(whole)));
    expect(before(whole)).to.have.length.greaterThan(3);
    expect(JSON.stringify(other.told)).to.not.equal(JSON.stringify(whole.told));
    const { month, payRatio } = whole.signals.tape;
    expect([...other.signals.tape.month.subarray(0, hour + 1)]).to.deep.equal([...month.subarray(0, hour + 1)]);
    expect([...other.signals.tape.payRatio.subarray(0, hour + 1)]).to.deep.equal([...payRatio.subarray(0, hour + 1)]);
  });

  it("has not even written later signals and liquidity when the strategy acts", () => {
    const window = { from: START, bars: HOURS };
    const signals = new PoolSignals(window, orientation, falling);
    const strategy = layered({ signals: signals.tape, feeScale: 1 });
    const seen = ({ mark, world }: ExactBook): void => {
      expect(world.pool.liquidity[mark]).to.be.greaterThan(0);
      for (const row of [world.pool.tick, world.pool.liquidity, ...rowsOf(signals)])
        expect(row.subarray(mark + 1).every(Number.isNaN)).to.equal(true);
    };
    runExact(strategy, { source, window, mode: "prices", costs: DEFAULT_COSTS, reserve: null, signals, seen });
  });

  it("is told of the market what the fast engine's tape would say of the same prices, and of the pool what it paid", () => {
    const { tape: prices } = whole.world;
    const closes = [...prices.price];
    const bars = barsThrough(closes[0] ?? 0, closes.slice(1));
    const first = barsThrough(closes[0] ?? 0, closes.slice(0, 1), START - HOUR);
    const history = [...falling, ...first];
    const market = signalTape({ bars, history }, prices, whole.world.feePerLiquidity, 1);
    const { tape } = whole.signals;
    let known = 0;
    for (const name of ["week", "month", "bearish", "oracle"] as const) {
      for (let mark = 0; mark <= HOURS; mark++) {
        const [ours, theirs] = [tape[name][mark] ?? 0, market[name][mark] ?? 0];
        expect(Number.isNaN(ours), `${name} at ${mark}`).to.equal(Number.isNaN(theirs));
        if (!Number.isNaN(ours)) expectClose(ours, theirs, 1e-9, `${name} at ${mark}`);
        if (!Number.isNaN(ours)) known++;
      }
    }
    expect(known).to.be.greaterThan(3.9 * HOURS);
    // The fast tape splits what was paid half and half; the pool knows which token it was, and values it at the same prices.
    const last = HOURS;
    expectClose((tape.feeRate[last] ?? 0) / (market.feeRate[last] ?? 1), 1, 0.02, "fees per liquidity");
    expectClose((tape.payRatio[last] ?? 0) / (market.payRatio[last] ?? 1), 1, 0.02, "pay ratio");
  });

  it("treats as unknown what its past is too short for", () => {
    const window = { from: START + 2 * DAY * HOUR, bars: 10 * DAY };
    const signals = new PoolSignals(window, orientation);
    const strategy = layered({ signals: signals.tape, feeScale: 1 });
    runExact(strategy, { source, window, mode: "prices", costs: DEFAULT_COSTS, reserve: null, signals });
    const { week, month, bearish, oracle, feeRate } = signals.tape;
    expect([...month, ...bearish].every(Number.isNaN)).to.equal(true);
    // Two days before the window are its past: five days on there is a week, and the pool's pay is known at once.
    expect([week[5 * DAY - 1], week[5 * DAY]].map(Number.isNaN)).to.deep.equal([true, false]);
    expect(feeRate.some(Number.isNaN)).to.equal(false);
    expect(oracle[0]).to.be.greaterThan(0);
  });

  it("stands beside its core and its twin without liquidity in a comparison, within the limits", async () => {
    const result = await compareEngines({
      source,
      window: { from: START, bars: HOURS },
      strategies: ["no-lp", "layered", "layered-core", "hold"],
      mode: "prices",
      costs: DEFAULT_COSTS,
      reserve: null,
      history: falling,
      pause: () => Promise.resolve(),
    });
    expect(result.passed).to.equal(true);
    const [twin, full, core, hold] = result.strategies;
    expect(full?.exact.nav).to.equal(whole.record.nav.at(-1));
    expect(full?.decisions).to.deep.include({ exact: whole.told.length, fast: whole.told.length, differing: 0 });
    expect(core?.decisions?.differing).to.equal(0);
    expect(core?.exact.rebalances).to.be.lessThan(full?.exact.rebalances ?? 0);
    // Told of nothing, and without a range that could earn; it follows the core's delta down.
    expect([twin?.decisions, hold?.decisions, twin?.exact.fees]).to.deep.equal([null, null, 0]);
    expect(twin?.exact.rebalances).to.be.greaterThan(3);
  });

  it("carries the last price of its past over two missing days, and says so where more are missing", () => {
    const last = falling.at(-1)?.close;
    const past = pastBefore(falling, START + 2 * DAY * HOUR, "old.csv");
    expect(past).to.have.length(PAST + 2 * DAY);
    expect(past.at(-1)).to.deep.include({ time: START + (2 * DAY - 2) * HOUR, close: last, filled: true });
    expect(pastBefore(falling, START - HOUR, "old.csv")).to.deep.equal(falling.slice(0, -1));
    expect(() => pastBefore(falling, START + (2 * DAY + 1) * HOUR, "old.csv")).to.throw(
      BacktestOptionError,
      /--history old\.csv ends at .*, more than 48 hours before the pool's own prices begin at .*; give one that reaches them/,
    );
    expect(() => pastBefore(falling, START - (PAST + 1) * HOUR, "old.csv")).to.throw(
      BacktestOptionError,
      /has no hour/,
    );
  });

  it("counts decisions that differ, and tells of the first", () => {
    const [one] = whole.told;
    if (one === undefined) throw new Error("There is no decision to change.");
    const { decision } = one;
    const later = { ...one, decision: { ...decision, time: decision.time + HOUR } };
    const rounded = {
      ...one,
      decision: { ...decision, swaps: decision.swaps.map((swap) => ({ ...swap, amount: swap.amount * (1 + 1e-9) })) },
    };
    const other = {
      ...one,
      decision: { ...decision, mints: decision.mints.map((mint) => ({ ...mint, tickUpper: mint.tickUpper + 10 })) },
    };
    expect(decision.mints).to.have.length.greaterThan(0);
    expect(compareDecisions([one], [rounded])).to.deep.include({ exact: 1, fast: 1, differing: 0, first: null });
    expect(compareDecisions([one], [other]).differing).to.equal(1);
    expect(compareDecisions([one], [{ ...one, refused: "loss budget" }]).first?.fast).to.match(/Refused: loss budget$/);
    const apart = compareDecisions([one, later], [one]);
    expect(apart).to.deep.include({ exact: 2, fast: 1, differing: 1 });
    expect(apart.first).to.deep.include({ time: later.decision.time, fast: "hold" });
  });
});
