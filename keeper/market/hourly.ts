import { ObservationError } from "./errors.ts";
import { formatTime, HOUR } from "./time.ts";
import type { Bar } from "./types.ts";
import { carry, MAX_GAP_HOURS, MAX_HISTORY_DAYS } from "./window.ts";

/** A price seen at a moment. */
export interface Observation {
  /** Unix seconds, of the block for a price from a chain. */
  readonly time: number;
  /** Quote units per base unit. */
  readonly price: number;
  /** Base units traded since the observation before, if known. */
  readonly volume?: number;
}

/** Closed hourly bars and the one still open. A value: each step returns a new one, so it can be journalled and taken up again. */
export interface HourlyBars {
  /** Closed bars without holes, oldest first; what signals may read. */
  readonly closed: readonly Bar[];
  /** The hour under way, if a price was seen in it. */
  readonly open: Bar | undefined;
  /** Unix seconds of the latest observation or clock reading. */
  readonly time: number;
}

/** A start from known bars, which must be hourly, without holes and oldest first (a path's history, or none). */
export function startHourly(history: readonly Bar[] = []): HourlyBars {
  for (const [i, bar] of history.entries()) {
    const before = history[i - 1];
    if (bar.time % HOUR !== 0 || (before !== undefined && bar.time !== before.time + HOUR)) {
      throw new ObservationError(
        `The history has a hole or a bar off the hour at ${formatTime(bar.time)}; start from hourly bars without holes.`,
      );
    }
  }
  const last = history.at(-1);
  return {
    closed: history.slice(-MAX_HISTORY_DAYS * 24),
    open: undefined,
    time: last === undefined ? -Infinity : last.time + HOUR,
  };
}

/**
 * Takes in one observation: closes the hours that ended before it and updates the hour that it falls in.
 *
 * A bar opens at the last close if the hour before it was observed, since that price stood when the hour began; after a filled hour it opens at
 * its own first observation. Volume is what the observations state, zero if they state none. Times may repeat (a block read twice) but not go back.
 *
 * @throws ObservationError for a price that is not positive and finite, a volume below zero, or a time before the latest
 */
export function observe(bars: HourlyBars, observation: Observation): HourlyBars {
  const { time, price, volume = 0 } = observation;
  if (!(price > 0 && price < Infinity))
    throw new ObservationError(`The price ${price} is not a positive number; skip this observation.`);
  if (!(volume >= 0 && volume < Infinity))
    throw new ObservationError(`The volume ${volume} is not zero or more; skip this observation.`);
  const { closed, open } = advance(bars, time);
  if (open !== undefined) {
    const { high, low } = open;
    const bar = {
      ...open,
      high: Math.max(high, price),
      low: Math.min(low, price),
      close: price,
      volume: open.volume + volume,
    };
    return { closed, open: bar, time };
  }
  const hour = time - (time % HOUR);
  const last = closed.at(-1);
  const adjacent = last?.time === hour - HOUR;
  // Silence longer than what may be filled: what lies before it no longer joins up, so the history begins anew.
  const kept = last === undefined || adjacent ? closed : [];
  const first = last !== undefined && adjacent && last.filled !== true ? last.close : price;
  const bar = {
    time: hour,
    open: first,
    high: Math.max(first, price),
    low: Math.min(first, price),
    close: price,
    volume,
  };
  return { closed: kept, open: bar, time };
}

/**
 * Closes the hours that ended at or before `time`, also when no price was seen: hours without one carry the last close at zero volume, marked
 * `filled`, up to {@link MAX_GAP_HOURS} in a row; after that nothing is added, and the last bar's age shows that the history is stale.
 *
 * @throws ObservationError if `time` is before the latest
 */
export function advance(bars: HourlyBars, time: number): HourlyBars {
  if (!Number.isFinite(time) || time < 0)
    throw new ObservationError(`The time ${time} is not in unix seconds; skip this observation.`);
  if (time < bars.time) {
    throw new ObservationError(
      `The time ${time} is before ${bars.time}, which was seen already; pass observations in order of time.`,
    );
  }
  const hour = time - (time % HOUR);
  const { open } = bars;
  if (open?.time === hour) return { ...bars, time };
  const added: Bar[] = open === undefined ? [] : [open];
  const last = open ?? bars.closed.at(-1);
  if (last !== undefined) {
    let carried = open === undefined ? trailingFilled(bars.closed) : 0;
    for (let next = last.time + HOUR; next < hour && carried < MAX_GAP_HOURS; next += HOUR, carried += 1)
      added.push(carry(next, last.close));
  }
  if (added.length === 0) return { ...bars, time };
  return { closed: [...bars.closed, ...added].slice(-MAX_HISTORY_DAYS * 24), open: undefined, time };
}

function trailingFilled(bars: readonly Bar[]): number {
  return bars.length - 1 - bars.findLastIndex((bar) => bar.filled !== true);
}
