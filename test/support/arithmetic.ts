/**
 * Exact arithmetic of tests, on its own feet: nothing here shares a line with the contracts or with the keeper, except
 * Uniswap's table of tick prices. Prices are quote wei per base wei times 2^96; amounts are wei.
 */
import { getSqrtRatioAtTick } from "../../keeper/chain/tickMath.ts";

export const Q96 = 1n << 96n;
export const ONE = 10n ** 18n;
export const MAX_UINT128 = (1n << 128n) - 1n;
export const MAX_UINT256 = (1n << 256n) - 1n;

/** Bits of a value's fraction: values are compared in 2^-64 quote wei, so that no rounding hides. */
export const VALUE_BITS = 64n;

export interface Pair2 {
  readonly amount0: bigint;
  readonly amount1: bigint;
}

export interface RangeLiquidity {
  readonly tickLower: number;
  readonly tickUpper: number;
  readonly liquidity: bigint;
}

export function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

export function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

export function abs(a: bigint): bigint {
  return a < 0n ? -a : a;
}

export function divUp(a: bigint, b: bigint): bigint {
  return (a + b - 1n) / b;
}

/** Greatest integer whose square is at most n. */
export function isqrt(n: bigint): bigint {
  if (n < 2n) return n;
  let x = 1n << (BigInt(n.toString(2).length + 1) / 2n);
  for (;;) {
    const y = (x + n / x) >> 1n;
    if (y >= x) return x;
    x = y;
  }
}

/** The pool's sqrt price of a price, rounded down. */
export function sqrtPriceOf(priceX96: bigint, quoteIsToken0: boolean): bigint {
  return isqrt(quoteIsToken0 ? (1n << 288n) / priceX96 : priceX96 << 96n);
}

/** The price of a pool's sqrt price, rounded down. */
export function priceOf(sqrtPriceX96: bigint, quoteIsToken0: boolean): bigint {
  return quoteIsToken0 ? (1n << 288n) / (sqrtPriceX96 * sqrtPriceX96) : (sqrtPriceX96 * sqrtPriceX96) >> 96n;
}

/** Value of tokens, in 2^-64 quote wei. */
export function valueOfTokens(amounts: Pair2, priceX96: bigint, quoteIsToken0: boolean): bigint {
  const [quote, base] = quoteIsToken0 ? [amounts.amount0, amounts.amount1] : [amounts.amount1, amounts.amount0];
  return (quote << VALUE_BITS) + ((base * priceX96) << VALUE_BITS) / Q96;
}

/** Tokens of a range at a price (not at its pool's spot), in 2^-64 wei of each; the root has 128 bits of fraction. */
export function amountsOfRange(range: RangeLiquidity, priceX96: bigint, quoteIsToken0: boolean): Pair2 {
  const lower = getSqrtRatioAtTick(range.tickLower) << 32n;
  const upper = getSqrtRatioAtTick(range.tickUpper) << 32n;
  const root = isqrt(quoteIsToken0 ? (1n << 352n) / priceX96 : priceX96 << 160n);
  const at = min(max(root, lower), upper);
  return {
    amount0: ((range.liquidity << (VALUE_BITS + 128n)) * (upper - at)) / (upper * at),
    amount1: ((range.liquidity << VALUE_BITS) * (at - lower)) >> 128n,
  };
}

/** Value of a range at a price, in 2^-64 quote wei. */
export function valueOfRange(range: RangeLiquidity, priceX96: bigint, quoteIsToken0: boolean): bigint {
  const { amount0, amount1 } = amountsOfRange(range, priceX96, quoteIsToken0);
  return quoteIsToken0 ? amount0 + (amount1 * priceX96) / Q96 : amount1 + (amount0 * priceX96) / Q96;
}

/** A seeded generator (mulberry32): equal seeds give equal runs. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** In [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  /** Whole number in [low, high]. */
  int(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  /** In [low, high], log-uniform, so that dust and fortunes both come. */
  wei(low: bigint, high: bigint): bigint {
    const bits = Math.log2(Number(low)) + this.next() * (Math.log2(Number(high)) - Math.log2(Number(low)));
    const value = BigInt(Math.floor(2 ** (bits % 52))) << BigInt(Math.floor(bits / 52) * 52);
    return min(max(value, low), high);
  }

  /** A part of a whole in 1e18ths; often all. */
  fraction(): bigint {
    return this.next() < 0.3 ? ONE : BigInt(Math.floor(this.next() * 1e9)) * 10n ** 9n;
  }

  pick<T>(list: readonly T[]): T {
    const item = list[this.int(0, list.length - 1)];
    if (item === undefined) throw new Error("nothing to pick from");
    return item;
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }
}
