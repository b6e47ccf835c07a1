import { expect } from "chai";
import fc from "fast-check";

import { debtHealth } from "../../../keeper/sleeves/debt.ts";
import type { Bar } from "../../../keeper/market/types.ts";
import { strategyConfig } from "../../../keeper/strategy/config.ts";
import { decide } from "../../../keeper/strategy/decide.ts";
import { project } from "../../../keeper/strategy/project.ts";
import { viewOf } from "../../../keeper/strategy/view.ts";
import type { Decision, Policy, SleeveState, VaultState } from "../../../keeper/strategy/types.ts";
import { expectClose } from "../../support/close.ts";
import {
  CONVERSION,
  execute,
  FRESH_MEMORY,
  HOUR,
  makeSignals,
  makeState,
  NO_BUDGETS,
  POLICY,
  RESERVE,
  START,
  withHealth,
} from "./world.ts";
import { simulate } from "./simulation.ts";
import "../../support/seed.ts";

const NOW = START + 40 * 86_400;
const RESTED = { ...FRESH_MEMORY, lastRangeShift: NOW - 20 * 86_400, lastCompound: NOW };
const BASE = { fee: 3000, tickLower: -203_280, tickUpper: -197_340, value: 600_000 };
const VALUES = {
  realisedVolatility7d: 0.75,
  realisedVolatility30d: 0.8,
  "feePerLiquidity.500": 0.0177,
  "feePerLiquidity.3000": 0.0177,
  "feePerLiquidity.10000": 0.009,
  payRatio: 0.9,
};
const bearish = (trendEnsemble: number | null, more: Readonly<Record<string, number | null>> = {}) =>
  makeSignals({ ...VALUES, trendEnsemble, ...more });
/** The reserve is tested apart. */
const HEDGE_ONLY = strategyConfig({ rules: { ...strategyConfig().rules, reserve: false } });
const DEFAULT_BUDGETS = {
  ...NO_BUDGETS,
  loss: { used: 0, capacity: 0.005 },
  turnover: { used: 0, capacity: 0.18 },
};

function vault(changes: Partial<Parameters<typeof makeState>[0]> = {}): VaultState {
  return makeState({
    time: NOW,
    price: 2000,
    idleBase: 100,
    idleQuote: 200_000,
    ranges: [BASE],
    memory: RESTED,
    sleeves: [CONVERSION],
    budgets: DEFAULT_BUDGETS,
    ...changes,
  });
}

const texts = (decision: Decision): string => decision.reasons.map(({ text }) => text).join(" ");
const debtOf = (state: VaultState): SleeveState => state.sleeves.find(({ kind }) => kind === "conversion")!;
const coreBase = (state: VaultState): number => state.positions.reduce((sum, one) => sum + one.base, 0);
/** Carries out, and lets a day pass in which nothing happens but that budgets are empty again. */
const nextDay = (state: VaultState, decision: Decision): VaultState => ({
  ...(decision.actions.length === 0 ? state : execute(state, decision)),
  time: state.time + 25 * HOUR,
  memory: { ...decision.memory, lastRangeShift: state.time + 25 * HOUR, lastCompound: state.time + 25 * HOUR },
});

