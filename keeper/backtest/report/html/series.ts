/** How the lines of strategies are told apart: by colour, and without colours by the shape of their marks and the name at their end. */
import { coordinate, el, type Markup } from "./markup.ts";

/** Colours are in style.ts, as many. */
export const SERIES = 10;

/** CSS class of the i-th series. */
export function seriesClass(i: number): string {
  return `s${i % SERIES}`;
}

type Shape = (x: number, y: number, r: number) => string;
const polygon =
  (...corners: readonly (readonly [number, number])[]): Shape =>
  (x, y, r) =>
    `M${corners.map(([dx, dy]) => `${coordinate(x + dx * r)} ${coordinate(y + dy * r)}`).join("L")}Z`;
const disc: Shape = (x, y, r) =>
  `M${coordinate(x - r)} ${coordinate(y)}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0Z`;

const SHAPES: readonly Shape[] = [
  disc,
  polygon([-0.9, -0.9], [0.9, -0.9], [0.9, 0.9], [-0.9, 0.9]),
  polygon([0, -1.2], [1.1, 0.8], [-1.1, 0.8]),
  polygon([0, -1.3], [1.3, 0], [0, 1.3], [-1.3, 0]),
  polygon([0, 1.2], [1.1, -0.8], [-1.1, -0.8]),
];

/** The mark of the i-th series; every second round of shapes is hollow. @param style CSS class of its colour */
export function mark(i: number, x: number, y: number, r = 4, style = seriesClass(i)): Markup {
  const shape = SHAPES[i % SHAPES.length] ?? disc;
  const hollow = Math.floor(i / SHAPES.length) % 2 === 1;
  return el("path", { class: `mark ${style}${hollow ? " hollow" : ""}`, d: shape(x, y, r) });
}
