/**
 * The local market: it walks a price path and lets feeds, arbitrage and noise traders act on the chain, one block a stop.
 *
 * A stop's block holds, in this order: the feeds' transmissions that are due; one transaction in which arbitrage moves
 * every pool that is outside [P (1 - fee), P (1 + fee)] to the band's nearer edge, and each noise order is made and
 * arbitraged back. So after a stop every pool is within its fee of the path's price.
 *
 * Calibration (scripts/local/calibrate-market.ts, the planner on its own model of the pools and real hourly ETH prices,
 * June 2019 to December 2022, 31,440 bars): fees over loss versus rebalancing are 0.93 for all background liquidity, 0.84
 * in the 500 tier, 0.96 in the 3000 tier and 1.17 in the 10000 tier; arbitrage, also after noise, pays 0.47, 0.70 and 0.89
 * of them. By days, in fifths of volatility (medians 47 %, 62 %, 76 %, 94 %, 141 % a year), the 500 tier pays 2.5, 1.8, 1.5,
 * 1.1, 0.6 and the 3000 tier 0.9, 1.0, 1.0, 1.0, 1.0: the cheap tier is better in calm, the deeper one under stress.
 */
import { id, Interface } from "ethers";

import {
  priceFromSqrtPriceX96,
  sqrtPriceX96FromPrice,
  unitsFromWei,
  weiFromUnits,
} from "../../../keeper/chain/prices.ts";
import { seededRandom } from "../../../keeper/market/random.ts";
import type { PricePath } from "../../../keeper/market/types.ts";
import type { LocalChain, LocalLog, LocalReceipt, LocalTransaction } from "../chain.ts";
import { LocalWorldError } from "../errors.ts";
import type { LocalProtocols } from "../protocols/index.ts";
import type { FeeTier, LocalPool } from "../protocols/uniswap.ts";
import { FeedKeeper } from "./feedKeeper.ts";
import { NOISE_STREAM, NoisePlanner } from "./planner.ts";
import { noArbitrageBand, type PoolModel, type Side } from "./poolModel.ts";
import { stableQuote, type QuoteDollars } from "./quoteDollars.ts";
import { emptyTier, marketTotals, type MarketTotals, type TierTotals } from "./totals.ts";
import { walkBar, type SubStep } from "./walk.ts";

export interface MarketOptions {
  /** Decides the noise and the quote's dollar price. Default 1. */
  readonly seed?: number;
  /** Fees over loss versus rebalancing of the background liquidity over the whole path. Default 0.9. */
  readonly payRatio?: number;
  /** Stops a bar, a multiple of three. Default 3. */
  readonly stops?: number;
  /** The quote's price in dollars. Default a stablecoin with 3 bp of noise. */
  readonly quoteDollars?: QuoteDollars;
}

/** What the market reads from a pool. */
export interface PoolReading {
  readonly fee: FeeTier;
  readonly address: string;
  readonly sqrtPriceX96: bigint;
  readonly tick: number;
  readonly liquidity: bigint;
  /** Quote units per base unit. */
  readonly price: number;
}

/** What happened at a stop. */
export interface StopReport {
  /** Unix seconds of the stop's block. */
  readonly time: number;
  /** Index of the path's bar. */
  readonly bar: number;
  readonly closesBar: boolean;
  /** The path's price, quote units per base unit. */
  readonly price: number;
  /** Which feeds published. */
  readonly published: { readonly base: boolean; readonly quote: boolean };
  readonly swaps: number;
  /** Quote units paid in fees at this stop, all tiers. */
  readonly fees: number;
  readonly gasUsed: bigint;
}

/** The part of the protocols that a market needs. */
export type MarketProtocols = Pick<LocalProtocols, "pair" | "uniswap" | "background" | "feeds">;

type Trader = "arbitrage" | "noise";

/** One order of the stop's transaction, with who makes it. */
interface PlannedOrder {
  readonly pool: LocalPool;
  readonly trader: Trader;
  readonly side: Side;
  readonly amountIn: bigint;
  readonly sqrtPriceLimitX96: bigint;
}

/** Input that no trade of arbitrage reaches: its limit price ends it. */
const UNLIMITED = 1n << 120n;
/** Tokens that the trader begins with, wei; far more than all pools can take, far less than overflows. */
const TRADER_FUNDS = 1n << 120n;
const GAS_BASE = 500_000n;
const GAS_PER_ORDER = 500_000n;

/** The quote's stream of the seed. */
const QUOTE_STREAM = 2;

