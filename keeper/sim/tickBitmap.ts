/**
 * One bit for each usable tick, 256 to a word, so that a swap finds the next initialised tick. A swap looks no further than its
 * word: where nothing is initialised it stops at the word's end, and that stop rounds like any other, so it must be kept.
 * Source: Uniswap v3 Core whitepaper, section 6.2.2.
 */

const ALL = (1n << 256n) - 1n;

export interface NextTick {
  readonly tick: number;
  readonly initialized: boolean;
}

/** Word and bit of a tick in the bitmap. */
export function placeOf(tick: number, tickSpacing: number): { readonly word: number; readonly bit: number } {
  const index = Math.floor(tick / tickSpacing);
  return { word: index >> 8, bit: index & 255 };
}

/**
 * The next initialised tick in the same word, or the word's last tick in that direction.
 * @param readWord the bitmap
 * @param down true looks at the tick itself and below, false above it
 */
export function nextTickInWord(
  readWord: (word: number) => bigint,
  tick: number,
  tickSpacing: number,
  down: boolean,
): NextTick {
  const index = Math.floor(tick / tickSpacing) + (down ? 0 : 1);
  const word = index >> 8;
  const bit = BigInt(index & 255);
  const mask = down ? (2n << bit) - 1n : ALL ^ ((1n << bit) - 1n);
  const masked = readWord(word) & mask;
  const initialized = masked !== 0n;
  const found = initialized ? (down ? highestBit(masked) : lowestBit(masked)) : down ? 0 : 255;
  return { tick: (word * 256 + found) * tickSpacing, initialized };
}

/** The ticks whose bits are set, ascending. */
export function ticksInWord(word: number, bits: bigint, tickSpacing: number): readonly number[] {
  const ticks: number[] = [];
  for (let bit = 0; bit < 256; bit++) {
    if ((bits >> BigInt(bit)) & 1n) ticks.push((word * 256 + bit) * tickSpacing);
  }
  return ticks;
}

function highestBit(value: bigint): number {
  return value.toString(2).length - 1;
}

function lowestBit(value: bigint): number {
  return highestBit(value & -value);
}
