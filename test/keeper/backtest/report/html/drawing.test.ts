import { expect } from "chai";
import fc from "fast-check";

import { bandsOf } from "../../../../../keeper/backtest/report/html/bands.ts";
import { stack } from "../../../../../keeper/backtest/report/html/bars.ts";
import { least, minMax } from "../../../../../keeper/backtest/report/html/downsample.ts";
import { spreadApart } from "../../../../../keeper/backtest/report/html/labels.ts";
import { areaPath, boxesPath, linePath } from "../../../../../keeper/backtest/report/html/line.ts";
import { coordinate, el, join, text, verbatim } from "../../../../../keeper/backtest/report/html/markup.ts";
import { linear, logarithmic, time } from "../../../../../keeper/backtest/report/html/scale.ts";
import { SERIES } from "../../../../../keeper/backtest/report/html/series.ts";
import { STYLE } from "../../../../../keeper/backtest/report/html/style.ts";
import { expectClose } from "../../../../support/close.ts";
import "../../../../support/seed.ts";

const values = (scale: { readonly ticks: readonly { readonly value: number }[] }): number[] =>
  scale.ticks.map(({ value }) => value);
const seconds = (...date: [number, number, number]): number => Date.UTC(...date) / 1000;
const finite = fc.double({ min: -1e9, max: 1e9, noNaN: true });

describe("report: markup", () => {
  it("escapes text and attributes, and leaves out what no document may hold", () => {
    const nasty = `</title><script>alert("1 & 2's")</script>\u0000\u0007`;
    const written = el("p", { title: nasty }, text(nasty));
    expect(written).to.equal(
      `<p title="${text(nasty)}">&lt;/title&gt;&lt;script&gt;alert(&quot;1 &amp; 2&#39;s&quot;)&lt;/script&gt;</p>`,
    );
    expect(written.match(/<[a-z/]/g)).to.deep.equal(["<p", "</"]);
  });

  it("leaves out attributes that are not there, ends no void element, takes lists of children", () => {
    expect(el("meta", { charset: "utf-8", id: undefined })).to.equal('<meta charset="utf-8">');
    expect(el("g", {}, [text("a"), text("b")], join([text("c"), text("d")], " "))).to.equal("<g>abc d</g>");
  });

  it("refuses a script that would end itself, and a coordinate that is no number", () => {
    expect(() => verbatim('const a = "</script>"')).to.throw(/holds its own end tag/);
    expect(() => coordinate(Number.NaN)).to.throw(/NaN is no coordinate/);
    expect([1.26, -0.04, 3].map(coordinate)).to.deep.equal(["1.3", "0", "3"]);
  });
});

