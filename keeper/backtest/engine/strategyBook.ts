/**
 * What a strategy may see and do: the part of a book that both engines have. The fast engine's book (book.ts) computes in floats, the exact one's
 * (exact/exactBook.ts) in the integers of a simulated pool; a strategy cannot tell them apart. Every action happens at the mark's price, and a
 * wrong one throws BookError.
 */
import type { Amounts } from "../../strategy/liquidity.ts";
import type { Costs } from "../model/costs.ts";
import type { PoolSight } from "./pool.ts";
import type { Ranges } from "./ranges.ts";

export interface StrategyBook {
  /** Index of the present mark. */
  readonly mark: number;
  /** Quote units per base unit. */
  readonly price: number;
  /** Unix seconds. */
  readonly time: number;
  readonly costs: Costs;
  readonly idle: Amounts;
  /** Fees earned and not collected yet. */
  readonly pendingFees: Amounts;
  /** Quote that earns the reserve's yield. */
  readonly reserve: number;
  /** What the reserve earned in the bar that has just passed, annual; the next one's rate is not known yet. At the first mark it is the first bar's. */
  readonly reserveRate: number;
  /** Base owed, and the quote that secures it. */
  readonly debt: { readonly kind: "conversion"; readonly owned: number; readonly owed: number };
  /** Net asset value, quote units. */
  readonly nav: number;
  /** True while the price is inside at least one range. */
  readonly inRange: boolean;
  /** Open ranges, to look at. */
  readonly ranges: Ranges;
  /** Null where prices are no pool's. */
  readonly pool: PoolSight | null;

  /**
   * Opens a range with as much of both tokens as it takes, out of at most so much idle, or adds to the one with the same bounds. Opens nothing if it
   * takes nothing.
   * @param lower Pa, 0 for a full range. @param upper Pb, Infinity for a full range
   * @returns the liquidity, whole units
   */
  mint(lower: number, upper: number, most?: Amounts): number;
  /** Adds to an open range, in its present proportion, as much as idle tokens allow. @returns the liquidity added */
  increase(i: number): number;
  /**
   * Closes a part of a range and collects its fees; a part of 0 only collects. A range that is closed whole leaves its place to those behind it,
   * which move up in their order.
   * @param part 0 to 1
   */
  burn(i: number, part?: number): void;
  /** Closes every range; what they held and all pending fees lie idle. */
  burnAll(): void;
  /** Pending fees lie idle. */
  collect(): void;
  /** Sells idle base for quote, less the swap cost. @param amount base units */
  sellBase(amount: number): void;
  /** Sells idle quote for base, less the swap cost. @param amount quote units */
  sellQuote(amount: number): void;
  /** Pays one rebalance's gas out of idle tokens; the keeper lays out what they lack. */
  payGas(): void;
  /** Moves idle quote into the reserve, or out of it if negative. */
  toReserve(quote: number): void;
  /** Opens or enlarges the conversion: idle quote becomes collateral and so much base is borrowed, which lies idle then. */
  borrow(base: number, collateral: number): void;
  /** Repays base out of idle base and takes so much collateral back. */
  repay(base: number, collateral: number): void;
  /** Idle quote becomes collateral, or comes back from it if negative. */
  secure(quote: number): void;
  /** Everything that actions change, for a plan that is carried out whole or not at all. @returns what brings it back */
  checkpoint(): () => void;
}
