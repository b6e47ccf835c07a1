/** One figure over several starts: its mean with its range, because one path proves nothing. */
export interface Spread {
  readonly mean: number;
  readonly min: number;
  readonly max: number;
}

/** Of the starts that have the figure; null if none has. */
export function spreadOf(values: readonly (number | null)[]): Spread | null {
  const known = values.filter((value): value is number => value !== null && Number.isFinite(value));
  if (known.length === 0) return null;
  return {
    mean: known.reduce((sum, value) => sum + value, 0) / known.length,
    min: Math.min(...known),
    max: Math.max(...known),
  };
}
