/**
 * Closed forms of a Uniswap v3 position in floats. Liquidity is in whole units (`wholeLiquidity`), prices are quote units
 * per base unit, volatility is annual, times are years, values are quote units.
 *
 * Symbols: P price, [Pa, Pb] the range, L liquidity, s volatility. The price is taken to be a martingale,
 * dP = s P dW, wherever an expectation is meant.
 */
import { integrate, normalDistribution } from "./normal.ts";

/** A range with its liquidity. */
export interface Position {
  readonly liquidity: number;
  /** Pa, quote units per base unit. */
  readonly lower: number;
  /** Pb. */
  readonly upper: number;
}

/** Whole units of both tokens. */
export interface Amounts {
  readonly base: number;
  readonly quote: number;
}

/** What a position consists of at a price; outside its range it is one token only (Uniswap v3 white paper, 6.29-6.30). */
export function amounts(position: Position, price: number): Amounts {
  const { liquidity, lower, upper } = position;
  const inside = Math.min(Math.max(price, lower), upper);
  return {
    base: liquidity * (1 / Math.sqrt(inside) - 1 / Math.sqrt(upper)),
    quote: liquidity * (Math.sqrt(inside) - Math.sqrt(lower)),
  };
}

/** V(P), quote units. In range L(2 sqrt(P) - sqrt(Pa) - P/sqrt(Pb)). */
export function value(position: Position, price: number): number {
  const held = amounts(position, price);
  return held.base * price + held.quote;
}

/** The most liquidity that so much of both tokens gives a range at a pool's price. A token that the range does not need is no limit. */
export function liquidityFor(available: Amounts, lower: number, upper: number, price: number): number {
  const unit = amounts({ liquidity: 1, lower, upper }, price);
  return Math.min(
    unit.base > 0 ? available.base / unit.base : Number.POSITIVE_INFINITY,
    unit.quote > 0 ? available.quote / unit.quote : Number.POSITIVE_INFINITY,
  );
}

/** dV/dP, base units. Equal to the base held, at every price. */
export function delta(position: Position, price: number): number {
  return amounts(position, price).base;
}

/** d2V/dP2, base units per quote unit of price: -L / (2 P^1.5) in range, 0 outside. */
export function gamma(position: Position, price: number): number {
  if (price <= position.lower || price >= position.upper) return 0;
  return -position.liquidity / (2 * price ** 1.5);
}

/**
 * Vega over a tenor, quote units per 1.00 of volatility, always negative. A position is the strip of payoffs
 * V(P) = integral over [Pa, Pb] of (L/2) K^-1.5 min(P, K) dK, and min(P, K) = P - call(K), so its vega is minus that of the
 * calls at Black-Scholes with no interest. The integral has a closed form: with v = s sqrt(T),
 *   vega = -(L/2) s T sqrt(P) e^(-v^2/8) [N(ln(Pb/P)/v) - N(ln(Pa/P)/v)].
 * Without the bracket and the exponential it is the derivative by s of LVR over T, which is its limit for short tenors.
 */
export function vega(position: Position, price: number, volatility: number, tenor: number): number {
  const v = volatility * Math.sqrt(tenor);
  return -(position.liquidity / 2) * volatility * tenor * Math.sqrt(price) * weightedTimeInside(position, price, v);
}

/** Loss versus rebalancing now, quote units a year: L s^2 sqrt(P) / 4 in range, 0 outside (arXiv 2208.06046). */
export function lvrRate(position: Position, price: number, volatility: number): number {
  if (price < position.lower || price >= position.upper) return 0;
  return (position.liquidity * volatility * volatility * Math.sqrt(price)) / 4;
}

/** E[sqrt(P_T) / sqrt(P), inside the range at T] for v = s sqrt(T): e^(-v^2/8) [N(ln(Pb/P)/v) - N(ln(Pa/P)/v)]. */
function weightedTimeInside(range: Pick<Position, "lower" | "upper">, price: number, v: number): number {
  const low = Math.log(range.lower / price);
  const high = Math.log(range.upper / price);
  if (!(v > 0)) return low <= 0 && high > 0 ? 1 : 0;
  return Math.exp((-v * v) / 8) * (normalDistribution(high / v) - normalDistribution(low / v));
}

/**
 * Expected part of the coming `years` that a range left alone spends at work, between 0 and 1, each moment weighted by
 * sqrt(P_t)/sqrt(P) because fees at a given pay ratio and LVR are both proportional to it. So
 * expected LVR = lvrRate at P (as if in range) * years * this, exactly; and a range that the price has left counts for
 * the chance that the price comes back.
 */
export function expectedActivity(
  range: Pick<Position, "lower" | "upper">,
  price: number,
  volatility: number,
  years: number,
): number {
  if (!(years > 0)) return weightedTimeInside(range, price, 0);
  // t = years u^2 takes away the square root at t = 0, which no polynomial rule likes.
  return integrate((u) => weightedTimeInside(range, price, volatility * u * Math.sqrt(years)) * 2 * u, 0, 1);
}

/** Probability that a martingale started inside leaves the range at the top. */
export function exitAboveProbability(range: Pick<Position, "lower" | "upper">, price: number): number {
  return (price - range.lower) / (range.upper - range.lower);
}

/** Mean time to leave the range, years: E[T] = -(2/s^2)[p ln(Pb/P) + (1-p) ln(Pa/P)]. 0 outside. */
export function expectedExitTime(range: Pick<Position, "lower" | "upper">, price: number, volatility: number): number {
  if (price <= range.lower || price >= range.upper) return 0;
  const p = exitAboveProbability(range, price);
  const meanLog = p * Math.log(range.upper / price) + (1 - p) * Math.log(range.lower / price);
  return (-2 / (volatility * volatility)) * meanLog;
}

/** Mean LVR until the price leaves the range, quote units: V(P) - [p V(Pb) + (1-p) V(Pa)]. It does not depend on s. 0 outside. */
export function expectedLvrToExit(position: Position, price: number): number {
  if (price <= position.lower || price >= position.upper) return 0;
  const p = exitAboveProbability(position, price);
  return value(position, price) - (p * value(position, position.upper) + (1 - p) * value(position, position.lower));
}
