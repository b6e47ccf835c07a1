/** The reserve's yield: fed funds by month, from `rates/fedfunds-monthly.csv` of the inputs (FRED's FEDFUNDS: DATE, percent a year). */
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { parseDate, parseNumber } from "../../market/time.ts";
import { BacktestInputError } from "../errors.ts";

/** A rate in force from a time until the next one's. */
export interface DatedRate {
  /** Unix seconds. */
  readonly from: number;
  /** Fraction a year, compounding continuously. */
  readonly rate: number;
}

const PLACE = ["rates", "fedfunds-monthly.csv"] as const;

/**
 * @param folder laid out like the data folder
 * @returns ascending; null if the folder has no such file, which means "unknown" and not zero
 * @throws BacktestInputError for a file that is there and cannot be read or has a defect
 */
export async function readFedFunds(folder: string): Promise<readonly DatedRate[] | null> {
  const file = join(folder, ...PLACE);
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return null;
    throw new BacktestInputError(
      file,
      undefined,
      "the file cannot be read; give yourself permission to read it, or take it away to use the default of 2 %.",
      { cause },
    );
  }
  return parseFedFunds(text, file);
}

/** @throws BacktestInputError at the first line that is no month with its rate, or not later than the one before */
export function parseFedFunds(text: string, file: string): readonly DatedRate[] {
  const rates: DatedRate[] = [];
  for (const [index, line] of text
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/)
    .entries()) {
    if (line.trim() === "" || index === 0) continue;
    const [date = "", value = ""] = line.split(",").map((field) => field.trim());
    const [from, percent] = [parseDate(date), parseNumber(value)];
    if (from === undefined || percent === undefined || !(Math.abs(percent) < 100)) {
      throw new BacktestInputError(
        file,
        index + 1,
        `"${line}" is no month with its rate; write it as 2018-01-01,1.41.`,
      );
    }
    if (from <= (rates.at(-1)?.from ?? Number.NEGATIVE_INFINITY))
      throw new BacktestInputError(file, index + 1, `${date} is not after the month before it; sort the file by date.`);
    rates.push({ from, rate: percent / 100 });
  }
  if (rates.length === 0) {
    throw new BacktestInputError(
      file,
      undefined,
      "there is no rate after the header; give one line a month, or take the file away.",
    );
  }
  return rates;
}
