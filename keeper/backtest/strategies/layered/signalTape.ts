/**
 * The keeper's signals at every mark of a tape, computed once for all runs over it: what the market alone says, and what a pool of the model's fee
 * flow would have been seen to pay. A mark's signals know bars that have closed by then and no later one. They are the keeper's own formulas
 * (keeper/signals); a test holds them equal to `computeSignals` at any mark.
 *
 * What needs a real pool's flows (the pool quick ratio) or a factory's log (launches) is unknown here, and `decide` treats it so.
 */
import type { PricePath } from "../../../market/types.ts";
import { dailyCloses } from "../../../signals/bars.ts";
import { feeIncomeSignals, feePerLiquidityName } from "../../../signals/feeIncome.ts";
import { varianceRun, type VarianceRun, windowVolatility } from "../../../signals/realisedVolatility.ts";
import { DAY, DAYS_PER_YEAR, HOUR, signal } from "../../../signals/signal.ts";
import { AVERAGE_DAYS, bearishFraction, trendVoices } from "../../../signals/trendEnsemble.ts";
import { tickOfPrice, wholeLiquidity } from "../../../strategy/ticks.ts";
import type { Sample, Signals, VaultState } from "../../../strategy/types.ts";
import { type Tape, timeOf } from "../../data/tape.ts";
import { DECIMALS, FEE, TICK_SPACING } from "./pool.ts";

/** One number for each mark; NaN where the signal says nothing or is not fresh. */
export interface SignalTape {
  readonly week: Float64Array;
  readonly month: Float64Array;
  readonly bearish: Float64Array;
  /** At a fee flow of scale one: quote units per whole liquidity a day, and fees over LVR. Both are proportional to the scale. */
  readonly feeRate: Float64Array;
  readonly payRatio: Float64Array;
  /** The oracle's volatility as the chain would have measured it, poked at every midnight; 0 before two pokes. */
  readonly oracle: Float64Array;
}

/** @param perLiquidity of a fee flow. @param scale of the same flow */
export function signalTape(
  path: Pick<PricePath, "bars" | "history">,
  tape: Tape,
  perLiquidity: Float64Array,
  scale: number,
): SignalTape {
  const all = [...path.history, ...path.bars];
  const run = varianceRun(all, timeOf(tape, tape.bars), all.length);
  const marks = Array.from({ length: tape.bars + 1 }, (_, mark) => timeOf(tape, mark));
  const volatility = (days: number): Float64Array =>
    Float64Array.from(marks, (time) => windowVolatility(run, time, days) ?? Number.NaN);
  const closesBefore = (time: number, most: number): number[] => dailyCloses(all, time, most);
  return {
    week: volatility(7),
    month: volatility(30),
    bearish: byDay(marks, (time) => bearishFraction(trendVoices(closesBefore(time, Math.max(...AVERAGE_DAYS))))),
    ...pay(tape, perLiquidity, scale, run),
    oracle: byDay(
      marks,
      oracleVolatility(closesBefore(marks.at(-1) ?? 0, Number.POSITIVE_INFINITY), marks.at(-1) ?? 0),
    ),
  };
}

/** What changes at midnight alone. */
function byDay(marks: readonly number[], at: (time: number) => number | null): Float64Array {
  let day = Number.NaN;
  let value = Number.NaN;
  return Float64Array.from(marks, (time) => {
    const midnight = Math.floor(time / DAY) * DAY;
    if (midnight !== day) [day, value] = [midnight, at(midnight) ?? Number.NaN];
    return value;
  });
}

/** Seconds: contracts/PriceOracle.sol's VOL_MEMORY. */
const ORACLE_MEMORY = 400 * HOUR;

/** contracts/PriceOracle.sol's `poke` once a day: an exponential mean of squared returns. @param closes of days without a gap, the last of `end`'s */
export function oracleVolatility(closes: readonly number[], end: number): (midnight: number) => number {
  const last = Math.floor(end / DAY);
  const values = new Map<number, number>();
  let variance = 0;
  for (const [i, close] of closes.entries()) {
    const before = closes[i - 1];
    if (before !== undefined) {
      const sample = (close / before - 1) ** 2 * DAYS_PER_YEAR;
      variance = (variance * ORACLE_MEMORY + sample * DAY) / (ORACLE_MEMORY + DAY);
    }
    values.set(last - (closes.length - 1 - i), Math.sqrt(variance));
  }
  return (midnight) => values.get(midnight / DAY) ?? 0;
}

/** The keeper's measure of what the pool pays, from samples of its fee growth at every mark. */
function pay(
  tape: Tape,
  perLiquidity: Float64Array,
  scale: number,
  run: VarianceRun,
): Pick<SignalTape, "feeRate" | "payRatio"> {
  const feeRate = new Float64Array(tape.bars + 1).fill(Number.NaN);
  const payRatio = new Float64Array(tape.bars + 1).fill(Number.NaN);
  if (!(scale > 0)) return { feeRate, payRatio };
  const samples: Sample[] = [];
  const raw = wholeLiquidity(1, DECIMALS) / scale;
  let [growthBase, growthQuote] = [0, 0];
  for (let mark = 0; mark <= tape.bars; mark++) {
    const price = tape.price[mark] as number;
    if (mark > 0) {
      const half = ((perLiquidity[mark - 1] as number) * raw) / 2;
      growthBase += half / price;
      growthQuote += half;
    }
    const time = timeOf(tape, mark);
    const tier = {
      fee: FEE,
      tickSpacing: TICK_SPACING,
      allowed: true,
      tick: Math.floor(tickOfPrice(price, DECIMALS)),
      price,
      liquidity: 1,
      feeGrowthBase: growthBase,
      feeGrowthQuote: growthQuote,
    };
    // `feeIncomeSignals` reads of a state the time, the price, its tiers and its positions, of which there are none.
    const state = { ...DECIMALS, time, price, tiers: [tier], positions: [] } as unknown as VaultState;
    const found = Object.fromEntries(feeIncomeSignals(state, samples, run).map((one) => [one.name, one]));
    const rate = found[feePerLiquidityName(FEE)];
    const ratio = found[`payRatio.${FEE}`];
    if (rate?.fresh === true) feeRate[mark] = rate.value ?? Number.NaN;
    if (ratio?.fresh === true) payRatio[mark] = ratio.value ?? Number.NaN;
    samples.push({ time, price, tiers: [tier] });
  }
  return { feeRate, payRatio };
}

/**
 * What `decide` is told at a mark: every signal that it reads, and no other (a test keeps the list).
 * @param scale of the fee flow of the run. @param works the price is inside one of the vault's ranges. @param fee of its pool
 */
export function signalsAt(tape: SignalTape, mark: number, scale: number, works: boolean, fee: number): Signals {
  const told = (
    name: string,
    values: Float64Array,
    unit: string,
    weight: "range" | "limit" | "hedge" | "size",
    factor = 1,
  ) => signal(name, Number.isNaN(values[mark]) ? null : (values[mark] as number) * factor, unit, weight, true);
  return {
    realisedVolatility7d: told("realisedVolatility7d", tape.week, "per year", "limit"),
    realisedVolatility30d: told("realisedVolatility30d", tape.month, "per year", "range"),
    trendEnsemble: told("trendEnsemble", tape.bearish, "bearish fraction", "hedge"),
    [feePerLiquidityName(fee)]: told(
      feePerLiquidityName(fee),
      tape.feeRate,
      "quote per liquidity per day",
      "size",
      scale,
    ),
    ...(works ? { payRatio: told("payRatio", tape.payRatio, "fees / LVR", "size", scale) } : {}),
  };
}
