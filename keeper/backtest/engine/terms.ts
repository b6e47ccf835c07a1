/**
 * Where the terms of the attribution identity stand in a row of numbers:
 *
 *   total = market + fees - LVR + hedge + carry - gas - slippage.
 *
 * The engine sums them in a typed array; everybody else reads them as keeper/report's Attribution, whose docstring says what each one means.
 */
import type { Attribution } from "../../report/attribution.ts";

export const MARKET = 0;
export const FEES = 1;
export const LVR = 2;
export const HEDGE = 3;
export const CARRY = 4;
export const GAS = 5;
export const SLIPPAGE = 6;
/** Length of a row. */
export const TERMS = 7;

/** The row that begins at `offset`. */
export function attributionAt(rows: Float64Array, offset = 0): Attribution {
  const at = (term: number): number => rows[offset + term] ?? Number.NaN;
  return {
    market: at(MARKET),
    fees: at(FEES),
    lvr: at(LVR),
    hedge: at(HEDGE),
    carry: at(CARRY),
    gas: at(GAS),
    slippage: at(SLIPPAGE),
  };
}
