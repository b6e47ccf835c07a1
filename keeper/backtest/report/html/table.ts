/** Tables whose numbers carry the value that they were written from. */
import { el, join, type Markup, text } from "./markup.ts";

/** A number with the way it is written; null where there is none, which is written too. */
export interface Figure {
  readonly value: number | null;
  readonly text: string;
}

export type Cell = string | Figure;

/** @param first column: names, which head their rows */
export function table(caption: string, header: readonly string[], rows: readonly (readonly Cell[])[]): Markup {
  const ofWords = (column: number): string | undefined => (typeof rows[0]?.[column] === "string" ? "words" : undefined);
  return el(
    "div",
    { class: "scroll", tabindex: "0", role: "group", "aria-label": caption },
    el(
      "table",
      {},
      el("caption", {}, text(caption)),
      el(
        "thead",
        {},
        el(
          "tr",
          {},
          join(header.map((name, column) => el("th", { scope: "col", class: ofWords(column) }, text(name)))),
        ),
      ),
      el("tbody", {}, join(rows.map((row) => el("tr", {}, join(row.map(cellMarkup)))))),
    ),
  );
}

/** Folded away until it is asked for; printed open. */
export function folded(summary: string, ...content: readonly Markup[]): Markup {
  return el("details", {}, el("summary", {}, text(summary)), join(content));
}

function cellMarkup(cell: Cell, column: number): Markup {
  if (column === 0) return el("th", { scope: "row" }, text(typeof cell === "string" ? cell : cell.text));
  if (typeof cell === "string") return el("td", { class: "words" }, text(cell));
  if (cell.value === null) return el("td", {}, text(cell.text));
  return el("td", {}, el("data", { value: String(cell.value) }, text(cell.text)));
}
