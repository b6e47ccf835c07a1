/**
 * The off-chain model of a sleeve that only owns: a reserve that lends at once and pays back at once, or an asset that is reported and settled
 * later. Pure; the keeper and the back-test use the same. Rates annual, continuous; times years; amounts in the token that is held.
 */

export interface Holding {
  readonly owned: number;
  /** Asked for or paid in, not settled yet; part of `owned`. */
  readonly pending: number;
}

export interface HoldingTerms {
  /** What it earns. */
  readonly rate: number;
  /** Annual volatility of its price in the token held; 0 for a reserve. */
  readonly volatility: number;
  /** Correlation of its returns with the pair's; 0 for a reserve. */
  readonly correlation: number;
  /** Years from asking to being paid; 0 for a reserve. */
  readonly settlement: number;
  /** Fraction lost on the way in, and on the way out. */
  readonly entry: number;
  readonly exit: number;
}

/** Quote units, at what closing would bring. */
export function holdingValue({ owned }: Holding, terms: HoldingTerms, priceOfToken = 1): number {
  return owned * (1 - terms.exit) * priceOfToken;
}

/** What it earns a year, in the token held; what waits for settlement earns nothing. */
export function holdingCarry({ owned, pending }: Holding, { rate }: HoldingTerms): number {
  return rate * Math.max(owned - pending, 0);
}

export function holdingAfter(holding: Holding, { rate }: HoldingTerms, years: number): Holding {
  const working = Math.max(holding.owned - holding.pending, 0);
  return { ...holding, owned: holding.pending + working * Math.exp(rate * years) };
}

/** Lost by going in and out once, and by earning nothing while both settle. */
export function roundTripCost(amount: number, terms: HoldingTerms): number {
  const kept = (1 - terms.entry) * (1 - terms.exit);
  return amount * (1 - kept * Math.exp(-2 * terms.rate * terms.settlement));
}

/** Years until a round trip has earned back its losses and gas; infinite if it never does. */
export function breakEvenYears(amount: number, terms: HoldingTerms, gas: number): number {
  if (!(terms.rate > 0) || !(amount > 0)) return Number.POSITIVE_INFINITY;
  return (roundTripCost(amount, terms) + gas) / (amount * terms.rate);
}

/** dV/dP of the asset by the pair's price, base units: its beta to the base over the price. Nothing for a reserve of quote. */
export function holdingDelta({ owned }: Holding, terms: HoldingTerms, price: number, volatility: number): number {
  if (!(volatility > 0)) return 0;
  return (owned * terms.correlation * (terms.volatility / volatility)) / price;
}
