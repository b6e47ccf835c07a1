import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import fc from "fast-check";
import type { Bar } from "../../../keeper/market/types.ts";

export const HOUR = 3600;
/** 2020-03-01T00:00Z. */
export const MARCH = 1_583_020_800;

/** A file of the data folder, or undefined after telling mocha to skip the test. */
export function dataFile(context: Mocha.Context, ...parts: string[]): string | undefined {
  const root = resolve(import.meta.dirname, "../../..");
  const file = join(resolve(root, process.env.STRATA_DATA ?? "../shared/data"), ...parts);
  if (existsSync(file)) return file;
  context.test!.title += ` (skipped: no ${parts.join("/")} under STRATA_DATA)`;
  context.skip();
}

/** A valid bar at an hour, its prices in cents around a level. */
export function bar(hour: number, close = 100, open = close): Bar {
  return {
    time: MARCH + hour * HOUR,
    open,
    high: Math.max(open, close) + 1,
    low: Math.min(open, close) - 1,
    close,
    volume: 7.5,
  };
}

export function bars(count: number, first = 0): Bar[] {
  return Array.from({ length: count }, (_, i) => bar(first + i, 100 + (i % 5)));
}

/** Runs of 1 to 40 hourly bars, prices in cents from 1 to a million units, some volumes zero. */
export const arbitraryBars: fc.Arbitrary<Bar[]> = fc
  .tuple(
    fc.integer({ min: 0, max: 500_000 }),
    fc.array(
      fc.tuple(
        fc.tuple(...[0, 1, 2, 3].map(() => fc.integer({ min: 1, max: 100_000_000 }))),
        fc.integer({ min: 0, max: 10 ** 9 }),
      ),
      { minLength: 1, maxLength: 40 },
    ),
  )
  .map(([start, rows]) =>
    rows.map(([prices, volume], i) => {
      const [low = 1, a = 1, b = 1, high = 1] = prices.toSorted((x, y) => x - y).map((price) => price / 100);
      const [open, close] = volume % 2 === 0 ? [a, b] : [b, a];
      // From 2001 on: a stamp in milliseconds before 1973 looks like one in seconds.
      return { time: 978_307_200 + (start % 200_000) * HOUR + i * HOUR, open, high, low, close, volume: volume / 1000 };
    }),
  );

/** Writes bars as some exchange or tool would. */
export interface Dialect {
  readonly name: string;
  readonly write: (bars: readonly Bar[]) => string;
}

const iso = (time: number): string => new Date(time * 1000).toISOString();
const plain = (time: number): string => iso(time).slice(0, 19).replace("T", " ");
const ohlcv = (b: Bar): string => [b.open, b.high, b.low, b.close, b.volume].join(",");
const table = (header: string, row: (b: Bar) => string, end = "\n"): Dialect["write"] => {
  return (list) => [header, ...list.map(row)].join(end) + end;
};

export const DIALECTS: readonly Dialect[] = [
  { name: "unix seconds", write: table("timestamp,open,high,low,close,volume", (b) => `${b.time},${ohlcv(b)}`) },
  {
    name: "milliseconds",
    write: table("Timestamp (ms),Open,High,Low,Close,Volume", (b) => `${b.time * 1000},${ohlcv(b)}`),
  },
  { name: "microseconds", write: table("open_time,open,high,low,close,volume", (b) => `${b.time}000000,${ohlcv(b)}`) },
  { name: "nanoseconds", write: table("ts,o,h,l,c,v", (b) => `${b.time}000000000,${ohlcv(b)}`) },
  { name: "float seconds", write: table("time,OPEN,HIGH,LOW,CLOSE,VOL", (b) => `${b.time}.0,${ohlcv(b)}`) },
  {
    name: "dates with a blank",
    write: table("Date,Open,High,Low,Close,Volume", (b) => `${plain(b.time)},${ohlcv(b)}`),
  },
  {
    name: "dates with T and Z",
    write: table("datetime,open,high,low,close,volume", (b) => `${iso(b.time)},${ohlcv(b)}`),
  },
  {
    name: "dates with an offset",
    write: table("date,open,high,low,close,volume", (b) => `${iso(b.time + 19_800).slice(0, 19)}+05:30,${ohlcv(b)}`),
  },
  {
    name: "Windows line ends and a byte order mark",
    write: (list) => `\uFEFF${table("time,open,high,low,close,volume", (b) => `${b.time},${ohlcv(b)}`, "\r\n")(list)}`,
  },
  {
    name: "quotes",
    write: table('"Open time","Open","High","Low","Close","Volume"', (b) =>
      [b.time, b.open, b.high, b.low, b.close, b.volume].map((x) => `"${x}"`).join(","),
    ),
  },
  {
    name: "semicolons",
    write: table("time;open;high;low;close;volume", (b) => `${b.time};${ohlcv(b).replaceAll(",", ";")}`),
  },
  {
    name: "tabs",
    write: table("time\topen\thigh\tlow\tclose\tvolume", (b) => `${b.time}\t${ohlcv(b).replaceAll(",", "\t")}`),
  },
  {
    name: "Coinbase's order",
    write: table("time,low,high,open,close,volume", (b) =>
      [b.time, b.low, b.high, b.open, b.close, b.volume].join(","),
    ),
  },
  {
    name: "Bitstamp's volume columns",
    write: table("Timestamp,Open,High,Low,Close,Volume_(Currency),Volume_(BTC)", (b) =>
      [b.time, b.open, b.high, b.low, b.close, b.volume * b.close, b.volume].join(","),
    ),
  },
  {
    name: "CryptoCompare's volume columns",
    write: table("time,high,low,open,volumeto,volumefrom,close", (b) =>
      [b.time, b.high, b.low, b.open, 1, b.volume, b.close].join(","),
    ),
  },
  {
    name: "CryptoDataDownload, newest first",
    write: (list) =>
      `https://www.CryptoDataDownload.com\nunix,date,symbol,open,high,low,close,Volume USDT,Volume ETH,tradecount\n` +
      list
        .toReversed()
        .map(
          (b) => `${b.time}000,${plain(b.time)},ETHUSDT,${[b.open, b.high, b.low, b.close, 5, b.volume].join(",")},9\n`,
        )
        .join(""),
  },
  {
    name: "CryptoDataDownload's twelve-hour clock",
    write: (list) =>
      table("Date,Symbol,Open,High,Low,Close,Volume ETH,Volume USD", (b) => {
        const hour = new Date(b.time * 1000).getUTCHours();
        const clock = `${String(hour % 12 || 12).padStart(2, "0")}-${hour < 12 ? "AM" : "PM"}`;
        return `${iso(b.time).slice(0, 10)} ${clock},ETHUSD,${ohlcv(b)},1`;
      })(list.toReversed()),
  },
  {
    name: "Binance klines without a header",
    write: (list) => list.map((b) => `${b.time}000,${ohlcv(b)},${b.time + 3599}999,1,2,3,4,0\n`).join(""),
  },
  {
    name: "Kraken without a header",
    write: (list) => list.map((b) => `${b.time},${ohlcv(b)},12\n`).join(""),
  },
  {
    name: "an index column without a name",
    write: table(",open,high,low,close,volume", (b) => `${plain(b.time)},${ohlcv(b)}`),
  },
  {
    name: "a row number before the time",
    write: table(",timestamp,open,high,low,close,volume", (b) => `3,${b.time},${ohlcv(b)}`),
  },
  {
    name: "no line end after the last row",
    write: (list) => table("time,open,high,low,close,volume", (b) => `${b.time},${ohlcv(b)}`)(list).trimEnd(),
  },
];
