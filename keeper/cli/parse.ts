/** Parsers of option values for commander; each says what to write instead. */
import { getAddress, isAddress, parseUnits } from "ethers";

import { InvalidArgumentError } from "commander";

export function parsePort(text: string): number {
  const port = /^\d+$/.test(text) ? Number(text) : NaN;
  if (!(port >= 0 && port <= 65_535))
    throw new InvalidArgumentError("Write a TCP port from 0 (any free one) to 65535.");
  return port;
}

/** A finite number above zero. */
export function parsePositive(text: string): number {
  const value = plainNumber(text);
  if (!(value > 0)) throw new InvalidArgumentError("Write a number above zero.");
  return value;
}

/** Percent, as a fraction: "0.5" and "0.5%" are 0.005. */
export function parsePercent(text: string): number {
  const value = plainNumber(text.replace(/\s*%$/, ""));
  if (!(value >= 0 && value <= 100)) throw new InvalidArgumentError("Write a percentage from 0 to 100, such as 0.5.");
  return value / 100;
}

/** One percent as parsePercentExactly gives it. */
export const PERCENT_UNIT = 10n ** 18n;

/** Percent from 0 to 100 in parts of PERCENT_UNIT, exactly. */
export function parsePercentExactly(text: string): bigint {
  parsePercent(text);
  const plain = text.replace(/\s*%$/, "");
  const [, fraction = ""] = plain.split(".");
  if (fraction.length > 18) throw new InvalidArgumentError("Write at most 18 places after the point.");
  return parseUnits(plain, 18);
}

/** One place of a sleeve, 0 to 3. */
export function parsePlace(text: string): number {
  if (!/^[0-3]$/.test(text.trim())) throw new InvalidArgumentError("Write a place from 0 to 3.");
  return Number(text);
}

/** An address, with or without its checksum. */
export function parseAddress(text: string): string {
  if (!isAddress(text)) throw new InvalidArgumentError("Write an address, 0x and 40 hex digits.");
  return getAddress(text);
}

/** Places of sleeves, 0 to 3: "0,2"; "none" for no place. */
export function parsePlaces(text: string): readonly number[] {
  if (text.trim() === "none") return [];
  const places = text.split(",").map((one) => one.trim());
  if (!places.every((one) => /^[0-3]$/.test(one))) {
    throw new InvalidArgumentError('Write places from 0 to 3 with commas between them, such as "0,2", or "none".');
  }
  return [...new Set(places.map(Number))];
}

/** An amount with 18 decimals, exactly, in wei. */
export function parseShares(text: string): bigint {
  return parseAmount(text, 18);
}

/** An amount above zero in whole units, exactly, in wei. */
export function parseAmount(text: string, decimals: number): bigint {
  if (!/^\d+(\.\d+)?$/.test(text)) throw new InvalidArgumentError("Write an amount above zero, such as 1250.5.");
  const [, fraction = ""] = text.split(".");
  if (fraction.length > decimals) throw new InvalidArgumentError(`Write at most ${decimals} places after the point.`);
  const amount = parseUnits(text, decimals);
  if (amount === 0n) throw new InvalidArgumentError("Write an amount above zero.");
  return amount;
}

function plainNumber(text: string): number {
  return /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN;
}

/** A whole number from 0 to a greatest one. */
export function parseWhole(most: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!(value <= most)) throw new InvalidArgumentError(`Write a whole number up to ${most}.`);
    return value;
  };
}

/** One of a pool's two tokens. */
export function parseToken(text: string): 0 | 1 {
  if (text === "0") return 0;
  if (text === "1") return 1;
  throw new InvalidArgumentError("Write 0 or 1.");
}
