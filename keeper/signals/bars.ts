/**
 * Looking into hourly bars by time. A bar counts only once it has closed, so nothing here can see past the time that it is
 * asked about, whatever the array holds beyond it.
 */
import type { Bar } from "../market/types.ts";
import { DAY, HOUR } from "./signal.ts";

/** Unix seconds at which an hourly bar closes. */
export function closeTime(bar: Bar): number {
  return bar.time + HOUR;
}

/** Index of the last bar that closed at or before `time`, -1 if none has. Bars are sorted, oldest first. */
export function lastClosed(bars: readonly Bar[], time: number): number {
  let low = 0;
  let high = bars.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const bar = bars[middle];
    if (bar !== undefined && closeTime(bar) <= time) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/**
 * The last daily closes at or before `time`, at most `most`, oldest first: the closes of the hourly bars that end at 00:00 UTC. The run ends
 * where a day has no such bar; it is empty when last midnight has none.
 */
export function dailyCloses(bars: readonly Bar[], time: number, most: number): number[] {
  const closes: number[] = [];
  let day = Math.floor(time / DAY) * DAY;
  for (let index = lastClosed(bars, day); closes.length < most; index -= 24, day -= DAY) {
    let bar = bars[index];
    // Without gaps the day before is 24 bars back; with gaps it is searched for.
    if (bar === undefined || closeTime(bar) !== day) {
      index = lastClosed(bars, day);
      bar = bars[index];
    }
    if (bar === undefined || closeTime(bar) !== day) break;
    closes.push(bar.close);
  }
  return closes.reverse();
}
