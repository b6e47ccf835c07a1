import { expect } from "chai";
import fc from "fast-check";

import { explain, totalOf, valueAt } from "../../../keeper/report/attribution.ts";
import { NO_EVENTS, type VaultEvents } from "../../../keeper/report/events.ts";
import { Ledger } from "../../../keeper/report/ledger.ts";
import { amounts } from "../../../keeper/strategy/liquidity.ts";
import { priceOfTick, wholeLiquidity } from "../../../keeper/strategy/ticks.ts";
import type { PositionState, SleeveState, TierState, VaultState } from "../../../keeper/strategy/types.ts";
import { expectClose } from "../../support/close.ts";
import "../../support/seed.ts";
import { CONVERSION, NO_BUDGETS, RESERVE } from "../strategy/world.ts";

const DECIMALS = { baseDecimals: 18, quoteDecimals: 6 };
const FEES = [500, 3000, 10000];

interface Range {
  readonly fee: number;
  readonly tickLower: number;
  readonly tickUpper: number;
  readonly liquidity: number;
  readonly feesBase?: number;
  readonly feesQuote?: number;
}

/** A state whose positions consist of what their closed form says at the tiers' prices. */
function stateOf(
  prices: readonly number[],
  idle: { readonly base: number; readonly quote: number },
  ranges: readonly Range[],
  sleeves: readonly SleeveState[] = [],
): VaultState {
  const tiers = FEES.map((fee, i): TierState => {
    const price = prices[i] ?? prices[0]!;
    return { fee, tickSpacing: 1, allowed: true, tick: 0, price, liquidity: 1e18, feeGrowthBase: 0, feeGrowthQuote: 0 };
  });
  const positions = ranges.map((range, index): PositionState => {
    const held = amounts(closedForm(range), tiers.find((tier) => tier.fee === range.fee)!.price);
    return { index, feesBase: 0, feesQuote: 0, ...range, base: held.base, quote: held.quote };
  });
  return {
    time: 0,
    block: 1,
    price: prices[0]!,
    priceError: 0.0075,
    ...DECIMALS,
    idleBase: idle.base,
    idleQuote: idle.quote,
    positions,
    tiers,
    sleeves,
    nav: 0,
    shareSupply: 1,
    budgets: NO_BUDGETS,
    entryFee: 0,
    exitFee: 0,
    announcedFees: null,
    left: { base: 0, quote: 0 },
    oracleVolatility: 0,
    memory: {
      lastRangeShift: null,
      lastTierMove: null,
      lastCompound: null,
      tierSignalSince: null,
      tierSignalFee: null,
      lastFeeChange: null,
      lastHedge: null,
      drained: false,
      lastReserveMove: null,
    },
  };
}

function closedForm(range: Range): { liquidity: number; lower: number; upper: number } {
  return {
    liquidity: wholeLiquidity(range.liquidity, DECIMALS),
    lower: priceOfTick(range.tickLower, DECIMALS),
    upper: priceOfTick(range.tickUpper, DECIMALS),
  };
}

const around = Math.round(Math.log(2000 * 1e-12) / Math.log(1.0001));
const wide: Range = { fee: 3000, tickLower: around - 2000, tickUpper: around + 2000, liquidity: 1e17 };
const narrow: Range = { fee: 500, tickLower: around - 300, tickUpper: around + 500, liquidity: 3e17 };

