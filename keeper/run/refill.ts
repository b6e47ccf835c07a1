/** When a plan that the chain refuses for a spent budget would fit. */
import type { Refusal } from "../chain/errors.ts";
import type { Snapshot } from "../observe/snapshot.ts";
import { formatTime } from "../market/time.ts";

const LEVEL_PER_BPS = 1e8;
const DAY = 86_400;

/** A sentence with a space before it; empty for other refusals, or if the plan is larger than the whole budget. */
export function whenItFits(refusal: Refusal, { limits, timestamp }: Snapshot): string {
  const refill = { LossBudgetSpent: limits.lossRefillBps, TurnoverBudgetSpent: limits.turnoverRefillBps }[refusal.name];
  if (refill === undefined || refill === 0) return "";
  const over = Number(refusal.args["level"]) - Number(refusal.args["capacity"]);
  const seconds = Math.ceil((over / LEVEL_PER_BPS / refill) * DAY);
  return Number.isFinite(seconds)
    ? ` At ${refill} bps a day it would fit from ${formatTime(timestamp + seconds)} on.`
    : "";
}
