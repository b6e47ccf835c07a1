import { expect } from "chai";

import { runStrategy } from "../../../../../keeper/backtest/engine/run.ts";
import { Book } from "../../../../../keeper/backtest/engine/book.ts";
import type { World } from "../../../../../keeper/backtest/engine/world.ts";
import { dampedVariance, feeFlow } from "../../../../../keeper/backtest/model/feeFlow.ts";
import { BudgetLevels } from "../../../../../keeper/backtest/strategies/layered/budgets.ts";
import { fill } from "../../../../../keeper/backtest/strategies/layered/fill.ts";
import { backtestConfig, layered, netDelta } from "../../../../../keeper/backtest/strategies/layered/layered.ts";
import {
  CAPACITY,
  LIMITS,
  OPENING_HEALTH,
  PRICE_ERROR,
  RATE_CAP,
  FLOOR_HEALTH,
  SLEEVE_CAPS,
} from "../../../../../keeper/backtest/strategies/layered/limits.ts";
import { DECIMALS, FEE, TICK_SPACING } from "../../../../../keeper/backtest/strategies/layered/pool.ts";
import {
  type SignalTape,
  signalsAt,
  signalTape,
} from "../../../../../keeper/backtest/strategies/layered/signalTape.ts";
import { stateOf } from "../../../../../keeper/backtest/strategies/layered/state.ts";
import type { Bar } from "../../../../../keeper/market/types.ts";
import { computeSignals } from "../../../../../keeper/signals/computeSignals.ts";
import { decide } from "../../../../../keeper/strategy/decide.ts";
import type { Decision, Sample, Signals, VaultState } from "../../../../../keeper/strategy/types.ts";
import { tickOfPrice, wholeLiquidity } from "../../../../../keeper/strategy/ticks.ts";
import { DEFAULT_DEBT_TERMS, DEFAULT_SLEEVE_CAPS } from "../../../../../scripts/deploy/sleeves.ts";
import { DEFAULT_CAPS, DEFAULT_ORACLE_TERMS } from "../../../../../scripts/deploy/strata.ts";
import { expectClose } from "../../../../support/close.ts";
import { FRESH_MEMORY, NO_BUDGETS } from "../../../strategy/world.ts";
import { barsThrough, gbm, pathOf, worldOf } from "../../worlds.ts";

const NONE = new Int32Array();
const DAY = 24;
/** Enough for every voice of the trend. */
const PAST = 200 * DAY;

interface Made {
  readonly world: World;
  readonly signals: SignalTape;
  readonly feeScale: number;
  readonly all: readonly Bar[];
}

/** A world whose first hours are the past. */
function made(all: readonly Bar[], past = PAST): Made {
  const [history, bars] = [all.slice(0, past), all.slice(past)];
  const world = worldOf(bars, { history });
  const path = pathOf(bars, history);
  const flow = feeFlow(world.tape, dampedVariance(path), 0.9);
  return { world, signals: signalTape(path, world.tape, flow.perLiquidity, flow.scale), feeScale: flow.scale, all };
}

/** A drift with a saw of half a percent on it, so that there is volatility. */
function through(start: number, ...legs: readonly (readonly [hours: number, total: number])[]): Bar[] {
  const closes: number[] = [];
  let price = start;
  for (const [hours, total] of legs) {
    const from = price;
    for (let i = 1; i <= hours; i++) closes.push((price = from * Math.exp((total * i) / hours + (i % 2) * 0.005)));
  }
  return barsThrough(start, closes);
}

