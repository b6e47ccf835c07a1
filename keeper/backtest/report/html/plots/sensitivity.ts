/** How much the result depends on what nobody knows: the pay ratio k, and the day on which one began. */
import { grouped } from "../../../../report/format.ts";
import { bottomAxis, type Frame, zeroLine } from "../axes.ts";
import { type Drawing, WIDTH } from "../figure.ts";
import { labelWidth } from "../labels.ts";
import { el, join, type Markup, text } from "../markup.ts";
import { mark } from "../series.ts";
import { linear } from "../scale.ts";

export interface SensitivityRow {
  readonly name: string;
  /** CAGR by pay ratio, ascending; null where there is none. */
  readonly atK: readonly { readonly k: number; readonly cagr: number | null }[];
  /** CAGR over the starts at the study's own pay ratio. */
  readonly starts: { readonly min: number; readonly mean: number; readonly max: number } | null;
}

const ROW = 28;

export function sensitivityPlot(rows: readonly SensitivityRow[], k: number): Drawing {
  const top = 56;
  const bottom = top + rows.length * ROW;
  const labels = 20 + labelWidth(rows.map(({ name }) => name));
  const middle = (labels + WIDTH) / 2;
  const left: Frame = { left: labels, right: middle - 16, top, bottom };
  const right: Frame = { left: middle + 12, right: WIDTH - 12, top, bottom };
  const all = rows.flatMap(({ atK, starts }) => [
    ...atK.map(({ cagr }) => cagr),
    starts?.min ?? null,
    starts?.max ?? null,
  ]);
  const known = all.filter((value): value is number => value !== null);
  const domain = [Math.min(0, ...known), Math.max(0, ...known)] as const;
  const margin = (domain[1] - domain[0]) * 0.05;
  const [xK, xStart] = [left, right].map((frame) =>
    linear(
      [domain[0] - margin, domain[1] + margin],
      [frame.left, frame.right],
      5,
      (value) => `${grouped(value * 100, 0)} %`,
    ),
  ) as [ReturnType<typeof linear>, ReturnType<typeof linear>];
  const ratios = rows[0]?.atK.map(({ k: ratio }) => ratio) ?? [];

  const drawn = rows.map(({ name, atK, starts }, i): Markup => {
    const y = top + (i + 0.5) * ROW;
    const places = atK.flatMap(({ cagr }, n) => (cagr === null ? [] : [{ n, x: xK.at(cagr) }]));
    const ends = places.map((place) => place.x);
    return join([
      el("text", { class: "label", x: left.left - 8, y: y + 4, "text-anchor": "end" }, text(name)),
      ends.length === 0
        ? join([])
        : el("line", { class: "span", x1: Math.min(...ends), x2: Math.max(...ends), y1: y, y2: y }),
      ...places.map((place) => mark(place.n, place.x, y, 4.5, ratios[place.n] === k ? "own" : "other")),
      starts === null
        ? join([])
        : join([
            el("rect", {
              class: "interval absolute",
              x: xStart.at(starts.min),
              y: y - 5,
              width: Math.max(1, xStart.at(starts.max) - xStart.at(starts.min)),
              height: 10,
            }),
            el("line", { class: "zero", x1: xStart.at(starts.mean), x2: xStart.at(starts.mean), y1: y - 9, y2: y + 9 }),
          ]),
    ]);
  });
  return {
    id: "sensitivity",
    title: "How much the result depends on k and on the start",
    description: `Return a year (CAGR). Left: at other pay ratios k, everything else the same. Right: the range over the starts at k = ${k}, the stroke is their mean. A row that crosses the upright line at zero gains or loses depending on something that nobody knew beforehand.`,
    height: bottom + 26,
    content: join([
      el("text", { class: "label", x: left.left, y: 14 }, text("By k")),
      el("text", { class: "label", x: right.left, y: 14 }, text("By start")),
      ...ratios.map((ratio, n) => {
        const x = left.left + n * 58;
        return join([
          mark(n, x + 5, 33, 4.5, ratio === k ? "own" : "other"),
          el("text", { class: "tick", x: x + 14, y: 37 }, text(String(ratio))),
        ]);
      }),
      bottomAxis(xK, left),
      bottomAxis(xStart, right),
      zeroLine(xK, left, true),
      zeroLine(xStart, right, true),
      ...drawn,
    ]),
  };
}
