/**
 * Carries a decision out on a book, step by step as the chain does: burns, moves, swaps, moves, mints. What a swap costs is the back-test's model;
 * the decision expected the pool's fee and impact, and its margins are there for such differences. What does not fit throws, and the caller
 * takes everything back.
 */
import { priceOfTick } from "../../../strategy/ticks.ts";
import type { Decision, SleeveMove } from "../../../strategy/types.ts";
import { BookError } from "../../engine/book.ts";
import type { StrategyBook } from "../../engine/strategyBook.ts";
import { OPENING_HEALTH } from "./limits.ts";
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
    const count = book.ranges.count;
    const liquidity = book.mint(lower, upper, { base: maxBase, quote: maxQuote });
    if (liquidity === 0) throw new BookError("A range would be minted out of nothing.");
    if (book.ranges.count > count) bounds.push({ tickLower, tickUpper });
  }
  return bounds;
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
