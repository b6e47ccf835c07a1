import { expect } from "chai";
import fc from "fast-check";
import { ObservationError } from "../../../keeper/market/errors.ts";
import { advance, type HourlyBars, type Observation, observe, startHourly } from "../../../keeper/market/hourly.ts";
import { MAX_GAP_HOURS, MAX_HISTORY_DAYS } from "../../../keeper/market/window.ts";
import { bars, HOUR, MARCH } from "./fixtures.ts";
import "../../support/seed.ts";

function run(state: HourlyBars, ...observations: [minutes: number, price: number, volume?: number][]): HourlyBars {
  return observations.reduce(
    (s, [minutes, price, volume]) =>
      observe(s, { time: MARCH + minutes * 60, price, ...(volume === undefined ? {} : { volume }) }),
    state,
  );
}

describe("market/hourly", () => {
  it("closes an hour when the next one is seen, and not before", () => {
    const during = run(startHourly(), [5, 100, 1], [20, 104], [40, 98, 2], [59, 101]);
    expect(during.closed).to.deep.equal([]);
    const after = run(during, [60, 200]);
    expect(after.closed).to.deep.equal([{ time: MARCH, open: 100, high: 104, low: 98, close: 101, volume: 3 }]);
    expect(after.open).to.include({ time: MARCH + HOUR, open: 101, high: 200, low: 101, close: 200 });
  });

  it("closes on the clock as well", () => {
    const state = run(startHourly(), [5, 100]);
    expect(advance(state, MARCH + HOUR - 1).closed).to.have.length(0);
    const closed = advance(state, MARCH + HOUR);
    expect(closed.closed).to.have.length(1);
    expect(closed.open).to.equal(undefined);
    expect(advance(closed, MARCH + HOUR + 1).closed).to.equal(closed.closed);
  });

  it("carries the close over hours without a price, and opens anew after them", () => {
    const state = run(startHourly(), [5, 100], [185, 120]);
    expect(state.closed.map((b) => [b.close, b.volume, b.filled ?? false])).to.deep.equal([
      [100, 0, false],
      [100, 0, true],
      [100, 0, true],
    ]);
    expect(state.open).to.include({ open: 120, high: 120, low: 120 });
  });

  it("carries 48 hours, in one go or hour by hour, and then lets the history go stale", () => {
    const begin = run(startHourly(), [5, 100]);
    const once = advance(begin, MARCH + 200 * HOUR);
    let stepwise = begin;
    for (let h = 1; h <= 200; h += 1) stepwise = advance(stepwise, MARCH + h * HOUR);
    expect(once.closed).to.have.length(1 + MAX_GAP_HOURS);
    expect(stepwise).to.deep.equal(once);
  });

  it("joins up after 48 missing hours and begins anew after 49", () => {
    expect(run(startHourly(), [5, 100], [49 * 60, 120], [50 * 60, 120]).closed).to.have.length(50);
    expect(run(startHourly(), [5, 100], [50 * 60, 120], [51 * 60, 120]).closed).to.deep.equal([
      { time: MARCH + 50 * HOUR, open: 120, high: 120, low: 120, close: 120, volume: 0 },
    ]);
  });

  it("goes on from a history and keeps 400 days", () => {
    const history = bars(MAX_HISTORY_DAYS * 24 + 5);
    const start = startHourly(history);
    expect(start.closed).to.have.length(MAX_HISTORY_DAYS * 24);
    const next = run(start, [history.length * 60 + 10, 103], [history.length * 60 + 60, 103]);
    expect(next.closed).to.have.length(MAX_HISTORY_DAYS * 24);
    expect(next.closed.at(-1)).to.include({
      time: MARCH + history.length * HOUR,
      open: history.at(-1)!.close,
      close: 103,
    });
    expect(start.closed.at(-1)).to.equal(history.at(-1));
  });

  it("refuses a history with a hole", () => {
    expect(() => startHourly([...bars(3), ...bars(2, 4)])).to.throw(
      ObservationError,
      /a hole or a bar off the hour at 2020-03-01T04:00Z/,
    );
  });

  it("refuses prices that are none and times that go back, and takes a block twice", () => {
    const state = run(startHourly(bars(2)), [125, 100]);
    for (const price of [0, -1, NaN, Infinity])
      expect(() => run(state, [126, price])).to.throw(ObservationError, /not a positive number/);
    expect(() => run(state, [126, 1, -1])).to.throw(ObservationError, /volume/);
    expect(() => run(state, [124, 100])).to.throw(ObservationError, /in order of time/);
    expect(() => advance(state, NaN)).to.throw(ObservationError, /unix seconds/);
    expect(() => run(startHourly(bars(2)), [119, 100])).to.throw(ObservationError, /in order of time/);
    expect(run(state, [125, 100])).to.deep.equal(state);
  });

  it("agrees with a direct computation, whatever the observations and the clock readings between them", () => {
    const arbitrary = fc.array(
      fc.tuple(fc.integer({ min: 0, max: 20_000 }), fc.integer({ min: 1, max: 1000 }), fc.boolean()),
      { minLength: 1, maxLength: 60 },
    );
    fc.assert(
      fc.property(arbitrary, (steps) => {
        let time = MARCH;
        const seen: Observation[] = steps.map(([wait, price]) => ({ time: (time += wait), price }));
        let state = startHourly();
        for (const [i, observation] of seen.entries()) {
          if (steps[i]![2]) state = advance(state, observation.time);
          state = observe(state, observation);
        }
        state = advance(state, time - (time % HOUR) + HOUR);
        const first = seen[0]!.time - (seen[0]!.time % HOUR);
        expect(state.closed).to.have.length((time - (time % HOUR) - first) / HOUR + 1);
        for (const [i, closed] of state.closed.entries()) {
          const own = seen
            .filter((o) => o.time >= first + i * HOUR && o.time < first + (i + 1) * HOUR)
            .map((o) => o.price);
          const before = state.closed[i - 1];
          expect(closed.time).to.equal(first + i * HOUR);
          expect(closed.filled ?? false).to.equal(own.length === 0);
          expect(closed.close).to.equal(own.at(-1) ?? before!.close);
          if (own.length === 0) continue;
          const open = before === undefined || before.filled === true ? own[0]! : before.close;
          expect(closed).to.include({ open, high: Math.max(open, ...own), low: Math.min(open, ...own) });
        }
      }),
    );
  });
});
