import { expect } from "chai";

import { DEFAULT_CONFIG, strategyConfig } from "../../../keeper/strategy/config.ts";
import { decide } from "../../../keeper/strategy/decide.ts";
import { value } from "../../../keeper/strategy/liquidity.ts";
import { greatestWeight, leastHalfWidth } from "../../../keeper/strategy/range.ts";
import type { Budgets, Decision, Policy, VaultState } from "../../../keeper/strategy/types.ts";
import { expectClose } from "../../support/close.ts";
import { execute, FRESH_MEMORY, HOUR, makeSignals, makeState, NO_BUDGETS, POLICY, positionOf, START } from "./world.ts";

const NOW = START + 40 * 86_400;
const RESTED = { ...FRESH_MEMORY, lastRangeShift: NOW - 20 * 86_400 };
const BASE = { fee: 3000, tickLower: -203_280, tickUpper: -197_340, value: 600_000 };
const SIGNALS = makeSignals({
  realisedVolatility7d: 0.75,
  realisedVolatility30d: 0.8,
  trendEnsemble: 0.5,
  "feePerLiquidity.500": 0.0275,
  "feePerLiquidity.3000": 0.0177,
  "feePerLiquidity.10000": 0.009,
  payRatio: 0.9,
});

function vault(changes: Partial<Parameters<typeof makeState>[0]> = {}): VaultState {
  return makeState({
    time: NOW,
    price: 2000,
    idleBase: 100,
    idleQuote: 200_000,
    ranges: [BASE],
    memory: RESTED,
    ...changes,
  });
}

const budgets = (changes: Partial<Budgets>): Budgets => ({ ...NO_BUDGETS, ...changes });
const texts = (decision: Decision): string => decision.reasons.map(({ text }) => text).join(" ");
const rules = (decision: Decision): readonly string[] => decision.reasons.map(({ rule }) => rule);
/** The 0.05 % tier has paid better for long enough. */
const lured = { memory: { ...RESTED, tierSignalSince: NOW - 30 * HOUR, tierSignalFee: 500 } };

