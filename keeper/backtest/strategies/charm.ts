/**
 * Charm's alpha vault (passive rebalancing): a base order of +-h round the price with as much as both tokens give, and a one-sided order
 * next to the price with what is left of one of them, so that the price's return makes the swap that recentre pays for. Set anew every 48 h (or as said),
 * or when a bar closes outside the base order. The one-sided order is as wide as one half of the base order.
 */
import { HOUR } from "../../market/time.ts";
import type { StrategyBook } from "../engine/strategyBook.ts";
import type { Strategy } from "./strategy.ts";
import { around } from "./width.ts";

/** @param everyHours after which the orders are set anew although the price has not left them */
export function charm(halfWidth: number, everyHours = 48): Strategy {
  const every = everyHours * HOUR;
  let since = 0;
  let [lower, upper] = [0, 0];
  const open = (book: StrategyBook): void => {
    book.payGas();
    const { price } = book;
    ({ lower, upper } = around(price, halfWidth));
    since = book.time;
    book.mint(lower, upper);
    const { base, quote } = book.idle;
    if (base * price > quote) book.mint(price, upper);
    else book.mint(lower, price);
  };
  return {
    baseShare: 0.5,
    open,
    act(book) {
      const { price, time } = book;
      if (time - since < every && price >= lower && price < upper) return;
      book.burnAll();
      open(book);
    },
  };
}
