/**
 * The hedge: a conversion owes base against the base that the core holds, in proportion to the bearish part of the trend's voices, in steps. It is
 * asked after the range shift, since a shift changes the base that there is to hedge and waits for a day itself, so that it cannot starve the
 * hedge; and before all that only earns, since it shares the turnover budget with that.
 *
 * OPENING A STEP. Idle quote is given as collateral, so much that the whole debt stands at the loan-to-value aimed at; base is borrowed and
 * sold. What it sells for stays idle: the next step's collateral, or what buys the base back. Giving it at once would lift health no higher
 * than it must be, and use half as much turnover again.
 *
 * RELEASING A STEP. Base that is idle or bought repays; then collateral comes out in proportion.
 *
 * HEALTH COMES FIRST. Under the comfort level the debt is brought down to the loan-to-value aimed at, whatever the trend and the switch say.
 *
 * It is insurance: no gain is expected of it, so no hurdle is asked, and the sentence says what it costs.
 */
import { carryPerYear, debtHealth, openingLtv, priceAtHealth, type Debt } from "../../sleeves/debt.ts";
import { NO_MOVES, type Moves } from "../project.ts";
import { cooldownLeft, fit, hold, type Verdict } from "../proposal.ts";
import { depth, swapResult } from "../swap.ts";
import { hours, money, percent } from "../text.ts";
import type { BurnMove, Memory, SleeveMove, SleeveState, SwapMove } from "../types.ts";
import { fresh, type View } from "../view.ts";

const RULE = "hedge";
/** Bought on top of a debt that is repaid whole: interest and the price until the block. */
const CUSHION = 1.002;
/** Of a sleeve's cap, the part that is used: the chain weighs in another block and at the band's low end. */
const CAP_USE = 0.97;

/** What the rule looks at. Amounts in whole units. */
interface Hedge {
  readonly sleeve: SleeveState;
  readonly debt: Debt;
  /** Aimed at, under the venue's opening limit. */
  readonly ltv: number;
  readonly health: number;
}

/** Whether the pools are short of quote, from a threshold to a higher one. */
export function drainMemory(view: View): Pick<Memory, "drained"> {
  const { config, state } = view;
  const quick = fresh(view.signals, "poolQuickRatio");
  if (!config.rules.quickRatio || quick === null) return { drained: false };
  return { drained: quick < (state.memory.drained ? config.quickRatio.above : config.quickRatio.below) };
}

/** The base debt that is wanted, as a part of the core's base; null while the trend is not known. */
export function hedgeRatio(view: View): number | null {
  if (view.bearish === null) return null;
  const { drained } = drainMemory(view);
  return Math.min(1, view.bearish + (drained ? view.config.quickRatio.adds : 0));
}

export interface HedgeAim {
  /** Base units: what is wanted, what its cap allows at most, what is owed. */
  readonly target: number;
  readonly most: number;
  readonly owed: number;
  readonly ltv: number;
}

/** The debt that is aimed at; null without a conversion that answers, or without a trend. */
export function hedgeTarget(view: View): HedgeAim | null {
  const found = hedgeOf(view);
  const ratio = view.config.rules.hedge ? hedgeRatio(view) : null;
  if (found === null || ratio === null) return null;
  const most = capDebt(view, found);
  return { target: Math.min(ratio * view.coreDelta, most), most, owed: found.debt.owed, ltv: found.ltv };
}

/** A debt whose health has fallen under the comfort level is brought down first. */
export function protect(view: View): Verdict | null {
  const found = hedgeOf(view);
  const { config, price } = view;
  if (found === null || found.debt.owed === 0 || found.health >= config.hedge.comfort) return null;
  const { debt, ltv, health } = found;
  const wanted = debt.owed - (debt.owned * ltv) / price;
  const fitting = fit(view, {
    rule: RULE,
    build: (size) => repayment(view, found, Math.min(wanted * size, debt.owed), true),
    nothing: "Neither idle tokens nor ranges hold anything to repay with.",
  });
  const text = `The conversion's health is ${health.toFixed(2)}, under ${config.hedge.comfort.toFixed(2)}: its debt is brought down first, whatever the trend.`;
  const figures = { health, comfort: config.hedge.comfort, wanted };
  if ("accepted" in fitting) return { ...fitting, reasons: [{ rule: RULE, text, figures }, ...fitting.reasons] };
  return accept(view, found, fitting, text, figures);
}

