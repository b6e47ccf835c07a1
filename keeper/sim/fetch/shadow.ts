/**
 * A simulated pool that goes through the events of a fetch beside the real one. Each event must follow from those before it, and
 * what comes of them must be what the real pool shows.
 */
import { FastPool, type FastPoolSnapshot } from "../fastPool.ts";
import type { TickState } from "../machine.ts";
import type { PoolEvent } from "../replay/events.ts";
import { ContradictionError, follow } from "../replay/follow.ts";
import { PoolRevert } from "../revert.ts";
import type { PoolTerms } from "../types.ts";
import { UnsoundAnswerError } from "./errors.ts";
import type { PoolLog } from "./logs.ts";
import type { PoolNow } from "./poolReader.ts";

/** Liquidity that refers to a tick. */
export type TickLiquidity = Pick<TickState, "tick" | "liquidityGross" | "liquidityNet">;

export class Shadow {
  readonly #pool: FastPool;

  /**
   * @param now null before the pool is initialised
   * @param ticks ascending; they must give the pool's liquidity
   */
  constructor(terms: PoolTerms, now: PoolNow | null, ticks: readonly TickLiquidity[]) {
    this.#pool = new FastPool(terms);
    if (now === null) return;
    // Growth outside of ticks enters neither amounts nor the growth of the whole pool.
    const outside = { feeGrowthOutside0X128: 0n, feeGrowthOutside1X128: 0n };
    this.#pool.load({ ...now, time: 0, ticks: ticks.map((tick) => ({ ...tick, ...outside })) });
  }

  snapshot(): FastPoolSnapshot {
    return this.#pool.snapshot();
  }

  restore(snapshot: FastPoolSnapshot): void {
    this.#pool.restore(snapshot);
  }

  /**
   * @param time unix seconds of the log's block
   * @throws UnsoundAnswerError if the log does not follow from the state before it, which may have changed then
   */
  follow(log: PoolLog, time: number): void {
    try {
      const event = eventOf(log, time);
      if (event === null) this.#followOther(log, time);
      else follow(this.#pool, event);
    } catch (cause) {
      if (!(cause instanceof ContradictionError || cause instanceof PoolRevert)) throw cause;
      throw doesNotFollow(log, cause);
    }
  }

  #followOther({ kind, fields }: PoolLog, time: number): void {
    const field = (name: string): bigint => BigInt(fields[name] ?? 0);
    const { slot0 } = this.#pool.state;
    if (kind === "INITIALIZE") {
      if (slot0.sqrtPriceX96 !== 0n) throw new ContradictionError("the pool is initialised already");
      this.#pool.load({
        sqrtPriceX96: field("sqrtPriceX96"),
        tick: Number(field("tick")),
        liquidity: 0n,
        feeGrowth: { token0X128: 0n, token1X128: 0n },
        feeProtocol: 0,
        time,
        ticks: [],
      });
    } else if (kind === "FLASH") {
      const [amount0, amount1] = [field("amount0"), field("amount1")];
      this.#pool.flash({ amount0, amount1 }, { amount0: amount0 + field("paid0"), amount1: amount1 + field("paid1") });
    } else if (kind === "SETFEEPROTOCOL") {
      const before = Number(field("feeProtocol0Old")) + (Number(field("feeProtocol1Old")) << 4);
      if (before !== slot0.feeProtocol) {
        throw new ContradictionError(`the protocol's part was ${slot0.feeProtocol}, the event says ${before}`);
      }
      this.#pool.setFeeProtocol(Number(field("feeProtocol0New")), Number(field("feeProtocol1New")));
    }
  }

  /**
   * Holds the pool that the events tell of against the pool itself.
   * @param now null before the pool is initialised
   * @throws UnsoundAnswerError
   */
  compare(now: PoolNow | null, block: number): void {
    const { slot0, liquidity, feeGrowth } = this.#pool.state;
    const pairs: readonly (readonly [string, bigint | number, bigint | number])[] = [
      ["sqrt price", slot0.sqrtPriceX96, now?.sqrtPriceX96 ?? 0n],
      ["tick", slot0.tick, now?.tick ?? 0],
      ["liquidity", liquidity, now?.liquidity ?? 0n],
      ["part for the protocol", slot0.feeProtocol, now?.feeProtocol ?? 0],
      ["fee growth of token0", feeGrowth.token0X128, now?.feeGrowth.token0X128 ?? 0n],
      ["fee growth of token1", feeGrowth.token1X128, now?.feeGrowth.token1X128 ?? 0n],
    ];
    const wrong = pairs.find(([, ours, theirs]) => ours !== theirs);
    if (wrong === undefined) return;
    const [what, ours, theirs] = wrong;
    throw new UnsoundAnswerError(
      `After block ${block} the pool's ${what} is ${theirs}, the node's events give ${ours}: it leaves events out; use another node.`,
    );
  }

  /**
   * Holds the liquidity at all ticks against the pool's own.
   * @param ticks of the pool, ascending
   * @returns the first tick that differs, null if none does
   */
  differentTick(ticks: readonly TickLiquidity[]): number | null {
    return differentTick(
      this.#pool.state.ticks().map((tick) => ({ tick, ...this.#pool.state.tick(tick) })),
      ticks,
    );
  }
}

