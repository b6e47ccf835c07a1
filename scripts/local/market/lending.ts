/**
 * The other people on the lending markets: how much of what lenders supply is lent out, and at which rate. Plausible, not calibrated:
 * hourly rates of both assets over years are not at hand.
 *
 * DEMAND. In calm four fifths are lent; with volatility more is, since hedgers and leveraged traders borrow and lenders withdraw; dear
 * loans are repaid. Noise wanders slowly about that.
 *
 * RATE. The local rate model has Morpho's curve; what AdaptiveCurveIrm does with the rate at its target is done here: while more than nine
 * tenths are lent it rises, while less is it falls, by exp(50 a year * error). So a storm makes loans dear at once by the curve and dearer
 * day by day.
 */
import type { Interface } from "ethers";

import { unitsFromWei, weiFromUnits } from "../../../keeper/chain/prices.ts";
import type { Random } from "../../../keeper/market/random.ts";
import type { LocalChain, LocalTransaction } from "../chain.ts";
import { LocalWorldError } from "../errors.ts";
import type { LocalMarket, LocalMarkets } from "../protocols/morpho.ts";

const HOUR = 3600;
const YEAR = 365 * 86_400;

/** Seconds between two of the others' decisions. */
export const LENDING_STEP = 8 * HOUR;

/** Volatility a year, recent, at a path's beginning. */
const FIRST_VOLATILITY = 0.6;
/** Weight of the past in each hour's variance: half of it is a day old. */
const MEMORY = 0.97;
/** Below and above these volatilities demand no longer changes. */
const CALM = 0.4;
const STORM = 1.2;
const CALM_USE = 0.82;
const STORM_USE = 0.98;
/** How much less is borrowed when the rate at the target is e times its first value. */
const ELASTICITY = 0.08;
const NOISE = 0.01;
/** What remains of the noise from step to step. */
const PERSISTENCE = 0.9;
/** All that others ever lend: the vault must be able to leave. */
const MOST_USE = 0.985;
const LEAST_USE = 0.5;

/** AdaptiveCurveIrm's constants: target, speed a year, bounds of the rate at the target a year. */
const TARGET = 0.9;
const SPEED = 50;
const LEAST_RATE = 0.001;
const MOST_RATE = 2;
/** What both rate models begin with (contracts/local/LocalMorphoRateModel.sol). */
export const FIRST_RATE = 0.025;

const GAS = 500_000n;

/**
 * The part of the supply that others would have lent.
 * @param volatility a year
 * @param rateAtTarget a year
 * @param noise added at the end
 */
export function wantedUse(volatility: number, rateAtTarget: number, noise: number): number {
  const storm = Math.min(1, Math.max(0, (volatility - CALM) / (STORM - CALM)));
  const dear = ELASTICITY * Math.log(rateAtTarget / FIRST_RATE);
  return Math.min(MOST_USE, Math.max(LEAST_USE, CALM_USE + (STORM_USE - CALM_USE) * storm - dear + noise));
}

/** The rate at the target after so many seconds at one utilisation, a year; AdaptiveCurveIrm's rule. */
export function adaptedRate(rate: number, use: number, seconds: number): number {
  const error = (use - TARGET) / (use > TARGET ? 1 - TARGET : TARGET);
  return Math.min(MOST_RATE, Math.max(LEAST_RATE, rate * Math.exp((SPEED * error * seconds) / YEAR)));
}

interface MarketNow {
  readonly market: LocalMarket;
  readonly decimals: number;
  noise: number;
  /** A year. */
  rateAtTarget: number;
}

/** Moves both lending markets along a path. */
export class LendingMarkets {
  readonly #chain: LocalChain;
  readonly #venue: LocalMarkets;
  readonly #random: Random;
  readonly #markets: readonly MarketNow[];
  readonly #abis: { readonly morpho: Interface; readonly rateModel: Interface };
  #variance = FIRST_VOLATILITY ** 2;
  #price: number;
  #last: number;

  private constructor(
    parts: Pick<LendingOptions, "chain" | "venue" | "random" | "price" | "time"> & {
      readonly markets: readonly MarketNow[];
      readonly abis: { readonly morpho: Interface; readonly rateModel: Interface };
    },
  ) {
    this.#chain = parts.chain;
    this.#venue = parts.venue;
    this.#random = parts.random;
    this.#price = parts.price;
    this.#last = parts.time;
    this.#markets = parts.markets;
    this.#abis = parts.abis;
  }

