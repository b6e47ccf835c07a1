import { expect } from "chai";
import fc from "fast-check";

import {
  accrue,
  carryPerYear,
  closeCost,
  collateralFor,
  debtDelta,
  debtHealth,
  debtValue,
  interestDifferential,
  loanToValue,
  nettingSaves,
  openCost,
  openingLtv,
  priceAtHealth,
  type Debt,
} from "../../../keeper/sleeves/debt.ts";
import {
  breakEvenYears,
  holdingAfter,
  holdingCarry,
  holdingDelta,
  holdingValue,
  roundTripCost,
} from "../../../keeper/sleeves/holding.ts";
import { delta, value } from "../../../keeper/strategy/liquidity.ts";
import { normalDistribution } from "../../../keeper/strategy/normal.ts";
import { expectClose } from "../../support/close.ts";
import "../../support/seed.ts";

const positive = fc.double({ min: 0.01, max: 1e4, noNaN: true });
const debts = fc.record<Debt>({
  kind: fc.constantFrom("conversion", "reversal"),
  owned: positive,
  owed: positive,
});

/** Black-Scholes with a rate that the underlying does not pay. */
function option(
  kind: "put" | "call",
  price: number,
  strike: number,
  volatility: number,
  years: number,
  rate: number,
): number {
  const v = volatility * Math.sqrt(years);
  const d1 = (Math.log(price / strike) + rate * years) / v + v / 2;
  const n = normalDistribution;
  const discounted = strike * Math.exp(-rate * years);
  return kind === "call" ? price * n(d1) - discounted * n(d1 - v) : discounted * n(v - d1) - price * n(-d1);
}

describe("the model of a conversion", () => {
  it("beside a core, sized to its delta, leaves the core without delta at opening, and its gamma alone after", () => {
    for (const [lower, upper] of [
      [1500, 2700],
      [1900, 2100],
      [200, 20_000],
      [2000, 2400],
    ] as const) {
      const price = 2000;
      const core = { liquidity: 12_345, lower, upper };
      const hedged = delta(core, price);
      const debt: Debt = { kind: "conversion", owned: collateralFor("conversion", hedged, price, 0.6), owed: hedged };
      // What was borrowed has been sold for `hedged * price` of quote.
      const book = (at: number): number => value(core, at) + debtValue(debt, at) + hedged * price;
      const bump = price * 1e-5;
      const slope = (book(price + bump) - book(price - bump)) / (2 * bump);
      expect(Math.abs(slope) <= 0.01 * hedged, `delta ${slope} of ${hedged}`).to.equal(true);
      expectClose(delta(core, price) + debtDelta(debt), 0, 1e-12 * hedged);
      expectClose(loanToValue(debt, price), 0.6, 1e-12);
      // Whichever way the price goes, what is left is the range's own concavity.
      for (const at of [0.8, 0.95, 1.05, 1.25]) {
        expectClose(
          book(price * at) - book(price),
          value(core, price * at) - value(core, price) - hedged * price * (at - 1),
          1e-6,
        );
      }
    }
  });

  it("over the core's own base is a long put and a short call of one strike, up to financing", () => {
    for (const rate of [0, 0.03, 0.12]) {
      for (const years of [1 / 52, 30 / 365, 0.6]) {
        for (const volatility of [0.4, 0.8, 1.5]) {
          const strike = 2000;
          const size = 3;
          // Base is borrowed and sold at the strike; the sale earns the same rate as the debt costs.
          const opened: Debt = {
            kind: "conversion",
            owned: collateralFor("conversion", size, strike, 0.6),
            owed: size,
          };
          for (const price of [600, 1200, 1900, 2000, 2600, 5000]) {
            const later = accrue(opened, { threshold: 0.86, borrowRate: 0, supplyRate: 0 }, years);
            const short = debtValue(later, price) - debtValue(opened, strike);
            const synthetic =
              size *
              (option("put", price, strike, volatility, years, rate) -
                option("call", price, strike, volatility, years, rate));
            // Parity: put - call = K e^(-rT) - P. The difference is the strike's interest, and nothing of volatility.
            const financing = size * strike * (1 - Math.exp(-rate * years));
            expectClose(short - synthetic, financing, 1e-6 * size * strike);
          }
        }
      }
    }
  });

  it("costs its interest and nothing else while the price stands still", () => {
    const terms = { threshold: 0.86, borrowRate: 0.08, supplyRate: 0 };
    const debt: Debt = { kind: "conversion", owned: 10_000, owed: 3 };
    const day = 1 / 365;
    const lost = debtValue(accrue(debt, terms, day), 2000) - debtValue(debt, 2000);
    expectClose(lost, carryPerYear(debt, 2000, terms) * day, 1e-3 * Math.abs(lost));
    expectClose(carryPerYear(debt, 2000, terms), -480, 1e-9);
  });

  it("is at its floor and at liquidation just where it says", () => {
    fc.assert(
      fc.property(
        debts,
        fc.double({ min: 0.3, max: 0.95, noNaN: true }),
        fc.double({ min: 1, max: 2, noNaN: true }),
        (debt, threshold, health) => {
          const at = priceAtHealth(debt, threshold, health);
          if (at === null) throw new Error("no price");
          expectClose(debtHealth(debt, at, threshold) / health, 1, 1e-9);
          // Worse beyond: a short fears a rise, a long a fall.
          const beyond = debt.kind === "conversion" ? at * 1.01 : at / 1.01;
          expect(debtHealth(debt, beyond, threshold)).to.be.lessThan(health);
        },
      ),
    );
    expect(priceAtHealth({ kind: "conversion", owned: 5, owed: 0 }, 0.86, 1)).to.equal(null);
    expect(debtHealth({ kind: "reversal", owned: 5, owed: 0 }, 2000, 0.86)).to.equal(Number.POSITIVE_INFINITY);
    expectClose(openingLtv(0.86, 1.32), 0.6515, 1e-4);
  });

  it("has the slope that its delta says, at every price, and a reversal's is a conversion's with the tokens changed", () => {
    fc.assert(
      fc.property(debts, positive, (debt, price) => {
        const rise = debtValue(debt, price * 1.5) - debtValue(debt, price);
        expectClose(rise / (0.5 * price), debtDelta(debt), 1e-6 * (debt.owned + debt.owed));
        const other: Debt = { ...debt, kind: debt.kind === "conversion" ? "reversal" : "conversion" };
        // In the other token's money, at the inverse price.
        const scale = (debt.owned + debt.owed) * (1 + price + 1 / price);
        expectClose(debtValue(debt, price) / price, debtValue(other, 1 / price), 1e-9 * scale);
      }),
    );
  });

  it("costs its value times the interest differential at its loan-to-value, in both directions", () => {
    const rates = fc.double({ min: 0, max: 0.5, noNaN: true });
    fc.assert(
      fc.property(
        fc.constantFrom("conversion" as const, "reversal" as const),
        positive,
        positive,
        fc.double({ min: 0.1, max: 0.9, noNaN: true }),
        rates,
        rates,
        (kind, owed, price, ltv, borrowRate, supplyRate) => {
          const debt: Debt = { kind, owed, owned: collateralFor(kind, owed, price, ltv) };
          const terms = { threshold: 0.86, borrowRate, supplyRate };
          const value = owed * (kind === "conversion" ? price : 1);
          const differential = interestDifferential(terms, ltv);
          expectClose(carryPerYear(debt, price, terms) / value, -differential, 1e-9);
        },
      ),
    );
    // Beside its own mirror a conversion hedges nothing and costs both: what leaving both out saves.
    const [ours, mirror] = [
      { threshold: 0.86, borrowRate: 0.03, supplyRate: 0.01 },
      { threshold: 0.86, borrowRate: 0.05, supplyRate: 0.02 },
    ];
    const short: Debt = { kind: "conversion", owed: 2, owned: collateralFor("conversion", 2, 2000, 0.6) };
    const long: Debt = { kind: "reversal", owed: 4000, owned: collateralFor("reversal", 4000, 2000, 0.6) };
    // Collateral was the vault's before; what the loans were sold for is two base less and two base more.
    const bought = 4000 / 2000;
    expectClose(debtDelta(short) + debtDelta(long) - long.owned + bought, 0, 1e-12);
    const saved = nettingSaves(interestDifferential(ours, 0.6), interestDifferential(mirror, 0.6));
    expectClose(-(carryPerYear(short, 2000, ours) + carryPerYear(long, 2000, mirror)) / 4000, saved, 1e-12);
  });

  it("closes for what buying the debt back costs", () => {
    const debt: Debt = { kind: "conversion", owned: 10_000, owed: 3 };
    expectClose(openCost(6000, { swap: 0.001, gas: 15 }), 21, 1e-9);
    // x quote bring x (1 - c) / P base: x - 3 P = 3 P c / (1 - c).
    expectClose(closeCost(debt, 2000, { swap: 0.001, gas: 15 }), 15 + 6000 / 0.999 - 6000, 1e-9);
    // A reversal's debt is quote, whatever the price.
    const reversal: Debt = { kind: "reversal", owned: 5, owed: 6000 };
    for (const price of [1500, 2500]) {
      expectClose(closeCost(reversal, price, { swap: 0.001, gas: 15 }), 15 + 6000 / 0.999 - 6000, 1e-9);
    }
  });
});

