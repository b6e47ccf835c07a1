/**
 * Up- and down-capture: the geometric mean return of the periods in which the benchmark rose (fell), over the benchmark's own in the same periods, as
 * Morningstar defines it. A vault wants the first high and the second low.
 */

/** Returns over one and the same period, fractions. */
export interface PeriodReturns {
  readonly own: number;
  readonly benchmark: number;
}

export interface Capture {
  /** Null without a period in which the benchmark rose. */
  readonly up: number | null;
  readonly down: number | null;
}

export function captureOf(periods: readonly PeriodReturns[]): Capture {
  const ratio = (chosen: readonly PeriodReturns[]): number | null => {
    if (chosen.length === 0) return null;
    const mean = (pick: (one: PeriodReturns) => number): number =>
      Math.expm1(chosen.reduce((sum, one) => sum + Math.log1p(pick(one)), 0) / chosen.length);
    return mean(({ own }) => own) / mean(({ benchmark }) => benchmark);
  };
  return {
    up: ratio(periods.filter(({ benchmark }) => benchmark > 0)),
    down: ratio(periods.filter(({ benchmark }) => benchmark < 0)),
  };
}
