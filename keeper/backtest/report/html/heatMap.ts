/** A heat map of one objective over two parameters, such as a sweep's. */
import { el, join, type Markup, NOTHING, text } from "./markup.ts";
import { type Drawing, figure, WIDTH } from "./figure.ts";
import { folded, table } from "./table.ts";
import { plain, rate } from "./write.ts";

export interface HeatMapAxis {
  /** Name of the parameter. */
  readonly name: string;
  /** Its values in the order in which they are drawn: columns from the left, rows from the top. */
  readonly values: readonly (string | number)[];
}

/** A table of two parameters and one objective. */
export interface HeatMapInput {
  readonly title: string;
  /** Where it comes from, a sentence. */
  readonly source: string;
  readonly columns: HeatMapAxis;
  readonly rows: HeatMapAxis;
  readonly objective: {
    readonly name: string;
    /** Of fractions percent are shown. */
    readonly unit: "fraction" | "number";
    /** Which cell is outlined as the best. */
    readonly best: "highest" | "lowest";
  };
  /** One array a row, one value a column; null where nothing was computed. */
  readonly cells: readonly (readonly (number | null)[])[];
}

/** Narrower cells have no room for a number; it is in the table. */
const LEAST_WIDTH = 34;
const LABELS = 110;
const DEEPEST = 0.6;

/**
 * Gains in one colour and losses in another, deeper the greater they are; if all have one sign, one colour from the least to the greatest.
 * @throws RangeError if the cells are not as many as the parameters' values
 */
export function heatMap(id: string, input: HeatMapInput): Markup {
  const { columns, rows, cells, objective } = input;
  if (cells.length !== rows.values.length || cells.some((row) => row.length !== columns.values.length))
    throw new RangeError(
      `The heat map needs ${rows.values.length} rows of ${columns.values.length} cells each; null for those that are unknown.`,
    );
  const known = cells.flat().filter((value): value is number => value !== null);
  const shade = shading(known);
  const best = known.length === 0 ? null : objective.best === "highest" ? Math.max(...known) : Math.min(...known);
  const write = (value: number | null) => (objective.unit === "fraction" ? rate(value) : plain(value));

  const width = (WIDTH - LABELS - 8) / Math.max(1, columns.values.length);
  const height = Math.max(16, Math.min(32, width * 0.6));
  const top = 44;
  const every = Math.ceil(LEAST_WIDTH / width);
  const column = columns.values.map((value, i) =>
    i % every === 0
      ? el(
          "text",
          { class: "tick", x: LABELS + (i + 0.5) * width, y: top - 6, "text-anchor": "middle" },
          text(String(value)),
        )
      : NOTHING,
  );
  const drawn = cells.map((row, r) =>
    join([
      el(
        "text",
        { class: "tick", x: LABELS - 8, y: top + (r + 0.5) * height + 4, "text-anchor": "end" },
        text(String(rows.values[r] ?? "")),
      ),
      ...row.map((value, c) => cell(value, LABELS + c * width, top + r * height)),
    ]),
  );
  const bottom = top + rows.values.length * height;
  const drawing: Drawing = {
    id,
    title: input.title,
    description: `${objective.name} for each ${rows.name} (rows) and ${columns.name} (columns)${best === null ? "" : `; the best, ${write(best).text}${objective.unit === "fraction" ? " %" : ""}, is outlined`}. Many combinations were tried, so the best of them is partly luck: look for a broad area and not for a peak.`,
    height: bottom + 8,
    content: join([
      el("text", { class: "axis", x: 0, y: 14 }, text(`rows: ${rows.name}, columns: ${columns.name}`)),
      ...column,
      ...drawn,
    ]),
  };
  return figure(drawing, {
    table: folded(
      "The same as a table",
      table(
        `${objective.name}${objective.unit === "fraction" ? ", %" : ""}`,
        [`${rows.name} \\ ${columns.name}`, ...columns.values.map(String)],
        cells.map((row, r) => [String(rows.values[r] ?? ""), ...row.map(write)]),
      ),
    ),
  });

  function cell(value: number | null, x: number, y: number): Markup {
    const middle = { x: x + width / 2, y: y + height / 2 + 4, "text-anchor": "middle" };
    const box = { x: x + 0.5, y: y + 0.5, width: width - 1, height: height - 1 };
    if (value === null) return el("rect", { class: "heat unknown", ...box });
    const { name, depth } = shade(value);
    return join([
      el("rect", { class: `heat ${name}${value === best ? " best" : ""}`, ...box, "fill-opacity": depth.toFixed(2) }),
      width >= LEAST_WIDTH ? el("text", { class: "cell", ...middle }, text(write(value).text)) : NOTHING,
    ]);
  }
}

interface Shade {
  readonly name: "gain" | "loss";
  /** Opacity. */
  readonly depth: number;
}

function shading(known: readonly number[]): (value: number) => Shade {
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const span = high > low ? high - low : 1;
  if (low >= 0 || high <= 0)
    return (value) => ({ name: "gain", depth: 0.06 + ((value - low) / span) * (DEEPEST - 0.06) });
  const greatest = Math.max(-low, high);
  return (value) => ({ name: value < 0 ? "loss" : "gain", depth: (Math.abs(value) / greatest) * DEEPEST });
}
