import type { Bar } from "../../../keeper/market/types.ts";

export const HOUR = 3600;
export const DAY = 86_400;
/** 2020-01-01T00:00Z. */
export const START = 1_577_836_800;

/** Hourly bars from a list of closes; the first opens at `from`. */
export function barsOf(closes: readonly number[], from = START): Bar[] {
  return closes.map((close, i) => {
    const open = closes[i - 1] ?? close;
    return {
      time: from + i * HOUR,
      open,
      high: Math.max(open, close),
      low: Math.min(open, close),
      close,
      volume: 1,
    };
  });
}

/** Hourly bars whose daily closes are given: the price jumps in the last hour of each day. */
export function dailyBars(closes: readonly number[], from = START): Bar[] {
  return barsOf(
    closes.flatMap((close, day) => [...Array<number>(23).fill(closes[day - 1] ?? close), close]),
    from,
  );
}

/** A path that doubles back and forth by a fixed log step each hour: its hourly volatility is known exactly. */
export function zigzag(hours: number, step: number, from = START): Bar[] {
  return barsOf(
    Array.from({ length: hours }, (_, i) => 2000 * Math.exp(i % 2 === 0 ? 0 : step)),
    from,
  );
}

export function end(bars: readonly Bar[]): number {
  return bars.at(-1)!.time + HOUR;
}
