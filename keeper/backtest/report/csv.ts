/** The report's lines and tables as CSV (RFC 4180): numbers unrounded as in the document, times ISO 8601. */
import { isoTime } from "../../report/format.ts";
import { midnights } from "../data/calendar.ts";
import { type Tape, tapeOf, timeOf } from "../data/tape.ts";
import type { PricePath } from "../../market/types.ts";
import type { Study } from "../study/study.ts";
import { STRETCH_MEASURES } from "./summary.ts";
import type { StudyDocument } from "./document.ts";

type Field = string | number | null;

/** File names with their content. */
export function csvFiles(document: StudyDocument, study: Study, path: PricePath): ReadonlyMap<string, string> {
  const tape = tapeOf(path);
  return new Map([
    ["nav.csv", navByDay(study, tape)],
    ["ranges.csv", ranges(study, tape)],
    ["attribution.csv", attribution(document)],
    [
      "regimes.csv",
      periods(
        "regime",
        document.regimes.map(({ name, strategies }) => ({ label: name, strategies })),
      ),
    ],
    [
      "quarters.csv",
      periods(
        "quarter",
        document.quarters.map(({ quarter, strategies }) => ({ label: quarter, strategies })),
      ),
    ],
    [
      "years.csv",
      periods(
        "year",
        document.years.map(({ year, strategies }) => ({ label: year, strategies })),
      ),
    ],
    ["starts.csv", starts(study)],
    ["k.csv", byK(document)],
    ["break-even.csv", breakEven(document)],
  ]);
}

/** Price and value of every strategy at each midnight and at both ends, from the first start. */
function navByDay({ strategies }: Study, tape: Tape): string {
  const marks = [...new Set([0, ...midnights(tape), tape.bars])];
  return csv(
    ["time", "price", ...strategies.map(({ name }) => name)],
    marks.map((mark) => [
      isoTime(timeOf(tape, mark)),
      tape.price[mark] ?? null,
      ...strategies.map(({ first: { record } }) => record.nav[mark - record.start] ?? null),
    ]),
  );
}

/** Empty for a bound that there is none of. */
function ranges({ strategies }: Study, tape: Tape): string {
  return csv(
    ["strategy", "opened", "until", "lower", "upper"],
    strategies.flatMap(({ name, first }) =>
      first.ranges.map(({ from, to, lower, upper }): Field[] => [
        name,
        isoTime(timeOf(tape, from)),
        isoTime(timeOf(tape, to)),
        lower,
        Number.isFinite(upper) ? upper : null,
      ]),
    ),
  );
}

const TERMS = ["market", "fees", "lvr", "hedge", "carry", "gas", "slippage", "total"] as const;

function attribution({ strategies }: StudyDocument): string {
  return csv(
    ["strategy", ...TERMS],
    Object.entries(strategies).map(([name, one]) => [name, ...TERMS.map((term) => one.attribution[term])]),
  );
}

type Periods = StudyDocument["regimes"][number]["strategies"];

function periods(what: string, rows: readonly { readonly label: string; readonly strategies: Periods }[]): string {
  return csv(
    [what, "strategy", ...STRETCH_MEASURES, ...TERMS, "starts"],
    rows.flatMap(({ label, strategies }) =>
      Object.entries(strategies).map(([name, one]): Field[] => [
        label,
        name,
        ...STRETCH_MEASURES.map((measure) => one[measure]),
        ...TERMS.map((term) => one.attribution[term]),
        one.starts,
      ]),
    ),
  );
}

function starts(study: Study): string {
  return csv(
    ["start", "strategy", "netReturn", "cagr", "maxDrawdown", "volatility", "sharpe"],
    study.starts.flatMap((start, i) =>
      study.strategies.flatMap(({ name, runs }): Field[][] => {
        const run = runs[i];
        return run === undefined
          ? []
          : [[isoTime(start), name, run.netReturn, run.cagr, run.maxDrawdown, run.volatility, run.sharpe]];
      }),
    ),
  );
}

function byK({ strategies }: StudyDocument): string {
  return csv(
    ["strategy", "k", "netReturn", "cagr", "maxDrawdown"],
    Object.entries(strategies).flatMap(([name, { atK }]) =>
      atK.map(({ k, netReturn, cagr, maxDrawdown }): Field[] => [name, k, netReturn, cagr, maxDrawdown]),
    ),
  );
}

function breakEven({ strategies }: StudyDocument): string {
  return csv(
    [
      "strategy",
      "days",
      "expectedFees",
      "lower",
      "upper",
      "probability",
      "tokensLower",
      "tokensUpper",
      "tokensProbability",
    ],
    Object.entries(strategies).flatMap(([name, one]) =>
      (one.breakEven ?? []).map(({ days, expectedFees, absolute, versusTokens }): Field[] => [
        name,
        days,
        expectedFees,
        ...[absolute, versusTokens].flatMap((interval) => [
          interval?.lower ?? null,
          interval?.upper ?? null,
          interval?.probability ?? 0,
        ]),
      ]),
    ),
  );
}

function csv(header: readonly string[], rows: readonly (readonly Field[])[]): string {
  return [header, ...rows].map((row) => `${row.map(field).join(",")}\r\n`).join("");
}

/** What has no value is empty. */
function field(value: Field): string {
  if (value === null) return "";
  const written = String(value);
  return /[",\r\n]/.test(written) ? `"${written.replaceAll('"', '""')}"` : written;
}