describe("decide: the hedge", () => {
  it("opens a step: collateral first, base borrowed against it and sold; what it sells for stays idle", () => {
    const state = vault();
    const decision = decide(state, bearish(1), POLICY, HEDGE_ONLY);
    expect(decision.actions).to.deep.equal(["sleeveMove"]);
    expect(decision.sleeveMoves.map(({ token, take, afterSwaps }) => [token, take, afterSwaps])).to.deep.equal([
      ["quote", false, false],
      ["base", true, false],
    ]);
    const after = execute(state, decision);
    const { owned, owed, health } = debtOf(after);
    expectClose(owed * 2000, 0.05 * 1e6, 1e-6 * 1e6);
    expectClose((owed * 2000) / owned, 0.6, 1e-9);
    expectClose(health, 0.86 / 0.6, 1e-9);
    expectClose(after.idleBase, 100, 1e-9);
    expect(after.idleQuote).to.be.greaterThan(200_000 - owned + 49_900);
    // A swap of 5 % of NAV at 0.05 % and its slippage.
    expect(state.nav - after.nav).to.be.within(25, 60);
    expect(decision.memory.lastHedge).to.equal(NOW);
    expect(decision.expectedGain).to.equal(0);
    expect(texts(decision)).to.match(
      /100 % of the core's 1\d\d base: a debt of .* is wanted, 0\.000 is owed; a step up\./,
    );
    expect(texts(decision)).to.match(
      /Health is 1\.43 then, liquidation at 2867; .* it is insurance, and no gain is expected/,
    );
    // The book is short the debt.
    expectClose(decision.book.delta, 100 + coreBase(state) - owed, 0.2);
  });

  it("goes step by step to what the trend asks for or its collateral allows, and stops", () => {
    let state = vault();
    const owed: number[] = [];
    for (let day = 0; day < 8; day++) {
      state = nextDay(state, decide(state, bearish(1), POLICY, HEDGE_ONLY));
      owed.push(debtOf(state).owed);
    }
    expect(owed[0]).to.be.lessThan(owed[1]!);
    expect(owed[1]).to.be.lessThan(owed[2]!);
    expect(owed.at(-1)).to.equal(owed.at(-2));
    const { owned } = debtOf(state);
    expect(owned / state.nav).to.be.within(0.3, 0.4);
    expect(owed.at(-1)).to.be.lessThanOrEqual(coreBase(state));
    expect(owed.at(-1)! * 2000).to.be.within(0.17 * state.nav, 0.24 * state.nav);
    expectClose(debtOf(state).health, 0.86 / 0.6, 0.01);
  });

  it("is sized to the trend's bearish part and left alone inside its band", () => {
    const delta = coreBase(vault());
    const owing = (part: number): SleeveState => ({
      ...CONVERSION,
      owned: (part * delta * 2000) / 0.55,
      owed: part * delta,
    });
    // 40 % of the core's base; a voice is 3 % of NAV, so one voice more or less is nothing and two are.
    for (const [voices, moves] of [
      [0.4, false],
      [0.5, false],
      [0.3, false],
      [0.6, true],
      [0.2, true],
    ] as const) {
      const decision = decide(vault({ sleeves: [owing(0.4)] }), bearish(voices), POLICY, HEDGE_ONLY);
      expect(decision.sleeveMoves.length > 0, `${voices}: ${texts(decision)}`).to.equal(moves);
    }
    const inside = decide(vault({ sleeves: [owing(0.4)] }), bearish(0.5), POLICY, HEDGE_ONLY);
    expect(texts(inside)).to.contain("inside the band of 5 % of NAV");
  });

  it("waits a day between two steps, and while the trend is unknown", () => {
    const state = vault({ memory: { ...RESTED, lastHedge: NOW - 20 * HOUR } });
    expect(texts(decide(state, bearish(1), POLICY, HEDGE_ONLY))).to.contain("the next look is in 4.0 h");
    expect(texts(decide(vault(), bearish(null), POLICY, HEDGE_ONLY))).to.contain(
      "The trend is not known yet, so the hedge stays.",
    );
  });

  it("is released in steps when the trend turns, to the last wei of the debt", () => {
    let state = vault({ idleQuote: 40_000, sleeves: [{ ...CONVERSION, owned: 160_000, owed: 48 }] });
    const health: number[] = [];
    for (let day = 0; day < 6 && debtOf(state).owed > 0; day++) {
      const decision = decide(state, bearish(0), POLICY, HEDGE_ONLY);
      expect(decision.actions, texts(decision)).to.deep.equal(["sleeveMove"]);
      state = nextDay(state, decision);
      if (debtOf(state).owed > 0) health.push(debtOf(state).health!);
    }
    expect(health.length).to.be.greaterThan(0);
    // Each step leaves health at least where it was, or at the level of an opening step.
    for (const one of health) expect(one).to.be.greaterThan(1.4);
    expect(debtOf(state)).to.deep.include({ owned: 0, owed: 0, health: null, live: false });
  });

  it("ends however little of it is left, and marks the last repayment as whole", () => {
    const state = vault({ sleeves: [{ ...CONVERSION, owned: 10_000, owed: 2 }] });
    const decision = decide(state, bearish(0), POLICY, HEDGE_ONLY);
    expect(decision.sleeveMoves.filter(({ all }) => all === true).map(({ token }) => token)).to.deep.equal([
      "base",
      "quote",
    ]);
    expect(debtOf(execute(state, decision))).to.deep.include({ owned: 0, owed: 0 });
  });

  it("repays first when health is under the comfort level, whatever the trend, the wait and the switch say", () => {
    const off = strategyConfig({ rules: { ...strategyConfig().rules, hedge: false, reserve: false } });
    // 0.86 * 100000 / (36 * 2000) = 1.19.
    const weak = { ...CONVERSION, owned: 100_000, owed: 36 };
    for (const [idleBase, idleQuote] of [
      [100, 200_000],
      [0, 200_000],
      [0, 0],
    ] as const) {
      const state = vault({ idleBase, idleQuote, sleeves: [weak], memory: { ...RESTED, lastHedge: NOW } });
      expect(debtOf(state).health).to.be.lessThan(1.25);
      const decision = decide(state, bearish(1), POLICY, off);
      expect(texts(decision)).to.contain("The conversion's health is 1.19, under 1.25: its debt is brought down first");
      const after = debtOf(execute(state, decision));
      expectClose(after.health, 0.86 / 0.6, 0.02);
      // With nothing idle the base comes out of the core.
      expect(decision.burns.length > 0).to.equal(idleBase + idleQuote === 0);
    }
  });

  it("borrows no more where that is too dear, not allowed, or the venue is silent, and says which", () => {
    const said = (sleeve: Partial<SleeveState>): string =>
      texts(decide(vault({ sleeves: [{ ...CONVERSION, ...sleeve }] }), bearish(1), POLICY, HEDGE_ONLY));
    expect(said({ borrowRate: 0.2 })).to.contain("but borrowing costs 20.0 % a year; 15.0 % are the most");
    expect(said({ allowed: false })).to.contain("the policy allows no more to go there");
    expect(said({ obstacle: "closed" })).to.contain("but its venue refuses now");
    expect(said({ answers: false })).to.contain("There is no conversion to hedge with");
    const off = strategyConfig({ rules: { ...strategyConfig().rules, hedge: false, reserve: false } });
    expect(texts(decide(vault(), bearish(1), POLICY, off))).to.contain("Hedging is switched off.");
    expect(texts(decide(vault({ sleeves: [] }), bearish(1), POLICY, off))).not.to.contain("Hedging");
  });

  it("takes collateral from the reserve when too little is idle", () => {
    const state = vault({ idleQuote: 20_000, sleeves: [CONVERSION, { ...RESERVE, owned: 150_000 }] });
    const decision = decide(state, bearish(1), POLICY);
    expect(decision.sleeveMoves[0]).to.deep.include({ sleeve: 2, token: "quote", take: true });
    const after = execute(state, decision);
    expect(debtOf(after).owed * 2000).to.be.within(40_000, 50_001);
    expectClose(
      after.sleeves.find(({ kind }) => kind === "reserve")!.owned,
      150_000 - (debtOf(after).owned - 20_000),
      1,
    );
  });

  it("is cut to what the turnover budget has left", () => {
    const left = { ...DEFAULT_BUDGETS, turnover: { used: 0.1, capacity: 0.18 } };
    const decision = decide(vault({ budgets: left }), bearish(1), POLICY, HEDGE_ONLY);
    const sold = decision.swaps[0]!.amount * 2000;
    expect(sold / 1e6).to.be.within(0.02, 0.03);
    expect(texts(decision)).to.contain("Cut to fit: the turnover budget has 800.0 bps of 1800.0 bps left.");
  });

  it("is stepped up while the pools run short of quote, with hysteresis", () => {
    const at = (quick: number | null, drained: boolean): { decision: Decision; target: number } => {
      const state = vault({ memory: { ...RESTED, drained } });
      const decision = decide(state, bearish(0.5, { poolQuickRatio: quick }), POLICY, HEDGE_ONLY);
      const figures = decision.reasons.find(({ rule }) => rule === "hedge")!.figures;
      return { decision, target: figures["ratio"]! };
    };
    expectClose(at(2, false).target, 0.5, 1e-12);
    expectClose(at(0.9, false).target, 0.7, 1e-12);
    expectClose(at(1.2, false).target, 0.5, 1e-12);
    expectClose(at(1.2, true).target, 0.7, 1e-12);
    expect(at(1.2, true).decision.memory.drained).to.equal(true);
    expect(at(1.6, true).decision.memory.drained).to.equal(false);
    expect(at(null, true).decision.memory.drained).to.equal(false);
    const off = strategyConfig({ rules: { ...strategyConfig().rules, quickRatio: false, reserve: false } });
    expect(texts(decide(vault(), bearish(0.5, { poolQuickRatio: 0.1 }), POLICY, off))).to.contain("is to be 50 %");
  });
});

