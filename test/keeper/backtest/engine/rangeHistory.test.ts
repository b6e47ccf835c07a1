import { expect } from "chai";

import { RangeHistory } from "../../../../keeper/backtest/engine/rangeHistory.ts";
import { runStrategy } from "../../../../keeper/backtest/engine/run.ts";
import { createBaseline, BASELINE_NAMES } from "../../../../keeper/backtest/strategies/catalogue.ts";
import { gbm, worldOf } from "../worlds.ts";

const world = worldOf(gbm(24 * 60, 1.2, 7));
const none = Int32Array.of();

describe("backtest: range history", () => {
  it("changes nothing of a run", () => {
    for (const name of BASELINE_NAMES) {
      const watched = runStrategy(world, createBaseline(name), 24, none, new RangeHistory());
      expect(watched.nav).to.deep.equal(runStrategy(world, createBaseline(name), 24, none).nav);
    }
  });

  it("has exactly the ranges that the book had, at every mark", () => {
    for (const name of ["recentre-20", "charm-20", "full-range", "hold"] as const) {
      const history = new RangeHistory();
      const at: string[][] = [];
      runStrategy(world, createBaseline(name), 24, none, {
        see(book) {
          history.see(book);
          const { count, lower, upper } = book.ranges;
          at[book.mark] = Array.from({ length: count }, (_, i) => `${lower[i]! ** 2} ${upper[i]! ** 2}`).toSorted();
        },
      });
      const end = world.tape.bars;
      for (let mark = 24; mark <= end; mark++) {
        const open = history.spans
          .filter(({ from, to }) => from <= mark && (mark < to || to === end))
          .map(({ lower, upper }) => `${lower} ${upper}`)
          .toSorted();
        expect(open, `${name} at ${mark}`).to.deep.equal(at[mark]);
      }
    }
  });

  it("lets a range that is closed and opened again at one mark stand on", () => {
    const history = new RangeHistory();
    const reopen = {
      baseShare: 0.5,
      open: (book: Parameters<RangeHistory["see"]>[0]) => void book.mint(1000, 4000),
      act: (book: Parameters<RangeHistory["see"]>[0]) => {
        book.burnAll();
        book.mint(1000, 4000);
      },
    };
    runStrategy(world, reopen, 0, none, history);
    expect(history.spans.length).to.equal(1);
    expect(history.spans[0]).to.include({ from: 0, to: world.tape.bars });
  });
});
