import { expect } from "chai";

import { SleeveBook, type SleeveSample } from "../../scripts/local/sleeveBook.ts";
import { expectClose } from "../support/close.ts";

const PAIR = { quoteIsToken0: false, baseDecimals: 18, quoteDecimals: 6 };
const CONVERSION = "0x00000000000000000000000000000000000000C0";
const RESERVE = "0x00000000000000000000000000000000000000E5";
const ALL = 10n ** 30n;

const base = (units: number): bigint => BigInt(Math.round(units * 1e6)) * 10n ** 12n;
const quote = (units: number): bigint => BigInt(Math.round(units * 1e6));

/** Owns quote and owes base, or only owns quote. */
const sample = (index: number, owned: number, owed = 0, units = ALL): SleeveSample => ({
  index,
  sleeve: index === 0 ? CONVERSION : RESERVE,
  units,
  nets: { low0: -base(owed), low1: quote(owned) },
});

describe("the book of sleeves", () => {
  it("tells moves from profit: what is moved in is a flow, the price's move on a debt is not", () => {
    const book = new SleeveBook(PAIR, [sample(0, 0, 0, 0n), sample(2, 0, 0, 0n)], 2_000);
    // 4,000 of collateral and a debt of one base, which was sold elsewhere.
    book.step([sample(0, 4_000, 1), sample(2, 500)], 2_000, [
      { sleeve: CONVERSION, moved0: -base(1), moved1: quote(4_000), units: ALL },
      { sleeve: RESERVE, moved0: 0n, moved1: quote(500), units: ALL },
    ]);
    const [opened, kept] = book.lines;
    expect(opened).to.deep.include({ place: "conversion", value: 2_000, flows: 2_000, pnl: 0, moves: 1 });
    expect(kept).to.deep.include({ place: "reserve", value: 500, flows: 500, pnl: 0, moves: 1 });

    // The base falls to 1,500: the debt is worth 500 less. Interest of a hundredth base, two units from the reserve.
    book.step([sample(0, 4_000, 1.01), sample(2, 502)], 1_500);
    expectClose(book.lines[0]!.pnl, 500 - 15, 1e-9);
    expectClose(book.lines[1]!.pnl, 2, 1e-9);

    // Half of the debt is repaid at 1,500 with a loss to nobody.
    book.step([sample(0, 4_000, 0.505), sample(2, 502)], 1_500, [
      { sleeve: CONVERSION, moved0: base(0.505), moved1: 0n, units: 0n },
    ]);
    expectClose(book.lines[0]!.pnl, 485, 1e-9);
    expectClose(book.lines[0]!.flows, 2_000 + 757.5, 1e-9);
    for (const { value, flows, pnl } of book.lines) expectClose(value, flows + pnl, 1e-9);
    expectClose(book.value, 4_000 - 757.5 + 502, 1e-9);
  });

  it("takes a liquidation for a loss, and an LP's part for a flow, in kind or in units", () => {
    const book = new SleeveBook(PAIR, [sample(0, 4_000, 1), sample(2, 500)], 3_000);
    // The debt is repaid by somebody who takes 3,132 of the collateral.
    book.step([sample(0, 868, 0), sample(2, 500)], 3_000);
    expectClose(book.lines[0]!.pnl, -132, 1e-9);
    // A quarter of the units goes, and with it a quarter of everything.
    const less = (ALL * 3n) / 4n;
    book.step([sample(0, 651, 0, less), sample(2, 375, 0, less)], 3_000);
    expectClose(book.lines[0]!.pnl, -132, 1e-9);
    expectClose(book.lines[0]!.flows, -217, 1e-9);
    expectClose(book.lines[1]!.pnl, 0, 1e-9);
  });

  it("takes what a closing brings for a flow, with moves of the same plan before it", () => {
    const book = new SleeveBook(PAIR, [sample(0, 4_000, 1)], 2_000);
    // Some collateral comes out by a move, then the rest goes with its debt and its units.
    book.step([sample(0, 0, 0, 0n)], 2_000, [{ sleeve: CONVERSION, moved0: 0n, moved1: -quote(500), units: 0n }]);
    expectClose(book.lines[0]!.flows, -2_000, 1e-9);
    expectClose(book.lines[0]!.pnl, 0, 1e-9);
  });

  it("closes the line of a sleeve that another one follows", () => {
    const book = new SleeveBook(PAIR, [sample(0, 100)], 2_000);
    book.step([sample(0, 0, 0, 0n)], 2_000, [{ sleeve: CONVERSION, moved0: 0n, moved1: -quote(101), units: -ALL }]);
    expectClose(book.lines[0]!.pnl, 1, 1e-9);
    book.step([sample(2, 40)], 2_000, [{ sleeve: RESERVE, moved0: 0n, moved1: quote(40), units: ALL }]);
    expect(book.lines.map(({ place, value, pnl }) => [place, value, Number(pnl.toFixed(9))])).to.deep.equal([
      ["conversion", 0, 1],
      ["reserve", 40, 0],
    ]);
  });
});
