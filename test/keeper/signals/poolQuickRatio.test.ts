import { expect } from "chai";

import { poolQuickRatioSignal } from "../../../keeper/signals/poolQuickRatio.ts";
import { wholeLiquidity } from "../../../keeper/strategy/ticks.ts";
import type { Sample, VaultState } from "../../../keeper/strategy/types.ts";
import { expectClose } from "../../support/close.ts";
import { makeState, sampleOf } from "../strategy/world.ts";

const HOUR = 3600;
const DAY = 24 * HOUR;
const NOW = 1_600_000_000;
const PRICE = 2000;

/** One tier; `flows` are net base sold into the pool in each quarter of a day before now, in quote, the latest last. */
function pastOf(flows: readonly number[]): { state: VaultState; samples: Sample[] } {
  const only = makeState({ price: PRICE, idleBase: 0, idleQuote: 0, time: NOW });
  const tier = only.tiers.find(({ fee }) => fee === 3000)!;
  const perQuote = 0.003 / tier.liquidity;
  let [base, quote] = [0, 0];
  const looks = [0, ...flows].map((flow, i): VaultState => {
    if (flow > 0) base += (flow / PRICE) * perQuote;
    else quote += -flow * perQuote;
    const tiers = [{ ...tier, feeGrowthBase: base, feeGrowthQuote: quote }];
    return { ...only, tiers, time: NOW - (flows.length - i) * 6 * HOUR };
  });
  return { state: looks.at(-1)!, samples: looks.slice(0, -1).map(sampleOf) };
}

describe("pool quick ratio", () => {
  const depth = ((): number => {
    const { state } = pastOf([]);
    return wholeLiquidity(state.tiers[0]!.liquidity, state) * Math.sqrt(PRICE) * (1 - Math.sqrt(0.95));
  })();

  it("is the quote within the band over what a bad day drains", () => {
    // A million a day goes out, every day.
    const { state, samples } = pastOf(Array.from({ length: 40 }, () => 250_000));
    const { value, fresh } = poolQuickRatioSignal(state, samples);
    expectClose(value, depth / 1e6, 1e-6 * (depth / 1e6));
    expect(fresh).to.equal(true);
  });

  it("takes the bad days, not the mean: one drained day in ten counts, one in a hundred does not", () => {
    const drained = (days: number): number | null => {
      const flows = Array.from({ length: 116 }, (_, i) => (i < 4 * days ? 500_000 : 50_000));
      const { state, samples } = pastOf(flows);
      return poolQuickRatioSignal(state, samples).value;
    };
    expectClose(drained(3), depth / 2e6, 1e-6 * depth);
    expectClose(drained(0), depth / 2e5, 1e-6 * depth);
    expect(drained(1)!).to.be.greaterThan(depth / 2e6);
  });

  it("says nothing while quote comes in, and is not fresh before a week has been seen", () => {
    const bought = pastOf(Array.from({ length: 40 }, () => -100_000));
    expect(poolQuickRatioSignal(bought.state, bought.samples).value).to.equal(null);
    const short = pastOf(Array.from({ length: 20 }, () => 250_000));
    expect((20 * 6 * HOUR) / DAY).to.be.lessThan(7);
    expect(poolQuickRatioSignal(short.state, short.samples).fresh).to.equal(false);
    const silent = { ...short.state, price: null };
    expect(poolQuickRatioSignal(silent, short.samples).value).to.equal(null);
  });
});
