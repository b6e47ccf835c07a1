/** The whole vault's Greeks: idle tokens and ranges together. */
import { type Amounts, delta, gamma, type Position, vega } from "./liquidity.ts";
import type { Decision } from "./types.ts";

/**
 * @param tenor years over which vega is taken
 * @returns delta in base units, gamma in base units per quote unit of price, vega in quote units per 1.00 of volatility
 */
export function bookGreeks(
  idle: Amounts,
  held: readonly Position[],
  price: number,
  volatility: number,
  tenor: number,
): Decision["book"] {
  const total = { delta: idle.base, gamma: 0, vega: 0 };
  for (const position of held) {
    total.delta += delta(position, price);
    total.gamma += gamma(position, price);
    total.vega += vega(position, price, volatility, tenor);
  }
  return total;
}
