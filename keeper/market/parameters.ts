import type { Regime } from "./regimes.ts";

/**
 * Parameters of the price generator, fitted to hourly ETH/USD from August 2017 to December 2022 (docs/price-paths.md says how, and compares).
 * Volatilities per square root of a year of 8,760 hours, times in hours, moves in log price.
 */

export interface RegimeParameters {
  /** Mean share of the hours of a stratum. */
  readonly share: number;
  /** Mean length of an episode. */
  readonly meanHours: number;
  /** Median annualised volatility before the common factors. */
  readonly level: number;
}

export const REGIME: Readonly<Record<Regime, RegimeParameters>> = {
  calm: { share: 0.555, meanHours: 110, level: 0.63 },
  trending: { share: 0.26, meanHours: 96, level: 0.65 },
  stressed: { share: 0.147, meanHours: 60, level: 1.35 },
  crash: { share: 0.038, meanHours: 35, level: 2.1 },
};

export const SCHEDULE = {
  /** Length of the strata in which each regime must appear. */
  stratumDays: 60,
  /** Standard deviation of the logarithm of a regime's share from stratum to stratum, before they are scaled to add up. */
  shareSpread: 0.45,
} as const;

/** Drift per hour of a trend, in standard deviations of an hour's return; its sign is random. */
export const TREND_STRENGTH = 0.15;

/** Hours in which a calm price makes good half of its distance from where the calm began: calm is a range, not a walk. */
export const CALM_HALF_LIFE = 72;

/** In every regime the price makes good a part of its distance from its own recent mean in each hour: moves overshoot. */
export const REVERSAL = { pull: 0.018, halfLife: 12 } as const;

export const CRASH = {
  /** A fall is `least` plus an exponential with mean `mean`. */
  least: 0.14,
  mean: 0.08,
  /** A crash that lasts at least so long falls in full, a shorter one by the square root of its share of it. */
  fullHours: 12,
  /** Part of the fall that comes in sudden steps inside single hours; the rest is drift. */
  suddenShare: 0.35,
  /** Number of those steps. */
  steps: 3,
  /** Part of the mean fall that the stressed hours win back; trends win back the rest, so the whole has no drift. */
  rebound: 0.65,
} as const;

/** Volatility common to all regimes: level of the season, of the days, and an exponential GARCH term for the last hours. */
export const VOLATILITY = {
  /** Autoregressive terms of log volatility: standard deviation and half-life. */
  season: { deviation: 0.23, halfLife: 1440 },
  days: { deviation: 0.2, halfLife: 96 },
  /** y' = persistence * y + size * (|z| - mean |z|) + sign * z, z the standardised return, |z| <= clip. */
  shock: { persistence: 0.8, size: 0.085, sign: -0.02, clip: 5 },
  /** Degrees of freedom of an hour's return (Student), even. */
  freedom: 6,
  /** Mean overshoot of the high and the low beyond the path, in standard deviations of the hour. */
  wick: 0.09,
} as const;

/** ln volume = level + elasticity * ln(range / typical range) + two autoregressive terms. */
export const VOLUME = {
  /** Base units in an hour whose range is `typicalRange`. */
  level: 20_000,
  typicalRange: 0.01,
  elasticity: 0.94,
  hours: { deviation: 0.33, halfLife: 0.8 },
  days: { deviation: 0.26, halfLife: 60 },
} as const;

/** Mean |return| by hour of the day (UTC) over the mean of all. */
export const HOUR_PROFILE: readonly number[] = [
  1.24, 1.08, 0.91, 0.9, 0.82, 0.85, 0.87, 0.9, 0.98, 0.94, 0.98, 0.95, 1.07, 1.11, 1.19, 1.13, 1.19, 0.95, 0.91, 0.93,
  1.01, 0.99, 1.02, 1.07,
];
