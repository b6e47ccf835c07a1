/** Where a new range should lie: centre, half-width, and the pool's grid of ticks. */
import { logOfTicks, MAX_TICK, ticksOfFactor } from "./ticks.ts";
import type { StrategyConfig } from "./config.ts";
import type { Policy } from "./types.ts";

/** Oriented ticks. */
export interface TickRange {
  readonly tickLower: number;
  readonly tickUpper: number;
}

/**
 * Half-width as a fraction of the price: multiple * s * sqrt(horizon), clamped. With the defaults 1.5 * s30 * sqrt(30/365) in 8-150 %. For
 * pay ratios up to 1 no width is best (wider is always better), so it follows from a risk budget and not from income.
 */
export function halfWidthFraction(volatility: number, width: StrategyConfig["width"]): number {
  const wanted = width.multiple * volatility * Math.sqrt(width.horizonDays / 365);
  return Math.min(Math.max(wanted, width.least), width.greatest);
}

/** The half-width in ticks, ln(1+h)/ln(1.0001), inside the policy's limits. */
export function halfWidthTicks(volatility: number, width: StrategyConfig["width"], policy: Policy): number {
  const ticks = ticksOfFactor(1 + halfWidthFraction(volatility, width));
  return Math.min(Math.max(ticks, policy.minHalfWidth), policy.maxHalfWidth);
}

/**
 * Least half-width, ticks, at which ranges that hold `weight` of NAV lose no more than `limit` of it a day to arbitrage. A range of
 * half-width h (a logarithm) round the price and of value V has L sqrt(P) = V / (2 (1 - e^(-h/2))), and loses L sqrt(P) s^2 / 4 a year.
 * Infinite if even a full range would lose more.
 */
export function leastHalfWidth(weight: number, volatility: number, limit: number): number {
  const part = (weight * volatility * volatility) / (8 * 365 * limit);
  return part < 1 ? ticksOfFactor(1 / (1 - part) ** 2) : Number.POSITIVE_INFINITY;
}

/** The most of NAV, likewise, that ranges of a half-width (ticks) may hold. */
export function greatestWeight(halfWidth: number, volatility: number, limit: number): number {
  return (8 * 365 * limit * (1 - Math.exp(-logOfTicks(halfWidth) / 2))) / (volatility * volatility);
}

/**
 * Centre of a new range, ticks: the price, moved in the trend's direction by up to `maxTilt` of the half-width. `bearish`
 * is the trend ensemble's fraction, null for unknown.
 */
export function tiltedCentre(tick: number, halfWidth: number, bearish: number | null, maxTilt: number): number {
  return bearish === null ? tick : tick + (1 - 2 * bearish) * maxTilt * halfWidth;
}

/** Width on the grid nearest to twice the half-width and inside the policy's limits; null if the grid has none. */
function alignedWidth(halfWidth: number, spacing: number, policy: Policy): number | null {
  const least = Math.max(Math.ceil((2 * policy.minHalfWidth) / spacing), 1);
  const greatest = Math.floor((2 * policy.maxHalfWidth) / spacing);
  if (least > greatest) return null;
  return Math.min(Math.max(Math.round((2 * halfWidth) / spacing), least), greatest) * spacing;
}

/** Null outside of what Uniswap has prices for. */
function inBounds(tickLower: number, width: number): TickRange | null {
  const range = { tickLower, tickUpper: tickLower + width };
  return range.tickLower < -MAX_TICK || range.tickUpper > MAX_TICK ? null : range;
}

/** The range on the grid nearest to centre and half-width; null if the policy and the grid allow none. */
export function centredRange(centre: number, halfWidth: number, spacing: number, policy: Policy): TickRange | null {
  const width = alignedWidth(halfWidth, spacing, policy);
  if (width === null) return null;
  return inBounds(Math.round((centre - width / 2) / spacing) * spacing, width);
}

/**
 * A range of the same width wholly on one side of the price, at least `gap` ticks away, so that it takes one token only: above it is filled
 * with base, below with quote.
 */
export function sideRange(
  side: "above" | "below",
  tick: number,
  gap: number,
  halfWidth: number,
  spacing: number,
  policy: Policy,
): TickRange | null {
  const width = alignedWidth(halfWidth, spacing, policy);
  if (width === null) return null;
  return side === "above"
    ? inBounds(Math.ceil((tick + gap) / spacing) * spacing, width)
    : inBounds(Math.floor((tick - gap) / spacing) * spacing - width, width);
}

/** An existing range on another grid: the nearest width inside the policy's limits, then the nearest place. */
export function alignedCopy(range: TickRange, spacing: number, policy: Policy): TickRange | null {
  const halfWidth = (range.tickUpper - range.tickLower) / 2;
  return centredRange(range.tickLower + halfWidth, halfWidth, spacing, policy);
}
