import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { expect } from "chai";

import { ResultsFile } from "../../../../keeper/backtest/sweep/results/resultsFile.ts";
import { ranked } from "../../../../keeper/backtest/sweep/results/ranking.ts";
import { type Header, lineOf, type Row } from "../../../../keeper/backtest/sweep/results/row.ts";
import { MEASURES, type Measure } from "../../../../keeper/backtest/report/summary.ts";

const HEADER: Header = { strata: "sweep", dataHash: "d", configHash: "c", codeVersion: "1" };

function row(i: number, means: Partial<Record<Measure, number | null>> = {}): Row {
  const all = Object.fromEntries(MEASURES.map((name) => [name, means[name] ?? (name in means ? null : i)]));
  const attribution = { market: 1 / 3, fees: i, lvr: 0, hedge: 0, carry: 0, gas: 0, slippage: 0 };
  const figures = { means: all as Record<Measure, number | null>, netReturns: [-i, i] as const, attribution };
  return { hash: i.toString(16).padStart(64, "0"), parameters: { text: 'ä "quoted"', i }, outcome: { figures } };
}

const fresh = (): string => join(mkdtempSync(join(tmpdir(), "strata-")), "results.jsonl");

function write(file: string, rows: readonly Row[]): void {
  const results = ResultsFile.open(file, HEADER);
  for (const one of rows) results.append([one]);
  results.close();
}

function read(file: string): Row[] {
  const results = ResultsFile.open(file, HEADER);
  const rows = [...results.rows.values()];
  results.close();
  return rows;
}

describe("sweep: the results file", () => {
  const rows = [row(1), row(2), row(3)];

  it("gives back what was written, and leaves nothing beside it", () => {
    const file = fresh();
    write(file, rows.slice(0, 2));
    write(file, [row(3)]);
    expect(read(file)).to.deep.equal(rows);
    expect(readdirSync(dirname(file))).to.deep.equal(["results.jsonl"]);
  });

  it("records no configuration twice", () => {
    const file = fresh();
    const results = ResultsFile.open(file, HEADER);
    expect(results.append([row(1), row(1), row(2)])).to.equal(2);
    expect(results.append([row(2)])).to.equal(0);
    results.close();
    expect(read(file)).to.deep.equal(rows.slice(0, 2));
  });

  it("goes on after a kill in the middle of any write: torn at any byte, it has the whole rows before and takes the rest", () => {
    const whole = fresh();
    write(whole, rows);
    const bytes = readFileSync(whole);
    const begin = bytes.indexOf(0x0a) + 1;
    const file = fresh();
    // Every row is written alike: the last one's bytes, one in seven of them, and those round its ends.
    const last = bytes.lastIndexOf(0x0a, bytes.length - 2) + 1;
    for (let cut = last - 2; cut <= bytes.length; cut += cut < last + 2 || cut > bytes.length - 10 ? 1 : 7) {
      writeFileSync(file, bytes.subarray(0, cut));
      const wholeLines = bytes.subarray(begin, cut).filter((byte) => byte === 0x0a).length;
      const results = ResultsFile.open(file, HEADER);
      expect([...results.rows.values()], `cut at ${cut}`).to.deep.equal(rows.slice(0, wholeLines));
      results.append(rows);
      results.close();
      expect(readFileSync(file).equals(bytes), `cut at ${cut}`).to.equal(true);
    }
  });

  it("refuses the results of something else, each with its own reason, and leaves them alone", () => {
    const file = fresh();
    write(file, rows);
    const before = readFileSync(file, "utf8");
    for (const [other, message] of [
      [
        { dataHash: "e" },
        /of other prices, rates or dates; remove the file to begin anew, or name another one with --out/,
      ],
      [{ configHash: "e" }, /of another set of configurations/],
      [{ codeVersion: "2" }, /computed by version 1 of the code, and this is 2/],
    ] as const)
      expect(() => ResultsFile.open(file, { ...HEADER, ...other })).to.throw(message);
    expect(readFileSync(file, "utf8")).to.equal(before);
    expect(existsSync(`${file}.lock`)).to.equal(false);
  });

  it("refuses a file that is none, a line that is no result, and one that is there twice", () => {
    const file = fresh();
    writeFileSync(file, "time,open\n");
    expect(() => ResultsFile.open(file, HEADER)).to.throw(
      /results.jsonl:1: this is not the beginning of a sweep's results/,
    );
    const lines = [JSON.stringify(HEADER), lineOf(row(1)), lineOf(row(1)), "{}"];
    writeFileSync(file, `${lines.join("\n")}\n`);
    expect(() => ResultsFile.open(file, HEADER)).to.throw(/:3: this configuration is there already/);
    writeFileSync(file, `${[lines[0], lines[3]].join("\n")}\n`);
    expect(() => ResultsFile.open(file, HEADER)).to.throw(/:2: this is no result/);
    // A figure that somebody corrected.
    writeFileSync(file, `${lines[0] ?? ""}\n${lineOf(row(1)).replace('"fees":1', '"fees":9')}\n`);
    expect(() => ResultsFile.open(file, HEADER)).to.throw(/:2: this result was changed after it had been written/);
    expect(() => ResultsFile.open(join(dirname(file), "none", "x.jsonl"), HEADER)).to.throw(
      /results cannot be written there .*name a file in a folder that you may write to/,
    );
  });

  it("has one writer, and one that was killed locks nobody out", () => {
    const file = fresh();
    const first = ResultsFile.open(file, HEADER);
    expect(() => ResultsFile.open(file, HEADER)).to.throw(
      new RegExp(`process ${process.pid} on .* is writing to it; let that sweep end`),
    );
    first.close();
    const { pid } = spawnSync(process.execPath, ["--version"]);
    writeFileSync(`${file}.lock`, JSON.stringify({ pid, host: hostname() }));
    write(file, rows);
    expect(read(file)).to.deep.equal(rows);
    // Of another machine nobody here knows whether it lives.
    writeFileSync(`${file}.lock`, JSON.stringify({ pid, host: "elsewhere" }));
    expect(() => ResultsFile.open(file, HEADER)).to.throw(
      /on elsewhere is writing to it.*remove .*\.lock if there is no/,
    );
  });
});

describe("sweep: the ranking", () => {
  it("takes the better end of the figure, equal ones by hash, and leaves out what has no figure", () => {
    const rows = [
      row(1, { sharpe: 1, maxDrawdown: 0.2 }),
      row(2, { sharpe: 3, maxDrawdown: 0.5 }),
      row(3, { sharpe: null, maxDrawdown: 0.2 }),
    ];
    const failed: Row = { ...row(4), outcome: { error: "too much" } };
    const names = (list: readonly Row[]): unknown[] => list.map(({ parameters }) => parameters["i"]);
    expect(names(ranked([...rows, failed], "sharpe", 9))).to.deep.equal([2, 1]);
    expect(names(ranked([...rows.toReversed(), failed], "maxDrawdown", 2))).to.deep.equal([1, 3]);
  });
});
