import { expect } from "chai";

import { varianceRun } from "../../../keeper/signals/realisedVolatility.ts";
import { REGIME_HOURS, regimeClass, regimeOf, regimeSignal } from "../../../keeper/signals/regime.ts";
import { end, zigzag } from "./helpers.ts";

describe("volatility regime", () => {
  it("has four classes, the boundary belonging to the upper one", () => {
    expect([0.2, 0.5, 0.79, 0.8, 1.19, 1.2, 3].map(regimeClass)).to.deep.equal([0, 1, 1, 2, 2, 3, 3]);
  });

  it("crosses a boundary only when passed by a twentieth of it", () => {
    expect(regimeOf([0.45, 0.51, 0.52, 0.51])).to.equal(0);
    expect(regimeOf([0.45, 0.51, 0.53])).to.equal(1);
    expect(regimeOf([0.55, 0.49, 0.48])).to.equal(1);
    expect(regimeOf([0.55, 0.49, 0.47])).to.equal(0);
  });

  it("keeps a class for three midnights", () => {
    expect(regimeOf([0.4, 0.6, 0.4, 0.4])).to.equal(1);
    expect(regimeOf([0.4, 0.6, 0.4, 0.4, 0.4])).to.equal(0);
  });

  it("jumps over classes when volatility does", () => {
    expect(regimeOf([0.4, 1.5])).to.equal(3);
    expect(regimeOf([])).to.equal(null);
  });

  it("reads the 30-day volatility of the bars", () => {
    for (const [volatility, expected] of [
      [0.3, 0],
      [0.65, 1],
      [1, 2],
      [1.5, 3],
    ] as const) {
      const bars = zigzag(24 * 45, volatility / Math.sqrt(8760));
      const run = varianceRun(bars, end(bars), REGIME_HOURS);
      expect(regimeSignal(end(bars), run).value).to.equal(expected);
    }
    const short = zigzag(24 * 20, 0.01);
    expect(regimeSignal(end(short), varianceRun(short, end(short), REGIME_HOURS)).value).to.equal(null);
  });
});
