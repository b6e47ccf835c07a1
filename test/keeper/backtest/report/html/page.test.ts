import { expect } from "chai";

import { DEFAULT_COSTS } from "../../../../../keeper/backtest/model/costs.ts";
import { csvFiles } from "../../../../../keeper/backtest/report/csv.ts";
import { type StudyDocument, studyDocument } from "../../../../../keeper/backtest/report/document.ts";
import type { ReportInput } from "../../../../../keeper/backtest/report/html/input.ts";
import { reportPage } from "../../../../../keeper/backtest/report/html/page.ts";
import { attributionPlot, signedTerms } from "../../../../../keeper/backtest/report/html/plots/attribution.ts";
import { fallsOf } from "../../../../../keeper/backtest/report/html/plots/drawdown.ts";
import { findings } from "../../../../../keeper/backtest/report/html/words.ts";
import { sweepMap } from "../../../../../keeper/backtest/report/sweepMap.ts";
import { rangesShown } from "../../../../../keeper/backtest/report/save.ts";
import { BASELINE_NAMES } from "../../../../../keeper/backtest/strategies/catalogue.ts";
import { runStudy, type StudyOptions } from "../../../../../keeper/backtest/study/study.ts";
import { expectClose } from "../../../../support/close.ts";
import { gbm, pathOf } from "../../worlds.ts";

async function input(options: Partial<StudyOptions> = {}): Promise<ReportInput> {
  const path = options.path ?? { ...pathOf(gbm(24 * 150, 0.9, 51)), file: `a "quoted" <b>file</b> & more.csv` };
  const asked: StudyOptions = {
    path,
    strategies: BASELINE_NAMES,
    k: 0.9,
    starts: 6,
    costs: DEFAULT_COSTS,
    reserve: null,
    placebos: 0,
    pause: () => Promise.resolve(),
    ...options,
  };
  const study = await runStudy(asked);
  const code = { version: "1.2.3", commit: "0123456789abcdef", changed: true };
  const document = studyDocument(study, {
    path,
    fees: "lvr",
    k: asked.k,
    costs: DEFAULT_COSTS,
    reserve: "default",
    placebos: asked.placebos,
    code,
  });
  return { document, study, path, ranges: rangesShown(study) };
}

/** Every number that stands anywhere in a document, amounts as numbers too. */
function numbersOf(value: unknown): Set<number> {
  const found = new Set<number>();
  const visit = (at: unknown): void => {
    if (typeof at === "number") found.add(at);
    else if (typeof at === "string" && /^-?\d+(\.\d+)?$/.test(at)) found.add(Number(at));
    else if (typeof at === "object" && at !== null) for (const child of Object.values(at)) visit(child);
  };
  visit(value);
  return found;
}

const unescaped = (markup: string): string =>
  markup
    .replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&");

