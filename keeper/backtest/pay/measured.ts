/** Pay as it was measured at a pool, over the prices of a study: what a world (engine/world.ts) needs in place of the fee model `lvr`. */
import { HOUR } from "../../market/time.ts";
import type { PricePath } from "../../market/types.ts";
import { shortTime } from "../../report/format.ts";
import { type Tape, tapeOf } from "../data/tape.ts";
import type { FeeProfile } from "../engine/feeProfile.ts";
import type { Grid } from "../engine/grid.ts";
import { BacktestOptionError } from "../errors.ts";
import type { PoolVolatility } from "../exact/poolVolatility.ts";
import { fullRangeLvr } from "../model/feeFlow.ts";
import { PayRecorder } from "./payRecorder.ts";
import type { PoolHours } from "./poolHours.ts";

export interface MeasuredPay {
  /** Of a unit of liquidity in each bar, quote units, valued at the bar's close. */
  readonly perLiquidity: Float64Array;
  readonly profile: FeeProfile;
  /** Where the pool lets ranges begin and end; null for a fee whose spacing is not known. */
  readonly grid: Grid | null;
  /** Fees over realised LVR of one unit of full-range liquidity, left alone over the window: what `k` is in the model `lvr`. Null without LVR. */
  readonly payRatio: number | null;
  readonly volatility: PoolVolatility;
}

/** The pool's own prices. They have no past: what looks back (regimes, averages) finds nothing before the window. */
export function pathOf({ bars, file }: PoolHours): PricePath {
  const [first, last] = [bars[0]?.time ?? 0, bars.at(-1)?.time ?? 0];
  return { source: "file", file, from: first, to: last + HOUR, step: HOUR, bars, filledBars: 0, history: [] };
}

/** Part by which an outside price may differ from the pool's: its fee, a storm's delay, and not another pair. */
export const MOST_APART = 0.02;

/**
 * @param path of the same hours, with a bar in each
 * @throws BacktestOptionError for a price that is not the pool's, or an hour without one
 */
export function requireSamePrices({ bars, file }: PoolHours, path: PricePath): void {
  const prices = path.file ?? "the prices";
  const hole = path.bars.find(({ filled }) => filled === true);
  if (hole !== undefined)
    throw new BacktestOptionError(
      `${prices} has no bar at ${shortTime(hole.time)}, where ${file} has pay; complete it, choose hours that both have (--from, --to), or leave --prices away.`,
    );
  for (const [i, bar] of bars.entries()) {
    const other = path.bars[i];
    const pairs = [[bar.close, other?.close, bar.time + HOUR] as const];
    if (i === 0) pairs.unshift([bar.open, other?.open, bar.time]);
    for (const [own, theirs = Number.NaN, time] of pairs) {
      if (Math.abs(theirs / own - 1) <= MOST_APART) continue;
      throw new BacktestOptionError(
        `At ${shortTime(time)} ${prices} says ${theirs.toPrecision(6)} and the pool of ${file} ${own.toPrecision(6)}, more than ${MOST_APART * 100} % apart; ` +
          "give prices of the same pair and hours, say which token is the quote (--quote, --base-decimals, --quote-decimals), or leave --prices away.",
      );
    }
  }
}

/** @param path of the same hours as the pool's */
export function measuredPay(hours: PoolHours, path: PricePath): MeasuredPay {
  const tape = tapeOf(path);
  const recorder = new PayRecorder();
  const perLiquidity = Float64Array.from(hours.ways, (ways, bar) =>
    recorder.bar(ways, tape.price[bar + 1] ?? Number.NaN),
  );
  const { competing, tickSpacing: spacing, orientation } = hours;
  return {
    perLiquidity,
    profile: { ...recorder.profile(), ...(competing === null ? {} : { competing }) },
    grid: spacing === null ? null : { spacing, orientation },
    payRatio: ratio(tape, perLiquidity),
    volatility: hours.volatility,
  };
}

function ratio({ root }: Tape, perLiquidity: Float64Array): number | null {
  let [fees, lvr] = [0, 0];
  for (const [bar, paid] of perLiquidity.entries()) {
    fees += paid;
    lvr += fullRangeLvr(root[bar] ?? Number.NaN, root[bar + 1] ?? Number.NaN);
  }
  return lvr > 0 ? fees / lvr : null;
}
