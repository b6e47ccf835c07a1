/** Figures in sentences for people. No locale, so that the same decision reads the same everywhere. */

/** 0.1234 -> "12.3 %". */
export function percent(fraction: number, digits = 1): string {
  return `${(fraction * 100).toFixed(digits)} %`;
}

/** Basis points: 0.00123 -> "12.3 bps". */
export function bps(fraction: number): string {
  return `${(fraction * 10_000).toFixed(1)} bps`;
}

/** Quote units to the unit, or to four digits when small. */
export function money(amount: number): string {
  return Math.abs(amount) >= 100 ? amount.toFixed(0) : amount.toPrecision(4);
}

/** Seconds in hours. */
export function hours(seconds: number): string {
  return `${(seconds / 3600).toFixed(1)} h`;
}

/** A fee tier as people write it: 3000 -> "0.3 %". */
export function tierName(fee: number): string {
  return `${String(fee / 10_000)} %`;
}
