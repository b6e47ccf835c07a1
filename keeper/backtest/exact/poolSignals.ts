/**
 * The keeper's signals beside an exact run, written mark by mark: at each of them the keeper's own `computeSignals` is asked, with bars and samples
 * of what the pool has gone through so far. Prices are the pool's, what it pays is its own fee growth, and nothing is read ahead, for nothing
 * later is there. What its past is too short for is unknown, as it is to a keeper that begins.
 *
 * Unknown throughout are the pool quick ratio, which is one of all pools of the pair, and a factory's log.
 */
import { feeGrowthUnits } from "../../chain/orientation.ts";
import { orientedSpotTick, priceFromSqrtPriceX96, type Orientation } from "../../chain/prices.ts";
import { HOUR } from "../../market/time.ts";
import type { Bar } from "../../market/types.ts";
import type { PoolMachine } from "../../sim/machine.ts";
import { dailyCloses } from "../../signals/bars.ts";
import { computeSignals } from "../../signals/computeSignals.ts";
import { feePerLiquidityName } from "../../signals/feeIncome.ts";
import { DAY } from "../../signals/signal.ts";
import type { Sample, TierState, VaultState } from "../../strategy/types.ts";
import { fresh } from "../../strategy/view.ts";
import { oracleVolatility, type SignalTape } from "../strategies/layered/signalTape.ts";
import type { Window } from "./window.ts";

export class PoolSignals {
  /** Of the marks that were reached; NaN at all others. What the pool pays is what it paid: the scale is 1. */
  readonly tape: SignalTape;
  readonly #window: Window;
  readonly #orientation: Orientation;
  readonly #bars: Bar[];
  readonly #samples: Sample[] = [];
  #oracle = Number.NaN;

  /** @param history hourly bars that closed before the first hour that is seen, oldest first (past.ts) */
  constructor(window: Window, orientation: Orientation, history: readonly Bar[] = []) {
    const unknown = (): Float64Array => new Float64Array(window.bars + 1).fill(Number.NaN);
    this.tape = {
      week: unknown(),
      month: unknown(),
      bearish: unknown(),
      feeRate: unknown(),
      payRatio: unknown(),
      oracle: unknown(),
    };
    this.#window = window;
    this.#orientation = orientation;
    this.#bars = [...history];
  }

  /**
   * The pool as it stands on the hour. Hours before the window are the past of those in it.
   * @param time unix seconds, an hour after the last one that was seen
   */
  see(time: number, pool: PoolMachine): void {
    const tier = this.#tierOf(pool);
    const { price } = tier;
    this.#bars.push(barTo(time, price, this.#bars.at(-1)));
    const mark = (time - this.#window.from) / HOUR;
    if (mark >= 0) this.#write(mark, time, tier);
    this.#samples.push({ time, price, tiers: [tier] });
  }

  #write(mark: number, time: number, tier: TierState): void {
    const [bars, samples] = [this.#bars, this.#samples];
    const { baseDecimals, quoteDecimals } = this.#orientation;
    const { price, fee } = tier;
    // Signals read of a state the time, the price, its tiers and its positions, of which there are none.
    const state = { baseDecimals, quoteDecimals, time, price, tiers: [tier], positions: [] } as unknown as VaultState;
    const signals = computeSignals(state, { bars, samples });
    const { week, month, bearish, feeRate, payRatio, oracle } = this.tape;
    const write = (row: Float64Array, name: string): void => {
      row[mark] = fresh(signals, name) ?? Number.NaN;
    };
    write(week, "realisedVolatility7d");
    write(month, "realisedVolatility30d");
    write(bearish, "trendEnsemble");
    write(feeRate, feePerLiquidityName(fee));
    write(payRatio, `payRatio.${fee}`);
    // The chain is poked at midnight, so that is when it changes.
    if (time % DAY === 0 || Number.isNaN(this.#oracle)) {
      const midnight = Math.floor(time / DAY) * DAY;
      this.#oracle = oracleVolatility(dailyCloses(bars, midnight, Number.POSITIVE_INFINITY), midnight)(midnight);
    }
    oracle[mark] = this.#oracle;
  }

  #tierOf({ state, fee, tickSpacing }: PoolMachine): TierState {
    const { slot0, liquidity, feeGrowth } = state;
    const growth = feeGrowthUnits(feeGrowth.token0X128, feeGrowth.token1X128, this.#orientation);
    return {
      fee,
      tickSpacing,
      allowed: true,
      tick: orientedSpotTick(slot0.sqrtPriceX96, this.#orientation),
      price: priceFromSqrtPriceX96(slot0.sqrtPriceX96, this.#orientation),
      liquidity: Number(liquidity),
      feeGrowthBase: growth.base,
      feeGrowthQuote: growth.quote,
    };
  }
}

/** Signals are made of closes; what else a bar says is as if the price had gone straight. */
function barTo(time: number, price: number, before: Bar | undefined): Bar {
  const open = before?.close ?? price;
  return {
    time: time - HOUR,
    open,
    high: Math.max(open, price),
    low: Math.min(open, price),
    close: price,
    volume: 0,
  };
}
