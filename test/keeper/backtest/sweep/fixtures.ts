/** A sweep that takes a few seconds, as files in a folder of its own. */
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { type Row, rowOf } from "../../../../keeper/backtest/sweep/results/row.ts";
import { gbm } from "../worlds.ts";

export interface SweepFiles {
  readonly config: string;
  readonly results: string;
}

export interface Size {
  /** Configurations. */
  readonly count: number;
  readonly days: number;
  readonly starts: number;
}

export function sweepFiles({ count, days, starts }: Size, changes: Readonly<Record<string, unknown>> = {}): SweepFiles {
  const folder = mkdtempSync(join(tmpdir(), "strata-sweep-"));
  const rows = gbm(24 * days, 0.9, 61).map((b) => [b.time, b.open, b.high, b.low, b.close, b.volume].join(","));
  writeFileSync(join(folder, "prices.csv"), ["time,open,high,low,close,volume", ...rows].join("\n"));
  const config = {
    prices: "prices.csv",
    inputs: ".",
    starts,
    strategy: "hedged-ranges",
    parameters: { halfWidth1: { min: 0.03, max: 0.3, scale: "log" }, hedge: [0.5, 1] },
    search: { method: "random", seed: 5, count },
    ...changes,
  };
  writeFileSync(join(folder, "sweep.json"), JSON.stringify(config));
  return { config: join(folder, "sweep.json"), results: join(folder, "sweep.results.jsonl") };
}

/** The whole rows that a results file has now; what is being written is passed over. */
export function rowsOf(file: string): Row[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, "utf8")
    .split("\n")
    .slice(1, -1)
    .map((line) => {
      const row = rowOf(line);
      if (typeof row === "string") throw new Error(`${row}: ${line}`);
      return row;
    });
}

/** @throws Error after a minute */
export async function until(what: string, is: () => boolean): Promise<void> {
  const end = Date.now() + 60_000;
  while (!is()) {
    if (Date.now() > end) throw new Error(`waited a minute for ${what}`);
    await sleep(20);
  }
}
