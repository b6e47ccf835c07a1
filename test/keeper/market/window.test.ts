import { expect } from "chai";
import fc from "fast-check";
import { parseCsv } from "../../../keeper/market/csv.ts";
import { MarketDataError, MarketOptionError } from "../../../keeper/market/errors.ts";
import { cutWindow, MAX_GAP_HOURS, MAX_HISTORY_DAYS, type Window } from "../../../keeper/market/window.ts";
import type { PricePath } from "../../../keeper/market/types.ts";
import { bars, HOUR, MARCH } from "./fixtures.ts";
import "../../support/seed.ts";

/** A file with bars at the given hours after 2020-03-01, parsed; bar of hour h closes at 100 + h % 5. */
function cut(hours: readonly number[], from?: number, to?: number): PricePath {
  const all = bars(Math.max(...hours) + 1);
  const rows = hours.map((h) => all[h]!).map((b) => [b.time, b.open, b.high, b.low, b.close, b.volume].join(","));
  const window: Window = {
    ...(from === undefined ? {} : { from: MARCH + from * HOUR }),
    ...(to === undefined ? {} : { to: MARCH + to * HOUR }),
  };
  return cutWindow(parseCsv(["time,open,high,low,close,volume", ...rows].join("\n"), "p.csv"), "p.csv", window);
}

function span(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

function without(hours: number[], from: number, count: number): number[] {
  return hours.filter((h) => h < from || h >= from + count);
}

/** Contiguous, aligned, history up to the window, count right, fills flat at the last close. */
function checkShape(path: PricePath): void {
  const all = [...path.history, ...path.bars];
  expect(path.bars[0]!.time).to.equal(path.from);
  expect(path.bars).to.have.length((path.to - path.from) / HOUR);
  if (path.history.length > 0) expect(path.history.at(-1)!.time).to.equal(path.from - HOUR);
  for (const [i, bar] of all.entries()) {
    const before = all[i - 1];
    if (before !== undefined) expect(bar.time).to.equal(before.time + HOUR);
    if (bar.filled === true)
      expect(bar).to.include({
        open: before!.close,
        high: before!.close,
        low: before!.close,
        close: before!.close,
        volume: 0,
      });
    expect(bar).to.not.have.property("line");
  }
  expect(path.filledBars).to.equal(path.bars.filter((bar) => bar.filled).length);
}

describe("market/window", () => {
  it("takes the whole file without a window", () => {
    const path = cut(span(0, 30));
    checkShape(path);
    expect(path).to.include({
      source: "file",
      file: "p.csv",
      from: MARCH,
      to: MARCH + 30 * HOUR,
      step: HOUR,
      filledBars: 0,
    });
    expect(path.history).to.deep.equal([]);
  });

  it("is half open, and keeps what lies before it as history", () => {
    const path = cut(span(0, 30), 10, 20);
    checkShape(path);
    expect(path.bars).to.have.length(10);
    expect(path.history).to.have.length(10);
    expect(path.bars.at(-1)!.time).to.equal(MARCH + 19 * HOUR);
  });

  it("fills 48 missing hours and refuses 49, naming both lines", () => {
    const path = cut(without(span(0, 100), 10, MAX_GAP_HOURS));
    checkShape(path);
    expect(path.filledBars).to.equal(48);
    expect(() => cut(without(span(0, 100), 10, 49))).to.throw(
      MarketDataError,
      /^p\.csv:12: 49 hours are missing between 2020-03-01T09:00Z in line 11 and 2020-03-03T11:00Z/,
    );
  });

  it("does not mind a long gap outside the window", () => {
    const hours = without(without(span(0, 400), 10, 60), 300, 60);
    checkShape(cut(hours, 100, 200));
    expect(cut(hours, 100, 200).history).to.have.length(30);
    expect(() => cut(hours, 100, 301)).to.throw(MarketDataError, /60 hours are missing/);
    expect(() => cut(hours, 100, 300)).to.not.throw();
  });

  it("carries over the window's beginning from the bar before it", () => {
    const path = cut(without(span(0, 100), 10, 48), 30, 90);
    checkShape(path);
    expect(path.filledBars).to.equal(28);
    expect(path.history.filter((bar) => bar.filled)).to.have.length(20);
    expect(path.bars[0]!.close).to.equal(104);
  });

  it("says where to begin when the gap before the window is too long", () => {
    expect(() => cut(without(span(0, 100), 10, 49), 30, 90)).to.throw(
      MarketDataError,
      /inside a gap of 49 hours after line 11.*begin at 2020-03-03T11:00Z/,
    );
    expect(() => cut(without(span(0, 100), 10, 49), 59, 90)).to.not.throw();
  });

  it("carries over the window's end only if the file goes on behind it", () => {
    const path = cut(without(span(0, 100), 60, 30), 20, 80);
    checkShape(path);
    expect(path.filledBars).to.equal(20);
    expect(() => cut(span(0, 60), 20, 61)).to.throw(
      MarketDataError,
      /^p\.csv:61: the last bar opens at 2020-03-03T11:00Z, so the window must end by 2020-03-03T12:00Z/,
    );
  });

  it("says where the file begins", () => {
    expect(() => cut(span(5, 60), 4, 50)).to.throw(MarketDataError, /the first bar opens at 2020-03-01T05:00Z/);
  });

  it("refuses a window in which there is no bar, one that is empty and one off the hour", () => {
    expect(() => cut(without(span(0, 100), 10, 30), 15, 20)).to.throw(MarketDataError, /there is no bar from/);
    expect(() => cut(span(0, 30), 10, 10)).to.throw(MarketOptionError, /let it end after it begins/);
    expect(() => cut(span(0, 30), 10.5, 12)).to.throw(MarketOptionError, /not on the hour/);
  });

  it("keeps at most 400 days of history", () => {
    const path = cut(span(0, 9700), 9650, 9700);
    checkShape(path);
    expect(path.history).to.have.length(MAX_HISTORY_DAYS * 24);
  });

  it("keeps its shape for any file with short gaps and any window inside", () => {
    const hours = fc
      .array(fc.integer({ min: 1, max: 49 }), { minLength: 4, maxLength: 60 })
      .map((steps) => steps.reduce<number[]>((list, step) => [...list, list.at(-1)! + step], [0]));
    fc.assert(
      fc.property(hours, fc.nat(), fc.nat(), (list, a, b) => {
        const end = list.at(-1)! + 1;
        const [from, to] = [a % end, b % (end + 1)].sort((x, y) => x - y) as [number, number];
        fc.pre(list.some((h) => h >= from && h < to));
        const path = cut(list, from, to);
        checkShape(path);
        expect(path.bars.filter((bar) => bar.filled !== true)).to.have.length(
          list.filter((h) => h >= from && h < to).length,
        );
        expect(path.history).to.have.length(from);
      }),
      { numRuns: 200 },
    );
  });
});
