/**
 * Aave v3.0's arithmetic, restated from its definitions: half-up products and quotients, the two kinds of interest, and the
 * health factor. Amounts are wei, indices and rates are rays, parts are basis points.
 */
export const RAY = 10n ** 27n;
export const WAD = 10n ** 18n;
export const BPS = 10_000n;
export const YEAR = 31_536_000n;

/** (a * b) / unit, half up. */
function mul(a: bigint, b: bigint, unit: bigint): bigint {
  return (a * b + unit / 2n) / unit;
}

/** (a * unit) / b, half up. */
function div(a: bigint, b: bigint, unit: bigint): bigint {
  return (a * unit + b / 2n) / b;
}

export const rayMul = (a: bigint, b: bigint): bigint => mul(a, b, RAY);
export const rayDiv = (a: bigint, b: bigint): bigint => div(a, b, RAY);
export const wadDiv = (a: bigint, b: bigint): bigint => div(a, b, WAD);
export const percentMul = (a: bigint, bps: bigint): bigint => mul(a, bps, BPS);
export const percentDiv = (a: bigint, bps: bigint): bigint => div(a, bps, BPS);

/** A rate per year from basis points. */
export const rayOfBps = (bps: number): bigint => (BigInt(bps) * RAY) / BPS;

/** Growth of the supply index: 1 + rate * t. Rounded down. */
export function linearInterest(rate: bigint, seconds: bigint): bigint {
  return RAY + (rate * seconds) / YEAR;
}

/** Growth of the debt index: (1 + rate/year)^t, cut after the third power of the rate, each term rounded as Aave does it. */
export function compoundedInterest(rate: bigint, seconds: bigint): bigint {
  if (seconds === 0n) return RAY;
  const one = seconds - 1n;
  const two = seconds > 2n ? seconds - 2n : 0n;
  const square = rayMul(rate, rate) / (YEAR * YEAR);
  const cube = rayMul(square, rate) / YEAR;
  return RAY + (rate * seconds) / YEAR + (seconds * one * square) / 2n + (seconds * one * two * cube) / 6n;
}

export interface Side {
  readonly scaled: bigint;
  /** Ray. */
  readonly index: bigint;
  /** USD per whole token, 8 decimals. */
  readonly price: bigint;
  readonly decimals: number;
}

/** A supply or a debt in USD with 8 decimals, rounded down. */
export function inUsd(side: Side): bigint {
  return (rayMul(side.scaled, side.index) * side.price) / 10n ** BigInt(side.decimals);
}

/** One collateral against one debt, 1e18 = 1. */
export function healthFactor(collateral: Side, thresholdBps: bigint, debt: Side): bigint {
  return wadDiv(percentMul(inUsd(collateral), thresholdBps), inUsd(debt));
}
