/**
 * A step down: the loan token is found, the debt is repaid with it, and what secured it comes out in proportion.
 *
 * WHERE IT IS FOUND decides what becomes of the exposure. A debt that a rule wants no more is repaid with what is *bought*: the sale that opened
 * it is undone. What lies *idle* cancels with what is owed and leaves the exposure as it is, so it serves where that is wanted (a delivery), or
 * where nothing else counts (health, or a venue that is to be left): idle, from the reserve, bought, and for health burned out of ranges.
 *
 * THE LAST STEP closes the sleeve whole. First a swap makes idle what is owed, and a little more, since interest runs and the price moves until
 * the block; then one move takes all that is owned, and the chain pays the whole debt from idle tokens with it. By repaying and taking
 * alone nobody could end the last part of a debt while others hold units of the sleeve.
 */
import { NO_MOVES, type Moves } from "../project.ts";
import { move, reserveWith, takeFrom, withoutDust } from "../sleeveMoves.ts";
import { swapOut, trade } from "../trade.ts";
import type { BurnMove, SwapMove, Token } from "../types.ts";
import type { View } from "../view.ts";
import { securityFor, type Overlay } from "./overlay.ts";

/** Found for a debt that is to end: interest, and a price that moves by as much until the block. */
const CUSHION = 1.004;
/** Of that, what must be there for the end to be tried. */
const ENOUGH = 1.001;
/** Repaid of a debt that cannot end yet, at most: no dust stays behind that a plan of its own would have to end. */
const NOT_ALL = 0.95;
/** Paid for in a swap beside what the oracle's price says: fee and slippage; and what it may bring beyond what is missing. */
const SWAP_COST = 1.003;
const SURPLUS = 1.01;

/** Where the loan token comes from. */
export type Source = "bought" | "idle" | "urgent";

/** Of an overlay with a debt; null if there is nothing to repay with. @param wanted units of the loan token */
export function repayment(view: View, overlay: Overlay, wanted: number, source: Source): Moves | null {
  const { debt, sleeve, asset, loan } = overlay;
  const ends = wanted >= debt.owed;
  const found = find(view, overlay, ends ? debt.owed * CUSHION : wanted, ends, source);
  // The chain closes a sleeve whole only where its venue pays out.
  const whole = ends && found.amount >= debt.owed * ENOUGH && sleeve.obstacle === "none";
  const repaid = whole ? debt.owed : Math.min(wanted, found.amount, ends ? debt.owed * NOT_ALL : wanted);
  if (!(repaid > 0)) return null;
  const left = debt.owned - found.early;
  return {
    ...NO_MOVES,
    burns: found.burns,
    swaps: found.buy === null ? [] : [found.buy],
    sleeveMoves: [
      ...takeFrom(reserveWith(view), found.fromReserve),
      ...move(sleeve, asset, "take", "before", found.early),
      ...(whole
        ? move(sleeve, asset, "take", "after", left, true)
        : [
            ...move(sleeve, loan, "give", "after", repaid),
            ...move(sleeve, asset, "take", "after", freed(view, overlay, left, repaid)),
          ]),
    ],
  };
}

/** Of one without a debt: takes out what secures nothing any more. @param part of it, 0 to 1 */
export function withdrawing({ debt, sleeve, asset }: Overlay, part: number): Moves | null {
  const sleeveMoves = move(sleeve, asset, "take", "before", debt.owned * part, part === 1);
  return sleeveMoves.length === 0 ? null : { ...NO_MOVES, sleeveMoves };
}

/** In proportion to what is repaid, as far as the rest stays secured; nothing where the venue pays nothing out. */
function freed(view: View, overlay: Overlay, owned: number, repaid: number): number {
  const { owed } = overlay.debt;
  if (overlay.sleeve.obstacle !== "none") return 0;
  const free = Math.min((owned * repaid) / owed, owned - securityFor(overlay, owed - repaid));
  return withoutDust(view, Math.max(free, 0), overlay.assetPrice);
}

/** The loan token, and where it comes from. */
interface Found {
  /** All of it that may be used and is idle before the last moves. */
  readonly amount: number;
  readonly burns: readonly BurnMove[];
  readonly buy: SwapMove | null;
  /** Quote. */
  readonly fromReserve: number;
  /** Of the asset, taken from the sleeve for the purchase: what is above the loan-to-value aimed at. */
  readonly early: number;
}

function find(view: View, overlay: Overlay, need: number, ends: boolean, source: Source): Found {
  const { debt, sleeve, asset, loan, assetPrice, loanPrice } = overlay;
  const lent = reserveWith(view)?.owned ?? 0;
  // Bought are whole steps; the end of a debt may take from what is idle so much as would not be worth a plan.
  const crumbs = ends ? (view.config.hedge.least * view.nav) / loanPrice : 0;
  const own = Math.min(idle(view, loan), source === "bought" ? crumbs : Number.POSITIVE_INFINITY);
  const lentLoan = loan === "quote" && source !== "bought" ? Math.min(Math.max(need - own, 0), lent) : 0;
  const missing = Math.max(need - own - lentLoan, 0);
  const excess = sleeve.obstacle === "none" ? Math.max(debt.owned - securityFor(overlay, debt.owed), 0) : 0;
  const purse = idle(view, asset) + (asset === "quote" ? lent : 0) + excess;
  const price = (missing * loanPrice) / assetPrice;
  const buy = missing > 0 ? trade(view, asset, Math.min(price * SWAP_COST, purse)) : null;
  const bought = buy === null ? 0 : Math.min(swapOut(view, buy), missing * SURPLUS);
  const burns = source === "urgent" ? burnsFor(view, loan, missing - bought) : [];
  const burned = burns.reduce((sum, { index, fraction }) => {
    return sum + fraction * (view.state.positions.find((position) => position.index === index)?.[loan] ?? 0);
  }, 0);
  const short = Math.max((buy?.amount ?? 0) - idle(view, asset), 0);
  const lentAsset = asset === "quote" ? Math.min(short, lent) : 0;
  return {
    amount: own + lentLoan + bought + burned,
    burns,
    buy,
    fromReserve: lentLoan + lentAsset,
    early: short - lentAsset,
  };
}

function idle({ state }: View, token: Token): number {
  return token === "base" ? state.idleBase : state.idleQuote;
}

/** The same part of every range, so much that it brings what is missing. */
function burnsFor(view: View, token: Token, missing: number): BurnMove[] {
  const held = view.positions.reduce((sum, { state }) => sum + state[token], 0);
  if (!(missing > 0) || !(held > 0)) return [];
  const fraction = Math.min(missing / held, 1);
  return view.positions.filter(({ state }) => state[token] > 0).map(({ state }) => ({ index: state.index, fraction }));
}
