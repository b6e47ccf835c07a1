import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { expect } from "chai";
import fc from "fast-check";

import { computeSignals } from "../../../keeper/signals/computeSignals.ts";
import { feeIncomeSignals } from "../../../keeper/signals/feeIncome.ts";
import { poolImbalanceSignals } from "../../../keeper/signals/poolImbalance.ts";
import { rangeDistance } from "../../../keeper/signals/rangeDistance.ts";
import { varianceRun } from "../../../keeper/signals/realisedVolatility.ts";
import { intervals, marks } from "../../../keeper/signals/samples.ts";
import { tickOfPrice, wholeLiquidity } from "../../../keeper/strategy/ticks.ts";
import type { Sample, Signal, VaultState } from "../../../keeper/strategy/types.ts";
import { dataFile } from "../market/fixtures.ts";
import { makeState, sampleOf } from "../strategy/world.ts";
import { DAY, end, HOUR, START, zigzag } from "./helpers.ts";
import { expectClose } from "../../support/close.ts";
import "../../support/seed.ts";

const get = (signals: readonly Signal[], name: string): Signal => signals.find((one) => one.name === name)!;

/** A state with the given growth (per raw liquidity) added to its tiers. */
function grow(
  state: VaultState,
  seconds: number,
  growth: Readonly<Record<number, { base?: number; quote?: number }>>,
): VaultState {
  return {
    ...state,
    time: state.time + seconds,
    tiers: state.tiers.map((tier) => ({
      ...tier,
      feeGrowthBase: tier.feeGrowthBase + (growth[tier.fee]?.base ?? 0),
      feeGrowthQuote: tier.feeGrowthQuote + (growth[tier.fee]?.quote ?? 0),
    })),
  };
}

describe("pool imbalance", () => {
  const state = makeState({ price: 2000, idleBase: 1, idleQuote: 1, time: START });

  it("is +1 when the pools were only bought, -1 when only sold, 0 when both the same", () => {
    const samples = [sampleOf(state)];
    const at = (base: number, quote: number): number | null =>
      get(poolImbalanceSignals(grow(state, DAY, { 3000: { base, quote } }), samples), "poolImbalance").value;
    expect(at(0, 1e-12)).to.equal(1);
    expect(at(1e-15, 0)).to.equal(-1);
    expectClose(at(1e-15, 2000e-15), 0, 1e-12);
    expect(at(0, 0)).to.equal(null);
  });

  it("finds the flow of known swaps in every tier without any log", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            fee: fc.constantFrom(500, 3000, 10_000),
            buy: fc.boolean(),
            quote: fc.double({ min: 1, max: 1e5, noNaN: true }),
          }),
          { minLength: 1, maxLength: 30 },
        ),
        (swaps) => {
          let now = state;
          let [bought, sold] = [0, 0];
          for (const { fee, buy, quote } of swaps) {
            const tier = state.tiers.find((candidate) => candidate.fee === fee)!;
            const charged = (quote * fee) / 1e6 / tier.liquidity;
            now = grow(now, 60, { [fee]: buy ? { quote: charged } : { base: charged / 2000 } });
            if (buy) bought += quote;
            else sold += quote;
          }
          now = { ...now, time: START + DAY };
          const found = get(poolImbalanceSignals(now, [sampleOf(state)]), "poolImbalance").value;
          expectClose(found, (bought - sold) / (bought + sold), 1e-9);
        },
      ),
      { numRuns: 50 },
    );
  });

  it("knows how much of its window was seen", () => {
    const later = grow(state, 6 * HOUR, { 3000: { quote: 1e-12 } });
    const early = get(poolImbalanceSignals(later, [sampleOf(state)]), "poolImbalance");
    expect(early.value).to.equal(1);
    expect(early.fresh).to.equal(false);
    const away = grow(state, 3 * DAY, { 3000: { quote: 1e-12 } });
    expect(get(poolImbalanceSignals(away, [sampleOf(state)]), "poolImbalance").fresh).to.equal(false);
  });
});

