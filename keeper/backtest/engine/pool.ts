/**
 * The pool in which ranges stand, as far as it is more than prices and pay: its tier, its usable ticks, how deep it is. Only a world of a recorded
 * pool has one; where prices come from a file, whoever needs a pool makes one up.
 */
import type { Decimals } from "../../strategy/ticks.ts";

/** At one mark, our own liquidity included. */
export interface PoolSight extends Decimals {
  /** Hundredths of a basis point. */
  readonly fee: number;
  /** Ticks from one usable tick to the next. */
  readonly tickSpacing: number;
  /** Oriented tick of the price. */
  readonly tick: number;
  /** Raw liquidity in range. */
  readonly liquidity: number;
}

/** At all marks; what is not known yet is NaN. */
export interface PoolRecord extends Decimals, Pick<PoolSight, "fee" | "tickSpacing"> {
  readonly tick: Float64Array;
  readonly liquidity: Float64Array;
}

export function poolAt(record: PoolRecord, mark: number): PoolSight {
  return { ...record, tick: record.tick[mark] as number, liquidity: record.liquidity[mark] as number };
}
