/**
 * The off-chain model of a debt against collateral: a *conversion* owns quote and owes base that was sold (a short forward: long put and short
 * call of one strike), a *reversal* owns base and owes quote (the opposite). Pure; the keeper and the back-test use the same. Prices are quote
 * units per base unit, rates annual and compounding continuously as Morpho's do, times years, values quote units.
 */

export interface Debt {
  readonly kind: "conversion" | "reversal";
  /** Of the asset: quote in a conversion, base in a reversal. */
  readonly owned: number;
  /** Of the other token, interest accrued. */
  readonly owed: number;
}

export interface DebtTerms {
  /** The venue liquidates when the debt is worth so much of what is owned. */
  readonly threshold: number;
  readonly borrowRate: number;
  /** What the collateral earns; nothing on Morpho Blue, where it is not lent out. */
  readonly supplyRate: number;
}

/** What a swap costs, fraction of what is sold: the pool's fee and slippage. */
export interface TradeCost {
  readonly swap: number;
  /** Quote units a plan. */
  readonly gas: number;
}

function prices(kind: Debt["kind"], price: number): { readonly owned: number; readonly owed: number } {
  return kind === "conversion" ? { owned: 1, owed: price } : { owned: price, owed: 1 };
}

/** What the sleeve is worth net of its debt; what the borrowed token was sold for lies elsewhere. */
export function debtValue(debt: Debt, price: number): number {
  const at = prices(debt.kind, price);
  return debt.owned * at.owned - debt.owed * at.owed;
}

/** dV/dP, base units: minus the debt of a conversion, the collateral of a reversal. */
export function debtDelta({ kind, owned, owed }: Debt): number {
  return kind === "conversion" ? -owed : owned;
}

/** Debt over what is owned, values; infinite where nothing stands behind a debt. */
export function loanToValue(debt: Debt, price: number): number {
  const at = prices(debt.kind, price);
  return debt.owed === 0 ? 0 : (debt.owed * at.owed) / (debt.owned * at.owned);
}

/** What may be owed over what is; 1 = liquidation, infinite without debt. */
export function debtHealth(debt: Debt, price: number, threshold: number): number {
  return debt.owed === 0 ? Number.POSITIVE_INFINITY : threshold / loanToValue(debt, price);
}

/** The price at which health is so much: above today's for a conversion, below for a reversal. Null without debt, or if none does. */
export function priceAtHealth(debt: Debt, threshold: number, health: number): number | null {
  if (!(debt.owed > 0) || !(debt.owned > 0) || !(health > 0)) return null;
  const secured = threshold * debt.owned;
  return debt.kind === "conversion" ? secured / (health * debt.owed) : (health * debt.owed) / secured;
}

/** Income less interest a year at today's price. */
export function carryPerYear(debt: Debt, price: number, terms: DebtTerms): number {
  const at = prices(debt.kind, price);
  return terms.supplyRate * debt.owned * at.owned - terms.borrowRate * debt.owed * at.owed;
}

/**
 * Interest differential: what a debt costs a year per unit of its value while it stands at a loan-to-value,
 *   differential = borrow rate - collateral's own yield / loan-to-value,
 * since a unit of debt is secured by 1 / ltv of collateral: the carry of such a debt is minus its value times this. Among debts that hedge the
 * same, the one with the smallest is the cheapest. Below zero it earns.
 */
export function interestDifferential(terms: Pick<DebtTerms, "borrowRate" | "supplyRate">, ltv: number): number {
  return terms.borrowRate - terms.supplyRate / ltv;
}

/**
 * What is saved a year per unit of debt value by a conversion and a reversal that are both smaller by it: their deltas cancel, so that the
 * pair hedges nothing and costs both differentials.
 */
export function nettingSaves(conversion: number, reversal: number): number {
  return conversion + reversal;
}

/** The legs after a time in which nobody touches them. */
export function accrue(debt: Debt, terms: DebtTerms, years: number): Debt {
  return {
    ...debt,
    owned: debt.owned * Math.exp(terms.supplyRate * years),
    owed: debt.owed * Math.exp(terms.borrowRate * years),
  };
}

/** Gas and what is lost in selling the borrowed token. */
export function openCost(borrowedValue: number, cost: TradeCost): number {
  return cost.gas + borrowedValue * cost.swap;
}

/** Gas and what is lost in buying back what is owed. */
export function closeCost(debt: Debt, price: number, cost: TradeCost): number {
  return cost.gas + debt.owed * prices(debt.kind, price).owed * (cost.swap / (1 - cost.swap));
}

/** Collateral that brings so large a debt to a loan-to-value. */
export function collateralFor(kind: Debt["kind"], owed: number, price: number, ltv: number): number {
  return kind === "conversion" ? (owed * price) / ltv : owed / (price * ltv);
}

/** Greatest loan-to-value at which the venue lets more be borrowed. */
export function openingLtv(threshold: number, opening: number): number {
  return opening > 0 ? threshold / opening : 0;
}
