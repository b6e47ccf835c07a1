/**
 * One bar: the price moves from mark to mark, the ranges are rebalanced by arbitrage, fees come in, interest is added, and a debt that the
 * venue would have liquidated is liquidated. This is the inner loop: it allocates nothing and takes no logarithm, power or exponential.
 *
 * LVR is measured, not modelled: what the positions' change of composition gave away at the price after,
 *   LVR = -(dBase * P1 + dQuote),
 * never below zero because V is concave. Three reasons for it, and against L s^2 sqrt(P)/4 with an estimate of s: with market = base before * dP
 * it makes the identity exact on every path; it needs no estimate; and if prices are a martingale, its expectation is that of the closed form whatever
 * the length of the bar, since both are then E[V0 - V1]. Inside one bar the split between market and LVR is as coarse as the bar.
 */
import type { Book } from "./book.ts";
import { payLeft } from "./dilution.ts";
import { baseFeesInside, quoteFeesInside } from "./feeProfile.ts";
import { baseAt, insideRoot, partInside, quoteAt } from "./ranges.ts";
import {
  ACTIVE_BARS,
  FEES_BASE,
  FEES_QUOTE,
  IDLE_BASE,
  IDLE_QUOTE,
  INDEX,
  LIQUIDATIONS,
  OWED,
  OWNED,
  RANGE_BARS,
  RESERVE,
} from "./slots.ts";
import { CARRY, FEES, HEDGE, LVR, MARKET } from "./terms.ts";
import type { World } from "./world.ts";

// Indices below stay inside their arrays: bars and marks by the caller's loop, places by `count`, slots and terms by constants.

/** Leads a book from its mark to the next one, which must exist. */
export function advance(book: Book): void {
  const { held, ranges, terms, world } = book;
  const { tape, profile } = world;
  const bar = book.mark;
  const price0 = tape.price[bar] as number;
  const price1 = tape.price[bar + 1] as number;
  const root0 = tape.root[bar] as number;
  const root1 = tape.root[bar + 1] as number;
  const move = price1 - price0;
  const flow = world.feePerLiquidity[bar] as number;

  const idleBase = held[IDLE_BASE] as number;
  let base0 = idleBase;
  let core0 = idleBase * price0 + (held[IDLE_QUOTE] as number);
  let core1 = idleBase * price1 + (held[IDLE_QUOTE] as number);
  let lvr = 0;
  /** Fees of the bar, whole units. */
  let inBase = 0;
  let inQuote = 0;
  let active = 0;
  for (let i = 0; i < ranges.count; i++) {
    const liquidity = ranges.liquidity[i] as number;
    const lower = ranges.lower[i] as number;
    const upper = ranges.upper[i] as number;
    const baseBefore = ranges.base[i] as number;
    const quoteBefore = ranges.quote[i] as number;
    const inside = insideRoot(root1, lower, upper);
    const baseAfter = baseAt(liquidity, inside, upper);
    const quoteAfter = quoteAt(liquidity, inside, lower);
    const part = partInside(root0, root1, lower, upper);
    lvr -= (baseAfter - baseBefore) * price1 + (quoteAfter - quoteBefore);
    // Traders pay in what they sell; where only the sum is known, inside an hour they sell about as much of both.
    let paidBase = 0;
    let paidQuote = 0;
    if (profile === undefined) {
      paidQuote = (liquidity * flow * part) / 2;
      paidBase = paidQuote / price1;
    } else {
      const earning = liquidity * payLeft(profile, bar, ranges, i);
      paidBase = (earning * baseFeesInside(profile, bar, lower, upper)) / price1;
      paidQuote = earning * quoteFeesInside(profile, bar, lower, upper);
    }
    inBase += paidBase;
    inQuote += paidQuote;
    ranges.feesBase[i] = (ranges.feesBase[i] as number) + paidBase;
    ranges.feesQuote[i] = (ranges.feesQuote[i] as number) + paidQuote;
    if (part > active) active = part;
    base0 += baseBefore;
    core0 += baseBefore * price0 + quoteBefore;
    core1 += baseAfter * price1 + quoteAfter;
    ranges.base[i] = baseAfter;
    ranges.quote[i] = quoteAfter;
  }
  if (ranges.count > 0) {
    held[RANGE_BARS] = (held[RANGE_BARS] as number) + 1;
    held[ACTIVE_BARS] = (held[ACTIVE_BARS] as number) + active;
    terms[LVR] = (terms[LVR] as number) + lvr;
    terms[FEES] = (terms[FEES] as number) + inBase * price1 + inQuote;
  }
  // A hand that is empty before the bar cannot have gained or lost in it.
  if (core0 > 0) held[INDEX] = (held[INDEX] as number) * (core1 / core0);

  const feesBase = held[FEES_BASE] as number;
  terms[MARKET] = (terms[MARKET] as number) + (base0 + feesBase) * move;
  held[FEES_BASE] = feesBase + inBase;
  held[FEES_QUOTE] = (held[FEES_QUOTE] as number) + inQuote;
  accrue(book, bar);
  book.mark = bar + 1;
}

/**
 * Interest of a bar on the reserve and on a debt, and the debt's liquidation at the price after it. What a liquidation leaves lies idle.
 * @param book of either engine
 */
export function accrue({ held, terms, world }: Pick<Book, "held" | "terms" | "world">, bar: number): void {
  const { growth, tape } = world;
  let carry = 0;
  const reserve = held[RESERVE] as number;
  if (reserve > 0) {
    const after = reserve * (growth.reserve[bar] as number);
    held[RESERVE] = after;
    carry += after - reserve;
  }
  const owed = held[OWED] as number;
  const owned = held[OWNED] as number;
  if (owed > 0 || owned > 0) {
    const price1 = tape.price[bar + 1] as number;
    const owedAfter = owed * (growth.borrow[bar] as number);
    const ownedAfter = owned * (growth.collateral[bar] as number);
    held[OWED] = owedAfter;
    held[OWNED] = ownedAfter;
    carry += ownedAfter - owned - (owedAfter - owed) * price1;
    terms[HEDGE] = (terms[HEDGE] as number) - owed * (price1 - (tape.price[bar] as number));
    if (owedAfter * price1 >= ownedAfter * world.costs.liquidationLtv) liquidate(held, terms, world, price1);
  }
  terms[CARRY] = (terms[CARRY] as number) + carry;
}

/**
 * The venue repays the whole debt out of the collateral and keeps its incentive, as Morpho Blue computes it:
 * min(1.15, 1 / (0.3 ltv + 0.7)). What is left lies idle; the loss is the hedge's. A debt beyond its collateral is the venue's loss.
 */
function liquidate(held: Float64Array, terms: Float64Array, world: World, price: number): void {
  const owned = held[OWNED] as number;
  const debt = (held[OWED] as number) * price;
  const seized = Math.min(owned, debt * Math.min(1.15, 1 / (0.3 * world.costs.liquidationLtv + 0.7)));
  held[IDLE_QUOTE] = (held[IDLE_QUOTE] as number) + owned - seized;
  held[OWNED] = 0;
  held[OWED] = 0;
  held[LIQUIDATIONS] = (held[LIQUIDATIONS] as number) + 1;
  terms[HEDGE] = (terms[HEDGE] as number) + debt - seized;
}