function differentTick(ours: readonly TickLiquidity[], theirs: readonly TickLiquidity[]): number | null {
  for (let i = 0; i < Math.max(ours.length, theirs.length); i++) {
    const [a, b] = [ours[i], theirs[i]];
    if (a?.tick !== b?.tick) return Math.min(a?.tick ?? Infinity, b?.tick ?? Infinity);
    if (a?.liquidityGross !== b?.liquidityGross || a?.liquidityNet !== b?.liquidityNet) return a?.tick ?? null;
  }
  return null;
}

/** Ticks after mints and burns. @throws UnsoundAnswerError if more is burnt than is there */
export function ticksAfter(ticks: readonly TickLiquidity[], events: readonly PoolEvent[]): readonly TickLiquidity[] {
  const all = new Map(ticks.map((tick) => [tick.tick, tick]));
  const add = (tick: number, gross: bigint, net: bigint): void => {
    const { liquidityGross, liquidityNet } = all.get(tick) ?? { liquidityGross: 0n, liquidityNet: 0n };
    const left = liquidityGross + gross;
    if (left < 0n) throw new UnsoundAnswerError(`More is burnt at tick ${tick} than is there; use another node.`);
    if (left === 0n) all.delete(tick);
    else all.set(tick, { tick, liquidityGross: left, liquidityNet: liquidityNet + net });
  };
  for (const event of events) {
    if (event.kind === "SWAP" || event.kind === "COLLECT") continue;
    const delta = event.kind === "MINT" ? event.liquidity : -event.liquidity;
    add(event.range.tickLower, delta, delta);
    add(event.range.tickUpper, delta, -delta);
  }
  return [...all.values()].sort((a, b) => a.tick - b.tick);
}

/** Whether ticks give the pool's liquidity, as those of one moment do. */
export function fitTogether(ticks: readonly TickLiquidity[], now: PoolNow): boolean {
  const below = ticks.filter(({ tick }) => tick <= now.tick);
  return below.reduce((sum, { liquidityNet }) => sum + liquidityNet, 0n) === now.liquidity;
}

/** A log as a file of events has it; null for those that it leaves out. */
export function eventOf({ kind, block, logIndex, fields }: PoolLog, time: number): PoolEvent | null {
  const field = (name: string): bigint => BigInt(fields[name] ?? 0);
  const place = { block, logIndex, time, amount0: field("amount0"), amount1: field("amount1") };
  switch (kind) {
    case "SWAP":
      return {
        ...place,
        kind,
        sqrtPriceX96: field("sqrtPriceX96"),
        tick: Number(field("tick")),
        liquidity: field("liquidity"),
      };
    case "MINT":
    case "BURN":
    case "COLLECT":
      return {
        ...place,
        kind,
        range: { tickLower: Number(field("tickLower")), tickUpper: Number(field("tickUpper")) },
        liquidity: kind === "COLLECT" ? 0n : field("amount"),
        sqrtPriceX96: null,
      };
    default:
      return null;
  }
}

export function doesNotFollow({ kind, block, logIndex }: PoolLog, cause: Error): UnsoundAnswerError {
  return new UnsoundAnswerError(
    `The ${kind} of block ${block}, log ${logIndex} does not follow from the node's events before it (${cause.message}): it leaves events out or alters them, or the address is no plain Uniswap v3 pool; use another node.`,
    { cause },
  );
}
