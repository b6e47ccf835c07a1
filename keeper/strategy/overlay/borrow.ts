/**
 * A step up: what is there already secures as much of the new debt as it can, the rest is given from idle tokens (and from the reserve, where
 * that holds the asset); the loan is borrowed and sold. What the sale brings stays idle: the next step's security, or what buys the loan
 * back. Giving it at once would lift health no higher than it must be, and use half as much turnover again.
 */
import { mayOwn } from "../sleeveRoom.ts";
import { NO_MOVES, type Moves } from "../project.ts";
import { move, reserveWith, takeFrom, withoutDust } from "../sleeveMoves.ts";
import { trade } from "../trade.ts";
import type { View } from "../view.ts";
import { securedBy, securityFor, type Overlay } from "./overlay.ts";

/** How much more may be owed, units of the loan token. Each may be below zero. */
export interface BorrowingRoom {
  /** If the sleeve owned all that its cap allows. */
  readonly byCap: number;
  /** If all that is at hand were given to it. */
  readonly byPurse: number;
}

export function borrowingRoom(view: View, overlay: Overlay): BorrowingRoom {
  const { debt, sleeve } = overlay;
  return {
    byCap: securedBy(overlay, mayOwn(view, sleeve)) - debt.owed,
    byPurse: securedBy(overlay, debt.owned + atHand(view, overlay)) - debt.owed,
  };
}

/** Null if too little of it is possible. @param step units of the loan token */
export function borrowing(view: View, overlay: Overlay, step: number): Moves | null {
  const { debt, sleeve, asset, loan, loanPrice } = overlay;
  const { byCap, byPurse } = borrowingRoom(view, overlay);
  const sale = trade(view, loan, Math.min(step, byCap, byPurse));
  if (sale === null || sale.amount * loanPrice < view.config.hedge.least * view.nav) return null;
  const missing = Math.max(securityFor(overlay, debt.owed + sale.amount) - debt.owned, 0);
  const give = withoutDust(view, missing, overlay.assetPrice);
  // A sleeve above its cap lends nothing, however much it owns; what is above goes back.
  const over = withoutDust(view, Math.max(debt.owned - mayOwn(view, sleeve), 0), overlay.assetPrice);
  const fromReserve = asset === "quote" ? Math.max(give - view.state.idleQuote, 0) : 0;
  return {
    ...NO_MOVES,
    sleeveMoves: [
      ...takeFrom(reserveWith(view), fromReserve),
      ...move(sleeve, asset, "take", "before", over),
      ...move(sleeve, asset, "give", "before", give),
      ...move(sleeve, loan, "take", "before", sale.amount),
    ],
    swaps: [sale],
  };
}

/** Of the asset. */
function atHand(view: View, { asset }: Overlay): number {
  const { idleBase, idleQuote } = view.state;
  return asset === "base" ? idleBase : idleQuote + (reserveWith(view)?.owned ?? 0);
}
