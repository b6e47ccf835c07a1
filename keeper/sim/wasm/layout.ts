/**
 * Where everything lies in the engine's memory, in bytes. A wide number is eight limbs of 32 bits, the lowest first; a narrower
 * one leaves the upper limbs zero.
 */

/** Bytes of a wide number. */
export const WIDE = 32;

/** Scratch of the arithmetic: twenty limbs each. */
export const PRODUCT = 64;
export const QUOTIENT = 192;
export const DIVISOR = 320;

/** Scratch of one step of a swap. */
export const MOVE = 416;
export const TEMPORARY = 448;
export const NEXT = 480;
export const TARGET = 512;
export const LESS_FEE = 544;
export const IN = 576;
export const OUT = 608;
export const FEE_AMOUNT = 640;
export const DENOMINATOR = 672;

/** A swap under way. */
export const SWAP = {
  price: 768,
  liquidity: 800,
  /** Fee growth of the token that comes in. */
  growth: 832,
  /** Unsigned: what is still to come in or to go out. */
  remaining: 864,
  /** Unsigned: what goes out or comes in for it. */
  calculated: 896,
  protocolFee: 928,
  tick: 960,
  cursor: 964,
  crossed: 968,
} as const;

/** Numbers that the pool's terms fix. */
export const MILLION = 992;
export const KEEP = 1024;
export const FEE = 1056;
export const MIN_PRICE = 1088;
export const MAX_PRICE = 1120;
/** Twenty numbers of four limbs: see keeper/chain/tickMath.ts. */
export const POWERS = 1184;

/** What a swap is asked for. */
export const ORDER = { amount: 1536, limit: 1568 } as const;

/** The pool. */
export const STATE = {
  price: 1600,
  liquidity: 1632,
  growth0: 1664,
  growth1: 1696,
  protocol0: 1728,
  protocol1: 1760,
  tick: 1792,
  observationIndex: 1796,
  observationCardinality: 1800,
  observationCardinalityNext: 1804,
  feeProtocol: 1808,
  tickCount: 1812,
  /** How many initialised ticks lie at or below the current one. */
  cursor: 1816,
  tickSpacing: 1820,
  end: 1824,
} as const;

/** Where an observation is made ready. */
export const OBSERVED = 1_856;

/** Sqrt prices of ticks that were asked for, by the tick's low bits; each with its tick, shifted so that it is never zero. */
export const CACHE = 4_096;
export const CACHE_ENTRIES = 1_024;
export const CACHE_TAG = 28;
export const CACHE_TAG_SHIFT = 1_000_000;

/** Room for all that the protocol allows; memory that nobody touches costs nothing. */
export const OBSERVATIONS = 40_960;
export const OBSERVATION = { size: 40, time: 0, initialized: 4, tickCumulative: 8, secondsPerLiquidity: 16 } as const;
const MAX_OBSERVATIONS = 65_536;

/** The initialised ticks, ascending, to the end of the memory. */
export const TICKS = OBSERVATIONS + MAX_OBSERVATIONS * OBSERVATION.size;
export const TICK = {
  size: 192,
  tick: 0,
  secondsOutside: 4,
  tickCumulativeOutside: 8,
  gross: 16,
  /** Signed, 128 bits. */
  net: 32,
  growth0: 64,
  growth1: 96,
  secondsPerLiquidity: 128,
  /** Fee growth of the token that comes in as a swap under way passes the tick. */
  crossing: 160,
} as const;
