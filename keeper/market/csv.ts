import { type Columns, columnsOfCount, columnsOfHeader, looksLikeHeader } from "./columns.ts";
import { MarketDataError } from "./errors.ts";
import { formatTime, HOUR, parseNumber, parseTimestamp } from "./time.ts";
import type { Bar } from "./types.ts";

/** A bar with the physical line that it came from, counted from 1. */
export interface FileBar extends Bar {
  readonly line: number;
}

const SEPARATORS = [",", ";", "\t"] as const;

/**
 * Parses hourly bars from the text of a CSV file and checks every row of it, whatever window is asked for later.
 *
 * Accepted: comma, semicolon or tab; quotes; a byte order mark; LF or CRLF; blank lines; one banner line before the header (as
 * CryptoDataDownload's address); the header dialects of columns.ts, or none with 6, 7 or 12 columns; times as in {@link parseTimestamp}; a file
 * that runs wholly from new to old, which is reversed. Gaps are left to window.ts, which knows the window.
 *
 * @param text the file's content
 * @param file how messages name the file
 * @returns bars in ascending order of time, at least one; time in unix seconds on the hour, prices in quote units, volume in base units
 * @throws MarketDataError at the first defect: a row that cannot be read, in the order of the file, else one that is out of order
 */
export function parseCsv(text: string, file: string): readonly FileBar[] {
  const lines = text.replace(/^\uFEFF/, "").split(/\r\n|\n|\r/);
  const first = lines.findIndex((line) => line.trim() !== "");
  if (first < 0)
    throw new MarketDataError(
      file,
      undefined,
      "the file is empty; give a CSV file with hourly open, high, low, close and volume.",
    );
  const layout = findLayout(lines, first, file);
  const bars: FileBar[] = [];
  for (let index = layout.start; index < lines.length; index += 1) {
    const line = lines[index] ?? "";
    if (line.trim() === "") continue;
    bars.push(parseRow(line, index + 1, layout, file));
  }
  if (bars.length === 0) {
    throw new MarketDataError(
      file,
      layout.start,
      "there is no row after the header; give a file that has hourly bars.",
    );
  }
  return ascending(bars, file);
}

interface Layout {
  readonly separator: string;
  readonly columns: Columns;
  /** Index of the first line of data. */
  readonly start: number;
}

function findLayout(lines: readonly string[], first: number, file: string): Layout {
  const candidates = [first, lines.findIndex((line, index) => index > first && line.trim() !== "")];
  for (const index of candidates) {
    const line = lines[index];
    if (line === undefined) continue;
    const separator = separatorOf(line);
    const fields = split(line, separator, index + 1, file);
    if (looksLikeHeader(fields)) {
      const columns = columnsOfHeader(fields);
      if ("fault" in columns) {
        throw new MarketDataError(
          file,
          index + 1,
          `the header ${columns.fault}; name the columns time, open, high, low, close and volume.`,
        );
      }
      return { separator, columns, start: index + 1 };
    }
    if (parseTimestamp(fields[0] ?? "") !== undefined) {
      const columns = columnsOfCount(fields.length);
      if (columns === undefined) {
        throw new MarketDataError(
          file,
          index + 1,
          `there is no header, and ${fields.length} columns without one are unknown; put the line "time,open,high,low,close,volume" with the file's own order first.`,
        );
      }
      return { separator, columns, start: index };
    }
    // Only a line of a single field, or a spreadsheet's "sep=;", may stand before the header: anything longer was meant to be one.
    if (fields.length > 1 && !/^sep=.$/i.test(line.trim())) break;
  }
  throw new MarketDataError(
    file,
    first + 1,
    "this is neither a header nor a bar; begin the file with a header that names the columns time, open, high, low, close and volume.",
  );
}

function separatorOf(line: string): string {
  let best: string = SEPARATORS[0];
  for (const separator of SEPARATORS) if (line.split(separator).length > line.split(best).length) best = separator;
  return best;
}

