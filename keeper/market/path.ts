import { MarketOptionError } from "./errors.ts";
import { readPricePath } from "./file.ts";
import { generatePath } from "./generator.ts";
import { parseDate } from "./time.ts";
import type { PricePath } from "./types.ts";

/** Where prices come from, as a command line says it: a file with an optional window, or the generator with an optional seed and length. */
export interface PathOptions {
  /** CSV file of hourly bars. */
  readonly prices?: string | undefined;
  /** `YYYY-MM-DD` or an ISO date with time, UTC unless it has an offset; inclusive; default the file's first bar. */
  readonly from?: string | undefined;
  /** The same, exclusive; default the end of the file. */
  readonly to?: string | undefined;
  /** Integer from 0 to 2^53 - 1. */
  readonly seed?: number | string | undefined;
  /** Whole days. */
  readonly days?: number | string | undefined;
}

/**
 * The price path that the options ask for.
 *
 * @throws MarketOptionError for options that are wrong or exclude each other, MarketDataError for a file that is wrong
 */
export async function loadPath(options: PathOptions = {}): Promise<PricePath> {
  const { prices } = options;
  const seed = parseWhole("--seed", options.seed);
  const days = parseWhole("--days", options.days);
  if (prices === undefined) {
    for (const name of ["from", "to"] as const) {
      if (options[name] !== undefined) {
        throw new MarketOptionError(
          `--${name} chooses a part of a price file; add --prices FILE, or use --days for generated prices.`,
        );
      }
    }
    return generatePath({ ...(seed === undefined ? {} : { seed }), ...(days === undefined ? {} : { days }) });
  }
  if (prices === "") throw new MarketOptionError("--prices is empty; give the path of a CSV file with hourly bars.");
  if (seed !== undefined || days !== undefined) {
    const name = seed !== undefined ? "--seed" : "--days";
    throw new MarketOptionError(
      `${name} is for generated prices; leave it out together with --prices, or leave out --prices.`,
    );
  }
  const from = parseDay("--from", options.from);
  const to = parseDay("--to", options.to);
  if (from !== undefined && to !== undefined && from >= to) {
    throw new MarketOptionError(
      `--from ${options.from ?? ""} is not before --to ${options.to ?? ""}; let the window end after it begins.`,
    );
  }
  return readPricePath(prices, { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) });
}

const ISO_DATE = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})?)?$/;

/** Unix seconds, on the hour. Stricter than the dates of a file: only ISO 8601. */
function parseDay(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const time = ISO_DATE.test(text) ? parseDate(text) : undefined;
  if (time === undefined)
    throw new MarketOptionError(`${name} "${text}" is not a date; write it as 2020-03-01 or 2020-03-01T12:00Z (UTC).`);
  if (time % 3600 !== 0)
    throw new MarketOptionError(`${name} ${text} is not on the hour; write a full hour such as 2020-03-01T12:00Z.`);
  return time;
}

function parseWhole(name: string, value: number | string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const number = typeof value === "number" ? value : /^\d+$/.test(value) ? Number(value) : NaN;
  if (!Number.isSafeInteger(number) || number < 0)
    throw new MarketOptionError(`${name} "${value}" is not a whole number; write one such as 1.`);
  return number;
}
