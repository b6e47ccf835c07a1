import type { Bar } from "./types.ts";

/** Figures that tell whether one hourly path looks like another. Fractions and pure numbers; volatilities per year of 8,760 hours. */
export interface PathStatistics {
  /** Standard deviation of hourly log returns, annualised. */
  readonly volatility: number;
  /** Fourth standardised moment of hourly log returns; 3 for a normal law. */
  readonly kurtosis: number;
  /** The same after the largest thousandth of moves is left out on each side, which a single day cannot decide. */
  readonly trimmedKurtosis: number;
  /** Correlation of |return| with |return| so many hours later. */
  readonly autocorrelation: { readonly h1: number; readonly h6: number; readonly h24: number; readonly h168: number };
  /** Correlation of a return with |return| an hour later; below zero if falls raise volatility. */
  readonly leverage: number;
  /** Variance of the moves over so many hours over that of as many independent hours; 1 for a random walk, more for trends, less for ranges. */
  readonly varianceRatio: { readonly h24: number; readonly h168: number };
  /** Parkinson's volatility (1980, from high and low) over the close-to-close volatility; 1 for a Brownian motion. */
  readonly rangeRatio: number;
  /** Smallest hourly log return. */
  readonly largestDrop: number;
  /** Smallest 24-hour log return. */
  readonly largestDailyDrop: number;
  /** Shares of hours by 30-day realised volatility: calm < 50 %, normal 50-80, stressed 80-120, crisis > 120. */
  readonly shares: {
    readonly calm: number;
    readonly normal: number;
    readonly stressed: number;
    readonly crisis: number;
  };
  /** Slope of ln volume on ln(high / low), each against its own mean over the last 30 days. */
  readonly volumeElasticity: number;
  /** The correlation behind that slope. */
  readonly volumeCorrelation: number;
}

/**
 * @param bars hourly, without holes, at least 60 days; filled bars count as hours without a move and are left out of the volume's regression
 * @throws RangeError if there are fewer
 */
export function describePath(bars: readonly Bar[]): PathStatistics {
  if (bars.length < 1440)
    throw new RangeError(`Statistics need at least 1,440 hourly bars; ${bars.length} were given.`);
  const returns = logReturns(bars);
  const sizes = returns.map(Math.abs);
  const deviation = Math.sqrt(variance(returns));
  const sorted = returns.toSorted();
  const cut = Math.ceil(returns.length / 1000);
  const range = mean(Float64Array.from(bars, (bar) => Math.log(bar.high / bar.low) ** 2));
  const daily = returns.map((_, i) =>
    Math.log((bars[i]?.close ?? NaN) / (bars[i - 24]?.close ?? bars[0]?.open ?? NaN)),
  );
  return {
    volatility: deviation * Math.sqrt(8760),
    kurtosis: kurtosis(returns),
    trimmedKurtosis: kurtosis(sorted.subarray(cut, -cut)),
    autocorrelation: {
      h1: laggedCorrelation(sizes, sizes, 1),
      h6: laggedCorrelation(sizes, sizes, 6),
      h24: laggedCorrelation(sizes, sizes, 24),
      h168: laggedCorrelation(sizes, sizes, 168),
    },
    leverage: laggedCorrelation(returns, sizes, 1),
    varianceRatio: { h24: varianceRatio(returns, 24), h168: varianceRatio(returns, 168) },
    rangeRatio: Math.sqrt(range / (4 * Math.LN2)) / deviation,
    largestDrop: sorted[0] ?? NaN,
    largestDailyDrop: daily.reduce((least, value) => Math.min(least, value), 0),
    ...regimeShares(returns),
    ...volumeFigures(bars),
  };
}

/** Log returns from close to close, the first from its own open; as many as bars. */
export function logReturns(bars: readonly Bar[]): Float64Array {
  return Float64Array.from(bars, (bar, i) => Math.log(bar.close / (bars[i - 1]?.close ?? bar.open)));
}

