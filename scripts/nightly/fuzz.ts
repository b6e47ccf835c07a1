/** The stateful fuzz at length: the suite of `npm test` with more commands and other seeds, in several processes. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { z } from "zod";

import { readCounts, runSuite } from "./suite.ts";

const SUITE = "test/contracts/fuzz.test.ts";

/** Seeds of one process; far more than it has worlds, so that no two processes share one. */
const SEEDS_APART = 10_000;

/** What the suite writes to FUZZ_JSON. */
const SUMS = z.object({
  calls: z.number().int().nonnegative(),
  refused: z.number().int().nonnegative(),
  seeds: z.array(z.number().int()),
});
type Sums = z.infer<typeof SUMS>;

export interface FuzzOptions {
  /** At least so many commands. */
  readonly calls: number;
  readonly seed: number;
  readonly processes: number;
}

export interface FuzzDocument {
  readonly calls: number;
  /** Of the calls; a refusal is checked to change nothing. */
  readonly refused: number;
  readonly seconds: number;
  /** One for each world. */
  readonly seeds: readonly number[];
  /** Processes in which an invariant broke; their output names the seed. */
  readonly failed: number;
}

/** Runs the suite; its own output goes to stderr, where a failure names the seed that shows it again. */
export async function runFuzz(options: FuzzOptions): Promise<FuzzDocument> {
  const started = performance.now();
  const folder = await mkdtemp(path.join(tmpdir(), "strata-fuzz-"));
  try {
    const each = Math.ceil(options.calls / options.processes);
    const runs = await Promise.all(
      Array.from({ length: options.processes }, (_, i) =>
        runProcess(each, options.seed + i * SEEDS_APART, path.join(folder, `${i}.json`)),
      ),
    );
    const sums = runs.map(({ sums }) => sums).filter((one) => one !== undefined);
    return {
      calls: sums.reduce((sum, one) => sum + one.calls, 0),
      refused: sums.reduce((sum, one) => sum + one.refused, 0),
      seconds: Math.round((performance.now() - started) / 1_000),
      seeds: sums.flatMap((one) => one.seeds),
      failed: runs.filter(({ code }) => code !== 0).length,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function runProcess(
  calls: number,
  seed: number,
  file: string,
): Promise<{ readonly code: number; readonly sums: Sums | undefined }> {
  const code = await runSuite(SUITE, { FUZZ_CALLS: String(calls), FUZZ_SEED: String(seed), FUZZ_JSON: file });
  const counts = await readCounts(file);
  return { code, sums: counts === undefined ? undefined : SUMS.parse(counts) };
}