describe("the strategy inside the keeper's budgets", () => {
  it("moves so much of a tier's range as the turnover budget has left, and says so", () => {
    const at = (used: number): Decision =>
      decide(vault({ ...lured, budgets: budgets({ turnover: { used, capacity: 0.18 } }) }), SIGNALS, POLICY);
    const moved = (used: number): number => at(used).burns[0]!.fraction * 0.6;
    expect(moved(0)).to.be.within(0.15, 0.18);
    expect(moved(0.06)).to.be.within(0.1, 0.12);
    expect(texts(at(0.06))).to.match(
      /Cut to \d+ % of its size: the turnover budget has 1200\.0 bps of 1800\.0 bps left/,
    );
    const policy: Policy = { ...POLICY, refill: { ...POLICY.refill, turnover: 0.06 } };
    const spent = decide(
      vault({ ...lured, budgets: budgets({ turnover: { used: 0.18, capacity: 0.18 } }) }),
      SIGNALS,
      policy,
    );
    expect(spent.actions).to.deep.equal([]);
    expect(texts(spent)).to.match(/turnover budget, which has 0\.0 bps .* not worth sending\. Enough comes back in \d/);
  });

  it("cuts a plan to what is left of the loss budget", () => {
    const at = (left: number): Decision =>
      decide(
        vault({
          price: 1300,
          priceError: 0.02,
          idleBase: 250,
          idleQuote: 0,
          budgets: budgets({ loss: { used: 0, capacity: left } }),
        }),
        SIGNALS,
        { ...POLICY, maxPlanLoss: 0.01 },
      );
    expect(at(0.01).burns[0]!.fraction).to.equal(1);
    expect(at(0.0001).burns[0]!.fraction).to.be.below(1);
    expect(texts(at(0.0001))).to.match(/the loss budget has 1\.0 bps of 1\.0 bps left/);
    expect(at(0).actions).to.deep.equal([]);
  });

  it("lays ranges out so wide, and puts so little into them, that the arbitrage limit holds", () => {
    // h = -2 ln(1 - w s^2 / (8 * 365 * limit)).
    expectClose(leastHalfWidth(0.6, 1, 0.004), (-2 * Math.log(1 - 0.6 / (8 * 365 * 0.004))) / Math.log(1.0001), 1e-6);
    expectClose(greatestWeight(leastHalfWidth(0.6, 1, 0.004), 1, 0.004), 0.6, 1e-9);
    expect(leastHalfWidth(0.6, 5, 0.004)).to.equal(Number.POSITIVE_INFINITY);

    const empty = { ranges: [], idleBase: 250, idleQuote: 500_000, memory: FRESH_MEMORY };
    const at = (oracleVolatility: number): { decision: Decision; core: number; half: number } => {
      const state = vault({ ...empty, oracleVolatility });
      const decision = decide(state, SIGNALS, { ...POLICY, lvrLimit: 0.004, maxHalfWidth: 20_000 });
      const after = execute(state, decision);
      const core = after.positions.reduce((sum, p) => sum + value(positionOf(p, after), 2000), 0) / after.nav;
      const [mint] = decision.mints;
      return { decision, core, half: (mint!.tickUpper - mint!.tickLower) / 2 };
    };
    expectClose(at(0.8).half, 2957, 60);
    const wide = at(2.5);
    expect(wide.half).to.be.above(7_000);
    expectClose(wide.core, 0.6, 0.02);
    expect(texts(wide.decision)).to.match(
      /limit of 40\.0 bps a day asks for a half-width of \d+ ticks instead of 2957/,
    );
    const little = at(6);
    expectClose(little.half, 20_000, 60);
    expect(little.core).to.be.below(0.25);
    expect(texts(little.decision)).to.match(/the core is cut from 60\.0 % to/);
  });

  it("mints only the greatest width while the churn budget is spent, and neither moves a tier nor compounds", () => {
    const full = budgets({ churn: { used: 0.03, capacity: 0.02 } });
    const left = decide(vault({ price: 1300, budgets: full }), SIGNALS, POLICY);
    expect(left.actions).to.deep.equal(["rangeShift"]);
    for (const mint of left.mints) {
      expectClose(mint.tickUpper - mint.tickLower, 2 * POLICY.maxHalfWidth, 200);
    }
    expect(rules(left)).to.include("churnBudget");
    expect(texts(left)).to.match(/only the greatest width may be minted/);
    const tier = decide(vault({ ...lured, budgets: full }), SIGNALS, POLICY);
    expect(tier.actions).to.deep.equal([]);
    expect(texts(tier)).to.match(/its range may not be minted anew for now/);
    const idle = { idleBase: 200, idleQuote: 400_000, ranges: [{ ...BASE, feesQuote: 2_000 }] };
    expect(decide(vault(idle), makeSignals({ realisedVolatility30d: 0.8 }), POLICY).actions).to.deep.equal([
      "compound",
    ]);
    expect(
      decide(vault({ ...idle, budgets: full }), makeSignals({ realisedVolatility30d: 0.8 }), POLICY).actions,
    ).to.deep.equal([]);
  });

  it("lays forced ranges out anew once the churn budget has drained to half", () => {
    const ranges = [{ fee: 3000, tickLower: -212_280, tickUpper: -188_340, value: 600_000 }];
    const policy = { ...POLICY, maxHalfWidth: 11_970 };
    const at = (used: number): Decision =>
      decide(vault({ ranges, budgets: budgets({ churn: { used, capacity: 0.02 } }) }), SIGNALS, policy);
    expect(at(0.015).actions).not.to.include("rangeShift");
    expect(at(0.009).actions).to.deep.equal(["rangeShift"]);
    expect(texts(at(0.009))).to.match(/as the churn budget forced it to/);
  });

  it("settles what ranges have lost, in small parts, and collects every fee with it", () => {
    const state = vault({ ranges: [{ ...BASE, feesQuote: 500 }] });
    const worth = state.nav / state.shareSupply;
    const behind = (part: number): VaultState => ({ ...state, left: { base: 0, quote: worth * (1 + part) } });
    const quiet = makeSignals({ realisedVolatility30d: 0.8 });
    expect(decide(behind(0.002), quiet, POLICY).actions).to.deep.equal([]);
    const settled = decide(behind(0.004), quiet, POLICY);
    expect(settled.actions).to.deep.equal(["settle"]);
    expect(settled.burns).to.deep.equal([{ index: 0, fraction: 0 }]);
    expect(settled.mints).to.deep.equal([]);
    expect(texts(settled)).to.match(/fallen 40\.0 bps of NAV behind holding/);
    const off = strategyConfig({ rules: { settle: false } });
    expect(decide(behind(0.004), quiet, POLICY, off).actions).to.deep.equal([]);
  });

  it("counts what the last plan left: a fall since then spends the budget before it is charged", () => {
    const state = vault({ price: 1300, budgets: budgets({ churn: { used: 0, capacity: 0.02 } }) });
    const held = (part: number): VaultState => ({
      ...state,
      left: { base: 0, quote: (state.nav / state.shareSupply) * (1 + part) },
    });
    expect(rules(decide(held(0.015), SIGNALS, POLICY))).not.to.include("churnBudget");
    expect(rules(decide(held(0.025), SIGNALS, POLICY))).to.include("churnBudget");
  });

  it("plans nothing while paused, and says until when", () => {
    const policy = { ...POLICY, pausedUntil: NOW + HOUR };
    const decision = decide(vault({ price: 1300 }), SIGNALS, policy);
    expect(decision.actions).to.deep.equal([]);
    expect(texts(decision)).to.equal("The vault is paused until 2020-04-10T01:00Z.");
    expect(decide(vault({ price: 1300 }), SIGNALS, { ...policy, pausedUntil: NOW }).actions).to.deep.equal([
      "rangeShift",
    ]);
  });
});

