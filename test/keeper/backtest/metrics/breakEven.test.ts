import { expect } from "chai";

import { Book } from "../../../../keeper/backtest/engine/book.ts";
import { advance } from "../../../../keeper/backtest/engine/advance.ts";
import { bookBreakEven } from "../../../../keeper/backtest/metrics/breakEven.ts";
import { expectClose } from "../../../support/close.ts";
import { gbm, worldOf } from "../worlds.ts";

const world = worldOf(gbm(24 * 40, 0.8, 11));
const END = 24 * 39;

function rangeAt(mark: number, hedged = false): Book {
  const book = new Book(world, mark, 0.5);
  if (hedged) book.borrow(100, 400_000);
  book.mint(book.price / 1.2, book.price * 1.2);
  return book;
}

describe("backtest: break-even of a book", () => {
  it("is none without ranges", () => {
    expect(bookBreakEven(new Book(world, END, 0.5), 0.8)).to.equal(null);
  });

  it("expects the flow of the last day, for as long as the range is expected to work", () => {
    const book = rangeAt(END);
    const [week] = bookBreakEven(book, 1e-6)!;
    // Without volatility the range is at work all the time, and earns each hour what it earned in the mean hour of the day before.
    const before = rangeAt(END - 24);
    before.ranges.lower[0] = 0;
    before.ranges.upper[0] = Number.POSITIVE_INFINITY;
    before.ranges.liquidity[0] = book.ranges.liquidity[0]!;
    for (let i = 0; i < 24; i++) advance(before);
    const earned = before.pendingFees.base * before.price + before.pendingFees.quote;
    // The two differ by the price's way within the day, which was a few percent.
    expectClose(week!.fees / (7 * earned), 1, 0.05);
    const calm = bookBreakEven(book, 0.2)!;
    const wild = bookBreakEven(book, 1.5)!;
    for (const i of [0, 1, 2]) expect(wild[i]!.fees).to.be.lessThan(calm[i]!.fees);
  });

  it("a longer horizon earns more, so less of the price's fall is too much; a hedge makes rises too much", () => {
    const plain = bookBreakEven(rangeAt(END), 0.6)!;
    expect(plain.map(({ days }) => days)).to.deep.equal([7, 30, 90]);
    for (const { absolute } of plain) expect(absolute!.upper).to.equal(null);
    expect(plain[2]!.absolute!.lower).to.be.lessThan(plain[0]!.absolute!.lower);
    const hedged = bookBreakEven(rangeAt(END, true), 0.6)!;
    for (const { absolute } of hedged) expect(absolute!.upper).to.be.greaterThan(world.tape.price[END]!);
    for (const { versusTokens } of [...plain, ...hedged]) {
      expect(versusTokens!.lower).to.be.lessThan(world.tape.price[END]!);
      expect(versusTokens!.upper).to.be.greaterThan(world.tape.price[END]!);
      expect(versusTokens!.probability).to.be.within(0, 1);
    }
  });
});