describe("report: scales", () => {
  it("has round ticks inside its domain, about as many as asked", () => {
    expect(values(linear([0, 100], [0, 1], 5))).to.deep.equal([0, 20, 40, 60, 80, 100]);
    expect(values(linear([-0.31, 0.22], [0, 1], 5))).to.deep.equal([-0.3, -0.2, -0.1, 0, 0.1, 0.2]);
    expect(values(logarithmic([80, 5200], [0, 1], 7))).to.deep.equal([100, 200, 500, 1000, 2000, 5000]);
    expect(values(logarithmic([1e-3, 1e9], [0, 1], 6))).to.deep.equal([1e-2, 1, 100, 1e4, 1e6, 1e8]);
    fc.assert(
      fc.property(
        fc.double({ min: -1e5, max: 1e5, noNaN: true }),
        fc.double({ min: 1e-6, max: 1e9, noNaN: true }),
        (from, width) => {
          const scale = linear([from, from + width], [0, 500], 5);
          const ticks = values(scale);
          expect(ticks.length).to.be.within(1, 9);
          for (const tick of ticks) expect(scale.at(tick)).to.be.within(-1e-3, 500.001);
        },
      ),
    );
  });

  it("maps ends to ends, equal steps or equal ratios to equal ways, and survives a domain without width", () => {
    const [line, log] = [linear([2, 4], [100, 0]), logarithmic([1, 10_000], [0, 400])];
    expect([2, 3, 4].map((value) => line.at(value))).to.deep.equal([100, 50, 0]);
    for (const [i, value] of [1, 10, 100, 1000, 10_000].entries()) expectClose(log.at(value), 100 * i, 1e-9);
    expect([linear([0, 0], [0, 10]).at(0), linear([5, 5], [0, 10]).at(5)]).to.deep.equal([5, 5]);
    expectClose(logarithmic([3, 3], [0, 10]).at(3), 5, 1e-9);
    expect(() => logarithmic([0, 1], [0, 1])).to.throw(/cannot begin at 0; use a linear one/);
  });

  it("has ticks of time at the first of a year, quarter, month or at midnights", () => {
    const labels = (from: number, to: number): string[] => time([from, to], [0, 1]).ticks.map(({ label }) => label);
    expect(labels(seconds(2018, 0, 1), seconds(2023, 0, 1))).to.deep.equal([
      ...["2018", "2019", "2020", "2021", "2022", "2023"],
    ]);
    expect(labels(seconds(2020, 0, 1), seconds(2020, 2, 21))).to.deep.equal([
      ...["1 Jan", "15 Jan", "29 Jan", "12 Feb", "26 Feb", "11 Mar"],
    ]);
    expect(labels(seconds(2020, 0, 15), seconds(2020, 6, 1))).to.deep.equal([
      ...["Feb 2020", "Mar 2020", "Apr 2020", "May 2020", "Jun 2020", "Jul 2020"],
    ]);
    expect(labels(seconds(2000, 0, 1), seconds(2030, 0, 1)).length).to.be.within(4, 9);
  });
});

describe("report: lines", () => {
  const [x, y] = [linear([0, 10], [0, 100]), linear([0, 10], [100, 0])];

  it("draws what lies beyond the domain at its edge", () => {
    expect(linePath([[0, 5], [5, 20], [10, -3]], x, y)).to.equal("M0 50L50 0L100 100"); // prettier-ignore
    expect(areaPath([[0, 5], [10, 5]], x, y, 0)).to.equal("M0 50L100 50L100 100L0 100Z"); // prettier-ignore
    expect([linePath([], x, y), areaPath([], x, y, 0)]).to.deep.equal(["", ""]);
  });

  it("cuts boxes off at both domains and leaves out those outside, infinite ones too", () => {
    const boxes = [
      { from: 2, to: 4, lower: 3, upper: 6 },
      { from: 8, to: 12, lower: 0, upper: Number.POSITIVE_INFINITY },
      { from: 1, to: 2, lower: 11, upper: 12 },
      { from: 11, to: 12, lower: 1, upper: 2 },
    ];
    expect(boxesPath(boxes, x, y)).to.equal("M20 70H40V40H20ZM80 100H100V0H80Z");
  });

  it("keeps of each bucket the least and the greatest, and both ends", () => {
    fc.assert(
      fc.property(
        fc.array(finite, { minLength: 1, maxLength: 500 }),
        fc.integer({ min: 1, max: 60 }),
        (list, buckets) => {
          const points = minMax(Float64Array.from(list), buckets);
          expect(points.length).to.be.at.most(2 * buckets + 2);
          expect(points[0]!.at).to.equal(0);
          expect(points.at(-1)!.at).to.equal(list.length - 1);
          expect(Math.max(...points.map(({ value }) => value))).to.equal(Math.max(...list));
          expect(Math.min(...points.map(({ value }) => value))).to.equal(Math.min(...list));
          for (const [i, { at, value }] of points.entries()) {
            expect(value).to.equal(list[at]);
            if (i > 0) expect(at).to.be.greaterThan(points[i - 1]!.at);
          }
          const low = least(Float64Array.from(list), buckets);
          expect(Math.min(...low.map(({ value }) => value))).to.equal(Math.min(...list));
        },
      ),
    );
  });
});

