/**
 * From the debt that is wanted to one step towards it: how far it is off, when it is looked at, which of equal sleeves takes the step (the one
 * whose debt costs least borrows first and repays last), and what the step means in words.
 *
 * DELIVERY. Where more is wanted and no sleeve lends more, what lies idle of the loan token may be delivered against the debt, a step of it:
 * owed and idle cancel, so the exposure stays what it was, nothing is swapped, and what secured it comes back. It is how an option desk closes
 * a short with what it was assigned; the next looks borrow and sell again in the room that this has made.
 */
import { carryPerYear, debtHealth, priceAtHealth, type Debt } from "../../sleeves/debt.ts";
import { cooldownLeft, fit, hold, type Fitting, type Verdict } from "../proposal.ts";
import { hours, money, percent } from "../text.ts";
import type { SleeveState } from "../types.ts";
import type { View } from "../view.ts";
import { borrowing, borrowingRoom, type BorrowingRoom } from "./borrow.ts";
import { owedBy, ownedValue, type Overlay } from "./overlay.ts";
import { repayment, type Source, withdrawing } from "./repay.ts";

/** What a rule wants of its sleeves. */
export interface Course {
  readonly rule: string;
  /** At least one. */
  readonly overlays: readonly Overlay[];
  /** Units of the loan token. */
  readonly wanted: number;
  /** Units of the loan token above which nothing is left standing, inside the band or not; default none. */
  readonly most?: number;
  /** Whether idle tokens are delivered against the debt where no sleeve lends more. */
  readonly delivers?: boolean;
  /** What a step down is repaid with; default what is bought. */
  readonly repays?: Source;
  /** Greatest step, and off the wanted debt by how much it is taken; parts of NAV. */
  readonly step: number;
  readonly band: number;
  /** What is wanted and why, a sentence without its end. */
  readonly account: string;
  /** What the step is for, as the end of a sentence that says what it costs. */
  readonly purpose: string;
  readonly figures: Figures;
}

export type Figures = Readonly<Record<string, number>>;

export function steer(view: View, course: Course): Verdict {
  const { config, state, nav } = view;
  const { rule, overlays, wanted, account, band } = course;
  const owed = owedBy(overlays);
  const price = overlays[0]?.loanPrice ?? 1;
  const off = (wanted - owed) * price;
  const figures = { ...course.figures, wanted, owed, off: off / nav, health: leastHealth(overlays) };
  const told = { ...course, figures };
  // What is no longer wanted goes to the end, however little is left of it; and what secures no debt comes back.
  const ends = wanted === 0 && toEnd(view, overlays) !== null;
  // Not insurance any more, but a bet.
  const tooMuch = (owed - (course.most ?? Infinity)) * price >= config.hedge.least * nav;
  if (!ends && !tooMuch && Math.abs(off) < band * nav) {
    return hold(rule, `${account}, inside the band of ${percent(band, 0)} of NAV.`, figures);
  }
  const wait = cooldownLeft(view, state.memory.lastHedge, config.hedge.checkHours);
  if (wait > 0) {
    const why = off > 0 ? refusals(view, byCost(overlays)) : null;
    const now = why === null ? "" : `, and now ${why}`;
    return hold(rule, `${account}; the next look is in ${hours(wait)}${now}.`, { ...figures, wait });
  }
  const step = Math.min(Math.abs(off), course.step * nav) / price;
  return off > 0 ? stepUp(view, told, step) : stepDown(view, told, step);
}

// ---- up

function stepUp(view: View, course: Course, step: number): Verdict {
  const { rule, overlays, account, figures } = course;
  const ordered = byCost(overlays);
  const overlay = ordered.find((one) => refusal(view, one) === null);
  if (overlay === undefined) {
    const why = refusals(view, ordered) ?? "nothing can be borrowed";
    return (
      (course.delivers === true ? deliver(view, course, step, why) : null) ??
      hold(rule, `${account}, but ${why}.`, figures)
    );
  }
  const fitting = fit(view, {
    rule,
    build: (size) => borrowing(view, overlay, step * size),
    nothing: "No pool takes enough of what would be borrowed.",
  });
  if ("accepted" in fitting) return withAccount(course, fitting);
  return accept(view, course, overlay, fitting, `${account}; a step up.`);
}

