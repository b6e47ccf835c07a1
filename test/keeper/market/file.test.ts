import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { MarketDataError } from "../../../keeper/market/errors.ts";
import { readPricePath } from "../../../keeper/market/file.ts";
import { dataFile, MARCH } from "./fixtures.ts";

async function fault(file: string): Promise<MarketDataError> {
  try {
    await readPricePath(file);
  } catch (error) {
    expect(error).to.be.instanceOf(MarketDataError);
    return error as MarketDataError;
  }
  throw new Error(`accepted ${file}`);
}

describe("market/file", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "strata-market-"));
  });
  after(async () => rm(folder, { recursive: true }));

  it("says when there is no such file, and keeps the cause", async () => {
    const error = await fault(join(folder, "none.csv"));
    expect(error.message).to.match(/none\.csv: there is no such file; check the path\.$/);
    expect(error.cause).to.have.property("code", "ENOENT");
    expect(error.line).to.equal(undefined);
  });

  it("says when it is a directory", async () => {
    expect((await fault(folder)).message).to.match(/this is a directory/);
  });

  it("says when it may not be read", async function () {
    if (process.getuid?.() === 0) this.skip(); // The superuser may read everything.
    const file = join(folder, "secret.csv");
    await writeFile(file, "x");
    await chmod(file, 0);
    expect((await fault(file)).message).to.match(/may not be read/);
  });

  it("names the file as it was given", async () => {
    const file = join(folder, "bad.csv");
    await writeFile(file, `time,open,high,low,close,volume\n${MARCH},1,1,1,x,1\n`);
    expect(await fault(file)).to.include({ file, line: 2 });
  });

  it("reads the crash of March 2020: 743 bars and one filled", async function () {
    const file = dataFile(this, "prices", "eth-usd-1h.csv");
    if (file === undefined) return;
    const path = await readPricePath(file, { from: MARCH, to: 1_585_699_200 });
    expect(path.bars).to.have.length(744);
    expect(path.filledBars).to.equal(1);
    expect(path.bars.filter((bar) => bar.filled).map((bar) => new Date(bar.time * 1000).toISOString())).to.deep.equal([
      "2020-03-04T10:00:00.000Z",
    ]);
    expect(path.history).to.have.length(400 * 24);
    expect(Math.min(...path.bars.map((bar) => bar.low))).to.be.below(100);
  });

  it("reads both price files wholly", async function () {
    for (const [name, real, filled] of [
      ["eth-usd-1h.csv", 46_981, 127],
      ["btc-usd-1h.csv", 29_043, 2],
    ] as const) {
      const file = dataFile(this, "prices", name);
      if (file === undefined) return;
      const path = await readPricePath(file);
      expect(path.filledBars).to.equal(filled);
      expect(path.bars).to.have.length(real + filled);
    }
  });
});
