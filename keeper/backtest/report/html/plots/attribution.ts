/** Where each strategy's profit came from: the terms of the attribution identity as stacked bars. */
import { grouped } from "../../../../report/format.ts";
import { bottomAxis, type Frame, zeroLine } from "../axes.ts";
import { stack } from "../bars.ts";
import { type Drawing, WIDTH } from "../figure.ts";
import { labelWidth } from "../labels.ts";
import { coordinate, el, join, type Markup, NOTHING, text } from "../markup.ts";
import { linear } from "../scale.ts";
import { percentText } from "../write.ts";

/** In the order of the identity; costs are subtracted. */
export const TERM_NAMES = ["market", "fees", "lvr", "hedge", "carry", "gas", "slippage"] as const;
export type TermName = (typeof TERM_NAMES)[number];
const COSTS: ReadonlySet<TermName> = new Set(["lvr", "gas", "slippage"]);

export const TERM_LABELS: Readonly<Record<TermName, string>> = {
  market: "market",
  fees: "fees",
  lvr: "LVR",
  hedge: "hedge",
  carry: "carry",
  gas: "gas",
  slippage: "slippage",
};

/** Decimal strings of the document. */
export type Terms = Readonly<Record<TermName | "total", string>>;

/** What each term adds to the total, signs applied, quote units. */
export function signedTerms(terms: Terms): readonly { readonly name: TermName; readonly value: number }[] {
  return TERM_NAMES.map((name) => ({ name, value: Number(terms[name]) * (COSTS.has(name) ? -1 : 1) }));
}

const ROW = 34;
const BAR = 20;

/** @param start value at the start, quote units: bars are in percent of it */
/** A triangle that points at the edge of a bar. @param way 1 from above, -1 from below */
export function wedge(x: number, y: number, way: 1 | -1): string {
  const base = coordinate(y - way * 7);
  return `M${coordinate(x)} ${coordinate(y)}L${coordinate(x - 5)} ${base}L${coordinate(x + 5)} ${base}Z`;
}

export function attributionPlot(
  strategies: readonly { readonly name: string; readonly terms: Terms }[],
  start: number,
): Drawing {
  const bars = strategies.map(({ name, terms }) => {
    const parts = signedTerms(terms).map(({ name: term, value }) => ({ term, value: value / start }));
    return { name, parts, stacked: stack(parts.map(({ value }) => value)), total: Number(terms.total) / start };
  });
  const frame: Frame = {
    left: 16 + labelWidth(bars.map(({ name }) => name)),
    right: WIDTH - 92,
    top: 8,
    bottom: 8 + ROW * strategies.length,
  };
  const ends = bars.flatMap(({ stacked, total }) => [0, total, ...stacked.map(({ to }) => to)]);
  const x = linear(
    [Math.min(...ends), Math.max(...ends)],
    [frame.left, frame.right],
    7,
    (value) => `${grouped(value * 100, 0)} %`,
  );
  const rows = bars.map(({ name, parts, stacked, total }, i): Markup => {
    const middle = frame.top + (i + 0.5) * ROW;
    const segments = parts.map(({ term, value }, n) => {
      const part = stacked[n];
      if (part === undefined || value === 0) return NOTHING;
      const [from, to] = [x.at(Math.min(part.from, part.to)), x.at(Math.max(part.from, part.to))];
      const label = TERM_LABELS[term];
      const fits = to - from > 7 * label.length + 8;
      return join([
        el("rect", { class: `term ${term}`, x: from, y: middle - BAR / 2, width: to - from, height: BAR }),
        fits
          ? el("text", { class: "inside", x: (from + to) / 2, y: middle + 4, "text-anchor": "middle" }, text(label))
          : NOTHING,
      ]);
    });
    const at = x.at(total);
    return join([
      el("text", { class: "label", x: frame.left - 8, y: middle + 4, "text-anchor": "end" }, text(name)),
      ...segments,
      el("path", { class: "total", d: wedge(at, middle - BAR / 2, 1) + wedge(at, middle + BAR / 2, -1) }),
      el(
        "text",
        { class: "label", x: WIDTH - 2, y: middle + 4, "text-anchor": "end" },
        text(`= ${percentText(total)}`),
      ),
    ]);
  });
  return {
    id: "attribution",
    title: "Where the profit or loss came from",
    description:
      "Each bar shows the terms of one strategy in percent of the starting value: gains to the right of zero, losses to the left. Together they are the total, which the two small wedges and the number at the right show.",
    height: frame.bottom + 26,
    content: join([bottomAxis(x, frame), ...rows, zeroLine(x, frame, true)]),
  };
}
