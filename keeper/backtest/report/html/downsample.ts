/** Fewer points than marks, without hiding a peak or a fall. */

export interface Point {
  /** Index in the series. */
  readonly at: number;
  readonly value: number;
}

/**
 * The first and the last point and, of each bucket of neighbours, the least and the greatest, in the order of time: drawn as a line it covers
 * what the whole series would cover. All points if there are no more than two a bucket.
 */
export function minMax(values: Float64Array, buckets: number): readonly Point[] {
  if (values.length <= 2 * buckets) return Array.from(values, (value, at) => ({ at, value }));
  const kept: Point[] = [];
  const keep = (at: number): void => {
    if (kept.at(-1)?.at !== at) kept.push({ at, value: values[at] ?? Number.NaN });
  };
  keep(0);
  for (let bucket = 0; bucket < buckets; bucket++) {
    const [from, to] = [bucket, bucket + 1].map((edge) => Math.floor((edge * values.length) / buckets)) as [
      number,
      number,
    ];
    let [low, high] = [from, from];
    for (let i = from + 1; i < to; i++) {
      if ((values[i] ?? 0) < (values[low] ?? 0)) low = i;
      if ((values[i] ?? 0) > (values[high] ?? 0)) high = i;
    }
    for (const at of low < high ? [low, high] : [high, low]) if (at > 0) keep(at);
  }
  keep(values.length - 1);
  return kept;
}

/** The least of each bucket, for what only falls matter of. */
export function least(values: Float64Array, buckets: number): readonly Point[] {
  return Array.from({ length: Math.min(buckets, values.length) }, (_, bucket) => {
    const size = values.length / Math.min(buckets, values.length);
    let at = Math.floor(bucket * size);
    for (let i = at + 1; i < Math.floor((bucket + 1) * size); i++) if ((values[i] ?? 0) < (values[at] ?? 0)) at = i;
    return { at, value: values[at] ?? Number.NaN };
  });
}