describe("report/attribution", () => {
  it("explains a price's move over idle tokens as market alone", () => {
    const step = explain(
      { state: stateOf([2000], { base: 10, quote: 5000 }, []), mark: 2000 },
      { state: stateOf([2100], { base: 10, quote: 5000 }, []), mark: 2100 },
    );
    expect(step.terms).to.deep.equal({ market: 1000, fees: 0, lvr: 0, hedge: 0, carry: 0, gas: 0, slippage: 0 });
    expect(step.unexplained).to.equal(0);
  });

  it("finds the textbook's LVR of a move inside the range, and none of its fees in it", () => {
    const before = stateOf([2000], { base: 0, quote: 0 }, [wide]);
    const after = stateOf([2040], { base: 0, quote: 0 }, [{ ...wide, feesBase: 0.01, feesQuote: 30 }]);
    const { terms, unexplained } = explain({ state: before, mark: 2000 }, { state: after, mark: 2040 });
    // x0 P1 + y0 - V(P1) = L sqrt(P0) (sqrt(P1 / P0) - 1)^2
    const expected = wholeLiquidity(1e17, DECIMALS) * Math.sqrt(2000) * (Math.sqrt(2040 / 2000) - 1) ** 2;
    expectClose(terms.lvr, expected, expected * 1e-6);
    expectClose(terms.fees, 0.01 * 2040 + 30, 1e-9);
    expectClose(unexplained, 0, 1e-6);
  });

  it("agrees with s^2/8 of value a year for a full range over many small moves", () => {
    const full: Range = { fee: 3000, tickLower: -887_220, tickUpper: 887_220, liquidity: 1e18 };
    let state = stateOf([2000], { base: 0, quote: 0 }, [full]);
    const ledger = new Ledger({ state, mark: 2000 });
    const [volatility, steps, years] = [0.8, 20_000, 0.25];
    // Up and down by turns, with the size that the volatility has over a step.
    const size = volatility * Math.sqrt(years / steps);
    let [price, value] = [2000, 0];
    for (let i = 0; i < steps; i++) {
      price *= Math.exp(i % 2 === 0 ? size : -size);
      state = stateOf([price], { base: 0, quote: 0 }, [full]);
      value += valueAt(state, price) / steps;
      ledger.step({ state, mark: price });
    }
    const expected = (volatility ** 2 / 8) * value * years;
    expectClose(ledger.totals().terms.lvr, expected, expected * 0.002);
  });

  it("books a deposit and a withdrawal as flows, not as profit", () => {
    const before = stateOf([2000], { base: 10, quote: 20_000 }, [wide, { ...narrow, feesQuote: 8 }]);
    const deposit = { base: 1, quote: 2500 };
    const deposited = stateOf([2000], { base: 11, quote: 22_500 }, [wide, { ...narrow, feesQuote: 8 }]);
    const step = explain(
      { state: before, mark: 2000 },
      { state: deposited, mark: 2000 },
      { ...NO_EVENTS, deposits: [deposit] },
    );
    expectClose(step.flows, 4500, 1e-9);
    expectClose(totalOf(step.terms), 0, 1e-6);
    expectClose(step.unexplained, 0, 1e-6);

    const left = stateOf([2000], { base: 8.25, quote: 16_875 }, [
      { ...wide, liquidity: 0.75e17 },
      { ...narrow, liquidity: 2.25e17, feesQuote: 6 },
    ]);
    const gone = leave(deposited, 0.25);
    const exit = explain({ state: deposited, mark: 2000 }, { state: left, mark: 2000 }, gone);
    expectClose(exit.flows, -valueAt(deposited, 2000) / 4, 1e-6);
    expectClose(totalOf(exit.terms), 0, 1e-6);
    expectClose(exit.unexplained, 0, 1e-6);
  });

  it("explains a conversion by its short and its interest, and a reserve by its interest", () => {
    const core = { base: 10, quote: 5000 };
    const before = stateOf(
      [2000],
      core,
      [],
      [
        { ...CONVERSION, owned: 9000, owed: 3, units: 1 },
        { ...RESERVE, owned: 4000, units: 1 },
      ],
    );
    const after = stateOf(
      [1800],
      core,
      [],
      [
        { ...CONVERSION, owned: 9000, owed: 3.01, units: 1 },
        { ...RESERVE, owned: 4002, units: 1 },
      ],
    );
    const { terms, sleeves, unexplained } = explain({ state: before, mark: 2000 }, { state: after, mark: 1800 });
    expectClose(terms.market, -2000, 1e-9);
    expect(sleeves.map(({ kind }) => kind)).to.deep.equal(["conversion", "reserve"]);
    expectClose(sleeves[0]!.hedge, 600, 1e-9);
    expectClose(sleeves[0]!.carry, -18, 1e-9);
    expectClose(sleeves[1]!.hedge, 0, 1e-9);
    expectClose(sleeves[1]!.carry, 2, 1e-9);
    expectClose(unexplained, 0, 1e-9);
    // Each sleeve's own value changed by just that.
    expectClose(9000 - 3.01 * 1800 - (9000 - 3 * 2000), sleeves[0]!.hedge + sleeves[0]!.carry, 1e-9);
  });

  it("finds no profit in a move, in an exit in kind or in one with units", () => {
    const sleeve = { ...CONVERSION, owned: 9000, owed: 3, units: 1 };
    const opened = stateOf([2000], { base: 12, quote: 1000 }, [], [sleeve]);
    const empty = stateOf([2000], { base: 9, quote: 10_000 }, [], [{ ...CONVERSION, units: 0 }]);
    const move = { index: 0, base: -3, quote: 9000, units: 1 };
    const opening = explain(
      { state: empty, mark: 2000 },
      { state: opened, mark: 2000 },
      { ...NO_EVENTS, sleeveMoves: [move] },
    );
    expectClose(totalOf(opening.terms), 0, 1e-9);
    expectClose(opening.unexplained, 0, 1e-9);

    const rest = stateOf([2000], { base: 9, quote: 750 }, [], [{ ...sleeve, owned: 6750, owed: 2.25, units: 0.75 }]);
    const inKind = explain(
      { state: opened, mark: 2000 },
      { state: rest, mark: 2000 },
      // Three base of idle, of which the debt's part is paid, and its collateral's part.
      { ...NO_EVENTS, withdrawals: [{ base: 3 - 0.75, quote: 250 + 2250 }] },
    );
    const withUnits = explain(
      { state: opened, mark: 2000 },
      { state: rest, mark: 2000 },
      { ...NO_EVENTS, withdrawals: [{ base: 3, quote: 250 }], unitsTaken: [{ index: 0, units: 0.25 }] },
    );
    for (const exit of [inKind, withUnits]) {
      expectClose(exit.flows, -valueAt(opened, 2000) / 4, 1e-9);
      expectClose(totalOf(exit.terms), 0, 1e-9);
      expectClose(exit.unexplained, 0, 1e-9);
    }
    // Nothing idle to pay the debt with: it is paid in.
    const bare = stateOf([2000], { base: 0, quote: 1000 }, [], [sleeve]);
    const paid = explain(
      { state: bare, mark: 2000 },
      { state: stateOf([2000], { base: 0, quote: 750 }, [], rest.sleeves), mark: 2000 },
      { ...NO_EVENTS, withdrawals: [{ base: 0, quote: 250 + 2250 }], paidIn: [{ base: 0.75, quote: 0 }] },
    );
    expectClose(paid.flows, -valueAt(bare, 2000) / 4, 1e-9);
    expectClose(paid.unexplained, 0, 1e-9);
  });

  it("finds no profit in a close, nor in what the same plan moved before it", () => {
    const opened = stateOf([2000], { base: 12, quote: 1000 }, [], [{ ...CONVERSION, owned: 9000, owed: 3, units: 1 }]);
    // 2000 of collateral first, then the close: 3 base paid, the other 7000 taken.
    const closed = stateOf([2000], { base: 9, quote: 10_000 }, [], [{ ...CONVERSION, units: 0 }]);
    const early = { index: 0, base: 0, quote: -2000, units: 0 };
    for (const [before, sleeveMoves] of [
      [opened, [early]],
      // At once, when nothing came out before.
      [opened, []],
      // The vault's half of a sleeve that it shares: what came out first took units with it.
      [
        stateOf([2000], { base: 12, quote: 1000 }, [], [{ ...CONVERSION, owned: 9000, owed: 3, units: 0.5 }]),
        [{ ...early, units: -0.2 }],
      ],
    ] as const) {
      const step = explain({ state: before, mark: 2000 }, { state: closed, mark: 2000 }, { ...NO_EVENTS, sleeveMoves });
      expectClose(step.flows, 0, 1e-9);
      expectClose(step.sleeves[0]!.carry, 0, 1e-9);
      expectClose(totalOf(step.terms), 0, 1e-9);
      expectClose(step.unexplained, 0, 1e-9);
    }
  });

  it("counts what others do to a debt: a liquidation by what it leaves, the rest by the vault's word", () => {
    const core = { base: 10, quote: 5000 };
    const at = (owned: number, owed: number, units = 1) => ({
      state: stateOf([2000], core, [], [{ ...CONVERSION, owned, owed, units }]),
      mark: 2000,
    });
    const incidents = (after: ReturnType<typeof at>, events: VaultEvents = NO_EVENTS) => {
      const ledger = new Ledger(at(9000, 4));
      ledger.step(after, events);
      return ledger.totals().incidents;
    };
    const none = { liquidations: 0, deleverages: 0, unwinds: 0 };
    expect(incidents(at(9000, 4.01))).to.deep.equal(none);
    // A gift to the debt.
    expect(incidents(at(9000, 3))).to.deep.equal(none);
    // Two base repaid for 4000 and their 4.4 %.
    expect(incidents(at(9000 - 4176, 2))).to.deep.equal({ ...none, liquidations: 1 });
    const liquidated = explain(at(9000, 4), at(9000 - 4176, 2));
    expectClose(liquidated.sleeves[0]!.carry, -176, 1e-9);
    expectClose(liquidated.unexplained, 0, 1e-9);
    const moved = [{ index: 0, base: 2, quote: -4176, units: 0 }];
    expect(incidents(at(9000 - 4176, 2), { ...NO_EVENTS, sleeveMoves: moved }).liquidations).to.equal(0);
    expect(incidents(at(4500, 2, 0.5)).liquidations).to.equal(0);
    const interventions = [
      { kind: "deleverage", index: 0 },
      { kind: "unwind", index: 0 },
    ] as const;
    const told = incidents(at(9000, 4), { ...NO_EVENTS, interventions });
    expect(told).to.deep.equal({ liquidations: 0, deleverages: 1, unwinds: 1 });
  });

  it("sums to the change of value over any path with sleeves, sleeve by sleeve", () => {
    const step = fc.record({
      kind: fc.constantFrom("market", "open", "close", "inKind", "units"),
      drift: fc.double({ min: -0.1, max: 0.1, noNaN: true }),
      part: fc.double({ min: 0.01, max: 0.9, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 30 }), (steps) => {
        let idle = { base: 20, quote: 40_000 };
        let sleeve: SleeveState = { ...CONVERSION, units: 0 };
        let mark = 2000;
        const ledger = new Ledger({ state: stateOf([mark], idle, [], [sleeve]), mark });
        // What went into the sleeve less what came out, each at its price.
        let put = 0;
        const counts = { up: 0, down: 0, raised: 0, lowered: 0, most: sleeve.owed };
        for (const { kind, drift, part } of steps) {
          let events: VaultEvents = NO_EVENTS;
          if (kind === "market") {
            mark *= Math.exp(drift);
            sleeve = { ...sleeve, owed: sleeve.owed * (1 + part / 100) };
          } else if (kind === "open") {
            const [quote, base] = [idle.quote * part * 0.5, part];
            idle = { base: idle.base + base, quote: idle.quote - quote };
            const units = sleeve.units === 0 ? 1 : 0;
            sleeve = { ...sleeve, owned: sleeve.owned + quote, owed: sleeve.owed + base, units: sleeve.units + units };
            events = { ...NO_EVENTS, sleeveMoves: [{ index: 0, base: -base, quote, units }] };
            put += quote - base * mark;
            counts.up += 1;
            counts.raised += base;
          } else if (kind === "close") {
            const [quote, base] = [sleeve.owned, sleeve.owed];
            idle = { base: idle.base - base, quote: idle.quote + quote };
            events = { ...NO_EVENTS, sleeveMoves: [{ index: 0, base, quote: -quote, units: -sleeve.units }] };
            sleeve = { ...sleeve, owned: 0, owed: 0, units: 0 };
            put += base * mark - quote;
            counts.down += base > 0 ? 1 : 0;
            counts.lowered += base;
          } else {
            const gone = { base: idle.base * part, quote: idle.quote * part };
            const [quote, base] = [sleeve.owned * part, sleeve.owed * part];
            put -= quote - base * mark;
            // Paid in tokens it is a part that left; units are handed over and move nothing.
            if (kind === "inKind" && base > 0) {
              counts.down += 1;
              counts.lowered += base;
            }
            idle = { base: idle.base - gone.base, quote: idle.quote - gone.quote };
            const units = sleeve.units * part;
            sleeve = { ...sleeve, owned: sleeve.owned - quote, owed: sleeve.owed - base, units: sleeve.units - units };
            events =
              kind === "units"
                ? { ...NO_EVENTS, withdrawals: [gone], unitsTaken: [{ index: 0, units }] }
                : { ...NO_EVENTS, withdrawals: [{ base: gone.base - base, quote: gone.quote + quote }] };
          }
          ledger.step({ state: stateOf([mark], idle, [], [sleeve]), mark }, events);
          counts.most = Math.max(counts.most, sleeve.owed);
        }
        const totals = ledger.totals();
        const [told] = totals.steps;
        expect(told).to.deep.include({ kind: "conversion", token: "base", up: counts.up, down: counts.down });
        expect(told).to.deep.include({ most: counts.most, end: sleeve.owed });
        expectClose(told!.raised, counts.raised, 1e-9);
        expectClose(told!.lowered, counts.lowered, 1e-9);
        expectClose(totals.unexplained, 0, 1e-3);
        const [made] = totals.sleeves;
        expectClose(made!.hedge + made!.carry, sleeve.owned - sleeve.owed * mark - put, 1e-3);
        expectClose(totals.terms.hedge + totals.terms.carry, made!.hedge + made!.carry, 1e-6);
      }),
      { numRuns: 200 },
    );
  });

  it("counts a sleeve that a plan closed whole, or a guardian took apart, though no event tells of it", () => {
    const open: SleeveState = { ...CONVERSION, owned: 9_000, owed: 3, units: 1 };
    const ledger = new Ledger({ state: stateOf([2000], { base: 4, quote: 0 }, [], [open]), mark: 2000 });
    // Half is repaid by a move, the rest leaves as a part does.
    const events = { ...NO_EVENTS, sleeveMoves: [{ index: 0, base: 1.5, quote: 0, units: -0.5 }] };
    const shut = { ...open, owned: 0, owed: 0, units: 0 };
    ledger.step({ state: stateOf([2000], { base: 1, quote: 9_000 }, [], [shut]), mark: 2000 }, events);
    expect(ledger.totals().steps[0]).to.deep.include({ up: 0, down: 2, raised: 0, lowered: 3, most: 3, end: 0 });
  });

  it("shows a donation as unexplained", () => {
    const step = explain(
      { state: stateOf([2000], { base: 10, quote: 5000 }, []), mark: 2000 },
      { state: stateOf([2000], { base: 10, quote: 5100 }, []), mark: 2000 },
    );
    expect(totalOf(step.terms)).to.equal(0);
    expect(step.unexplained).to.equal(100);
  });

  it("books gas beside the vault's value", () => {
    const ledger = new Ledger({ state: stateOf([2000], { base: 1, quote: 0 }, []), mark: 2000 });
    ledger.spendGas(12);
    const totals = ledger.totals();
    expect(totals.total).to.equal(-12);
    expect(totals.end - totals.start).to.equal(0);
    expect(totals.unexplained).to.equal(0);
  });

  it("sums to the change of value over any path of moves, fees, flows and plans", () => {
    const move = fc.record({
      kind: fc.constantFrom("market", "plan", "deposit", "withdraw"),
      drift: fc.double({ min: -0.08, max: 0.08, noNaN: true }),
      lag: fc.double({ min: -0.004, max: 0.004, noNaN: true }),
      part: fc.double({ min: 0.01, max: 0.9, noNaN: true }),
      fees: fc.double({ min: 0, max: 50, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(move, { minLength: 1, maxLength: 40 }), (moves) => {
        let idle = { base: 20, quote: 40_000 };
        let ranges: Range[] = [wide, narrow];
        let prices = [2000, 2003, 1995];
        let mark = 2001;
        const ledger = new Ledger({ state: stateOf(prices, idle, ranges), mark });
        let largest = 0;
        for (const { kind, drift, lag, part, fees } of moves) {
          const now = ledger.last.state;
          let events: VaultEvents = NO_EVENTS;
          if (kind === "market") {
            mark *= Math.exp(drift);
            prices = [mark * (1 + lag), mark * (1 - lag), mark * (1 + lag / 2)];
            ranges = ranges.map((range) => ({
              ...range,
              feesBase: (range.feesBase ?? 0) + fees / 4000,
              feesQuote: (range.feesQuote ?? 0) + fees / 2,
            }));
          } else if (kind === "deposit") {
            const gift = { base: part * 3, quote: part * 5000 };
            idle = { base: idle.base + gift.base, quote: idle.quote + gift.quote };
            events = { ...NO_EVENTS, deposits: [gift] };
          } else if (kind === "withdraw") {
            events = leave(now, part);
            idle = { base: idle.base * (1 - part), quote: idle.quote * (1 - part) };
            ranges = ranges.map((range) => scale(range, 1 - part));
          } else {
            // Burn a part of the first range and collect its fees, sell base in its pool (which moves that price), mint elsewhere.
            const first = now.positions[0]!;
            const out = { base: first.base * part, quote: first.quote * part };
            const burn = { ...first, liquidity: first.liquidity * part, ...out };
            const collect = { base: out.base + first.feesBase, quote: out.quote + first.feesQuote };
            const sold = (idle.base + collect.base) * 0.05;
            const swap = { base: -sold, quote: sold * mark * (1 - lag) * 0.997 };
            prices = prices.map((price, i) => (FEES[i] === first.fee ? price * (1 - part / 200) : price));
            idle = {
              base: idle.base + collect.base + swap.base,
              quote: idle.quote + collect.quote + swap.quote,
            };
            const minted: Range = {
              fee: 10_000,
              tickLower: around - 4000 - ranges.length,
              tickUpper: around + 4000,
              liquidity: 1e15,
            };
            const cost = amounts(closedForm(minted), prices[2]!);
            idle = { base: idle.base - cost.base, quote: idle.quote - cost.quote };
            const [kept, ...rest] = ranges;
            const { fee, tickLower, tickUpper, liquidity } = kept!;
            ranges = [...rest, minted, { fee, tickLower, tickUpper, liquidity: liquidity * (1 - part) }];
            events = { ...NO_EVENTS, burns: [burn], collects: [collect], swaps: [swap] };
          }
          const after = { state: stateOf(prices, idle, ranges), mark };
          largest = Math.max(largest, valueAt(after.state, mark));
          ledger.step(after, events);
        }
        const totals = ledger.totals();
        expectClose(totals.end - totals.start, totals.flows + totals.total, 1e-7 * largest);
        expectClose(totals.unexplained, 0, 1e-7 * largest);
      }),
      { numRuns: 200 },
    );
  });
});

/** The events of a withdrawal of a part of everything. */
function leave(state: VaultState, part: number): VaultEvents {
  const burns = state.positions.map((position) => ({
    ...position,
    liquidity: position.liquidity * part,
    base: position.base * part,
    quote: position.quote * part,
  }));
  const collects = state.positions.map((position) => ({
    base: (position.base + position.feesBase) * part,
    quote: (position.quote + position.feesQuote) * part,
  }));
  let [base, quote] = [state.idleBase * part, state.idleQuote * part];
  for (const paid of collects) {
    base += paid.base;
    quote += paid.quote;
  }
  return { ...NO_EVENTS, burns, collects, withdrawals: [{ base, quote }] };
}

function scale(range: Range, factor: number): Range {
  return {
    ...range,
    liquidity: range.liquidity * factor,
    feesBase: (range.feesBase ?? 0) * factor,
    feesQuote: (range.feesQuote ?? 0) * factor,
  };
}
