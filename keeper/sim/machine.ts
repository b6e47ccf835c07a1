/**
 * The pool's rules for everything but swaps: opening, liquidity, fees, flash loans, the protocol's share, observations. They
 * compute first and write last, so that a revert leaves no trace.
 *
 * Source: Uniswap v3 Core whitepaper, section 6; what it leaves open (order of checks, rounding, codes of reverts) is as in the
 * deployed bytecode, against which test/keeper/sim holds every function.
 */
import { getSqrtRatioAtTick, getTickAtSqrtRatio, MAX_TICK, MIN_TICK, TickRangeError } from "../chain/tickMath.ts";
import {
  addDelta,
  checkTime,
  checkUint,
  mulDiv,
  Q128,
  toInt128,
  wrap128,
  wrap160,
  wrap256,
  wrap32,
  wrapInt56,
} from "./integers.ts";
import {
  type Cumulatives,
  observeAgo,
  observeNow,
  type Prevailing,
  RESERVED_OBSERVATION,
  type Ring,
  type Written,
  writeObservation,
} from "./oracle.ts";
import { NO_POSITION, type Position, positionKey, updatePosition } from "./position.ts";
import { PoolRevert, require, SimulationInputError } from "./revert.ts";
import { amount0Delta, amount1Delta } from "./sqrtPriceMath.ts";
import type { Amounts, PoolStore } from "./store.ts";
import { FEE_UNIT, flashFee } from "./swapStep.ts";
import {
  type FeeGrowth,
  feeGrowthInside,
  maxLiquidityPerTick,
  NO_TICK,
  type TickContext,
  type TickInfo,
  updateTick,
} from "./tick.ts";
import type { Payment, PoolTerms, Range, SwapOrder, SwapResult } from "./types.ts";

/** Cumulatives inside a range; only differences of two looks mean something, and only while the range is in use between them. */
export interface CumulativesInside extends Cumulatives {
  readonly secondsInside: number;
}

/** A tick of a pool that is put together. */
export interface TickState {
  readonly tick: number;
  readonly liquidityGross: bigint;
  readonly liquidityNet: bigint;
  /** Q128.128; zero where nobody knows, which no swap's amounts depend on. */
  readonly feeGrowthOutside0X128: bigint;
  readonly feeGrowthOutside1X128: bigint;
}

/** A pool as it stands at one block, without its positions, which no swap depends on. */
export interface PoolState {
  readonly sqrtPriceX96: bigint;
  readonly tick: number;
  /** In range. */
  readonly liquidity: bigint;
  readonly feeGrowth: FeeGrowth;
  /** As in slot0. */
  readonly feeProtocol: number;
  /** Unix seconds. */
  readonly time: number;
  /** Ascending. */
  readonly ticks: readonly TickState[];
}

/** A position and what else changes with it, computed and not yet written. */
interface PositionChange extends Amounts {
  /** Null if nobody knows whose it is. */
  readonly key: string | null;
  readonly position: Position;
  /** Null if the position was only brought up to date. */
  readonly ticks: readonly [lower: TickInfo, upper: TickInfo] | null;
  /** Active liquidity after it. */
  readonly liquidity: bigint;
  readonly written: Written | null;
}

export abstract class PoolMachine {
  readonly fee: number;
  readonly tickSpacing: number;
  readonly maxLiquidityPerTick: bigint;
  protected abstract readonly store: PoolStore;

  /** @throws SimulationInputError for terms that no factory allows */
  protected constructor({ fee, tickSpacing }: PoolTerms) {
    if (!Number.isInteger(fee) || fee < 0 || fee >= Number(FEE_UNIT)) {
      throw new SimulationInputError(
        `The fee ${fee} is no whole number of millionths from 0 to 999999; give 500 for 0.05 %.`,
      );
    }
    if (!Number.isInteger(tickSpacing) || tickSpacing < 1 || tickSpacing >= 16_384) {
      throw new SimulationInputError(
        `The tick spacing ${tickSpacing} is no whole number from 1 to 16383; give the pool's own.`,
      );
    }
    this.fee = fee;
    this.tickSpacing = tickSpacing;
    this.maxLiquidityPerTick = maxLiquidityPerTick(tickSpacing);
  }

