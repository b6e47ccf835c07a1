/** Which token of a pool is the quote, where its files do not say so. */
import type { Orientation } from "../../chain/prices.ts";
import { BacktestOptionError } from "../errors.ts";

export interface TokenOptions {
  /** Which token is the quote; default the one that gives the price of fewer digits. */
  readonly quote?: 0 | 1;
  readonly baseDecimals: number;
  readonly quoteDecimals: number;
}

/**
 * @param priceIn the pool's price, quote units per base unit, if the tokens stand that way
 * @param what is silent about it, as the message's subject, plural
 * @throws BacktestOptionError if both ways round are as likely
 */
export function orientationOf(
  priceIn: (orientation: Orientation) => number,
  { quote, baseDecimals, quoteDecimals }: TokenOptions,
  what: string,
): Orientation {
  const turned = (quoteIsToken0: boolean): Orientation => ({ quoteIsToken0, baseDecimals, quoteDecimals });
  if (quote !== undefined) return turned(quote === 0);
  if (baseDecimals === quoteDecimals) {
    throw new BacktestOptionError(
      `Both tokens have ${baseDecimals} decimals, so ${what} do not tell which one is the quote; say it with --quote 0 or --quote 1.`,
    );
  }
  // With different decimals the wrong way round is off by twice their difference in powers of ten.
  const digits = (orientation: Orientation): number => Math.abs(Math.log10(priceIn(orientation)));
  return digits(turned(true)) < digits(turned(false)) ? turned(true) : turned(false);
}
