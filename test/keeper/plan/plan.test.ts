import { expect } from "chai";
import fc from "fast-check";

import { getAmountsForLiquidity } from "../../../keeper/chain/liquidityAmounts.ts";
import { orientedSpotTick, sqrtPriceX96FromPrice, toPoolRange } from "../../../keeper/chain/prices.ts";
import { getSqrtRatioAtTick, getTickAtSqrtRatio } from "../../../keeper/chain/tickMath.ts";
import type { PositionView, Snapshot } from "../../../keeper/observe/snapshot.ts";
import { toState } from "../../../keeper/observe/toState.ts";
import { PlanModel, sqrtPriceOf } from "../../../keeper/plan/model.ts";
import { makePlan } from "../../../keeper/plan/plan.ts";
import { ONE, PlanError } from "../../../keeper/plan/types.ts";
import type { Decision } from "../../../keeper/strategy/types.ts";
import { expectClose } from "../../support/close.ts";
import { around, decisionOf, NO_MEMORY } from "../rig.ts";
import "../../support/seed.ts";

const HASH = `0x${"ab".repeat(32)}`;
const OPTIONS = { tolerance: 0.005, lifetime: 600, decisionHash: HASH };

interface Shape {
  readonly quoteIsToken0: boolean;
  readonly baseDecimals: number;
  readonly quoteDecimals: number;
  readonly price: number;
  readonly idleBase: number;
  readonly idleQuote: number;
  /** Half-widths in ticks and raw liquidity as a power of ten. */
  readonly positions: readonly { readonly half: number; readonly offset: number; readonly power: number }[];
}

/** A snapshot as the lens would give it, without a chain. */
function snapshotOf(shape: Shape): Snapshot {
  const sqrtPriceX96 = sqrtPriceX96FromPrice(shape.price, shape);
  const spot = orientedSpotTick(sqrtPriceX96, shape);
  const wei = (units: number, decimals: number): bigint =>
    BigInt(Math.floor(units * 1e6)) * 10n ** BigInt(decimals - 6);
  const base = wei(shape.idleBase, shape.baseDecimals);
  const quote = wei(shape.idleQuote, shape.quoteDecimals);
  const [idle0, idle1] = shape.quoteIsToken0 ? [quote, base] : [base, quote];
  const mid = shape.quoteIsToken0 ? (1n << 288n) / (sqrtPriceX96 * sqrtPriceX96) : (sqrtPriceX96 * sqrtPriceX96) >> 96n;
  const positions = shape.positions.map<PositionView>(({ half, offset, power }, index) => {
    const centre = Math.round((spot + offset) / 60) * 60;
    const range = toPoolRange({ tickLower: centre - half * 60, tickUpper: centre + half * 60 }, shape);
    const liquidity = 10n ** BigInt(power);
    const held = getAmountsForLiquidity(
      sqrtPriceX96,
      getSqrtRatioAtTick(range.tickLower),
      getSqrtRatioAtTick(range.tickUpper),
      liquidity,
      "down",
    );
    return { index, fee: 3_000, ...range, liquidity, ...held, fees0: 11n, fees1: 13n };
  });
  const tier = {
    fee: 3_000,
    tickSpacing: 60,
    pool: `0x${"00".repeat(20)}`,
    allowed: true,
    sqrtPriceX96,
    tick: getTickAtSqrtRatio(sqrtPriceX96),
    liquidity: 10n ** 22n,
    feeGrowthGlobal0X128: 0n,
    feeGrowthGlobal1X128: 0n,
  };
  return {
    chainId: 1n,
    blockNumber: 100n,
    timestamp: 1_700_000_000,
    token0: `0x${"01".repeat(20)}`,
    token1: `0x${"02".repeat(20)}`,
    quoteIsToken0: shape.quoteIsToken0,
    baseDecimals: shape.baseDecimals,
    quoteDecimals: shape.quoteDecimals,
    nonce: 7n,
    supply: ONE,
    idle0,
    idle1,
    total0: idle0 + positions.reduce((sum, one) => sum + one.amount0 + one.fees0, 0n),
    total1: idle1 + positions.reduce((sum, one) => sum + one.amount1 + one.fees1, 0n),
    nav: 0n,
    keeperAllowed: true,
    limits: {
      fees: [3_000, 0, 0, 0],
      coreWeightCapBps: 10_000,
      minHalfWidth: 1,
      maxHalfWidth: 887_272,
      maxPlanLossBps: 25,
      lossCapBps: 50,
      lossRefillBps: 10,
      turnoverCapBps: 1_800,
      turnoverRefillBps: 600,
      churnCapBps: 200,
      churnRefillBps: 50,
      volFloorBps: 4_000,
      lvrLimitBps: 40,
      pausedUntil: 0,
      treasuryShareBps: 0,
      maxEntryFeeBps: 30,
      maxExitFeeBps: 30,
      deleverageCapBps: 100,
      deleverageRefillBps: 10,
      sleeveCapBps: [4_000, 1_000, 3_500, 1_000],
    },
    budgets: {
      lossE12: 0n,
      lossCapacityE12: 5n * 10n ** 9n,
      turnoverE12: 0n,
      turnoverCapacityE12: 18n * 10n ** 10n,
      churnE12: 0n,
      churnCapacityE12: 2n * 10n ** 10n,
      deleverageE12: 0n,
      deleverageCapacityE12: 10n ** 10n,
    },
    entryFeeBps: 0,
    exitFeeBps: 0,
    nextEntryFeeBps: 0,
    nextExitFeeBps: 0,
    nextFeesAt: 0,
    left0PerShareX96: 0n,
    left1PerShareX96: 0n,
    lastPoke: 0,
    treasuryShareBps: 0,
    oracleTerms: {
      referenceFee: 3_000,
      twapWindow: 1_800,
      twapBandBps: 500,
      baseHeartbeat: 3_600,
      quoteHeartbeat: 3_600,
      baseDeviationBps: 50,
      quoteDeviationBps: 25,
    },
    oracleOk: true,
    oracleError: "0x",
    price: { mid, low: (mid * 9_925n) / 10_000n, high: (mid * 10_075n) / 10_000n, varianceE12: 0n },
    twapHint: 3,
    positions,
    tiers: [tier],
    sleeves: [],
  };
}

