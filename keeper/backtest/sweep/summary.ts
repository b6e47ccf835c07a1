/** What a sweep came to, for programs and for people. */
import { isoTime } from "../../report/format.ts";
import { attributionDocument } from "../report/document.ts";
import type { SweepConfig } from "./configFile.ts";
import type { SweepDefinition } from "./definition.ts";
import type { Parameters } from "./families/family.ts";
import { duration } from "./progress.ts";
import { ranked } from "./results/ranking.ts";
import type { Header, Row } from "./results/row.ts";

export interface SweepRun {
  readonly config: Pick<SweepConfig, "objective" | "best" | "search" | "skipped">;
  readonly definition: SweepDefinition;
  readonly header: Header;
  readonly file: string;
  /** How many there are. */
  readonly configurations: number;
  /** All that are recorded. */
  readonly rows: ReadonlyMap<string, Row>;
  /** Recorded before this run. */
  readonly resumed: number;
  /** Of this run. */
  readonly seconds: number;
  /** Threads, or worker processes that gave results over Redis. */
  readonly workers: number;
}

export function sweepDocument(run: SweepRun): unknown {
  const { config, definition, header, rows } = run;
  const { path } = definition;
  const best = bestOf(run);
  return {
    data: {
      file: path.file ?? null,
      from: isoTime(path.from),
      to: isoTime(path.to),
      bars: path.bars.length,
      filledBars: path.filledBars,
      sha256: header.dataHash,
    },
    model: { fees: "lvr", k: definition.k, starts: definition.starts, ...definition.costs },
    strategy: definition.family,
    configHash: header.configHash,
    codeVersion: header.codeVersion,
    seed: config.search.method === "random" ? config.search.seed : null,
    configurations: run.configurations,
    skipped: config.skipped,
    done: rows.size,
    resumed: run.resumed,
    failed: failures(rows),
    seconds: Math.round(run.seconds * 1_000) / 1_000,
    workers: run.workers,
    results: run.file,
    objective: config.objective,
    best: best.map(({ hash, parameters, outcome }) => ({
      hash,
      parameters,
      ...("figures" in outcome
        ? {
            ...outcome.figures.means,
            attribution: attributionDocument(outcome.figures.attribution),
            starts: { n: definition.starts, min: outcome.figures.netReturns[0], max: outcome.figures.netReturns[1] },
          }
        : {}),
    })),
  };
}

const COLUMNS = [
  ["CAGR %", "cagr", 100, 1],
  ["max DD %", "maxDrawdown", 100, 1],
  ["Sharpe", "sharpe", 1, 2],
  ["Sortino", "sortino", 1, 2],
  ["Calmar", "calmar", 1, 2],
  ["turnover", "turnover", 1, 1],
  ["fees/LVR", "payRatio", 1, 2],
] as const;

export function sweepText(run: SweepRun): string {
  const { config, definition, rows } = run;
  const best = bestOf(run);
  const failed = failures(rows);
  const number = (value: number): string => value.toLocaleString("en-US");
  const own = Object.fromEntries(
    COLUMNS.map(([title, measure, unit, places]) => [
      title,
      best.map(({ outcome }) => {
        const value = "figures" in outcome ? outcome.figures.means[measure] : null;
        return value === null ? "-" : (value * unit).toFixed(places);
      }),
    ]),
  );
  const varied = variedNames(rows);
  const columns: [string, string[]][] = [
    ...Object.entries(own),
    ...varied.map((name): [string, string[]] => [name, best.map(({ parameters }) => String(parameters[name] ?? ""))]),
  ];
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => {
        const [title, values] = columns[i] ?? ["", []];
        return cell.padStart(Math.max(title.length, ...values.map((value) => value.length)));
      })
      .join("  ");
  return [
    `${definition.family}: ${number(rows.size)} configurations, ${number(rows.size - run.resumed)} of them in this run: ` +
      `${duration(run.seconds)} on ${run.workers} worker${run.workers === 1 ? "" : "s"}`,
    `${isoTime(definition.path.from).slice(0, 10)} to ${isoTime(definition.path.to).slice(0, 10)}, k = ${definition.k}, means of ${definition.starts} start${definition.starts === 1 ? "" : "s"}; results in ${run.file}`,
    ...(config.skipped > 0 ? [`${number(config.skipped)} impossible ones were left out.`] : []),
    ...(failed > 0 ? [`${number(failed)} could not be carried out; their lines say why.`] : []),
    "",
    `best by ${config.objective}, of ${number(rows.size)} tried on the same past: the more are tried, the better the best looks by chance`,
    line(columns.map(([title]) => title)),
    ...best.map((_, row) => line(columns.map(([, values]) => values[row] ?? ""))),
  ].join("\n");
}

function bestOf({ rows, config }: SweepRun): readonly Row[] {
  return ranked(rows.values(), config.objective, config.best);
}

function failures(rows: ReadonlyMap<string, Row>): number {
  return [...rows.values()].filter(({ outcome }) => "error" in outcome).length;
}

/** Parameters that are not the same in all rows, by name. */
function variedNames(rows: ReadonlyMap<string, Row>): readonly string[] {
  const seen = new Map<string, Parameters[string]>();
  const varied = new Set<string>();
  for (const { parameters } of rows.values()) {
    for (const [name, value] of Object.entries(parameters)) {
      if (!seen.has(name)) seen.set(name, value);
      else if (seen.get(name) !== value) varied.add(name);
    }
  }
  return [...varied].toSorted();
}
