/** What an exact run goes through: a pool's state and everything that happened to it since. */
import type { Orientation } from "../../chain/prices.ts";
import { FastPool } from "../../sim/fastPool.ts";
import type { PoolState } from "../../sim/machine.ts";
import type { PoolEvent } from "../../sim/replay/events.ts";
import type { PoolTerms } from "../../sim/types.ts";

export interface PoolSource {
  /** How messages name the events. */
  readonly file: string;
  readonly terms: PoolTerms;
  /** Before the first event. */
  readonly state: PoolState;
  /** In the order of the chain. */
  readonly events: readonly PoolEvent[];
  readonly orientation: Orientation;
}

/** A pool in the source's state. */
export function poolOf({ terms, state }: PoolSource): FastPool {
  const pool = new FastPool(terms);
  pool.load(state);
  return pool;
}