export function hedge(view: View): Verdict {
  const { config, price, nav, state } = view;
  if (!config.rules.hedge) return hold(RULE, "Hedging is switched off.");
  const found = hedgeOf(view);
  if (found === null) return hold(RULE, "There is no conversion to hedge with, or its venue does not answer.");
  const ratio = hedgeRatio(view);
  const aim = hedgeTarget(view);
  if (ratio === null || aim === null) return hold(RULE, "The trend is not known yet, so the hedge stays.");
  const { target, owed } = aim;
  const off = (target - owed) * price;
  const drained = drainMemory(view).drained
    ? `, ${percent(config.quickRatio.adds, 0)} of it for pools short of quote`
    : "";
  const account =
    `The hedge is to be ${percent(ratio, 0)} of the core's ${money(view.coreDelta)} base${drained}: ` +
    `a debt of ${money(target)} is wanted, ${money(owed)} is owed`;
  const figures = { ratio, target, owed, off: off / nav, health: found.debt.owed > 0 ? found.health : 0 };
  // A hedge that is no longer wanted goes to the end, however little is left of it.
  const ends = target === 0 && owed > 0;
  if (!ends && Math.abs(off) < config.hedge.band * nav) {
    return hold(RULE, `${account}, inside the band of ${percent(config.hedge.band, 0)} of NAV.`, figures);
  }
  const wait = cooldownLeft(view, state.memory.lastHedge, config.hedge.checkHours);
  if (wait > 0) return hold(RULE, `${account}; the next look is in ${hours(wait)}.`, { ...figures, wait });
  const step = Math.min(Math.abs(off), config.hedge.step * nav) / price;
  return off > 0 ? open(view, found, step, account, figures) : release(view, found, step, account, figures);
}

// ---- steps

function open(view: View, found: Hedge, step: number, account: string, figures: Figures): Verdict {
  const { config } = view;
  const { sleeve } = found;
  const dearest = Math.min(config.hedge.maxRate, sleeve.rateCap);
  if (!sleeve.allowed) return hold(RULE, `${account}, but the policy allows no more to go there.`, figures);
  // A plan that the venue would refuse would keep all later rules waiting.
  if (sleeve.obstacle === "closed") return hold(RULE, `${account}, but its venue refuses now.`, figures);
  if (sleeve.borrowRate > dearest) {
    const text = `${account}, but borrowing costs ${percent(sleeve.borrowRate)} a year; ${percent(dearest)} are the most.`;
    return hold(RULE, text, { ...figures, borrowRate: sleeve.borrowRate });
  }
  const fitting = fit(view, {
    rule: RULE,
    build: (size) => borrowing(view, found, step * size),
    nothing: "Idle quote and reserve secure no step worth having, or no pool takes the base.",
  });
  if ("accepted" in fitting)
    return { ...fitting, reasons: [{ rule: RULE, text: `${account}.`, figures }, ...fitting.reasons] };
  return accept(view, found, fitting, `${account}; a step up.`, figures);
}

function release(view: View, found: Hedge, step: number, account: string, figures: Figures): Verdict {
  const { owed } = found.debt;
  // No remainder that would not be worth a plan of its own.
  const rest = (owed - step) * view.price < view.config.hedge.least * view.nav;
  const fitting = fit(view, {
    rule: RULE,
    build: (size) => repayment(view, found, rest && size === 1 ? owed : step * size, false),
    nothing: "Nothing is at hand to repay with.",
  });
  if ("accepted" in fitting)
    return { ...fitting, reasons: [{ rule: RULE, text: `${account}.`, figures }, ...fitting.reasons] };
  return accept(view, found, fitting, `${account}; a step down.`, figures);
}

type Figures = Readonly<Record<string, number>>;

