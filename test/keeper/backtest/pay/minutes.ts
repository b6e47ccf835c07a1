/** Minute bars for tests, as their files have them. */
import type { Orientation } from "../../../../keeper/chain/prices.ts";
import type { MinuteFile } from "../../../../keeper/backtest/pay/minuteBars.ts";
import { seededRandom } from "../../../../keeper/market/random.ts";

export const HEADER =
  "timestamp,netAmount0,netAmount1,closeTick,openTick,lowestTick,highestTick,inAmount0,inAmount1,currentLiquidity";

/** 2024-01-05T00:00Z */
export const DAY_FROM = 1_704_412_800;

export interface Minute {
  readonly open: number;
  readonly low: number;
  readonly high: number;
  readonly close: number;
  readonly in0: number;
  readonly in1: number;
  readonly liquidity: number;
}

/** Ether in dollars at some 2,256, token0 the dollar. */
export const TICK = 199_045;

/** A pool in which nothing happens. */
export const QUIET: Minute = { open: TICK, low: TICK, high: TICK, close: TICK, in0: 0, in1: 0, liquidity: 1e19 };

export function row(minute: number, one: Partial<Minute> = {}, from = DAY_FROM): string {
  const { open, low, high, close, in0, in1, liquidity } = { ...QUIET, ...one };
  const time = new Date((from + minute * 60) * 1000).toISOString().slice(0, 19).replace("T", " ");
  return [time, 0, 0, close, open, low, high, in0, in1, liquidity].join(",");
}

export function fileOf(count: number, at: (minute: number) => Partial<Minute>, name = "pool.csv"): MinuteFile {
  const rows = Array.from({ length: count }, (_, minute) => row(minute, at(minute)));
  return { name, text: [HEADER, ...rows].join("\n") };
}

/** Prices that wander, with volume both ways and liquidity that comes and goes. */
export function wandering(
  count: number,
  seed: number,
  { quoteIsToken0 }: Pick<Orientation, "quoteIsToken0">,
): MinuteFile {
  const random = seededRandom(seed, 0);
  const middle = quoteIsToken0 ? TICK : -TICK;
  let tick = middle;
  let liquidity = 1e18;
  return fileOf(count, () => {
    const open = tick;
    tick += Math.round(random.normal() * 15);
    liquidity *= Math.exp(random.normal() / 20);
    const [in0, in1] = [random.uniform() * 1e11, random.uniform() * 5e19];
    const [low, high] = [Math.min(open, tick) - 2, Math.max(open, tick) + 2];
    const amounts = quoteIsToken0 ? { in0, in1 } : { in0: in1, in1: in0 };
    return { open, low, high, close: tick, ...amounts, liquidity };
  });
}
