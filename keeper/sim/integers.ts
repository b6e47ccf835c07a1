/**
 * The EVM's fixed-width integers on bigint: what wraps, what must fit, and products of 512 bits.
 * Source: Solidity 0.7's arithmetic, which wraps silently, and the checks that the protocol adds to it.
 */
import { require, SimulationInputError } from "./revert.ts";

export const Q96 = 1n << 96n;
export const Q128 = 1n << 128n;
export const MAX_UINT128 = Q128 - 1n;
export const MAX_UINT160 = (1n << 160n) - 1n;
export const MAX_UINT256 = (1n << 256n) - 1n;
const MAX_INT128 = (1n << 127n) - 1n;
const LIMIT_INT256 = 1n << 255n;

export const wrap128 = (value: bigint): bigint => BigInt.asUintN(128, value);
export const wrap160 = (value: bigint): bigint => BigInt.asUintN(160, value);
export const wrap256 = (value: bigint): bigint => BigInt.asUintN(256, value);
/** Wraps to a signed integer of 56 bits. */
export const wrapInt56 = (value: bigint): bigint => BigInt.asIntN(56, value);
/** Wraps to unix seconds of 32 bits, as the pool keeps time. @param seconds may be negative */
export const wrap32 = (seconds: number): number => {
  const rest = seconds % 2 ** 32;
  return rest < 0 ? rest + 2 ** 32 : rest;
};

/** floor(a b / d) over a product of any width. @throws PoolRevert if the quotient does not fit 256 bits or d is zero */
export function mulDiv(a: bigint, b: bigint, d: bigint): bigint {
  require(d > 0n);
  const quotient = (a * b) / d;
  require(quotient <= MAX_UINT256);
  return quotient;
}

/** ceil(a b / d). @throws PoolRevert as {@link mulDiv} */
export function mulDivUp(a: bigint, b: bigint, d: bigint): bigint {
  require(d > 0n);
  const quotient = divUp(a * b, d);
  require(quotient <= MAX_UINT256);
  return quotient;
}

/** ceil(n / d). */
export function divUp(n: bigint, d: bigint): bigint {
  return (n + d - 1n) / d;
}

/** A sum that must not pass 256 bits. */
export function add256(a: bigint, b: bigint): bigint {
  const sum = a + b;
  require(sum <= MAX_UINT256);
  return sum;
}

/** @throws PoolRevert if it does not fit the signed type */
export function toInt256(value: bigint): bigint {
  require(value < LIMIT_INT256 && value >= -LIMIT_INT256);
  return value;
}

/** @throws PoolRevert if it does not fit the signed type */
export function toInt128(value: bigint): bigint {
  require(value <= MAX_INT128 && value >= -MAX_INT128 - 1n);
  return value;
}

/** @throws PoolRevert if it does not fit the type */
export function toUint160(value: bigint): bigint {
  require(value <= MAX_UINT160);
  return value;
}

/**
 * Liquidity after a change of either sign.
 * @throws PoolRevert "LS" below zero, "LA" above 128 bits
 */
export function addDelta(liquidity: bigint, delta: bigint): bigint {
  const sum = liquidity + delta;
  require(sum >= 0n, "LS");
  require(sum <= MAX_UINT128, "LA");
  return sum;
}

/** @throws SimulationInputError if a caller's value does not fit the unsigned type of its parameter */
export function checkUint(value: bigint, bits: number, name: string): void {
  if (value >= 0n && value >> BigInt(bits) === 0n) return;
  throw new SimulationInputError(`${name} ${value} does not fit ${bits} bits without a sign; give a value that does.`);
}

/** @throws SimulationInputError if a caller's value does not fit int256 */
export function checkInt256(value: bigint, name: string): void {
  if (value < LIMIT_INT256 && value >= -LIMIT_INT256) return;
  throw new SimulationInputError(`${name} ${value} does not fit 256 bits with a sign; give a value that does.`);
}

/** @throws SimulationInputError for anything but whole unix seconds */
export function checkTime(time: number): void {
  if (Number.isSafeInteger(time) && time >= 0) return;
  throw new SimulationInputError(`The time ${time} is no whole number of unix seconds; give that of the block.`);
}