function accept(
  view: View,
  found: Hedge,
  { moves, projection, cut }: Exclude<ReturnType<typeof fit>, Verdict>,
  text: string,
  figures: Figures,
): Verdict {
  const { config, price, state } = view;
  const net = projection.sleeves.find(({ index }) => index === found.sleeve.index);
  const debt: Debt = { kind: "conversion", owned: net?.quote ?? 0, owed: Math.max(-(net?.base ?? 0), 0) };
  const cost = config.cost.gas + projection.swapCost;
  const carry = carryPerYear(debt, price, { ...found.sleeve, supplyRate: 0 });
  const held = (-carry * config.hedge.costDays) / 365;
  const health = debtHealth(debt, price, found.sleeve.threshold);
  const liquidation = priceAtHealth(debt, found.sleeve.threshold, 1);
  const state_ =
    liquidation === null
      ? "Nothing is owed then."
      : `Health is ${health.toFixed(2)} then, liquidation at ${money(liquidation)}; the debt costs ${money(held)} in ${String(config.hedge.costDays)} days at ${percent(found.sleeve.borrowRate)} a year.`;
  const part = cut === null ? "" : ` Cut to fit: ${cut}.`;
  return {
    accepted: { kind: "sleeveMove", moves, projection, cost, gain: 0, memory: { lastHedge: state.time } },
    reasons: [
      {
        rule: RULE,
        text: `${text} ${state_} Swap and gas cost ${money(cost)}; it is insurance, and no gain is expected of it.${part}`,
        figures: {
          ...figures,
          cost,
          held,
          turnover: projection.turnover,
          charge: projection.charge,
          owedAfter: debt.owed,
        },
      },
    ],
  };
}

/** Collateral given, base borrowed and sold; null if too little of it is possible. */
function borrowing(view: View, { sleeve, debt, ltv }: Hedge, step: number): Moves | null {
  const { state, price, nav, config } = view;
  const reserve = reserveWith(view);
  const at = state.idleQuote + (reserve?.owned ?? 0);
  const room = Math.max(CAP_USE * sleeve.cap * nav - debt.owned, 0);
  // As much as its collateral can be found for.
  const most = ((debt.owned + Math.min(at, room)) * ltv) / price - debt.owed;
  const sale = trade(view, "base", Math.min(step, most));
  if (sale === null || sale.amount * price < config.hedge.least * nav) return null;
  const give = Math.max(((debt.owed + sale.amount) * price) / ltv - debt.owned, 0);
  const fromReserve = Math.max(give - state.idleQuote, 0);
  return {
    ...NO_MOVES,
    sleeveMoves: [
      ...takeFrom(reserve, fromReserve),
      ...move(sleeve, "quote", "give", "before", give),
      ...move(sleeve, "base", "take", "before", sale.amount),
    ],
    swaps: [sale],
  };
}

/** Base found, the debt repaid with it, collateral taken out as far as health allows; null if there is nothing to repay with. */
function repayment(view: View, { sleeve, debt, ltv }: Hedge, wanted: number, urgent: boolean): Moves | null {
  const { state, price } = view;
  const all = wanted >= debt.owed;
  const need = all ? debt.owed * CUSHION : wanted;
  const reserve = reserveWith(view);
  const excess = Math.max(debt.owned - (debt.owed * price) / ltv, 0);
  const purse = state.idleQuote + (reserve?.owned ?? 0) + excess;
  const missing = Math.max(need - state.idleBase, 0);
  const buy = missing > 0 ? trade(view, "quote", Math.min(missing * price * 1.003, purse)) : null;
  const bought = buy === null ? 0 : Math.min(swapOut(view, buy), missing * 1.01);
  const burns = urgent ? burnsFor(view, missing - bought) : [];
  const burned = burns.reduce((sum, { index, fraction }) => {
    return sum + fraction * (state.positions.find((position) => position.index === index)?.base ?? 0);
  }, 0);
  const repaid = Math.min(wanted, state.idleBase + bought + burned);
  if (!(repaid > 0)) return null;
  const whole = all && repaid >= debt.owed;
  const spent = buy?.amount ?? 0;
  const fromReserve = Math.min(Math.max(spent - state.idleQuote, 0), reserve?.owned ?? 0);
  const early = Math.max(spent - state.idleQuote - fromReserve, 0);
  const left = debt.owned - early;
  const free = Math.min((left * repaid) / debt.owed, left - ((debt.owed - repaid) * price) / ltv);
  return {
    ...NO_MOVES,
    burns,
    swaps: buy === null ? [] : [buy],
    sleeveMoves: [
      ...takeFrom(reserve, fromReserve),
      ...move(sleeve, "quote", "take", "before", early),
      ...move(sleeve, "base", "give", "after", repaid, whole),
      ...move(sleeve, "quote", "take", "after", whole ? left : Math.max(free, 0), whole),
    ],
  };
}

