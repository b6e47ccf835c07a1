/**
 * Fees from volume and competing liquidity: in each minute a unit of liquidity in range is paid fee * inAmount / currentLiquidity in each token,
 * on the way between the lowest and the highest tick of that minute. An hour is the sum of its minutes; what is kept of each is at which prices
 * it was paid, so that a range that was left and entered again within an hour earns what it should.
 *
 * Our own liquidity is not in the recorded one and the volume does not grow because we came, so all that are in range are paid
 * L / (L + own) of it (engine/dilution.ts); L of an hour is the harmonic mean of its minutes' liquidity, weighted by what they paid a unit, which is
 * right to the first order in own / L.
 */
import { type Orientation, priceFromTick } from "../../chain/prices.ts";
import { HOUR, formatTime } from "../../market/time.ts";
import type { Bar } from "../../market/types.ts";
import { FEE_UNIT } from "../../sim/swapStep.ts";
import { TIERS } from "../../sim/replay/replay.ts";
import { wholeLiquidity } from "../../strategy/ticks.ts";
import { BacktestOptionError } from "../errors.ts";
import { orientationOf, type TokenOptions } from "../exact/orientation.ts";
import { hourOf } from "../exact/window.ts";
import type { PoolVolatility } from "../exact/poolVolatility.ts";
import type { Way } from "./payRecorder.ts";
import { MINUTE, MOST_MISSING, type MinuteBar } from "./minuteBars.ts";
import type { PoolHours } from "./poolHours.ts";

export interface VolumeOptions {
  /** At least one. */
  readonly minutes: readonly MinuteBar[];
  readonly file: string;
  /** Hundredths of a basis point. */
  readonly fee: number;
  readonly tokens: TokenOptions;
  /** Date or hour, UTC; default the first whole hour. */
  readonly from?: string;
  /** Not included; default the end of the last whole hour. */
  readonly to?: string;
}

/** Seconds between looks at the price, as in poolVolatility.ts. */
const LOOK = 600;
const YEAR = 365 * 24 * HOUR;

/** @throws BacktestOptionError for a window that is none or that the minutes do not cover, or if it cannot be told which token is the quote */
export function volumeHours({ minutes, file, fee, tokens, from, to }: VolumeOptions): PoolHours {
  const window = windowOf(minutes, file, from, to);
  const opening = minutes.find(({ time }) => time >= window.from);
  // No window is without a minute: unreachable, and the compiler cannot know.
  if (opening === undefined) throw new BacktestOptionError(`${file} has no minute in the window; choose another one.`);
  const orientation = orientationOf(
    (turned) => priceAt(opening.openTick, turned),
    tokens,
    `the minute bars in ${file}`,
  );
  const bars = Array.from({ length: window.bars }, (_, i) => ({ from: window.from + i * HOUR }));
  const scale = wholeLiquidity(1, orientation);
  const part = fee / Number(FEE_UNIT);
  const ways: Way[][] = bars.map(() => []);
  const found: Bar[] = [];
  const competing = new Float64Array(window.bars).fill(Number.POSITIVE_INFINITY);

  // A minute of before says where the first one within comes from.
  let tick = minutes.findLast(({ time }) => time < window.from)?.closeTick ?? opening.openTick;
  let next = minutes.findIndex(({ time }) => time >= window.from);
  let implied = 0;
  for (const [hour, bar] of bars.entries()) {
    const open = priceAt(tick, orientation);
    let [high, low, volume, pay, crowded] = [open, open, 0, 0, 0];
    for (let minute = minutes[next]; minute !== undefined && minute.time < bar.from + HOUR; minute = minutes[++next]) {
      const lowest = Math.min(tick, minute.lowestTick, minute.closeTick);
      const highest = Math.max(tick, minute.highestTick, minute.closeTick);
      const prices = [priceAt(lowest, orientation), priceAt(highest, orientation)];
      [high, low] = [Math.max(high, ...prices), Math.min(low, ...prices)];
      tick = minute.closeTick;
      const [in0, in1] = [minute.inAmount0, minute.inAmount1];
      if (!(in0 + in1 > 0)) continue;
      const base = (orientation.quoteIsToken0 ? in1 : in0) / 10 ** orientation.baseDecimals;
      const quote = (orientation.quoteIsToken0 ? in0 : in1) / 10 ** orientation.quoteDecimals;
      const price = priceAt(tick, orientation);
      const liquidity = minute.liquidity * scale;
      (ways[hour] as Way[]).push({
        ...rootsOf(lowest, highest, orientation),
        base: (part * base) / liquidity,
        quote: (part * quote) / liquidity,
      });
      const paid = (part * (base * price + quote)) / liquidity;
      volume += base + quote / price;
      pay += paid;
      crowded += paid / liquidity;
      implied += paid / Math.sqrt(price);
    }
    if (crowded > 0) competing[hour] = pay / crowded;
    found.push({ time: bar.from, open, high, low, close: priceAt(tick, orientation), volume });
  }
  const span = window.bars * HOUR;
  const volatility: PoolVolatility = {
    implied: implied > 0 ? 2 * Math.sqrt((implied * YEAR) / span) : null,
    realised: realised(minutes, orientation, window.from, window.from + span),
  };
  return { file, orientation, fee, tickSpacing: TIERS[fee] ?? null, bars: found, ways, competing, volatility };
}