describe("report: the page", function () {
  this.timeout(60_000);
  let made: ReportInput;
  let page: string;
  before(async () => {
    made = await input();
    page = reportPage(made);
  });

  it("needs nothing from anywhere, and stays small", () => {
    expect(page).not.to.match(/(src|href)="(?!#)/);
    expect(page).not.to.match(/url\((?!#)/);
    expect(page).not.to.match(/@import|<link|<img|<iframe/);
    expect(page.replaceAll("http://www.w3.org/2000/svg", "")).not.to.match(/https?:/);
    expect(unescaped(page)).to.include("default-src 'none'; style-src");
    expect(page.length).to.be.lessThan(1_500_000);
    expect(page).not.to.match(/NaN|undefined|Infinity|\[object/);
  });

  it("escapes what comes from outside", () => {
    expect(page).not.to.include("<b>file</b>");
    expect(page).to.include("&lt;b&gt;file&lt;/b&gt;");
  });

  it("has in its tables numbers of the document only, written as rounded", () => {
    const known = numbersOf(made.document);
    const cells = [...page.matchAll(/<data value="([^"]+)">([^<]+)<\/data>/g)];
    expect(cells.length).to.be.greaterThan(200);
    for (const [, value = "", written = ""] of cells) {
      expect(known.has(Number(value)), `${value} is in the document`).to.equal(true);
      const shown = Number(written.replaceAll(",", "").replace("+", ""));
      const places = written.split(".")[1]?.length ?? 0;
      // Costs are shown as they are subtracted; fractions as percent.
      const near = [1, 100, -1].some((factor) => Math.abs(Number(value) * factor - shown) <= 0.5001 * 10 ** -places);
      expect(near, `${written} for ${value}`).to.equal(true);
    }
  });

  it("says how layered was configured, and repeats it with all that was asked", async () => {
    const { document } = made;
    const layered = { ...document.layered, overrides: { width: { multiple: 2.5 } }, configFile: "my wide.json" };
    const strategies = { ...document.strategies, layered: document.strategies["hold"]! };
    const asked = { ...document, layered, strategies, ablation: [], seed: { placebos: [1, 7] } };
    const text = unescaped(reportPage({ ...made, document: asked }));
    expect(text).to.include('{"width":{"multiple":2.5}}');
    expect(text).to.match(/--placebos 7 --ablation --config 'my wide.json' --out FOLDER/);
  });

  it("names data, model, hashes, seed and code, and how to repeat it", () => {
    const { data, configHash } = made.document;
    for (const fact of [
      data.sha256,
      configHash,
      "none: nothing is drawn",
      "1.2.3, commit 0123456789abcdef with changes",
      "model lvr, k = 0.9",
    ])
      expect(page).to.include(fact);
    expect(unescaped(page)).to.include(
      `--prices 'a "quoted" <b>file</b> & more.csv' --from 2020-01-01 --to 2020-05-30 --strategies hold,`,
    );
  });

  it("gives every drawing a title and a description, and every id once", () => {
    const drawings = [...page.matchAll(/<svg [^>]*role="img"[^>]*>/g)].map(([tag]) => tag);
    expect(drawings.length).to.equal(6);
    for (const tag of drawings) {
      const [title = "", description = ""] = /aria-labelledby="([^"]+)"/.exec(tag)![1]!.split(" ");
      expect(page)
        .to.match(new RegExp(`<title id="${title}">[^<]+`))
        .and.match(new RegExp(`<desc id="${description}">[^<]+`));
    }
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).to.equal(ids.length);
    for (const [, used] of page.matchAll(/url\(#([^)]+)\)/g)) expect(ids).to.include(used);
  });

  it("draws everything inside its drawings", () => {
    for (const [, width, height, content] of page.matchAll(
      /<svg viewBox="0 0 (\d+) (\d+)" role="img"[^>]*>(.*?)<\/svg>/gs,
    )) {
      for (const [, name, value] of content!.matchAll(/ (x|x1|x2|y|y1|y2)="([-\d.]+)"/g))
        expect(Number(value)).to.be.within(0, Number(name!.startsWith("x") ? width : height));
    }
  });

  it("hover data are the values at their days", () => {
    const [, found] = /<svg [^>]*aria-labelledby="nav-title[^>]*data-hover="([^"]+)"/.exec(page)!;
    const hover = JSON.parse(unescaped(found!)) as { labels: string[]; series: { name: string; values: string[] }[] };
    for (const { name, values } of hover.series) {
      expect(values.length).to.equal(hover.labels.length);
      const { nav } = made.study.strategies.find((one) => one.name === name)!.first.record;
      expect(values.at(-1)).to.equal(Math.round(nav.at(-1)!).toLocaleString("en-US"));
    }
  });

  it("the bars of the attribution add up to the total beside them", () => {
    const nav = made.document.model.nav;
    const strategies = Object.entries(made.document.strategies).map(([name, { attribution }]) => ({
      name,
      terms: attribution,
    }));
    for (const { terms } of strategies)
      expectClose(
        signedTerms(terms).reduce((sum, { value }) => sum + value, 0),
        Number(terms.total),
        1e-5,
      );
    // In the drawing too: widths right of zero less widths left of it are as long as the way from zero to the total.
    for (const one of strategies) {
      const { content } = attributionPlot([one], nav);
      const zero = Number(/class="zero" x1="([\d.]+)"/.exec(content)![1]);
      const total = Number(/class="total" d="M([\d.]+)/.exec(content)![1]);
      const widths = [...content.matchAll(/class="term \w+" x="([\d.]+)" y="[\d.]+" width="([\d.]+)"/g)];
      const sum = widths.reduce((all, [, x, width]) => all + (Number(x) + 0.2 >= zero ? 1 : -1) * Number(width), 0);
      expectClose(sum, total - zero, 0.5, `${one.name}'s bars`);
    }
  });

  it("shows one strategy, one start and no ranges as well", async () => {
    const lone = await input({ strategies: ["hold"], starts: 1 });
    expect(lone.ranges).to.equal(null);
    const small = reportPage(lone);
    expect(small).to.include("One path proves little.").and.not.include("Break-even prices after");
    expect(small).not.to.match(/NaN|undefined|Infinity/);
  });

  it("shows a sweep with where it comes from", () => {
    const sweep = sweepMap(
      [0, 1, 2, 3].map((i) => ({ parameters: { a: i % 2, b: i < 2 }, objective: i / 10 })),
      "sweep & co.jsonl",
    )!;
    const shown = reportPage({ ...made, sweep });
    expect(shown).to.include("Results of strata sweep in sweep &amp; co.jsonl").and.include('id="sweep-title"');
    expect(page).not.to.include("sweep-title");
  });

  it("draws the ranges that were wished for, else of who moved them", () => {
    expect(rangesShown(made.study)).to.equal("recentre-20");
    expect(rangesShown(made.study, "static")).to.equal("static");
    expect(() => rangesShown(made.study, "hold")).to.throw(
      /--ranges: "hold" opens no range in this back-test; choose from full-range, static/,
    );
  });

  it("has in the CSV files the days, both ends, and the figures unrounded", () => {
    const files = csvFiles(made.document, made.study, made.path);
    const rows = (name: string): string[][] =>
      files
        .get(name)!
        .trimEnd()
        .split("\r\n")
        .map((line) => line.split(","));
    const nav = rows("nav.csv");
    expect(nav[0]).to.deep.equal(["time", "price", ...BASELINE_NAMES]);
    expect(nav.length).to.equal(1 + 150 + 1);
    const { record } = made.study.strategies[2]!.first;
    expect([Number(nav[1]![4]), Number(nav.at(-1)![4])]).to.deep.equal([record.nav[0], record.nav.at(-1)]);
    for (const [name, total] of rows("attribution.csv")
      .slice(1)
      .map((row) => [row[0], row[8]] as const))
      expect(total).to.equal(made.document.strategies[name!]!.attribution.total);
    expect(rows("starts.csv").length).to.equal(1 + 6 * BASELINE_NAMES.length);
    expect(rows("k.csv").length).to.equal(1 + 4 * BASELINE_NAMES.length);
    for (const [name, text] of files) {
      const widths = new Set(
        text
          .trimEnd()
          .split("\r\n")
          .map((line) => line.split(",").length),
      );
      expect(widths.size, name).to.equal(1);
      expect(text, name).not.to.match(/NaN|undefined|Infinity/);
    }
  });

  it("falls are from the highest value so far", () => {
    expect([...fallsOf(Float64Array.of(100, 50, 200, 150, 200))]).to.deep.equal([0, -0.5, 0, -0.25, 0]);
  });
});

describe("report: the answer in words", function () {
  this.timeout(240_000);
  let document: StudyDocument;
  before(async () => ({ document } = await input()));

  const headlines = (changed: StudyDocument): string[] => findings(changed).map(({ headline }) => headline);
  const all = (changed: StudyDocument): string =>
    findings(changed)
      .map(({ headline, detail }) => `${headline} ${detail}`)
      .join("\n");
  /** The document with some figures of some strategies changed. */
  const where = (changes: Readonly<Record<string, object>>): StudyDocument => ({
    ...document,
    strategies: Object.fromEntries(
      Object.entries(document.strategies)
        .filter(([name]) => name in changes)
        .map(([name, one]) => [name, { ...one, ...changes[name] }]),
    ),
  });
  const at = (...cagrs: [number, number]) => [
    { k: 0.7, cagr: cagrs[0], netReturn: cagrs[0], maxDrawdown: 0.1 },
    { k: 1.2, cagr: cagrs[1], netReturn: cagrs[1], maxDrawdown: 0.1 },
  ];

  it("says who won, by how much, and who lost", () => {
    const told = where({
      hold: { cagr: 0.02 },
      static: { cagr: 0.1, netReturn: 0.5 },
      "full-range": { cagr: 0.07 },
      "recentre-20": { cagr: -0.2 },
    });
    expect(all(told)).to.match(/static ended best: \+10\.0.% a year\. 1,000,000 became 1,500,000/);
    expect(all(told)).to.match(/3\.0 points a year more than full-range, the next and 8\.0 more than hold\./);
    expect(headlines(told)[1]).to.match(/^recentre-20 ended worst: -20\.0.% a year\.$/);
  });

  it("says whether the sign, and who is best, depend on k", () => {
    const two = (sign: boolean, best: boolean): string =>
      all(
        where({
          hold: { signDependsOnK: false, atK: at(0.05, 0.05) },
          static: { signDependsOnK: sign, atK: at(-0.1, best ? 0.1 : 0.01) },
        }),
      );
    expect(two(true, true)).to.match(
      /Whether static gains or loses depends on k\..* hold at k = 0\.7 and static at k = 1\.2/,
    );
    expect(two(false, false)).to.match(/does not depend on k\..* hold ends best at every one of them/);
  });

  it("says whether the sign depends on the start, and who beats holding from how many", () => {
    const told = (min: number, max: number): string =>
      all(
        where({
          hold: { starts: { n: 6, min: 0.1, max: 0.2 } },
          static: { starts: { n: 6, min, max }, beatsHold: 0.5 },
          "full-range": { starts: { n: 6, min: 0.1, max: 0.2 }, beatsHold: 0 },
        }),
      );
    expect(told(-0.1, 0.1)).to.match(/Whether static gains or loses depends on the start\./);
    expect(told(0.1, 0.2)).to.match(/does not depend on these starts/);
    expect(told(0.1, 0.2)).to.match(/From some: static \(3 of 6\)\. From none: full-range\./);
    expect(told(0.1, 0.2)).to.match(/Nothing beats holding half and half from most starts\./);
    const most = { hold: {}, static: { beatsHold: 5 / 6 }, "full-range": { beatsHold: 1 / 3 } };
    expect(all(where(most))).to.match(/static beats holding half and half from most starts\./);
    expect(all(where({ hold: {}, static: { beatsHold: 0 } }))).to.match(/Nothing beat holding half and half\./);
  });

  it("tells how layered was judged, figure by figure, and the twin beside it", async () => {
    const bars = gbm(24 * 600, 0.9, 52);
    const path = { ...pathOf(bars.slice(24 * 160), bars.slice(0, 24 * 160)), file: "prices.csv" };
    const shown = await input({
      path,
      strategies: ["layered", "hold"],
      starts: 1,
      placebos: 1,
      ablation: true,
      walkForward: [
        { name: "small", overrides: { core: { target: 0.3 } } },
        { name: "large", overrides: { core: { target: 0.6 } } },
      ],
    });
    const text = unescaped(reportPage(shown));
    expect(text).to.include("Does layering pay?");
    for (const name of ["A", "B", "C", "D", "E", "F"]) expect(text).to.include(`${name}, k = 0.9`);
    expect(text).to.include("without hedge").and.include("best in hindsight: ").and.include("lowest in X");
    expect(text).not.to.match(/NaN|undefined|Infinity|\[object/);
    expect(text).to.match(/1 to 1 shuffled the signals/);
  });
});