/** Why none of them lends more; null if one does. */
function refusals(view: View, ordered: readonly Overlay[]): string | null {
  const texts = ordered.map((one) => refusal(view, one));
  return texts.includes(null) ? null : (texts[0] ?? null);
}

/** Why a sleeve lends no more that is worth a plan, words without an end; null if it does. All of it is in the snapshot. */
function refusal(view: View, overlay: Overlay): string | null {
  const { config, nav } = view;
  const { sleeve, loanPrice } = overlay;
  const dearest = Math.min(config.hedge.maxRate, sleeve.rateCap);
  if (!sleeve.allowed) return "the policy allows no more to go there";
  // A plan that the venue would refuse would keep all later rules waiting.
  if (sleeve.obstacle !== "none") return shut(sleeve);
  if (sleeve.borrowRate > dearest) {
    return `borrowing costs ${percent(sleeve.borrowRate)} a year; ${percent(dearest)} are the most`;
  }
  const room = borrowingRoom(view, overlay);
  const least = (config.hedge.least * nav) / loanPrice;
  return Math.min(room.byCap, room.byPurse) < least ? noRoom(view, overlay, room) : null;
}

/** What stands in the way, in words. Where nothing comes out, nothing more goes in. */
function shut({ obstacle }: SleeveState): string {
  return obstacle === "closed" ? "its venue refuses now" : `its venue pays nothing out now (${obstacle})`;
}

function noRoom({ nav }: View, overlay: Overlay, { byCap, byPurse }: BorrowingRoom): string {
  const { sleeve, ltv, debt } = overlay;
  const owns = `it owns ${percent(ownedValue(overlay) / nav)} of NAV`;
  const most = (room: number): string => money(Math.max(debt.owed + room, 0));
  return byCap <= byPurse
    ? `${owns}, its cap is ${percent(sleeve.cap, 0)}, and at a loan-to-value of ${percent(ltv, 0)} that secures a debt of ${most(byCap)} at most`
    : `${owns}, and with all that is at hand a loan-to-value of ${percent(ltv, 0)} allows a debt of ${most(byPurse)} at most`;
}

/** Cheapest first; of equals, in order of their places. */
function byCost(overlays: readonly Overlay[]): Overlay[] {
  return [...overlays].sort((a, b) => a.differential - b.differential || a.sleeve.index - b.sleeve.index);
}

// ---- across

/** Null where nothing worth a plan is owed, lies idle or would come back. @param why no sleeve lends more, words without an end */
function deliver(view: View, course: Course, step: number, why: string): Verdict | null {
  const { rule, account, figures } = course;
  const overlay = toEnd(view, course.overlays);
  if (overlay?.sleeve.obstacle !== "none") return null;
  const { loan, loanPrice, debt } = overlay;
  const idle = loan === "base" ? view.state.idleBase : view.state.idleQuote;
  const part = Math.min(step, idle, debt.owed);
  if (!(part * loanPrice >= view.config.hedge.least * view.nav)) return null;
  const fitting = fit(view, { rule, build: (size) => repayment(view, overlay, part * size, "idle") });
  if ("accepted" in fitting) return withAccount(course, fitting);
  const text = `${account}, but ${why}: idle ${loan} is delivered against the debt, which leaves the exposure as it is and brings back what secured it.`;
  return accept(view, { rule, purpose: "it makes room for the next step", figures }, overlay, fitting, text);
}

// ---- down

