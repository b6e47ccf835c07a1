/**
 * What a strategy may see and do: the part of a book that both engines have. The fast engine's book (book.ts) computes in floats, the exact one's
 * (exact/exactBook.ts) in the integers of a simulated pool; a strategy cannot tell them apart. Every action happens at the mark's price, and a
 * wrong one throws BookError.
 */
import type { Amounts } from "../../strategy/liquidity.ts";
import type { Costs } from "../model/costs.ts";
import type { Ranges } from "./ranges.ts";

export interface StrategyBook {
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
  /** Base owed, and the quote that secures it. */
  readonly debt: { readonly kind: "conversion"; readonly owned: number; readonly owed: number };
  /** Net asset value, quote units. */
  readonly nav: number;
  /** True while the price is inside at least one range. */
  readonly inRange: boolean;
  /** Open ranges, to look at. */
  readonly ranges: Ranges;

  /**
   * Opens a range with as much of both tokens as it takes, out of at most so much idle. Opens nothing if it takes nothing.
   * @param lower Pa, 0 for a full range. @param upper Pb, Infinity for a full range
   * @returns the liquidity, whole units
   */
  mint(lower: number, upper: number, most?: Amounts): number;
  /** Adds to an open range, in its present proportion, as much as idle tokens allow. @returns the liquidity added */
  increase(i: number): number;
  /** Closes every range; what they held and all pending fees lie idle. */
  burnAll(): void;
  /** Pending fees lie idle. */
  collect(): void;
  /** Sells idle base for quote, less the swap cost. @param amount base units */
  sellBase(amount: number): void;
  /** Sells idle quote for base, less the swap cost. @param amount quote units */
  sellQuote(amount: number): void;
  /** Pays one rebalance's gas. */
  payGas(): void;
  /** Moves idle quote into the reserve, or out of it if negative. */
  toReserve(quote: number): void;
  /** Opens or enlarges the conversion: idle quote becomes collateral and so much base is borrowed, which lies idle then. */
  borrow(base: number, collateral: number): void;
  /** Repays base out of idle base and takes so much collateral back. */
  repay(base: number, collateral: number): void;
}