describe("decide: the reserve", () => {
  const calm = bearish(0);
  const both = [CONVERSION, RESERVE];
  const reserveOf = (state: VaultState): SleeveState => state.sleeves.find(({ kind }) => kind === "reserve")!;

  it("lends what nothing needs, in steps, and leaves the buffer", () => {
    let state = vault({ idleQuote: 300_000, sleeves: both });
    const held: number[] = [];
    for (let day = 0; day < 5; day++) {
      const decision = decide(state, calm, POLICY);
      state = nextDay(state, decision);
      held.push(reserveOf(state).owned);
    }
    expectClose(held[0], 0.1 * 1.1e6, 8_000);
    expect(held[1]).to.be.greaterThan(held[0]!);
    expect(held.at(-1)).to.equal(held.at(-2));
    expect(state.idleQuote / state.nav).to.be.within(0.05, 0.11);
  });

  it("comes back when the core needs quote, and when the hedge is to begin", () => {
    const lent = [CONVERSION, { ...RESERVE, owned: 250_000 }];
    const bare = vault({ idleQuote: 5_000, idleBase: 250, ranges: [{ ...BASE, value: 300_000 }], sleeves: lent });
    const decision = decide(bare, calm, POLICY);
    expect(decision.sleeveMoves[0], texts(decision)).to.deep.include({ sleeve: 2, token: "quote", take: true });
    const told = decide(
      vault({ idleQuote: 60_000, sleeves: lent, memory: { ...RESTED, lastHedge: NOW } }),
      bearish(1),
      POLICY,
    );
    expect(told.sleeveMoves[0], texts(told)).to.deep.include({ sleeve: 2, take: true });
  });

  it("waits while fees pay, between two moves, behind a full budget, and when it is off", () => {
    const said = (
      changes: Partial<Parameters<typeof makeState>[0]>,
      signals = calm,
      config = strategyConfig(),
    ): string => texts(decide(vault({ sleeves: both, ...changes }), signals, POLICY, config));
    expect(said({}, bearish(0, { payRatio: 1.05 }))).to.contain("fees are 1.05 of LVR: the surplus waits for the core");
    expect(said({ memory: { ...RESTED, lastReserveMove: NOW - HOUR } })).to.contain(
      "the last move was too recent, 23.0 h",
    );
    expect(said({ budgets: { ...DEFAULT_BUDGETS, turnover: { used: 0.1, capacity: 0.18 } } })).to.contain(
      "not worth a plan",
    );
    const off = strategyConfig({ rules: { ...strategyConfig().rules, reserve: false } });
    expect(said({}, calm, off)).to.contain("The reserve is switched off.");
    const shut = vault({ sleeves: [CONVERSION, { ...RESERVE, answers: false }] });
    expect(texts(decide(shut, calm, POLICY))).to.contain("There is no reserve, or its venue does not answer.");
  });
});

