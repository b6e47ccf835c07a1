import { existsSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

import type { Environment } from "./config.ts";
import { UsageError } from "./errors.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/**
 * The folder of rates and other inputs of a back-test.
 * @param named null if nobody named one: then where it usually lies
 * @param from where the name was written, for the message
 * @returns null if there is none where it usually lies
 * @throws UsageError if what was named is no folder
 */
export function inputsFolder(named: string | null, environment: Environment, from = "--inputs"): string | null {
  if (named === null) {
    const usual = resolve(ROOT, environment["STRATA_DATA"] ?? "../shared/data");
    return existsSync(usual) ? usual : null;
  }
  if (!existsSync(named) || !statSync(named).isDirectory())
    throw new UsageError(
      `${from} "${named}" is not a folder; give one laid out like the data folder, with rates/ in it.`,
    );
  return named;
}
