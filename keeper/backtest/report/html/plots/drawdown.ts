/** How far below its earlier peak each strategy lay: a small panel each, since lines that all fall together cannot be told apart. */
import { grouped } from "../../../../report/format.ts";
import { type Tape, timeOf } from "../../../data/tape.ts";
import type { StrategyStudy } from "../../../study/study.ts";
import { bottomAxis, type Frame, leftAxis } from "../axes.ts";
import { least } from "../downsample.ts";
import { type Drawing, WIDTH } from "../figure.ts";
import { areaPath, linePath } from "../line.ts";
import { el, join, type Markup, text } from "../markup.ts";
import { seriesClass } from "../series.ts";
import { linear, time } from "../scale.ts";
import { dayOf } from "./timeFrame.ts";

const COLUMNS = 2;
const PANEL = { width: WIDTH / COLUMNS, height: 126 };

/** Value over the highest value so far, less one, at each mark. */
export function fallsOf(nav: Float64Array): Float64Array {
  let peak = Number.NEGATIVE_INFINITY;
  return nav.map((value) => {
    peak = Math.max(peak, value);
    return value / peak - 1;
  });
}

export function drawdownPlot(tape: Tape, strategies: readonly StrategyStudy[]): Drawing {
  const falls = strategies.map(({ first }) => fallsOf(first.record.nav));
  const deepest = falls.map((series) => series.reduce((low, value, at) => (value < (series[low] ?? 0) ? at : low), 0));
  const floor = Math.min(-0.1, ...falls.map((series, i) => series[deepest[i] ?? 0] ?? 0));
  const panels = strategies.map(({ name, first }, i): Markup => {
    const [left, top] = [(i % COLUMNS) * PANEL.width + 46, Math.floor(i / COLUMNS) * PANEL.height + 24];
    const frame: Frame = { left, right: left + PANEL.width - 62, top, bottom: top + 76 };
    const x = time([tape.from, timeOf(tape, tape.bars)], [frame.left, frame.right], 6);
    const y = linear([floor, 0], [frame.bottom, frame.top], 3, (value) => `${grouped(value * 100, 0)} %`);
    const series = falls[i] ?? Float64Array.of();
    const points = least(series, Math.round(frame.right - frame.left)).map(
      ({ at, value }) => [timeOf(tape, first.record.start + at), value] as const,
    );
    const worst = deepest[i] ?? 0;
    const title = `${name}: ${grouped((series[worst] ?? 0) * 100, 1)} % on ${dayOf(tape, first.record.start + worst)}`;
    return join([
      el("text", { class: "label", x: frame.left, y: top - 8 }, text(title)),
      leftAxis(y, frame),
      bottomAxis(x, frame),
      el("path", { class: `area ${seriesClass(i)}`, d: areaPath(points, x, y, 0) }),
      el("path", { class: `line ${seriesClass(i)}`, d: linePath(points, x, y) }),
    ]);
  });
  return {
    id: "drawdown",
    title: "How far below its earlier peak each strategy lay",
    description:
      "At each hour the fall from the highest value until then, from the first start on; each panel names its deepest point. Zero is a new high. All panels have the same scale.",
    height: Math.ceil(strategies.length / COLUMNS) * PANEL.height,
    content: join(panels),
  };
}
