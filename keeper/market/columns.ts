/** Where the six values of a bar stand in a row, counted from 0. */
export interface Columns {
  readonly time: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
  /** Fields in each row. */
  readonly count: number;
}

/** What a header lacks or has twice, as a phrase for a message. */
export type HeaderFault = { readonly fault: string };

/** Names are compared in lower case with everything but letters and digits removed: "Open time", "open_time" and "OPEN TIME" are one. */
const NAMES = {
  // In order of preference: a file that has both "unix" and "date" is read by the number, which needs no guess about the zone.
  time: [
    ...[
      "timestamp",
      "unix",
      "unixtimestamp",
      "unixtime",
      "timestampms",
      "timestamps",
      "timestampus",
      "timestampns",
      "timestamputc",
    ],
    ...[
      "opentime",
      "opentimems",
      "opentimeutc",
      "timeopen",
      "timeperiodstart",
      "epoch",
      "ts",
      "time",
      "timeutc",
      "timems",
      "times",
      "unixms",
    ],
    ...["unixs", "datetime", "datetimeutc", "date", "dateutc", "dateandtime", "starttime", "start", "t"],
  ],
  open: ["open", "openprice", "priceopen", "o"],
  high: ["high", "highprice", "pricehigh", "h"],
  low: ["low", "lowprice", "pricelow", "l"],
  close: ["close", "closeprice", "priceclose", "last", "c"],
  volume: [
    "volume",
    "vol",
    "v",
    "volumebase",
    "basevolume",
    "volumefrom",
    "volumecrypto",
    "volumetraded",
    "basevol",
    "volbase",
  ],
} as const;

/** Tickers and words that mark a volume in quote units, of which the base units cannot be told. */
const QUOTE = new Set(
  (
    "usd usdt usdc busd tusd fdusd usdp dai eur gbp jpy krw try aud brl rub cad chf quote quoteasset currency fiat to notional " +
    "dollars"
  ).split(" "),
);

function normalise(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, "");
}

/** True if the row could be a header at all: it names at least one price column. */
export function looksLikeHeader(fields: readonly string[]): boolean {
  const names = new Set(fields.map(normalise));
  return (["open", "high", "low", "close"] as const).some((key) => NAMES[key].some((name) => names.has(name)));
}

/** Finds the columns of a header in the dialects of the usual exchanges and tools; unknown columns are left alone. */
export function columnsOfHeader(fields: readonly string[]): Columns | HeaderFault {
  const names = fields.map(normalise);
  const pick = (key: keyof typeof NAMES): number | HeaderFault => {
    for (const name of NAMES[key]) {
      const first = names.indexOf(name);
      if (first < 0) continue;
      if (names.includes(name, first + 1)) return { fault: `has two columns named "${fields[first] ?? name}"` };
      return first;
    }
    return -1;
  };
  const found = { time: -1, open: -1, high: -1, low: -1, close: -1, volume: -1 };
  for (const key of Object.keys(found) as (keyof typeof found)[]) {
    const column = pick(key);
    if (typeof column !== "number") return column;
    found[key] = column;
  }
  // A table written with its index has a nameless first column; it is the time only if no other column is.
  if (found.time < 0 && names[0] === "") found.time = 0;
  if (found.volume < 0) found.volume = baseVolume(names);
  const missing = (Object.keys(found) as (keyof typeof found)[]).filter((key) => found[key] < 0);
  if (missing.length === 1 && missing[0] === "volume" && names.some(isVolume)) {
    return { fault: "has a volume in quote units only, where the volume in base units is needed" };
  }
  if (missing.length > 0) return { fault: `has no column for ${missing.join(", ")}` };
  return { ...found, count: fields.length };
}

function isVolume(name: string): boolean {
  return /^vol(ume)?/.test(name) || name.endsWith("volume");
}

/** "Volume ETH", "Volume_(BTC)": the first volume named after something that is not money. Of a pair of two coins the base comes first. */
function baseVolume(names: readonly string[]): number {
  return names.findIndex((name) => {
    const ticker = /^vol(?:ume)?([a-z0-9]+)$/.exec(name)?.[1];
    return ticker !== undefined && !QUOTE.has(ticker);
  });
}

/**
 * The columns of a file without a header, told by their number: 12 for Binance's klines, 7 for Kraken's (the last is the number of
 * trades), 6 for plain time, open, high, low, close, volume.
 */
export function columnsOfCount(count: number): Columns | undefined {
  if (count !== 6 && count !== 7 && count !== 12) return undefined;
  return { time: 0, open: 1, high: 2, low: 3, close: 4, volume: 5, count };
}
