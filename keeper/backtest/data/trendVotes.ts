/**
 * The bearish fraction of the trend ensemble (keeper/signals/trendEnsemble.ts) at every mark, as the keeper would have known it there: of the
 * daily closes up to the midnight before, and never of a later one. It depends on the prices alone, so whoever tries a thousand strategies
 * over one tape computes it once.
 */
import { DAY } from "../../market/time.ts";
import type { PricePath } from "../../market/types.ts";
import { dailyCloses } from "../../signals/bars.ts";
import { AVERAGE_DAYS, bearishFraction, MOMENTUM_DAYS, trendVoices } from "../../signals/trendEnsemble.ts";
import { type Tape, timeOf } from "./tape.ts";

/** As many closes as the longest voice looks at. */
const CLOSES = Math.max(...AVERAGE_DAYS, ...MOMENTUM_DAYS.map((days) => days + 1));

/** @returns one a mark, 0 to 1; NaN while not all voices can speak */
export function trendVotes(tape: Tape, path: Pick<PricePath, "bars" | "history">): Float64Array {
  const all = [...path.history, ...path.bars];
  const votes = new Float64Array(tape.bars + 1);
  let now = Number.NaN;
  for (let mark = 0; mark <= tape.bars; mark++) {
    const time = timeOf(tape, mark);
    if (mark === 0 || time % DAY === 0)
      now = bearishFraction(trendVoices(dailyCloses(all, time, CLOSES))) ?? Number.NaN;
    votes[mark] = now;
  }
  return votes;
}
