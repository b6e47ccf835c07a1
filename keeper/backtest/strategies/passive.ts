/** Ranges that are opened once. */
import { DAY } from "../../market/time.ts";
import type { StrategyBook } from "../engine/strategyBook.ts";
import type { Strategy } from "./strategy.ts";
import { around } from "./width.ts";

/**
 * +-h round the first price, left alone: fees pile up beside the range, as they do in Uniswap v3, and the range is not moved when the price leaves
 * it.
 */
export function staticRange(halfWidth: number): Strategy {
  return {
    baseShare: 0.5,
    open(book) {
      const { lower, upper } = around(book.price, halfWidth);
      book.payGas();
      book.mint(lower, upper);
    },
    act: () => undefined,
  };
}

/** Seconds. */
const COMPOUND_EVERY = 7 * DAY;

/** All prices at once, with fees put back every week, which is Uniswap v2 up to the week. */
export function fullRange(): Strategy {
  let last = 0;
  return {
    baseShare: 0.5,
    open(book) {
      book.payGas();
      book.mint(0, Number.POSITIVE_INFINITY);
      last = book.time;
    },
    act(book: StrategyBook) {
      if (book.time - last < COMPOUND_EVERY) return;
      last = book.time;
      book.collect();
      book.payGas();
      book.increase(0);
    },
  };
}
