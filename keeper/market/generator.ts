import { MarketOptionError } from "./errors.ts";
import {
  CALM_HALF_LIFE,
  CRASH,
  HOUR_PROFILE,
  REGIME,
  REVERSAL,
  TREND_STRENGTH,
  VOLATILITY,
  VOLUME,
} from "./parameters.ts";
import { type Random, seededRandom } from "./random.ts";
import { HOURS_PER_YEAR, type Regime } from "./regimes.ts";
import { type Episode, scheduleRegimes } from "./schedule.ts";
import { HOUR } from "./time.ts";
import type { Bar, PricePath } from "./types.ts";

/** What a path is made from; equal options give equal paths. */
export interface GeneratorOptions {
  /** Integer from 0 to 2^53 - 1; default {@link DEFAULT_SEED}. */
  readonly seed?: number;
  /** Whole days to trade; default 60. */
  readonly days?: number;
  /** Unix seconds of the first traded bar, on the hour; default 2023-01-01, where the fitted data end. */
  readonly start?: number;
  /** Price at `start`, quote units per base unit; default 1,500. */
  readonly startPrice?: number;
  /** Whole days before `start` that signals may look back on; default 200. */
  readonly historyDays?: number;
}

export interface GeneratedPath extends PricePath {
  readonly source: "generator";
  readonly seed: number;
  /** The regime of each bar in `bars`. */
  readonly regimes: readonly Regime[];
}

export const DEFAULT_SEED = 1;
export const DEFAULT_DAYS = 60;
const DEFAULT_START = 1_672_531_200;
const MAX_DAYS = 3650;
/** Prices have cents, like the data; volumes have thousandths. */
const CENTS = 100;
/** Sub-steps of an hour, for its high and low. */
const SUBSTEPS = 6;
/** Weight of the past in the recent mean of the price, per hour. */
const KEEP_RECENT = 0.5 ** (1 / REVERSAL.halfLife);
/** A steady drift runs ahead of the recent mean and is held back by it; to arrive it must be larger by this factor. */
const HELD_BACK = 1 + REVERSAL.pull / (1 - KEEP_RECENT);

/**
 * Generates an hourly path that looks like ETH/USD: regimes from {@link scheduleRegimes}, within them a drift, a volatility that clusters, Student
 * returns, falls in a crash; high, low and volume follow from the same hour's path. Parameters and their fit: docs/price-paths.md.
 *
 * The traded hours and the history have schedules of their own, so every regime is met in the traded hours whatever the history held.
 * Integers drive everything; Math.log and Math.exp may differ in the last bit from one JavaScript engine to another, which rounding prices
 * to cents hides except by a chance of about one in 10^10 per price. One engine gives one path on every machine.
 *
 * @throws MarketOptionError for options out of range
 */
export function generatePath(options: GeneratorOptions = {}): GeneratedPath {
  const {
    seed = DEFAULT_SEED,
    days = DEFAULT_DAYS,
    start = DEFAULT_START,
    startPrice = 1500,
    historyDays = 200,
  } = options;
  check(Number.isSafeInteger(seed) && seed >= 0, `The seed ${seed} is not an integer from 0 to 2^53 - 1; give one.`);
  check(
    Number.isInteger(days) && days >= 1 && days <= MAX_DAYS,
    `A path of ${days} days cannot be made; ask for 1 to ${MAX_DAYS} whole days.`,
  );
  check(
    Number.isInteger(historyDays) && historyDays >= 0 && historyDays <= MAX_DAYS,
    `A history of ${historyDays} days cannot be made; ask for 0 to ${MAX_DAYS} whole days.`,
  );
  check(
    Number.isSafeInteger(start) && start % HOUR === 0,
    `The start ${start} is not a full hour in unix seconds; give one.`,
  );
  check(
    start >= historyDays * 24 * HOUR,
    `The start ${start} leaves no room for ${historyDays} days of history after 1970; start later.`,
  );
  check(startPrice > 0 && startPrice < Infinity, `The start price ${startPrice} is not a positive number; give one.`);

  // A stream for each part: a longer history then leaves the regimes of the traded hours as they were.
  const past = scheduleRegimes(seededRandom(seed, 1), historyDays * 24);
  const traded = scheduleRegimes(seededRandom(seed, 2), days * 24);
  const hours = walk(seededRandom(seed, 3), [...past, ...traded], start - historyDays * 24 * HOUR);

  const split = historyDays * 24;
  // Prices are scaled so that the first traded bar opens at the start price, wherever the history ended.
  const shift = Math.log(startPrice) - (hours[split]?.open ?? 0);
  const bars = hours.map((hour) => toBar(hour, shift));
  return {
    source: "generator",
    seed,
    from: start,
    to: start + days * 24 * HOUR,
    step: HOUR,
    bars: bars.slice(split),
    filledBars: 0,
    history: bars.slice(0, split),
    regimes: traded.flatMap((episode) => Array.from({ length: episode.hours }, () => episode.regime)),
  };
}

