/** Axes with their grid. */
import { el, join, type Markup, text } from "./markup.ts";
import type { Scale } from "./scale.ts";

/** The plot's rectangle, in the units of the drawing. */
export interface Frame {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Lines across the frame and labels left of it. */
export function leftAxis(scale: Scale, { left, right }: Frame): Markup {
  return join(
    scale.ticks.map(({ value, label }) => {
      const y = scale.at(value);
      return join([
        el("line", { class: "grid", x1: left, x2: right, y1: y, y2: y }),
        el("text", { class: "tick", x: left - 6, y: y + 4, "text-anchor": "end" }, text(label)),
      ]);
    }),
  );
}

/** Lines through the frame and labels under it. Labels that would leave the frame by more than they may are turned inwards. */
export function bottomAxis(scale: Scale, { left, right, top, bottom }: Frame): Markup {
  return join(
    scale.ticks.map(({ value, label }) => {
      const x = scale.at(value);
      const anchor = x - left < 12 ? "start" : right - x < 12 ? "end" : "middle";
      return join([
        el("line", { class: "grid", x1: x, x2: x, y1: top, y2: bottom }),
        el("text", { class: "tick", x, y: bottom + 16, "text-anchor": anchor }, text(label)),
      ]);
    }),
  );
}

/** A line where nothing is gained or lost, if the scale has such a place. */
export function zeroLine(scale: Scale, { left, right, top, bottom }: Frame, upright: boolean): Markup {
  const [from, to] = scale.domain;
  if (from > 0 || to < 0) return join([]);
  const at = scale.at(0);
  const ends = upright ? { x1: at, x2: at, y1: top, y2: bottom } : { x1: left, x2: right, y1: at, y2: at };
  return el("line", { class: "zero", ...ends });
}
