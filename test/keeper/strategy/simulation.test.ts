import { expect } from "chai";

import { readPricePath } from "../../../keeper/market/file.ts";
import { generatePath } from "../../../keeper/market/generator.ts";
import type { Bar } from "../../../keeper/market/types.ts";
import { DEFAULT_CONFIG } from "../../../keeper/strategy/config.ts";
import { value } from "../../../keeper/strategy/liquidity.ts";
import { dataFile } from "../market/fixtures.ts";
import { simulate, type Step } from "./simulation.ts";
import { DAY, HOUR, POLICY, positionOf } from "./world.ts";

/** Everything that must hold at every hour, whatever the path. */
function check(steps: readonly Step[]): void {
  for (const { before, after, decision } of steps) {
    expect(after.positions.length).to.be.at.most(POLICY.maxPositions);
    expect(after.idleBase).to.be.at.least(0);
    expect(after.idleQuote).to.be.at.least(0);
    for (const mint of decision.mints) {
      expect((mint.tickUpper - mint.tickLower) / 2).to.be.within(POLICY.minHalfWidth, POLICY.maxHalfWidth);
    }
    // The spot is the oracle's price here, so a plan costs its swaps and nothing else.
    expect(before.nav - after.nav).to.be.at.most(decision.expectedCost + 1e-6 * before.nav);
    expect(before.nav - after.nav).to.be.at.most(POLICY.maxPlanLoss * before.nav);
    if (decision.actions.length > 0) {
      const core = after.positions.reduce((sum, p) => sum + value(positionOf(p, after), after.price!), 0);
      expect(core / after.nav).to.be.at.most(POLICY.coreWeightCap);
    }
  }
  const times = (kind: string): number[] =>
    steps.filter(({ decision }) => (decision.actions as readonly string[]).includes(kind)).map((s) => s.decision.time);
  for (const [kind, cooldown] of [
    ["rangeShift", 24 * HOUR],
    ["feeTierMove", 48 * HOUR],
    ["compound", 24 * HOUR],
  ] as const) {
    const at = times(kind);
    for (let i = 1; i < at.length; i++) expect(at[i]! - at[i - 1]!, kind).to.be.at.least(cooldown);
  }
}

const count = (steps: readonly Step[], kind: string): number =>
  steps.filter(({ decision }) => (decision.actions as readonly string[]).includes(kind)).length;

describe("the strategy over time", () => {
  it("goes through the crash of March 2020: shifts, does not thrash, keeps every limit", async function () {
    const file = dataFile(this, "prices", "eth-usd-1h.csv");
    if (file === undefined) return;
    const [from, to] = [Date.UTC(2020, 2) / 1000, Date.UTC(2020, 3) / 1000];
    const path = await readPricePath(file, { from, to });
    // From the twelfth day on the 0.05 % tier pays better.
    const steps = simulate(path.history, path.bars, POLICY, DEFAULT_CONFIG, (time) =>
      time < from + 12 * DAY ? { 500: 0.6, 3000: 0.9, 10_000: 0.4 } : { 500: 1.4, 3000: 0.9, 10_000: 0.4 },
    );
    check(steps);
    expect(steps).to.have.length(744);
    // The first deployment, and one or more after the fall from 200 to 110.
    expect(count(steps, "rangeShift")).to.be.within(2, 5);
    expect(count(steps, "feeTierMove")).to.be.within(1, 8);
    // After a fall by half something works again within two days.
    const crash = steps.filter(({ decision }) => decision.time > Date.UTC(2020, 2, 15) / 1000);
    const working = crash.filter(({ after }) =>
      after.positions.some((p) => {
        const { lower, upper } = positionOf(p, after);
        return after.price! >= lower && after.price! < upper;
      }),
    );
    expect(working.length / crash.length).to.be.above(0.95);
  });

  it("goes through a generated path of 60 days", () => {
    const path = generatePath({ seed: 7 });
    const steps = simulate(path.history, path.bars, POLICY, DEFAULT_CONFIG, () => ({
      500: 0.9,
      3000: 0.9,
      10_000: 0.9,
    }));
    check(steps);
    expect(count(steps, "rangeShift")).to.be.within(1, 20);
  });

  it("does nothing more after the first deployment while the price stands still", () => {
    const bars = Array.from({ length: 24 * 40 }, (_, i): Bar => {
      // A ripple of 0.5 % an hour, 47 % a year, that goes nowhere.
      const close = i % 2 === 0 ? 2000 : 2010;
      return { time: 1_577_836_800 + i * HOUR, open: close, high: close, low: close, close, volume: 1 };
    });
    const steps = simulate([], bars, POLICY, DEFAULT_CONFIG, () => ({ 500: 0.9, 3000: 0.9, 10_000: 0.9 }));
    check(steps);
    expect(count(steps, "rangeShift")).to.equal(1);
    expect(count(steps, "feeTierMove")).to.equal(0);
    expect(count(steps, "compound")).to.be.at.most(2);
  });

  it("never holds more positions than it may over a hard quarter, and acts every second day at most", async function () {
    this.timeout(60_000);
    const file = dataFile(this, "prices", "eth-usd-1h.csv");
    if (file === undefined) return;
    const path = await readPricePath(file, { from: Date.UTC(2021, 3) / 1000, to: Date.UTC(2021, 6) / 1000 });
    const steps = simulate(path.history, path.bars, POLICY, DEFAULT_CONFIG, () => ({ 500: 0.9, 3000: 1, 10_000: 0.8 }));
    check(steps);
    expect(count(steps, "rangeShift")).to.be.below(steps.length / 24 / 2);
  });
});