describe("backtest: layered", function () {
  this.timeout(60_000);

  it("is told what the keeper's own signals say, mark by mark", () => {
    const { world, signals, feeScale, all } = made(gbm(PAST + 60 * DAY, 0.8, 5));
    const { tape, feePerLiquidity } = world;
    const samples: Sample[] = [];
    let [growthBase, growthQuote] = [0, 0];
    let compared = 0;
    for (let mark = 0; mark <= tape.bars; mark++) {
      const price = tape.price[mark]!;
      if (mark > 0) {
        const half = (feePerLiquidity[mark - 1]! * wholeLiquidity(1, DECIMALS)) / 2;
        growthBase += half / price;
        growthQuote += half;
      }
      const tick = Math.floor(tickOfPrice(price, DECIMALS));
      const pool = { fee: FEE, tickSpacing: TICK_SPACING, allowed: true, tick, price, liquidity: 1e18 };
      const tier = { ...pool, feeGrowthBase: growthBase, feeGrowthQuote: growthQuote };
      const time = tape.from + mark * 3600;
      const range = { index: 0, fee: FEE, tickLower: tick - 5000, tickUpper: tick + 5000, liquidity: 1e18 };
      const position = { ...range, base: 1, quote: 1, feesBase: 0, feesQuote: 0 };
      const state = { ...DECIMALS, time, price, tiers: [tier], positions: [position] } as unknown as VaultState;
      if (mark % 37 === 0) {
        const theirs = computeSignals(state, { bars: all, samples });
        const ours = signalsAt(signals, mark, feeScale, true, FEE);
        for (const [name, { value, fresh }] of Object.entries(ours)) {
          const known = theirs[name]!.fresh ? theirs[name]!.value : null;
          expect(fresh, `${name} at ${mark}`).to.equal(known !== null);
          if (known !== null && value !== null) {
            expectClose(value, known, 1e-9 * Math.max(1, Math.abs(known)), `${name} at ${mark}`);
            compared++;
          }
        }
      }
      samples.push({ time, price, tiers: [tier] });
    }
    expect(compared).to.be.greaterThan(150);
  });

  it("is told every signal that `decide` reads, but the one that needs a real pool", () => {
    const { world, signals, feeScale } = made(through(2000, [PAST, 0], [30 * DAY, -0.5]));
    const read = new Set<string>();
    const heard = { total: 0 };
    const listening = (all: Signals): Signals =>
      new Proxy(all, {
        get(target, name) {
          read.add(String(name));
          return Reflect.get(target, name) as unknown;
        },
      });
    const strategy = layered({ signals, feeScale, heard: () => heard.total++ });
    runStrategy(
      world,
      {
        baseShare: 0.5,
        open: (book) => strategy.open(book),
        act(given) {
          const book = given as Book;
          const state = stateOf(book, {
            bounds: [],
            budgets: NO_BUDGETS,
            left: { base: 0, quote: 0 },
            shareSupply: 1e6,
            oracleVolatility: 0.5,
            memory: FRESH_MEMORY,
            sleeves: true,
          });
          decide(state, listening(signalsAt(signals, book.mark, feeScale, true, FEE)), LIMITS, backtestConfig());
          strategy.act(book);
        },
      },
      0,
      NONE,
    );
    expect(heard.total).to.be.greaterThan(0);
    const told = new Set(Object.keys(signalsAt(signals, 0, feeScale, true, FEE)));
    const untold = [...read].filter((name) => !told.has(name)).toSorted();
    expect(untold).to.deep.equal(["poolQuickRatio"]);
  });

  it("is held to the limits, terms and oracle error that the deployment sets", () => {
    const bps = (value: number): number => value / 10_000;
    expect({
      ...LIMITS,
      allowedFees: [],
      maxPositions: 8,
      maxEntryFee: 0,
      maxExitFee: 0,
      pausedUntil: 0,
    }).to.deep.equal({
      allowedFees: [],
      maxPlanLoss: bps(DEFAULT_CAPS.maxPlanLossBps),
      coreWeightCap: bps(DEFAULT_CAPS.coreWeightCapBps),
      minHalfWidth: DEFAULT_CAPS.minHalfWidth,
      maxHalfWidth: DEFAULT_CAPS.maxHalfWidth,
      maxPositions: 8,
      refill: {
        loss: bps(DEFAULT_CAPS.lossRefillBps),
        turnover: bps(DEFAULT_CAPS.turnoverRefillBps),
        churn: bps(DEFAULT_CAPS.churnRefillBps),
      },
      lvrLimit: bps(DEFAULT_CAPS.lvrLimitBps),
      volatilityFloor: bps(DEFAULT_CAPS.volFloorBps),
      pausedUntil: 0,
      maxEntryFee: 0,
      maxExitFee: 0,
    });
    expect(CAPACITY).to.deep.equal({
      loss: bps(DEFAULT_CAPS.lossCapBps),
      turnover: bps(DEFAULT_CAPS.turnoverCapBps),
      churn: bps(DEFAULT_CAPS.churnCapBps),
    });
    expect(PRICE_ERROR).to.equal(bps(DEFAULT_ORACLE_TERMS.baseDeviationBps + DEFAULT_ORACLE_TERMS.quoteDeviationBps));
    expect(SLEEVE_CAPS.conversion).to.equal(bps(DEFAULT_SLEEVE_CAPS.conversion));
    expect(SLEEVE_CAPS.reserve).to.equal(bps(DEFAULT_SLEEVE_CAPS.reserve));
    expect(OPENING_HEALTH).to.equal(Number(DEFAULT_DEBT_TERMS.openingHealth) / 1e18);
    expect(FLOOR_HEALTH).to.equal(Number(DEFAULT_DEBT_TERMS.floorHealth) / 1e18);
    expect(RATE_CAP).to.equal(Number(DEFAULT_DEBT_TERMS.rateCap) / 1e18);
  });

  it("opens a conversion in steps in a fall and releases it when the trend turns; and has lost less than without", () => {
    const { world, signals, feeScale } = made(through(2000, [PAST, 0], [40 * DAY, -0.7], [80 * DAY, 0.9]));
    const debts: number[] = [];
    const refusals: string[] = [];
    const strategy = layered({ signals, feeScale, heard: (_, why) => why !== null && refusals.push(why) });
    const record = runStrategy(
      world,
      {
        baseShare: 0.5,
        open: (book) => strategy.open(book),
        act(book) {
          strategy.act(book);
          debts.push(book.debt.owed);
        },
      },
      0,
      NONE,
    );
    const steps = debts.filter((owed, i) => owed > (debts[i - 1] ?? 0) * 1.01).length;
    expect(steps).to.be.greaterThan(2);
    expect(Math.max(...debts)).to.be.greaterThan(50);
    expect(debts.at(-1)).to.equal(0);
    const bare = runStrategy(world, layered({ signals, feeScale, sleeves: false }), 0, NONE);
    const bottom = 40 * DAY;
    expect(record.nav[bottom]! - bare.nav[bottom]!).to.be.greaterThan(0.05 * 1e6);
    expect(refusals).to.deep.equal([]);
    expect(strategy.plans().done).to.be.greaterThan(10);
  });

  it("knows nothing of the future: other bars later change no decision before", () => {
    const hours = PAST + 60 * DAY;
    const turn = 30 * DAY;
    const [first, second] = [gbm(hours, 0.9, 31), gbm(hours, 1.4, 32)];
    const decisions = (all: readonly Bar[], feeFrom: Made): Decision[] => {
      const found: Decision[] = [];
      const { world, signals } = made(all);
      // The scale of the fee flow is the model's one figure of the whole window: both get the same.
      const flow = { ...world, feePerLiquidity: feeFrom.world.feePerLiquidity };
      const heard = (decision: Decision): number => found.push(decision);
      runStrategy(
        flow,
        layered({
          signals: { ...signals, feeRate: feeFrom.signals.feeRate, payRatio: feeFrom.signals.payRatio },
          feeScale: feeFrom.feeScale,
          heard,
        }),
        0,
        NONE,
      );
      return found.filter(({ block }) => block <= turn);
    };
    const shape = made(first);
    const other = [...first.slice(0, PAST + turn), ...second.slice(PAST + turn)];
    const [one, two] = [decisions(first, shape), decisions(other, shape)];
    expect(one.length).to.be.greaterThan(2);
    expect(JSON.stringify(two)).to.equal(JSON.stringify(one));
  });

  it("carries a plan out whole or not at all", () => {
    const { world, signals, feeScale } = made(through(2000, [PAST, 0], [5 * DAY, -0.1]));
    const book = new Book(world, 0, 0.5);
    const takeBack = book.checkpoint();
    const nothing = { burns: [], swaps: [], mints: [], sleeveMoves: [] };
    const impossible = {
      ...nothing,
      swaps: [{ fee: FEE, sell: "base" as const, amount: 10, maxSlippage: 1 }],
      mints: [{ fee: FEE, tickLower: 0, tickUpper: 0, maxBase: 1, maxQuote: 1 }],
    } as unknown as Decision;
    const before = JSON.stringify([book.held, book.terms, book.ranges, netDelta(book)]);
    expect(() => fill(book, impossible, [])).to.throw("half-width of 0 ticks is not from 400 to 20000");
    expect(JSON.stringify([book.held, book.terms, book.ranges, netDelta(book)])).not.to.equal(before);
    takeBack();
    expect(JSON.stringify([book.held, book.terms, book.ranges, netDelta(book)])).to.equal(before);
    expect(signals.bearish.length).to.equal(world.tape.bars + 1);
    expect(feeScale).to.be.greaterThan(0);
  });

  it("takes no range and no sleeve past the chain's limits, whoever wrote the plan", () => {
    const { world } = made(through(2000, [PAST, 0], [5 * DAY, -0.1]));
    const nothing = { burns: [], swaps: [], mints: [], sleeveMoves: [] };
    const tick = Math.round(tickOfPrice(2000, DECIMALS) / TICK_SPACING) * TICK_SPACING;
    const mint = (half: number) => ({
      ...{ fee: FEE, maxBase: 10, maxQuote: 20_000 },
      ...{ tickLower: tick - half, tickUpper: tick + half },
    });
    const give = (sleeve: number, amount: number) => ({
      sleeve,
      token: "quote",
      take: false,
      afterSwaps: true,
      amount,
    });
    const nav = new Book(world, 0, 0.2).nav;
    for (const [plan, message] of [
      [{ mints: [mint(390)] }, /half-width of 390 ticks is not from 400/],
      [{ mints: [mint(400)] }, null],
      [{ mints: Array.from({ length: 9 }, (_, i) => mint(400 + 10 * i)) }, /more than 8 ranges/],
      [{ sleeveMoves: [give(0, nav * 0.41)] }, /conversion would own more than 0.4 of NAV/],
      [{ sleeveMoves: [give(2, nav * 0.36)] }, /reserve would own more than 0.35 of NAV/],
      [{ sleeveMoves: [give(0, nav * 0.39), give(2, nav * 0.34)] }, null],
    ] as const) {
      const run = (): unknown => fill(new Book(world, 0, 0.2), { ...nothing, ...plan } as unknown as Decision, []);
      if (message === null) expect(run).not.to.throw();
      else expect(run).to.throw(message);
    }
  });

  it("spends budgets that drain with time", () => {
    const levels = new BudgetLevels();
    const none = { charge: 0, turnover: 0, churn: 0, coreWeight: 0, arbitrage: 0, core: 0 } as never;
    const plan = { charge: 0.002, turnover: 0.1, churn: 0.001, coreWeight: 0.6, arbitrage: 0.001, core: 1 } as never;
    levels.at(1000);
    expect(levels.broken(none, plan, [], TICK_SPACING)).to.equal(null);
    levels.spend(plan);
    expect(levels.broken(none, plan, [], TICK_SPACING)).to.equal("turnover budget");
    expectClose(levels.at(1000 + 86_400).turnover.used, 0.04, 1e-12);
    expect(levels.broken(none, plan, [], TICK_SPACING)).to.equal(null);
    levels.spend(plan);
    levels.spend(plan);
    expect(levels.broken(none, plan, [], TICK_SPACING)).to.equal("loss budget");
  });
});
