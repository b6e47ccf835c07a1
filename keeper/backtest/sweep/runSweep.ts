/**
 * A whole sweep: names the configurations, opens the results, has computed what is missing, on threads here or on workers over Redis. What
 * computes is handed in, so that a sweep without Redis loads nothing of it.
 */
import type { SweepConfig } from "./configFile.ts";
import { configHashOf, type Configuration, configurationsOf, dataHashOf, type SweepDefinition } from "./definition.ts";
import { ResultsFile } from "./results/resultsFile.ts";
import type { Header, Row } from "./results/row.ts";
import type { SweepRun } from "./summary.ts";

/** What is to be done, and where what is done goes. */
export interface Order {
  readonly definition: SweepDefinition;
  readonly header: Header;
  readonly missing: readonly Configuration[];
  /** Puts rows on record; its throwing ends the sweep. */
  readonly record: (rows: readonly Row[]) => void;
}

export interface SweepOptions {
  readonly config: SweepConfig;
  readonly definition: SweepDefinition;
  readonly codeVersion: string;
  /** Of the results. */
  readonly file: string;
  /** Computes what is missing. @returns whether all is done, and by how many */
  readonly compute: (order: Order) => Promise<{ readonly complete: boolean; readonly workers: number }>;
  /** Told once with what is on record already, and after each step. */
  readonly onProgress: (done: number, all: number) => void;
}

export interface FinishedSweep extends SweepRun {
  /** False if it was stopped. */
  readonly complete: boolean;
}

/** @throws SweepConfigError for results of something else; whatever `compute` throws, with all that was done on record */
export async function runSweep(options: SweepOptions): Promise<FinishedSweep> {
  const { config, definition, codeVersion, file } = options;
  const configurations = configurationsOf(definition, config.points);
  const header: Header = {
    strata: "sweep",
    dataHash: dataHashOf(definition),
    configHash: configHashOf(configurations),
    codeVersion,
  };
  const results = ResultsFile.open(file, header);
  try {
    const resumed = results.rows.size;
    const missing = configurations.filter(({ hash }) => !results.rows.has(hash));
    options.onProgress(resumed, configurations.length);
    const record = (rows: readonly Row[]): void => {
      if (results.append(rows) > 0) options.onProgress(results.rows.size, configurations.length);
    };
    const began = performance.now();
    const { complete, workers } = await options.compute({ definition, header, missing, record });
    return {
      config,
      definition,
      header,
      file,
      configurations: configurations.length,
      rows: results.rows,
      resumed,
      seconds: (performance.now() - began) / 1_000,
      workers,
      complete,
    };
  } finally {
    results.close();
  }
}
