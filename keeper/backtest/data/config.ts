/**
 * A file that says what of `layered`'s configuration is not the default: JSON, sections and keys as in keeper/strategy/config.ts. Beside them
 * `candidates` may name the configurations that a walk-forward chooses from, each with a name and its own sections.
 */
import { readFile } from "node:fs/promises";

import { type ConfigOverrides, StrategyConfigError } from "../../strategy/config.ts";
import { BacktestOptionError } from "../errors.ts";
import { backtestConfig } from "../strategies/layered/layered.ts";
import { merged } from "../study/runs.ts";
import type { Candidate } from "../study/walkForward.ts";

export interface BacktestConfig {
  readonly overrides: ConfigOverrides;
  /** Null where the file names none. */
  readonly candidates: readonly Candidate[] | null;
}

/** @throws BacktestOptionError for a file that cannot be read, is no JSON object, or holds what is no setting; all faults at once */
export async function readConfig(file: string): Promise<BacktestConfig> {
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw new BacktestOptionError(`--config "${file}" cannot be read; name a JSON file.`, { cause });
  });
  let found: unknown;
  try {
    found = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new BacktestOptionError(`--config "${file}" is no JSON: ${why}; correct it.`, { cause });
  }
  if (!isRecord(found))
    throw new BacktestOptionError(`--config "${file}" must hold an object, such as {"hedge": {"band": 0.08}}.`);
  const { candidates = null, ...overrides } = found;
  const problems = problemsOf(overrides, "");
  const checked = candidates === null ? null : checkCandidates(candidates, overrides, problems);
  if (problems.length > 0) throw new BacktestOptionError(`--config "${file}": ${problems.join("; ")}.`);
  return { overrides, candidates: checked };
}

function checkCandidates(given: unknown, base: ConfigOverrides, problems: string[]): readonly Candidate[] {
  if (!Array.isArray(given) || given.length === 0) {
    problems.push('candidates must be a list such as [{"name": "wide", "width": {"multiple": 2}}]');
    return [];
  }
  const names = new Set<string>();
  return given.map((one: unknown, i): Candidate => {
    const path = `candidates[${i}]`;
    if (!isRecord(one) || typeof one["name"] !== "string") {
      problems.push(`${path} must be an object with a name`);
      return { name: "", overrides: {} };
    }
    const { name, ...overrides } = one;
    if (names.has(name)) problems.push(`${path}.name: "${name}" is another candidate's already`);
    names.add(name);
    problems.push(...problemsOf(merged(base, overrides), `${path}.`));
    return { name, overrides };
  });
}

/** Key by key: where there are none, what was given is what its type says. */
function problemsOf(overrides: ConfigOverrides, prefix: string): string[] {
  try {
    backtestConfig(overrides);
    return [];
  } catch (error) {
    if (error instanceof StrategyConfigError) return error.problems.map((problem) => `${prefix}${problem}`);
    throw error;
  }
}

function isRecord(found: unknown): found is Readonly<Record<string, unknown>> {
  return typeof found === "object" && found !== null && !Array.isArray(found);
}