describe("entry and exit fees", () => {
  const policy = { ...POLICY, maxEntryFee: 0.003, maxExitFee: 0.001 };
  const quiet = (week: number | null): ReturnType<typeof makeSignals> =>
    makeSignals({ realisedVolatility7d: week, realisedVolatility30d: week });

  it("are half of the ranges' expected LVR of a day each, in whole basis points, inside their caps", () => {
    const at = (volatility: number): Decision["fees"] =>
      decide(vault(), makeSignals({ realisedVolatility7d: volatility, realisedVolatility30d: 0.8 }), policy).fees;
    // L sqrt(P) = 600,000 / (2 (1 - e^(-h/2))), h = 0.297; times s^2 / 4 / 365 a day, half of it, over a million.
    const half = (s: number): number =>
      (((600_000 / (2 * (1 - Math.exp(-0.297 / 2)))) * s * s) / 4 / 365 / 2 / 1e6) * 1e4;
    expect(at(0.8)).to.deep.equal({ entryBps: Math.round(half(0.8)), exitBps: Math.round(half(0.8)) });
    expect(at(1.2)).to.deep.equal({ entryBps: Math.round(half(1.2)), exitBps: 10 });
    expect(at(3)).to.deep.equal({ entryBps: 30, exitBps: 10 });
  });

  it("stay while they are nearly right, were changed lately, or volatility is unknown", () => {
    const fees = (changes: Parameters<typeof vault>[0], week: number | null = 0.8): Decision["fees"] =>
      decide(vault(changes), quiet(week), policy).fees;
    expect(fees({ entryFee: 0.0006, exitFee: 0.0006 })).to.equal(null);
    expect(fees({ entryFee: 0.0002, exitFee: 0.0002 })).not.to.equal(null);
    expect(fees({ announcedFees: { entry: 0.0005, exit: 0.0005 } })).to.equal(null);
    expect(fees({ memory: { ...RESTED, lastFeeChange: NOW - 24 * HOUR } })).to.equal(null);
    expect(fees({ memory: { ...RESTED, lastFeeChange: NOW - 25 * HOUR } })).not.to.equal(null);
    expect(fees({}, null)).to.equal(null);
    expect(decide(vault(), quiet(0.8), policy, strategyConfig({ rules: { feeChange: false } })).fees).to.equal(null);
  });

  it("come down at once when the policy's cap has been lowered under them", () => {
    const state = vault({ entryFee: 0.0011, exitFee: 0.0011, memory: { ...RESTED, lastFeeChange: NOW - HOUR } });
    const decision = decide(state, quiet(1.2), policy);
    expect(decision.actions).to.deep.equal(["feeChange"]);
    expect(decision.fees!.exitBps).to.equal(10);
    expect(decision.memory.lastFeeChange).to.equal(NOW);
  });

  it("wait while there is something to plan", () => {
    const decision = decide(vault({ price: 1300 }), SIGNALS, policy);
    expect([decision.actions, decision.fees]).to.deep.equal([["rangeShift"], null]);
    expect(DEFAULT_CONFIG.lpFees.cooldownHours).to.be.above(24);
  });
});
