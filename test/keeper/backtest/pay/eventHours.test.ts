import { expect } from "chai";

import { runExact } from "../../../../keeper/backtest/exact/exactRun.ts";
import { attributionAt, TERMS } from "../../../../keeper/backtest/engine/terms.ts";
import { DEFAULT_COSTS } from "../../../../keeper/backtest/model/costs.ts";
import { eventHours } from "../../../../keeper/backtest/pay/eventHours.ts";
import { recentre } from "../../../../keeper/backtest/strategies/recentre.ts";
import { charm } from "../../../../keeper/backtest/strategies/charm.ts";
import { fullRange, staticRange } from "../../../../keeper/backtest/strategies/passive.ts";
import { expectClose } from "../../../support/close.ts";
import { START } from "../../signals/helpers.ts";
import { streamOf, WAYS } from "../exact/streams.ts";
import { runIn, worldOfHours } from "./worlds.ts";

const HOURS = 96;
const window = { from: START, bars: HOURS };
const costs = { ...DEFAULT_COSTS, gas: 0 };

describe("backtest/pay: fees from events", function () {
  this.timeout(60_000);

  for (const orientation of WAYS) {
    const way = orientation.quoteIsToken0 ? "token0 is the quote" : "token1 is the quote";
    const source = streamOf({ hours: HOURS, seed: 7, orientation, move: 0.01 });

    it(`pay what the exact engine's own positions earn; ${way}`, () => {
      const world = worldOfHours(eventHours(source, window));
      for (const make of [fullRange, () => staticRange(0.015), () => recentre(0.05), () => charm(0.1)]) {
        const exact = runExact(make(), { source, window, mode: "prices", costs, reserve: null });
        const fast = runIn(world, make());
        const terms = attributionAt(exact.record.terms, exact.record.terms.length - TERMS);
        expect(terms.fees).to.be.greaterThan(100);
        expect(fast.record.rebalances).to.equal(exact.record.rebalances);
        expectClose(fast.terms.fees / terms.fees, 1, 1e-6, "fees, events over exact");
        expectClose((fast.record.nav.at(-1) ?? 0) / (exact.record.nav.at(-1) ?? 1), 1, 1e-6, "NAV, events over exact");
      }
    });

    it(`have the prices of the exact run at every mark, and bars around them; ${way}`, () => {
      const { bars } = eventHours(source, window);
      const { world } = runExact(staticRange(0.2), { source, window, mode: "prices", costs, reserve: null });
      expect([bars[0]?.open, ...bars.map(({ close }) => close)]).to.deep.equal([...world.tape.price]);
      for (const { open, high, low, close, volume } of bars) {
        expect(high).to.be.at.least(Math.max(open, close));
        expect(low).to.be.at.most(Math.min(open, close));
        expect(volume).to.be.greaterThan(0);
      }
      expect(bars.some(({ open, high, close }) => high > Math.max(open, close))).to.equal(true);
    });
  }
});
