/** The report as a folder: one page, its lines and tables as CSV, and the document. */
import type { StrategyName } from "../strategies/catalogue.ts";
import type { Study } from "../study/study.ts";
import { BacktestOptionError } from "../errors.ts";
import { csvFiles } from "./csv.ts";
import { type Ownership, writeFolder } from "./folder.ts";
import { GENERATOR, reportPage } from "./html/page.ts";
import type { ReportInput } from "./html/input.ts";

export const PAGE = "report.html";
const DOCUMENT = "backtest.json";

/** What marks a folder as an earlier report. */
export const OWNED: Ownership = {
  file: PAGE,
  mark: `content="${GENERATOR}"`,
  names: new Set([
    ...[PAGE, DOCUMENT, "nav.csv", "ranges.csv", "attribution.csv", "regimes.csv"],
    ...["quarters.csv", "years.csv", "starts.csv", "k.csv", "break-even.csv"],
  ]),
};

/** @throws BacktestOptionError if the folder is not ours to write, in which case nothing is changed */
export async function saveReport(folder: string, input: ReportInput): Promise<readonly string[]> {
  const { document, study, path } = input;
  const files = new Map([
    [PAGE, reportPage(input)],
    [DOCUMENT, `${JSON.stringify(document, null, 2)}\n`],
    ...csvFiles(document, study, path),
  ]);
  await writeFolder(folder, files, OWNED);
  return [...files.keys()];
}

/**
 * Whose ranges are drawn.
 * @param wished by --ranges; else `layered` if it is there and held any, else the first strategy that moved its ranges, else the first that
 * had one
 * @returns null if nobody held a range
 * @throws BacktestOptionError for a wish that is no strategy of the study, or one without ranges
 */
export function rangesShown({ strategies }: Study, wished?: string): StrategyName | null {
  const ranged = strategies.filter(({ first }) => first.ranges.length > 0).map(({ name }) => name);
  if (wished === undefined) {
    const moved = strategies.find(({ first }) => first.ranges.length > 1)?.name;
    return ranged.find((name: string) => name === "layered") ?? moved ?? ranged[0] ?? null;
  }
  const found = ranged.find((name) => name === wished);
  if (found !== undefined) return found;
  const from = ranged.length === 0 ? "no strategy here opens a range" : `choose from ${ranged.join(", ")}`;
  throw new BacktestOptionError(`--ranges: "${wished}" opens no range in this back-test; ${from}.`);
}
