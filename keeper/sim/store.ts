/** Where a pool's state lies. The rules (machine.ts) read and write it through this, whatever it is made of. */
import { NO_OBSERVATION, type Observation } from "./oracle.ts";
import { NO_POSITION, type Position } from "./position.ts";
import { type FeeGrowth, NO_TICK, type TickInfo } from "./tick.ts";
import { placeOf } from "./tickBitmap.ts";

/** Both tokens, wei. */
export interface Amounts {
  readonly amount0: bigint;
  readonly amount1: bigint;
}

export interface Slot0 {
  /** Q64.96; zero before the pool is initialised. */
  readonly sqrtPriceX96: bigint;
  readonly tick: number;
  /** Of the newest observation. */
  readonly observationIndex: number;
  readonly observationCardinality: number;
  readonly observationCardinalityNext: number;
  /** The protocol's part of fees as one in so many: token0 in the low four bits, token1 above them; zero takes nothing. */
  readonly feeProtocol: number;
}

export const UNINITIALIZED: Slot0 = {
  sqrtPriceX96: 0n,
  tick: 0,
  observationIndex: 0,
  observationCardinality: 0,
  observationCardinalityNext: 0,
  feeProtocol: 0,
};

export interface PoolStore {
  slot0: Slot0;
  /** In range. */
  liquidity: bigint;
  feeGrowth: FeeGrowth;
  protocolFees: Amounts;
  /** What the pool holds of its tokens; null if nobody knows, then it is never short. */
  balances: Amounts | null;
  /** NO_TICK if nothing begins or ends there. */
  tick(tick: number): TickInfo;
  /** Without liquidity the tick is forgotten. */
  setTick(tick: number, info: TickInfo): void;
  /** Initialised ticks, ascending. */
  ticks(): readonly number[];
  position(key: string): Position;
  setPosition(key: string, position: Position): void;
  positions(): IterableIterator<[key: string, position: Position]>;
  observation(index: number): Observation;
  setObservation(index: number, observation: Observation): void;
  /** Forgets ticks, positions and observations. */
  clear(): void;
}

const ZERO: Amounts = { amount0: 0n, amount1: 0n };

/** State in maps of immutable records: a copy shares the records, so it costs a pointer for each. */
export class MapStore implements PoolStore {
  slot0 = UNINITIALIZED;
  liquidity = 0n;
  feeGrowth: FeeGrowth = { token0X128: 0n, token1X128: 0n };
  protocolFees = ZERO;
  balances: Amounts | null = ZERO;
  readonly #tickSpacing: number;
  #ticks = new Map<number, TickInfo>();
  #bitmap = new Map<number, bigint>();
  #positions = new Map<string, Position>();
  #observations = new Map<number, Observation>();

  constructor(tickSpacing: number, from?: MapStore) {
    this.#tickSpacing = tickSpacing;
    if (from !== undefined) this.take(from);
  }

  /** Becomes a copy of another one of the same tick spacing. */
  take(from: MapStore): void {
    this.#ticks = new Map(from.#ticks);
    this.#bitmap = new Map(from.#bitmap);
    this.#positions = new Map(from.#positions);
    this.#observations = new Map(from.#observations);
    this.slot0 = from.slot0;
    this.liquidity = from.liquidity;
    this.feeGrowth = from.feeGrowth;
    this.protocolFees = from.protocolFees;
    this.balances = from.balances;
  }

  clear(): void {
    this.#ticks.clear();
    this.#bitmap.clear();
    this.#positions.clear();
    this.#observations.clear();
  }

  tick(tick: number): TickInfo {
    return this.#ticks.get(tick) ?? NO_TICK;
  }

  setTick(tick: number, info: TickInfo): void {
    const wasInitialized = this.#ticks.has(tick);
    const isInitialized = info.liquidityGross !== 0n;
    if (isInitialized) this.#ticks.set(tick, info);
    else this.#ticks.delete(tick);
    if (wasInitialized !== isInitialized) this.#flip(tick);
  }

  #flip(tick: number): void {
    const { word, bit } = placeOf(tick, this.#tickSpacing);
    this.#bitmap.set(word, this.bitmapWord(word) ^ (1n << BigInt(bit)));
  }

  /** 256 ticks, the lowest in the lowest bit. */
  bitmapWord(word: number): bigint {
    return this.#bitmap.get(word) ?? 0n;
  }

  ticks(): readonly number[] {
    return [...this.#ticks.keys()].sort((a, b) => a - b);
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
    return this.#observations.get(index) ?? NO_OBSERVATION;
  }

  setObservation(index: number, observation: Observation): void {
    this.#observations.set(index, observation);
  }
}
