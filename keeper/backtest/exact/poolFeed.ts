/**
 * Leads a simulated pool through recorded events. The pool also holds liquidity that the recorded one did not have, so a swap of the recorded
 * amounts would not go as far. Two answers to that:
 *
 * - `prices` (default): a swap goes on to the price at which the recorded one ended, as arbitrage would see to it whose outside price is not moved
 *   by us. The price path is the recorded one to the last bit; a unit of liquidity earns what it earned, because fees per liquidity depend on the
 *   way of the price alone; what is more than recorded is the volume, by the share of our liquidity. That is measured: `extraVolume`.
 * - `amounts`: a swap brings what the recorded one brought. Volume is the recorded one and is shared with us; the price lags behind
 *   the recorded one, and where the flow has a direction the lag adds up. That is measured too: `deviation`.
 *
 * Mints and burns are done as recorded in both.
 */
import type { Orientation } from "../../chain/prices.ts";
import { priceFromSqrtPriceX96 } from "../../chain/prices.ts";
import { MAX_SQRT_RATIO, MIN_SQRT_RATIO } from "../../chain/tickMath.ts";
import { toUnits } from "../../chain/orientation.ts";
import { BacktestOptionError } from "../errors.ts";
import { SimulationFileError } from "../../sim/errors.ts";
import type { PoolMachine } from "../../sim/machine.ts";
import type { FileEvent, RangeEvent, FileSwap } from "../../sim/replay/events.ts";
import { PoolRevert } from "../../sim/revert.ts";
import type { FeeGrowth } from "../../sim/tick.ts";
import type { SwapOrder } from "../../sim/types.ts";

export const REPLAYS = ["prices", "amounts"] as const;
export type ReplayMode = (typeof REPLAYS)[number];

/** @throws BacktestOptionError */
export function parseReplay(text: string): ReplayMode {
  const mode = REPLAYS.find((name) => name === text);
  if (mode === undefined)
    throw new BacktestOptionError(`--replay: swaps cannot be replayed by "${text}"; write ${REPLAYS.join(" or ")}.`);
  return mode;
}

/** More than any swap takes on its way to a price. */
const UNLIMITED = (1n << 255n) - 1n;

export interface PoolFeedOptions {
  readonly pool: PoolMachine;
  /** In the order of the chain, from the pool's state on. */
  readonly events: readonly FileEvent[];
  readonly mode: ReplayMode;
  readonly orientation: Orientation;
  /** How messages name the events. */
  readonly file: string;
  /** Liquidity at a tick that is ours and not the recorded pool's. */
  readonly own: (tick: number) => bigint;
  /** Told of every swap. */
  readonly onSwap: (priceBefore: bigint, priceAfter: bigint, before: FeeGrowth, after: FeeGrowth) => void;
}

export class PoolFeed {
  /** Sum of what swaps brought, quote units at the price of each, as recorded and here. */
  recordedVolume = 0;
  volume = 0;
  /** Greatest |price / recorded price - 1| after a swap. */
  deviation = 0;
  /** Greatest part of the liquidity in range that was ours, at a swap. */
  share = 0;
  swaps = 0;
  readonly #options: PoolFeedOptions;
  #next = 0;

  constructor(options: PoolFeedOptions) {
    this.#options = options;
  }

  /**
   * Everything that happened up to a time, that second included.
   * @throws SimulationFileError for an event that the pool refuses or that ends elsewhere
   */
  advanceTo(time: number): void {
    const { events } = this.#options;
    for (let event = events[this.#next]; event !== undefined && event.time <= time; event = events[++this.#next]) {
      try {
        if (event.kind === "SWAP") this.#swap(event);
        else this.#change(event);
      } catch (cause) {
        if (!(cause instanceof PoolRevert)) throw cause;
        this.#contradiction(event, `the pool refuses it (${cause.code === "" ? "no reason" : cause.code})`, cause);
      }
    }
  }

  #change(event: RangeEvent): void {
    if (event.kind === "COLLECT" || event.liquidity === 0n) return;
    const { pool } = this.#options;
    pool.adjust(event.range, event.kind === "MINT" ? event.liquidity : -event.liquidity, event.time);
  }

  #swap(event: FileSwap): void {
    const { pool, mode, onSwap } = this.#options;
    const { sqrtPriceX96: price } = pool.state.slot0;
    const order = orderOf(event, price, mode);
    if (order === null) return;
    const before = pool.state.feeGrowth;
    const { amount0, amount1, sqrtPriceX96, tick, liquidity } = pool.swap(order, event.time);
    onSwap(price, sqrtPriceX96, before, pool.state.feeGrowth);

    const own = this.#options.own(tick);
    if (mode === "prices" && (sqrtPriceX96 !== event.sqrtPriceX96 || liquidity - own !== event.liquidity)) {
      this.#contradiction(
        event,
        `it ended at sqrt price ${event.sqrtPriceX96} with a liquidity of ${event.liquidity}, the pool at ${sqrtPriceX96} with ${liquidity - own}`,
      );
    }
    this.swaps++;
    this.recordedVolume += this.#valueIn(event.amount0, event.amount1, sqrtPriceX96);
    this.volume += this.#valueIn(amount0, amount1, sqrtPriceX96);
    this.deviation = Math.max(this.deviation, this.#apart(sqrtPriceX96, event.sqrtPriceX96));
    if (own > 0n) this.share = Math.max(this.share, Number(own) / Number(liquidity));
  }

  /** What comes in, quote units. */
  #valueIn(amount0: bigint, amount1: bigint, sqrtPriceX96: bigint): number {
    const { orientation } = this.#options;
    const positive = (amount: bigint): bigint => (amount > 0n ? amount : 0n);
    const { base, quote } = toUnits(positive(amount0), positive(amount1), orientation);
    return base * priceFromSqrtPriceX96(sqrtPriceX96, orientation) + quote;
  }

  #apart(a: bigint, b: bigint): number {
    if (a === b) return 0;
    const { orientation } = this.#options;
    return Math.abs(priceFromSqrtPriceX96(a, orientation) / priceFromSqrtPriceX96(b, orientation) - 1);
  }

  #contradiction(event: FileEvent, what: string, cause?: unknown): never {
    throw new SimulationFileError(
      this.#options.file,
      event.line,
      `this ${event.kind} does not follow from the state before it: ${what}; see that no event is missing and that the map is of this pool.`,
      { cause },
    );
  }
}

/** Null for a swap that neither brought anything nor moved the price. */
function orderOf(event: FileSwap, price: bigint, mode: ReplayMode): SwapOrder | null {
  const { amount0, amount1, sqrtPriceX96 } = event;
  if (mode === "prices" && sqrtPriceX96 !== price)
    return { zeroForOne: sqrtPriceX96 < price, amountSpecified: UNLIMITED, sqrtPriceLimitX96: sqrtPriceX96 };
  const zeroForOne = amount0 > 0n;
  const amountSpecified = zeroForOne ? amount0 : amount1;
  if (amountSpecified <= 0n) return null;
  return { zeroForOne, amountSpecified, sqrtPriceLimitX96: zeroForOne ? MIN_SQRT_RATIO + 1n : MAX_SQRT_RATIO - 1n };
}
