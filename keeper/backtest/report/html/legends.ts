/** Legends, and the hatches by which the terms of the attribution differ without colours. */
import type { StudyDocument } from "../document.ts";
import { legend } from "./figure.ts";
import { el, type Markup } from "./markup.ts";
import { signedTerms, TERM_LABELS, TERM_NAMES, wedge } from "./plots/attribution.ts";

export function regimeLegend(names: readonly string[]): Markup {
  return legend([...new Set(names)].toSorted(byWildness).map((name) => ({ name, swatch: swatch(name) })));
}

function byWildness(a: string, b: string): number {
  const order = ["calm", "normal", "stressed", "crisis", "unknown"];
  return order.indexOf(a) - order.indexOf(b);
}

const swatch = (name: string): Markup => el("rect", { class: `swatch ${name}`, x: 1, y: 1, width: 20, height: 12 });

/** Terms that are nothing everywhere are left out. */
export function termLegend({ strategies }: StudyDocument): Markup {
  const used = TERM_NAMES.filter((name) =>
    Object.values(strategies).some(({ attribution }) =>
      signedTerms(attribution).some((term) => term.name === name && term.value !== 0),
    ),
  );
  return legend([
    ...used.map((name) => ({
      name: TERM_LABELS[name],
      swatch: el("rect", { class: `term ${name}`, width: 22, height: 14 }),
    })),
    { name: "total", swatch: el("path", { class: "total", d: wedge(11, 7, 1) + wedge(11, 7, -1) }) },
  ]);
}

export function intervalLegend(): Markup {
  const bar = (name: string, height: number): Markup =>
    el("rect", { class: `interval ${name}`, y: 7 - height / 2, width: 22, height });
  return legend([
    { name: "nothing lost", swatch: bar("absolute", 8) },
    { name: "better than the tokens alone", swatch: bar("versus", 4) },
  ]);
}

/** Hatches, so that terms differ without colours. */
export function patterns(): Markup {
  const pattern = (name: string, size: number, d: string): Markup =>
    el(
      "pattern",
      { id: `p-${name}`, width: size, height: size, patternUnits: "userSpaceOnUse" },
      el("rect", { class: `c-${name}`, width: size, height: size }),
      el("path", { class: "hatch", d }),
    );
  return el(
    "svg",
    { class: "defs", "aria-hidden": "true", focusable: "false" },
    el(
      "defs",
      {},
      pattern("fees", 8, "M-2 2L2 -2M0 8L8 0M6 10L10 6"),
      pattern("lvr", 8, "M-2 6L2 10M0 0L8 8M6 -2L10 2"),
      pattern("hedge", 5, "M2.5 0V5"),
      pattern("carry", 5, "M0 2.5H5"),
      pattern("slippage", 6, "M0 0L6 6M6 0L0 6"),
    ),
  );
}
