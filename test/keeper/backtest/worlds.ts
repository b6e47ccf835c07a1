/** Worlds for the tests of the back-test. */
import fc from "fast-check";

import { growthOf } from "../../../keeper/backtest/data/growth.ts";
import { tapeOf } from "../../../keeper/backtest/data/tape.ts";
import type { World } from "../../../keeper/backtest/engine/world.ts";
import { type Costs, DEFAULT_COSTS } from "../../../keeper/backtest/model/costs.ts";
import { dampedVariance, feeFlow } from "../../../keeper/backtest/model/feeFlow.ts";
import { seededRandom } from "../../../keeper/market/random.ts";
import type { Bar, PricePath } from "../../../keeper/market/types.ts";
import { HOUR, START } from "../signals/helpers.ts";

/** Bars through closes; the first one opens at `open`. High and low lie a little outside, so that Garman-Klass has something to see. */
export function barsThrough(open: number, closes: readonly number[], from = START): Bar[] {
  return closes.map((close, i) => {
    const first = closes[i - 1] ?? open;
    return {
      time: from + i * HOUR,
      open: first,
      high: Math.max(first, close) * 1.002,
      low: Math.min(first, close) / 1.002,
      close,
      volume: 1,
    };
  });
}

export function pathOf(bars: readonly Bar[], history: readonly Bar[] = []): PricePath {
  const from = bars[0]?.time ?? START;
  return { source: "generator", from, to: from + bars.length * HOUR, step: HOUR, bars, filledBars: 0, history };
}

/** A martingale in steps of an hour: dP = s P dW. @param volatility a year of 8,760 hours */
export function gbm(hours: number, volatility: number, seed: number, start = 2000): Bar[] {
  const random = seededRandom(seed);
  const step = volatility / Math.sqrt(8760);
  let price = start;
  return barsThrough(
    start,
    Array.from({ length: hours }, () => (price *= Math.exp(step * random.normal() - (step * step) / 2))),
  );
}

export interface WorldOptions {
  readonly k?: number;
  readonly costs?: Partial<Costs>;
  readonly history?: readonly Bar[];
}

export function worldOf(bars: readonly Bar[], { k = 0.9, costs = {}, history = [] }: WorldOptions = {}): World {
  const path = pathOf(bars, history);
  const tape = tapeOf(path);
  const all = { ...DEFAULT_COSTS, ...costs };
  const { perLiquidity } = feeFlow(tape, dampedVariance(path), k);
  return { tape, feePerLiquidity: perLiquidity, growth: growthOf(tape, all, null), costs: all };
}

/** Costs of nothing, for closed forms. */
export const FREE = { swap: 0, gas: 0 } as const;

/** Hourly moves of up to a fifth, up to a week of them. */
export const arbitraryCloses: fc.Arbitrary<number[]> = fc
  .tuple(
    fc.double({ min: 0.01, max: 1e5, noNaN: true }),
    fc.array(fc.double({ min: -0.2, max: 0.2, noNaN: true }), { minLength: 2, maxLength: 168 }),
  )
  .map(([start, moves]) => {
    let price = start;
    return moves.map((move) => (price *= Math.exp(move)));
  });
