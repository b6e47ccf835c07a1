import { expect } from "chai";

import { heatMap, type HeatMapInput } from "../../../../../keeper/backtest/report/html/heatMap.ts";
import { MEASURES } from "../../../../../keeper/backtest/report/summary.ts";
import { parseSweep, sweepMap } from "../../../../../keeper/backtest/report/sweepMap.ts";
import type { Figures } from "../../../../../keeper/backtest/sweep/evaluate.ts";
import type { Parameters } from "../../../../../keeper/backtest/sweep/families/family.ts";
import { lineOf } from "../../../../../keeper/backtest/sweep/results/row.ts";
import { expectClose } from "../../../../support/close.ts";

const input: HeatMapInput = {
  title: "Return <of> a sweep",
  source: "A test.",
  columns: { name: "width", values: [0.1, 0.2, 0.4] },
  rows: { name: "hedge", values: ["off", "on"] },
  objective: { name: "CAGR", unit: "fraction", best: "highest" },
  cells: [
    [-0.2, -0.05, 0.01],
    [-0.1, null, 0.123],
  ],
};

const attribute = (markup: string, pattern: RegExp): string[] =>
  [...markup.matchAll(pattern)].map((found) => found[1]!);

describe("report: heat map", () => {
  it("has a cell for each value with its number, losses and gains apart, one outlined", () => {
    const drawn = heatMap("h", input);
    expect(attribute(drawn, /class="heat ([^"]+)"/g)).to.deep.equal([
      ...["loss", "loss", "gain", "loss", "unknown", "gain best"],
    ]);
    const depths = attribute(drawn, /fill-opacity="([^"]+)"/g).map(Number);
    expect(depths[0]).to.equal(0.6);
    expect(depths[0]).to.be.greaterThan(depths[1]!);
    expect(drawn).to.include('<title id="h-title">Return &lt;of&gt; a sweep</title>');
    expect(drawn).to.include(">+12.3<").and.include('<data value="0.123">');
  });

  it("takes one colour where all have one sign, and outlines the lowest where that is best", () => {
    const drawn = heatMap("h", {
      ...input,
      objective: { name: "fall", unit: "number", best: "lowest" },
      cells: [
        [0.5, 0.6, 0.7],
        [0.4, 0.9, 0.8],
      ],
    });
    expect(attribute(drawn, /class="heat ([^"]+)"/g)).to.deep.equal([
      ...["gain", "gain", "gain", "gain best", "gain", "gain"],
    ]);
  });

  it("writes no numbers where there is no room, and has them in the table", () => {
    const many = Array.from({ length: 40 }, (_, i) => i / 100);
    const drawn = heatMap("h", { ...input, columns: { name: "width", values: many }, cells: [many, many] });
    const [picture, table] = drawn.split("<details>");
    expect(picture).not.to.include(">+39.0<");
    expect(table).to.include(">+39.0<");
  });

  it("refuses cells that do not fit", () => {
    expect(() => heatMap("h", { ...input, cells: [[1]] })).to.throw(/needs 2 rows of 3 cells each/);
  });
});

describe("report: a sweep's results", () => {
  const header = '{"strata":"sweep","dataHash":"d","configHash":"c","codeVersion":"v"}\n';
  const row = (parameters: Parameters, cagr: number | null): string => {
    const means = { ...Object.fromEntries(MEASURES.map((name) => [name, 1])), cagr } as Figures["means"];
    const attribution = { market: 1, fees: 0, lvr: 0, hedge: 0, carry: 0, gas: 0, slippage: 0 };
    const figures: Figures = { means, netReturns: [0, 1], attribution };
    return `${lineOf({ hash: "a".repeat(64), parameters, outcome: { figures } })}\n`;
  };

  it("shows the two parameters that matter most, and the mean over the others", () => {
    const lines = [0.1, 0.2, 0.4].flatMap((width) =>
      [false, true].flatMap((hedge) =>
        [1, 2].map((tiny) => row({ tiny, same: "x", width, hedge }, width + (hedge ? 0.05 : 0) + tiny / 1000)),
      ),
    );
    const map = sweepMap(parseSweep(header + lines.join(""), "f"), "f")!;
    expect(map.columns).to.deep.equal({ name: "width", values: [0.1, 0.2, 0.4] });
    expect(map.rows).to.deep.equal({ name: "hedge", values: ["false", "true"] });
    expectClose(map.cells[1]![2], 0.4515, 1e-12);
    expect(map.objective.name).to.match(/mean over tiny/);
    expect(heatMap("h", map)).to.match(/rows: hedge, columns: width/);
  });

  it("bins the numbers of a random search, each result once", () => {
    const lines = Array.from({ length: 100 }, (_, i) => row({ a: i / 99, b: ((i * 37) % 100) / 99 }, i));
    const map = sweepMap(parseSweep(header + lines.join(""), "f"), "f")!;
    expect([map.columns.values.length, map.rows.values.length]).to.deep.equal([8, 8]);
    expect(map.columns.values[0]).to.equal("0 to 0.125");
    expect(map.cells.flat().some((cell) => cell === null)).to.equal(false);
  });

  it("leaves out what failed and what is not finished, and names what is wrong", () => {
    const failed = `${lineOf({ hash: "b".repeat(64), parameters: { a: 1 }, outcome: { error: "no" } })}\n`;
    expect(parseSweep(`${header}${row({ a: 1 }, 0.1)}${row({ a: 2 }, null)}${failed}{"hash":"c`, "f").length).to.equal(
      1,
    );
    expect(() => parseSweep('{"other":1}\n', "f.jsonl")).to.throw(
      /f\.jsonl:1: this is not the beginning of a sweep's results/,
    );
    expect(() => parseSweep(`${header}{}\n`, "f.jsonl")).to.throw(/f\.jsonl:2: this is no result of a sweep/);
    expect(sweepMap(parseSweep(`${header}${row({ a: 1 }, 0.1)}${row({ a: 2 }, 0.1)}`, "f"), "f")).to.equal(null);
  });
});
