/**
 * Ratios of daily returns in excess of the risk-free rate, annualised by sqrt(365). Textbook definitions; null where they divide by nothing
 * (fewer than two days, or days that are all alike).
 */

const DAYS = 365;

/** Sample standard deviation of simple daily returns, a year. */
export function annualVolatility(returns: Float64Array): number | null {
  const deviation = deviationOf(returns);
  return deviation === null ? null : deviation * Math.sqrt(DAYS);
}

/** Mean excess over its own standard deviation (Sharpe, "The Sharpe Ratio", 1994). */
export function sharpeRatio(excess: Float64Array): number | null {
  const deviation = deviationOf(excess);
  return deviation === null || deviation === 0 ? null : (meanOf(excess) / deviation) * Math.sqrt(DAYS);
}

/** Mean excess over the downside deviation: the root mean square of the days below zero, all days counted (Sortino and Price, 1994). */
export function sortinoRatio(excess: Float64Array): number | null {
  if (excess.length < 2) return null;
  let squares = 0;
  for (const value of excess) if (value < 0) squares += value * value;
  return squares === 0 ? null : (meanOf(excess) / Math.sqrt(squares / excess.length)) * Math.sqrt(DAYS);
}

function meanOf(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

function deviationOf(values: Float64Array): number | null {
  if (values.length < 2) return null;
  const mean = meanOf(values);
  let squares = 0;
  for (const value of values) squares += (value - mean) ** 2;
  return Math.sqrt(squares / (values.length - 1));
}
