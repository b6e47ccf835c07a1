/** Labels: the room that they take, and how they are moved apart where they would lie on each other. */

/** Width of a bold character of the drawings' font at its size, on the wide side. */
const CHARACTER = 8;

/** Room that the longest of some names takes, no less than a usual one's. No font can be asked here. */
export function labelWidth(names: readonly string[]): number {
  return Math.max(11, ...names.map((name) => name.length)) * CHARACTER;
}

/**
 * Places as near to the wished ones as a least distance allows, in the same order, inside [from, to] if there is room for all. Each group of
 * labels that touch is centred on the mean of its wishes (isotonic regression by pooling neighbours).
 */
export function spreadApart(wished: readonly number[], distance: number, from: number, to: number): readonly number[] {
  const order = wished.map((_, i) => i).toSorted((a, b) => (wished[a] ?? 0) - (wished[b] ?? 0) || a - b);
  // With the i-th place less i distances, "no nearer than" becomes "not below".
  const blocks: { sum: number; size: number }[] = [];
  for (const [rank, i] of order.entries()) {
    let block = { sum: (wished[i] ?? 0) - rank * distance, size: 1 };
    for (
      let last = blocks.at(-1);
      last !== undefined && last.sum / last.size > block.sum / block.size;
      last = blocks.at(-1)
    ) {
      block = { sum: last.sum + block.sum, size: last.size + block.size };
      blocks.pop();
    }
    blocks.push(block);
  }
  const levels = blocks.flatMap(({ sum, size }) => Array.from({ length: size }, () => sum / size));
  const highest = to - (wished.length - 1) * distance;
  const places = new Array<number>(wished.length);
  for (const [rank, i] of order.entries())
    places[i] = Math.max(from, Math.min(levels[rank] ?? 0, highest)) + rank * distance;
  return places;
}
