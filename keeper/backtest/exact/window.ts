/** The hours of an exact run: marks on the hour, UTC, between which all events must be there. */
import { DAY, HOUR, parseDate } from "../../market/time.ts";
import { shortTime } from "../../report/format.ts";
import type { PoolEvent } from "../../sim/replay/events.ts";
import { BacktestOptionError } from "../errors.ts";

export interface Window {
  /** Unix seconds of mark 0, on the hour. */
  readonly from: number;
  readonly bars: number;
}

export interface WindowOptions {
  /** Date or hour, UTC; default the first hour at which the pool's state is known. */
  readonly from?: string;
  /** Not included; default the last hour that the events reach. */
  readonly to?: string;
  /** Length instead of an end. */
  readonly days?: number;
}

/**
 * @param since unix seconds from which on the pool's state is known
 * @param file how messages name the events
 * @throws BacktestOptionError for a window that is none, or that the events do not cover
 */
export function windowOf(
  events: readonly PoolEvent[],
  since: number,
  { from, to, days }: WindowOptions,
  file: string,
): Window {
  if (to !== undefined && days !== undefined)
    throw new BacktestOptionError("--to and --days both say where the window ends; leave one of them out.");
  const last = events.at(-1)?.time ?? since;
  const begin = from === undefined ? Math.ceil(since / HOUR) * HOUR : hourOf(from, "--from");
  if (begin < since) {
    throw new BacktestOptionError(
      `The state of the pool is known from ${shortTime(since)} on, after the window's beginning at ${shortTime(begin)}; begin later (--from) or give an earlier tick map.`,
    );
  }
  const end =
    to !== undefined
      ? hourOf(to, "--to")
      : days !== undefined
        ? begin + days * DAY
        : Math.max(begin, Math.floor(last / HOUR) * HOUR);
  // A pool may rest for part of an hour, so the last hour counts as covered if anything happened in it.
  if (end - last >= HOUR) {
    throw new BacktestOptionError(
      `${file} ends at ${shortTime(last)}, before the window's end at ${shortTime(end)}; choose an earlier end (--to, --days) or fetch more events.`,
    );
  }
  if (end <= begin) {
    throw new BacktestOptionError(
      `There is no whole hour from ${shortTime(begin)} to ${shortTime(end)} in ${file}; let the window end after it begins, or fetch more events.`,
    );
  }
  return { from: begin, bars: (end - begin) / HOUR };
}

/** Unix seconds of a date or an hour. @throws BacktestOptionError for anything else */
export function hourOf(text: string, option: string): number {
  const time = parseDate(text);
  if (time === undefined || time % HOUR !== 0)
    throw new BacktestOptionError(`${option} "${text}" is no hour, UTC; write 2024-01-05 or 2024-01-05T13:00.`);
  return time;
}
