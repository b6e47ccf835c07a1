/** The whole report as one HTML file that needs nothing else. */
import { grouped } from "../../../report/format.ts";
import { midnights } from "../../data/calendar.ts";
import { regimesOf } from "../../data/regimes.ts";
import { tapeOf, timeOf } from "../../data/tape.ts";
import type { StudyDocument } from "../document.ts";
import { isShort } from "../notes.ts";
import { bandsOf } from "./bands.ts";
import { type Drawing, figure } from "./figure.ts";
import { roughParts, STRATEGY_WORDS, TERMS } from "./glossary.ts";
import { intervalLegend, patterns, regimeLegend, termLegend } from "./legends.ts";
import { priceSource, provenance } from "./provenance.ts";
import { heatMap } from "./heatMap.ts";
import type { ReportInput } from "./input.ts";
import { judged } from "./judged.ts";
import { el, join, type Markup, NOTHING, text, verbatim } from "./markup.ts";
import { attributionPlot } from "./plots/attribution.ts";
import { breakEvenPlot } from "./plots/breakEven.ts";
import { drawdownPlot } from "./plots/drawdown.ts";
import { navPlot } from "./plots/nav.ts";
import { pricePlot } from "./plots/price.ts";
import { type SensitivityRow, sensitivityPlot } from "./plots/sensitivity.ts";
import { SCRIPT } from "./script.ts";
import { STYLE } from "./style.ts";
import {
  breakEvenTable,
  periodTable,
  rangesTable,
  riskTable,
  sensitivityTable,
  summaryTable,
  termsTable,
} from "./tables.ts";
import { folded, table } from "./table.ts";
import { findings, question } from "./words.ts";
import { longDate } from "./write.ts";

/** By this a later run knows that a folder is its own to replace. */
export const GENERATOR = "strata backtest";

export function reportPage(input: ReportInput): string {
  const { document } = input;
  const title = `Back-test, ${longDate(document.data.from)} to ${longDate(document.data.to)}`;
  const head = el(
    "head",
    {},
    el("meta", { charset: "utf-8" }),
    el("meta", { name: "viewport", content: "width=device-width, initial-scale=1" }),
    el("meta", { name: "generator", content: GENERATOR }),
    // Nothing may be loaded from anywhere, even if a file name brought markup with it.
    el("meta", {
      "http-equiv": "Content-Security-Policy",
      content: "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'",
    }),
    el("title", {}, text(title)),
    el("style", {}, verbatim(STYLE)),
  );
  const body = el(
    "body",
    {},
    patterns(),
    el("main", {}, el("h1", {}, text(title)), ...sections(input)),
    el("script", {}, verbatim(SCRIPT)),
  );
  return `<!doctype html>\n${el("html", { lang: "en" }, head, body)}\n`;
}

