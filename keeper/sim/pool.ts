/**
 * The reference: a Uniswap v3 pool in plain bigint, for reading and for checking others. fastPool.ts does the same, faster.
 * Source: Uniswap v3 Core whitepaper, section 6.2; details as in the deployed bytecode.
 */
import {
  getSqrtRatioAtTick,
  getTickAtSqrtRatio,
  MAX_SQRT_RATIO,
  MAX_TICK,
  MIN_SQRT_RATIO,
  MIN_TICK,
} from "../chain/tickMath.ts";
import {
  addDelta,
  checkInt256,
  checkTime,
  checkUint,
  mulDiv,
  Q128,
  toInt256,
  wrap128,
  wrap256,
  wrap32,
} from "./integers.ts";
import { PoolMachine, protocolPart } from "./machine.ts";
import { type Cumulatives, observeNow, writeObservation } from "./oracle.ts";
import { require } from "./revert.ts";
import { MapStore } from "./store.ts";
import { swapStep } from "./swapStep.ts";
import { crossTick, type FeeGrowth, type TickInfo } from "./tick.ts";
import { nextTickInWord } from "./tickBitmap.ts";
import type { Payment, PoolTerms, SwapOrder, SwapResult } from "./types.ts";

/** A pool's state at one moment; it stays what it was, whatever becomes of the pool. */
export class PoolSnapshot {
  readonly store: MapStore;
  readonly terms: PoolTerms;

  constructor(store: MapStore, { fee, tickSpacing }: PoolTerms) {
    this.store = store;
    this.terms = { fee, tickSpacing };
  }
}

/** A swap, computed and not yet written. */
interface SwapOutcome extends SwapResult {
  /** Of the token that comes in. */
  readonly feeGrowthX128: bigint;
  readonly protocolFee: bigint;
  readonly crossings: ReadonlyMap<number, TickInfo>;
}

export class Pool extends PoolMachine {
  protected readonly store: MapStore;

  constructor(terms: PoolTerms) {
    super(terms);
    this.store = new MapStore(terms.tickSpacing);
  }

  swap(order: SwapOrder, time: number, payment?: Payment): SwapResult {
    checkTime(time);
    const at = wrap32(time);
    const outcome = this.#compute(order, at);
    this.settle(order.zeroForOne, outcome, payment);
    const { store } = this;
    const { slot0 } = store;
    for (const [tick, info] of outcome.crossings) store.setTick(tick, info);
    if (outcome.tick !== slot0.tick) {
      const before = { tick: slot0.tick, liquidity: store.liquidity };
      this.writeRing(writeObservation(this.ring(), slot0.observationCardinalityNext, at, before));
    }
    store.slot0 = { ...store.slot0, sqrtPriceX96: outcome.sqrtPriceX96, tick: outcome.tick };
    store.liquidity = outcome.liquidity;
    store.feeGrowth = this.#growth(order.zeroForOne, outcome.feeGrowthX128);
    const { amount0, amount1 } = store.protocolFees;
    store.protocolFees = order.zeroForOne
      ? { amount0: wrap128(amount0 + outcome.protocolFee), amount1 }
      : { amount0, amount1: wrap128(amount1 + outcome.protocolFee) };
    return resultOf(outcome);
  }