  static async open(options: LendingOptions): Promise<LendingMarkets> {
    const { chain, venue, baseDecimals, quoteDecimals } = options;
    const now = (market: LocalMarket, decimals: number): MarketNow => ({
      market,
      decimals,
      noise: 0,
      rateAtTarget: FIRST_RATE,
    });
    const morpho = await chain.ethers.getContractAt("LocalMorpho", venue.morpho);
    const rateModel = await chain.ethers.getContractAt("LocalMorphoRateModel", venue.rateModel);
    return new LendingMarkets({
      ...options,
      markets: [now(venue.conversion, baseDecimals), now(venue.reversal, quoteDecimals)],
      abis: { morpho: morpho.interface, rateModel: rateModel.interface },
    });
  }

  /** Volatility a year, recent. */
  get volatility(): number {
    return Math.sqrt(this.#variance);
  }

  /**
   * An hour has closed: what others do now, to be put into one block.
   * @param price quote units per base unit
   * @param time unix seconds
   */
  async hour(price: number, time: number): Promise<readonly LocalTransaction[]> {
    const step = Math.log(price / this.#price);
    this.#price = price;
    this.#variance = MEMORY * this.#variance + (1 - MEMORY) * step ** 2 * (YEAR / HOUR);
    const elapsed = time - this.#last;
    if (elapsed < LENDING_STEP) return [];
    this.#last = time;
    const transactions: LocalTransaction[] = [];
    for (const market of this.#markets) transactions.push(...(await this.#decide(market, elapsed)));
    return transactions;
  }

  async #decide(now: MarketNow, elapsed: number): Promise<readonly LocalTransaction[]> {
    const { supply, borrow } = await this.#totals(now);
    now.rateAtTarget = adaptedRate(now.rateAtTarget, borrow / supply, elapsed);
    now.noise = PERSISTENCE * now.noise + NOISE * this.#random.normal();
    const change = wantedUse(this.volatility, now.rateAtTarget, now.noise) * supply - borrow;
    const { params, id } = now.market;
    const { address } = this.#chain.accounts.liquidityProvider;
    const amount = weiFromUnits(Math.abs(change), now.decimals);
    const { morpho, rateModel } = this.#abis;
    const data =
      change > 0
        ? morpho.encodeFunctionData("borrow", [params, amount, 0, address, address])
        : morpho.encodeFunctionData("repay", [params, amount, 0, address, "0x"]);
    const perSecond = weiFromUnits(now.rateAtTarget, 18) / BigInt(YEAR);
    return [
      // Either accrues first, so that the new rate does not change the past.
      { ...this.#sent(this.#venue.morpho), data: amount === 0n ? this.#accrual(now) : data },
      { ...this.#sent(this.#venue.rateModel), data: rateModel.encodeFunctionData("setRateAtTarget", [id, perSecond]) },
    ];
  }

  #accrual(now: MarketNow): string {
    return this.#abis.morpho.encodeFunctionData("accrueInterest", [now.market.params]);
  }

  #sent(to: string): Omit<LocalTransaction, "data"> {
    return {
      from: this.#chain.accounts.liquidityProvider.address,
      to,
      gas: GAS,
      what: "The lending markets' other users",
    };
  }

  /** By the last accrual, whole units. */
  async #totals({ market, decimals }: MarketNow): Promise<{ readonly supply: number; readonly borrow: number }> {
    const data = this.#abis.morpho.encodeFunctionData("market", [market.id]);
    const answer: unknown = await this.#chain.provider.request({
      method: "eth_call",
      params: [{ to: this.#venue.morpho, data }, "latest"],
    });
    // In order: assets and shares supplied, assets borrowed.
    const [supplied, , borrowed] = this.#abis.morpho.decodeFunctionResult("market", String(answer)) as unknown as [
      bigint,
      bigint,
      bigint,
    ];
    const supply = unitsFromWei(supplied, decimals);
    if (supply === 0) throw new LocalWorldError("A lending market has no lenders: supply it before the path begins.");
    return { supply, borrow: unitsFromWei(borrowed, decimals) };
  }
}

export interface LendingOptions {
  readonly chain: LocalChain;
  readonly venue: LocalMarkets;
  readonly baseDecimals: number;
  readonly quoteDecimals: number;
  readonly random: Random;
  /** Quote units per base unit at the path's beginning. */
  readonly price: number;
  /** Unix seconds of it. */
  readonly time: number;
}
