import { expect } from "chai";
import fc from "fast-check";
import { parseCsv } from "../../../keeper/market/csv.ts";
import { MarketDataError } from "../../../keeper/market/errors.ts";
import { arbitraryBars, bars, DIALECTS, HOUR, MARCH } from "./fixtures.ts";
import "../../support/seed.ts";

const HEADER = "time,open,high,low,close,volume";

function fault(text: string): MarketDataError {
  try {
    parseCsv(text, "p.csv");
  } catch (error) {
    expect(error).to.be.instanceOf(MarketDataError);
    return error as MarketDataError;
  }
  throw new Error(`accepted:\n${text}`);
}

/** Rows of a plain file, the header as line 1. */
function rows(count: number): string[] {
  return [HEADER, ...bars(count).map((b) => [b.time, b.open, b.high, b.low, b.close, b.volume].join(","))];
}

describe("market/csv", () => {
  for (const { name, write } of DIALECTS) {
    it(`reads back what was written with ${name}`, () => {
      fc.assert(
        fc.property(arbitraryBars, (list) => {
          // One row has no direction, and a lone AM/PM row is as good as any: both orders must do.
          const read = parseCsv(write(list), "p.csv").map(({ line: _line, ...rest }) => rest);
          expect(read).to.deep.equal(list);
        }),
        { numRuns: 40, seed: 7 },
      );
    });
  }

  it("keeps the physical line of each bar, blank lines and reversal included", () => {
    const text = ["https://example.org", HEADER, "", `${MARCH + HOUR},1,1,1,1,0`, "", `${MARCH},2,2,2,2,0`].join("\n");
    expect(parseCsv(text, "p.csv").map(({ time, line }) => [time, line])).to.deep.equal([
      [MARCH, 6],
      [MARCH + HOUR, 4],
    ]);
  });

  it("lets the unit of time change inside a file", () => {
    const text = [HEADER, `${MARCH},1,1,1,1,0`, `${MARCH + HOUR}000,1,1,1,1,0`].join("\n");
    expect(parseCsv(text, "p.csv").map((b) => b.time)).to.deep.equal([MARCH, MARCH + HOUR]);
  });

  it("prefers the number to the date, and skips a spreadsheet's sep line", () => {
    const text = ["sep=;", "date;unix;open;high;low;close;volume", `2019-01-01;${MARCH};1;1;1;1;0`].join("\r\n");
    expect(parseCsv(text, "p.csv")[0]).to.include({ time: MARCH, line: 3 });
  });

  const at = `${MARCH + 100 * HOUR}`;
  const defects: [name: string, row: string, says: RegExp][] = [
    ["text in a price", `${at},100,101,abc,100,1`, /the low "abc" is not a number/],
    ["an empty price", `${at},100,101,,100,1`, /the low "" is not a number/],
    ["NaN", `${at},100,101,NaN,100,1`, /the low "NaN" is not a number/],
    ["infinity", `${at},100,Infinity,99,100,1`, /the high "Infinity" is not a number/],
    ["a number too large", `${at},100,1e999,99,100,1`, /the high Infinity is not a positive price/],
    ["hexadecimal", `${at},0x64,101,99,100,1`, /the open "0x64" is not a number/],
    ["a thousands separator", `${at},100,"1,010",99,100,1`, /the high "1,010" is not a number/],
    ["a price of zero", `${at},100,101,0,100,1`, /the low 0 is not a positive price/],
    ["a negative price", `${at},-100,101,99,100,1`, /the open -100 is not a positive price/],
    ["a negative volume", `${at},100,101,99,100,-1`, /the volume -1 is not zero or more/],
    ["a volume in words", `${at},100,101,99,100,1.5K`, /the volume "1.5K" is not a number/],
    ["a high under the open", `${at},102,101,99,100,1`, /the high 101 is below the open 102/],
    ["a high under the close", `${at},100,101,99,102,1`, /the high 101 is below the close 102/],
    ["a low over the open", `${at},98,101,99,100,1`, /the low 99 is above the open 98/],
    ["a low over the close", `${at},100,101,99,98,1`, /the low 99 is above the close 98/],
    ["a low over the high", `${at},100,99,101,100,1`, /the low 101 is above the high 99/],
    ["a time off the hour", `${MARCH + 100 * HOUR + 60},100,101,99,100,1`, /not on the hour/],
    ["a time off the hour by a millisecond", `${at}001,100,101,99,100,1`, /not on the hour/],
    ["a day that does not exist", `2020-02-30 00:00:00,100,101,99,100,1`, /"2020-02-30 00:00:00" is not a time/],
    ["a negative time", `-3600,100,101,99,100,1`, /"-3600" is not a time/],
    ["no time", `,100,101,99,100,1`, /"" is not a time/],
    ["a missing column", `${at},100,101,99,100`, /5 columns where 6 are expected/],
    ["a surplus column", `${at},100,101,99,100,1,1`, /7 columns where 6 are expected/],
    ["an open quote", `${at},"100,101,99,100,1`, /a quote is opened and not closed/],
  ];
  for (const [name, row, says] of defects) {
    it(`names the line of ${name}, wherever it is`, () => {
      fc.assert(
        fc.property(fc.integer({ min: 1, max: 20 }), (position) => {
          const lines = rows(20);
          lines.splice(position, 0, row);
          const error = fault(lines.join("\n"));
          expect(error.line).to.equal(position + 1);
          expect(error.file).to.equal("p.csv");
          expect(error.message).to.match(/^p\.csv:\d+: [^\n]+; [^\n]+\.$/);
          expect(error.message).to.match(says);
        }),
        { numRuns: 20 },
      );
    });
  }

  it("names the line of a time that is there twice", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.boolean(), (position, reversed) => {
        const [header = "", ...data] = rows(20);
        const lines = [header, ...(reversed ? data.toReversed() : data)];
        lines.splice(position, 0, lines[position]!);
        const error = fault(lines.join("\n"));
        expect(error.line).to.equal(position + 2);
        expect(error.message).to.match(/is there already in line/);
      }),
    );
  });

  it("names the line of a row out of order, in files of either direction", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 19 }), fc.boolean(), (position, reversed) => {
        const [header = "", ...data] = rows(20);
        const lines = [header, ...(reversed ? data.toReversed() : data)];
        [lines[position], lines[position + 1]] = [lines[position + 1]!, lines[position]!];
        const error = fault(lines.join("\n"));
        expect(error.line).to.equal(position + 2);
        expect(error.message).to.match(/is out of order after/);
      }),
    );
  });

  for (const [name, text, says] of [
    ["an empty file", "", /^p\.csv: the file is empty/],
    ["a file of blanks", "\uFEFF \n\n", /the file is empty/],
    ["a header without rows", `${HEADER}\n`, /^p\.csv:1: there is no row after the header/],
    [
      "a header without a volume",
      "time,open,high,low,close\n1,1,1,1,1",
      /^p\.csv:1: the header has no column for volume/,
    ],
    ["a header without time and low", "open,high,close,volume\n1,1,1,1", /has no column for time, low/],
    ["a volume in quote units only", "time,open,high,low,close,Volume USDT\n1,1,1,1,1,1", /volume in quote units only/],
    ["a column twice", "time,open,Open,high,low,close,volume\n1,1,1,1,1,1,1", /two columns named "open"/],
    ["prose", "hello\nworld\n", /^p\.csv:1: this is neither a header nor a bar/],
    ["an unknown number of columns without a header", `${MARCH},1,1,1,1,1,1,1\n`, /8 columns without one are unknown/],
  ] as const) {
    it(`refuses ${name}`, () => {
      expect(fault(text).message).to.match(says);
    });
  }

  it("parses five years of hours well within a second", () => {
    const text = [
      HEADER,
      ...bars(43_800).map((b) => [b.time, b.open, b.high, b.low, b.close, b.volume].join(",")),
    ].join("\n");
    const begin = performance.now();
    expect(parseCsv(text, "p.csv")).to.have.length(43_800);
    expect(performance.now() - begin).to.be.below(1000);
  });
});
