import { expect } from "chai";
import fc from "fast-check";

import { debtHealth } from "../../../keeper/sleeves/debt.ts";
import type { Bar } from "../../../keeper/market/types.ts";
import { strategyConfig } from "../../../keeper/strategy/config.ts";
import { decide } from "../../../keeper/strategy/decide.ts";
import { wishOf } from "../../../keeper/strategy/overlay/wish.ts";
import { NO_MOVES, project } from "../../../keeper/strategy/project.ts";
import { brokenPolicy } from "../../../keeper/strategy/proposal.ts";
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
  REVERSAL,
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
    let state = vault({ idleBase: 0 });
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
    const exposure = (one: VaultState): number => coreBase(one) + one.idleBase - debtOf(one).owed;
    const before = exposure(state);
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
    // The base is bought back: idle base would have ended the debt and left the vault as short as it was. The last crumbs may come from it.
    expect(exposure(state) - before).to.be.within(48 - (0.005 * state.nav) / 2000, 48.5);
  });

  it("ends however little of it is left, by one move that closes the sleeve whole", () => {
    const state = vault({ sleeves: [{ ...CONVERSION, owned: 10_000, owed: 2 }] });
    const decision = decide(state, bearish(0), POLICY, HEDGE_ONLY);
    expect(decision.swaps).to.deep.equal([]);
    expect(decision.sleeveMoves).to.deep.equal([
      { sleeve: 0, token: "quote", take: true, afterSwaps: true, amount: 10_000, all: true },
    ]);
    const after = execute(state, decision);
    expect(debtOf(after)).to.deep.include({ owned: 0, owed: 0 });
    expectClose(state.idleBase - after.idleBase, 2, 1e-12);
    expect(texts(decision)).to.contain("Nothing is owed then.");
  });

  it("buys what it owes, and a little more for the interest until the block, before it closes", () => {
    const state = vault({ idleBase: 0, idleQuote: 15_000, sleeves: [{ ...CONVERSION, owned: 40_000, owed: 10 }] });
    const decision = decide(state, bearish(0), POLICY, HEDGE_ONLY);
    const [swap] = decision.swaps;
    expect(swap?.sell).to.equal("quote");
    // The purchase is paid from idle quote and from collateral above the loan-to-value aimed at; the rest comes with the close.
    expect(
      decision.sleeveMoves.map(({ token, take, afterSwaps, all }) => [token, take, afterSwaps, all]),
    ).to.deep.equal([
      ["quote", true, false, undefined],
      ["quote", true, true, true],
    ]);
    const after = execute(state, decision);
    expect(debtOf(after)).to.deep.include({ owned: 0, owed: 0, live: false });
    expect(after.idleBase).to.be.within(0.001 * 10, 0.01 * 10);
  });

  it("does not close where the venue pays nothing out: it repays, and leaves what a later step can close", () => {
    const illiquid = { ...CONVERSION, owned: 40_000, owed: 10, obstacle: "illiquid" } as const;
    const state = vault({ sleeves: [illiquid] });
    const decision = decide(state, bearish(0), POLICY, HEDGE_ONLY);
    expect(decision.sleeveMoves.map(({ token, take, all }) => [token, take, all])).to.deep.equal([
      ["base", false, undefined],
    ]);
    expectClose(debtOf(execute(state, decision)).owed, 0.5, 1e-9);
    expect(texts(decide(state, bearish(1), POLICY, HEDGE_ONLY))).to.contain(
      "its venue pays nothing out now (illiquid)",
    );
    const shut = { ...CONVERSION, owned: 40_000, owed: 10, obstacle: "closed" } as const;
    expect(texts(decide(vault({ sleeves: [shut] }), bearish(0), POLICY, HEDGE_ONLY))).to.contain(
      "but its venue refuses now",
    );
  });

  it("takes out what secures no debt any more", () => {
    const state = vault({ sleeves: [{ ...CONVERSION, owned: 50_000, owed: 0 }] });
    const decision = decide(state, bearish(0), POLICY, HEDGE_ONLY);
    expect(debtOf(execute(state, decision)).owned).to.equal(0);
    // Not dust, day after day.
    const dust = vault({ sleeves: [{ ...CONVERSION, owned: 10, owed: 0 }] });
    expect(decide(dust, bearish(0), POLICY, HEDGE_ONLY).sleeveMoves).to.deep.equal([]);
  });

  it("pays nothing for a debt that is worth more than what stands behind it", () => {
    const drowned = { ...CONVERSION, owned: 50_000, owed: 26, obstacle: "unhealthy" } as const;
    for (const trend of [0, 1]) {
      const decision = decide(vault({ sleeves: [drowned] }), bearish(trend), POLICY, HEDGE_ONLY);
      expect(decision.sleeveMoves).to.deep.equal([]);
      expect(texts(decision)).to.contain("There is no conversion to hedge with");
    }
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

describe("decide: the hedge at its cap", () => {
  /** A core of 600,000, so that 150 base are wanted, and little that is idle. */
  const at = (owned: number, owed: number, idle: { idleBase?: number; idleQuote?: number } = {}): VaultState =>
    vault({ idleQuote: 20_000, ...idle, sleeves: [{ ...CONVERSION, owned, owed }] });
  const blocked = (state: VaultState): VaultState => ({
    ...state,
    sleeves: state.sleeves.map((one) => ({ ...one, obstacle: "illiquid" })),
  });
  /** What is owned over NAV at the low end of the band, as the chain weighs it. */
  const weight = (state: VaultState): number => {
    const view = viewOf(state, 2000, bearish(1), POLICY, strategyConfig());
    return debtOf(state).owned / project(view, NO_MOVES).navLow;
  };

  it("borrows against what is there already, and gives nothing", () => {
    const state = at(430_000, 70);
    expect(weight(state)).to.be.within(0.38, 0.4);
    const decision = decide(state, bearish(1), POLICY, HEDGE_ONLY);
    expect(decision.sleeveMoves.map(({ token, take }) => [token, take])).to.deep.equal([["base", true]]);
    const after = execute(state, decision);
    expect(debtOf(after).owned).to.equal(430_000);
    expect(debtOf(after).owed).to.be.greaterThan(90);
  });

  it("above its cap, where the chain lends nothing, it takes the excess out and borrows in the same plan", () => {
    const state = at(500_000, 70);
    expect(weight(state)).to.be.greaterThan(0.42);
    const told = decide(state, bearish(1), POLICY, HEDGE_ONLY);
    expect(told.sleeveMoves.map(({ token, take }) => [token, take])).to.deep.equal([
      ["quote", true],
      ["base", true],
    ]);
    const after = execute(state, told);
    expect(weight(after)).to.be.within(0.38, 0.4);
    expect(debtOf(after).health).to.be.at.least(0.86 / 0.6 - 1e-9);
    // The same loan without that is what the chain refuses, and what the last look before a plan finds.
    const view = viewOf(state, 2000, bearish(1), POLICY, strategyConfig());
    const bare = { ...NO_MOVES, swaps: told.swaps, sleeveMoves: told.sleeveMoves.slice(1) };
    expect(brokenPolicy(view, bare, project(view, NO_MOVES), project(view, bare))).to.match(
      /^The conversion would own 4\d\.\d % of NAV; 40\.0 % are allowed\.$/,
    );
    expect(() => execute(state, { ...told, ...bare })).to.throw("above its cap");
  });

  it("at its cap and its loan-to-value it proposes nothing, and says what is missing", () => {
    for (const [owned, owed] of [
      [295_000, 88.5],
      [340_000, 102],
    ] as const) {
      const decision = decide(at(owned, owed, { idleBase: 0 }), bearish(1), POLICY, HEDGE_ONLY);
      // Not released for it either: the trend still wants more than is owed.
      expect(decision.sleeveMoves, texts(decision)).to.deep.equal([]);
      expect(texts(decision)).to.match(
        /but it owns 4\d\.\d % of NAV, its cap is 40 %, and at a loan-to-value of 60 % that secures a debt of 8\d\.\d+ at most\./,
      );
    }
  });

  it("delivers idle base where it may not grow and the trend is one: same exposure, no swap, collateral back; then it borrows on", () => {
    const state = at(340_000, 102, { idleBase: 60 });
    const decision = decide(state, bearish(1), POLICY, HEDGE_ONLY);
    expect(decision.swaps).to.deep.equal([]);
    expect(decision.sleeveMoves.map(({ token, take, afterSwaps }) => [token, take, afterSwaps])).to.deep.equal([
      ["base", false, true],
      ["quote", true, true],
    ]);
    const after = execute(state, decision);
    const delivered = 102 - debtOf(after).owed;
    // A step of 5 % of NAV.
    expectClose(delivered * 2000, 0.05 * state.nav, 1);
    expectClose(state.idleBase - after.idleBase, delivered, 1e-9);
    expectClose(debtOf(after).health, 0.86 / 0.6, 1e-3);
    expect(texts(decision)).to.contain("idle base is delivered against the debt, which leaves the exposure as it is");
    const next = decide(nextDay(state, decision), bearish(1), POLICY, HEDGE_ONLY);
    expect(next.swaps.map(({ sell }) => sell)).to.deep.equal(["base"]);
    expect(texts(next)).to.contain("a step up");

    // Not for less of a trend than is asked for, not without idle base, and not where nothing is paid out.
    const asking = strategyConfig({ ...HEDGE_ONLY, hedge: { deliverFrom: 1.01 } });
    expect(decide(state, bearish(1), POLICY, asking).sleeveMoves).to.deep.equal([]);
    for (const held of [at(295_000, 88.5, { idleBase: 1 }), blocked(state)]) {
      const kept = decide(held, bearish(1), POLICY, HEDGE_ONLY);
      expect(kept.sleeveMoves, texts(kept)).to.deep.equal([]);
    }
    // To the end of the idle base, a step and a loan in turn, and never short.
    let long = at(340_000, 102, { idleBase: 60, idleQuote: 20_000 });
    const start = coreBase(long) + long.idleBase - debtOf(long).owed;
    for (let day = 0; day < 14; day++) long = nextDay(long, decide(long, bearish(1), POLICY, HEDGE_ONLY));
    const end = coreBase(long) + long.idleBase - debtOf(long).owed;
    expect(long.idleBase * 2000).to.be.lessThan(0.005 * long.nav);
    expect(end).to.be.lessThan(start - 50);
    expect(end).to.be.at.least(0);
  });

  it("with a target that cap and loan-to-value cannot reach, it goes as far as they let it, and then says so", () => {
    let state = vault({ idleBase: 0, sleeves: [{ ...CONVERSION, cap: 0.1 }] });
    let last = decide(state, bearish(1), POLICY, HEDGE_ONLY);
    for (let day = 0; day < 5; day++) {
      state = nextDay(state, last);
      last = decide(state, bearish(1), POLICY, HEDGE_ONLY);
    }
    expect(last.sleeveMoves).to.deep.equal([]);
    expectClose((debtOf(state).owed * 2000) / state.nav, 0.1 * 0.6 * 0.98, 0.002);
    expect(texts(last)).to.contain("its cap is 10 %");
    // Without quote it is the purse that ends it.
    const poor = vault({ idleBase: 250, idleQuote: 1_000 });
    expect(texts(decide(poor, bearish(1), POLICY, HEDGE_ONLY))).to.contain(
      "with all that is at hand a loan-to-value of 60 % allows a debt of 0.3000 at most",
    );
  });

  it("counts the venue's own health where it is the worse one", () => {
    // The venue sees a price that is a tenth higher, and would refuse at 1.32 what is 1.43 to us.
    const state = at(300_000, 85, { idleQuote: 200_000 });
    const sleeves = state.sleeves.map((one) => ({ ...one, health: one.health! / 1.1 }));
    const decision = decide({ ...state, sleeves }, bearish(1), POLICY, HEDGE_ONLY);
    const after = debtOf(execute(state, decision));
    expect(after.health! / 1.1).to.be.greaterThan(1.32);
  });
});

describe("decide: equal hedges", () => {
  const cheap = { ...CONVERSION, borrowRate: 0.02 };
  const lent = { ...CONVERSION, index: 2, borrowRate: 0.04, supplyRate: 0.03 };

  it("opens where the debt costs least, its collateral's own yield counted, and ends where it costs most", () => {
    // 4 % less 3 % / 0.6 earns; 2 % costs.
    const decision = decide(vault({ sleeves: [cheap, lent] }), bearish(1), POLICY, HEDGE_ONLY);
    expect(decision.sleeveMoves.map(({ sleeve }) => sleeve)).to.deep.equal([2, 2]);
    const without = decide(vault({ sleeves: [cheap, { ...lent, supplyRate: 0 }] }), bearish(1), POLICY, HEDGE_ONLY);
    expect(without.sleeveMoves[0]?.sleeve).to.equal(0);
    const shut = decide(vault({ sleeves: [cheap, { ...lent, allowed: false }] }), bearish(1), POLICY, HEDGE_ONLY);
    expect(shut.sleeveMoves[0]?.sleeve).to.equal(0);
    const both = [cheap, lent].map((one) => ({ ...one, owned: 60_000, owed: 15 }));
    const down = decide(vault({ sleeves: both }), bearish(0), POLICY, HEDGE_ONLY);
    expect(new Set(down.sleeveMoves.map(({ sleeve }) => sleeve))).to.deep.equal(new Set([0]));
  });
});

describe("decide: the reversal", () => {
  const both = [CONVERSION, REVERSAL];
  const ON = strategyConfig({ rules: { ...strategyConfig().rules, reversal: true, reserve: false } });
  const reversalOf = (state: VaultState): SleeveState => state.sleeves.find(({ kind }) => kind === "reversal")!;

  it("holds and says why: no sleeve for it, or switched off", () => {
    expect(texts(decide(vault(), bearish(0), POLICY, ON))).to.contain("There is no sleeve for a reversal.");
    const silent = vault({ sleeves: [CONVERSION, { ...REVERSAL, answers: false }] });
    expect(texts(decide(silent, bearish(0), POLICY, ON))).to.contain("There is no sleeve for a reversal.");
    const off = decide(vault({ sleeves: both }), bearish(0), POLICY, HEDGE_ONLY);
    expect(off.sleeveMoves).to.deep.equal([]);
    expect(texts(off)).to.contain("Reversals are switched off.");
    expect(strategyConfig().rules.reversal).to.equal(false);
    expect(() => strategyConfig({ reversal: { part: 0.3 } })).to.throw("reversal.part must be a number from 0 to 0.25");
  });

  it("gives base, borrows quote and buys base with it: the book is longer by what was bought", () => {
    const state = vault({ sleeves: both });
    const decision = decide(state, bearish(0), POLICY, ON);
    expect(decision.sleeveMoves.map(({ sleeve, token, take }) => [sleeve, token, take])).to.deep.equal([
      [1, "base", false],
      [1, "quote", true],
    ]);
    expect(decision.swaps.map(({ sell }) => sell)).to.deep.equal(["quote"]);
    const after = execute(state, decision);
    const { owned, owed, health } = reversalOf(after);
    expectClose(owed, 0.03 * state.nav, 1e-3 * state.nav);
    expectClose(owed / (owned * 2000), 0.6, 1e-9);
    expectClose(health, 0.86 / 0.6, 1e-9);
    const before = decide(state, bearish(0.5), POLICY, HEDGE_ONLY).book.delta;
    expect(before).to.be.lessThan(decision.book.delta);
    expectClose(decision.book.delta, 100 + coreBase(state) + owed / 2000, 0.05);
    // A liquidation lies below.
    expect(texts(decision)).to.match(/Health is 1\.43 then, liquidation at 1395; .* no gain is counted for it/);
  });

  it("goes in steps to a quarter of the core's base or its cap, and comes back when the trend turns", () => {
    let state = vault({ sleeves: both });
    for (let day = 0; day < 6; day++) state = nextDay(state, decide(state, bearish(0), POLICY, ON));
    const { owned, owed } = reversalOf(state);
    expect(owed / 2000).to.be.at.most(0.25 * coreBase(state));
    expect((owned * 2000) / state.nav).to.be.within(0.09, 0.1);
    // Before the conversion grows, which would cost interest twice.
    for (let day = 0; day < 3; day++) {
      expect(debtOf(state).owed).to.equal(0);
      state = nextDay(state, decide(state, bearish(0.4), POLICY, ON));
    }
    expect(reversalOf(state)).to.deep.include({ owned: 0, owed: 0, live: false });
    expect(debtOf(nextDay(state, decide(state, bearish(0.4), POLICY, ON))).owed).to.be.greaterThan(0);
  });

  it("ends what an earlier setting has opened; what the DAO wants no more from the reserve too", () => {
    const open = vault({
      idleQuote: 0,
      sleeves: [CONVERSION, { ...REVERSAL, owned: 25, owed: 30_000 }, { ...RESERVE, owned: 100_000 }],
    });
    // What it had bought is sold again.
    const decision = decide(open, bearish(0), POLICY, HEDGE_ONLY);
    expect(decision.swaps.map(({ sell }) => sell)).to.deep.equal(["base"]);
    expect(decision.sleeveMoves.map(({ sleeve, all }) => [sleeve, all === true])).to.deep.equal([[1, true]]);
    expect(reversalOf(execute(open, decision))).to.deep.include({ owned: 0, owed: 0 });
    // One that the DAO wants no more is closed with what lies idle or is lent, and leaves the exposure as it is.
    const unwanted = {
      ...open,
      sleeves: open.sleeves.map((one) => (one.kind === "reversal" ? { ...one, allowed: false } : one)),
    };
    const closed = decide(unwanted, bearish(0), POLICY, HEDGE_ONLY);
    expect(closed.swaps).to.deep.equal([]);
    expect(closed.sleeveMoves.map(({ sleeve, all }) => [sleeve, all === true])).to.deep.equal([
      [2, false],
      [1, true],
    ]);
  });

  it("against a conversion of the same size is left out on both sides, unless both together earn", () => {
    const ratios = (sleeves: readonly SleeveState[], trend: number): readonly (number | undefined)[] => {
      const view = viewOf(vault({ sleeves }), 2000, bearish(trend), POLICY, ON);
      const wish = wishOf(view)!;
      return [wish.conversion, wish.reversal];
    };
    for (const [trend, conversion, reversed] of [
      [0, 0, 0.25],
      [0.1, 0, 0.125],
      [0.2, 0, 0],
      [0.5, 0.375, 0],
      [1, 1, 0],
    ] as const) {
      const [short, long] = ratios(both, trend);
      expectClose(short, conversion, 1e-12);
      expectClose(long, reversed, 1e-12);
    }
    // The sum is what counts: 3 % and -4 % earn.
    const yields = [CONVERSION, { ...REVERSAL, borrowRate: 0.01, supplyRate: 0.03 }];
    const [short, long] = ratios(yields, 0.5);
    expectClose(short, 0.5, 1e-12);
    expectClose(long, 0.125, 1e-12);
    // Whatever is done, the delta is the same.
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10 }), fc.double({ min: 0, max: 0.1, noNaN: true }), (voices, rate) => {
        const b = voices / 10;
        const [c, r] = ratios([CONVERSION, { ...REVERSAL, supplyRate: rate }], b);
        expectClose(r! - c!, 0.25 * (1 - b) - b, 1e-12);
      }),
    );
    expect(texts(decide(vault({ sleeves: both }), bearish(0.5), POLICY, ON))).to.contain(
      "12.5 % less for a reversal that is not opened",
    );
  });

  it("is brought down for its health when the price falls, from quote, by selling base, or out of the core", () => {
    // 0.86 * 36 * 2000 / 52000 = 1.19.
    const weak = { ...REVERSAL, owned: 36, owed: 52_000 };
    for (const [idleBase, idleQuote] of [
      [100, 200_000],
      [100, 0],
      [0, 0],
    ] as const) {
      const state = vault({ idleBase, idleQuote, sleeves: [weak], memory: { ...RESTED, lastHedge: NOW } });
      const decision = decide(state, bearish(0), POLICY, HEDGE_ONLY);
      expect(texts(decision)).to.contain("The reversal's health is 1.19, under 1.25: its debt is brought down first");
      expectClose(reversalOf(execute(state, decision)).health, 0.86 / 0.6, 0.02);
      expect(decision.burns.length > 0).to.equal(idleBase + idleQuote === 0);
    }
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
    // The hedge takes what it needs in its own plan, and until then it earns.
    const hedged = decide(vault({ idleQuote: 0, idleBase: 0, sleeves: lent }), bearish(1), POLICY);
    expect(hedged.sleeveMoves[0], texts(hedged)).to.deep.include({ sleeve: 2, token: "quote", take: true });
    expect(hedged.sleeveMoves[1], texts(hedged)).to.deep.include({ sleeve: 0, token: "quote", take: false });
    const waiting = decide(
      vault({ idleQuote: 60_000, sleeves: lent, memory: { ...RESTED, lastHedge: NOW } }),
      bearish(1),
      POLICY,
    );
    expect(waiting.sleeveMoves, texts(waiting)).to.deep.equal([]);
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
          long: fc.double({ min: 0, max: 60, noNaN: true }),
          longLtv: fc.double({ min: 0, max: 0.84, noNaN: true }),
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
              { ...REVERSAL, owned: given.long, owed: given.long * given.longLtv * given.price },
              { ...RESERVE, owned: given.lent },
            ],
            budgets: { ...DEFAULT_BUDGETS, turnover: { used: given.used, capacity: 0.18 } },
          });
          const policy: Policy = { ...POLICY, maxPlanLoss: 0.0025 };
          const signals = bearish(given.trend / 10);
          const config = strategyConfig({ rules: { ...strategyConfig().rules, reversal: true } });
          const decision = decide(state, signals, policy, config);
          if (decision.sleeveMoves.length === 0) return;
          acted++;
          const view = viewOf(state, given.price, signals, policy, config);
          const projection = project(view, decision);
          expect(projection.charge).to.be.at.most(0.0025);
          expect(projection.turnover).to.be.at.most(0.18 - given.used + 1e-9);
          // `execute` throws where an amount, a health or a rate would be refused.
          const after = execute(state, decision);
          expect(Math.min(after.idleBase, after.idleQuote)).to.be.greaterThan(-1e-6);
          for (const sleeve of after.sleeves) {
            const before = state.sleeves.find(({ index }) => index === sleeve.index)!;
            expect(Math.min(sleeve.owned, sleeve.owed)).to.be.at.least(0);
            if (!sleeve.allowed) expect(sleeve.owned <= before.owned && sleeve.owed <= before.owed).to.equal(true);
          }
          // Whatever was done, health is no worse than it was, or it is that of an opening step.
          for (const kind of ["conversion", "reversal"] as const) {
            const debt = after.sleeves.find((one) => one.kind === kind)!;
            const was = state.sleeves.find((one) => one.kind === kind)!;
            if (!(debt.owed * (kind === "conversion" ? given.price : 1) > 1e-6)) continue;
            const health = debtHealth({ ...debt, kind }, given.price, 0.86);
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
    const rise = drift(START + 40 * 24 * HOUR, 2000 * Math.exp(-0.7), 80 * 24, 0.9);
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
