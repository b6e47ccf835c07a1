import { expect } from "chai";
import fc from "fast-check";
import { formatTime, parseDate, parseNumber, parseTimestamp } from "../../../keeper/market/time.ts";
import { MARCH } from "./fixtures.ts";
import { expectClose } from "../../support/close.ts";
import "../../support/seed.ts";

describe("market/time", () => {
  for (const text of [
    "2020-03-01",
    "2020/03/01",
    "2020-03-01 00:00",
    "2020-03-01 00:00:00",
    "2020-03-01 00:00:00.000",
    "2020-03-01T00:00:00Z",
    "2020-03-01T00:00:00.000000Z",
    "2020-03-01 00:00:00 UTC",
    "2020-03-01 00:00:00+00:00",
    "2020-03-01T02:00+02:00",
    "2020-02-29T19:00:00-0500",
    "2020-03-01 12-AM",
  ]) {
    it(`reads ${text}`, () => {
      expect(parseDate(text)).to.equal(MARCH);
      expect(parseTimestamp(text)).to.equal(MARCH);
    });
  }

  for (const text of [
    ...[
      "",
      "2020",
      "2020-3-1",
      "01-03-2020",
      "2020-02-30",
      "2019-02-29",
      "2020-13-01",
      "2020-00-10",
      "2020-03-00",
      "2020-03-01 24:00",
    ],
    ...[
      "2020-03-01 12:60",
      "2020-03-01 12:00:60",
      "2020-03-01 13-PM",
      "2020-03-01 00-AM",
      "2020-03-01 00:00+15:00",
      "2020/03-01",
      "0099-02-30",
    ],
  ]) {
    it(`refuses "${text}"`, () => {
      expect(parseDate(text)).to.equal(undefined);
    });
  }

  it("reads noon and midnight of a twelve-hour clock", () => {
    expect(parseDate("2020-03-01 12-PM")).to.equal(MARCH + 12 * 3600);
    expect(parseDate("2020-03-01 11-pm")).to.equal(MARCH + 23 * 3600);
  });

  it("keeps a fraction of a second, so that nothing off the hour passes for a full hour", () => {
    expectClose(parseDate("2020-03-01 00:00:00.001"), MARCH + 0.001, 1e-6);
  });

  it("reads any hour from March 1973 to 2200 in each unit", () => {
    fc.assert(
      fc.property(fc.integer({ min: 27_778, max: 2_000_000 }), (hour) => {
        const time = hour * 3600;
        for (const text of [`${time}`, `${time}000`, `${time}000000`, `${time}000000000`]) {
          // Nanoseconds are past what a double can hold; whole hours still come through exactly up to 2262.
          expect(parseTimestamp(text)).to.equal(time);
        }
        expect(parseDate(new Date(time * 1000).toISOString())).to.equal(time);
      }),
    );
  });

  it("takes plain decimals for numbers and nothing else", () => {
    expect(parseNumber("1.50")).to.equal(1.5);
    expect(parseNumber("-.5e-3")).to.equal(-0.0005);
    for (const text of ["", " 1", "1,5", "1_000", "0x10", "NaN", "Infinity", "1.2.3", "--1", "e5", "."])
      expect(parseNumber(text), text).to.equal(undefined);
  });

  it("formats for messages", () => {
    expect(formatTime(MARCH + 3600)).to.equal("2020-03-01T01:00Z");
  });
});
