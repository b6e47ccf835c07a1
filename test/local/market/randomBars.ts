/** Bars for tests: a geometric Brownian motion with steps inside the hour. */
import type { Random } from "../../../keeper/market/random.ts";
import type { Bar } from "../../../keeper/market/types.ts";

export interface RandomBarsOptions {
  readonly count: number;
  /** A year, by the bar's index. */
  readonly volatility: (index: number) => number;
  /** Unix seconds of the first bar, default 0. */
  readonly time?: number;
  /** Default 2000. */
  readonly price?: number;
  /** Steps an hour, default 60. Fewer steps see less of the range. */
  readonly steps?: number;
}

export function randomBars(random: Random, options: RandomBarsOptions): Bar[] {
  const steps = options.steps ?? 60;
  let price = options.price ?? 2000;
  return Array.from({ length: options.count }, (_, i) => {
    const step = options.volatility(i) / Math.sqrt(8760 * steps);
    const open = price;
    let [high, low] = [open, open];
    for (let i = 0; i < steps; i++) {
      price *= Math.exp(step * random.normal() - (step * step) / 2);
      high = Math.max(high, price);
      low = Math.min(low, price);
    }
    return { time: (options.time ?? 0) + i * 3600, open, high, low, close: price, volume: 1000 };
  });
}
