/** Prices of the time before a pool's events, as a past for the keeper's signals. They are of another market and are never traded. */
import { HOUR } from "../../market/time.ts";
import type { Bar } from "../../market/types.ts";
import { MAX_GAP_HOURS } from "../../market/window.ts";
import { shortTime } from "../../report/format.ts";
import { closeTime } from "../../signals/bars.ts";
import { BacktestOptionError } from "../errors.ts";

/**
 * The bars that closed before a pool's first hour; up to two days that are missing before it carry the last close, as gaps in a file do.
 * @param bars hourly, oldest first
 * @param first unix seconds of the first hour at which the pool's state is known
 * @param file how messages name the bars
 * @throws BacktestOptionError for bars that do not reach the pool's time
 */
export function pastBefore(bars: readonly Bar[], first: number, file: string): readonly Bar[] {
  const past = bars.filter((bar) => closeTime(bar) < first);
  const last = past.at(-1);
  const end = last === undefined ? null : closeTime(last);
  if (last === undefined || end === null)
    throw new BacktestOptionError(
      `--history ${file} has no hour before ${shortTime(first)}, where the pool's own begin; give one of the time before, or leave it out.`,
    );
  if (first - end > (MAX_GAP_HOURS + 1) * HOUR)
    throw new BacktestOptionError(
      `--history ${file} ends at ${shortTime(end)}, more than ${MAX_GAP_HOURS} hours before the pool's own prices begin at ${shortTime(first)}; give one that reaches them.`,
    );
  const { close } = last;
  for (let time = end; time + HOUR < first; time += HOUR)
    past.push({ time, open: close, high: close, low: close, close, volume: 0, filled: true });
  return past;
}
