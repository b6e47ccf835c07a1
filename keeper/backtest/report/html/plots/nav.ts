/** What the starting value became in each strategy, over the regimes. */
import { grouped } from "../../../../report/format.ts";
import type { RegimeName } from "../../../data/regimes.ts";
import { type Tape, timeOf } from "../../../data/tape.ts";
import type { StrategyStudy } from "../../../study/study.ts";
import { bottomAxis, leftAxis } from "../axes.ts";
import { type Band, drawBands } from "../bands.ts";
import { minMax } from "../downsample.ts";
import type { Drawing } from "../figure.ts";
import { labelWidth, spreadApart } from "../labels.ts";
import { linePath, type XY } from "../line.ts";
import { el, join, type Markup, text } from "../markup.ts";
import { mark, seriesClass } from "../series.ts";
import { shortMoney } from "../write.ts";
import { valueScale } from "./price.ts";
import { dayOf, samples, timeFrame } from "./timeFrame.ts";

/** Marks on each line; those of different strategies are shifted against each other. */
const MARKS = 7;

export function navPlot(
  tape: Tape,
  strategies: readonly StrategyStudy[],
  regimes: readonly Band<RegimeName>[],
): Drawing {
  const { frame, x } = timeFrame(tape, 12, 380, 40 + labelWidth(strategies.map(({ name }) => name)));
  const buckets = Math.round(frame.right - frame.left);
  const lines = strategies.map(({ first: { record } }) =>
    minMax(record.nav, buckets).map(({ at, value }): XY => [timeOf(tape, record.start + at), value]),
  );
  const y = valueScale(
    lines.flat().map(([, value]) => value),
    [frame.bottom, frame.top],
    shortMoney,
  );
  const shown = samples(tape);
  const valueAt = (one: StrategyStudy, at: number): number =>
    one.first.record.nav[at - one.first.record.start] ?? Number.NaN;

  const drawn = strategies.map((one, i) => {
    const step = tape.bars / MARKS;
    const marks = Array.from({ length: MARKS }, (_, n) => {
      const at = Math.round(step * (n + (i + 0.5) / strategies.length));
      return mark(i, x.at(timeOf(tape, at)), y.at(valueAt(one, at)), 3.5);
    });
    return join([el("path", { class: `line ${seriesClass(i)}`, d: linePath(lines[i] ?? [], x, y) }), ...marks]);
  });
  return {
    id: "nav",
    title: "Value of each strategy over time",
    description:
      "What the starting value was worth at each hour, from the first start on, all costs paid. Bands behind the lines are the volatility regime that was known each morning: the stronger the colour, the wilder.",
    height: frame.bottom + 26,
    content: join([
      drawBands(regimes, x, frame),
      leftAxis(y, frame),
      bottomAxis(x, frame),
      ...drawn,
      ...endLabels(
        strategies.map((one) => ({ name: one.name, y: y.at(valueAt(one, tape.bars)) })),
        frame.right,
        frame.top,
        frame.bottom,
      ),
    ]),
    hover: {
      ...frame,
      labels: shown.map((at) => dayOf(tape, at)),
      series: strategies.map((one) => ({ name: one.name, values: shown.map((at) => grouped(valueAt(one, at), 0)) })),
    },
  };
}

/** The name of each line at its end, with its mark, and a thin line to where it ends. */
function endLabels(
  ends: readonly { readonly name: string; readonly y: number }[],
  x: number,
  top: number,
  bottom: number,
): Markup[] {
  const places = spreadApart(
    ends.map((end) => end.y),
    16,
    top + 6,
    bottom - 4,
  );
  return ends.map((end, i) => {
    const y = places[i] ?? end.y;
    return join([
      el("path", {
        class: `leader ${seriesClass(i)}`,
        d: `M${x.toFixed(1)} ${end.y.toFixed(1)}L${(x + 14).toFixed(1)} ${y.toFixed(1)}`,
      }),
      mark(i, x + 20, y),
      el("text", { class: "label", x: x + 29, y: y + 4 }, text(end.name)),
    ]);
  });
}
