/** Everything about a back-test that no strategy can change: prices, pay, interest, costs. Shared by all runs, strategies and starts. */
import type { Growth } from "../data/growth.ts";
import type { Tape } from "../data/tape.ts";
import type { Costs } from "../model/costs.ts";
import type { FeeProfile } from "./feeProfile.ts";
import type { Grid } from "./grid.ts";
import type { PoolRecord } from "./pool.ts";

export interface World {
  readonly tape: Tape;
  /** Fees of a unit of liquidity in range in each bar, quote units. */
  readonly feePerLiquidity: Float64Array;
  readonly growth: Growth;
  readonly costs: Costs;
  /** Where ranges may begin and end; without it anywhere. */
  readonly grid?: Grid;
  /**
   * At which prices and in which token the fees of each bar were paid; without it half in each, and as if the price had gone straight from mark
   * to mark.
   */
  readonly profile?: FeeProfile;
  /** Of a recorded pool; without it the strategy knows of none. */
  readonly pool?: PoolRecord;
}
