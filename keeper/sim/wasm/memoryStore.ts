import type { Observation } from "../oracle.ts";
import { NO_POSITION, type Position } from "../position.ts";
import type { Amounts, PoolStore, Slot0 } from "../store.ts";
import { type FeeGrowth, NO_TICK, type TickInfo } from "../tick.ts";
import type { PoolTerms } from "../types.ts";
import { Engine } from "./engine.ts";
import { OBSERVATION, OBSERVATIONS, STATE, TICK, TICKS } from "./layout.ts";

/** A pool's state at one moment, as the memory holds it. */
export interface MemoryImage {
  readonly state: Uint8Array;
  readonly observations: Uint8Array;
  readonly ticks: Uint8Array;
  readonly positions: ReadonlyMap<string, Position>;
  readonly balances: Amounts | null;
}

/** State in the engine's memory, so that swaps find it there. Positions and balances, which swaps do not need, stay outside. */
export class MemoryStore implements PoolStore {
  readonly engine: Engine;
  balances: Amounts | null = { amount0: 0n, amount1: 0n };
  #positions = new Map<string, Position>();

  constructor(terms: PoolTerms) {
    this.engine = new Engine(terms);
  }

  get slot0(): Slot0 {
    const { engine } = this;
    return {
      sqrtPriceX96: engine.read(STATE.price),
      tick: engine.int(STATE.tick),
      observationIndex: engine.int(STATE.observationIndex),
      observationCardinality: engine.int(STATE.observationCardinality),
      observationCardinalityNext: engine.int(STATE.observationCardinalityNext),
      feeProtocol: engine.int(STATE.feeProtocol),
    };
  }

  set slot0(slot0: Slot0) {
    const { engine } = this;
    engine.write(STATE.price, slot0.sqrtPriceX96);
    engine.setInt(STATE.tick, slot0.tick);
    engine.setInt(STATE.observationIndex, slot0.observationIndex);
    engine.setInt(STATE.observationCardinality, slot0.observationCardinality);
    engine.setInt(STATE.observationCardinalityNext, slot0.observationCardinalityNext);
    engine.setInt(STATE.feeProtocol, slot0.feeProtocol);
    this.#placeCursor();
  }

  get liquidity(): bigint {
    return this.engine.read(STATE.liquidity);
  }

  set liquidity(liquidity: bigint) {
    this.engine.write(STATE.liquidity, liquidity);
  }

  get feeGrowth(): FeeGrowth {
    return { token0X128: this.engine.read(STATE.growth0), token1X128: this.engine.read(STATE.growth1) };
  }

  set feeGrowth({ token0X128, token1X128 }: FeeGrowth) {
    this.engine.write(STATE.growth0, token0X128);
    this.engine.write(STATE.growth1, token1X128);
  }

  get protocolFees(): Amounts {
    return { amount0: this.engine.read(STATE.protocol0), amount1: this.engine.read(STATE.protocol1) };
  }

  set protocolFees({ amount0, amount1 }: Amounts) {
    this.engine.write(STATE.protocol0, amount0);
    this.engine.write(STATE.protocol1, amount1);
  }

