/** How fast a sweep is: a thousand configurations of hedged ranges on two threads, from the definition to the last line on disk. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { DEFAULT_COSTS } from "../../keeper/backtest/model/costs.ts";
import { parseSweepConfig } from "../../keeper/backtest/sweep/configFile.ts";
import { codeVersion } from "../../keeper/backtest/sweep/codeVersion.ts";
import { sweepOnThreads } from "../../keeper/backtest/sweep/onThreads.ts";
import { runSweep } from "../../keeper/backtest/sweep/runSweep.ts";
import type { PricePath } from "../../keeper/market/types.ts";

export interface SweepLine {
  readonly configurations: number;
  /** With the threads' start and all writing. */
  readonly seconds: number;
  readonly workers: number;
  /** Runs of each configuration. */
  readonly starts: number;
  /** Configurations that their book stopped; should be none. */
  readonly failed: number;
}

const WORKERS = 2;
const CONFIG = {
  prices: "the bench gives them",
  strategy: "hedged-ranges",
  parameters: {
    halfWidth1: { min: 0.04, max: 0.2, scale: "log" },
    halfWidth2: { min: 0.15, max: 0.5, scale: "log" },
    halfWidth3: { min: 0.4, max: 1.5, scale: "log" },
    weight1: { min: 0.05, max: 0.3 },
    weight2: { min: 0.05, max: 0.3 },
    weight3: { min: 0.05, max: 0.3 },
    cooldownHours: [0, 12, 24, 48],
    hedge: { min: 0, max: 1 },
    ltv: { min: 0.4, max: 0.7 },
    band: { min: 0.02, max: 0.1 },
  },
  search: { method: "random", seed: 1, count: 1_000 },
};

export async function measureSweep(path: PricePath): Promise<SweepLine> {
  const folder = mkdtempSync(join(tmpdir(), "strata-bench-"));
  try {
    const config = parseSweepConfig(JSON.stringify(CONFIG), "the bench's sweep");
    const { family, k, starts } = config;
    const began = performance.now();
    const { rows, workers } = await runSweep({
      config,
      definition: { family, k, starts, costs: DEFAULT_COSTS, reserve: null, path },
      codeVersion: codeVersion(),
      file: join(folder, "results.jsonl"),
      onProgress: () => undefined,
      compute: (order) => sweepOnThreads({ ...order, workers: WORKERS, signal: new AbortController().signal }),
    });
    return {
      configurations: rows.size,
      seconds: Math.round((performance.now() - began) / 10) / 100,
      workers,
      starts,
      failed: [...rows.values()].filter(({ outcome }) => "error" in outcome).length,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
