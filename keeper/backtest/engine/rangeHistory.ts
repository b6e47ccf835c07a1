/**
 * Which ranges a run had open, and when: what a picture of it needs. It reads the book's ranges at each mark instead of being told by
 * each action, so that no action can forget to tell.
 */
import type { Book } from "./book.ts";
import { MAX_RANGES } from "./ranges.ts";
import type { Observer } from "./run.ts";

/** A range that stood from one mark to another. What is closed and opened with the same bounds at one mark stands on. */
export interface RangeSpan {
  /** Pa and Pb, quote units per base unit; 0 and Infinity for a full range. */
  readonly lower: number;
  readonly upper: number;
  /** Marks of the tape. */
  readonly from: number;
  readonly to: number;
}

export class RangeHistory implements Observer {
  /** The book as it was seen last; null before it was shown one. */
  book: Book | null = null;
  readonly #closed: RangeSpan[] = [];
  // Roots of the bounds of what is open, and since when.
  readonly #lower = new Float64Array(MAX_RANGES);
  readonly #upper = new Float64Array(MAX_RANGES);
  readonly #since = new Int32Array(MAX_RANGES);
  #count = 0;

  see(book: Book): void {
    this.book = book;
    const { ranges, mark } = book;
    let same = ranges.count === this.#count;
    for (let i = 0; same && i < ranges.count; i++)
      same = ranges.lower[i] === this.#lower[i] && ranges.upper[i] === this.#upper[i];
    if (!same) this.#change(book, mark);
  }

  /** In the order in which they were closed; those that are open still end at the last mark. */
  get spans(): readonly RangeSpan[] {
    const end = this.book?.mark ?? 0;
    return [...this.#closed, ...Array.from({ length: this.#count }, (_, i) => this.#span(i, end))];
  }

  #change({ ranges }: Book, mark: number): void {
    const since = new Int32Array(MAX_RANGES).fill(mark);
    for (let old = 0; old < this.#count; old++) {
      let place = 0;
      while (
        place < ranges.count &&
        (ranges.lower[place] !== this.#lower[old] || ranges.upper[place] !== this.#upper[old])
      )
        place++;
      if (place < ranges.count) since[place] = Math.min(since[place] as number, this.#since[old] as number);
      else this.#closed.push(this.#span(old, mark));
    }
    this.#lower.set(ranges.lower);
    this.#upper.set(ranges.upper);
    this.#since.set(since);
    this.#count = ranges.count;
  }

  #span(i: number, to: number): RangeSpan {
    return {
      lower: (this.#lower[i] as number) ** 2,
      upper: (this.#upper[i] as number) ** 2,
      from: this.#since[i] as number,
      to,
    };
  }
}
