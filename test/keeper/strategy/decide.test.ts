import { expect } from "chai";
import fc from "fast-check";

import { canonicalJson } from "../../../keeper/strategy/canonical.ts";
import { DEFAULT_CONFIG, strategyConfig, type StrategyConfig } from "../../../keeper/strategy/config.ts";
import { decide } from "../../../keeper/strategy/decide.ts";
import { value } from "../../../keeper/strategy/liquidity.ts";
import { tickOfPrice } from "../../../keeper/strategy/ticks.ts";
import type { Budget, Decision, Memory, Policy, Signals, VaultState } from "../../../keeper/strategy/types.ts";
import {
  deepFreeze,
  execute,
  FRESH_MEMORY,
  HOUR,
  makeSignals,
  makeState,
  POLICY,
  positionOf,
  SPACING,
  START,
  type RangeSpec,
} from "./world.ts";
import { expectClose } from "../../support/close.ts";
import "../../support/seed.ts";

const NOW = START + 40 * 86_400;
const RESTED: Memory = { ...FRESH_MEMORY, lastRangeShift: NOW - 20 * 86_400 };

/** s = 0.8 asks for a half-width of ln(1 + 1.5 * 0.8 * sqrt(30/365)) / ln(1.0001) = 2,957 ticks; 2,000 is tick -200,311. */
function signals(changes: Readonly<Record<string, number | null>> = {}): Signals {
  return makeSignals({
    realisedVolatility7d: 0.75,
    realisedVolatility30d: 0.8,
    trendEnsemble: 0.5,
    "feePerLiquidity.500": 0.0175,
    "feePerLiquidity.3000": 0.0177,
    "feePerLiquidity.10000": 0.009,
    payRatio: 0.9,
    ...changes,
  });
}

const BASE: RangeSpec = { fee: 3000, tickLower: -203_280, tickUpper: -197_340, value: 600_000 };

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

const texts = (decision: Decision): string => decision.reasons.map((reason) => reason.text).join(" ");
const coreWeight = (state: VaultState): number =>
  state.positions.reduce((sum, position) => sum + value(positionOf(position, state), state.price!), 0) / state.nav;

