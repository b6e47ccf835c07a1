/** Falls from a peak of a series of values. */

/** Greatest fall from a peak from one place to another, both included, a fraction from 0 to 1. */
export function maxDrawdown(values: Float64Array, from = 0, to = values.length - 1): number {
  let [peak, worst] = [0, 0];
  for (let i = from; i <= to; i++) {
    const value = values[i] as number;
    if (value > peak) peak = value;
    else if (1 - value / peak > worst) worst = 1 - value / peak;
  }
  return worst;
}