  /**
   * Swaps.
   * @param time unix seconds of the block
   * @throws PoolRevert "AS", "LOK", "SPL", "TF", "IIA", or without a code where an amount does not fit
   */
  abstract swap(order: SwapOrder, time: number, payment?: Payment): SwapResult;

  /** What {@link swap} would do; nothing changes. */
  abstract quote(order: SwapOrder): SwapResult;

  /** A pool that goes its own way from here. */
  abstract clone(): PoolMachine;

  /** @returns what brings this pool back to where it stands now */
  abstract checkpoint(): () => void;

  /** State to look at; the records are immutable. */
  get state(): Readonly<Omit<PoolStore, "setTick" | "setPosition" | "setObservation" | "clear">> {
    return this.store;
  }

  /**
   * Takes over a pool as it stands somewhere else; what was here is forgotten. Observations begin anew, and what the pool holds
   * of its tokens is unknown, so that it is never short. The caller has checked that ticks, price and liquidity fit together.
   */
  load(state: PoolState): void {
    checkTime(state.time);
    const { store } = this;
    store.clear();
    store.setObservation(0, {
      blockTimestamp: wrap32(state.time),
      tickCumulative: 0n,
      secondsPerLiquidityCumulativeX128: 0n,
      initialized: true,
    });
    store.slot0 = {
      sqrtPriceX96: state.sqrtPriceX96,
      tick: state.tick,
      observationIndex: 0,
      observationCardinality: 1,
      observationCardinalityNext: 1,
      feeProtocol: state.feeProtocol,
    };
    store.liquidity = state.liquidity;
    store.feeGrowth = state.feeGrowth;
    store.protocolFees = { amount0: 0n, amount1: 0n };
    store.balances = null;
    for (const { tick, ...info } of state.ticks) store.setTick(tick, { ...NO_TICK, ...info });
  }

  /** @throws PoolRevert "AI" the second time, "R" for a price out of range */
  initialize(sqrtPriceX96: bigint, time: number): void {
    checkUint(sqrtPriceX96, 160, "The sqrt price");
    checkTime(time);
    require(this.store.slot0.sqrtPriceX96 === 0n, "AI");
    const tick = tickAt(sqrtPriceX96);
    this.store.setObservation(0, {
      blockTimestamp: wrap32(time),
      tickCumulative: 0n,
      secondsPerLiquidityCumulativeX128: 0n,
      initialized: true,
    });
    this.store.slot0 = {
      sqrtPriceX96,
      tick,
      observationIndex: 0,
      observationCardinality: 1,
      observationCardinalityNext: 1,
      feeProtocol: 0,
    };
  }

  /**
   * Adds liquidity to an owner's range.
   * @returns what it costs, rounded up
   * @throws PoolRevert "LOK", "TLU", "TLM", "TUM", "LO", "LA", "M0", "M1", or without a code for nothing, too much, or a tick
   *   that is not usable
   */
  mint(owner: string, range: Range, liquidity: bigint, time: number, payment?: Payment): Amounts {
    checkTime(time);
    checkUint(liquidity, 128, "The liquidity");
    this.#requireUnlocked();
    require(liquidity > 0n);
    const change = this.#changePosition(owner, range, toInt128(liquidity), time);
    const { amount0, amount1 } = change;
    const paid = payment ?? { amount0, amount1 };
    require(amount0 === 0n || paid.amount0 >= amount0, "M0");
    require(amount1 === 0n || paid.amount1 >= amount1, "M1");
    this.#write(change, range);
    this.#receive(paid);
    return { amount0, amount1 };
  }