describe("decide: sleeves, properties", () => {
  it("never proposes what the chain's limits or the sleeves' terms would refuse", () => {
    let acted = 0;
    fc.assert(
      fc.property(
        fc.record({
          price: fc.double({ min: 1200, max: 3000, noNaN: true }),
          idleBase: fc.double({ min: 0, max: 200, noNaN: true }),
          idleQuote: fc.double({ min: 0, max: 400_000, noNaN: true }),
          core: fc.double({ min: 0, max: 600_000, noNaN: true }),
          ltv: fc.double({ min: 0, max: 0.84, noNaN: true }),
          owned: fc.double({ min: 0, max: 300_000, noNaN: true }),
          lent: fc.double({ min: 0, max: 300_000, noNaN: true }),
          cap: fc.double({ min: 0, max: 0.6, noNaN: true }),
          used: fc.double({ min: 0, max: 0.18, noNaN: true }),
          trend: fc.integer({ min: 0, max: 10 }),
          allowed: fc.boolean(),
        }),
        (given) => {
          const owed = (given.ltv * given.owned) / given.price;
          const state = vault({
            price: given.price,
            idleBase: given.idleBase,
            idleQuote: given.idleQuote,
            ranges: given.core > 10_000 ? [{ ...BASE, value: given.core }] : [],
            sleeves: [
              { ...CONVERSION, owned: given.owned, owed, cap: given.cap, allowed: given.allowed },
              { ...RESERVE, owned: given.lent },
            ],
            budgets: { ...DEFAULT_BUDGETS, turnover: { used: given.used, capacity: 0.18 } },
          });
          const policy: Policy = { ...POLICY, maxPlanLoss: 0.0025 };
          const signals = bearish(given.trend / 10);
          const decision = decide(state, signals, policy);
          if (decision.sleeveMoves.length === 0) return;
          acted++;
          const view = viewOf(state, given.price, signals, policy, strategyConfig());
          const projection = project(view, decision);
          expect(projection.charge).to.be.at.most(0.0025);
          expect(projection.turnover).to.be.at.most(0.18 - given.used + 1e-9);
          // `execute` throws where an amount, a health or a rate would be refused.
          const after = execute(state, decision);
          expect(Math.min(after.idleBase, after.idleQuote)).to.be.greaterThan(-1e-6);
          for (const sleeve of after.sleeves) {
            const before = state.sleeves.find(({ index }) => index === sleeve.index)!;
            expect(Math.min(sleeve.owned, sleeve.owed)).to.be.at.least(0);
            if (sleeve.owned > before.owned) expect(sleeve.owned / after.nav).to.be.at.most(sleeve.cap + 1e-3);
            if (!sleeve.allowed) expect(sleeve.owned <= before.owned && sleeve.owed <= before.owed).to.equal(true);
          }
          const debt = debtOf(after);
          const was = debtOf(state);
          // Whatever was done, health is no worse than it was, or it is that of an opening step.
          if (debt.owed > 1e-9) {
            const health = debtHealth({ ...debt, kind: "conversion" }, given.price, 0.86);
            expect(health).to.be.at.least(Math.min(was.health ?? Number.POSITIVE_INFINITY, 0.86 / 0.6) - 1e-6);
          }
        },
      ),
      { numRuns: 400 },
    );
    expect(acted).to.be.greaterThan(100);
  });

  it("reckons a sleeve's health as the venue does", () => {
    const sleeve = withHealth({ ...CONVERSION, owned: 1000, owed: 0.3 }, 2000);
    expectClose(sleeve.health, 0.86 / 0.6, 1e-12);
  });
});

