/** The hours that attacks over a path live through. */
import { access } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { loadPath } from "../../keeper/market/path.ts";
import type { Bar } from "../../keeper/market/types.ts";

/** The week of the crash of 12 March 2020. */
const FROM = "2020-03-09";
const SEED = 20_200_312;

/**
 * Closes of so many hours, scaled to begin at `first`: real ETH/USD of March 2020 where the data are at hand (STRATA_DATA), else the seeded
 * generator's.
 */
export async function hourlyCloses(hours: number, first: number): Promise<readonly number[]> {
  const bars = (await recorded()) ?? (await loadPath({ seed: SEED, days: Math.ceil(hours / 24) })).bars;
  const [start] = bars;
  if (start === undefined || bars.length < hours) throw new Error(`The path has ${bars.length} hours, not ${hours}.`);
  return bars.slice(0, hours).map((bar) => (bar.close / start.open) * first);
}

async function recorded(): Promise<readonly Bar[] | undefined> {
  const folder = process.env["STRATA_DATA"] ?? fileURLToPath(new URL("../../../shared/data", import.meta.url));
  const file = join(folder, "prices", "eth-usd-1h.csv");
  try {
    await access(file);
  } catch {
    return undefined;
  }
  return (await loadPath({ prices: file, from: FROM })).bars;
}
