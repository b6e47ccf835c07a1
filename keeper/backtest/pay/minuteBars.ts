/**
 * Minute bars of a pool as demeter-fetch writes them: CSV with a row for every minute, quiet ones too. Columns by name, in any order; others
 * (netAmount0, netAmount1) are left alone. Amounts are wei, read as floats: they are statistics here.
 */
import { readFile } from "node:fs/promises";

import { MAX_TICK, MIN_TICK } from "../../chain/tickMath.ts";
import { formatTime, parseNumber, parseTimestamp } from "../../market/time.ts";
import { BacktestInputError } from "../errors.ts";

export const MINUTE = 60;

/** Minutes without a row, at most so many in a row, that count as minutes without a swap. */
export const MOST_MISSING = 10;

const COLUMNS = [
  "timestamp",
  "closeTick",
  "openTick",
  "lowestTick",
  "highestTick",
  "inAmount0",
  "inAmount1",
  "currentLiquidity",
] as const;
type Column = (typeof COLUMNS)[number];

export interface MinuteBar {
  /** Unix seconds at which the minute begins. */
  readonly time: number;
  /** The pool's ticks, not oriented. */
  readonly openTick: number;
  readonly lowestTick: number;
  readonly highestTick: number;
  readonly closeTick: number;
  /** What swaps brought, wei, the fee included. */
  readonly inAmount0: number;
  readonly inAmount1: number;
  /** In range, raw. */
  readonly liquidity: number;
  readonly file: string;
  readonly line: number;
}

export interface MinuteFile {
  readonly name: string;
  readonly text: string;
}

/** @throws BacktestInputError for a file that is not there or cannot be read */
export async function readMinuteFile(name: string): Promise<MinuteFile> {
  try {
    return { name, text: await readFile(name, "utf8") };
  } catch (cause) {
    throw new BacktestInputError(name, undefined, "the file cannot be read; check the path given by --pool-bars.", {
      cause,
    });
  }
}

/**
 * The minutes of all files in the order of time; whole files may be given in any order.
 * @throws BacktestInputError at the first defect: a row that cannot be read, one out of order or there twice, more than ten missing ones
 */
export function minutesOf(files: readonly MinuteFile[]): readonly MinuteBar[] {
  const parsed = files.map(({ name, text }) => parseMinutes(text, name));
  const minutes = parsed.toSorted((a, b) => (a[0]?.time ?? 0) - (b[0]?.time ?? 0)).flat();
  for (const [i, minute] of minutes.entries()) {
    const before = minutes[i - 1];
    if (before !== undefined) checkOrder(before, minute);
  }
  return minutes;
}

function parseMinutes(text: string, file: string): MinuteBar[] {
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  const names = (lines[0] ?? "").split(",").map((name) => name.trim());
  const missing = COLUMNS.filter((name) => !names.includes(name));
  if (missing.length > 0) {
    throw new BacktestInputError(
      file,
      1,
      `the header has no column ${missing.join(", ")}; give minute bars of a pool with the columns ${COLUMNS.join(",")}.`,
    );
  }
  const places = Object.fromEntries(COLUMNS.map((name) => [name, names.indexOf(name)])) as Record<Column, number>;
  const minutes = lines.flatMap((line, i) =>
    i === 0 || line.trim() === "" ? [] : [parseRow(line.split(","), places, names.length, file, i + 1)],
  );
  if (minutes.length === 0)
    throw new BacktestInputError(file, undefined, "there is no minute after the header; give a file that has some.");
  return minutes;
}

function parseRow(
  fields: readonly string[],
  places: Readonly<Record<Column, number>>,
  count: number,
  file: string,
  line: number,
): MinuteBar {
  const fail = (problem: string): never => {
    throw new BacktestInputError(file, line, problem);
  };
  if (fields.length !== count)
    fail(`the row has ${fields.length} columns where the header has ${count}; complete or remove it.`);
  const field = (name: Column): string => (fields[places[name]] ?? "").trim();
  const time = parseTimestamp(field("timestamp"));
  if (time === undefined || time % MINUTE !== 0)
    return fail(`"${field("timestamp")}" is no minute, UTC; write it as 2024-01-05 00:01:00.`);
  const tick = (name: Column): number => {
    const value = parseNumber(field(name));
    if (value === undefined || !Number.isInteger(value) || value < MIN_TICK || value > MAX_TICK)
      return fail(`the ${name} "${field(name)}" is no tick of a pool; correct the row.`);
    return value;
  };
  const amount = (name: Column): number => {
    const value = parseNumber(field(name));
    if (value === undefined || !(value >= 0 && value < Number.POSITIVE_INFINITY))
      return fail(`the ${name} "${field(name)}" is no amount of zero or more; correct the row.`);
    return value;
  };
  const minute: MinuteBar = {
    time,
    openTick: tick("openTick"),
    lowestTick: tick("lowestTick"),
    highestTick: tick("highestTick"),
    closeTick: tick("closeTick"),
    inAmount0: amount("inAmount0"),
    inAmount1: amount("inAmount1"),
    liquidity: amount("currentLiquidity"),
    file,
    line,
  };
  if (minute.lowestTick > minute.highestTick)
    fail(`the lowestTick ${minute.lowestTick} is above the highestTick ${minute.highestTick}; correct the row.`);
  if (minute.liquidity === 0 && minute.inAmount0 + minute.inAmount1 > 0)
    fail("there is volume at a currentLiquidity of 0, so nobody can have been paid for it; correct the row.");
  return minute;
}

function checkOrder(before: MinuteBar, { time, file, line }: MinuteBar): void {
  const where = `line ${before.line}${before.file === file ? "" : ` of ${before.file}`}`;
  if (time === before.time)
    throw new BacktestInputError(
      file,
      line,
      `the minute ${formatTime(time)} is there already in ${where}; keep one of the two rows.`,
    );
  if (time < before.time)
    throw new BacktestInputError(
      file,
      line,
      `${formatTime(time)} is out of order after ${formatTime(before.time)} in ${where}; sort the file by time.`,
    );
  const missing = (time - before.time) / MINUTE - 1;
  if (missing > MOST_MISSING)
    throw new BacktestInputError(
      file,
      line,
      `${missing} minutes are missing between ${formatTime(before.time)} in ${where} and ${formatTime(time)}, and at most ${MOST_MISSING} ` +
        "count as minutes without a swap; complete the file, or give the part before or after them.",
    );
}