describe("report: bars, bands and labels", () => {
  it("stacks gains and losses to their own sides of zero without a gap, and the parts add up to the total", () => {
    fc.assert(
      fc.property(fc.array(finite, { maxLength: 12 }), (parts) => {
        const stacked = stack(parts);
        const total = parts.reduce((sum, part) => sum + part, 0);
        const drawn = stacked.reduce((sum, { from, to }) => sum + (to - from), 0);
        expectClose(drawn, total, 1e-4);
        const up = Math.max(0, ...stacked.map(({ to }) => to));
        const down = Math.min(0, ...stacked.map(({ to }) => to));
        expectClose(up + down, total, 1e-4);
        for (const [i, { from, to }] of stacked.entries()) expectClose(to - from, parts[i]!, 1e-4);
      }),
    );
    expect(stack([3, -1, 2, -4])).to.deep.equal([
      { from: 0, to: 3 },
      { from: 0, to: -1 },
      { from: 3, to: 5 },
      { from: -1, to: -5 },
    ]);
  });

  it("joins neighbours of one name", () => {
    const names = ["a", "a", "b", "a"] as const;
    expect(bandsOf([0, 1, 2, 3, 4], (at) => names[at]!)).to.deep.equal([
      { name: "a", from: 0, to: 2 },
      { name: "b", from: 2, to: 3 },
      { name: "a", from: 3, to: 4 },
    ]);
    expect(bandsOf([], () => "a")).to.deep.equal([]);
  });

  it("moves labels apart, in their order, inside the frame, and no further than needed", () => {
    expect(spreadApart([10, 50, 90], 16, 0, 100)).to.deep.equal([10, 50, 90]);
    expect(spreadApart([50, 50], 16, 0, 100)).to.deep.equal([42, 58]);
    expect(spreadApart([99, 98], 16, 0, 100)).to.deep.equal([100, 84]);
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 400, noNaN: true }), { maxLength: 20 }), (wished) => {
        const places = spreadApart(wished, 16, 0, 400);
        const order = wished.map((_, i) => i).toSorted((a, b) => wished[a]! - wished[b]! || a - b);
        for (const [rank, i] of order.entries()) {
          expect(places[i]).to.be.within(-1e-9, 400 + 1e-9);
          if (rank > 0) expect(places[i]! - places[order[rank - 1]!]!).to.be.greaterThan(16 - 1e-9);
        }
      }),
    );
  });
});

describe("report: colours", () => {
  /** Relative luminance and contrast of WCAG 2.2. */
  const luminance = (colour: string): number => {
    const digits = colour
      .slice(1)
      .replace(/^(.)(.)(.)$/, "$1$1$2$2$3$3")
      .match(/../g)!;
    const [r, g, b] = digits.map((pair) => {
      const part = parseInt(pair, 16) / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    }) as [number, number, number];
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (one: string, other: string): number => {
    const [a, b] = [luminance(one), luminance(other)];
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  };
  const themes = [...STYLE.matchAll(/:root\{([^}]*)\}/g)].map(
    ([, block]) => new Map([...block!.matchAll(/--(\w+):(#\w+)/g)].map(([, name, colour]) => [name!, colour!])),
  );

  it("text stands out from its ground by 4.5 to 1, lines by 3 to 1, light and dark", () => {
    expect(themes.length).to.equal(2);
    for (const theme of themes) {
      const of = (name: string): string => theme.get(name)!;
      for (const name of ["ink", "soft", "accent"])
        for (const ground of ["ground", "panel"])
          expect(contrast(of(name), of(ground)), `${name} on ${ground}`).to.be.at.least(4.5);
      for (let i = 0; i < SERIES; i++) expect(contrast(of(`s${i}`), of("ground")), `series ${i}`).to.be.at.least(3);
    }
  });
});
