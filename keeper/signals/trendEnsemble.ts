/**
 * Trend: the equal vote of ten on daily closes (the hourly close at 00:00 UTC). Five are time-series momentum, bearish
 * when the close is under that of 7, 14, 30, 60 or 120 days before; five are moving averages, bearish when the close is
 * under the mean of the last 10, 20, 50, 100 or 150 closes, its own included. The value is the fraction that is bearish,
 * 0 to 1. An average of ten, because choosing the best single rule overfits (probability of back-test overfitting 0.4-0.5
 * on 2018-2022).
 *
 * All ten must be able to speak, which takes 150 closes; single votes are given as soon as their own past is there.
 */
import type { Bar } from "../market/types.ts";
import type { Signal } from "../strategy/types.ts";
import { dailyCloses } from "./bars.ts";
import { signal } from "./signal.ts";

/** Days. */
export const MOMENTUM_DAYS = [7, 14, 30, 60, 120] as const;
/** Closes in the mean. */
export const AVERAGE_DAYS = [10, 20, 50, 100, 150] as const;
const MOST_CLOSES = 150;

/** One vote: 1 bearish, 0 not, null while its past is too short. */
export interface Voice {
  readonly name: string;
  readonly bearish: 0 | 1 | null;
}

/** The ten votes on daily closes, oldest first. */
export function trendVoices(closes: readonly number[]): Voice[] {
  const last = closes.at(-1);
  const momentum = MOMENTUM_DAYS.map((days): Voice => {
    const before = closes.at(-1 - days);
    const known = last !== undefined && before !== undefined;
    return { name: `momentum${String(days)}`, bearish: known ? vote(last < before) : null };
  });
  // Sums from the newest close back, so that all means cost one pass.
  const means = new Map<number, number>();
  let sum = 0;
  for (let count = 1; count <= Math.min(closes.length, MOST_CLOSES); count++) {
    sum += closes.at(-count) ?? 0;
    means.set(count, sum / count);
  }
  const averages = AVERAGE_DAYS.map((days): Voice => {
    const mean = means.get(days);
    return {
      name: `average${String(days)}`,
      bearish: last !== undefined && mean !== undefined ? vote(last < mean) : null,
    };
  });
  return [...momentum, ...averages];
}

/** The fraction of voices that is bearish; null unless all have spoken. */
export function bearishFraction(voices: readonly Voice[]): number | null {
  let bearish = 0;
  for (const voice of voices) {
    if (voice.bearish === null) return null;
    bearish += voice.bearish;
  }
  return voices.length === 0 ? null : bearish / voices.length;
}

/** `trendEnsemble` and its ten voices, `trendVoice.NAME`. Fresh when last midnight's close is there, which is what "on daily closes" needs. */
export function trendSignals(bars: readonly Bar[], time: number): Signal[] {
  const closes = dailyCloses(bars, time, MOST_CLOSES);
  const voices = trendVoices(closes);
  return [
    signal("trendEnsemble", bearishFraction(voices), "bearish fraction", "hedge", true),
    ...voices.map((voice) => signal(`trendVoice.${voice.name}`, voice.bearish, "bearish", "show", true)),
  ];
}

function vote(bearish: boolean): 0 | 1 {
  return bearish ? 1 : 0;
}