describe("decide: first deployment", () => {
  const empty = { ranges: [], idleBase: 250, idleQuote: 500_000, memory: FRESH_MEMORY };

  it("puts 60 % of NAV round the price and leaves the rest idle", () => {
    const state = vault(empty);
    const after = execute(state, decide(state, signals(), POLICY));
    expectClose(coreWeight(after), 0.6, 0.001);
    const [position] = after.positions;
    const tick = tickOfPrice(2000, state);
    expectClose((position!.tickLower + position!.tickUpper) / 2, tick, SPACING[position!.fee]!);
    expectClose((position!.tickUpper - position!.tickLower) / 2, 2957, SPACING[position!.fee]!);
  });

  it("stays under a lower cap of the policy", () => {
    const policy: Policy = { ...POLICY, coreWeightCap: 0.3 };
    const state = vault(empty);
    expect(coreWeight(execute(state, decide(state, signals(), policy)))).to.be.within(0.28, 0.3);
  });

  it("makes an order of what is lopsided, and swaps a little when one token is all there is", () => {
    const state = vault({ ...empty, idleBase: 500, idleQuote: 0 });
    const decision = decide(state, signals(), POLICY);
    expect(decision.swaps).to.have.length(1);
    expect(decision.swaps[0]!.sell).to.equal("base");
    expect(decision.swaps[0]!.amount * 2000).to.be.at.most(0.05 * state.nav + 1e-6);
    expect(decision.mints).to.have.length(2);
    expect(decision.mints[1]!.maxQuote).to.equal(0);
    expect(decision.mints[1]!.tickLower).to.be.above(tickOfPrice(2000, state));
    const after = execute(state, decision);
    expectClose(coreWeight(after), 0.6, 0.005);

    const quiet = strategyConfig({ rules: { swap: false } });
    const plain = decide(state, signals(), POLICY, quiet);
    expect(plain.swaps).to.have.length(0);
    expect(plain.mints).to.have.length(1);
    const none = strategyConfig({ rules: { swap: false, oneSidedOrder: false } });
    expect(decide(state, signals(), POLICY, none).actions).to.deep.equal([]);
  });

  it("tilts the centre with the trend, up to a fifth of the half-width", () => {
    const centre = (bearish: number, config?: StrategyConfig): number => {
      const [mint] = decide(vault(empty), signals({ trendEnsemble: bearish }), POLICY, config).mints;
      return (mint!.tickLower + mint!.tickUpper) / 2 - tickOfPrice(2000, vault());
    };
    expectClose(centre(0), 0.2 * 2957, 10);
    expectClose(centre(1), -0.2 * 2957, 10);
    expectClose(centre(0.5), 0, 10);
    expectClose(centre(1, strategyConfig({ rules: { trendTilt: false } })), 0, 10);
  });

  it("works from the first block on: no volatility, no trend, no fees known", () => {
    const decision = decide(vault(empty), {}, POLICY);
    expect(decision.actions).to.deep.equal(["rangeShift"]);
    expectClose((decision.mints[0]!.tickUpper - decision.mints[0]!.tickLower) / 2, 3270, 60);
  });

  it("does not spend more on gas than a small vault earns", () => {
    const state = vault({ ...empty, idleBase: 0.25, idleQuote: 500 });
    const decision = decide(state, signals(), POLICY);
    expect(decision.actions).to.deep.equal([]);
    expect(texts(decision)).to.match(/Not worth it.*short/);
  });

  it("says why when no tier can be used", () => {
    expect(texts(decide(vault(empty), signals(), { ...POLICY, allowedFees: [] }))).to.match(/policy allows none/);
    const away = vault({ ...empty, gaps: { 500: 0.02, 3000: 0.02, 10_000: -0.03 } });
    expect(texts(decide(away, signals(), POLICY))).to.match(/outside the oracle's band/);
  });

  it("stays in the tiers whose spot the chain would accept: the oracle's band widened by the fee", () => {
    const fees = (gap: number): number[] =>
      decide(vault({ ...empty, gaps: { 500: gap, 3000: gap, 10_000: gap } }), signals(), POLICY).mints.map(
        (mint) => mint.fee,
      );
    expect(fees(0.0079)).to.deep.equal([500]);
    expect(fees(0.0081)).to.deep.equal([3000]);
    expect(fees(0.012)).to.deep.equal([10_000]);
    expect(fees(0.019)).to.deep.equal([]);
  });
});

describe("decide: range shift", () => {
  it("waits within the margin and acts beyond it", () => {
    // The lower bound is at 1,486.7; 5 % of the half-width is 1.5 %.
    const at = (price: number): Decision => decide(vault({ price }), signals(), POLICY);
    expect(at(1480).actions).to.deep.equal([]);
    expect(texts(at(1480))).to.match(/outside, within the margin of 5.0 %/);
    expect(at(1460).actions).to.deep.equal(["rangeShift"]);
    expect(at(1460).burns).to.deep.equal([{ index: 0, fraction: 1 }]);
  });

  it("rests for 24 hours", () => {
    const after = (hours: number): Decision =>
      decide(vault({ price: 1300, memory: { ...RESTED, lastRangeShift: NOW - hours * HOUR } }), signals(), POLICY);
    expect(after(23.9).actions).to.deep.equal([]);
    expect(texts(after(23.9))).to.match(/0\.1 h to wait/);
    expect(after(24).actions).to.deep.equal(["rangeShift"]);
    expect(after(24).memory.lastRangeShift).to.equal(NOW);
  });

  it("widens in part when volatility has doubled, for the LVR that it saves", () => {
    const decision = decide(vault(), signals({ realisedVolatility30d: 1.6 }), POLICY);
    expect(decision.actions).to.deep.equal(["rangeShift"]);
    expect(decision.burns).to.deep.equal([{ index: 0, fraction: 0.5 }]);
    expect(decision.expectedGain).to.be.above(0);
    expectClose((decision.mints[0]!.tickUpper - decision.mints[0]!.tickLower) / 2, 5235, 60);
  });

  it("tightens only while fees are measured above LVR", () => {
    const at = (payRatio: number | null): Decision =>
      decide(vault(), signals({ realisedVolatility30d: 0.4, payRatio }), POLICY);
    expect(at(0.9).actions).to.deep.equal([]);
    expect(at(null).actions).to.deep.equal([]);
    expect(texts(at(0.9))).to.match(/tightened only while/);
    expect(at(1.2).actions).to.deep.equal(["rangeShift"]);
    expect(at(1.2).burns).to.deep.equal([{ index: 0, fraction: 0.5 }]);
  });

  it("moves half when a strong trend nears a bound, and not against the trend", () => {
    // 4 % of the half-width above the lower bound.
    const price = 1486.7 * 1.0001 ** (0.04 * 2970);
    const at = (bearish: number): readonly string[] =>
      decide(vault({ price }), signals({ trendEnsemble: bearish }), POLICY).actions;
    expect(at(0.9)).to.deep.equal(["rangeShift"]);
    expect(at(0.7)).to.deep.equal([]);
    expect(at(0.1)).to.deep.equal([]);
  });

  it("uses the idle reserve of the missing token, then an order, and no swap while enough works", () => {
    const state = vault({ price: 1300 });
    const decision = decide(state, signals(), POLICY);
    expect(decision.swaps).to.deep.equal([]);
    expect(decision.mints).to.have.length(2);
    expectClose(decision.mints[0]!.maxQuote, 200_000, 1);
    expect(decision.mints[1]!.maxQuote).to.equal(0);
    const after = execute(state, decision);
    expectClose(coreWeight(after), 0.6, 0.005);
    expect(after.idleBase).to.be.above(0);
  });

  it("swaps at most 5 % of NAV when the missing token is gone, at the cheapest pool", () => {
    const state = vault({ price: 1300, idleBase: 250, idleQuote: 0 });
    const decision = decide(state, signals(), POLICY);
    expect(decision.swaps).to.have.length(1);
    const [swap] = decision.swaps;
    expect(swap).to.include({ fee: 500, sell: "base" });
    expect(swap!.amount * 1300).to.be.within(0.04 * state.nav, 0.05 * state.nav + 1e-6);
    expect(decision.expectedCost).to.be.above(15);
    execute(state, decision);
    expect(decide(state, signals(), POLICY, strategyConfig({ rules: { swap: false } })).swaps).to.deep.equal([]);
  });

  it("does not give up what works for orders alone", () => {
    const price = 1486.7 * 1.0001 ** (0.04 * 2970);
    const state = vault({ price, idleBase: 300, idleQuote: 0 });
    expect(decide(state, signals({ trendEnsemble: 1 }), POLICY).actions).to.deep.equal([]);
  });

  it("is patient with a range left behind while most of the core works", () => {
    const behind = (tickLower: number): VaultState =>
      vault({
        idleQuote: 0,
        ranges: [BASE, { fee: 3000, tickLower, tickUpper: tickLower + 5940, value: 150_000 }],
      });
    const distance = (tickLower: number): number => (tickOfPrice(2000, vault()) - tickLower) / 2970;
    expect(distance(-199_620)).to.be.within(-0.25, -0.05);
    expect(decide(behind(-199_620), signals(), POLICY).actions).to.deep.equal([]);
    expect(texts(decide(behind(-199_020), signals(), POLICY))).to.match(/margin 25\.0 %/);
  });

  it("keeps each tier's part", () => {
    const state = vault({
      price: 1300,
      ranges: [
        { ...BASE, value: 400_000 },
        { ...BASE, fee: 500, value: 200_000 },
      ],
    });
    const decision = decide(state, signals(), POLICY);
    const [first, second] = decision.mints;
    expect([first!.fee, second!.fee]).to.deep.equal([3000, 500]);
    expectClose(first!.maxQuote / second!.maxQuote, 2, 0.05);
  });

  it("scales a plan down when the chain would charge it too much, and holds when too little is left", () => {
    const state = vault({ price: 1300, priceError: 0.02, idleBase: 250, idleQuote: 0 });
    const charged = (maxPlanLoss: number): Decision => decide(state, signals(), { ...POLICY, maxPlanLoss });
    const [whole, cut] = [charged(0.01), charged(0.0001)];
    expect(whole.burns[0]!.fraction).to.equal(1);
    expect(cut.actions).to.deep.equal(["rangeShift"]);
    expect(cut.burns[0]!.fraction).to.be.below(1);
    expect(texts(cut)).to.match(/Cut to \d+ % of its size/);
    const none = charged(0.000_000_1);
    expect(none.actions).to.deep.equal([]);
    expect(texts(none)).to.match(/The chain would charge the plan/);
  });

  it("leaves a full list of positions within its limit", () => {
    const ranges = Array.from({ length: 8 }, (_, i) => ({
      fee: 3000,
      tickLower: -203_280 - 60 * i,
      tickUpper: -197_340 - 60 * i,
      value: 75_000,
    }));
    const state = vault({ ranges });
    const decision = decide(state, signals({ realisedVolatility30d: 1.6 }), POLICY);
    expect(execute(state, decision).positions.length).to.be.at.most(8);
  });
});

describe("decide: fee-tier move", () => {
  const paying = { "feePerLiquidity.500": 0.0275, payRatio: 1 };
  const since = (hours: number, fee = 500): VaultState =>
    vault({ memory: { ...RESTED, tierSignalSince: NOW - hours * HOUR, tierSignalFee: fee } });

  it("moves a third after a day of better pay, never more than was burned", () => {
    const state = since(24);
    const decision = decide(state, signals(paying), POLICY);
    expect(decision.actions).to.deep.equal(["feeTierMove"]);
    expect(decision.burns).to.deep.equal([{ index: 0, fraction: 1 / 3 }]);
    const after = execute(state, decision);
    expectClose(coreWeight(after), coreWeight(state), 1e-6);
    expect(decision.memory).to.deep.include({ lastTierMove: NOW, tierSignalSince: null, tierSignalFee: null });
  });

  it("starts, keeps and drops its watch", () => {
    const memory = (state: VaultState, changes = {}): Partial<Memory> => decide(state, signals(changes), POLICY).memory;
    expect(memory(vault(), paying)).to.include({ tierSignalSince: NOW, tierSignalFee: 500 });
    expect(memory(since(10), paying)).to.include({ tierSignalSince: NOW - 10 * HOUR, tierSignalFee: 500 });
    expect(memory(since(10, 10_000), paying)).to.include({ tierSignalSince: NOW, tierSignalFee: 500 });
    expect(memory(since(10))).to.include({ tierSignalSince: null, tierSignalFee: null });
    expect(memory(since(10), { ...paying, "feePerLiquidity.500": null })).to.include({ tierSignalSince: null });
  });

  it("waits for the day and for the cooldown", () => {
    expect(texts(decide(since(23), signals(paying), POLICY))).to.match(/for 23\.0 h of the 24 h/);
    const recent = { ...since(30), memory: { ...since(30).memory, lastTierMove: NOW - 47 * HOUR } };
    expect(decide(recent, signals(paying), POLICY).actions).to.deep.equal([]);
    expect(texts(decide(recent, signals(paying), POLICY))).to.match(/1\.0 h to wait/);
  });

  it("counts our own dilution: a tier too thin for us does not lure", () => {
    const thin = makeState({
      time: NOW,
      price: 2000,
      idleBase: 100,
      idleQuote: 200_000,
      ranges: [BASE],
      memory: { ...RESTED, tierSignalSince: NOW - 30 * HOUR, tierSignalFee: 500 },
      liquidity: { 500: 10_000, 3000: 2e6, 10_000: 2e5 },
    });
    expect(decide(thin, signals(paying), POLICY).actions).to.deep.equal([]);
  });

  it("leaves alone a tier that the policy does not allow", () => {
    const policy = { ...POLICY, allowedFees: [3000, 10_000] };
    expect(decide(since(30), signals(paying), policy).actions).to.deep.equal([]);
  });

  it("fills the same range there again instead of a new one beside it", () => {
    const state = vault({
      ranges: [
        { ...BASE, value: 400_000 },
        { fee: 500, tickLower: -203_310, tickUpper: -197_370, value: 200_000 },
      ],
      memory: { ...RESTED, tierSignalSince: NOW - 30 * HOUR, tierSignalFee: 500 },
    });
    const [mint] = decide(state, signals(paying), POLICY).mints;
    expect(mint).to.include({ fee: 500, tickLower: -203_310, tickUpper: -197_370 });
  });
});

describe("decide: compounding", () => {
  const deposit = {
    idleBase: 125,
    idleQuote: 245_000,
    ranges: [{ ...BASE, value: 500_000, feesBase: 1.2, feesQuote: 2600 }],
  };

  it("collects and fills the range at work up to the target", () => {
    const state = vault(deposit);
    const decision = decide(state, signals(), POLICY);
    expect(decision.actions).to.deep.equal(["compound"]);
    expect(decision.burns).to.deep.equal([{ index: 0, fraction: 0 }]);
    const after = execute(state, decision);
    expect(after.positions).to.have.length(1);
    expectClose(coreWeight(after), 0.6, 1e-4);
  });

  it("waits for a band, a cooldown and ten times the gas", () => {
    const near = vault({ ...deposit, ranges: [{ ...BASE, value: 560_000 }], idleBase: 110, idleQuote: 220_000 });
    expect(texts(decide(near, signals(), POLICY))).to.match(/under its target/);
    const recent = vault({ ...deposit, memory: { ...RESTED, lastCompound: NOW - 20 * HOUR } });
    expect(texts(decide(recent, signals(), POLICY))).to.match(/4\.0 h to wait/);
    const lopsided = vault({ ...deposit, idleBase: 400, idleQuote: 0, ranges: [{ ...BASE, value: 500_000 }] });
    expect(decide(lopsided, signals(), POLICY).actions).to.deep.equal([]);
    expect(texts(decide(lopsided, signals(), POLICY))).to.match(/150\.?0* are asked|150 are asked/);
  });
});

describe("decide: when not to", () => {
  it("holds without a price, and says so", () => {
    const state = { ...vault({ price: 1300 }), price: null };
    const decision = decide(state, signals(), POLICY);
    expect(decision.actions).to.deep.equal([]);
    expect(decision.memory).to.deep.equal(state.memory);
    expect(texts(decision)).to.match(/oracle/i);
    expect(decide({ ...state, tiers: [] }, signals(), POLICY).book).to.deep.equal({ delta: 0, gamma: 0, vega: 0 });
  });

  it("holds on an empty vault", () => {
    const state = makeState({ price: 2000, idleBase: 0, idleQuote: 0 });
    expect(texts(decide({ ...state, shareSupply: 0 }, signals(), POLICY))).to.match(/empty/);
  });

  it("names every rule on a hold", () => {
    const decision = decide(vault(), signals(), POLICY);
    expect(decision.actions).to.deep.equal([]);
    expect(decision.reasons.map((reason) => reason.rule)).to.deep.equal([
      "rangeShift",
      "feeTierMove",
      "compound",
      "settle",
      "feeChange",
    ]);
  });

  it("reports the book's Greeks: delta is the base held", () => {
    const state = vault();
    const { book } = decide(state, signals(), POLICY);
    expectClose(book.delta, state.idleBase + state.positions[0]!.base, 1e-6);
    expect(book.gamma).to.be.below(0);
    expect(book.vega).to.be.below(0);
  });

  it("has an off switch for every rule", () => {
    const acting: readonly [keyof StrategyConfig["rules"], VaultState, Signals][] = [
      ["deploy", vault({ ranges: [], idleBase: 250, idleQuote: 500_000 }), signals()],
      ["rangeShift", vault({ price: 1300 }), signals()],
      [
        "feeTierMove",
        vault({ memory: { ...RESTED, tierSignalSince: NOW - 30 * HOUR, tierSignalFee: 500 } }),
        signals({ "feePerLiquidity.500": 0.0275 }),
      ],
      ["compound", vault({ idleBase: 200, idleQuote: 400_000 }), signals()],
    ];
    for (const [rule, state, seen] of acting) {
      expect(decide(state, seen, POLICY).actions, rule).to.have.length(1);
      const off = decide(state, seen, POLICY, strategyConfig({ rules: { [rule]: false } }));
      expect(off.actions, rule).to.deep.equal([]);
      expect(texts(off), rule).to.match(/switched off/);
    }
  });
});

describe("decide: properties", () => {
  // Evenly spread, unlike fc.double, which draws mostly numbers next to zero; the ends come often.
  const double = (min: number, max: number): fc.Arbitrary<number> =>
    fc.integer({ min: 0, max: 1_000_000 }).map((part) => min + ((max - min) * part) / 1_000_000);
  const maybe = (min: number, max: number): fc.Arbitrary<number | null> => fc.option(double(min, max));
  const budget = (most: number): fc.Arbitrary<Budget> =>
    fc
      .record({ capacity: double(0, most), full: double(0, 1.2) })
      .map(({ capacity, full }) => ({ used: capacity * full, capacity }));
  const maybeTime = fc.option(fc.integer({ min: NOW - 60 * 86_400, max: NOW }));

  const anyRange = fc
    .record({
      fee: fc.constantFrom(500, 3000, 10_000),
      centre: double(-8000, 8000),
      halfWidth: double(300, 14_000),
      value: double(1, 1e6),
      feesBase: double(0, 20),
      feesQuote: double(0, 20_000),
    })
    .map(({ fee, centre, halfWidth, ...rest }): Omit<RangeSpec, never> => {
      const spacing = SPACING[fee]!;
      const tickLower = Math.round((centre - halfWidth) / spacing) * spacing;
      const tickUpper = Math.max(Math.round((centre + halfWidth) / spacing) * spacing, tickLower + spacing);
      return { fee, tickLower, tickUpper, ...rest };
    });

  const anyCase = fc
    .record({
      price: double(Math.log(0.01), Math.log(1e5)).map(Math.exp),
      decimals: fc.constantFrom(
        { baseDecimals: 18, quoteDecimals: 6 },
        { baseDecimals: 18, quoteDecimals: 18 },
        { baseDecimals: 8, quoteDecimals: 18 },
        { baseDecimals: 6, quoteDecimals: 18 },
      ),
      idleBaseValue: double(0, 1e6),
      idleQuote: double(0, 1e6),
      ranges: fc.uniqueArray(anyRange, {
        maxLength: 8,
        selector: (range) => `${range.fee}/${range.tickLower}/${range.tickUpper}`,
      }),
      depth: fc.tuple(double(0, 1e7), double(0, 1e7), double(0, 1e7)),
      gaps: fc.tuple(double(-0.012, 0.012), double(-0.012, 0.012), double(-0.02, 0.02)),
      priceError: double(0.0025, 0.03),
      memory: fc.record({
        lastRangeShift: maybeTime,
        lastTierMove: maybeTime,
        lastCompound: maybeTime,
        tierSignalSince: maybeTime,
        tierSignalFee: fc.option(fc.constantFrom(500, 3000, 10_000)),
        lastFeeChange: maybeTime,
        lastHedge: maybeTime,
        drained: fc.boolean(),
        lastReserveMove: maybeTime,
      }),
      // Value left behind each of 1,000 shares: around what vaults here hold, or nothing.
      left: fc.oneof(fc.constant(null), fc.record({ base: double(0, 1), quote: double(0, 1000) })),
      signals: fc.record({
        realisedVolatility7d: maybe(0, 4),
        realisedVolatility30d: maybe(0, 4),
        trendEnsemble: maybe(0, 1),
        "feePerLiquidity.500": maybe(0, 5),
        "feePerLiquidity.3000": maybe(0, 5),
        "feePerLiquidity.10000": maybe(0, 5),
        payRatio: maybe(0, 5),
      }),
      policy: fc.record({
        allowedFees: fc.subarray([500, 3000, 10_000]),
        maxPlanLoss: double(0, 0.01),
        coreWeightCap: double(0, 1),
        minHalfWidth: fc.integer({ min: 1, max: 3000 }),
        maxHalfWidth: fc.integer({ min: 3000, max: 50_000 }),
        maxPositions: fc.constant(8),
        refill: fc.record({ loss: double(0, 0.01), turnover: double(0, 0.5), churn: double(0, 0.05) }),
        lvrLimit: double(0.0001, 0.02),
        volatilityFloor: double(0.1, 1),
        pausedUntil: fc.constantFrom(0, 0, 0, NOW, NOW + 1),
        maxEntryFee: double(0, 0.005),
        maxExitFee: double(0, 0.005),
      }),
      budgets: fc.record({
        loss: budget(0.01),
        turnover: budget(1),
        churn: budget(0.1),
      }),
      oracleVolatility: double(0, 2),
      entryFee: double(0, 0.005),
      exitFee: double(0, 0.005),
      gas: double(0, 50),
    })
    .map(({ price, decimals, ranges, idleBaseValue, depth, gaps, ...given }) => {
      // Ranges are drawn round tick 0; they are moved to the price here, on their grids.
      const tick = tickOfPrice(price, decimals);
      const moved = ranges.map((range) => {
        const shift = Math.round(tick / SPACING[range.fee]!) * SPACING[range.fee]!;
        return {
          ...range,
          feesBase: (range.feesBase! * 2000) / price,
          tickLower: range.tickLower + shift,
          tickUpper: range.tickUpper + shift,
        };
      });
      const state = makeState({
        time: NOW,
        price,
        decimals,
        idleBase: idleBaseValue / price,
        idleQuote: given.idleQuote,
        ranges: moved,
        // sqrt(price) scales liquidity as value does.
        liquidity: {
          500: (depth[0] * 45) / Math.sqrt(price),
          3000: (depth[1] * 45) / Math.sqrt(price),
          10_000: (depth[2] * 45) / Math.sqrt(price),
        },
        gaps: { 500: gaps[0], 3000: gaps[1], 10_000: gaps[2] },
        priceError: given.priceError,
        memory: given.memory,
        left:
          given.left === null
            ? { base: 0, quote: 0 }
            : { base: (given.left.base * 1000) / price, quote: given.left.quote },
        budgets: given.budgets,
        oracleVolatility: given.oracleVolatility,
        entryFee: given.entryFee,
        exitFee: given.exitFee,
      });
      const config: StrategyConfig = { ...DEFAULT_CONFIG, cost: { ...DEFAULT_CONFIG.cost, gas: given.gas } };
      return { state, signals: makeSignals(given.signals), policy: given.policy, config };
    });

  function lossAtEnds(state: VaultState, decision: Decision, after: VaultState): { loss: number; navLow: number } {
    // What was in hand before swaps is what the executor would hold with burns alone.
    const burned = execute(state, { ...decision, swaps: [], mints: [] });
    const worth = (world: VaultState, price: number): number => {
      let sum = world.idleBase * price + world.idleQuote;
      for (const position of world.positions) sum += value(positionOf(position, world), price);
      return sum;
    };
    const [low, high] = [state.price! * (1 - state.priceError), state.price! * (1 + state.priceError)];
    const loss = Math.max(0, ...[low, high].map((price) => worth(burned, price) - worth(after, price)));
    return { loss, navLow: worth(after, low) };
  }

  /** As the chain charges: the loss and the turnover fit into what is left, and only the greatest width is minted while churn is spent. */
  function checkBudgets(
    state: VaultState,
    policy: Policy,
    decision: Decision,
    after: VaultState,
    loss: number,
    navLow: number,
  ): void {
    const { budgets } = state;
    const price = state.price!;
    const left = (budget: Budget): number => Math.max(budget.capacity - budget.used, 0);
    expect(loss).to.be.at.most(left(budgets.loss) + 1e-9);
    const flows = new Map<number, number>();
    for (const [sign, world] of [
      [-1, state],
      [1, after],
    ] as const) {
      for (const position of world.positions) {
        const worth = position.base * price + position.quote;
        flows.set(position.fee, (flows.get(position.fee) ?? 0) + sign * worth);
      }
    }
    const sum = (sign: number): number => [...flows.values()].reduce((all, one) => all + Math.max(sign * one, 0), 0);
    const sold = decision.swaps.reduce((all, swap) => all + swap.amount * (swap.sell === "base" ? price : 1), 0);
    expect((sold + Math.min(sum(1), sum(-1))) / navLow).to.be.at.most(left(budgets.turnover) * (1 + 1e-6) + 2e-9);
    // What is in hand and in ranges at the price, fees of untouched ranges aside: the least that the chain can see.
    const burned = execute(state, { ...decision, swaps: [], mints: [] });
    let now = burned.idleBase * price + burned.idleQuote;
    for (const position of burned.positions) now += value(positionOf(position, burned), price);
    const kept = (state.left.base * price + state.left.quote) * state.shareSupply;
    const churn = budgets.churn.used + Math.max(kept - now, 0) / now;
    if (churn >= budgets.churn.capacity) {
      for (const mint of decision.mints) {
        const least = 2 * policy.maxHalfWidth - 2 * SPACING[mint.fee]!;
        expect(mint.tickUpper - mint.tickLower).to.be.at.least(least);
      }
    }
    const volatility = Math.max(policy.volatilityFloor, state.oracleVolatility);
    const high = price * (1 + state.priceError);
    const lvr = (world: VaultState): number =>
      world.positions.reduce((all, one) => {
        const { liquidity, lower, upper } = positionOf(one, world);
        return all + liquidity * Math.sqrt(Math.min(Math.max(high, lower), upper));
      }, 0) *
      (volatility ** 2 / 4 / 365);
    if (decision.mints.length > 0 && lvr(after) > policy.lvrLimit * navLow) {
      expect(lvr(after)).to.be.at.most(lvr(state) * (1 + 1e-9));
    }
  }

  it("never breaks the policy, never spends what is not there, never costs more than it says", () => {
    let acted = 0;
    fc.assert(
      fc.property(anyCase, ({ state, signals: seen, policy, config }) => {
        const decision = decide(state, seen, policy, config);
        if (decision.actions.length === 0) {
          expect(decision.burns.length + decision.swaps.length + decision.mints.length).to.equal(0);
          expect(decision.fees).to.equal(null);
          return;
        }
        expect(state.time).to.be.at.least(policy.pausedUntil);
        if (decision.fees !== null) {
          expect(decision.actions).to.deep.equal(["feeChange"]);
          expect(decision.burns.length + decision.swaps.length + decision.mints.length).to.equal(0);
          expect(decision.fees.entryBps).to.be.within(0, Math.round(policy.maxEntryFee * 10_000));
          expect(decision.fees.exitBps).to.be.within(0, Math.round(policy.maxExitFee * 10_000));
          expect(Number.isInteger(decision.fees.entryBps) && Number.isInteger(decision.fees.exitBps)).to.equal(true);
          return;
        }
        if (decision.actions[0] === "settle") {
          expect(decision.burns.map(({ fraction }) => fraction)).to.deep.equal(decision.burns.map(() => 0));
          expect(decision.swaps.length + decision.mints.length).to.equal(0);
          return;
        }
        acted++;
        expect(decision.expectedGain).to.be.above(decision.expectedCost);

        const hand = { base: state.idleBase, quote: state.idleQuote };
        for (const burn of decision.burns) {
          const position = state.positions[burn.index]!;
          hand.base += position.base * burn.fraction + position.feesBase;
          hand.quote += position.quote * burn.fraction + position.feesQuote;
        }
        for (const swap of decision.swaps) {
          const sold = swap.sell === "base" ? swap.amount * state.price! : swap.amount;
          expect(sold).to.be.at.most(config.swap.max * state.nav * (1 + 1e-9));
          expect(swap.amount).to.be.at.most(swap.sell === "base" ? hand.base : hand.quote);
          expect(policy.allowedFees).to.include(swap.fee);
        }
        if (decision.swaps.length === 0) {
          const sum = (of: "maxBase" | "maxQuote"): number =>
            decision.mints.reduce((total, mint) => total + mint[of], 0);
          expect(sum("maxBase")).to.be.at.most(hand.base * (1 + 1e-12));
          expect(sum("maxQuote")).to.be.at.most(hand.quote * (1 + 1e-12));
        }
        for (const mint of decision.mints) {
          expect(policy.allowedFees).to.include(mint.fee);
          const spacing = SPACING[mint.fee]!;
          expect(Math.abs(mint.tickLower % spacing) + Math.abs(mint.tickUpper % spacing)).to.equal(0);
          expect((mint.tickUpper - mint.tickLower) / 2).to.be.within(policy.minHalfWidth, policy.maxHalfWidth);
          const spot = state.tiers.find((tier) => tier.fee === mint.fee)!.price / state.price!;
          const fee = mint.fee / 1e6;
          expect(spot).to.be.within((1 - state.priceError) * (1 - fee), (1 + state.priceError) * (1 + fee));
        }

        const after = execute(state, decision);
        expect(after.positions.length).to.be.at.most(policy.maxPositions);
        expect(after.idleBase).to.be.at.least(0);
        expect(after.idleQuote).to.be.at.least(0);
        const { loss, navLow } = lossAtEnds(state, decision, after);
        expect(loss / navLow).to.be.at.most(0.8 * policy.maxPlanLoss * (1 + 1e-6) + 1e-12);
        checkBudgets(state, policy, decision, after, loss / navLow, navLow);
        const core = (world: VaultState): number => coreWeight({ ...world, nav: 1 });
        // Fees that become principal may raise the core; above the cap it may never grow.
        if (core(after) > policy.coreWeightCap * after.nav * (1 + 1e-9)) {
          expect(core(after)).to.be.at.most(core(state) * (1 + 1e-9));
        }
      }),
      { numRuns: 1_200 },
    );
    expect(acted).to.be.above(60);
  });

  it("is deterministic, leaves its inputs alone, and can always be written down", () => {
    fc.assert(
      fc.property(anyCase, ({ state, signals: seen, policy, config }) => {
        const first = decide(state, seen, policy, config);
        const frozen = deepFreeze(structuredClone({ state, seen, policy, config }));
        const second = decide(frozen.state, frozen.seen, frozen.policy, frozen.config);
        expect(canonicalJson(second)).to.equal(canonicalJson(first));
      }),
      { numRuns: 150 },
    );
  });
});
