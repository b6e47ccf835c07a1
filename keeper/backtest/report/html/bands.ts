/** Spans of time behind a plot, such as regimes. */
import type { Frame } from "./axes.ts";
import { el, join, type Markup } from "./markup.ts";
import { boxesPath } from "./line.ts";
import { linear, type Scale } from "./scale.ts";

export interface Band<N extends string> {
  readonly name: N;
  readonly from: number;
  readonly to: number;
}

/** Neighbours of one name joined. @param edges moments, ascending. @param nameAt of the span that begins at a moment */
export function bandsOf<N extends string>(edges: readonly number[], nameAt: (time: number) => N): readonly Band<N>[] {
  const bands: Band<N>[] = [];
  for (const [i, from] of edges.slice(0, -1).entries()) {
    const to = edges[i + 1] ?? from;
    const name = nameAt(from);
    const last = bands.at(-1);
    if (last?.name === name) bands[bands.length - 1] = { ...last, to };
    else bands.push({ name, from, to });
  }
  return bands;
}

/** One path a name, as high as the frame; its class is "band" and the name. */
export function drawBands(bands: readonly Band<string>[], x: Scale, { top, bottom }: Frame): Markup {
  const y = linear([0, 1], [bottom, top]);
  return join(
    [...new Set(bands.map(({ name }) => name))].map((name) => {
      const boxes = bands
        .filter((band) => band.name === name)
        .map(({ from, to }) => ({ from, to, lower: 0, upper: 1 }));
      return el("path", { class: `band ${name}`, d: boxesPath(boxes, x, y) });
    }),
  );
}