const TRADER_ABI = new Interface([
  "function trade((address pool, bool zeroForOne, int256 amountSpecified, uint160 sqrtPriceLimitX96)[] orders) returns ((bool skipped, int256 amount0, int256 amount1)[])",
  "function poolStates(address[] pools) view returns ((uint160 sqrtPriceX96, int24 tick, uint128 liquidity, uint256 feeGrowthGlobal0X128, uint256 feeGrowthGlobal1X128)[])",
]);

const SKIPPED_TOPIC = id("Skipped(uint256)");
/** Its data begin with the pool's gains of token0 and token1. */
const SWAP_TOPIC = id("Swap(address,address,int256,int256,uint160,uint128,int24)");

export class Market {
  readonly path: PricePath;
  /** Stops a bar. */
  readonly stops: number;
  readonly #chain: LocalChain;
  readonly #protocols: MarketProtocols;
  readonly #planner: NoisePlanner;
  readonly #quoteDollars: QuoteDollars;
  readonly #feeds: { readonly base: FeedKeeper; readonly quote: FeedKeeper };
  #trader: string | null = null;
  #bar = 0;
  #walk: readonly SubStep[] = [];
  #stop = 0;
  #stopsDone = 0;
  #tiers: TierTotals[];
  #rounds = { base: 0, quote: 0 };

  /**
   * @param protocols deployed on this chain with the pools at the path's first open
   * @throws LocalWorldError for a path without bars or a wrong number of stops
   */
  constructor(chain: LocalChain, protocols: MarketProtocols, path: PricePath, options: MarketOptions = {}) {
    const { seed = 1, payRatio = 0.9, stops = 3 } = options;
    const first = path.bars[0];
    if (first === undefined) throw new LocalWorldError("The price path has no bars: choose a longer window.");
    this.#chain = chain;
    this.#protocols = protocols;
    this.path = path;
    this.stops = stops;
    this.#walk = walkBar(first, path.step, stops);
    const background = protocols.uniswap.pools.map((pool) => this.#units(protocols.background.liquidity[pool.fee]));
    this.#planner = new NoisePlanner({ path, stops, payRatio, random: seededRandom(seed, NOISE_STREAM), background });
    this.#quoteDollars = options.quoteDollars ?? stableQuote(seededRandom(seed, QUOTE_STREAM));
    const transmitter = chain.accounts.feedTransmitter.address;
    this.#feeds = {
      base: new FeedKeeper(protocols.feeds.base, transmitter),
      quote: new FeedKeeper(protocols.feeds.quote, transmitter),
    };
    this.#tiers = protocols.uniswap.pools.map((pool) => emptyTier(pool.fee));
  }

  /** Stops that are left. */
  get remaining(): number {
    return this.path.bars.length * this.stops - this.#stopsDone;
  }

