/** One strategy from one start to the end of the window, and the record that all statistics are computed from. */
import type { Strategy } from "../strategies/strategy.ts";
import { advance } from "./advance.ts";
import { Book } from "./book.ts";
import { ACTIVE_BARS, INDEX, LIQUIDATIONS, RANGE_BARS, SWAPPED } from "./slots.ts";
import { TERMS } from "./terms.ts";
import type { StrategyBook } from "./strategyBook.ts";
import type { World } from "./world.ts";

export interface RunRecord {
  /** Mark of the world's tape at which it began. */
  readonly start: number;
  /** Net asset value at each mark from the start on, after what the strategy did there; the first is before it did anything. */
  readonly nav: Float64Array;
  /** Cumulative terms (terms.ts) at each mark of `knots`, row by row; the first row is zero. */
  readonly terms: Float64Array;
  /** Marks at which terms were kept: the start, chosen ones after it, the end. */
  readonly knots: Int32Array;
  readonly swapped: number;
  /** Bars. */
  readonly rangeBars: number;
  readonly activeBars: number;
  /** See slots.ts. */
  readonly index: number;
  readonly rebalances: number;
  readonly liquidations: number;
  /** Part of the value that was base at the start. */
  readonly baseShare: number;
}

/** Looks at a book after every time its strategy may have acted, and changes nothing. */
export interface Observer {
  see(book: Book): void;
}

/**
 * @param start mark, before the last
 * @param knots marks at which terms are wanted, ascending; those up to the start or from the end on are passed over
 * @param observer shown the book at every mark from the start on
 */
export function runStrategy(
  world: World,
  strategy: Strategy,
  start: number,
  knots: Int32Array,
  observer?: Observer,
): RunRecord {
  const book = new Book(world, start, strategy.baseShare);
  const step = (): void => {
    advance(book);
  };
  return recordRun(
    book,
    strategy,
    knots,
    step,
    observer === undefined
      ? undefined
      : () => {
          observer.see(book);
        },
  );
}

/** What a record is made of; both engines' books have it. */
type RecordedBook = StrategyBook &
  Pick<Book, "world" | "mark" | "held" | "terms" | "rebalances"> & { writeNav(into: Float64Array, at: number): void };

/**
 * Lets a strategy act from the book's mark to the last one.
 * @param book on which nothing has been done
 * @param knots as of {@link runStrategy}
 * @param step leads the book to its next mark
 * @param seen called at every mark after the strategy may have acted
 */
export function recordRun(
  book: RecordedBook,
  strategy: Strategy,
  knots: Int32Array,
  step: () => void,
  seen?: () => void,
): RunRecord {
  const { mark: start } = book;
  const end = book.world.tape.bars;
  const kept = Int32Array.from([start, ...knots.filter((mark) => mark > start && mark < end), end]);
  const nav = new Float64Array(end - start + 1);
  const terms = new Float64Array(kept.length * TERMS);
  book.writeNav(nav, 0);
  strategy.open(book);
  seen?.();
  let row = 1;
  let next = kept[row] as number;
  for (let mark = start + 1; mark <= end; mark++) {
    step();
    strategy.act(book);
    seen?.();
    book.writeNav(nav, mark - start);
    if (mark === next) {
      terms.set(book.terms, row * TERMS);
      row++;
      next = row < kept.length ? (kept[row] as number) : -1;
    }
  }
  const slot = (place: number): number => book.held[place] as number;
  return {
    start,
    nav,
    terms,
    knots: kept,
    swapped: slot(SWAPPED),
    rangeBars: slot(RANGE_BARS),
    activeBars: slot(ACTIVE_BARS),
    index: slot(INDEX),
    rebalances: book.rebalances,
    liquidations: slot(LIQUIDATIONS),
    baseShare: strategy.baseShare,
  };
}
