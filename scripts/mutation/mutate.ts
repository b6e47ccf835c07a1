/** One mutation run from start to report. */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import { describe, findMutants, readProject, runCampaign } from "./campaign.ts";
import { parseExplained } from "./explained.ts";
import { readKillers, updated, writeKillers } from "./killers.ts";
import { keyOf } from "./mutants.ts";
import { documentOf, type MutationDocument } from "./report.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

export interface Selection {
  /** How many mutants; Infinity for all. */
  readonly count: number;
  readonly seed: number;
  /** Part of a source's path; undefined for all. */
  readonly file: string | undefined;
}

export interface MutateOptions extends Selection {
  readonly minutes: number;
  readonly lanes: number;
  /** Test files instead of all of test/contracts. */
  readonly suites: readonly string[] | undefined;
  /** Keeps which test file killed each mutant, for the next run. */
  readonly remember: boolean;
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
}

/** Fifty-five minutes leave room for the start and the report inside an hour. */
export const DEFAULTS = { count: 160, seed: 1, minutes: 55, lanes: 2 } as const;

/** @throws CampaignError if the tests are unfit without any mutant */
export async function mutate(options: MutateOptions): Promise<MutationDocument> {
  const explained = parseExplained(await readFile(new URL("explained.json", import.meta.url), "utf8"));
  const killers = await readKillers();
  const project = readProject(ROOT);
  const report = await runCampaign(project, findMutants(project, options.seed, options.file), {
    root: ROOT,
    count: options.count,
    lanes: options.lanes,
    budgetSeconds: options.minutes * 60,
    explained: new Set(explained.map(keyOf)),
    killers,
    suites: options.suites,
    signal: options.signal,
    log: options.log,
  });
  if (options.remember) {
    const found = report.results.flatMap(({ mutant, outcome }) =>
      outcome.kind === "killed" && outcome.by !== "" ? [{ mutant, by: outcome.by }] : [],
    );
    await writeKillers(updated(killers, found, findMutants(project, options.seed, undefined)));
  }
  return documentOf(report, explained, options.seed);
}

/** One line for each mutant that would be run. */
export function list({ count, seed, file }: Selection): readonly string[] {
  return findMutants(readProject(ROOT), seed, file).slice(0, count).map(describe);
}

/** The exit code of a run that looked at too little to say anything. */
export const INCOMPLETE = 4;

/** The part of the mutants wanted that may be left over when the time is up. */
const LEFT_OVER = 0.1;

/** Whether enough mutants were run for the answer to mean anything. */
export function isComplete({ mutants, notReached }: MutationDocument): boolean {
  return mutants > 0 && notReached <= LEFT_OVER * (mutants + notReached);
}

/** 0 clean, 1 a survivor is not explained or a run was broken, 4 too little was looked at. */
export function exitCodeOf(document: MutationDocument): number {
  if (!isClean(document)) return 1;
  return isComplete(document) ? 0 : INCOMPLETE;
}

/** Whether nothing survived unexplained, and no run of the tests was broken. */
export function isClean(document: MutationDocument): boolean {
  return document.survived.length === 0 && document.broken === 0;
}