function check(condition: boolean, message: string): void {
  if (!condition) throw new MarketOptionError(message);
}

/** An hour in log prices, relative to the walk's beginning. */
interface LogHour {
  readonly time: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
}

/** The part of an hour's move that is decided before chance has its say. */
interface Push {
  readonly regime: Regime;
  /** Log price, relative to the episode's beginning, that the hour is pulled toward. */
  readonly toward: number;
  /** Part of the distance to it that is made good in the hour. */
  readonly pull: number;
  /** Log price, spread over the hour. */
  readonly drift: number;
  /** In standard deviations of the hour, spread over the hour. */
  readonly scaledDrift: number;
  /** Log price, at one moment of the hour. */
  readonly step: number;
}

function walk(random: Random, episodes: readonly Episode[], start: number): LogHour[] {
  const season = autoregressive(random, VOLATILITY.season);
  const days = autoregressive(random, VOLATILITY.days);
  const volumeHours = autoregressive(random, VOLUME.hours);
  const volumeDays = autoregressive(random, VOLUME.days);
  const meanSize = meanStudentSize(VOLATILITY.freedom);
  const { persistence, size, sign, clip } = VOLATILITY.shock;
  let shock = 0;
  let price = 0;
  let anchor = 0;
  let recent = 0;
  let before: Push | undefined;
  const hours: LogHour[] = [];
  for (const push of pushes(random, episodes)) {
    const time = start + hours.length * HOUR;
    const common = Math.exp(season() + days() + shock);
    const deviation =
      (REGIME[push.regime].level / Math.sqrt(HOURS_PER_YEAR)) * common * (HOUR_PROFILE[(time / HOUR) % 24] ?? 1);
    // Student's law is a normal law whose variance is itself random; drawn once an hour it moves high, low and close together.
    const own = deviation * Math.sqrt((VOLATILITY.freedom - 2) / chiSquared(random, VOLATILITY.freedom));
    if (push.regime !== before?.regime) anchor = price;
    before = push;
    const drift =
      push.drift +
      push.scaledDrift * deviation +
      push.pull * (anchor + push.toward - price) +
      REVERSAL.pull * (recent - price);
    const path = walkHour(random, price, drift, own, push.step);
    const range = Math.max(path.high - path.low, 1e-6);
    const volume =
      VOLUME.level * Math.exp(VOLUME.elasticity * Math.log(range / VOLUME.typicalRange) + volumeHours() + volumeDays());
    hours.push({ time, open: price, ...path, volume });
    const z = Math.max(-clip, Math.min(clip, (path.close - price - drift) / deviation));
    shock = persistence * shock + size * (Math.abs(z) - meanSize) + sign * z;
    price = path.close;
    recent = KEEP_RECENT * recent + (1 - KEEP_RECENT) * price;
  }
  return hours;
}

/** Drift and steps of each hour. Falls are drawn here; their mean is won back elsewhere, so that no regime schedule has a drift of its own. */
function pushes(random: Random, episodes: readonly Episode[]): Push[] {
  const hoursOf = (regime: Regime): number => episodes.reduce((sum, e) => sum + (e.regime === regime ? e.hours : 0), 0);
  const expected = episodes.reduce(
    (sum, e) => sum + (e.regime === "crash" ? fallScale(e.hours) * (CRASH.least + CRASH.mean) : 0),
    0,
  );
  // The reversal holds this drift back too, and gives as much again in the bounce after the fall.
  const rebound = (CRASH.rebound * expected) / Math.max(1, hoursOf("stressed"));
  const recovery = (HELD_BACK * (1 - CRASH.rebound) * expected) / Math.max(1, hoursOf("trending"));
  return episodes.flatMap(({ regime, hours }) => {
    if (regime === "crash") return fall(random, hours);
    const push = { regime, toward: 0, pull: 0, drift: 0, scaledDrift: 0, step: 0 };
    if (regime === "calm") push.pull = 1 - 0.5 ** (1 / CALM_HALF_LIFE);
    if (regime === "stressed") push.drift = rebound;
    if (regime === "trending") {
      push.drift = recovery;
      push.scaledDrift = random.uniform() < 0.5 ? -TREND_STRENGTH : TREND_STRENGTH;
    }
    return Array.from({ length: hours }, () => push);
  });
}

