import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { MarketDataError, MarketOptionError } from "../../../keeper/market/errors.ts";
import { generatePath } from "../../../keeper/market/generator.ts";
import { loadPath, type PathOptions } from "../../../keeper/market/path.ts";
import { bars, HOUR, MARCH } from "./fixtures.ts";

async function fault(options: PathOptions): Promise<Error> {
  try {
    await loadPath(options);
  } catch (error) {
    return error as Error;
  }
  throw new Error(`accepted ${JSON.stringify(options)}`);
}

describe("market/path", () => {
  let folder: string;
  let prices: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "strata-market-"));
    prices = join(folder, "p.csv");
    const rows = bars(72).map((b) => [b.time, b.open, b.high, b.low, b.close, b.volume].join(","));
    await writeFile(prices, ["time,open,high,low,close,volume", ...rows].join("\n"));
  });
  after(async () => rm(folder, { recursive: true }));

  it("generates the default path without options", async () => {
    expect(await loadPath()).to.deep.equal(generatePath());
  });

  it("passes seed and days on, as numbers or as a command line gives them", async () => {
    const expected = generatePath({ seed: 5, days: 7 });
    expect(await loadPath({ seed: 5, days: 7 })).to.deep.equal(expected);
    expect(await loadPath({ seed: "5", days: "7" })).to.deep.equal(expected);
  });

  it("reads dates in UTC, from inclusive, to exclusive", async () => {
    expect(await loadPath({ prices, from: "2020-03-02", to: "2020-03-03" })).to.include({
      from: MARCH + 24 * HOUR,
      to: MARCH + 48 * HOUR,
    });
    expect(await loadPath({ prices, from: "2020-03-01T06:00Z", to: "2020-03-02T00:00:00+01:00" })).to.include({
      from: MARCH + 6 * HOUR,
      to: MARCH + 23 * HOUR,
    });
    expect(await loadPath({ prices })).to.include({ from: MARCH, to: MARCH + 72 * HOUR });
  });

  for (const [options, says] of [
    [{ from: "yesterday" }, /^--from "yesterday" is not a date; write it as 2020-03-01/],
    [{ from: "" }, /--from "" is not a date/],
    [{ to: "2020-02-30" }, /--to "2020-02-30" is not a date/],
    [{ to: "1583020800" }, /is not a date/],
    [{ from: "2020-03-01 08-PM" }, /is not a date/],
    [{ from: "2020-03-01T00:30" }, /not on the hour/],
    [{ from: "2020-03-02", to: "2020-03-02" }, /--from 2020-03-02 is not before --to 2020-03-02/],
    [{ from: "2020-03-03", to: "2020-03-02" }, /is not before/],
    [{ seed: 1 }, /^--seed is for generated prices/],
    [{ days: 10 }, /^--days is for generated prices/],
  ] as const) {
    it(`refuses ${JSON.stringify(options)} with a file`, async () => {
      const error = await fault({ prices, ...options });
      expect(error).to.be.instanceOf(MarketOptionError);
      expect(error.message).to.match(says);
    });
  }

  for (const [options, says] of [
    [{ from: "2020-03-01" }, /--from chooses a part of a price file; add --prices FILE/],
    [{ to: "2020-03-01" }, /--to chooses a part/],
    [{ seed: "x" }, /--seed "x" is not a whole number/],
    [{ seed: -1 }, /--seed "-1" is not a whole number/],
    [{ seed: "1e400" }, /not a whole number/],
    [{ days: "1.5" }, /--days "1.5" is not a whole number/],
    [{ days: 0 }, /ask for 1 to 3650 whole days/],
    [{ days: 3651 }, /ask for 1 to 3650 whole days/],
    [{ prices: "" }, /--prices is empty/],
  ] as const) {
    it(`refuses ${JSON.stringify(options)}`, async () => {
      const error = await fault(options);
      expect(error).to.be.instanceOf(MarketOptionError);
      expect(error.message).to.match(says);
    });
  }

  it("lets the file's own faults through", async () => {
    expect(await fault({ prices: join(folder, "none.csv") })).to.be.instanceOf(MarketDataError);
    expect((await fault({ prices, to: "2020-03-05" })).message).to.match(/the window must end by 2020-03-04T00:00Z/);
  });
});
