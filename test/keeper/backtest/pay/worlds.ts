/** What a pool's hours are for the engine, without a study around them. */
import { growthOf } from "../../../../keeper/backtest/data/growth.ts";
import { tapeOf } from "../../../../keeper/backtest/data/tape.ts";
import { type RunRecord, runStrategy } from "../../../../keeper/backtest/engine/run.ts";
import { attributionAt, TERMS } from "../../../../keeper/backtest/engine/terms.ts";
import type { World } from "../../../../keeper/backtest/engine/world.ts";
import { DEFAULT_COSTS } from "../../../../keeper/backtest/model/costs.ts";
import { measuredPay, pathOf } from "../../../../keeper/backtest/pay/measured.ts";
import type { PoolHours } from "../../../../keeper/backtest/pay/poolHours.ts";
import type { Strategy } from "../../../../keeper/backtest/strategies/strategy.ts";
import type { Attribution } from "../../../../keeper/report/attribution.ts";

export function worldOfHours(hours: PoolHours, nav = DEFAULT_COSTS.nav): World {
  const path = pathOf(hours);
  const { perLiquidity, profile, grid } = measuredPay(hours, path);
  const tape = tapeOf(path);
  const costs = { ...DEFAULT_COSTS, nav, gas: 0 };
  return {
    ...{ tape, costs, profile, feePerLiquidity: perLiquidity, growth: growthOf(tape, costs, null) },
    ...(grid === null ? {} : { grid }),
  };
}

/** From the first mark to the last. */
export function runIn(world: World, strategy: Strategy): { readonly record: RunRecord; readonly terms: Attribution } {
  const record = runStrategy(world, strategy, 0, new Int32Array());
  return { record, terms: attributionAt(record.terms, record.terms.length - TERMS) };
}