describe("samples", () => {
  const state = makeState({ price: 2000, idleBase: 1, idleQuote: 1, time: START + DAY });
  const at = (time: number): Sample => ({ ...sampleOf(state), time });

  it("are thinned to the spacing, reach just over the window and never past the state", () => {
    const samples = Array.from({ length: 2160 }, (_, i) => at(START - 12 * HOUR + i * 60));
    const found = marks(state, samples, START, HOUR).map((mark) => mark.time);
    expect(found.at(-1)).to.equal(state.time);
    expect(found[0]).to.equal(START);
    expect(found).to.have.length(25);
    for (let i = 1; i < found.length; i++) expect(found[i]! - found[i - 1]!).to.be.at.least(HOUR);
  });

  it("use what there is when the past is shorter than a step", () => {
    expect(marks(state, [at(state.time - 60)], START, HOUR).map((mark) => mark.time)).to.deep.equal([
      state.time - 60,
      state.time,
    ]);
    expect(marks(state, [at(state.time), at(state.time + 5)], START, HOUR)).to.have.length(1);
  });

  it("leave out an interval in which growth went down", () => {
    const [a, b, c] = [0, 1, 2].map((i) => grow({ ...state, time: START }, i * HOUR, { 500: { base: i } }));
    const wrapped = { ...b!, tiers: b!.tiers.map((tier) => ({ ...tier, feeGrowthBase: 0.5 })) };
    const list = intervals([c!, { ...wrapped, time: START + 3 * HOUR }].map(sampleOf), 500);
    expect(list).to.have.length(0);
    expect(intervals([a!, b!, c!].map(sampleOf), 500)).to.have.length(2);
  });
});

describe("fee income", () => {
  const start = makeState({
    price: 2000,
    idleBase: 0,
    idleQuote: 400_000,
    time: START,
    ranges: [{ fee: 3000, tickLower: -202_020, tickUpper: -198_000, value: 600_000 }],
  });

  /** Hourly looks for so many days; each hour every tier pays `perHour` quote per whole liquidity. */
  function run(days: number, perHour: (hour: number, fee: number) => number): { state: VaultState; samples: Sample[] } {
    let state = start;
    const samples: Sample[] = [];
    for (let hour = 0; hour < days * 24; hour++) {
      samples.push(sampleOf(state));
      const raw = (fee: number): number => perHour(hour, fee) * wholeLiquidity(1, state);
      state = grow(state, HOUR, {
        500: { quote: raw(500) },
        3000: { base: raw(3000) / 2 / 2000, quote: raw(3000) / 2 },
      });
    }
    return { state, samples };
  }
  const noBars = varianceRun([], START, 1);

  it("is the daily pay of a unit of liquidity when pay is steady, by either token", () => {
    const { state, samples } = run(10, (_, fee) => (fee === 500 ? 0.001 : 0.002));
    const signals = feeIncomeSignals(state, samples, noBars);
    expectClose(get(signals, "feePerLiquidity.500").value, 0.024, 1e-12);
    expectClose(get(signals, "feePerLiquidity.3000").value, 0.048, 1e-12);
    expect(get(signals, "feePerLiquidity.10000").value).to.equal(0);
    expect(get(signals, "feePerLiquidity.500").fresh).to.equal(true);
  });

  it("forgets with a time constant of three days", () => {
    const { state, samples } = run(15, (hour, fee) => (fee === 500 && hour >= 12 * 24 ? 0.001 : 0));
    const expected = (0.024 * (1 - Math.exp(-1))) / (1 - Math.exp(-5));
    expectClose(get(feeIncomeSignals(state, samples, noBars), "feePerLiquidity.500").value, expected, 1e-9);
  });

  it("needs a day, and a look in the last six hours", () => {
    const short = run(0.5, () => 0.001);
    const early = get(feeIncomeSignals(short.state, short.samples, noBars), "feePerLiquidity.500");
    expect(early).to.include({ value: null, fresh: false });
    const { state, samples } = run(5, () => 0.001);
    const away = feeIncomeSignals({ ...state, time: state.time + 8 * HOUR }, samples, noBars);
    const late = get(away, "feePerLiquidity.500");
    expect(late.value).to.not.equal(null);
    expect(late.fresh).to.equal(false);
  });

  it("counts what the held liquidity earned while in range, a day and a year", () => {
    const { state, samples } = run(10, () => 0.002);
    const signals = feeIncomeSignals(state, samples, noBars);
    const whole = wholeLiquidity(start.positions[0]!.liquidity, start);
    expectClose(get(signals, "vaultFeesPerDay").value, 0.048 * whole, 1e-6);
    expectClose(get(signals, "vaultFeeRate").value, (0.048 * whole * 365) / 600_000, 1e-9);
    const out = { ...state, positions: [{ ...state.positions[0]!, tickLower: -150_000, tickUpper: -140_000 }] };
    expect(get(feeIncomeSignals(out, samples, noBars), "vaultFeesPerDay").value).to.equal(0);
  });

  it("finds k: fees of k times LVR give a pay ratio of k", () => {
    const step = 0.006;
    const bars = zigzag(24 * 20, step, START - 10 * DAY);
    const s = step * Math.sqrt(8760);
    const perHour = (1.3 * s * s * Math.sqrt(2000)) / 4 / 8760;
    const { state, samples } = run(9, (_, fee) => (fee === 3000 ? perHour : perHour / 2));
    const signals = feeIncomeSignals(state, samples, varianceRun(bars, state.time, 24 * 20));
    expectClose(get(signals, "feeVolatility.3000").value, s * Math.sqrt(1.3), 1e-9);
    expectClose(get(signals, "payRatio.3000").value, 1.3, 1e-9);
    expectClose(get(signals, "payRatio.500").value, 0.65, 1e-9);
    expectClose(get(signals, "payRatio").value, 1.3, 1e-9);
    expect(end(bars)).to.be.at.least(state.time);
  });

  it("finds the fee-implied volatility of a real day: 57.0 % in the 0.05 % pool on 2024-01-05", async function () {
    this.timeout(30_000);
    const file = dataFile(this, "univ3", "usdc-weth-500-2024-01-05.events.csv");
    if (file === undefined) return;
    // USDC is token0 and the quote. Growth per raw liquidity as the pool counts it: phi * amountIn / L after each swap.
    const decimals = { baseDecimals: 18, quoteDecimals: 6 };
    const midnight = Date.UTC(2024, 0, 5) / 1000;
    let [growthBase, growthQuote, price, liquidity] = [0, 0, 0, 0];
    let next = midnight;
    const samples: Sample[] = [];
    const look = (time: number): Sample => ({
      time,
      price,
      tiers: [
        {
          fee: 500,
          tick: tickOfPrice(price, decimals),
          liquidity,
          feeGrowthBase: growthBase,
          feeGrowthQuote: growthQuote,
        },
      ],
    });
    for await (const line of createInterface({ input: createReadStream(file) })) {
      const cells = line.split(",");
      if (cells[2] !== "SWAP") continue;
      const time = Date.parse(`${cells[1]!.replace(" ", "T")}Z`) / 1000;
      const [amount0, amount1] = [Number(cells[8]), Number(cells[9])];
      liquidity = Number(cells[10]);
      price = 1e12 / (Number(cells[12]) / 2 ** 96) ** 2;
      for (; next <= time; next += HOUR) samples.push(look(next));
      if (amount0 > 0) growthQuote += (amount0 * 0.0005) / liquidity / 1e6;
      if (amount1 > 0) growthBase += (amount1 * 0.0005) / liquidity / 1e18;
    }
    const whole = makeState({ price, idleBase: 0, idleQuote: 1, time: midnight + DAY, decimals });
    const tier = { ...whole.tiers[0]!, feeGrowthBase: growthBase, feeGrowthQuote: growthQuote };
    const signals = feeIncomeSignals({ ...whole, tiers: [tier] }, samples, noBars);
    expectClose(get(signals, "feeVolatility.500").value! * 100, 57, 0.1);
    // ... and the day's imbalance is small: nobody corners this pool.
    const flow = get(poolImbalanceSignals({ ...whole, tiers: [tier] }, samples), "poolImbalance");
    expect(Math.abs(flow.value!)).to.be.below(0.1);
    expect(flow.fresh).to.equal(true);
  });
});

