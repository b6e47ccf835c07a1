/**
 * Uniswap v3's tick mathematics in exact integers: sqrt prices are Q64.96 (sqrt of token1 wei per token0 wei, times 2^96).
 * Source: Uniswap v3 Core whitepaper, section 6.1; the rounding is the deployed TickMath library's.
 */

export const MIN_TICK = -887272;
export const MAX_TICK = 887272;
/** Sqrt price at MIN_TICK. */
export const MIN_SQRT_RATIO = 4295128739n;
/** Sqrt price at MAX_TICK; a pool's price is always below it. */
export const MAX_SQRT_RATIO = 1461446703485210103287273052203988822378723970342n;

export const Q96 = 1n << 96n;
const MAX_UINT256 = (1n << 256n) - 1n;
const LOW_32 = (1n << 32n) - 1n;

/** Entry i is 1.0001^(-2^i / 2) in Q128, as the protocol rounds it. */
export const INVERSE_POWERS: readonly bigint[] = [
  0xfffcb933bd6fad37aa2d162d1a594001n,
  0xfff97272373d413259a46990580e213an,
  0xfff2e50f5f656932ef12357cf3c7fdccn,
  0xffe5caca7e10e4e61c3624eaa0941cd0n,
  0xffcb9843d60f6159c9db58835c926644n,
  0xff973b41fa98c081472e6896dfb254c0n,
  0xff2ea16466c96a3843ec78b326b52861n,
  0xfe5dee046a99a2a811c461f1969c3053n,
  0xfcbe86c7900a88aedcffc83b479aa3a4n,
  0xf987a7253ac413176f2b074cf7815e54n,
  0xf3392b0822b70005940c7a398e4b70f3n,
  0xe7159475a2c29b7443b29c7fa6e889d9n,
  0xd097f3bdfd2022b8845ad8f792aa5825n,
  0xa9f746462d870fdf8a65dc1f90e061e5n,
  0x70d869a156d2a1b890bb3df62baf32f7n,
  0x31be135f97d08fd981231505542fcfa6n,
  0x9aa508b5b7a84e1c677de54f3e99bc9n,
  0x5d6af8dedb81196699c329225ee604n,
  0x2216e584f5fa1ea926041bedfe98n,
  0x48a170391f7dc42444e8fa2n,
];

/** A tick or a sqrt price outside the protocol's range. */
export class TickRangeError extends RangeError {
  constructor(message: string) {
    super(message);
    this.name = "TickRangeError";
  }
}

/**
 * Sqrt price of a tick, rounded up as the pool does.
 * @throws TickRangeError
 */
export function getSqrtRatioAtTick(tick: number): bigint {
  if (!Number.isInteger(tick) || tick < MIN_TICK || tick > MAX_TICK) {
    throw new TickRangeError(`Tick ${tick} is not a whole number from ${MIN_TICK} to ${MAX_TICK}.`);
  }
  const size = Math.abs(tick);
  let ratio = 1n << 128n;
  for (let bit = 0; bit < INVERSE_POWERS.length; bit++) {
    if ((size >> bit) & 1) ratio = (ratio * (INVERSE_POWERS[bit] ?? 0n)) >> 128n;
  }
  // The table holds powers below one: a positive tick is the inverse.
  if (tick > 0) ratio = MAX_UINT256 / ratio;
  return (ratio >> 32n) + ((ratio & LOW_32) === 0n ? 0n : 1n);
}

/**
 * Greatest tick whose sqrt price is at or below the given one.
 * @param sqrtPriceX96 in [MIN_SQRT_RATIO, MAX_SQRT_RATIO)
 * @throws TickRangeError
 */
export function getTickAtSqrtRatio(sqrtPriceX96: bigint): number {
  if (sqrtPriceX96 < MIN_SQRT_RATIO || sqrtPriceX96 >= MAX_SQRT_RATIO) {
    throw new TickRangeError(`Sqrt price ${sqrtPriceX96} is outside the range of Uniswap v3's ticks.`);
  }
  // Float arithmetic lands within a tick of the answer; the exact ratios decide.
  const estimate = Math.floor(Math.log(Number(sqrtPriceX96) / 2 ** 96) / HALF_LOG_BASE);
  let tick = Math.min(Math.max(estimate, MIN_TICK), MAX_TICK - 1);
  while (getSqrtRatioAtTick(tick) > sqrtPriceX96) tick--;
  while (tick + 1 <= MAX_TICK && getSqrtRatioAtTick(tick + 1) <= sqrtPriceX96) tick++;
  return tick;
}

/** Natural logarithm of the sqrt price's step from tick to tick. */
const HALF_LOG_BASE = Math.log(1.0001) / 2;

/** Lowest tick that a pool of this spacing can use. */
export function minUsableTick(tickSpacing: number): number {
  return -maxUsableTick(tickSpacing);
}

/** Highest tick that a pool of this spacing can use. */
export function maxUsableTick(tickSpacing: number): number {
  return Math.floor(MAX_TICK / tickSpacing) * tickSpacing;
}
