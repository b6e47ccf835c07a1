/** The price with the ranges of one strategy. */
import { price as priceWithPlaces } from "../../../../report/format.ts";
import { type Tape, timeOf } from "../../../data/tape.ts";
import type { RangeSpan } from "../../../engine/rangeHistory.ts";
import { bottomAxis, leftAxis } from "../axes.ts";
import { minMax } from "../downsample.ts";
import type { Drawing } from "../figure.ts";
import { boxesPath, linePath } from "../line.ts";
import { el, join } from "../markup.ts";
import { linear, logarithmic, type Scale } from "../scale.ts";
import { priceText } from "../write.ts";
import { dayOf, samples, timeFrame } from "./timeFrame.ts";

/** From this ratio of greatest to least on, equal steps should be equal ratios. */
export const LOG_FROM = 4;

/** @param ranges of the strategy; none draws the price alone */
export function pricePlot(tape: Tape, name: string | null, ranges: readonly RangeSpan[]): Drawing {
  const { frame, x } = timeFrame(tape, 12, 280, 16);
  const points = minMax(tape.price, Math.round(frame.right - frame.left)).map(
    ({ at, value }) => [timeOf(tape, at), value] as const,
  );
  const y = valueScale(
    points.map(([, value]) => value),
    [frame.bottom, frame.top],
    priceText,
  );
  const boxes = ranges.map(({ from, to, lower, upper }) => ({
    from: timeOf(tape, from),
    to: timeOf(tape, to),
    lower,
    upper,
  }));
  const shown = samples(tape);
  const opened = ranges.length === 1 ? "1 range" : `${ranges.length} ranges`;
  return {
    id: "price",
    title: name === null ? "Price" : `Price, and the ranges of ${name}`,
    description:
      name === null
        ? "The price of one unit of the base token. No strategy had a range."
        : `The line is the price. Each box is a range in which ${name} offered liquidity: as wide as it stood open, as high as its bounds. While the line is inside a box that range earns fees; outside it earns nothing. ${opened}, from the first start on.`,
    height: frame.bottom + 26,
    content: join([
      leftAxis(y, frame),
      bottomAxis(x, frame),
      el("path", { class: "ranges", d: boxesPath(boxes, x, y) }),
      el("path", { class: "price", d: linePath(points, x, y) }),
    ]),
    hover: {
      ...frame,
      labels: shown.map((at) => dayOf(tape, at)),
      series: [{ name: "price", values: shown.map((at) => priceWithPlaces(tape.price[at] ?? Number.NaN)) }],
    },
  };
}

/** Logarithmic if the values spread over more than a factor of four and lie above zero, else linear. */
export function valueScale(
  values: readonly number[],
  range: readonly [number, number],
  format: (value: number) => string,
): Scale {
  const [low, high] = extent(values);
  if (low > 0 && high / low >= LOG_FROM) return logarithmic([low * 0.95, high * 1.05], range, 7, format);
  const margin = (high - low) * 0.04;
  return linear([low - margin, high + margin], range, 6, format);
}

/** Without spreading a long array over an argument list. */
export function extent(values: readonly number[]): readonly [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}
