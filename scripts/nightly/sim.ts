/** The simulated pools against the bytecode at length: the suite of `npm test` with more calls and other seeds. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { z } from "zod";

import { readCounts, runSuite } from "./suite.ts";

const SUITE = "test/keeper/sim/differential.test.ts";
/** Seeds of one process; more than it has tiers. */
const SEEDS_APART = 100;

/** What the suite writes to SIM_JSON. */
const COUNTS = z.object({
  calls: z.number().int().nonnegative(),
  refused: z.number().int().nonnegative(),
  crossings: z.number().int().nonnegative(),
});

export interface SimOptions {
  /** At least so many calls. */
  readonly calls: number;
  readonly seed: number;
  readonly processes: number;
}

export interface SimDocument {
  readonly calls: number;
  /** Of the calls; a refusal is compared like any other answer. */
  readonly refused: number;
  /** Initialised ticks that swaps passed. */
  readonly crossings: number;
  /** Processes in which the pools disagreed; their output names call and seed. */
  readonly mismatches: number;
  readonly seconds: number;
}

export async function runSim(options: SimOptions): Promise<SimDocument> {
  const started = performance.now();
  const folder = await mkdtemp(path.join(tmpdir(), "strata-sim-"));
  try {
    const each = Math.ceil(options.calls / options.processes);
    const runs = await Promise.all(
      Array.from({ length: options.processes }, async (_, i) => {
        const file = path.join(folder, `${i}.json`);
        const code = await runSuite(SUITE, {
          SIM_CALLS: String(each),
          SIM_SEED: String(options.seed + i * SEEDS_APART),
          SIM_JSON: file,
        });
        return { code, counts: COUNTS.optional().parse(await readCounts(file)) };
      }),
    );
    const sum = (key: keyof z.infer<typeof COUNTS>): number =>
      runs.reduce((total, { counts }) => total + (counts?.[key] ?? 0), 0);
    return {
      calls: sum("calls"),
      refused: sum("refused"),
      crossings: sum("crossings"),
      mismatches: runs.filter(({ code }) => code !== 0).length,
      seconds: Math.round((performance.now() - started) / 1_000),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
