/**
 * A protocol fake of Binance's public spot interface, as far as candles need it: `/api/v3/exchangeInfo` and `/api/v3/klines`. It stands in for an
 * exchange that cannot be reached from a test; what it says is shaped as the exchange's documentation describes. Loopback only.
 */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

import type { Bar } from "../../keeper/market/types.ts";

const HOUR = 3_600;

export class FakeBinance {
  /** Paths with their queries, in order. */
  readonly asked: string[] = [];
  /** Answers with these HTTP statuses before it answers well. */
  readonly troubles: number[] = [];
  /** What it knows; may be changed between questions. */
  bars: readonly Bar[];
  /** Ignores where to begin, as some exchanges do. */
  onlyNewest = false;
  readonly #server: Server;

  private constructor(server: Server, bars: readonly Bar[]) {
    this.#server = server;
    this.bars = bars;
  }

  static async open(bars: readonly Bar[]): Promise<FakeBinance> {
    const server = createServer((request, response) => {
      const { status, body } = fake.#answer(new URL(request.url ?? "/", "http://127.0.0.1"));
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    });
    const fake = new FakeBinance(server, bars);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return fake;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve, reject) =>
      this.#server.close((error) => (error === undefined ? resolve() : reject(error))),
    );
  }

  #answer(url: URL): { readonly status: number; readonly body: unknown } {
    this.asked.push(`${url.pathname}${url.search}`);
    const trouble = this.troubles.shift();
    if (trouble !== undefined) return { status: trouble, body: { code: -1003, msg: "Too many requests." } };
    if (url.pathname === "/api/v3/exchangeInfo") return { status: 200, body: { symbols: [MARKET] } };
    if (url.pathname === "/api/v3/klines") return { status: 200, body: this.#klines(url.searchParams) };
    return { status: 404, body: { code: -1, msg: `no ${url.pathname}` } };
  }

  #klines(query: URLSearchParams): unknown {
    const limit = Math.min(Number(query.get("limit") ?? 500), 1_000);
    const since = Number(query.get("startTime") ?? 0) / 1_000;
    const found = this.onlyNewest
      ? this.bars.slice(-limit)
      : this.bars.filter(({ time }) => time >= since).slice(0, limit);
    return found.map(({ time, open, high, low, close, volume }) => [
      time * 1_000,
      String(open),
      String(high),
      String(low),
      String(close),
      String(volume),
      (time + HOUR) * 1_000 - 1,
      String(volume * close),
      1,
      String(volume / 2),
      String((volume / 2) * close),
      "0",
    ]);
  }
}

const MARKET = {
  symbol: "ETHUSDT",
  status: "TRADING",
  baseAsset: "ETH",
  baseAssetPrecision: 8,
  quoteAsset: "USDT",
  quotePrecision: 8,
  quoteAssetPrecision: 8,
  orderTypes: ["LIMIT", "MARKET"],
  icebergAllowed: true,
  ocoAllowed: true,
  isSpotTradingAllowed: true,
  isMarginTradingAllowed: false,
  permissions: ["SPOT"],
  filters: [
    { filterType: "PRICE_FILTER", minPrice: "0.01", maxPrice: "1000000.00", tickSize: "0.01" },
    { filterType: "LOT_SIZE", minQty: "0.0001", maxQty: "9000.0", stepSize: "0.0001" },
  ],
};
