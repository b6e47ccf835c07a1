/** What a value of a vote may be, said before anything is encoded: the greatest of each number is the code's own, which no vote lifts. */
import { isAddress } from "ethers";

/** A parameter, or a field of a struct. */
export interface Field {
  readonly name: string;
  /** Solidity's. */
  readonly type: string;
}

/**
 * By field of Policy and PriceOracle; others are as great as their type. What comes back a day is at most the whole budget, so that
 * a budget's bound is its refill's, too. A test reads the constants of the contracts.
 */
export const GREATEST: Readonly<Record<string, bigint>> = {
  coreWeightCapBps: 10_000n,
  minHalfWidth: 887_272n,
  maxHalfWidth: 887_272n,
  maxPlanLossBps: 100n,
  lossCapBps: 100n,
  lossRefillBps: 100n,
  turnoverCapBps: 10_000n,
  turnoverRefillBps: 10_000n,
  churnCapBps: 1_000n,
  churnRefillBps: 1_000n,
  lvrLimitBps: 200n,
  treasuryShareBps: 1_000n,
  maxEntryFeeBps: 50n,
  maxExitFeeBps: 50n,
  deleverageCapBps: 300n,
  deleverageRefillBps: 300n,
  twapWindow: 86_400n,
  twapBandBps: 1_000n,
  baseHeartbeat: 172_800n,
  quoteHeartbeat: 172_800n,
  baseDeviationBps: 300n,
  quoteDeviationBps: 300n,
  // A sleeve's place, and its cap: all of NAV.
  index: 3n,
  capBps: 10_000n,
};

/** One sentence about what is wrong with a value, or null. */
export function problemOf({ name, type }: Field, text: string): string | null {
  if (type === "address") {
    // A type guard leaves nothing of a text that is no address.
    const fits: boolean = isAddress(text);
    return fits ? null : `${name} "${text}" is no address: write 0x and 40 hex digits, copied as they are.`;
  }
  const bits = /^uint(\d+)$/.exec(type)?.[1];
  if (bits === undefined) return null;
  const most = GREATEST[name] ?? 2n ** BigInt(bits) - 1n;
  if (!/^-?\d+$/.test(text)) return `${name} "${text}" is no whole number: write one from 0 to ${most}.`;
  const value = BigInt(text);
  if (value < 0n) return `${name} ${text} is negative: write a whole number from 0 to ${most}.`;
  return value > most ? `${name} ${text} is too large: the greatest is ${most}.` : null;
}