/** The fields of one line after RFC 4180, blanks around them removed. A quoted field may not span lines: no price file needs it. */
function split(line: string, separator: string, number: number, file: string): string[] {
  if (!line.includes('"')) return line.split(separator).map((field) => field.trim());
  const fields: string[] = [];
  let rest = line;
  for (;;) {
    const quoted = /^\s*"((?:[^"]|"")*)"\s*/.exec(rest);
    if (quoted !== null) {
      fields.push((quoted[1] ?? "").replaceAll('""', '"').trim());
      rest = rest.slice(quoted[0].length);
      if (rest === "") return fields;
      if (!rest.startsWith(separator)) break;
      rest = rest.slice(separator.length);
    } else {
      const end = rest.indexOf(separator);
      const field = end < 0 ? rest : rest.slice(0, end);
      if (field.includes('"')) break;
      fields.push(field.trim());
      if (end < 0) return fields;
      rest = rest.slice(end + separator.length);
    }
  }
  throw new MarketDataError(
    file,
    number,
    "a quote is opened and not closed, or stands inside a value; correct the row.",
  );
}

function parseRow(text: string, line: number, { separator, columns }: Layout, file: string): FileBar {
  const fail = (problem: string): never => {
    throw new MarketDataError(file, line, problem);
  };
  const fields = split(text, separator, line, file);
  if (fields.length !== columns.count) {
    fail(`the row has ${fields.length} columns where ${columns.count} are expected; complete or remove it.`);
  }
  const stamp = fields[columns.time] ?? "";
  const time =
    parseTimestamp(stamp) ?? fail(`"${stamp}" is not a time; write unix seconds, milliseconds or an ISO date.`);
  if (time % HOUR !== 0)
    fail(`${stamp} is not on the hour (UTC); give hourly bars, each stamped with the time at which it opens.`);
  const number = (name: "open" | "high" | "low" | "close" | "volume"): number => {
    const field = fields[columns[name]] ?? "";
    return (
      parseNumber(field) ?? fail(`the ${name} "${field}" is not a number; write it in plain decimals with a point.`)
    );
  };
  const price = (name: "open" | "high" | "low" | "close"): number => {
    const value = number(name);
    if (!(value > 0 && value < Infinity))
      fail(`the ${name} ${value} is not a positive price; correct or remove the row.`);
    return value;
  };
  const bar = {
    time,
    open: price("open"),
    high: price("high"),
    low: price("low"),
    close: price("close"),
    volume: number("volume"),
    line,
  };
  if (!(bar.volume >= 0 && bar.volume < Infinity))
    fail(`the volume ${bar.volume} is not zero or more; correct or remove the row.`);
  if (bar.low > bar.high)
    fail(`the low ${bar.low} is above the high ${bar.high}; correct the row or the order of the columns.`);
  if (bar.high < Math.max(bar.open, bar.close)) {
    fail(
      `the high ${bar.high} is below the ${bar.open > bar.high ? `open ${bar.open}` : `close ${bar.close}`}; correct or remove the row.`,
    );
  }
  if (bar.low > Math.min(bar.open, bar.close)) {
    fail(
      `the low ${bar.low} is above the ${bar.open < bar.low ? `open ${bar.open}` : `close ${bar.close}`}; correct or remove the row.`,
    );
  }
  return bar;
}

/** The bars from old to new. The direction of the file is the one that most neighbouring rows have, so that a single misplaced row is found where it stands. */
function ascending(bars: readonly FileBar[], file: string): readonly FileBar[] {
  let rises = 0;
  let falls = 0;
  for (let i = 1; i < bars.length; i += 1) {
    const change = timeAt(bars, i) - timeAt(bars, i - 1);
    if (change > 0) rises += 1;
    if (change < 0) falls += 1;
  }
  const descending = falls > rises;
  for (let i = 1; i < bars.length; i += 1) {
    const change = timeAt(bars, i) - timeAt(bars, i - 1);
    const [bar, before] = [bars[i], bars[i - 1]];
    if (bar === undefined || before === undefined || (descending ? change < 0 : change > 0)) continue;
    throw new MarketDataError(
      file,
      bar.line,
      change === 0
        ? `the time ${formatTime(bar.time)} is there already in line ${before.line}; keep one of the two rows.`
        : `${formatTime(bar.time)} is out of order after ${formatTime(before.time)} in line ${before.line}; sort the file by time.`,
    );
  }
  return descending ? bars.toReversed() : bars;
}

function timeAt(bars: readonly FileBar[], index: number): number {
  return bars[index]?.time ?? Number.NaN;
}