  /** Deploys and funds the traders and publishes the feeds' first rounds at the path's first open. Once, before the vault is deployed. */
  async open(): Promise<void> {
    if (this.#trader !== null) throw new LocalWorldError("The market is open already.");
    const { ethers, accounts } = this.#chain;
    const signer = await ethers.getSigner(accounts.trader.address);
    const trader = await ethers.deployContract("LocalTrader", signer);
    await trader.waitForDeployment();
    const address = await trader.getAddress();
    for (const token of [this.#protocols.pair.base, this.#protocols.pair.quote]) {
      const contract = await ethers.getContractAt("LocalToken", token, signer);
      await (await contract.getFunction("mint").send(address, TRADER_FUNDS)).wait();
    }
    this.#trader = address;
    await this.publishFeeds();
  }

  /**
   * Publishes both feeds now, in a block of its own, at the price of the last stop (before the first: the first open). For
   * deployments that move the chain's time by more than a heartbeat.
   */
  async publishFeeds(): Promise<void> {
    const time = (await this.#chain.time()) + 1;
    await this.#chain.block(time, this.#transmissions(this.#lastPrice(), time, true).transactions);
  }

  /** The pools as they stand. */
  async pools(): Promise<readonly PoolReading[]> {
    const { pair, uniswap } = this.#protocols;
    const data = TRADER_ABI.encodeFunctionData("poolStates", [uniswap.pools.map((pool) => pool.address)]);
    const result: unknown = await this.#chain.provider.request({
      method: "eth_call",
      params: [{ to: this.#openTrader(), data }, "latest"],
    });
    const [states] = TRADER_ABI.decodeFunctionResult("poolStates", String(result)) as unknown as [
      readonly { sqrtPriceX96: bigint; tick: bigint; liquidity: bigint }[],
    ];
    return uniswap.pools.map((pool, i) => {
      const state = states[i];
      if (state === undefined) throw new LocalWorldError("The pools' state is incomplete: report this as a bug.");
      return {
        fee: pool.fee,
        address: pool.address,
        sqrtPriceX96: state.sqrtPriceX96,
        tick: Number(state.tick),
        liquidity: state.liquidity,
        price: priceFromSqrtPriceX96(state.sqrtPriceX96, pair),
      };
    });
  }

  /**
   * Makes the next stop: one block at its time.
   * @returns null at the path's end
   * @throws LocalWorldError if the chain's time has overtaken the path
   */
  async step(): Promise<StopReport | null> {
    const stop = this.#walk[this.#stop];
    if (stop === undefined) return null;
    const now = await this.#chain.time();
    if (now >= stop.time) {
      throw new LocalWorldError(
        `The chain stands at ${iso(now)}, past the path's next stop at ${iso(stop.time)}: start the chain earlier or mine fewer blocks between stops.`,
      );
    }
    const orders = this.#plan(await this.pools(), stop.price);
    const feeds = this.#transmissions(stop.price, stop.time, false);
    const receipts = await this.#chain.block(stop.time, [...feeds.transactions, this.#tradeTransaction(orders)]);
    const { swaps, fees } = this.#book(orders, receipts.at(-1), stop.price);
    this.#planner.settle(this.#bar, stop.price, fees);
    const report: StopReport = {
      time: stop.time,
      bar: this.#bar,
      closesBar: stop.closesBar,
      price: stop.price,
      published: feeds.published,
      swaps,
      fees,
      gasUsed: receipts.reduce((sum, receipt) => sum + receipt.gasUsed, 0n),
    };
    this.#advance();
    return report;
  }

  totals(): MarketTotals {
    return marketTotals(this.#tiers, this.#stopsDone, this.#rounds);
  }

  #advance(): void {
    this.#stopsDone++;
    this.#stop++;
    if (this.#stop < this.stops) return;
    this.#stop = 0;
    this.#bar++;
    const next = this.path.bars[this.#bar];
    this.#walk = next === undefined ? [] : walkBar(next, this.path.step, this.stops);
  }

  #lastPrice(): number {
    if (this.#stop > 0) return this.#walk[this.#stop - 1]?.price ?? Number.NaN;
    return this.path.bars[this.#bar - 1]?.close ?? this.path.bars[0]?.open ?? Number.NaN;
  }

  /** All orders of a stop: arbitrage to the new price, then each noise order with arbitrage after it. */
  #plan(readings: readonly PoolReading[], price: number): readonly PlannedOrder[] {
    const { pools } = this.#protocols.uniswap;
    const orders = pools.flatMap((pool) => this.#arbitrage(pool, price));
    const models = readings.map((reading) => this.#model(reading));
    for (const noise of this.#planner.plan(this.#bar, models, price).orders) {
      for (const [i, part] of noise.parts.entries()) {
        const pool = pools[i];
        if (pool === undefined || part === null) continue;
        orders.push(this.#order(pool, "noise", part.side, part.price, this.#amountIn(part.side, part.amountIn)));
        orders.push(...this.#arbitrage(pool, price));
      }
    }
    return orders;
  }

  /** Both ways into a pool's band; the contract leaves out what is not needed. */
  #arbitrage(pool: LocalPool, price: number): PlannedOrder[] {
    const { low, high } = noArbitrageBand(price, pool.fee / 1e6);
    return [
      this.#order(pool, "arbitrage", "buy", low, UNLIMITED),
      this.#order(pool, "arbitrage", "sell", high, UNLIMITED),
    ];
  }

  #order(pool: LocalPool, trader: Trader, side: Side, limit: number, amountIn: bigint): PlannedOrder {
    return { pool, trader, side, amountIn, sqrtPriceLimitX96: sqrtPriceX96FromPrice(limit, this.#protocols.pair) };
  }

  #amountIn(side: Side, units: number): bigint {
    const { quoteDecimals, baseDecimals } = this.#protocols.pair;
    const wei = weiFromUnits(units, side === "buy" ? quoteDecimals : baseDecimals);
    return wei > 0n ? wei : 1n;
  }

  #model(reading: PoolReading): PoolModel {
    return { fee: reading.fee / 1e6, liquidity: this.#units(reading.liquidity), price: reading.price };
  }

  /** Liquidity in whole units: V = 2 L sqrt(P) in quote units. */
  #units(liquidity: bigint): number {
    const { baseDecimals, quoteDecimals } = this.#protocols.pair;
    return Number(liquidity) / 10 ** ((baseDecimals + quoteDecimals) / 2);
  }

  #transmissions(
    price: number,
    time: number,
    force: boolean,
  ): { readonly transactions: readonly LocalTransaction[]; readonly published: StopReport["published"] } {
    const quoteDollars = this.#quoteDollars(time);
    const base = this.#feeds.base.transmission(price * quoteDollars, time, force);
    const quote = this.#feeds.quote.transmission(quoteDollars, time, force);
    if (base !== null) this.#rounds.base++;
    if (quote !== null) this.#rounds.quote++;
    return {
      transactions: [base, quote].filter((transaction) => transaction !== null),
      published: { base: base !== null, quote: quote !== null },
    };
  }

  #tradeTransaction(orders: readonly PlannedOrder[]): LocalTransaction {
    const { quoteIsToken0 } = this.#protocols.pair;
    const tuples = orders.map((order) => [
      order.pool.address,
      // Whoever buys the base pays the quote.
      (order.side === "buy") === quoteIsToken0,
      order.amountIn,
      order.sqrtPriceLimitX96,
    ]);
    return {
      from: this.#chain.accounts.trader.address,
      to: this.#openTrader(),
      data: TRADER_ABI.encodeFunctionData("trade", [tuples]),
      gas: GAS_BASE + GAS_PER_ORDER * BigInt(orders.length),
      what: "The market's trades",
    };
  }

  #openTrader(): string {
    if (this.#trader === null) throw new LocalWorldError("The market is not open yet: call open() first.");
    return this.#trader;
  }

  /** Adds a stop's swaps to the totals. */
  #book(
    orders: readonly PlannedOrder[],
    receipt: LocalReceipt | undefined,
    price: number,
  ): { readonly swaps: number; readonly fees: number } {
    const logs = receipt?.logs ?? [];
    const made = this.#madeOrders(orders, logs);
    const swaps = logs.filter((log) => log.topics[0] === SWAP_TOPIC);
    if (swaps.length !== made.length) {
      throw new LocalWorldError(
        `${made.length} orders were made but ${swaps.length} swaps seen: report this as a bug.`,
      );
    }
    let fees = 0;
    for (const [i, log] of swaps.entries()) {
      const order = made[i];
      if (order === undefined) continue;
      const volume = this.#inputVolume(log, price);
      const fee = (volume * order.pool.fee) / 1e6;
      fees += fee;
      this.#addSwap(order, volume, fee);
    }
    this.#tiers = this.#tiers.map((tier) => {
      const liquidity = this.#units(this.#protocols.background.liquidity[tier.fee]);
      return { ...tier, backgroundLvr: tier.backgroundLvr + this.#planner.lossAtStop(this.#bar, price, liquidity) };
    });
    return { swaps: swaps.length, fees };
  }

  #madeOrders(orders: readonly PlannedOrder[], logs: readonly LocalLog[]): readonly PlannedOrder[] {
    const skipped = new Set(logs.filter((log) => log.topics[0] === SKIPPED_TOPIC).map((log) => Number(log.topics[1])));
    return orders.filter((_, i) => !skipped.has(i));
  }

  /** What a swap's trader paid in, quote units at the outside price. */
  #inputVolume(log: LocalLog, price: number): number {
    const { quoteIsToken0, baseDecimals, quoteDecimals } = this.#protocols.pair;
    const [amount0, amount1] = [signedWord(log.data, 0), signedWord(log.data, 1)];
    const [base, quote] = quoteIsToken0 ? [amount1, amount0] : [amount0, amount1];
    return quote > 0n ? unitsFromWei(quote, quoteDecimals) : unitsFromWei(base, baseDecimals) * price;
  }

  #addSwap(order: PlannedOrder, volume: number, fee: number): void {
    this.#tiers = this.#tiers.map((tier) => {
      if (tier.fee !== order.pool.fee) return tier;
      const next = { ...tier, swaps: tier.swaps + 1 };
      if (order.trader === "arbitrage") {
        return {
          ...next,
          arbitrageVolume: tier.arbitrageVolume + volume,
          arbitrageFees: tier.arbitrageFees + fee,
        };
      }
      const side = order.side === "buy" ? "noiseBuys" : "noiseSells";
      return { ...next, [side]: tier[side] + volume, noiseFees: tier.noiseFees + fee };
    });
  }
}

/** Word `index` of ABI-encoded data as int256. A general decoder took a fifth of a stop. */
function signedWord(data: string, index: number): bigint {
  const start = 2 + 64 * index;
  return BigInt.asIntN(256, BigInt(`0x${data.slice(start, start + 64)}`));
}

function iso(time: number): string {
  return new Date(time * 1000).toISOString();
}
