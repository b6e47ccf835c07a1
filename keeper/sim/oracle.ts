/**
 * The pool's memory of ticks and liquidity over time: a ring of observations, at most one a second, from which means over any
 * window inside the ring follow. Times are unix seconds that wrap at 32 bits.
 * Source: Uniswap v3 Core whitepaper, section 5; interpolation and search as in the deployed Oracle library.
 */
import { wrap160, wrap32, wrapInt56 } from "./integers.ts";
import { require } from "./revert.ts";

export interface Observation {
  /** Unix seconds, 32 bits. */
  readonly blockTimestamp: number;
  /** Sum of tick times seconds since the pool began, signed 56 bits. */
  readonly tickCumulative: bigint;
  /** Sum of seconds per liquidity since the pool began, Q32.128, wraps at 160 bits. */
  readonly secondsPerLiquidityCumulativeX128: bigint;
  readonly initialized: boolean;
}

export const NO_OBSERVATION: Observation = {
  blockTimestamp: 0,
  tickCumulative: 0n,
  secondsPerLiquidityCumulativeX128: 0n,
  initialized: false,
};

/** A place that was paid for in advance; its time is no time. */
export const RESERVED_OBSERVATION: Observation = { ...NO_OBSERVATION, blockTimestamp: 1 };

export interface Cumulatives {
  readonly tickCumulative: bigint;
  readonly secondsPerLiquidityX128: bigint;
}

/** What an observation is extended with. */
export interface Prevailing {
  readonly tick: number;
  readonly liquidity: bigint;
}

/** The ring as a pool holds it. */
export interface Ring {
  /** Of the newest observation. */
  readonly index: number;
  /** Places in use. */
  readonly cardinality: number;
  readonly at: (index: number) => Observation;
}

/** The observation that would be written at a later time, if tick and liquidity have been these since. */
export function extend(last: Observation, time: number, { tick, liquidity }: Prevailing): Observation {
  const elapsed = BigInt(wrap32(time - last.blockTimestamp));
  return {
    blockTimestamp: time,
    tickCumulative: wrapInt56(last.tickCumulative + BigInt(tick) * elapsed),
    secondsPerLiquidityCumulativeX128: wrap160(
      last.secondsPerLiquidityCumulativeX128 + (elapsed << 128n) / (liquidity > 0n ? liquidity : 1n),
    ),
    initialized: true,
  };
}

/** The cumulatives at this moment. */
export function observeNow(ring: Ring, time: number, prevailing: Prevailing): Cumulatives {
  const last = ring.at(ring.index);
  return cumulativesOf(last.blockTimestamp === time ? last : extend(last, time, prevailing));
}

/**
 * The cumulatives some seconds ago, interpolated between two observations where none is of that second.
 * @throws PoolRevert "OLD" before the oldest observation
 */
export function observeAgo(ring: Ring, time: number, secondsAgo: number, prevailing: Prevailing): Cumulatives {
  if (secondsAgo === 0) return observeNow(ring, time, prevailing);
  const target = wrap32(time - secondsAgo);
  const [before, after] = surrounding(ring, time, target, prevailing);
  if (target === before.blockTimestamp) return cumulativesOf(before);
  if (target === after.blockTimestamp) return cumulativesOf(after);
  const span = BigInt(wrap32(after.blockTimestamp - before.blockTimestamp));
  const part = BigInt(wrap32(target - before.blockTimestamp));
  // The quotient first, towards zero, as on chain.
  const perSecond = wrapInt56(after.tickCumulative - before.tickCumulative) / span;
  const grown = wrap160(after.secondsPerLiquidityCumulativeX128 - before.secondsPerLiquidityCumulativeX128);
  return {
    tickCumulative: wrapInt56(before.tickCumulative + perSecond * part),
    secondsPerLiquidityX128: wrap160(before.secondsPerLiquidityCumulativeX128 + (grown * part) / span),
  };
}

function surrounding(
  ring: Ring,
  time: number,
  target: number,
  prevailing: Prevailing,
): readonly [before: Observation, after: Observation] {
  const newest = ring.at(ring.index);
  if (isAtOrBefore(time, newest.blockTimestamp, target)) {
    return newest.blockTimestamp === target ? [newest, NO_OBSERVATION] : [newest, extend(newest, target, prevailing)];
  }
  const next = ring.at((ring.index + 1) % ring.cardinality);
  const oldest = next.initialized ? next : ring.at(0);
  require(isAtOrBefore(time, oldest.blockTimestamp, target), "OLD");
  return search(ring, time, target);
}

/** Binary search for the neighbours of a time that lies inside the ring. */
function search({ index, cardinality, at }: Ring, time: number, target: number): readonly [Observation, Observation] {
  let low = (index + 1) % cardinality;
  let high = low + cardinality - 1;
  for (;;) {
    const middle = Math.floor((low + high) / 2);
    const before = at(middle % cardinality);
    if (!before.initialized) {
      low = middle + 1; // A place that is not filled yet: what is filled lies above.
      continue;
    }
    const after = at((middle + 1) % cardinality);
    const isBefore = isAtOrBefore(time, before.blockTimestamp, target);
    if (isBefore && isAtOrBefore(time, target, after.blockTimestamp)) return [before, after];
    if (isBefore) low = middle + 1;
    else high = middle - 1;
  }
}

/** a <= b for times at or before `now`, which may have wrapped since. */
function isAtOrBefore(now: number, a: number, b: number): boolean {
  const unwrap = (time: number): number => (time > now ? time : time + 2 ** 32);
  return a <= now && b <= now ? a <= b : unwrap(a) <= unwrap(b);
}

function cumulativesOf(observation: Observation): Cumulatives {
  return {
    tickCumulative: observation.tickCumulative,
    secondsPerLiquidityX128: observation.secondsPerLiquidityCumulativeX128,
  };
}

/** What writing to the ring changes. */
export interface Written {
  readonly index: number;
  readonly cardinality: number;
  /** Stands at the index; null if this second has its observation already. */
  readonly observation: Observation | null;
}

/** Writes the ring's next observation, and begins to use reserved places when the ring has come round. */
export function writeObservation(ring: Ring, cardinalityNext: number, time: number, prevailing: Prevailing): Written {
  const last = ring.at(ring.index);
  if (last.blockTimestamp === time) return { index: ring.index, cardinality: ring.cardinality, observation: null };
  const grows = cardinalityNext > ring.cardinality && ring.index === ring.cardinality - 1;
  const cardinality = grows ? cardinalityNext : ring.cardinality;
  return { index: (ring.index + 1) % cardinality, cardinality, observation: extend(last, time, prevailing) };
}