  tick(tick: number): TickInfo {
    const { engine } = this;
    const index = this.#find(tick);
    const at = recordAt(index);
    if (index >= this.#count || engine.int(at + TICK.tick) !== tick) return NO_TICK;
    return {
      liquidityGross: this.#read128(at + TICK.gross),
      liquidityNet: BigInt.asIntN(128, this.#read128(at + TICK.net)),
      feeGrowthOutside0X128: engine.read(at + TICK.growth0),
      feeGrowthOutside1X128: engine.read(at + TICK.growth1),
      tickCumulativeOutside: engine.signedWords[(at + TICK.tickCumulativeOutside) / 8] ?? 0n,
      secondsPerLiquidityOutsideX128: engine.read(at + TICK.secondsPerLiquidity),
      secondsOutside: engine.int(at + TICK.secondsOutside) >>> 0,
    };
  }

  setTick(tick: number, info: TickInfo): void {
    const { engine } = this;
    const index = this.#find(tick);
    const at = recordAt(index);
    const end = recordAt(this.#count);
    const exists = index < this.#count && engine.int(at + TICK.tick) === tick;
    if (info.liquidityGross === 0n) {
      if (!exists) return;
      engine.bytes.copyWithin(at, at + TICK.size, end);
      engine.setInt(STATE.tickCount, this.#count - 1);
      this.#placeCursor();
      return;
    }
    if (!exists) {
      engine.reserve(end + TICK.size);
      engine.bytes.copyWithin(at + TICK.size, at, end);
      engine.setInt(STATE.tickCount, this.#count + 1);
      engine.setInt(at + TICK.tick, tick);
      this.#placeCursor();
    }
    this.#write128(at + TICK.gross, info.liquidityGross);
    this.#write128(at + TICK.net, info.liquidityNet);
    engine.write(at + TICK.growth0, info.feeGrowthOutside0X128);
    engine.write(at + TICK.growth1, info.feeGrowthOutside1X128);
    engine.signedWords[(at + TICK.tickCumulativeOutside) / 8] = info.tickCumulativeOutside;
    engine.write(at + TICK.secondsPerLiquidity, info.secondsPerLiquidityOutsideX128);
    engine.setInt(at + TICK.secondsOutside, info.secondsOutside);
  }

  ticks(): readonly number[] {
    return Array.from({ length: this.#count }, (_, i) => this.engine.int(recordAt(i) + TICK.tick));
  }

  position(key: string): Position {
    return this.#positions.get(key) ?? NO_POSITION;
  }

  setPosition(key: string, position: Position): void {
    this.#positions.set(key, position);
  }

  positions(): IterableIterator<[string, Position]> {
    return this.#positions.entries();
  }

  observation(index: number): Observation {
    const { engine } = this;
    const at = observationAt(index);
    return {
      blockTimestamp: engine.int(at + OBSERVATION.time) >>> 0,
      tickCumulative: engine.signedWords[(at + OBSERVATION.tickCumulative) / 8] ?? 0n,
      secondsPerLiquidityCumulativeX128:
        this.#read128(at + OBSERVATION.secondsPerLiquidity) |
        (this.#word(at + OBSERVATION.secondsPerLiquidity + 16) << 128n),
      initialized: engine.int(at + OBSERVATION.initialized) === 1,
    };
  }

  setObservation(index: number, observation: Observation): void {
    const { engine } = this;
    const at = observationAt(index);
    engine.setInt(at + OBSERVATION.time, observation.blockTimestamp);
    engine.setInt(at + OBSERVATION.initialized, observation.initialized ? 1 : 0);
    engine.signedWords[(at + OBSERVATION.tickCumulative) / 8] = observation.tickCumulative;
    this.#write128(at + OBSERVATION.secondsPerLiquidity, observation.secondsPerLiquidityCumulativeX128);
    engine.words[(at + OBSERVATION.secondsPerLiquidity) / 8 + 2] =
      observation.secondsPerLiquidityCumulativeX128 >> 128n;
  }

  clear(): void {
    const { engine } = this;
    engine.bytes.fill(0, OBSERVATIONS, observationAt(engine.int(STATE.observationCardinalityNext)));
    engine.setInt(STATE.tickCount, 0);
    this.#placeCursor();
    this.#positions.clear();
  }

  /** A copy of what lies in the memory: the pool's own words, the ring as far as it is reserved, the ticks. */
  image(): MemoryImage {
    const { bytes } = this.engine;
    return {
      state: bytes.slice(STATE.price, STATE.end),
      observations: bytes.slice(OBSERVATIONS, observationAt(this.engine.int(STATE.observationCardinalityNext))),
      ticks: bytes.slice(TICKS, recordAt(this.#count)),
      positions: new Map(this.#positions),
      balances: this.balances,
    };
  }

  load({ state, observations, ticks, positions, balances }: MemoryImage): void {
    this.engine.reserve(TICKS + ticks.length);
    const { bytes } = this.engine;
    // Places that were reserved since are empty again.
    const reserved = observationAt(this.engine.int(STATE.observationCardinalityNext));
    bytes.fill(0, OBSERVATIONS + observations.length, Math.max(reserved, OBSERVATIONS + observations.length));
    bytes.set(state, STATE.price);
    bytes.set(observations, OBSERVATIONS);
    bytes.set(ticks, TICKS);
    this.#positions = new Map(positions);
    this.balances = balances;
  }

  get #count(): number {
    return this.engine.int(STATE.tickCount);
  }

  /** Index of the first initialised tick at or above a tick. */
  #find(tick: number): number {
    let [low, high] = [0, this.#count];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.engine.int(recordAt(middle) + TICK.tick) < tick) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #placeCursor(): void {
    this.engine.setInt(STATE.cursor, this.#find(this.engine.int(STATE.tick) + 1));
  }

  #word(address: number): bigint {
    return this.engine.words[address / 8] ?? 0n;
  }

  #read128(address: number): bigint {
    return this.#word(address) | (this.#word(address + 8) << 64n);
  }

  #write128(address: number, value: bigint): void {
    this.engine.words[address / 8] = value;
    this.engine.words[address / 8 + 1] = value >> 64n;
  }
}

function recordAt(index: number): number {
  return TICKS + index * TICK.size;
}

function observationAt(index: number): number {
  return OBSERVATIONS + index * OBSERVATION.size;
}
