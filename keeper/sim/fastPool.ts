import { checkInt256, checkTime, checkUint, wrap32 } from "./integers.ts";
import { PoolMachine } from "./machine.ts";
import { PoolRevert } from "./revert.ts";
import type { Payment, PoolTerms, SwapOrder, SwapResult } from "./types.ts";
import { ORDER, SWAP } from "./wasm/layout.ts";
import { type MemoryImage, MemoryStore } from "./wasm/memoryStore.ts";
import { STATUS } from "./wasm/wide.ts";

/** The code of each status of a swap that cannot be made. */
const CODES: Readonly<Record<number, string>> = {
  [STATUS.overflow]: "",
  [STATUS.tooMuchLiquidity]: "LA",
  [STATUS.tooLittleLiquidity]: "LS",
  [STATUS.noAmount]: "AS",
  [STATUS.locked]: "LOK",
  [STATUS.limit]: "SPL",
};

/** A pool's state at one moment; it stays what it was, whatever becomes of the pool. */
export class FastPoolSnapshot {
  readonly image: MemoryImage;
  readonly terms: PoolTerms;

  constructor(image: MemoryImage, { fee, tickSpacing }: PoolTerms) {
    this.image = image;
    this.terms = { fee, tickSpacing };
  }
}

/**
 * The same pool as pool.ts, its swaps in WebAssembly over its own memory; everything else is the same code over that memory.
 * docs/simulation.md says how fast it is and what bounds it.
 */
export class FastPool extends PoolMachine {
  protected readonly store: MemoryStore;
  /** The price limit that lies in the memory. */
  #limit = 0n;

  constructor(terms: PoolTerms) {
    super(terms);
    this.store = new MemoryStore(terms);
  }

  swap(order: SwapOrder, time: number, payment?: Payment): SwapResult {
    checkTime(time);
    const result = this.quote(order);
    // Where the pool's holdings are unknown, it is never short and always paid.
    if (payment !== undefined || this.store.balances !== null) this.settle(order.zeroForOne, result, payment);
    this.store.engine.commit(order.zeroForOne ? 1 : 0, wrap32(time));
    return result;
  }

  quote({ zeroForOne, amountSpecified, sqrtPriceLimitX96 }: SwapOrder): SwapResult {
    checkInt256(amountSpecified, "The amount");
    const { engine } = this.store;
    const exactIn = amountSpecified > 0n;
    engine.write(ORDER.amount, exactIn ? amountSpecified : -amountSpecified);
    // Mostly the same as before.
    if (sqrtPriceLimitX96 !== this.#limit) {
      checkUint(sqrtPriceLimitX96, 160, "The price limit");
      engine.write(ORDER.limit, sqrtPriceLimitX96);
      this.#limit = sqrtPriceLimitX96;
    }
    const status = engine.compute(exactIn ? 1 : 0, zeroForOne ? 1 : 0);
    if (status !== STATUS.success) throw new PoolRevert(CODES[status]);
    const rest = engine.read(SWAP.remaining);
    const calculated = engine.read(SWAP.calculated);
    const specified = exactIn ? amountSpecified - rest : amountSpecified + rest;
    const other = exactIn ? -calculated : calculated;
    const isFirst = zeroForOne === exactIn;
    return {
      amount0: isFirst ? specified : other,
      amount1: isFirst ? other : specified,
      sqrtPriceX96: engine.read(SWAP.price),
      tick: engine.int(SWAP.tick),
      liquidity: engine.read(SWAP.liquidity),
      crossed: engine.int(SWAP.crossed),
    };
  }

  snapshot(): FastPoolSnapshot {
    return new FastPoolSnapshot(this.store.image(), this);
  }

  /** @throws SimulationInputError for a snapshot of a pool with other terms */
  restore(snapshot: FastPoolSnapshot): void {
    this.checkTerms(snapshot.terms);
    this.store.load(snapshot.image);
  }

  checkpoint(): () => void {
    const kept = this.snapshot();
    return () => {
      this.restore(kept);
    };
  }

  clone(): FastPool {
    const copy = new FastPool(this);
    copy.store.load(this.store.image());
    return copy;
  }
}
