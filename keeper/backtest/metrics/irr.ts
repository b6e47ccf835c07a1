/** Internal rate of return: the r for which sum of CF_i / (1 + r)^(days_i / 365) is zero. */

export interface CashFlow {
  /** Since any common beginning. */
  readonly days: number;
  /** Quote units; what an investor pays in is negative, what he gets positive. */
  readonly amount: number;
}

const [LEAST, GREATEST] = [-0.999999, 1e6];

/**
 * Found by bisection between -99.9999 % and 1e6, which cannot run away as Newton's steps can.
 * @returns fraction a year; null if the present value has one sign at both ends, so that there is no rate, or not one that is found so
 */
export function internalRate(flows: readonly CashFlow[]): number | null {
  const first = Math.min(...flows.map(({ days }) => days));
  // By ln(1 + r), so that the precision is relative.
  const present = (log: number): number =>
    flows.reduce((sum, { days, amount }) => sum + amount * Math.exp((-log * (days - first)) / 365), 0);
  let [low, high] = [Math.log1p(LEAST), Math.log1p(GREATEST)];
  const sign = Math.sign(present(low));
  if (flows.length === 0 || sign === 0 || sign === Math.sign(present(high))) return null;
  for (let i = 0; i < 100; i++) {
    const middle = (low + high) / 2;
    if (Math.sign(present(middle)) === sign) low = middle;
    else high = middle;
  }
  return Math.expm1((low + high) / 2);
}
