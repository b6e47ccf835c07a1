import { expect } from "chai";

import type { Bar } from "../../../keeper/market/types.ts";
import { walkBar } from "../../../scripts/local/market/walk.ts";
import { expectClose } from "../../support/close.ts";

const bar: Bar = { time: 3600, open: 100, high: 110, low: 95, close: 105, volume: 1 };

describe("market walk", () => {
  it("visits the nearer extreme, the other, and the close, evenly in time", () => {
    expect(walkBar(bar, 3600, 3)).to.deep.equal([
      { time: 4800, price: 95, closesBar: false },
      { time: 6000, price: 110, closesBar: false },
      { time: 7200, price: 105, closesBar: true },
    ]);
    const other = walkBar({ ...bar, high: 101 }, 3600, 3);
    expect(other.map((stop) => stop.price)).to.deep.equal([101, 95, 105]);
  });

  it("measures nearness in log price", () => {
    // 10 up and 9.5 down are as far in per cent of the open, but the way down is longer in log price.
    const stops = walkBar({ ...bar, high: 110, low: 90.5 }, 3600, 3);
    expect(stops[0]?.price).to.equal(110);
  });

  it("divides the legs evenly in log price", () => {
    const stops = walkBar(bar, 3600, 6);
    expect(stops.map((stop) => stop.time)).to.deep.equal([4200, 4800, 5400, 6000, 6600, 7200]);
    expectClose(stops[0]?.price ?? NaN, Math.sqrt(100 * 95), 1e-9);
    expect(stops[1]?.price).to.equal(95);
    expectClose(stops[2]?.price ?? NaN, Math.sqrt(95 * 110), 1e-9);
    expect(stops.map((stop) => stop.closesBar)).to.deep.equal([false, false, false, false, false, true]);
  });

  it("stands still in a bar without moves", () => {
    const flat = walkBar({ ...bar, high: 100, low: 100, close: 100 }, 3600, 3);
    expect(flat.map((stop) => stop.price)).to.deep.equal([100, 100, 100]);
  });

  it("refuses stops that do not fit", () => {
    for (const stops of [0, 1, 2, 4, 3.5, 7200 * 3])
      expect(() => walkBar(bar, 3600, stops)).to.throw(/multiple of three/);
  });
});
