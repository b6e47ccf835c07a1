/** Exchanges through ccxt, which knows each one's way of asking for candles. Only public market data; no key is used. */
import type { Bar } from "../types.ts";
import { BusyError, CandleError, CandleOptionError, type CandleSource } from "./fetchCandles.ts";

export interface ExchangeOptions {
  /** As ccxt names it: "binance", "kraken", "coinbase". */
  readonly exchange: string;
  /** "ETH/USDT". */
  readonly symbol: string;
  /** Base address of its interface in place of the real one's, for tests. */
  readonly url?: string;
  /** Milliseconds for one request. */
  readonly timeout: number;
}

/** What is used of ccxt. */
interface Client {
  readonly has: Readonly<Record<string, unknown>>;
  readonly timeframes: Readonly<Record<string, unknown>> | undefined;
  readonly markets: Readonly<Record<string, unknown>> | undefined;
  urls: Record<string, unknown>;
  loadMarkets(): Promise<unknown>;
  fetchOHLCV(symbol: string, timeframe: string, since: number, limit: number): Promise<readonly (readonly unknown[])[]>;
}

/** Most exchanges give so many at once; one that gives fewer is asked again from where it ended. */
const PAGE = 500;
const MARKETS = 3;

/**
 * @throws CandleOptionError for an exchange or a market that is not there; BusyError if it does not answer
 */
export async function openExchange({ exchange, symbol, url, timeout }: ExchangeOptions): Promise<CandleSource> {
  // Loaded only now: it brings a hundred exchanges.
  const { default: ccxt } = await import("ccxt");
  const known = ccxt.exchanges as unknown as readonly string[];
  if (!known.includes(exchange)) {
    const near = known.filter((name) => name.startsWith(exchange.slice(0, 3))).slice(0, MARKETS);
    throw new CandleOptionError(
      `There is no exchange called "${exchange}"; use a name of ccxt's${near.length > 0 ? ` such as ${near.join(", ")}` : ""}.`,
    );
  }
  const Exchange = (ccxt as unknown as Readonly<Record<string, new (options: unknown) => Client>>)[exchange];
  if (Exchange === undefined) throw new CandleOptionError(`ccxt has no class of "${exchange}"; use another exchange.`);
  // Spot markets alone: some exchanges would be asked for all their futures first.
  const client = new Exchange({
    enableRateLimit: true,
    timeout,
    options: { defaultType: "spot", fetchMarkets: ["spot"] },
  });
  if (url !== undefined) client.urls = { ...client.urls, api: moved(client.urls["api"], url) };
  if (client.has["fetchOHLCV"] !== true || client.timeframes?.["1h"] === undefined) {
    throw new CandleOptionError(`${exchange} has no hourly candles; use another exchange.`);
  }
  const ask = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      const text = error instanceof Error ? error.message.replace(/\s+/g, " ").slice(0, 200) : String(error);
      if (error instanceof ccxt.NetworkError) throw new BusyError(text, { cause: error });
      throw new CandleError(`${exchange} refuses: ${text}`, { cause: error });
    }
  };
  await ask(() => client.loadMarkets());
  if (client.markets?.[symbol] === undefined) {
    const base = symbol.split("/")[0] ?? symbol;
    const near = Object.keys(client.markets ?? {}).filter((name) => name.startsWith(`${base}/`));
    throw new CandleOptionError(
      `${exchange} has no market ${symbol}; use ${near.length > 0 ? `one such as ${near.slice(0, MARKETS).join(", ")}` : "a name such as ETH/USDT"}.`,
    );
  }
  return {
    name: `${exchange} ${symbol}`,
    page: PAGE,
    candles: (since, count) =>
      ask(async () => (await client.fetchOHLCV(symbol, "1h", since * 1_000, count)).map(barOf)).then((bars) =>
        // Some exchanges ignore where to begin and give their newest ones.
        bars.filter(({ time }) => time >= since).slice(0, count),
      ),
  };
}

function barOf([time, open, high, low, close, volume]: readonly unknown[]): Bar {
  return {
    time: Number(time) / 1_000,
    open: Number(open),
    high: Number(high),
    low: Number(low),
    close: Number(close),
    volume: Number(volume),
  };
}

/** The same paths on another host. */
function moved(api: unknown, url: string): unknown {
  if (typeof api === "string") return /^https?:/.test(api) ? url + new URL(api).pathname : url;
  if (typeof api !== "object" || api === null) return api;
  return Object.fromEntries(Object.entries(api).map(([name, one]) => [name, moved(one, url)]));
}