/** From 10^low to 10^high, every order of magnitude as likely. */
function decades(low: number, high: number): fc.Arbitrary<number> {
  return fc.integer({ min: low * 1000, max: high * 1000 }).map((thousandths) => 10 ** (thousandths / 1000));
}

const shapes = fc.record({
  quoteIsToken0: fc.boolean(),
  baseDecimals: fc.constantFrom(8, 18),
  quoteDecimals: fc.constantFrom(6, 18),
  price: decades(-2, 4.5),
  // Mostly both tokens, since a range round the spot needs both.
  idleBase: fc.oneof({ weight: 1, arbitrary: fc.constant(0) }, { weight: 11, arbitrary: decades(-3, 5) }),
  idleQuote: fc.oneof({ weight: 1, arbitrary: fc.constant(0) }, { weight: 11, arbitrary: decades(-3, 7) }),
  positions: fc.array(
    fc.record({
      half: fc.integer({ min: 1, max: 300 }),
      offset: fc.integer({ min: -20_000, max: 20_000 }),
      power: fc.integer({ min: 12, max: 21 }),
    }),
    { maxLength: 4 },
  ),
});

/** A part of what is there: mostly one of these, seldom nothing. */
function partOf(...parts: readonly number[]): fc.Arbitrary<number> {
  return fc.oneof({ weight: 1, arbitrary: fc.constant(0) }, { weight: 19, arbitrary: fc.constantFrom(...parts) });
}

function mintOf(...parts: readonly number[]): fc.Arbitrary<{ half: number; base: number; quote: number }> {
  return fc.record({ half: fc.integer({ min: 1, max: 200 }), base: partOf(...parts), quote: partOf(...parts) });
}

/** Moves drawn as parts of what is there after the burns, in floats, as a strategy works. Only the last mint may use up a token. */
const draws = fc.record({
  burns: fc.array(fc.constantFrom(0, 1 / 3, 0.5, 1), { minLength: 4, maxLength: 4 }),
  mints: fc
    .tuple(fc.array(mintOf(0.1, 0.25, 1 / 3), { maxLength: 2 }), mintOf(0.25, 0.5, 1, 1 + 1e-12))
    .map(([first, last]) => [...first, last]),
});

function draw(snapshot: Snapshot, drawn: typeof draws extends fc.Arbitrary<infer T> ? T : never): Decision {
  const state = toState(snapshot, NO_MEMORY);
  const burns = state.positions.map((position, i) => ({ index: position.index, fraction: drawn.burns[i] ?? 0 }));
  const base = state.positions.reduce(
    (sum, one, i) => sum + one.base * (drawn.burns[i] ?? 0) + one.feesBase,
    state.idleBase,
  );
  const quote = state.positions.reduce(
    (sum, one, i) => sum + one.quote * (drawn.burns[i] ?? 0) + one.feesQuote,
    state.idleQuote,
  );
  const mints = drawn.mints.map((mint) => ({
    ...around(state, 3_000, mint.half * 60),
    maxBase: base * mint.base,
    maxQuote: quote * mint.quote,
  }));
  return decisionOf(state, { burns, mints });
}