describe("the model of a reserve and of an asset", () => {
  const reserve = { rate: 0.04, volatility: 0, correlation: 0, settlement: 0, entry: 0, exit: 0 };
  const asset = { rate: 0.07, volatility: 0.1, correlation: -0.2, settlement: 3 / 365, entry: 0.002, exit: 0.002 };

  it("a reserve costs nothing to enter and earns its rate on all of it", () => {
    expect(roundTripCost(1000, reserve)).to.equal(0);
    expectClose(holdingAfter({ owned: 1000, pending: 0 }, reserve, 1).owned, 1000 * Math.exp(0.04), 1e-9);
    expectClose(breakEvenYears(1000, reserve, 15), 15 / 40, 1e-9);
    expect(holdingDelta({ owned: 1000, pending: 0 }, reserve, 2000, 0.8)).to.equal(0);
  });

  it("an asset earns nothing on what is pending, and a round trip loses entry, exit and both settlements", () => {
    expectClose(holdingCarry({ owned: 1000, pending: 400 }, asset), 42, 1e-9);
    expectClose(holdingAfter({ owned: 1000, pending: 1000 }, asset, 1).owned, 1000, 1e-9);
    expectClose(holdingValue({ owned: 1000, pending: 0 }, asset), 998, 1e-9);
    const growth = Math.exp((-0.07 * 6) / 365);
    expectClose(roundTripCost(1000, asset), 1000 * (1 - 0.998 ** 2 * growth), 1e-9);
    expect(breakEvenYears(1000, { ...asset, rate: 0 }, 15)).to.equal(Number.POSITIVE_INFINITY);
    // A negative correlation is a short of the base: beta = correlation * volatilities' ratio.
    expectClose(holdingDelta({ owned: 10_000, pending: 0 }, asset, 2000, 0.8), (10_000 * -0.2 * 0.125) / 2000, 1e-12);
  });
});
