/**
 * The volatility regime of each day, as the keeper's signal would have named it at the midnight before: the same bars, the same hysteresis
 * (keeper/signals/regime.ts), computed once for all days. A day is judged by what was known when it began, so a regime's table says what
 * awaited a vault that knew its regime, not what the regime turned out to be.
 */
import { DAY } from "../../market/time.ts";
import type { PricePath } from "../../market/types.ts";
import { varianceRun, windowVolatility } from "../../signals/realisedVolatility.ts";
import { REGIME_MARKS, REGIMES, regimeOf } from "../../signals/regime.ts";

export type RegimeName = (typeof REGIMES)[number] | "unknown";

/** In the order of tables. */
export const REGIME_NAMES: readonly RegimeName[] = [...REGIMES, "unknown"];

/** The regime known at the last midnight at or before a time inside the path. */
export function regimesOf(path: Pick<PricePath, "bars" | "history" | "from" | "to">): (time: number) => RegimeName {
  const all = [...path.history, ...path.bars];
  const run = varianceRun(all, path.to, all.length);
  const first = Math.ceil((all[0]?.time ?? path.from) / DAY);
  const volatilities: (number | null)[] = [];
  const names: RegimeName[] = [];
  for (let day = first; day * DAY <= path.to; day++) {
    volatilities.push(windowVolatility(run, day * DAY, 30));
    const known = volatilities.slice(-REGIME_MARKS).filter((value) => value !== null);
    const found = regimeOf(known);
    names.push(found === null ? "unknown" : (REGIMES[found] ?? "unknown"));
  }
  return (time) => names[Math.floor(time / DAY) - first] ?? "unknown";
}
