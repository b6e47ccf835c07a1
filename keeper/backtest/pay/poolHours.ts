/**
 * What a real pool did in a run of whole hours: its price, what it paid for liquidity and at which prices. Measured, by the hour, from minute
 * bars (volumeHours.ts) or from events (eventHours.ts); what a study makes of it is the same for both (measured.ts).
 */
import type { Orientation } from "../../chain/prices.ts";
import type { Bar } from "../../market/types.ts";
import type { PoolVolatility } from "../exact/poolVolatility.ts";
import type { Way } from "./payRecorder.ts";

export interface PoolHours {
  /** How messages name where it comes from. */
  readonly file: string;
  readonly orientation: Orientation;
  /** Hundredths of a basis point. */
  readonly fee: number;
  /** Of the pool's usable ticks; null for a fee whose spacing is not known. */
  readonly tickSpacing: number | null;
  /** Hourly, gap-free, at the pool's prices; volume is what came in, base units. */
  readonly bars: readonly Bar[];
  /** For each bar what a unit of liquidity was paid on each way of the price. */
  readonly ways: readonly (readonly Way[])[];
  /** Liquidity over which each bar's pay was spread, whole units; null where our own does not make the others' pay less. */
  readonly competing: Float64Array | null;
  readonly volatility: PoolVolatility;
}
