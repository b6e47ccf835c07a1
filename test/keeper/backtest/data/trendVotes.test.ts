import { expect } from "chai";

import { tapeOf, timeOf } from "../../../../keeper/backtest/data/tape.ts";
import { trendVotes } from "../../../../keeper/backtest/data/trendVotes.ts";
import { trendSignals } from "../../../../keeper/signals/trendEnsemble.ts";
import { gbm, pathOf } from "../worlds.ts";

describe("backtest: trend votes", () => {
  const all = gbm(24 * 260 + 7, 0.9, 71);
  // Begins at an hour that is no midnight.
  const path = pathOf(all.slice(24 * 100 + 5), all.slice(0, 24 * 100 + 5));
  const tape = tapeOf(path);
  const votes = trendVotes(tape, path);

  it("are the keeper's signal at every mark, unknown while it is", () => {
    let known = 0;
    for (let mark = 0; mark <= tape.bars; mark += 11) {
      const signal = trendSignals(all, timeOf(tape, mark)).find(({ name }) => name === "trendEnsemble")!;
      expect(Number.isNaN(votes[mark]) ? null : votes[mark], `mark ${mark}`).to.equal(signal.value);
      if (signal.value !== null) known++;
    }
    expect(known).to.be.greaterThan(100);
    expect(votes[0]).to.be.NaN;
  });

  it("know nothing of the future", () => {
    const cut = 24 * 90;
    const other = gbm(all.length, 2, 72);
    const changed = pathOf([...path.bars.slice(0, cut), ...other.slice(-(path.bars.length - cut))], path.history);
    expect(trendVotes(tapeOf(changed), changed).slice(0, cut + 1)).to.deep.equal(votes.slice(0, cut + 1));
  });
});
