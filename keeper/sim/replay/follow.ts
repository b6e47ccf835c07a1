/** A simulated pool with all its ticks goes through what happened to the real one. */
import type { FastPool } from "../fastPool.ts";
import { PoolRevert } from "../revert.ts";
import type { PoolEvent, RangeEvent, SwapEvent } from "./events.ts";
import { likeliest, possibleOrders, reproduce, type SwapTrace } from "./orders.ts";

/** An event that does not follow from the state before it. The message is a clause that says how the two differ. */
export class ContradictionError extends Error {
  override readonly name = "ContradictionError";
}

/**
 * @returns how many initialised ticks the event crossed
 * @throws ContradictionError; the pool has not changed then, except by a mint or burn whose amounts differ
 */
export function follow(pool: FastPool, event: PoolEvent): number {
  if (event.kind === "SWAP") return followSwap(pool, event);
  checkPrice(event, pool.state.slot0.sqrtPriceX96);
  if (event.kind === "COLLECT") return 0;
  if (event.liquidity === 0n) {
    checkAmounts(event, 0n, 0n);
    return 0;
  }
  const sign = event.kind === "MINT" ? 1n : -1n;
  try {
    const { amount0, amount1 } = pool.adjust(event.range, sign * event.liquidity, event.time);
    checkAmounts(event, sign * amount0, sign * amount1);
  } catch (cause) {
    if (!(cause instanceof PoolRevert)) throw cause;
    throw new ContradictionError(`the pool refuses this ${event.kind} (${reason(cause, event, pool.tickSpacing)})`, {
      cause,
    });
  }
  return 0;
}

function followSwap(pool: FastPool, event: SwapEvent): number {
  const { slot0, liquidity } = pool.state;
  const orders = possibleOrders(event, slot0.sqrtPriceX96);
  if (orders.length === 0) {
    // Nothing in, nothing out, no move: it must at least stand where the pool does.
    if (event.liquidity !== liquidity || event.tick !== slot0.tick) throw contradiction(event, null);
    return 0;
  }
  const order = reproduce(pool, orders, event);
  if (order === null) throw contradiction(event, likeliest(pool, orders));
  return pool.swap(order, event.time).crossed;
}

function contradiction(event: SwapEvent, simulated: SwapTrace | null): ContradictionError {
  const says = ({ amount0, amount1, sqrtPriceX96, tick, liquidity }: SwapTrace): string =>
    `amounts ${amount0} and ${amount1}, sqrt price ${sqrtPriceX96}, tick ${tick}, liquidity ${liquidity}`;
  return new ContradictionError(
    `the swap does not follow from the state before it: the event says ${says(event)}, the pool ${
      simulated === null ? "refuses it" : says(simulated)
    }`,
  );
}

/** Why a pool refuses a change of a range. */
function reason({ code }: PoolRevert, { range }: RangeEvent, tickSpacing: number): string {
  if (code !== "") return code;
  const off = [range.tickLower, range.tickUpper].find((tick) => tick % tickSpacing !== 0);
  return off === undefined ? "no reason" : `tick ${off} is no multiple of the tick spacing ${tickSpacing}`;
}

/** @throws ContradictionError if the event tells of another price */
export function checkPrice(event: RangeEvent, sqrtPriceX96: bigint): void {
  if (event.sqrtPriceX96 === null || event.sqrtPriceX96 === sqrtPriceX96) return;
  throw new ContradictionError(
    `the ${event.kind} is of sqrt price ${event.sqrtPriceX96}, the swaps before it ended at ${sqrtPriceX96}`,
  );
}

/** @throws ContradictionError if the event moves other amounts */
export function checkAmounts(event: RangeEvent, amount0: bigint, amount1: bigint): void {
  if (event.amount0 === amount0 && event.amount1 === amount1) return;
  throw new ContradictionError(
    `the ${event.kind} moves ${event.amount0} and ${event.amount1}, at the pool's price it would be ${amount0} and ${amount1}`,
  );
}
