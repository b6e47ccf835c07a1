/** The whole report as one HTML file that needs nothing else. */
import { grouped, shortTime } from "../../../report/format.ts";
import { midnights } from "../../data/calendar.ts";
import { regimesOf } from "../../data/regimes.ts";
import { tapeOf, timeOf } from "../../data/tape.ts";
import type { StudyDocument } from "../document.ts";
import { bandsOf } from "./bands.ts";
import { type Drawing, figure, legend } from "./figure.ts";
import { ROUGH, STRATEGY_WORDS, TERMS } from "./glossary.ts";
import { heatMap } from "./heatMap.ts";
import type { ReportInput } from "./input.ts";
import { el, join, type Markup, NOTHING, text, verbatim } from "./markup.ts";
import { attributionPlot, signedTerms, TERM_LABELS, TERM_NAMES } from "./plots/attribution.ts";
import { breakEvenPlot } from "./plots/breakEven.ts";
import { drawdownPlot } from "./plots/drawdown.ts";
import { navPlot } from "./plots/nav.ts";
import { pricePlot } from "./plots/price.ts";
import { type SensitivityRow, sensitivityPlot } from "./plots/sensitivity.ts";
import { SCRIPT } from "./script.ts";
import { STYLE } from "./style.ts";
import { breakEvenTable, periodTable, sensitivityTable, summaryTable, termsTable } from "./tables.ts";
import { folded, table } from "./table.ts";
import { findings, question } from "./words.ts";
import { listed, longDate } from "./write.ts";

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

  return [
    section(
      "What was asked",
      el("p", { class: "lead" }, text(question(document))),
      el(
        "p",
        { class: "soft" },
        text(
          `Prices: ${document.data.file ?? "generated"}, ${grouped(document.data.bars, 0)} hours, ${grouped(document.data.filledBars, 0)} of them filled. Not advice: the past of one price, and a model of what pools pay.`,
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
            el("li", {}, el("strong", {}, text(headline)), text(detail)),
          ),
        ),
      ),
      summaryTable(document),
      folded(
        "What the strategies do",
        table(
          "In a sentence each",
          ["strategy", "what it does"],
          names.map((name) => [name, STRATEGY_WORDS[name] ?? ""]),
        ),
      ),
    ),
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
    section(
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
              `For the ranges as they stood at the end of the first start's run, price ${grouped(price, 2)}, with ${grouped(volatility * 100, 0)} % volatility a year. A model: see the last but one section.`,
            ),
          ),
          figure(breakEvenPlot(held, price, volatility), { legend: intervalLegend(), table: breakEvenTable(document) }),
        ),
    sweep === undefined ? NOTHING : section("Sweep", heatMap("sweep", sweep)),
    section(
      "What is a model here, and where it is rough",
      el("ul", {}, join(ROUGH.map((line) => el("li", {}, text(line))))),
    ),
    section(
      "Words",
      el("dl", {}, join(TERMS.map(([term, meaning]) => join([el("dt", {}, text(term)), el("dd", {}, text(meaning))])))),
    ),
    section("How to repeat it", provenance(document)),
  ];
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

function rangesTable(name: string | null, { study, path }: ReportInput): Markup {
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

const LAST_RANGES = 20;

function regimeLegend(names: readonly string[]): Markup {
  return legend([...new Set(names)].toSorted(byWildness).map((name) => ({ name, swatch: swatch(name) })));
}

function byWildness(a: string, b: string): number {
  const order = ["calm", "normal", "stressed", "crisis", "unknown"];
  return order.indexOf(a) - order.indexOf(b);
}

const swatch = (name: string): Markup => el("rect", { class: `swatch ${name}`, x: 1, y: 1, width: 20, height: 12 });

/** Terms that are nothing everywhere are left out. */
function termLegend({ strategies }: StudyDocument): Markup {
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
    { name: "total", swatch: el("path", { class: "total", d: "M11 0l5 7l-5 7l-5 -7Z" }) },
  ]);
}

function intervalLegend(): Markup {
  const bar = (name: string, height: number): Markup =>
    el("rect", { class: `interval ${name}`, y: 7 - height / 2, width: 22, height });
  return legend([
    { name: "nothing lost", swatch: bar("absolute", 8) },
    { name: "better than the tokens alone", swatch: bar("versus", 4) },
  ]);
}

/** Hatches, so that terms differ without colours. */
function patterns(): Markup {
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

function provenance({ data, model, configHash, seed, code, starts, strategies }: StudyDocument): Markup {
  const commit = code?.commit ?? null;
  const version =
    code === null
      ? "unknown"
      : `${code.version}${commit === null ? "" : `, commit ${commit}${code.changed === true ? " with changes that are in no commit" : ""}`}`;
  const facts: readonly (readonly [string, string])[] = [
    ["Data", `${data.file ?? "generated"}, ${data.from} to ${data.to}`],
    ["Hash of the prices", data.sha256],
    ["Hash of the configuration", configHash],
    ["Seed", seed === null ? "none: nothing is drawn" : String(seed)],
    ["Code", version],
    ["Starts", listed(starts.map((start) => start.slice(0, 10)))],
    [
      "Fees",
      `model ${model.fees}, k = ${model.k}, fee variance ${model.feeScale.toPrecision(6)} times the damped variance`,
    ],
    [
      "Costs",
      `swap ${grouped(model.swap * 10_000, 1)} bp, gas ${grouped(model.gas, 2)} a rebalance, borrowing ${grouped(model.borrowRate * 100, 2)} % a year, collateral ${grouped(model.collateralYield * 100, 2)} %, reserve ${model.reserve === "default" ? `${grouped(model.reserveRate * 100, 2)} %` : "fed funds"}, liquidation at a loan-to-value of ${grouped(model.liquidationLtv * 100, 0)} %`,
    ],
    [
      "In this folder",
      "backtest.json has every figure, the CSV files have the lines and tables; docs/backtest.md says how they are computed.",
    ],
  ];
  return join([
    el("dl", {}, join(facts.map(([name, fact]) => join([el("dt", {}, text(name)), el("dd", {}, text(fact))])))),
    el("p", {}, text("The same prices and the same configuration have the same hashes and give the same figures:")),
    el(
      "pre",
      {},
      text(
        `npx strata backtest --prices ${quoted(data.file ?? "FILE")} --from ${shortIso(data.from)} --to ${shortIso(data.to)} ` +
          `--strategies ${Object.keys(strategies).join(",")} --fees ${model.fees} --k ${model.k} --starts ${starts.length}${model.reserve === "fed funds" ? " --inputs FOLDER" : ""} --out FOLDER`,
      ),
    ),
  ]);
}

function quoted(word: string): string {
  return /^[\w./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** A date where it is midnight, else date and hour, as --from takes them. */
function shortIso(time: string): string {
  return time.endsWith("T00:00:00.000Z") ? time.slice(0, 10) : `${time.slice(0, 16)}Z`;
}
