import { expect } from "chai";

import { seededRandom } from "../../../keeper/market/random.ts";
import { nextNav, REPORT_STEP } from "../../../scripts/local/market/fund.ts";
import { adaptedRate, FIRST_RATE, LENDING_STEP, wantedUse } from "../../../scripts/local/market/lending.ts";
import { liquidationIncentive } from "../../../scripts/local/market/bystanders.ts";
import { ONE } from "../../support/arithmetic.ts";
import { expectClose } from "../../support/close.ts";

const DAY = 86_400;

/** The rate's curve (contracts/local/LocalMorphoRateModel.sol), in floats. */
function borrowRate(atTarget: number, use: number): number {
  return use >= 0.9 ? atTarget * (1 + (3 * (use - 0.9)) / 0.1) : (atTarget * (0.9 + 3 * use)) / 3.6;
}

/** Many days of one volatility. */
function settle(volatility: number, days: number, start = FIRST_RATE): { use: number; rate: number } {
  let [rate, use] = [start, wantedUse(volatility, start, 0)];
  for (let time = 0; time < days * DAY; time += LENDING_STEP) {
    rate = adaptedRate(rate, use, LENDING_STEP);
    use = wantedUse(volatility, rate, 0);
  }
  return { use, rate };
}

describe("the others on the lending markets", () => {
  it("borrow more in storms, at once dearer and dearer still with the days, and come back", () => {
    const calm = settle(0.5, 60);
    const day = settle(1.3, 1, calm.rate);
    const weeks = settle(1.3, 21, calm.rate);
    const after = settle(0.5, 120, weeks.rate);
    expect(day.use).to.be.above(calm.use + 0.05);
    expect(borrowRate(day.rate, day.use)).to.be.above(2 * borrowRate(calm.rate, calm.use));
    expect(weeks.rate).to.be.above(1.5 * day.rate);
    // Dear, and below the cap under which the vault borrows.
    expect(borrowRate(weeks.rate, weeks.use)).to.be.within(0.05, 0.25);
    expectClose(after.rate, calm.rate, 0.1 * calm.rate);
    // Once all is settled, nine tenths are lent at every volatility: that is what the rate does.
    expectClose(settle(0.8, 2_000).use, 0.9, 1e-3);
  });

  it("follow AdaptiveCurveIrm's rule: 50 a year at full use, the inverse at none", () => {
    expectClose(adaptedRate(0.02, 1, 7 * DAY), 0.02 * Math.exp((50 * 7) / 365), 1e-12);
    expectClose(adaptedRate(0.02, 0, 7 * DAY), 0.02 * Math.exp((-50 * 7) / 365), 1e-12);
    expect(adaptedRate(0.02, 0.9, 365 * DAY)).to.equal(0.02);
    expect(adaptedRate(0.02, 1, 365 * DAY)).to.equal(2);
  });

  it("know Morpho's premium for a liquidation: 4.4 % at an LLTV of 0.86, 15 % at most", () => {
    expectClose(Number(liquidationIncentive((86n * ONE) / 100n)) / 1e18, 1 / (1 - 0.3 * 0.14), 1e-15);
    expect(liquidationIncentive(ONE / 10n)).to.equal((115n * ONE) / 100n);
  });
});

describe("the local fund", () => {
  it("reports weeks that drift by 5 % a year and wander by 4 %", () => {
    const random = seededRandom(1, 4);
    const weeks = Array.from({ length: 20_000 }, () => Math.log(nextNav(1, random)));
    const years = REPORT_STEP / (365 * DAY);
    const mean = weeks.reduce((sum, one) => sum + one, 0) / weeks.length;
    const variance = weeks.reduce((sum, one) => sum + (one - mean) ** 2, 0) / (weeks.length - 1);
    // Four standard errors of each.
    expectClose(mean / years, 0.05 - 0.0008, (4 * 0.04) / Math.sqrt(20_000 * years));
    expectClose(Math.sqrt(variance / years), 0.04, (4 * 0.04) / Math.sqrt(2 * 20_000));
  });
});
