/**
 * A sleeve with a debt as the rules steer it. A conversion owns quote and owes base, a reversal owns base and owes quote; what is said here of
 * the asset (what is owned) and of the loan (what is owed) holds for both.
 */
import { debtHealth, interestDifferential, loanToValue, openingLtv, type Debt } from "../../sleeves/debt.ts";
import type { SleeveState, Token } from "../types.ts";
import type { View } from "../view.ts";

export interface Overlay {
  readonly sleeve: SleeveState;
  readonly debt: Debt;
  readonly asset: Token;
  readonly loan: Token;
  /** Quote units per unit. */
  readonly assetPrice: number;
  readonly loanPrice: number;
  /** Aimed at, by our price: under the venue's opening limit by its own price, too. */
  readonly ltv: number;
  /** The worse of ours and the venue's. */
  readonly health: number;
  /** What a unit of debt costs a year at that loan-to-value, see `interestDifferential`. */
  readonly differential: number;
}

/**
 * The sleeves of a kind whose venues answer. Not one whose debt is worth what it owns: the venue has no recourse beyond that, so whoever repaid
 * would pay its lenders' loss.
 */
export function overlaysOf(view: View, kind: Debt["kind"]): Overlay[] {
  return view.state.sleeves
    .filter((sleeve) => sleeve.kind === kind && sleeve.answers)
    .map((sleeve) => overlayOf(view, kind, sleeve))
    .filter(({ ltv, debt }) => ltv > 0 && loanToValue(debt, view.price) < 1);
}

function overlayOf(view: View, kind: Debt["kind"], sleeve: SleeveState): Overlay {
  const { config, price } = view;
  const debt: Debt = { kind, owned: sleeve.owned, owed: sleeve.owed };
  const limit = openingLtv(sleeve.threshold, sleeve.opening) * venueFactor(view, sleeve);
  const ltv = Math.min(config.hedge.ltv, limit) - config.hedge.ltvMargin;
  const [asset, loan]: [Token, Token] = kind === "conversion" ? ["quote", "base"] : ["base", "quote"];
  return {
    sleeve,
    debt,
    asset,
    loan,
    assetPrice: asset === "base" ? price : 1,
    loanPrice: loan === "base" ? price : 1,
    ltv,
    health: debtHealth(debt, price, sleeve.threshold) * venueFactor(view, sleeve),
    differential: interestDifferential(sleeve, ltv),
  };
}

/** The venue's health over ours, at most one: it may see another price, and where that is the worse one it is what counts. */
export function venueFactor({ price }: Pick<View, "price">, sleeve: SleeveState): number {
  if (sleeve.health === null || (sleeve.kind !== "conversion" && sleeve.kind !== "reversal")) return 1;
  const ours = debtHealth({ kind: sleeve.kind, owned: sleeve.owned, owed: sleeve.owed }, price, sleeve.threshold);
  return ours > 0 && Number.isFinite(ours) ? Math.min(sleeve.health / ours, 1) : 1;
}

/** Of the loan token, by all of them. */
export function owedBy(overlays: readonly Overlay[]): number {
  return overlays.reduce((sum, { debt }) => sum + debt.owed, 0);
}

/** Quote units that it owns. */
export function ownedValue({ debt, assetPrice }: Overlay): number {
  return debt.owned * assetPrice;
}

/** What so much of the loan token asks for as security, units of the asset. */
export function securityFor({ ltv, assetPrice, loanPrice }: Overlay, owed: number): number {
  return (owed * loanPrice) / (ltv * assetPrice);
}

/** What so much of the asset may secure, units of the loan token. */
export function securedBy({ ltv, assetPrice, loanPrice }: Overlay, owned: number): number {
  return (owned * assetPrice * ltv) / loanPrice;
}
