/** Seconds in an hour, the step of every path. */
export const HOUR = 3600;
/** Seconds in a day. */
export const DAY = 86_400;

/** `2020-03-01T05:00Z` for 1583038800: how every message names a time. */
export function formatTime(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 16)}Z`;
}

const ISO =
  /^(\d{4})([-/])(\d{2})\2(\d{2})(?:(?:T| +)(?:(\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d+))?)?|(\d{2})-(AM|PM)) *(Z|UTC|[+-]\d{2}:?\d{2})?)?$/i;

/**
 * Unix seconds of a date as people and exchanges write it: `2020-03-01`, `2020-03-01 00:00[:00[.000]]`, with `T`, with `Z`, `UTC` or an
 * offset, `/` for `-`, and CryptoDataDownload's `2020-03-01 08-PM`. Without an offset it is UTC. Undefined if it is none of these, or a day or
 * an hour that does not exist.
 */
export function parseDate(text: string): number | undefined {
  const match = ISO.exec(text);
  if (match === null) return undefined;
  const [, year, , month, day, hour24, minute = "0", second = "0", fraction = "0", hour12, half, zone] = match;
  const [y, mo, d, mi, s] = [Number(year), Number(month), Number(day), Number(minute), Number(second)];
  let h = Number(hour24 ?? 0);
  if (hour12 !== undefined) {
    if (Number(hour12) < 1 || Number(hour12) > 12) return undefined;
    h = (Number(hour12) % 12) + (half?.toUpperCase() === "PM" ? 12 : 0);
  }
  if (h > 23 || mi > 59 || s > 59) return undefined;
  const midnight = new Date(Date.UTC(y, mo - 1, d));
  // Date.UTC rolls 31 February over into March and takes years under 100 for the twentieth century; both show up as another date.
  if (midnight.getUTCFullYear() !== y || midnight.getUTCMonth() !== mo - 1 || midnight.getUTCDate() !== d)
    return undefined;
  const offset = parseZone(zone);
  if (offset === undefined) return undefined;
  return midnight.getTime() / 1000 + h * HOUR + mi * 60 + s + Number(`0.${fraction}`) - offset;
}

/** Seconds east of UTC. */
function parseZone(zone: string | undefined): number | undefined {
  if (zone === undefined || /^(z|utc)$/i.test(zone)) return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(-2));
  if (hours > 14 || minutes > 59) return undefined;
  return (zone.startsWith("-") ? -1 : 1) * (hours * HOUR + minutes * 60);
}

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

/** A plain decimal number, or undefined: no `NaN`, no `Infinity`, no hexadecimal, no thousands separators, no blanks. */
export function parseNumber(text: string): number | undefined {
  return NUMBER.test(text) ? Number(text) : undefined;
}

/**
 * Unix seconds of a time stamp: a date as in {@link parseDate}, or a number of seconds, milliseconds, microseconds or nanoseconds, told apart by
 * size (1e11 seconds are the year 5138, 1e11 milliseconds are 1973). The unit is decided value by value, because some
 * published files change it half-way. Undefined if it is no time.
 */
export function parseTimestamp(text: string): number | undefined {
  const value = parseNumber(text);
  if (value === undefined) return parseDate(text);
  if (value < 0) return undefined;
  if (value < 1e11) return value;
  if (value < 1e14) return value / 1e3;
  if (value < 1e17) return value / 1e6;
  if (value < 1e20) return value / 1e9;
  return undefined;
}
