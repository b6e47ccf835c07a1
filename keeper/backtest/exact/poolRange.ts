/** A position of ours in a simulated pool: real mints, burns and collects, and what can be read between them without touching it. */
import { getAmountsForLiquidity } from "../../chain/liquidityAmounts.ts";
import { getSqrtRatioAtTick } from "../../chain/tickMath.ts";
import { MAX_UINT128, mulDiv, Q128, wrap128, wrap256 } from "../../sim/integers.ts";
import type { PoolMachine } from "../../sim/machine.ts";
import { positionKey } from "../../sim/position.ts";
import type { Amounts } from "../../sim/store.ts";
import { feeGrowthInside } from "../../sim/tick.ts";
import type { Range } from "../../sim/types.ts";

const ALL: Amounts = { amount0: MAX_UINT128, amount1: MAX_UINT128 };

export class PoolRange {
  readonly range: Range;
  readonly #pool: PoolMachine;
  readonly #owner: string;
  #liquidity = 0n;

  /** @param owner a name that no other position of the pool has */
  constructor(pool: PoolMachine, owner: string, range: Range) {
    this.#pool = pool;
    this.#owner = owner;
    this.range = range;
  }

  get liquidity(): bigint {
    return this.#liquidity;
  }

  /** True if the tick is one at which the pool counts this liquidity. */
  covers(tick: number): boolean {
    return this.range.tickLower <= tick && tick < this.range.tickUpper;
  }

  /** @returns what it costs */
  mint(liquidity: bigint, time: number): Amounts {
    const paid = this.#pool.mint(this.#owner, this.range, liquidity, time);
    this.#liquidity += liquidity;
    return paid;
  }

  /** Takes everything out, fees included. */
  close(time: number): Amounts {
    this.#pool.burn(this.#owner, this.range, this.#liquidity, time);
    this.#liquidity = 0n;
    return this.#pool.collect(this.#owner, this.range, ALL);
  }

  /** Takes the fees out. */
  collect(time: number): Amounts {
    this.#pool.burn(this.#owner, this.range, 0n, time);
    return this.#pool.collect(this.#owner, this.range, ALL);
  }

  /** What a burn would give now, without fees. */
  holdings(): Amounts {
    const { tickLower, tickUpper } = this.range;
    const { sqrtPriceX96 } = this.#pool.state.slot0;
    return getAmountsForLiquidity(
      sqrtPriceX96,
      getSqrtRatioAtTick(tickLower),
      getSqrtRatioAtTick(tickUpper),
      this.#liquidity,
      "down",
    );
  }

  /** What a collect would give now. */
  fees(): Amounts {
    const { state } = this.#pool;
    const { tickLower, tickUpper } = this.range;
    const position = state.position(positionKey(this.#owner, tickLower, tickUpper));
    const inside = feeGrowthInside(
      state.tick(tickLower),
      state.tick(tickUpper),
      tickLower,
      tickUpper,
      state.slot0.tick,
      state.feeGrowth,
    );
    const earned = (now: bigint, last: bigint): bigint =>
      wrap128(mulDiv(wrap256(now - last), position.liquidity, Q128));
    return {
      amount0: position.tokensOwed0 + earned(inside.token0X128, position.feeGrowthInside0LastX128),
      amount1: position.tokensOwed1 + earned(inside.token1X128, position.feeGrowthInside1LastX128),
    };
  }
}
