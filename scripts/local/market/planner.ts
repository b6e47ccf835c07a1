/** Decides what the noise traders do at each stop, and keeps the account of the fees that are still to be paid. Knows no chain. */
import type { Random } from "../../../keeper/market/random.ts";
import type { PricePath } from "../../../keeper/market/types.ts";
import { feeFlow, varianceFlow, type FeeFlow } from "./feeFlow.ts";
import { drawOrders, noiseMix, planNoise, type NoisePlan } from "./noise.ts";
import { afterArbitrage, feeValue, tradeTo, type PoolModel } from "./poolModel.ts";

/** The noise's stream of the seed. */
export const NOISE_STREAM = 1;
/** Fees that the flow asked for and nobody paid are caught up over so many seconds. */
const CATCH_UP_SECONDS = 86_400;

export interface PlannerOptions {
  readonly path: Pick<PricePath, "bars" | "history" | "step">;
  /** Stops a bar. */
  readonly stops: number;
  /** Fees over loss versus rebalancing of the background liquidity over the whole path. */
  readonly payRatio: number;
  readonly random: Random;
  /** Whole units of background liquidity by pool: who joins it shares its fees, since they do not grow with him. */
  readonly background: readonly number[];
}

export class NoisePlanner {
  readonly #options: PlannerOptions;
  readonly #flow: FeeFlow;
  /** Quote units. */
  #deficit = 0;

  constructor(options: PlannerOptions) {
    this.#options = options;
    this.#flow = feeFlow(options.path.history, options.path.bars, options.path.step, options.payRatio);
  }

  /**
   * The noise of one stop, after arbitrage has brought every pool into its band.
   * @param bar index of the path's bar
   * @param pools before the stop
   * @param price outside price of the stop
   */
  plan(bar: number, pools: readonly PoolModel[], price: number): NoisePlan {
    // In a gap of the source nobody traded; arbitrage alone keeps the pools at the carried price.
    if (this.#options.path.bars[bar]?.filled === true) return { orders: [], fees: 0 };
    let arbitrageFees = 0;
    const after = pools.map((pool) => {
      const trade = tradeTo(pool, afterArbitrage(pool, price));
      arbitrageFees += feeValue(trade, price);
      return { ...pool, price: trade.price };
    });
    const { path, stops, random } = this.#options;
    const wanted = this.#target(bar, price) + (this.#deficit * path.step) / stops / CATCH_UP_SECONDS - arbitrageFees;
    const cheapest = after.reduce((least, pool) => (pool.fee < least.fee ? pool : least));
    const mix = noiseMix(this.#flow.volatility[bar] ?? 0, cheapest, wanted);
    return planNoise(after, price, drawOrders(random, mix), wanted);
  }

  /** Books what all traders of a stop have paid, quote units. */
  settle(bar: number, price: number, fees: number): void {
    this.#deficit += this.#target(bar, price) - fees;
  }

  /** Loss versus rebalancing of so much liquidity, whole units, at one stop; quote units. */
  lossAtStop(bar: number, price: number, liquidity: number): number {
    return varianceFlow(liquidity, price, (this.#flow.variance[bar] ?? 0) / this.#options.stops);
  }

  /** Quote units of fees that the flow asks of one stop. */
  #target(bar: number, price: number): number {
    const variance = (this.#flow.feeVariance[bar] ?? 0) / this.#options.stops;
    return this.#options.background.reduce((sum, liquidity) => sum + varianceFlow(liquidity, price, variance), 0);
  }
}
