/** A drawing with everything around it: title and description for who does not see it, a caption for who does, a table beside it. */
import { el, join, type Markup, NOTHING, text } from "./markup.ts";

/** Width of every drawing in its own units; it scales with the page. */
export const WIDTH = 760;

/** What is read out under the pointer; places are x coordinates of the drawing. */
export interface HoverData {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  /** One a sample, evenly from left to right. */
  readonly labels: readonly string[];
  readonly series: readonly { readonly name: string; readonly values: readonly string[] }[];
}

export interface Drawing {
  /** Unique in the page; letters and hyphens. */
  readonly id: string;
  readonly title: string;
  /** What is to be seen, in a sentence or two. */
  readonly description: string;
  readonly height: number;
  readonly content: Markup;
  readonly hover?: HoverData;
}

export function svg({ id, title, description, height, content, hover }: Drawing): Markup {
  return el(
    "svg",
    {
      viewBox: `0 0 ${WIDTH} ${Math.ceil(height)}`,
      role: "img",
      "aria-labelledby": `${id}-title ${id}-desc`,
      "data-hover": hover === undefined ? undefined : JSON.stringify(hover),
    },
    el("title", { id: `${id}-title` }, text(title)),
    el("desc", { id: `${id}-desc` }, text(description)),
    content,
  );
}

/** @param legend shown above the drawing. @param table the same figures in words and numbers */
export function figure(
  drawing: Drawing,
  { legend = NOTHING, table = NOTHING }: { legend?: Markup; table?: Markup } = {},
): Markup {
  return el(
    "figure",
    { id: drawing.id },
    legend,
    el("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": drawing.title }, svg(drawing)),
    drawing.hover === undefined ? NOTHING : el("p", { class: "readout", "aria-hidden": "true" }, text("\u00a0")),
    el("figcaption", {}, text(drawing.description)),
    table,
  );
}

/** A row of swatches with their names. @param swatch content of a 22 x 14 drawing */
export function legend(entries: readonly { readonly swatch: Markup; readonly name: string }[]): Markup {
  return el(
    "ul",
    { class: "legend" },
    join(
      entries.map(({ swatch, name }) =>
        el(
          "li",
          {},
          el("svg", { viewBox: "0 0 22 14", width: 22, height: 14, "aria-hidden": "true" }, swatch),
          text(name),
        ),
      ),
    ),
  );
}
