/** Lines and areas as the `d` of a path. */
import { coordinate } from "./markup.ts";
import { clamp, type Scale } from "./scale.ts";

/** In the units of the scales. */
export type XY = readonly [x: number, y: number];

/** A line through points; what lies beyond the y domain is drawn at its edge. Empty for no points. */
export function linePath(points: readonly XY[], x: Scale, y: Scale): string {
  return points
    .map(([at, value], i) => `${i === 0 ? "M" : "L"}${coordinate(x.at(at))} ${coordinate(y.at(clamp(y, value)))}`)
    .join("");
}

/** The area between a line and a level. */
export function areaPath(points: readonly XY[], x: Scale, y: Scale, level: number): string {
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined) return "";
  const ground = coordinate(y.at(level));
  return `${linePath(points, x, y)}L${coordinate(x.at(last[0]))} ${ground}L${coordinate(x.at(first[0]))} ${ground}Z`;
}

export interface Box {
  readonly from: number;
  readonly to: number;
  readonly lower: number;
  readonly upper: number;
}

/** Rectangles in one path, cut off at both domains; those that lie wholly outside are left out. */
export function boxesPath(boxes: readonly Box[], x: Scale, y: Scale): string {
  return boxes
    .filter(
      ({ from, to, lower, upper }) =>
        to >= x.domain[0] && from <= x.domain[1] && upper >= y.domain[0] && lower <= y.domain[1],
    )
    .map(({ from, to, lower, upper }) => {
      const [left, right] = [x.at(clamp(x, from)), x.at(clamp(x, to))].map(coordinate) as [string, string];
      const [bottom, top] = [y.at(clamp(y, lower)), y.at(clamp(y, upper))].map(coordinate) as [string, string];
      return `M${left} ${bottom}H${right}V${top}H${left}Z`;
    })
    .join("");
}