/** The same part of every range, so much that it brings the base that is missing. */
function burnsFor(view: View, missing: number): BurnMove[] {
  const held = view.positions.reduce((sum, { state }) => sum + state.base, 0);
  if (!(missing > 0) || !(held > 0)) return [];
  const fraction = Math.min(missing / held, 1);
  return view.positions.filter(({ state }) => state.base > 0).map(({ state }) => ({ index: state.index, fraction }));
}

// ---- parts

function hedgeOf(view: View): Hedge | null {
  const { config, price } = view;
  const sleeve = view.state.sleeves.find(({ kind, answers }) => kind === "conversion" && answers);
  if (sleeve === undefined) return null;
  const ltv = Math.min(config.hedge.ltv, openingLtv(sleeve.threshold, sleeve.opening)) - config.hedge.ltvMargin;
  if (!(ltv > 0)) return null;
  const debt: Debt = { kind: "conversion", owned: sleeve.owned, owed: sleeve.owed };
  // The venue's own word counts where it is the worse one.
  const health = Math.min(debtHealth(debt, price, sleeve.threshold), sleeve.health ?? Number.POSITIVE_INFINITY);
  return { sleeve, debt, ltv, health };
}

function capDebt(view: View, { sleeve, ltv }: Hedge): number {
  return (CAP_USE * sleeve.cap * view.nav * ltv) / view.price;
}

/** A reserve of quote that pays out now. */
export function reserveWith(view: View): SleeveState | null {
  const usable = view.state.sleeves.filter(
    ({ kind, asset, answers, obstacle, owned }) =>
      kind === "reserve" && asset === "quote" && answers && obstacle === "none" && owned > 0,
  );
  return usable.reduce<SleeveState | null>((best, one) => (best === null || one.owned > best.owned ? one : best), null);
}

function takeFrom(reserve: SleeveState | null, amount: number): SleeveMove[] {
  return reserve === null ? [] : move(reserve, "quote", "take", "before", amount, amount >= reserve.owned);
}

/** One move, or none if it would move nothing. */
export function move(
  sleeve: Pick<SleeveState, "index">,
  token: SleeveMove["token"],
  way: "give" | "take",
  swaps: "before" | "after",
  amount: number,
  all = false,
): SleeveMove[] {
  if (!(amount > 0)) return [];
  const one = { sleeve: sleeve.index, token, take: way === "take", afterSwaps: swaps === "after", amount };
  return [all ? { ...one, all } : one];
}

/** A sale of at most so much in the tier that takes most of it, and among those that take it all where it loses least; null if none takes any. */
function trade(view: View, sell: "base" | "quote", most: number): SwapMove | null {
  const { config, price } = view;
  let best: { move: SwapMove; lost: number } | null = null;
  for (const tier of view.tiers) {
    if (!tier.usable || !(most > 0)) continue;
    const pool = { fee: tier.fee, price: tier.state.price, liquidity: tier.liquidity };
    const amount = Math.min(most, depth(pool, sell, config.hedge.maxImpact));
    if (!(amount > 0)) continue;
    const { out } = swapResult(pool, sell, amount);
    const lost = 1 - out / (sell === "base" ? amount * price : amount / price);
    const more = best === null || amount > best.move.amount * 1.01;
    const same = best !== null && amount > best.move.amount * 0.99;
    if (more || (same && best !== null && lost < best.lost)) {
      const maxSlippage = Math.max(lost, 0) + config.swap.tolerance;
      best = { move: { fee: tier.fee, sell, amount, maxSlippage }, lost };
    }
  }
  return best?.move ?? null;
}

function swapOut(view: View, swap: SwapMove): number {
  const tier = view.tiers.find(({ fee }) => fee === swap.fee);
  if (tier === undefined) return 0;
  return swapResult({ fee: tier.fee, price: tier.state.price, liquidity: tier.liquidity }, swap.sell, swap.amount).out;
}
