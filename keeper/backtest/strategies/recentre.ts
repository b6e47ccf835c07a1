/** +-h round the price; whenever a bar closes outside, everything is burnt, swapped to equal values and opened round the new price. */
import type { StrategyBook } from "../engine/strategyBook.ts";
import type { Strategy } from "./strategy.ts";
import { around } from "./width.ts";

export function recentre(halfWidth: number): Strategy {
  const open = (book: StrategyBook): void => {
    book.payGas();
    equalise(book);
    const { lower, upper } = around(book.price, halfWidth);
    book.mint(lower, upper);
  };
  return {
    baseShare: 0.5,
    open,
    act(book) {
      if (book.inRange) return;
      book.burnAll();
      open(book);
    },
  };
}

/** Swaps idle tokens so that both are worth the same afterwards, the swap's cost included. */
function equalise(book: StrategyBook): void {
  const { base, quote } = book.idle;
  const [worth, kept] = [base * book.price, 1 - book.costs.swap];
  // Selling x of the larger side leaves large - x and small + kept x.
  if (worth > quote) book.sellBase((worth - quote) / (1 + kept) / book.price);
  else if (quote > worth) book.sellQuote((quote - worth) / (1 + kept));
}
