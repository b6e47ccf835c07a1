/** The report's tables: the document's figures, and no others. */
import { counted, grouped, shortTime } from "../../../report/format.ts";
import { tapeOf, timeOf } from "../../data/tape.ts";
import type { StudyDocument } from "../document.ts";
import { isShort } from "../notes.ts";
import type { ReportInput } from "./input.ts";
import { type Markup, NOTHING } from "./markup.ts";
import { TERM_LABELS, TERM_NAMES } from "./plots/attribution.ts";
import { type Cell, folded, table } from "./table.ts";
import { money, plain, priceText, rate, share } from "./write.ts";

const NEVER: Cell = { value: null, text: "never" };

const least = (range: readonly [number, number] | null): number | null => (range === null ? null : range[0]);
const most = (range: readonly [number, number] | null): number | null => (range === null ? null : range[1]);

export function summaryTable({ strategies, starts, data }: StudyDocument): Markup {
  if (isShort(data.bars)) {
    return table(
      `In percent, except fees / LVR; means over ${counted(starts.length, "start")}, over the window and not a year`,
      [
        "strategy",
        "return",
        "greatest fall",
        "starts that beat hold",
        "time in range",
        "impermanent loss",
        "fees / LVR",
      ],
      Object.entries(strategies).map(([name, one]): Cell[] => [
        name,
        rate(one.netReturn, 2),
        share(one.maxDrawdown, 2),
        share(one.beatsHold, 0),
        share(one.timeInRange, 0),
        rate(one.impermanentLoss, 3),
        plain(one.payRatio),
      ]),
    );
  }
  const rows = Object.entries(strategies).map(([name, one]): Cell[] => [
    name,
    rate(one.cagr),
    rate(least(one.ranges.cagr)),
    rate(most(one.ranges.cagr)),
    rate(one.netReturn),
    share(one.maxDrawdown),
    share(one.beatsHold, 0),
    share(one.timeInRange, 0),
    plain(one.payRatio),
  ]);
  return table(
    `In percent, except fees / LVR; means over ${counted(starts.length, "start")}`,
    [
      ...["strategy", "return a year", "from the worst start", "from the best", "return in all"],
      ...["greatest fall", "starts that beat hold", "time in range", "fees / LVR"],
    ],
    rows,
  );
}

export function riskTable({ strategies }: StudyDocument): Markup {
  const rows = Object.entries(strategies).map(([name, one]): Cell[] => [
    name,
    rate(one.irr),
    share(one.volatility),
    plain(one.sharpe),
    plain(one.sortino),
    plain(one.calmar),
    rate(one.upCapture),
    rate(one.downCapture),
    rate(one.impermanentLoss),
    plain(one.turnover, 1),
    plain(one.rebalances, 0),
    plain(one.liquidations, 1),
  ]);
  return table(
    "Means over the starts. In percent: IRR, volatility, captures, impermanent loss (a memo, LVR contains it). Turnover is value swapped over mean value, a year.",
    [
      ...["strategy", "IRR", "volatility", "Sharpe", "Sortino", "Calmar", "up-capture", "down-capture"],
      ...["impermanent loss", "turnover", "rebalances", "liquidations"],
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
      ...TERM_NAMES.map((name) => (costs.has(name) ? `-\u00a0${TERM_LABELS[name]}` : TERM_LABELS[name])),
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
    `Return a year, %, by k, and its range over the starts at k = ${String(model.k)}`,
    ["strategy", ...ratios.map((k) => `k = ${k}`), "gain or loss", "least start", "most"],
    Object.entries(strategies).map(([name, one]): Cell[] => [
      name,
      ...ratios.map((k) => rate(one.atK.find((at) => at.k === k)?.cagr ?? null)),
      one.signDependsOnK === true ? "depends on k" : "the same at each k",
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
  const price = (value: number | null): Cell => ({ value, text: value === null ? "no limit" : priceText(value) });
  const rows = Object.entries(strategies).flatMap(([name, { breakEven }]) =>
    (breakEven ?? []).map(({ days, expectedFees, absolute, versusTokens }): Cell[] => [
      name,
      { value: days, text: String(days) },
      money(expectedFees),
      ...[absolute, versusTokens].flatMap((interval): Cell[] =>
        interval === null
          ? [NEVER, NEVER, NEVER]
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

const LAST_RANGES = 20;

export function rangesTable(name: string | null, { study, path }: ReportInput): Markup {
  const spans = study.strategies.find((one) => one.name === name)?.first.ranges ?? [];
  if (name === null || spans.length === 0) return NOTHING;
  const tape = tapeOf(path);
  const last = spans.slice(-LAST_RANGES);
  const bound = (value: number): string => (Number.isFinite(value) ? grouped(value, 2) : "no limit");
  const which = spans.length > last.length ? `The last ${last.length} of ${spans.length} ranges` : "The ranges";
  const rows = last.map(({ from, to, lower, upper }) => [
    shortTime(timeOf(tape, from)),
    shortTime(timeOf(tape, to)),
    bound(lower),
    bound(upper),
  ]);
  return folded(
    `${which} of ${name}`,
    table("Prices in quote units; all are in ranges.csv", ["opened", "until", "lower", "upper"], rows),
  );
}