  /**
   * Takes liquidity out of an owner's range; zero only adds up its fees. What comes out is owed until it is collected.
   * @returns what comes out, rounded down, without fees
   * @throws PoolRevert "LOK", "TLU", "TLM", "TUM", "LS", "NP", or without a code for too much
   */
  burn(owner: string, range: Range, liquidity: bigint, time: number): Amounts {
    checkTime(time);
    checkUint(liquidity, 128, "The liquidity");
    this.#requireUnlocked();
    const change = this.#changePosition(owner, range, -toInt128(liquidity), time);
    const [amount0, amount1] = [-change.amount0, -change.amount1];
    const { position } = change;
    this.#write(
      {
        ...change,
        position: {
          ...position,
          tokensOwed0: wrap128(position.tokensOwed0 + amount0),
          tokensOwed1: wrap128(position.tokensOwed1 + amount1),
        },
      },
      range,
    );
    return { amount0, amount1 };
  }

  /**
   * Adds liquidity to a range or takes it out, whoever's it is: for pools whose positions nobody knows.
   * @param liquidityDelta more if positive
   * @returns what goes in, rounded up, or comes out, rounded down and negative
   * @throws PoolRevert as {@link mint} and {@link burn}
   */
  adjust(range: Range, liquidityDelta: bigint, time: number): Amounts {
    checkTime(time);
    this.#requireUnlocked();
    require(liquidityDelta !== 0n);
    const change = this.#changePosition(null, range, toInt128(liquidityDelta), time);
    this.#write(change, range);
    return { amount0: change.amount0, amount1: change.amount1 };
  }

  /** Pays out what a position is owed, at most so much. @throws PoolRevert "LOK", "TF" */
  collect(owner: string, range: Range, most: Amounts): Amounts {
    checkUint(most.amount0, 128, "The most of token0");
    checkUint(most.amount1, 128, "The most of token1");
    this.#requireUnlocked();
    const key = positionKey(owner, range.tickLower, range.tickUpper);
    const position = this.store.position(key);
    const amount0 = min(most.amount0, position.tokensOwed0);
    const amount1 = min(most.amount1, position.tokensOwed1);
    this.pay({ amount0, amount1 });
    if (amount0 > 0n || amount1 > 0n) {
      this.store.setPosition(key, {
        ...position,
        tokensOwed0: position.tokensOwed0 - amount0,
        tokensOwed1: position.tokensOwed1 - amount1,
      });
    }
    return { amount0, amount1 };
  }

  /**
   * A loan inside one transaction.
   * @param amounts lent, wei
   * @param payment what comes back; left out it is the loan with its fee
   * @returns what came back beyond the loan
   * @throws PoolRevert "LOK", "L", "TF", "F0", "F1", or without a code where fee growth does not fit
   */
  flash(amounts: Amounts, payment?: Payment): Amounts {
    checkUint(amounts.amount0, 256, "The loan of token0");
    checkUint(amounts.amount1, 256, "The loan of token1");
    this.#requireUnlocked();
    const { liquidity, slot0, balances, feeGrowth, protocolFees } = this.store;
    require(liquidity > 0n, "L");
    const due0 = flashFee(amounts.amount0, BigInt(this.fee));
    const due1 = flashFee(amounts.amount1, BigInt(this.fee));
    require(balances === null || (amounts.amount0 <= balances.amount0 && amounts.amount1 <= balances.amount1), "TF");
    const paid = payment ?? { amount0: amounts.amount0 + due0, amount1: amounts.amount1 + due1 };
    const gain0 = paid.amount0 - amounts.amount0;
    const gain1 = paid.amount1 - amounts.amount1;
    require(gain0 >= due0, "F0");
    require(gain1 >= due1, "F1");
    const protocol0 = protocolPart(gain0, slot0.feeProtocol & 15);
    const protocol1 = protocolPart(gain1, slot0.feeProtocol >> 4);
    const growth0 = mulDiv(gain0 - protocol0, Q128, liquidity);
    const growth1 = mulDiv(gain1 - protocol1, Q128, liquidity);
    this.store.feeGrowth = {
      token0X128: wrap256(feeGrowth.token0X128 + growth0),
      token1X128: wrap256(feeGrowth.token1X128 + growth1),
    };
    this.store.protocolFees = {
      amount0: wrap128(protocolFees.amount0 + protocol0),
      amount1: wrap128(protocolFees.amount1 + protocol1),
    };
    this.#receive({ amount0: gain0, amount1: gain1 });
    return { amount0: gain0, amount1: gain1 };
  }

  /**
   * The protocol's part of fees, one in so many; the caller is the factory's owner.
   * @throws PoolRevert "LOK", or without a code for anything but 0 and 4 to 10
   */
  setFeeProtocol(part0: number, part1: number): void {
    this.#requireUnlocked();
    const allowed = (part: number): boolean => part === 0 || (Number.isInteger(part) && part >= 4 && part <= 10);
    require(allowed(part0) && allowed(part1));
    this.store.slot0 = { ...this.store.slot0, feeProtocol: part0 + (part1 << 4) };
  }

  /**
   * Pays out the protocol's fees, at most so much; one wei of all stays, so that its storage keeps its value. The caller is the
   * factory's owner.
   * @throws PoolRevert "LOK", "TF"
   */
  collectProtocol(most: Amounts): Amounts {
    checkUint(most.amount0, 128, "The most of token0");
    checkUint(most.amount1, 128, "The most of token1");
    this.#requireUnlocked();
    const { protocolFees } = this.store;
    const part = (wanted: bigint, owed: bigint): bigint => (wanted < owed ? wanted : owed > 0n ? owed - 1n : 0n);
    const amount0 = part(most.amount0, protocolFees.amount0);
    const amount1 = part(most.amount1, protocolFees.amount1);
    this.pay({ amount0, amount1 });
    this.store.protocolFees = {
      amount0: protocolFees.amount0 - amount0,
      amount1: protocolFees.amount1 - amount1,
    };
    return { amount0, amount1 };
  }

  /** Reserves places for observations, which come into use when the ring next comes round. @throws PoolRevert "LOK" */
  increaseObservationCardinalityNext(next: number): void {
    checkUint(BigInt(next), 16, "The cardinality");
    this.#requireUnlocked();
    const { slot0 } = this.store;
    for (let i = slot0.observationCardinalityNext; i < next; i++) this.store.setObservation(i, RESERVED_OBSERVATION);
    if (next > slot0.observationCardinalityNext) this.store.slot0 = { ...slot0, observationCardinalityNext: next };
  }

  /**
   * Cumulatives so many seconds ago each.
   * @param time unix seconds of the block in which one asks
   * @throws PoolRevert "I" before the pool is initialised, "OLD" beyond the oldest observation
   */
  observe(secondsAgos: readonly number[], time: number): readonly Cumulatives[] {
    checkTime(time);
    require(this.store.slot0.observationCardinality > 0, "I");
    return secondsAgos.map((ago) => observeAgo(this.ring(), wrap32(time), ago, this.#prevailing()));
  }

  /** @throws PoolRevert "TLU", "TLM", "TUM", or without a code if one of the ticks is not initialised */
  snapshotCumulativesInside(range: Range, time: number): CumulativesInside {
    checkTime(time);
    const { tickLower, tickUpper } = range;
    checkRange(range);
    const [lower, upper] = [this.store.tick(tickLower), this.store.tick(tickUpper)];
    require(lower.liquidityGross !== 0n && upper.liquidityGross !== 0n);
    const { tick } = this.store.slot0;
    const now = observeNow(this.ring(), wrap32(time), this.#prevailing());
    // All there is, less what is outside below and above: beside the range the difference of the two outsides is what is inside.
    const inside = <T extends bigint | number>(all: T, low: T, high: T): readonly [T, T, T] =>
      tick < tickLower ? [low, high, zeroOf(all)] : tick < tickUpper ? [all, low, high] : [high, low, zeroOf(all)];
    const [t, t1, t2] = inside(now.tickCumulative, lower.tickCumulativeOutside, upper.tickCumulativeOutside);
    const [l, l1, l2] = inside(
      now.secondsPerLiquidityX128,
      lower.secondsPerLiquidityOutsideX128,
      upper.secondsPerLiquidityOutsideX128,
    );
    const [s, s1, s2] = inside(wrap32(time), lower.secondsOutside, upper.secondsOutside);
    return {
      tickCumulative: wrapInt56(t - t1 - t2),
      secondsPerLiquidityX128: wrap160(l - l1 - l2),
      secondsInside: wrap32(s - s1 - s2),
    };
  }

  /** @throws SimulationInputError unless they are this pool's */
  protected checkTerms({ fee, tickSpacing }: PoolTerms): void {
    if (fee === this.fee && tickSpacing === this.tickSpacing) return;
    throw new SimulationInputError(
      `The snapshot is of a pool with fee ${fee} and tick spacing ${tickSpacing}, this one has ${this.fee} and ${this.tickSpacing}; restore one of its own.`,
    );
  }

  protected ring(): Ring {
    const { observationIndex: index, observationCardinality: cardinality } = this.store.slot0;
    return { index, cardinality, at: (i) => this.store.observation(i) };
  }

  #prevailing(): Prevailing {
    return { tick: this.store.slot0.tick, liquidity: this.store.liquidity };
  }

  /** The pool pays. @throws PoolRevert "TF" if it does not hold so much */
  protected pay({ amount0, amount1 }: Amounts): void {
    const { balances } = this.store;
    if (balances === null) return;
    require(amount0 <= balances.amount0 && amount1 <= balances.amount1, "TF");
    this.store.balances = { amount0: balances.amount0 - amount0, amount1: balances.amount1 - amount1 };
  }

  #receive({ amount0, amount1 }: Amounts): void {
    const { balances } = this.store;
    if (balances === null) return;
    this.store.balances = { amount0: balances.amount0 + amount0, amount1: balances.amount1 + amount1 };
  }

  /**
   * Settles a swap: the pool pays first, then must have been paid.
   * @param amounts as in {@link SwapResult}
   * @throws PoolRevert "TF", "IIA"
   */
  protected settle(zeroForOne: boolean, { amount0, amount1 }: Amounts, payment: Payment | undefined): void {
    const [asked, given] = zeroForOne ? [amount0, amount1] : [amount1, amount0];
    const before = this.store.balances;
    const out = given < 0n ? -given : 0n;
    this.pay(zeroForOne ? { amount0: 0n, amount1: out } : { amount0: out, amount1: 0n });
    const paid = payment ?? (zeroForOne ? { amount0: asked, amount1: 0n } : { amount0: 0n, amount1: asked });
    if ((zeroForOne ? paid.amount0 : paid.amount1) < asked) {
      this.store.balances = before;
      throw new PoolRevert("IIA");
    }
    this.#receive(paid);
  }

  /** Before it is initialised a pool is locked. */
  #requireUnlocked(): void {
    require(this.store.slot0.sqrtPriceX96 !== 0n, "LOK");
  }

  /** Everything that follows from a change of a position's liquidity; nothing is written. */
  #changePosition(owner: string | null, range: Range, liquidityDelta: bigint, time: number): PositionChange {
    checkRange(range);
    const { tickLower, tickUpper } = range;
    const { store } = this;
    const { slot0, feeGrowth: growth } = store;
    const at = wrap32(time);
    let [lower, upper] = [store.tick(tickLower), store.tick(tickUpper)];
    if (liquidityDelta !== 0n) {
      const context: TickContext = {
        currentTick: slot0.tick,
        growth,
        cumulatives: observeNow(this.ring(), at, this.#prevailing()),
        time: at,
      };
      const update = (info: TickInfo, tick: number, isUpper: boolean): TickInfo =>
        updateTick(info, tick, liquidityDelta, isUpper, this.maxLiquidityPerTick, context);
      const [before0, before1] = [lower, upper];
      lower = update(lower, tickLower, false);
      upper = update(upper, tickUpper, true);
      for (const [tick, was, is] of [
        [tickLower, before0, lower],
        [tickUpper, before1, upper],
      ] as const) {
        // A tick enters or leaves the bitmap, which has places for usable ticks only.
        if ((was.liquidityGross === 0n) !== (is.liquidityGross === 0n)) require(tick % this.tickSpacing === 0);
      }
    }
    const key = owner === null ? null : positionKey(owner, tickLower, tickUpper);
    const inside = feeGrowthInside(lower, upper, tickLower, tickUpper, slot0.tick, growth);
    const position = key === null ? NO_POSITION : updatePosition(store.position(key), liquidityDelta, inside);
    const change = { key, position, liquidity: store.liquidity, written: null, amount0: 0n, amount1: 0n };
    if (liquidityDelta === 0n) return { ...change, ticks: null };

    const ticks = [lower, upper] as const;
    const [low, high] = [getSqrtRatioAtTick(tickLower), getSqrtRatioAtTick(tickUpper)];
    if (slot0.tick < tickLower) return { ...change, ticks, amount0: signed(amount0Delta, low, high, liquidityDelta) };
    if (slot0.tick >= tickUpper) return { ...change, ticks, amount1: signed(amount1Delta, low, high, liquidityDelta) };
    return {
      ...change,
      ticks,
      written: writeObservation(this.ring(), slot0.observationCardinalityNext, at, this.#prevailing()),
      amount0: signed(amount0Delta, slot0.sqrtPriceX96, high, liquidityDelta),
      amount1: signed(amount1Delta, low, slot0.sqrtPriceX96, liquidityDelta),
      liquidity: addDelta(store.liquidity, liquidityDelta),
    };
  }

  #write({ key, position, ticks, liquidity, written }: PositionChange, { tickLower, tickUpper }: Range): void {
    const { store } = this;
    if (key !== null) store.setPosition(key, position);
    if (ticks !== null) {
      store.setTick(tickLower, ticks[0]);
      store.setTick(tickUpper, ticks[1]);
    }
    if (written !== null) this.writeRing(written);
    store.liquidity = liquidity;
  }

  protected writeRing({ index, cardinality, observation }: Written): void {
    if (observation !== null) this.store.setObservation(index, observation);
    this.store.slot0 = { ...this.store.slot0, observationIndex: index, observationCardinality: cardinality };
  }
}

/** @throws PoolRevert "TLU", "TLM", "TUM" */
function checkRange({ tickLower, tickUpper }: Range): void {
  require(tickLower < tickUpper, "TLU");
  require(tickLower >= MIN_TICK, "TLM");
  require(tickUpper <= MAX_TICK, "TUM");
}

/** The tick of a price. @throws PoolRevert "R" */
function tickAt(sqrtPriceX96: bigint): number {
  try {
    return getTickAtSqrtRatio(sqrtPriceX96);
  } catch (error) {
    if (error instanceof TickRangeError) throw new PoolRevert("R");
    throw error;
  }
}

/** Amounts that come in are rounded up and positive, those that go out rounded down and negative. */
function signed(delta: typeof amount0Delta, a: bigint, b: bigint, liquidityDelta: bigint): bigint {
  return liquidityDelta < 0n ? -delta(a, b, -liquidityDelta, false) : delta(a, b, liquidityDelta, true);
}

/** @param part one in so many; zero takes nothing */
export function protocolPart(fee: bigint, part: number): bigint {
  return part === 0 ? 0n : fee / BigInt(part);
}

function zeroOf<T extends bigint | number>(like: T): T {
  return (typeof like === "bigint" ? 0n : 0) as T;
}

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
