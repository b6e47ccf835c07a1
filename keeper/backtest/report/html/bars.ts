/** Stacked bars to both sides of zero. */

export interface Part {
  readonly from: number;
  readonly to: number;
}

/**
 * Where each part lies: gains are stacked from zero upwards, losses from zero downwards, each in the order given. `to - from` is the part itself,
 * so the parts of a bar add up to what they add up to as numbers.
 */
export function stack(parts: readonly number[]): readonly Part[] {
  let [gain, loss] = [0, 0];
  return parts.map((part) => {
    const from = part < 0 ? loss : gain;
    const to = from + part;
    if (part < 0) loss = to;
    else gain = to;
    return { from, to };
  });
}