/** A fall that has hardly any time falls less, as a random walk would; it only matters to paths of a few days. */
function fallScale(hours: number): number {
  return Math.min(1, Math.sqrt(hours / CRASH.fullHours));
}

/**
 * The hours of a crash. Its whole fall is drawn first and the price is led there as by a Brownian bridge (each hour's drift makes good the even
 * share of what is still to fall), so a crash has fallen when it ends, but for the last hour's chance.
 */
function fall(random: Random, hours: number): Push[] {
  const whole = fallScale(hours) * (CRASH.least + CRASH.mean * random.exponential());
  const steps = new Float64Array(hours);
  const weights = Array.from({ length: CRASH.steps }, () => random.exponential());
  const sum = weights.reduce((a, b) => a + b, 0);
  for (const weight of weights) {
    const hour = random.below(hours);
    steps[hour] = (steps[hour] ?? 0) - (CRASH.suddenShare * whole * weight) / sum;
  }
  return Array.from(steps, (step, hour) => {
    // Steps that are still to come are left to themselves.
    const pending = steps.subarray(hour).reduce((a, b) => a + b, 0);
    return { regime: "crash", toward: -whole - pending, pull: 1 / (hours - hour), drift: 0, scaledDrift: 0, step };
  });
}

/** Close, high and low of an hour: a Brownian motion in sub-steps, the extremes of each drawn from the law of a bridge between its ends. */
function walkHour(
  random: Random,
  open: number,
  drift: number,
  deviation: number,
  step: number,
): Pick<LogHour, "high" | "low" | "close"> {
  const variance = deviation ** 2 / SUBSTEPS;
  const stepAt = step === 0 ? -1 : random.below(SUBSTEPS);
  let [high, low, close] = [open, open, open];
  for (let i = 0; i < SUBSTEPS; i += 1) {
    const move = drift / SUBSTEPS + Math.sqrt(variance) * random.normal() + (i === stepAt ? step : 0);
    // P(maximum of a bridge from 0 to m > h) = exp(-2 h (h - m) / variance).
    const reach = (): number => Math.sqrt(move ** 2 - 2 * variance * Math.log(random.uniform()));
    high = Math.max(high, close + (move + reach()) / 2);
    low = Math.min(low, close + (move - reach()) / 2);
    close += move;
  }
  // Trades through a thin book overshoot and come back within the hour.
  const wick = VOLATILITY.wick * deviation;
  return { high: high + wick * random.exponential(), low: low - wick * random.exponential(), close };
}

/** Chi-squared with an even number of degrees of freedom is a sum of exponentials. */
function chiSquared(random: Random, freedom: number): number {
  let sum = 0;
  for (let i = 0; i < freedom / 2; i += 1) sum += 2 * random.exponential();
  return sum;
}

/** Mean absolute value of a Student variate with unit variance and an even number of degrees of freedom of at least 4. */
export function meanStudentSize(freedom: number): number {
  // Gamma((f - 1) / 2) / Gamma(f / 2) by recursion from f = 2, where it is sqrt(pi).
  let ratio = Math.sqrt(Math.PI);
  for (let f = 4; f <= freedom; f += 2) ratio *= (f - 3) / (f - 2);
  return Math.sqrt((freedom - 2) / Math.PI) * ratio;
}

/** A stationary first-order autoregression around zero. */
function autoregressive(
  random: Random,
  { deviation, halfLife }: { deviation: number; halfLife: number },
): () => number {
  const keep = 0.5 ** (1 / halfLife);
  const fresh = deviation * Math.sqrt(1 - keep ** 2);
  let value = deviation * random.normal();
  return () => {
    const now = value;
    value = keep * value + fresh * random.normal();
    return now;
  };
}

function toBar(hour: LogHour, shift: number): Bar {
  // Rounding keeps the order low <= open, close <= high, because it is monotone; a price never falls under a cent.
  const price = (log: number): number => Math.max(1, Math.round(Math.exp(log + shift) * CENTS)) / CENTS;
  return {
    time: hour.time,
    open: price(hour.open),
    high: price(hour.high),
    low: price(hour.low),
    close: price(hour.close),
    volume: Math.round(hour.volume * 1000) / 1000,
  };
}