/** Mean of |return| by hour of the day (UTC) over the mean of all hours; 24 numbers. */
export function hourProfile(bars: readonly Bar[]): number[] {
  const sizes = logReturns(bars).map(Math.abs);
  const whole = mean(sizes);
  return Array.from({ length: 24 }, (_, hour) => {
    const own = sizes.filter((_size, i) => Math.floor((bars[i]?.time ?? 0) / 3600) % 24 === hour);
    return mean(own) / whole;
  });
}

export function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

export function variance(values: Float64Array): number {
  const m = mean(values);
  return values.reduce((sum, value) => sum + (value - m) ** 2, 0) / values.length;
}

function kurtosis(values: Float64Array): number {
  const m = mean(values);
  return values.reduce((sum, value) => sum + (value - m) ** 4, 0) / values.length / variance(values) ** 2;
}

/** Pearson's correlation of x now with y `lag` later. */
function laggedCorrelation(x: Float64Array, y: Float64Array, lag: number): number {
  const [now, later] = [x.subarray(0, x.length - lag), y.subarray(lag)];
  return covariance(now, later) / Math.sqrt(variance(now) * variance(later));
}

function covariance(x: Float64Array, y: Float64Array): number {
  const [mx, my] = [mean(x), mean(y)];
  return x.reduce((sum, value, i) => sum + (value - mx) * ((y[i] ?? NaN) - my), 0) / x.length;
}

/** Lo and MacKinlay (1988), from overlapping moves of `hours`. */
function varianceRatio(returns: Float64Array, hours: number): number {
  const moves = new Float64Array(returns.length - hours + 1);
  let sum = 0;
  for (let i = 0; i < returns.length; i += 1) {
    sum += (returns[i] ?? 0) - (returns[i - hours] ?? 0);
    if (i >= hours - 1) moves[i - hours + 1] = sum;
  }
  return variance(moves) / (hours * variance(returns));
}

function regimeShares(returns: Float64Array): Pick<PathStatistics, "shares"> {
  const window = 720;
  const counts = { calm: 0, normal: 0, stressed: 0, crisis: 0 };
  let sum = 0;
  for (let i = 0; i < returns.length; i += 1) {
    sum += (returns[i] ?? 0) ** 2 - (returns[i - window] ?? 0) ** 2;
    if (i < window - 1) continue;
    const volatility = Math.sqrt((sum / window) * 8760);
    counts[volatility < 0.5 ? "calm" : volatility < 0.8 ? "normal" : volatility < 1.2 ? "stressed" : "crisis"] += 1;
  }
  const total = returns.length - window + 1;
  return {
    shares: {
      calm: counts.calm / total,
      normal: counts.normal / total,
      stressed: counts.stressed / total,
      crisis: counts.crisis / total,
    },
  };
}

function volumeFigures(bars: readonly Bar[]): Pick<PathStatistics, "volumeElasticity" | "volumeCorrelation"> {
  const traded = bars.filter((bar) => bar.filled !== true && bar.volume > 0 && bar.high > bar.low);
  const x = againstMean(Float64Array.from(traded, (bar) => Math.log(Math.log(bar.high / bar.low))));
  const y = againstMean(Float64Array.from(traded, (bar) => Math.log(bar.volume)));
  const common = covariance(x, y);
  return { volumeElasticity: common / variance(x), volumeCorrelation: common / Math.sqrt(variance(x) * variance(y)) };
}

/** Each value less the mean of the 720 that end with it; the first 719 are dropped. */
function againstMean(values: Float64Array): Float64Array {
  const window = 720;
  const result = new Float64Array(values.length - window + 1);
  let sum = 0;
  for (let i = 0; i < values.length; i += 1) {
    sum += (values[i] ?? 0) - (values[i - window] ?? 0);
    if (i >= window - 1) result[i - window + 1] = (values[i] ?? 0) - sum / window;
  }
  return result;
}