describe("range distance", () => {
  it("is 1 at the centre, 0 at the bounds, negative outside, in half-widths", () => {
    const range = { tickLower: -100, tickUpper: 300 };
    expect([100, -100, 300, 0, 200, 500, -300].map((tick) => rangeDistance(range, tick))).to.deep.equal([
      1, 0, 0, 0.5, 0.5, -1, -1,
    ]);
  });

  it("is given for each position and as the least of them; unknown without a price", () => {
    const state = makeState({
      price: 2000,
      idleBase: 0,
      idleQuote: 1,
      ranges: [
        { fee: 3000, tickLower: -202_020, tickUpper: -198_000, value: 10 },
        { fee: 500, tickLower: -190_000, tickUpper: -180_000, value: 10 },
      ],
    });
    const signals = computeSignals(state, { bars: [], samples: [] });
    const tick = tickOfPrice(2000, state);
    expectClose(signals["rangeDistance.1"]!.value, (tick + 190_000) / 5000, 1e-9);
    expect(signals.rangeDistance!.value).to.equal(signals["rangeDistance.1"]!.value);
    const silent = computeSignals({ ...state, price: null }, { bars: [], samples: [] });
    expect(silent.rangeDistance!.value).to.equal(null);
    expect(silent.rangeDistance!.fresh).to.equal(false);
  });
});
