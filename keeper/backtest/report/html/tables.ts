/** The report's tables: the document's figures, and no others. */
import type { StudyDocument } from "../document.ts";
import type { Markup } from "./markup.ts";
import { TERM_LABELS, TERM_NAMES } from "./plots/attribution.ts";
import { type Cell, table } from "./table.ts";
import { money, plain, priceText, rate, share } from "./write.ts";

const least = (range: readonly [number, number] | null): number | null => (range === null ? null : range[0]);
const most = (range: readonly [number, number] | null): number | null => (range === null ? null : range[1]);

export function summaryTable({ strategies, starts }: StudyDocument): Markup {
  const rows = Object.entries(strategies).map(([name, one]): Cell[] => [
    name,
    rate(one.cagr),
    rate(least(one.ranges.cagr)),
    rate(most(one.ranges.cagr)),
    rate(one.netReturn),
    share(one.maxDrawdown),
    share(one.beatsHold, 0),
    share(one.volatility),
    plain(one.sharpe),
    plain(one.sortino),
    plain(one.calmar),
    share(one.timeInRange, 0),
    plain(one.turnover, 1),
    plain(one.payRatio),
    rate(one.upCapture),
    rate(one.downCapture),
  ]);
  return table(
    `In percent except Sharpe, Sortino, Calmar, turnover and fees / LVR. Means over ${starts.length} start${starts.length === 1 ? "" : "s"}.`,
    [
      ...[
        "strategy",
        "return a year",
        "least",
        "most",
        "in all",
        "greatest fall",
        "starts that beat hold",
        "volatility",
      ],
      ...[
        "Sharpe",
        "Sortino",
        "Calmar",
        "time in range",
        "turnover a year",
        "fees / LVR",
        "up-capture",
        "down-capture",
      ],
    ],
    rows,
  );
}

export function termsTable({ strategies }: StudyDocument): Markup {
  const costs: ReadonlySet<string> = new Set(["lvr", "gas", "slippage"]);
  return table(
    "Quote units, means over the starts. Costs are shown as they are subtracted; each row adds up to its total.",
    [
      "strategy",
      ...TERM_NAMES.map((name) => (costs.has(name) ? `- ${TERM_LABELS[name]}` : TERM_LABELS[name])),
      "total",
    ],
    Object.entries(strategies).map(([name, { attribution }]): Cell[] => [
      name,
      ...TERM_NAMES.map((term) => {
        const cell = money(attribution[term]);
        return costs.has(term) ? { ...money(`-${attribution[term]}`.replace("--", "")), value: cell.value } : cell;
      }),
      money(attribution.total),
    ]),
  );
}

export function sensitivityTable({ strategies, model }: StudyDocument): Markup {
  const ratios = Object.values(strategies)[0]?.atK.map(({ k }) => k) ?? [];
  return table(
    `Return a year, %, by k, and its range over the starts at k = ${model.k}`,
    ["strategy", ...ratios.map((k) => `k = ${k}`), "gain or loss", "least start", "most"],
    Object.entries(strategies).map(([name, one]): Cell[] => [
      name,
      ...ratios.map((k) => rate(one.atK.find((at) => at.k === k)?.cagr ?? null)),
      one.signDependsOnK ? "depends on k" : "the same at each k",
      rate(least(one.ranges.cagr)),
      rate(most(one.ranges.cagr)),
    ]),
  );
}

/** @param periods in the order of time */
export function periodTable(
  caption: string,
  names: readonly string[],
  periods: readonly {
    readonly label: string;
    readonly of: Readonly<Record<string, { readonly netReturn: number | null }>>;
  }[],
): Markup {
  return table(
    caption,
    ["", ...names],
    periods.map(({ label, of }): Cell[] => [label, ...names.map((name) => rate(of[name]?.netReturn ?? null))]),
  );
}

export function breakEvenTable({ strategies }: StudyDocument): Markup {
  const price = (value: number | null): Cell => (value === null ? "no limit" : { value, text: priceText(value) });
  const rows = Object.entries(strategies).flatMap(([name, { breakEven }]) =>
    (breakEven ?? []).map(({ days, expectedFees, absolute, versusTokens }): Cell[] => [
      name,
      { value: days, text: String(days) },
      money(expectedFees),
      ...[absolute, versusTokens].flatMap((interval): Cell[] =>
        interval === null
          ? ["never", "never", "never"]
          : [price(interval.lower), price(interval.upper), share(interval.probability, 0)],
      ),
    ]),
  );
  return table(
    "Prices in quote units, probabilities in percent",
    [
      "strategy",
      "days",
      "fees expected",
      "nothing lost from",
      "to",
      "probability",
      "beats its tokens from",
      "to",
      "probability",
    ],
    rows,
  );
}
