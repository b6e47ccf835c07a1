/** Break-even prices: for each strategy with ranges and each horizon, the prices between which nothing is lost. */
import type { BookBreakEven, Interval } from "../../../metrics/breakEven.ts";
import { bottomAxis, type Frame } from "../axes.ts";
import { type Drawing, WIDTH } from "../figure.ts";
import { labelWidth } from "../labels.ts";
import { el, join, type Markup, NOTHING, text } from "../markup.ts";
import { clamp, linear } from "../scale.ts";
import { priceText } from "../write.ts";

export type BreakEvenRow = Pick<BookBreakEven, "days" | "absolute" | "versusTokens">;

const ROW = 20;
const GAP = 12;

/**
 * @param price at the end of the window
 * @param volatility a year, of the last 30 days; the axis spans 2.5 standard deviations of the longest horizon
 */
export function breakEvenPlot(
  strategies: readonly { readonly name: string; readonly rows: readonly BreakEvenRow[] }[],
  price: number,
  volatility: number,
): Drawing {
  const longest = Math.max(1, ...strategies.flatMap(({ rows }) => rows.map(({ days }) => days)));
  const reach = Math.exp(2.5 * volatility * Math.sqrt(longest / 365));
  const top = 34;
  const heights = strategies.map(({ rows }) => rows.length * ROW + GAP);
  const bottom = top + heights.reduce((sum, height) => sum + height, 0);
  const frame: Frame = { left: 54 + labelWidth(strategies.map(({ name }) => name)), right: WIDTH - 132, top, bottom };
  const x = linear([price / reach, price * reach], [frame.left, frame.right], 6, priceText);
  const here = x.at(price);
  let y = top + GAP / 2;
  const drawn = strategies.map(({ name, rows }): Markup => {
    const first = y;
    const lines = rows.map(({ days, absolute, versusTokens }) => {
      const middle = (y += ROW) - ROW / 2;
      return join([
        el("text", { class: "tick", x: frame.left - 8, y: middle + 4, "text-anchor": "end" }, text(`${days} d`)),
        bar(absolute, middle - 4, 6, "absolute"),
        bar(versusTokens, middle + 5, 4, "versus"),
        el("text", { class: "tick", x: frame.right + 58, y: middle + 4, "text-anchor": "end" }, text(chance(absolute))),
        el("text", { class: "tick", x: WIDTH - 6, y: middle + 4, "text-anchor": "end" }, text(chance(versusTokens))),
      ]);
    });
    y += GAP;
    return join([el("text", { class: "label", x: 4, y: first + ROW / 2 + 4 }, text(name)), ...lines]);
  });
  return {
    id: "break-even",
    title: "Break-even prices after 7, 30 and 90 days",
    description: `If the ranges as they stood at the end were left alone: the thick bar holds the prices at which nothing has been lost by then (fees and hedges make good for losses and costs), the thin bar those at which the ranges have done better than the tokens in them would have. An arrow means that the bar goes on. At the right the probability of ending inside each. The upright line is the price at the end, ${priceText(price)}.`,
    height: bottom + 26,
    content: join([
      el("text", { class: "axis", x: frame.right + 58, y: 14, "text-anchor": "end" }, text("nothing")),
      el("text", { class: "axis", x: frame.right + 58, y: 28, "text-anchor": "end" }, text("lost")),
      el("text", { class: "axis", x: WIDTH - 6, y: 14, "text-anchor": "end" }, text("beats")),
      el("text", { class: "axis", x: WIDTH - 6, y: 28, "text-anchor": "end" }, text("tokens")),
      bottomAxis(x, frame),
      ...drawn,
      el("line", { class: "zero", x1: here, x2: here, y1: top, y2: bottom }),
    ]),
  };

  function bar(interval: Interval | null, middle: number, thick: number, name: string): Markup {
    if (interval === null) return NOTHING;
    const upper = interval.upper ?? Number.POSITIVE_INFINITY;
    const [low, high] = x.domain;
    // Wholly beyond the axis: the table has it.
    if (interval.lower > high || upper < low) return NOTHING;
    const [from, to] = [x.at(clamp(x, interval.lower)), x.at(clamp(x, upper))];
    const arrow = (at: number, way: number): Markup =>
      el("path", {
        class: `interval ${name}`,
        d: `M${at.toFixed(1)} ${middle - thick}L${(at + way * 8).toFixed(1)} ${middle}L${at.toFixed(1)} ${middle + thick}Z`,
      });
    return join([
      el("rect", {
        class: `interval ${name}`,
        x: from,
        y: middle - thick / 2,
        width: Math.max(1, to - from),
        height: thick,
      }),
      interval.lower < low ? arrow(from, -1) : NOTHING,
      upper > high ? arrow(to, 1) : NOTHING,
    ]);
  }
}

function chance(interval: Interval | null): string {
  return interval === null ? "never" : `${(interval.probability * 100).toFixed(0)} %`;
}
