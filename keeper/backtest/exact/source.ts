/** What an exact run goes through: a pool's state and everything that happened to it since, checked against each other. */
import { type Orientation, priceFromSqrtPriceX96 } from "../../chain/prices.ts";
import { FastPool } from "../../sim/fastPool.ts";
import type { PoolState } from "../../sim/machine.ts";
import type { FileEvent } from "../../sim/replay/events.ts";
import { mapFromEvents } from "../../sim/replay/mapFromEvents.ts";
import { replay, TIERS } from "../../sim/replay/replay.ts";
import type { TickMap } from "../../sim/tickMap.ts";
import type { PoolTerms } from "../../sim/types.ts";
import { orientationOf, type TokenOptions } from "./orientation.ts";

export interface PoolSource {
  /** How messages name the events. */
  readonly file: string;
  readonly terms: PoolTerms;
  /** Before the first event. */
  readonly state: PoolState;
  /** In the order of the chain. */
  readonly events: readonly FileEvent[];
  readonly orientation: Orientation;
  /** Unix seconds from which on the state is known. */
  readonly since: number;
  /** Swaps that the bare pool was held against, and those that it made as recorded, to the wei. */
  readonly checked: number;
  readonly exact: number;
  /** Null for a tick map that was given, else how much of it the events told. */
  readonly derived: { readonly seen: number; readonly passed: number } | null;
}

export interface SourceOptions {
  readonly events: readonly FileEvent[];
  readonly file: string;
  /** Of the block before the first event; without it one is read out of the events. */
  readonly map?: TickMap;
  /** Hundredths of a basis point; only without a map, default the tier that reproduces the swaps. */
  readonly fee?: number;
  readonly tokens: TokenOptions;
}

/**
 * @throws SimulationFileError for events that contradict each other or the map, naming the line; ReplayOptionError for a fee that is not the
 *   map's, or if none can be told; BacktestOptionError if it cannot be told which token is the quote
 */
export function loadSource({ events, file, map, fee, tokens }: SourceOptions): PoolSource {
  const given = fee === undefined ? {} : { fee };
  const result = replay(events, { file, ...given, ...(map === undefined ? {} : { map }) });
  const { checked, exact } = result;
  if (map !== undefined) {
    const { block } = map;
    const after = block === undefined ? events : events.filter((event) => event.block > block);
    // A map without a time is of the block before the first event.
    const since = map.time > 0 ? map.time : (after[0]?.time ?? 0);
    const orientation = turnedBy(map.sqrtPriceX96, tokens);
    return { file, terms: map, state: map, events: after, orientation, since, checked, exact, derived: null };
  }
  const terms = { fee: result.fee, tickSpacing: TIERS[result.fee] ?? 1 };
  const { state, events: after, seen, passed } = mapFromEvents(events, terms, file);
  const orientation = turnedBy(state.sqrtPriceX96, tokens);
  const derived = { seen, passed };
  return { file, terms, state, events: after, orientation, since: state.time, checked, exact, derived };
}

/** A pool in the source's state. */
export function poolOf({ terms, state }: Pick<PoolSource, "terms" | "state">): FastPool {
  const pool = new FastPool(terms);
  pool.load(state);
  return pool;
}

function turnedBy(sqrtPriceX96: bigint, tokens: TokenOptions): Orientation {
  return orientationOf((turned) => priceFromSqrtPriceX96(sqrtPriceX96, turned), tokens, "the events");
}
