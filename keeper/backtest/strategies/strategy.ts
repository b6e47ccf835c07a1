/**
 * A strategy acts at marks: once at the start, then after every bar. It sees its book, whose price and time are those of the mark, and
 * nothing that comes later; all that it does happens at that price. It is made anew for every run, so it may remember things.
 */
import type { StrategyBook } from "../engine/strategyBook.ts";

export interface Strategy {
  /** Part of the value that it is given in base at the start; the rest in quote. It opens for nothing but gas. */
  readonly baseShare: number;
  open(book: StrategyBook): void;
  act(book: StrategyBook): void;
}
