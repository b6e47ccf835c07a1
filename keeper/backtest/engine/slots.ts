/** Where the amounts of a book stand in its typed array. Whole units. */

export const IDLE_BASE = 0;
export const IDLE_QUOTE = 1;
/** Earned by the ranges, not collected. */
export const FEES_BASE = 2;
export const FEES_QUOTE = 3;
/** Quote that earns the reserve's yield. */
export const RESERVE = 4;
/** The conversion: quote that secures the debt, and base owed. */
export const OWNED = 5;
export const OWED = 6;
/** Value of all swaps since the start, quote units. */
export const SWAPPED = 7;
/** Bars with the price inside at least one range, parts of bars counted as parts. */
export const ACTIVE_BARS = 8;
/** Bars with at least one range open. */
export const RANGE_BARS = 9;
/** Value of a unit put into ranges and idle tokens at the start and left without fees, costs and sleeves: what impermanent loss is read from. */
export const INDEX = 10;
/** Liquidations suffered. */
export const LIQUIDATIONS = 11;
/** Gas that the keeper has laid out while nothing lay idle; quote units, paid back with the next rebalance. */
export const GAS_DUE = 12;
export const SLOTS = 13;
