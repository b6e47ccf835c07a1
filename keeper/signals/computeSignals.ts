/**
 * All signals of one vault at one time. Pure: no clock, no randomness, and nothing later than the state's time is looked at.
 */
import type { Bar } from "../market/types.ts";
import type { History, Sample, Signal, Signals, VaultState } from "../strategy/types.ts";
import { assetCorrelationSignals } from "./assetCorrelation.ts";
import { expectedDailyRangeSignal } from "./expectedDailyRange.ts";
import { feeIncomeSignals } from "./feeIncome.ts";
import { launchActivitySignal } from "./launchActivity.ts";
import { poolImbalanceSignals } from "./poolImbalance.ts";
import { poolQuickRatioSignal } from "./poolQuickRatio.ts";
import { rangeDistanceSignals } from "./rangeDistance.ts";
import { realisedVolatilitySignals, type VarianceRun, varianceRun } from "./realisedVolatility.ts";
import { REGIME_HOURS, regimeSignal } from "./regime.ts";
import { trendSignals } from "./trendEnsemble.ts";

/** The part that depends on the market alone: the same for every vault of a pair, so it can be computed once for all of them. */
export interface MarketView {
  readonly time: number;
  readonly run: VarianceRun;
  readonly signals: readonly Signal[];
}

/** What others count and report about the market: unknown where it is absent. */
export type Records = Pick<History, "launches" | "marks">;

/** Market signals at a time, from closed bars. O(window): about 2,200 hours, whatever the length of `bars`. */
export function viewMarket(bars: readonly Bar[], time: number, records: Records = {}): MarketView {
  const run = varianceRun(bars, time, REGIME_HOURS);
  const volatility = realisedVolatilitySignals(bars, time, run);
  const monthly = volatility.filter((candidate) => candidate.name === "realisedVolatility30d");
  return {
    time,
    run,
    signals: [
      ...volatility,
      ...monthly.map(expectedDailyRangeSignal),
      regimeSignal(time, run),
      ...trendSignals(bars, time),
      launchActivitySignal(time, records.launches),
      ...assetCorrelationSignals(time, bars, records.marks),
    ],
  };
}

/** Signals of a vault beside a market view of the same time. */
export function signalsOf(state: VaultState, samples: readonly Sample[], market: MarketView): Signals {
  const all = [
    ...market.signals,
    ...rangeDistanceSignals(state),
    ...poolImbalanceSignals(state, samples),
    poolQuickRatioSignal(state, samples),
    ...feeIncomeSignals(state, samples, market.run),
  ];
  return Object.fromEntries(all.map((one) => [one.name, one]));
}

/** All signals. Too short a past gives signals without a value, never an error. */
export function computeSignals(state: VaultState, history: History): Signals {
  return signalsOf(state, history.samples, viewMarket(history.bars, state.time, history));
}
