/**
 * The pools that a plan goes through, as PlanModel needs them: what a swap brings, and liquidity that comes and goes. Two of them: the stretch of
 * liquidity that the lens shows, and the whole state machine (keeper/sim) where the ticks that a swap can reach are known.
 */
import { getAmount0Delta, getAmount1Delta } from "../chain/liquidityAmounts.ts";
import { getSqrtRatioAtTick } from "../chain/tickMath.ts";
import type { FastPool } from "../sim/fastPool.ts";

const FEE_UNIT = 1_000_000n;

export interface SwapOutcome {
  /** Wei. */
  readonly amountIn: bigint;
  readonly amountOut: bigint;
  /** Initialised ticks that the price passed; null where nobody could see them. */
  readonly crossed: number | null;
}

/** A range in the pool's own ticks. */
export interface TickRange {
  readonly tickLower: number;
  readonly tickUpper: number;
}

export interface PlanPool {
  readonly sqrtPriceX96: bigint;
  /** A swap with an exact input; nothing happens where the pool would refuse it for its price limit. */
  swap(zeroForOne: boolean, amountIn: bigint, sqrtPriceLimitX96: bigint): SwapOutcome;
  /** Liquidity that joins a range, or leaves it below zero. */
  change(range: TickRange, liquidityDelta: bigint): void;
}

const NOTHING: SwapOutcome = { amountIn: 0n, amountOut: 0n, crossed: 0 };

/** The stretch of liquidity in range and nothing else: exact until a swap leaves it. */
export class StretchPool implements PlanPool {
  sqrtPriceX96: bigint;
  #liquidity: bigint;
  readonly #fee: bigint;

  /** @param fee hundredths of a basis point */
  constructor(fee: number, sqrtPriceX96: bigint, liquidity: bigint) {
    this.#fee = BigInt(fee);
    this.sqrtPriceX96 = sqrtPriceX96;
    this.#liquidity = liquidity;
  }

  /** One step of Uniswap v3's swap, rounded as the pool rounds. */
  swap(zeroForOne: boolean, amountIn: bigint, limit: bigint): SwapOutcome {
    const price = this.sqrtPriceX96;
    const liquidity = this.#liquidity;
    if (liquidity === 0n || amountIn === 0n || isPast(zeroForOne, price, limit)) return NOTHING;
    const net = (amountIn * (FEE_UNIT - this.#fee)) / FEE_UNIT;
    const shifted = liquidity << 96n;
    const next = zeroForOne ? divUp(shifted * price, shifted + net * price) : price + (net << 96n) / liquidity;
    const stopped = zeroForOne ? next < limit : next > limit;
    const end = stopped ? limit : next;
    this.sqrtPriceX96 = end;
    const amountOut = zeroForOne
      ? getAmount1Delta(end, price, liquidity, "down")
      : getAmount0Delta(price, end, liquidity, "down");
    if (!stopped) return { amountIn, amountOut, crossed: null };
    const spent = zeroForOne
      ? getAmount0Delta(end, price, liquidity, "up")
      : getAmount1Delta(price, end, liquidity, "up");
    return { amountIn: spent + divUp(spent * this.#fee, FEE_UNIT - this.#fee), amountOut, crossed: null };
  }

  change({ tickLower, tickUpper }: TickRange, liquidityDelta: bigint): void {
    const price = this.sqrtPriceX96;
    if (price >= getSqrtRatioAtTick(tickLower) && price < getSqrtRatioAtTick(tickUpper))
      this.#liquidity += liquidityDelta;
  }
}

/** The simulated pool: equal to the chain's in every swap whose price stays among the ticks that were read. */
export class SimulatedPool implements PlanPool {
  readonly #pool: FastPool;
  readonly #time: number;

  /** @param pool is changed; @param time unix seconds of the block */
  constructor(pool: FastPool, time: number) {
    this.#pool = pool;
    this.#time = time;
  }

  get sqrtPriceX96(): bigint {
    return this.#pool.state.slot0.sqrtPriceX96;
  }

  swap(zeroForOne: boolean, amountIn: bigint, sqrtPriceLimitX96: bigint): SwapOutcome {
    if (amountIn === 0n || isPast(zeroForOne, this.sqrtPriceX96, sqrtPriceLimitX96)) return NOTHING;
    const order = { zeroForOne, amountSpecified: amountIn, sqrtPriceLimitX96 };
    const { amount0, amount1, crossed } = this.#pool.swap(order, this.#time);
    return zeroForOne
      ? { amountIn: amount0, amountOut: -amount1, crossed }
      : { amountIn: amount1, amountOut: -amount0, crossed };
  }

  change(range: TickRange, liquidityDelta: bigint): void {
    if (liquidityDelta !== 0n) this.#pool.adjust(range, liquidityDelta, this.#time);
  }
}

function isPast(zeroForOne: boolean, price: bigint, limit: bigint): boolean {
  return zeroForOne ? limit >= price : limit <= price;
}

function divUp(numerator: bigint, denominator: bigint): bigint {
  return (numerator + denominator - 1n) / denominator;
}
