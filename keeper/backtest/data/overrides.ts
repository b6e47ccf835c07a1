/** A file with what of `layered`'s configuration is not the default: JSON, sections and keys as in keeper/strategy/config.ts. */
import { readFile } from "node:fs/promises";

import { type ConfigOverrides, StrategyConfigError } from "../../strategy/config.ts";
import { BacktestOptionError } from "../errors.ts";
import { backtestConfig } from "../strategies/layered/layered.ts";

/** @throws BacktestOptionError for a file that cannot be read, is no JSON object, or holds what is no setting; all faults at once */
export async function readOverrides(file: string): Promise<ConfigOverrides> {
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw new BacktestOptionError(`--config "${file}" cannot be read; name a JSON file.`, { cause });
  });
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch (cause) {
    throw new BacktestOptionError(`--config "${file}" is no JSON: ${cause instanceof Error ? cause.message : ""}`, {
      cause,
    });
  }
  if (typeof found !== "object" || found === null || Array.isArray(found))
    throw new BacktestOptionError(`--config "${file}" must hold an object, such as {"hedge": {"band": 0.08}}.`);
  try {
    // Checked key by key: after this it is what its type says.
    backtestConfig(found);
    return found;
  } catch (error) {
    if (error instanceof StrategyConfigError)
      throw new BacktestOptionError(`--config "${file}": ${error.problems.join("; ")}.`, { cause: error });
    throw error;
  }
}
