import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import { expect } from "chai";

import { openExchange } from "../../../../keeper/market/fetch/exchange.ts";
import {
  BusyError,
  type CandleOptions,
  type CandleResult,
  type CandleSource,
  fetchCandles,
} from "../../../../keeper/market/fetch/fetchCandles.ts";
import { readPricePath } from "../../../../keeper/market/file.ts";
import type { Bar } from "../../../../keeper/market/types.ts";
import { FakeBinance } from "../../../fakes/binance.ts";
import { inProcess } from "../../cli/run.ts";
import { temporaryDirectory } from "../../rig.ts";

const HOUR = 3_600;
const START = Date.UTC(2024, 0, 1) / 1_000;

function bars(count: number, from = START): Bar[] {
  return Array.from({ length: count }, (_, i) => {
    const open = 2_000 + (i % 7) * 10;
    return { time: from + i * HOUR, open, high: open + 12.5, low: open - 3, close: open + 10, volume: i / 8 + 1e-8 };
  });
}

describe("keeper/market/fetch: candles from an exchange", () => {
  let directory: ReturnType<typeof temporaryDirectory>;
  beforeEach(() => {
    directory = temporaryDirectory();
  });
  afterEach(() => directory.remove());

  const options = (source: CandleSource, count: number, changes: Partial<CandleOptions> = {}): CandleOptions => ({
    source,
    from: START,
    to: START + count * HOUR,
    file: path.join(directory.path, "prices.csv"),
    now: START + 1e9,
    signal: new AbortController().signal,
    log: () => undefined,
    sleep: () => Promise.resolve(),
    ...changes,
  });
  /** Of an array, in pages. */
  const listed = (all: readonly Bar[], page = 100): CandleSource => ({
    name: "list A/B",
    page,
    candles: (since, count) => Promise.resolve(all.filter(({ time }) => time >= since).slice(0, count)),
  });
  const failure = async (work: Promise<unknown>): Promise<string> =>
    work.then(
      () => "",
      (error: unknown) => String(error),
    );

  it("writes a file that commands with --prices read, candle by candle the same", async () => {
    const all = bars(700);
    const result = await fetchCandles(options(listed(all), 650));
    expect(result).to.include({ candles: 650, missing: 0, longestGap: 0, first: START, last: START + 649 * HOUR });
    const { bars: read } = await readPricePath(result.file, {});
    expect(read).to.deep.equal(all.slice(0, 650));
    expect(existsSync(`${result.file}.part`) || existsSync(`${result.file}.part.json`)).to.equal(false);
  });

  it("tells of hours that the exchange does not have", async () => {
    const all = bars(300).filter((_, i) => i !== 17 && (i < 120 || i > 124));
    const result = await fetchCandles(options(listed(all), 300));
    expect(result).to.include({ candles: 294, missing: 6, longestGap: 5 });
  });

  it("goes on where it was stopped, also in the midst of a row, and is the same file in the end", async () => {
    const all = bars(500);
    let left = 2;
    const stopped: CandleSource = {
      ...listed(all),
      candles: (since, count) => (left-- > 0 ? listed(all).candles(since, count) : Promise.reject(new Error("killed"))),
    };
    expect(await failure(fetchCandles(options(stopped, 500)))).to.include("killed");
    const { file } = options(stopped, 500);
    expect(existsSync(file)).to.equal(false);
    // A page whose end was not written down, cut in its last row.
    writeFileSync(`${file}.part`, `${readFileSync(`${file}.part`, "utf8")}1704,20`);
    const asked: number[] = [];
    const watched: CandleSource = {
      ...listed(all),
      candles: (since, count) => {
        asked.push((since - START) / HOUR);
        return listed(all).candles(since, count);
      },
    };
    await fetchCandles(options(watched, 500));
    expect(asked).to.deep.equal([200, 300, 400]);
    expect((await readPricePath(file, {})).bars).to.deep.equal(all);
  });

  it("does not mix two requests, and writes over no file", async () => {
    const stopped: CandleSource = { ...listed([]), candles: () => Promise.reject(new Error("killed")) };
    await failure(fetchCandles(options(stopped, 10)));
    expect(await failure(fetchCandles(options(listed(bars(20)), 20)))).to.match(/is of another request; remove it/);
    const { file } = options(stopped, 10);
    writeFileSync(`${file}.part.json`, "{");
    expect(await failure(fetchCandles(options(stopped, 10)))).to.match(/cannot be read; remove it/);
    const other = options(listed(bars(20)), 10, { file: path.join(directory.path, "there.csv") });
    writeFileSync(other.file, "mine");
    expect(await failure(fetchCandles(other))).to.match(/is there already; remove it, or name another file with --out/);
    expect(readFileSync(other.file, "utf8")).to.equal("mine");
  });

  it("asks again when the exchange is busy, longer and longer, and not for ever", async () => {
    const pauses: number[] = [];
    const sleep = (milliseconds: number): Promise<void> => {
      pauses.push(milliseconds);
      return Promise.resolve();
    };
    let refusals = 3;
    const busy: CandleSource = {
      ...listed(bars(10)),
      candles: (since, count) =>
        refusals-- > 0 ? Promise.reject(new BusyError("too many requests")) : listed(bars(10)).candles(since, count),
    };
    await fetchCandles(options(busy, 10, { sleep }));
    expect(pauses).to.deep.equal([1_000, 2_000, 4_000]);
    refusals = Infinity;
    const other = options(busy, 10, { file: path.join(directory.path, "other.csv") });
    expect(await failure(fetchCandles(other))).to.match(
      /does not answer \(too many requests\); check the connection, and run the same command again/,
    );
  });

  it("refuses candles that contradict themselves or are not what was asked for", async () => {
    const wrong = (change: (all: Bar[]) => readonly Bar[]): Promise<string> => {
      const all = change(bars(10));
      const source = { name: "list A/B", page: 100, candles: () => Promise.resolve(all) };
      return failure(fetchCandles(options(source, 10, { file: path.join(directory.path, `${Math.random()}.csv`) })));
    };
    const at = (i: number, change: Partial<Bar>) => (all: Bar[]) =>
      all.map((bar, k) => (k === i ? { ...bar, ...change } : bar));
    expect(await wrong(at(3, { time: START + 3 * HOUR + 60 }))).to.match(
      /2024-01-01T03:01Z does not begin on the hour/,
    );
    expect(await wrong(at(3, { time: START + 2 * HOUR }))).to.match(/comes after that of 2024-01-01T02:00Z/);
    expect(await wrong(at(3, { high: 1 }))).to.match(/contradicts itself/);
    expect(await wrong(at(3, { close: Number.NaN }))).to.match(/contradicts itself/);
    expect(await wrong(at(3, { volume: -1 }))).to.match(/contradicts itself/);
    expect(await wrong(() => [])).to.match(/has no candle from 2024-01-01T00:00Z to 2024-01-01T10:00Z/);
    expect(await wrong(() => bars(5, START + 400 * HOUR))).to.match(
      /gives no candles of 2024-01-01T00:00Z, its oldest is of 2024-01-17T16:00Z; choose a later --from/,
    );
    expect(await failure(fetchCandles(options(listed([]), 0)))).to.match(/no run of whole hours/);
    expect(await failure(fetchCandles(options(listed([]), -1)))).to.match(/--from .* lies after --to .*; swap the two/);
    expect(await failure(fetchCandles(options(listed([]), 2, { now: START + 2 * HOUR - 1 })))).to.match(
      /has not closed yet/,
    );
  });

  describe("through ccxt, on a fake of Binance's interface", () => {
    let fake: FakeBinance;
    const all = bars(1_200);
    beforeEach(async () => {
      fake = await FakeBinance.open(all);
    });
    afterEach(() => fake.close());
    const open = (changes: { readonly exchange?: string; readonly symbol?: string } = {}): Promise<CandleSource> =>
      openExchange({ exchange: "binance", symbol: "ETH/USDT", url: fake.url, timeout: 5_000, ...changes });

    it("brings every candle, page by page", async () => {
      const result: CandleResult = await fetchCandles(options(await open(), 1_100));
      expect(result).to.include({ candles: 1_100, missing: 0 });
      expect((await readPricePath(result.file, {})).bars).to.deep.equal(all.slice(0, 1_100));
      const pages = fake.asked.filter((one) => one.startsWith("/api/v3/klines"));
      expect(pages.length).to.equal(3);
      expect(
        fake.asked.every((one) => /^\/api\/v3\/(klines|exchangeInfo)/.test(one)),
        fake.asked.join(" "),
      ).to.equal(true);
    });

    it("waits when it is told to, and says so when the exchange gives only its newest", async () => {
      const source = await open();
      fake.troubles.push(429, 418, 503);
      let waits = 0;
      const sleep = (): Promise<void> => {
        waits++;
        return Promise.resolve();
      };
      await fetchCandles(options(source, 10, { sleep }));
      expect(waits).to.equal(3);
      fake.onlyNewest = true;
      const newest = options(await open(), 600, { file: path.join(directory.path, "newest.csv") });
      expect(await failure(fetchCandles(newest))).to.match(/its oldest is of/);
    });

    it("is patient with the first request of all, too", async () => {
      fake.troubles.push(429, 503);
      const { code, stdout, stderr } = await inProcess([
        ...["data", "candles", "--exchange", "binance", "--symbol", "ETH/USDT", "--url", fake.url],
        ...["--from", "2024-01-01", "--to", "2024-01-02", "--out", path.join(directory.path, "day.csv")],
      ]);
      expect(code, stderr).to.equal(0);
      expect(stdout).to.contain("24 candles");
      expect(stderr).to.match(/asking again in 1 s.*asking again in 2 s/s);
    }).timeout(20_000);

    it("names what it does not know", async () => {
      expect(await failure(open({ exchange: "binanse" }))).to.match(/no exchange called "binanse".*such as binance/);
      expect(await failure(open({ symbol: "ETH/EUR" }))).to.match(/no market ETH\/EUR; use one such as ETH\/USDT/);
    });
  });
});