describe("decide: sleeves over time", () => {
  const bar = (time: number, open: number, close: number): Bar => ({
    time,
    open,
    close,
    high: Math.max(open, close),
    low: Math.min(open, close),
    volume: 0,
  });
  /** Hours of a steady drift with a saw of half a percent on it, so that there is volatility. */
  function drift(from: number, price: number, hours: number, total: number): Bar[] {
    const at = (i: number): number => price * Math.exp((total * i) / hours + (i % 2) * 0.005);
    return Array.from({ length: hours }, (_, i) => bar(from + i * HOUR, at(i), at(i + 1)));
  }

  it("a fall is met by a conversion in steps, its end by the release of it; and the vault has lost less", () => {
    const past = drift(START - 200 * 24 * HOUR, 2000, 200 * 24, 0);
    const fall = drift(START, 2000, 40 * 24, -0.7);
    const rise = drift(START + 40 * 24 * HOUR, 2000 * Math.exp(-0.7), 40 * 24, 0.5);
    const config = strategyConfig();
    const run = (sleeves: readonly SleeveState[], bars: readonly Bar[]) =>
      simulate(past, bars, POLICY, config, () => ({ 500: 0.9, 3000: 0.9, 10_000: 0.9 }), 1e6, sleeves);
    const hedged = run([CONVERSION, RESERVE], [...fall, ...rise]);
    const moves = hedged.filter(({ decision }) => decision.sleeveMoves.some(({ sleeve }) => sleeve === 0));
    const ups = moves.filter(({ before, after }) => debtOf(after).owed > debtOf(before).owed);
    const downs = moves.filter(({ before, after }) => debtOf(after).owed < debtOf(before).owed);
    expect(ups.length).to.be.greaterThan(2);
    expect(downs.length).to.be.greaterThan(1);
    expect(Math.max(...hedged.map(({ after }) => debtOf(after).owed * after.price!)) / 1e6).to.be.greaterThan(0.1);
    expectClose(debtOf(hedged.at(-1)!.after).owed, 0, 1e-9);
    for (const { after } of hedged) expect(debtOf(after).health ?? 9).to.be.greaterThan(1.15);
    // At the bottom, against the same strategy without sleeves.
    const bare = run([], fall).at(-1)!.after;
    const bottom = hedged[fall.length - 1]!.after;
    expect(bottom.nav - bare.nav).to.be.greaterThan(0.05 * 1e6);
  });
});
