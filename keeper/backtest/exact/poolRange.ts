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
  readonly #key: string;

  /** @param owner a name that no other position of the pool has */
  constructor(pool: PoolMachine, owner: string, range: Range) {
    this.#pool = pool;
    this.#owner = owner;
    this.range = range;
    this.#key = positionKey(owner, range.tickLower, range.tickUpper);
  }

  get liquidity(): bigint {
    return this.#pool.state.position(this.#key).liquidity;
  }

  isFrom({ tickLower, tickUpper }: Range): boolean {
    return this.range.tickLower === tickLower && this.range.tickUpper === tickUpper;
  }

  /** True if the tick is one at which the pool counts this liquidity. */
  covers(tick: number): boolean {
    return this.range.tickLower <= tick && tick < this.range.tickUpper;
  }

  /** @returns what it costs */
  mint(liquidity: bigint, time: number): Amounts {
    return this.#pool.mint(this.#owner, this.range, liquidity, time);
  }

  /** Takes so much liquidity out, and all fees. */
  burn(liquidity: bigint, time: number): Amounts {
    this.#pool.burn(this.#owner, this.range, liquidity, time);
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
      this.liquidity,
      "down",
    );
  }

  /** What a collect would give now. */
  fees(): Amounts {
    const { state } = this.#pool;
    const { tickLower, tickUpper } = this.range;
    const position = state.position(this.#key);
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