  quote(order: SwapOrder): SwapResult {
    // The time only enters what crossed ticks remember.
    return resultOf(this.#compute(order, 0));
  }

  snapshot(): PoolSnapshot {
    return new PoolSnapshot(new MapStore(this.tickSpacing, this.store), this);
  }

  /** @throws SimulationInputError for a snapshot of a pool with other terms */
  restore(snapshot: PoolSnapshot): void {
    this.checkTerms(snapshot.terms);
    this.store.take(snapshot.store);
  }

  checkpoint(): () => void {
    const kept = this.snapshot();
    return () => {
      this.restore(kept);
    };
  }

  clone(): Pool {
    const copy = new Pool(this);
    copy.store.take(this.store);
    return copy;
  }

  #compute({ zeroForOne, amountSpecified, sqrtPriceLimitX96: limit }: SwapOrder, time: number): SwapOutcome {
    checkInt256(amountSpecified, "The amount");
    checkUint(limit, 160, "The price limit");
    const { slot0, liquidity: liquidityStart, feeGrowth } = this.store;
    require(amountSpecified !== 0n, "AS");
    require(slot0.sqrtPriceX96 !== 0n, "LOK");
    require(zeroForOne
      ? limit < slot0.sqrtPriceX96 && limit > MIN_SQRT_RATIO
      : limit > slot0.sqrtPriceX96 && limit < MAX_SQRT_RATIO, "SPL");
    const exactIn = amountSpecified > 0n;
    const fee = BigInt(this.fee);
    const feeProtocol = zeroForOne ? slot0.feeProtocol & 15 : slot0.feeProtocol >> 4;
    const crossings = new Map<number, TickInfo>();
    let cumulatives: Cumulatives | null = null;

    let remaining = amountSpecified;
    let calculated = 0n;
    let { sqrtPriceX96: price, tick } = slot0;
    let liquidity = liquidityStart;
    let protocolFee = 0n;
    let growthX128 = zeroForOne ? feeGrowth.token0X128 : feeGrowth.token1X128;

    while (remaining !== 0n && price !== limit) {
      const start = price;
      const found = nextTickInWord((word) => this.store.bitmapWord(word), tick, this.tickSpacing, zeroForOne);
      const tickNext = Math.min(Math.max(found.tick, MIN_TICK), MAX_TICK);
      const priceNext = getSqrtRatioAtTick(tickNext);
      const pastLimit = zeroForOne ? priceNext < limit : priceNext > limit;

      const step = swapStep(price, pastLimit ? limit : priceNext, liquidity, remaining, fee);
      price = step.next;
      const paid = toInt256(wrap256(step.amountIn + step.feeAmount));
      if (exactIn) {
        remaining -= paid;
        calculated = toInt256(calculated - toInt256(step.amountOut));
      } else {
        remaining += toInt256(step.amountOut);
        calculated = toInt256(calculated + paid);
      }

      const toProtocol = protocolPart(step.feeAmount, feeProtocol);
      protocolFee = wrap128(protocolFee + toProtocol);
      if (liquidity > 0n) growthX128 = wrap256(growthX128 + mulDiv(step.feeAmount - toProtocol, Q128, liquidity));

      if (price === priceNext) {
        if (found.initialized) {
          const info = this.store.tick(tickNext);
          cumulatives ??= observeNow(this.ring(), time, { tick: slot0.tick, liquidity: liquidityStart });
          crossings.set(tickNext, crossTick(info, this.#growth(zeroForOne, growthX128), cumulatives, time));
          liquidity = addDelta(liquidity, zeroForOne ? -info.liquidityNet : info.liquidityNet);
        }
        // Going down, the price stands on the tick that was just left.
        tick = zeroForOne ? tickNext - 1 : tickNext;
      } else if (price !== start) tick = getTickAtSqrtRatio(price);
    }

    const specified = amountSpecified - remaining;
    const [amount0, amount1] = zeroForOne === exactIn ? [specified, calculated] : [calculated, specified];
    return {
      amount0,
      amount1,
      sqrtPriceX96: price,
      tick,
      liquidity,
      crossed: crossings.size,
      feeGrowthX128: growthX128,
      protocolFee,
      crossings,
    };
  }

  /** Fee growth with that of the token that comes in replaced. */
  #growth(zeroForOne: boolean, growthX128: bigint): FeeGrowth {
    const { token0X128, token1X128 } = this.store.feeGrowth;
    return zeroForOne ? { token0X128: growthX128, token1X128 } : { token0X128, token1X128: growthX128 };
  }
}

function resultOf({ amount0, amount1, sqrtPriceX96, tick, liquidity, crossed }: SwapOutcome): SwapResult {
  return { amount0, amount1, sqrtPriceX96, tick, liquidity, crossed };
}