function sections(input: ReportInput): readonly Markup[] {
  const { document, study, path, ranges, sweep } = input;
  const { strategies } = document;
  const tape = tapeOf(path);
  const names = Object.keys(strategies);
  const regimeAt = regimesOf(path);
  const edges = [
    ...new Set([tape.from, ...Array.from(midnights(tape), (mark) => timeOf(tape, mark)), timeOf(tape, tape.bars)]),
  ];
  const bands = bandsOf(edges, regimeAt);
  const shownRanges = study.strategies.find(({ name }) => name === ranges)?.first.ranges ?? [];
  const rows: SensitivityRow[] = Object.entries(strategies).map(([name, one]) => {
    const range = one.ranges.cagr;
    return {
      name,
      atK: one.atK,
      starts: range !== null && one.cagr !== null ? { min: range[0], mean: one.cagr, max: range[1] } : null,
    };
  });
  const held = Object.entries(strategies).flatMap(([name, { breakEven }]) =>
    breakEven === null ? [] : [{ name, rows: breakEven }],
  );
  const { price, volatility } = document.end;
  const judgement = judged(document);

  return [
    section(
      "What was asked",
      el("p", { class: "lead" }, text(question(document))),
      el(
        "p",
        { class: "soft" },
        text(
          `Prices: ${priceSource(document)}, ${grouped(document.data.bars, 0)} hours, ${grouped(document.data.filledBars, 0)} of them filled. Not advice: the past of one price, and a model of what pools pay.`,
        ),
      ),
    ),
    section(
      "The answer",
      el(
        "ul",
        { class: "findings" },
        join(
          findings(document).map(({ headline, detail }) =>
            el(
              "li",
              {},
              headline === "" ? NOTHING : el("strong", {}, unbroken(headline, names)),
              unbroken(detail, names),
            ),
          ),
        ),
      ),
      summaryTable(document),
      isShort(document.data.bars) ? NOTHING : folded("More figures: risk, capture, trading", riskTable(document)),
      folded(
        "What the strategies do",
        table(
          "In a sentence each",
          ["strategy", "what it does"],
          names.map((name) => [name, STRATEGY_WORDS[name] ?? ""]),
        ),
      ),
    ),
    ...(judgement.length === 0 ? [] : [section("Does layering pay?", ...judgement)]),
    section(
      "What became of it",
      figure(navPlot(tape, study.strategies, bands), { legend: regimeLegend(bands.map(({ name }) => name)) }),
    ),
    section(
      "The price and the ranges",
      figure(pricePlot(tape, ranges, shownRanges), { table: rangesTable(ranges, input) }),
    ),
    section(
      "Where it came from",
      figure(attributionOf(document), { legend: termLegend(document), table: termsTable(document) }),
    ),
    section("How far it fell", figure(drawdownPlot(tape, study.strategies))),
    // Measured pay leaves nothing to vary, and one start neither.
    document.model.k === null
      ? NOTHING
      : section(
          "What it depends on",
          figure(sensitivityPlot(rows, document.model.k), { table: sensitivityTable(document) }),
        ),
    section(
      "Calm and storm",
      el(
        "p",
        {},
        text(
          "Net return of all hours that began in a regime, joined together; not a year's return. The regime is what was known each morning, so this says what awaited a vault that knew it. The bands behind the first plot show when.",
        ),
      ),
      periodTable(
        "By regime, %",
        names,
        document.regimes.map(({ name, bars, strategies: of }) => ({
          label: `${name}, ${grouped(bars ?? 0, 0)} h`,
          of,
        })),
      ),
      folded(
        "By year",
        periodTable(
          "By year, %",
          names,
          document.years.map(({ year, strategies: of }) => ({ label: year, of })),
        ),
      ),
      folded(
        "By quarter",
        periodTable(
          "By quarter, %",
          names,
          document.quarters.map(({ quarter, strategies: of }) => ({ label: quarter, of })),
        ),
      ),
    ),
    held.length === 0 || price === null || volatility === null
      ? NOTHING
      : section(
          "Break-even prices",
          el(
            "p",
            {},
            text(
              `For the ranges as they stood at the end of the first start's run, at a price of ${grouped(price, 2)} and with the ${grouped(volatility * 100, 0)}\u00a0% volatility a year of the last 30 days. Somebody without a hedge loses when the price falls and has no price that is too high. This is `,
            ),
            el("a", { href: "#model" }, text("a model")),
            text("."),
          ),
          figure(breakEvenPlot(held, price, volatility), { legend: intervalLegend(), table: breakEvenTable(document) }),
        ),
    sweep === undefined
      ? NOTHING
      : section("Sweep", el("p", { class: "soft" }, text(sweep.source)), heatMap("sweep", sweep)),
    named(
      "model",
      "What is a model here, and where it is rough",
      el("ul", {}, join(roughParts(document.model.fees).map((line) => el("li", {}, text(line))))),
    ),
    section(
      "Words",
      el("dl", {}, join(TERMS.map(([term, meaning]) => join([el("dt", {}, text(term)), el("dd", {}, text(meaning))])))),
    ),
    section("How to repeat it", provenance(document)),
  ];
}

/** Names of strategies have hyphens, at which lines would break. */
function unbroken(sentence: string, names: readonly string[]): Markup {
  const longest = names.toSorted((a, b) => b.length - a.length).map((name) => name.replace(/[^\w-]/g, "\\$&"));
  const parts = sentence.split(new RegExp(`\\b(${longest.join("|")})\\b`));
  return join(parts.map((part, i) => (i % 2 === 1 ? el("span", { class: "name" }, text(part)) : text(part))));
}

function named(id: string, title: string, ...content: readonly Markup[]): Markup {
  return el("section", { id }, el("h2", {}, text(title)), ...content);
}

function section(title: string, ...content: readonly Markup[]): Markup {
  return el("section", {}, el("h2", {}, text(title)), ...content);
}

function attributionOf(document: StudyDocument): Drawing {
  const strategies = Object.entries(document.strategies).map(([name, { attribution }]) => ({
    name,
    terms: attribution,
  }));
  return attributionPlot(strategies, document.model.nav);
}
