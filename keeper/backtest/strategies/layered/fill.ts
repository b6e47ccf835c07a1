/**
 * Carries a decision out on a book, step by step as the chain does: burns, moves, swaps, moves, mints. What a swap costs is the back-test's model;
 * the decision expected the pool's fee and impact, and its margins are there for such differences. What does not fit throws, and the caller
 * takes everything back.
 */
import { priceOfTick } from "../../../strategy/ticks.ts";
import type { Decision, SleeveMove } from "../../../strategy/types.ts";
import { BookError } from "../../engine/book.ts";
import type { StrategyBook } from "../../engine/strategyBook.ts";
import { LIMITS, OPENING_HEALTH, SLEEVE_CAPS } from "./limits.ts";
import { poolOf } from "./pool.ts";
import type { Bounds } from "./state.ts";

/** Places of the sleeves (limits.ts). */
const CONVERSION = 0;
const RESERVE = 2;

/**
 * @returns the bounds of the ranges that are open afterwards, in the book's order
 * @throws BookError
 */
export function fill(book: StrategyBook, decision: Decision, before: readonly Bounds[]): readonly Bounds[] {
  const bounds = [...before];
  // From the last one on, so that those in front keep their places.
  for (const { index, fraction } of [...decision.burns].sort((a, b) => b.index - a.index)) {
    book.burn(index, fraction);
    if (fraction === 1) bounds.splice(index, 1);
  }
  moveAll(book, decision, false);
  for (const swap of decision.swaps) {
    if (swap.sell === "base") book.sellBase(swap.amount);
    else book.sellQuote(swap.amount);
  }
  moveAll(book, decision, true);
  const pool = poolOf(book);
  for (const { tickLower, tickUpper, maxBase, maxQuote } of decision.mints) {
    const [lower, upper] = [priceOfTick(tickLower, pool), priceOfTick(tickUpper, pool)];
    requireWidth((tickUpper - tickLower) / 2);
    const count = book.ranges.count;
    const liquidity = book.mint(lower, upper, { base: maxBase, quote: maxQuote });
    if (liquidity === 0) throw new BookError("A range would be minted out of nothing.");
    if (book.ranges.count > count) bounds.push({ tickLower, tickUpper });
  }
  if (book.ranges.count > LIMITS.maxPositions)
    throw new BookError(`The vault would have more than ${LIMITS.maxPositions} ranges.`);
  requireCaps(book, decision);
  return bounds;
}

/** @param half ticks */
function requireWidth(half: number): void {
  const { minHalfWidth, maxHalfWidth } = LIMITS;
  if (half < minHalfWidth || half > maxHalfWidth)
    throw new BookError(`A range's half-width of ${half} ticks is not from ${minHalfWidth} to ${maxHalfWidth}.`);
}

/** As on chain: of a sleeve that the plan put quote into; one above its cap may be emptied. */
function requireCaps(book: StrategyBook, { sleeveMoves }: Decision): void {
  for (const [place, owned, cap, name] of [
    [CONVERSION, book.debt.owned, SLEEVE_CAPS.conversion, "conversion"],
    [RESERVE, book.reserve, SLEEVE_CAPS.reserve, "reserve"],
  ] as const) {
    const opened = sleeveMoves.some(({ sleeve, take, token }) => sleeve === place && !take && token === "quote");
    if (opened && owned > cap * book.nav * (1 + 1e-9))
      throw new BookError(`The ${name} would own more than ${cap} of NAV.`);
  }
}

function moveAll(book: StrategyBook, { sleeveMoves }: Decision, afterSwaps: boolean): void {
  for (const move of sleeveMoves) {
    if (move.afterSwaps !== afterSwaps) continue;
    if (move.sleeve === RESERVE) moveReserve(book, move);
    else if (move.sleeve === CONVERSION) moveConversion(book, move);
    else throw new BookError(`There is no sleeve in place ${move.sleeve}.`);
  }
}

function moveReserve(book: StrategyBook, { take, all, amount }: SleeveMove): void {
  if (!take) book.toReserve(Math.min(amount, book.idle.quote));
  else book.toReserve(-(all === true ? book.reserve : Math.min(amount, book.reserve)));
}

function moveConversion(book: StrategyBook, { token, take, all, amount }: SleeveMove): void {
  const { owned, owed } = book.debt;
  if (token === "quote") {
    if (!take) book.secure(Math.min(amount, book.idle.quote));
    // All that is owned comes out with the whole debt paid from idle base.
    else if (all === true) book.repay(owed, owned);
    else book.secure(-Math.min(amount, owned));
  } else if (take) book.borrow(amount, 0);
  else book.repay(Math.min(all === true ? owed : amount, owed, book.idle.base), 0);
  if (take) requireOpening(book);
}

/** The sleeve's own limit after taking out or borrowing. */
function requireOpening({ debt, price, costs }: StrategyBook): void {
  if (debt.owed > 0 && (costs.liquidationLtv * debt.owned) / (debt.owed * price) < OPENING_HEALTH * (1 - 1e-9))
    throw new BookError(`The debt's health would be under ${OPENING_HEALTH}.`);
}