describe("from a decision to a plan", () => {
  it("never spends more than is idle, uses 1e18 exactly for all, and its minima hold inside the tolerance", () => {
    const RUNS = 400;
    let planned = 0;
    fc.assert(
      fc.property(shapes, draws, fc.double({ min: -1, max: 1, noNaN: true }), (shape, drawn, where) => {
        const snapshot = snapshotOf(shape);
        const decision = draw(snapshot, drawn);
        let outcome;
        try {
          outcome = makePlan(decision, snapshot, OPTIONS);
        } catch (error) {
          // Dust, or a range that needs a token which is not there.
          if (error instanceof PlanError) return;
          throw error;
        }
        planned += 1;
        const { plan } = outcome;
        for (const step of plan.burns) expect(step.fraction >= 0n && step.fraction <= ONE).to.equal(true);
        plan.mints.forEach((step, i) => {
          expect(step.fraction0 <= ONE && step.fraction1 <= ONE).to.equal(true);
          const asked = drawn.mints[i];
          const [part0, part1] = shape.quoteIsToken0 ? [asked?.quote, asked?.base] : [asked?.base, asked?.quote];
          if ((part0 ?? 0) >= 1 && step.fraction0 !== 0n) expect(step.fraction0).to.equal(ONE);
          if ((part1 ?? 0) >= 1 && step.fraction1 !== 0n) expect(step.fraction1).to.equal(ONE);
        });

        // Anywhere inside the tolerance, the chain's own sequence meets every minimum.
        const factor = BigInt(Math.round(Math.sqrt(1 + where * OPTIONS.tolerance) * 1e12));
        const model = new PlanModel(snapshot, { move: (sqrt) => (sqrt * factor) / 1_000_000_000_000n });
        for (const step of plan.burns) {
          const paid = model.burn(step.index, step.fraction);
          expect(paid.amount0 >= step.min0, `min0 ${step.min0} of ${paid.amount0}`).to.equal(true);
          expect(paid.amount1 >= step.min1, `min1 ${step.min1} of ${paid.amount1}`).to.equal(true);
        }
        model.divideFees();
        for (const step of plan.mints) {
          const liquidity = model.mint(step.fee, step.tickLower, step.tickUpper, step.fraction0, step.fraction1);
          expect(model.idle0 >= 0n && model.idle1 >= 0n).to.equal(true);
          expect(liquidity >= step.minLiquidity, `${liquidity} below ${step.minLiquidity}`).to.equal(true);
        }
      }),
      { numRuns: RUNS },
    );
    // Else the draws miss the point: most must be plannable.
    expect(planned).to.be.greaterThan(RUNS / 2);
  });

  it("mints what the decision's amounts give, to a float's precision", () => {
    fc.assert(
      fc.property(shapes, fc.double({ min: 0.05, max: 0.95, noNaN: true }), (shape, part) => {
        const snapshot = snapshotOf({
          ...shape,
          idleBase: shape.idleBase + 1e4,
          idleQuote: shape.idleQuote + 1e5,
          positions: [],
        });
        const state = toState(snapshot, NO_MEMORY);
        const maxBase = state.idleBase * part;
        const maxQuote = state.idleQuote * part;
        const outcome = makePlan(
          decisionOf(state, { mints: [{ ...around(state, 3_000, 6_000), maxBase, maxQuote }] }),
          snapshot,
          OPTIONS,
        );
        const [left0, left1] = [outcome.idle.amount0, outcome.idle.amount1];
        const left = shape.quoteIsToken0 ? { base: left1, quote: left0 } : { base: left0, quote: left1 };
        const spentBase = state.idleBase - Number(left.base) / 10 ** shape.baseDecimals;
        const spentQuote = state.idleQuote - Number(left.quote) / 10 ** shape.quoteDecimals;
        // One of the two is spent to its bound, neither beyond.
        expect(spentBase).to.be.at.most(maxBase * (1 + 1e-9));
        expect(spentQuote).to.be.at.most(maxQuote * (1 + 1e-9));
        expectClose(Math.max(spentBase / maxBase, spentQuote / maxQuote), 1, 1e-6);
      }),
    );
  });

  const shape: Shape = {
    quoteIsToken0: false,
    baseDecimals: 18,
    quoteDecimals: 6,
    price: 2_000,
    idleBase: 10,
    idleQuote: 20_000,
    positions: [{ half: 100, offset: 0, power: 15 }],
  };

  for (const quoteIsToken0 of [false, true]) {
    it(`bounds a swap by the oracle's price, quote is token${quoteIsToken0 ? 0 : 1}`, () => {
      const snapshot = snapshotOf({ ...shape, quoteIsToken0 });
      const state = toState(snapshot, NO_MEMORY);
      for (const sell of ["base", "quote"] as const) {
        const amount = sell === "base" ? 2 : 4_000;
        const { plan } = makePlan(
          decisionOf(state, { swaps: [{ fee: 3_000, sell, amount, maxSlippage: 0.01 }] }),
          snapshot,
          OPTIONS,
        );
        const [swap] = plan.swaps;
        expect(swap?.zeroForOne).to.equal((sell === "base") !== quoteIsToken0);
        expectClose(Number(swap?.fraction) / 1e18, 0.2, 1e-9);
        const least = sell === "base" ? 2 * 2_000 * 0.99 * 1e6 : (4_000 / 2_000) * 0.99 * 1e18;
        expectClose(Number(swap?.minOut) / least, 1, 1e-9);
        const worst = sell === "base" ? 2_000 * 0.99 ** 2 : 2_000 / 0.99 ** 2;
        const limit = sqrtPriceX96FromPrice(worst, snapshot);
        expectClose(Number(swap?.sqrtPriceLimitX96) / Number(limit), 1, 1e-9);
      }
    });
  }

  it("carries nonce, deadline, hint and hash", () => {
    const snapshot = snapshotOf(shape);
    const { plan } = makePlan(
      decisionOf(toState(snapshot, NO_MEMORY), { burns: [{ index: 0, fraction: 0 }] }),
      snapshot,
      OPTIONS,
    );
    expect(plan).to.deep.equal({
      nonce: 7n,
      deadline: 1_700_000_600,
      twapHint: 3,
      decisionHash: HASH,
      burns: [{ index: 0, fraction: 0n, min0: 0n, min1: 0n }],
      swaps: [],
      mints: [],
      moves: [],
    });
  });

  it("refuses what cannot be carried out, and says what", () => {
    const snapshot = snapshotOf(shape);
    const state = toState(snapshot, NO_MEMORY);
    const range = around(state, 3_000, 6_000);
    const refused = (moves: Parameters<typeof decisionOf>[1], from = snapshot): string => {
      try {
        makePlan(decisionOf(state, moves), from, OPTIONS);
      } catch (error) {
        expect(error).to.be.instanceOf(PlanError);
        return String(error);
      }
      throw new Error("planned");
    };
    expect(refused({})).to.contain("no move");
    expect(refused({ burns: [{ index: 5, fraction: 1 }] })).to.contain("position 5");
    expect(refused({ burns: [{ index: 0, fraction: 1.01 }] })).to.contain("from 0 to 1");
    expect(refused({ burns: [{ index: 0, fraction: Number.NaN }] })).to.contain("NaN");
    expect(refused({ mints: [{ ...range, fee: 500, maxBase: 1, maxQuote: 1 }] })).to.contain("fee 500");
    expect(refused({ mints: [{ ...range, tickLower: range.tickLower + 1, maxBase: 1, maxQuote: 1 }] })).to.contain(
      "spacing 60",
    );
    expect(refused({ mints: [{ ...range, maxBase: 0, maxQuote: 1 }] })).to.contain("mints nothing");
    expect(refused({ mints: [{ ...range, maxBase: -1, maxQuote: 1 }] })).to.contain("zero or more");
    expect(refused({ swaps: [{ fee: 3_000, sell: "base", amount: 0, maxSlippage: 0.01 }] })).to.contain(
      "swaps nothing",
    );
    expect(refused({ swaps: [{ fee: 3_000, sell: "base", amount: 1, maxSlippage: 1 }] })).to.contain("slippage");
    const silent = { ...snapshot, oracleOk: false };
    expect(refused({ burns: [{ index: 0, fraction: 1 }] }, silent)).to.contain("oracle is silent");
  });

  it("turns a price into the pool's as the contract does", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n << 34n, max: (1n << 160n) - 1n }), (priceX96) => {
        const root = sqrtPriceOf(priceX96, false);
        expect(root * root <= priceX96 << 96n && (root + 1n) * (root + 1n) > priceX96 << 96n).to.equal(true);
      }),
    );
  });
});
