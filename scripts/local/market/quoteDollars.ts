/** The quote's price in dollars. */
import type { Random } from "../../../keeper/market/random.ts";

/** Gives the quote's price in dollars at rising times, unix seconds. */
export type QuoteDollars = (time: number) => number;

/** Standard deviation of the stablecoin's log price and the time in which a deviation falls to 1/e, seconds. */
const DEVIATION = 0.0003;
const RELAXATION = 12 * 3600;

/**
 * A stablecoin that keeps near its dollar: an Ornstein-Uhlenbeck process of the log price with 3 bp standard deviation,
 * drawn exactly from time to time, so that its law does not depend on the steps.
 */
export function stableQuote(random: Random): QuoteDollars {
  let last: { readonly time: number; readonly value: number } | null = null;
  return (time) => {
    const decay = last === null ? 0 : Math.exp(-(time - last.time) / RELAXATION);
    const value = (last?.value ?? 0) * decay + DEVIATION * Math.sqrt(1 - decay * decay) * random.normal();
    last = { time, value };
    return Math.exp(value);
  };
}