/** The middle of a pool's tick: where in it the price stood is not in the file. */
function priceAt(tick: number, orientation: Orientation): number {
  return priceFromTick(orientation.quoteIsToken0 ? -tick - 0.5 : tick + 0.5, orientation);
}

/** From the lower end of the lowest tick to the upper end of the highest, as roots of oriented prices. */
function rootsOf(lowest: number, highest: number, orientation: Orientation): { low: number; high: number } {
  const ends = orientation.quoteIsToken0 ? [-(highest + 1), -lowest] : [lowest, highest + 1];
  const [low = Number.NaN, high = Number.NaN] = ends.map((tick) => Math.sqrt(priceFromTick(tick, orientation)));
  return { low, high };
}

/** Of the closes at marks of ten minutes, a year. */
function realised(minutes: readonly MinuteBar[], orientation: Orientation, from: number, to: number): number {
  let next = minutes.findIndex(({ time }) => time >= from);
  let tick = minutes[next - 1]?.closeTick ?? minutes[next]?.openTick ?? 0;
  let [sum, before] = [0, priceAt(tick, orientation)];
  for (let mark = from + LOOK; mark <= to; mark += LOOK) {
    for (let minute = minutes[next]; minute !== undefined && minute.time < mark; minute = minutes[++next])
      tick = minute.closeTick;
    const price = priceAt(tick, orientation);
    sum += Math.log(price / before) ** 2;
    before = price;
  }
  return Math.sqrt((sum * YEAR) / (to - from));
}

/** Hours that the minutes cover but for as many as may be missing. */
function windowOf(
  minutes: readonly MinuteBar[],
  file: string,
  from: string | undefined,
  to: string | undefined,
): { readonly from: number; readonly bars: number } {
  const [first, last] = [minutes[0]?.time ?? 0, (minutes.at(-1)?.time ?? 0) + MINUTE];
  const slack = MOST_MISSING * MINUTE;
  const [least, most] = [Math.ceil((first - slack) / HOUR) * HOUR, Math.floor((last + slack) / HOUR) * HOUR];
  const begin = from === undefined ? least : hourOf(from, "--from");
  const end = to === undefined ? most : hourOf(to, "--to");
  if (end <= begin && from === undefined && to === undefined)
    throw new BacktestOptionError(
      `${file} has minutes from ${formatTime(first)} to ${formatTime(last)}, which is no whole hour; give a longer file.`,
    );
  if (end <= begin)
    throw new BacktestOptionError(
      `The window begins at ${formatTime(begin)} and ends at ${formatTime(end)}; let it end after it begins (--from, --to).`,
    );
  if (begin < least || end > most)
    throw new BacktestOptionError(
      `${file} covers the hours from ${formatTime(least)} to ${formatTime(most)}, the window those from ${formatTime(begin)} to ${formatTime(end)}; ` +
        "choose a window inside the file (--from, --to) or give more files.",
    );
  return { from: begin, bars: (end - begin) / HOUR };
}
