/**
 * The twin of `layered` that provides no liquidity: at every midnight it holds as much base as the vault had net delta, and keeps the rest in the
 * reserve (T-bills). It swaps at the model's costs when it is off by a hundredth of its value. What it earns is what the vault's exposure would
 * have earned without fees, without LVR and without debt; what `layered` makes beyond it is what providing liquidity was worth.
 */
import { DAY, HOUR } from "../../signals/signal.ts";
import type { StrategyBook } from "../engine/strategyBook.ts";
import type { Strategy } from "./strategy.ts";

/** Part of its value. */
const BAND = 0.01;

/** @param deltas base units at each mark from the start on */
export function noLp(deltas: Float64Array): Strategy {
  let since = 0;
  const follow = (book: StrategyBook): void => {
    const { price, nav } = book;
    // A vault that is short for a moment is followed to nothing: the twin does not borrow.
    const wanted = Math.min(Math.max(deltas[(book.time - since) / HOUR] as number, 0), nav / price);
    const off = wanted - book.idle.base;
    if (Math.abs(off) * price < BAND * nav) return;
    book.toReserve(-book.reserve);
    if (off < 0) book.sellBase(-off);
    else book.sellQuote(Math.min(off * price, book.idle.quote));
    book.payGas();
    book.toReserve(book.idle.quote);
  };
  return {
    baseShare: 0.5,
    open(book) {
      since = book.time;
      follow(book);
      book.toReserve(book.idle.quote);
    },
    act(book) {
      if (book.time % DAY === 0) follow(book);
    },
  };
}