function stepDown(view: View, course: Course, step: number): Verdict {
  const { rule, account, figures } = course;
  const overlay = toEnd(view, course.overlays);
  if (overlay === null) return hold(rule, `${account}.`, figures);
  const { debt, loanPrice, sleeve } = overlay;
  // Repaying may be possible where nothing comes out.
  const hopeless = sleeve.obstacle === "closed" || (debt.owed === 0 && sleeve.obstacle !== "none");
  if (hopeless) return hold(rule, `${account}, but ${shut(sleeve)}.`, figures);
  const part = Math.min(step, debt.owed);
  // No remainder that would not be worth a plan of its own.
  const rest = (debt.owed - part) * loanPrice < view.config.hedge.least * view.nav;
  const fitting = fit(view, {
    rule,
    build: (size) =>
      debt.owed === 0
        ? withdrawing(overlay, size)
        : repayment(view, overlay, rest && size === 1 ? debt.owed : part * size, course.repays ?? "bought"),
    nothing: "Nothing is at hand to repay with, or no pool sells it now.",
  });
  if ("accepted" in fitting) return withAccount(course, fitting);
  return accept(view, course, overlay, fitting, `${account}; a step down.`);
}

/** The dearest that owes something, or else one that secures nothing with what is worth a plan. */
function toEnd(view: View, overlays: readonly Overlay[]): Overlay | null {
  const least = view.config.hedge.least * view.nav;
  const dearest = byCost(overlays).reverse();
  return dearest.find(({ debt }) => debt.owed > 0) ?? dearest.find((one) => ownedValue(one) >= least) ?? null;
}

// ---- words

function withAccount({ rule, account, figures }: Course, verdict: Verdict): Verdict {
  return { ...verdict, reasons: [{ rule, text: `${account}.`, figures }, ...verdict.reasons] };
}

/** A plan for an overlay, with what it means. */
export function accept(
  view: View,
  { rule, purpose, figures }: Pick<Course, "rule" | "purpose" | "figures">,
  { sleeve, debt: { kind }, asset, loan }: Overlay,
  { moves, projection, cut }: Fitting,
  text: string,
): Verdict {
  const { config, price, state } = view;
  const net = projection.sleeves.find(({ index }) => index === sleeve.index) ?? { base: 0, quote: 0 };
  const debt: Debt = { kind, owned: Math.max(net[asset], 0), owed: Math.max(-net[loan], 0) };
  const cost = config.cost.gas + projection.swapCost;
  const held = (-carryPerYear(debt, price, sleeve) * config.hedge.costDays) / 365;
  const part = cut === null ? "" : ` Cut to fit: ${cut}.`;
  const after = {
    cost,
    held,
    turnover: projection.turnover,
    charge: projection.charge,
    owedAfter: debt.owed,
    place: sleeve.index,
  };
  return {
    accepted: { kind: "sleeveMove", moves, projection, cost, gain: 0, memory: { lastHedge: state.time } },
    reasons: [
      {
        rule,
        text: `${text} ${standing(view, debt, sleeve, held)} Swap and gas cost ${money(cost)}; ${purpose}.${part}`,
        figures: { ...figures, ...after },
      },
    ],
  };
}

/** What the debt is then, a sentence. */
function standing({ price, config }: View, debt: Debt, { threshold, borrowRate }: SleeveState, held: number): string {
  const liquidation = priceAtHealth(debt, threshold, 1);
  if (liquidation === null) return "Nothing is owed then.";
  const health = debtHealth(debt, price, threshold).toFixed(2);
  return `Health is ${health} then, liquidation at ${money(liquidation)}; the debt costs ${money(held)} in ${String(config.hedge.costDays)} days at ${percent(borrowRate)} a year.`;
}

/** 0 without a debt. */
function leastHealth(overlays: readonly Overlay[]): number {
  const owing = overlays.filter(({ debt }) => debt.owed > 0).map(({ health }) => health);
  return owing.length === 0 ? 0 : Math.min(...owing);
}
