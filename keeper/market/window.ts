import type { FileBar } from "./csv.ts";
import { MarketDataError, MarketOptionError } from "./errors.ts";
import { DAY, formatTime, HOUR } from "./time.ts";
import type { Bar, PricePath } from "./types.ts";

/** Longest run of missing hours that carries the last close; a longer one is an error. */
export const MAX_GAP_HOURS = 48;
/** Longest past that a path keeps for signals. */
export const MAX_HISTORY_DAYS = 400;

/** The part of a file that is asked for, unix seconds, [from, to); what is left out is the file's own first bar or end. */
export interface Window {
  readonly from?: number;
  readonly to?: number;
}

/**
 * Cuts a gap-free path out of the bars of a file.
 *
 * A gap is a run of hours without a bar. Up to {@link MAX_GAP_HOURS} of them carry the last close at zero volume, marked `filled`, also where
 * the window begins or ends inside the gap; the file must have a bar on each side of it, so a window may not reach past the
 * file's last bar. Longer gaps are errors inside the window, and end the history before it. `filledBars` counts the window, not the history.
 *
 * @param bars ascending and distinct, at least one
 * @throws MarketOptionError for a window that is none, MarketDataError for one that the file cannot serve
 */
export function cutWindow(bars: readonly FileBar[], file: string, window: Window): PricePath {
  const [first, last] = [bars[0], bars.at(-1)];
  if (first === undefined || last === undefined)
    throw new MarketDataError(file, undefined, "there are no bars; give a file that has some.");
  const from = window.from ?? first.time;
  const to = window.to ?? last.time + HOUR;
  for (const time of [from, to]) {
    if (time % HOUR !== 0)
      throw new MarketOptionError(
        `${new Date(time * 1000).toISOString()} is not on the hour; begin and end the window on full hours (UTC).`,
      );
  }
  if (from >= to) {
    throw new MarketOptionError(
      `The window begins at ${formatTime(from)} and ends at ${formatTime(to)}; let it end after it begins.`,
    );
  }
  if (last.time + HOUR < to) {
    throw new MarketDataError(
      file,
      last.line,
      `the last bar opens at ${formatTime(last.time)}, so the window must end by ${formatTime(last.time + HOUR)}, not ${formatTime(to)}; ` +
        `choose an earlier end (--to) or a longer file.`,
    );
  }
  if (from < first.time) {
    throw new MarketDataError(
      file,
      first.line,
      `the first bar opens at ${formatTime(first.time)}, after the window's beginning ${formatTime(from)}; begin there or later (--from).`,
    );
  }

  const start = firstUsable(bars, from, file);
  const filled = fill(bars, start, to, file);
  const history = filled.filter((bar) => bar.time < from);
  const inside = filled.slice(history.length);
  const filledBars = inside.filter((bar) => bar.filled === true).length;
  if (filledBars === inside.length) {
    throw new MarketDataError(
      file,
      undefined,
      `there is no bar from ${formatTime(from)} to ${formatTime(to)}; choose a longer window.`,
    );
  }
  return { source: "file", file, from, to, step: HOUR, bars: inside, filledBars, history };
}

/** Index of the bar at which the history begins: at most {@link MAX_HISTORY_DAYS} before `from`, and after the last long gap before it. */
function firstUsable(bars: readonly FileBar[], from: number, file: string): number {
  const beginning = indexFrom(bars, from);
  const next = bars[beginning];
  let start = beginning;
  const before = bars[beginning - 1];
  if (next?.time !== from && before !== undefined) {
    // `from` lies inside a gap, and cutWindow has seen that the file goes on after it.
    if (next !== undefined && missingHours(before, next) > MAX_GAP_HOURS) {
      throw new MarketDataError(
        file,
        next.line,
        `the window begins at ${formatTime(from)} inside a gap of ${missingHours(before, next)} hours after line ${before.line}, ` +
          `and at most ${MAX_GAP_HOURS} are filled; begin at ${formatTime(next.time)} or later (--from).`,
      );
    }
    start = beginning - 1;
  }
  for (let bar = bars[start]; start > 0; start -= 1) {
    const earlier = bars[start - 1];
    if (bar === undefined || earlier === undefined) break;
    if (earlier.time < from - MAX_HISTORY_DAYS * DAY || missingHours(earlier, bar) > MAX_GAP_HOURS) break;
    bar = earlier;
  }
  return start;
}

/** The bars from index `start` to the time `to`, with every missing hour filled. */
function fill(bars: readonly FileBar[], start: number, to: number, file: string): Bar[] {
  const result: Bar[] = [];
  let before: FileBar | undefined;
  for (let index = start; index < bars.length; index += 1) {
    const bar = bars[index];
    if (bar === undefined) break;
    if (before !== undefined && before.time + HOUR >= to) break;
    if (before !== undefined) {
      const missing = missingHours(before, bar);
      if (missing > MAX_GAP_HOURS) {
        throw new MarketDataError(
          file,
          bar.line,
          `${missing} hours are missing between ${formatTime(before.time)} in line ${before.line} and ${formatTime(bar.time)}, and at most ` +
            `${MAX_GAP_HOURS} are filled; choose a window on one side of the gap (--from, --to) or complete the file.`,
        );
      }
      for (let time = before.time + HOUR; time < Math.min(bar.time, to); time += HOUR)
        result.push(carry(time, before.close));
    }
    if (bar.time >= to) break;
    const { time, open, high, low, close, volume } = bar;
    result.push({ time, open, high, low, close, volume });
    before = bar;
  }
  return result;
}

/** The bar of an hour in which nothing is known but the last close. */
export function carry(time: number, close: number): Bar {
  return { time, open: close, high: close, low: close, close, volume: 0, filled: true };
}

function missingHours(before: Bar, after: Bar): number {
  return (after.time - before.time) / HOUR - 1;
}

/** Index of the first bar at or after a time. */
function indexFrom(bars: readonly FileBar[], time: number): number {
  let [low, high] = [0, bars.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((bars[middle]?.time ?? Infinity) < time) low = middle + 1;
    else high = middle;
  }
  return low;
}
