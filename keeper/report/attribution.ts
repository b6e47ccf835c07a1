/**
 * Where a vault's profit comes from, step by step:
 *
 *   total = market + fees - LVR + hedge + carry - gas - slippage
 *
 * A step leads from one state of the vault to the next. Each term is computed for itself, from the states' inventory, from
 * the closed form of the positions, from the pools' events; what the states' values then say beyond the terms is kept
 * beside them as `unexplained` and is rounding, unless somebody gave the vault tokens or took some.
 *
 * Inside a step the order is: deposits, withdrawals and burns at the price before, then the price moves (the market's move,
 * or that of the vault's own swap), then mints and what moves between the vault and its sleeves at the price after. A block holds one transaction that touches the vault or
 * the market's trades after it, so steps that lead from block to block have this order.
 */
import { amounts, type Amounts } from "../strategy/liquidity.ts";
import { priceOfTick, wholeLiquidity } from "../strategy/ticks.ts";
import { sleeveNets } from "../strategy/project.ts";
import type { PositionState, SleeveState, TierState, VaultState } from "../strategy/types.ts";
import { NO_EVENTS, sameRange, type RangeKey, type VaultEvents } from "./events.ts";

/** All in quote units. `lvr`, `gas` and `slippage` are costs: positive numbers that are subtracted. */
export interface Attribution {
  /** The integral of the vault's own net inventory over the price: base held when a step began, times the price's change. */
  readonly market: number;
  /** Swap fees earned, collected or still pending. */
  readonly fees: number;
  /** Loss versus rebalancing: what the positions' composition gave away to arbitrage (arXiv 2208.06046). */
  readonly lvr: number;
  /** The same integral over what sleeves net of their debts hold: a conversion's short, a reversal's long. */
  readonly hedge: number;
  /** Interest earned and paid in sleeves, and what reported prices added. */
  readonly carry: number;
  /** Paid by the keeper's account, not by the vault. */
  readonly gas: number;
  /** What the vault's own swaps cost against the marking price, pool fee included. */
  readonly slippage: number;
}

/** A state and the price at which it is valued, quote units per base unit. */
export interface MarkedState {
  readonly state: VaultState;
  readonly mark: number;
}

/** What one sleeve made, quote units; both are part of the terms of the same names. */
export interface SleeveProfit {
  readonly index: number;
  readonly kind: SleeveState["kind"];
  readonly hedge: number;
  readonly carry: number;
}

export interface Step {
  readonly terms: Attribution;
  readonly sleeves: readonly SleeveProfit[];
  /** Value that LPs brought in (positive) or took out, at the price before the step. */
  readonly flows: number;
  /** Change of value that no term and no flow explains. */
  readonly unexplained: number;
}

export const NOTHING: Attribution = { market: 0, fees: 0, lvr: 0, hedge: 0, carry: 0, gas: 0, slippage: 0 };

/** The identity. */
export function totalOf(terms: Attribution): number {
  return terms.market + terms.fees - terms.lvr + terms.hedge + terms.carry - terms.gas - terms.slippage;
}

export function add(a: Attribution, b: Attribution): Attribution {
  return {
    market: a.market + b.market,
    fees: a.fees + b.fees,
    lvr: a.lvr + b.lvr,
    hedge: a.hedge + b.hedge,
    carry: a.carry + b.carry,
    gas: a.gas + b.gas,
    slippage: a.slippage + b.slippage,
  };
}

/** What the vault owns beside its sleeves, whole units: idle, positions at their pools' spot, pending fees. */
export function inventory(state: VaultState): Amounts {
  let base = state.idleBase;
  let quote = state.idleQuote;
  for (const position of state.positions) {
    base += position.base + position.feesBase;
    quote += position.quote + position.feesQuote;
  }
  return { base, quote };
}

/** Value of the vault at a price, sleeves included, quote units. */
export function valueAt(state: VaultState, price: number): number {
  const held = sum([inventory(state)], sleeveNets({ state }));
  return held.base * price + held.quote;
}

/**
 * Explains one step.
 * @param events what happened to the vault after `before` and up to `after`
 */
export function explain(before: MarkedState, after: MarkedState, events: VaultEvents = NO_EVENTS): Step {
  const held = inventory(before.state);
  const paid = sum(events.deposits, events.paidIn, events.withdrawals.map(negative));
  const parts = sleeveSteps(before, after, events);
  // Units that leavers took are worth what they stood for.
  const flow = sum(
    [paid],
    parts.map(({ asUnits }) => negative(asUnits)),
  );
  const flows = flow.base * before.mark + flow.quote;

  // A leaver's part of the sleeves is in the flow, and was not in what the vault held beside them.
  const core = sum(
    [held, flow],
    parts.map(({ left }) => left),
  );
  const market = core.base * (after.mark - before.mark);
  const fees = worth(feesEarned(before.state, after.state, events), after.mark);
  const lvr = 0 - worth(rebalanced(before.state, after.state, events), after.mark);
  const slippage = 0 - worth(sum(events.swaps), after.mark);

  const sleeves = parts.map(({ profit }) => profit);
  const hedge = sleeves.reduce((all, one) => all + one.hedge, 0);
  const carry = sleeves.reduce((all, one) => all + one.carry, 0);

  const terms = { ...NOTHING, market, fees, lvr, hedge, carry, slippage };
  const change = valueAt(after.state, after.mark) - valueAt(before.state, before.mark);
  return { terms, sleeves, flows, unexplained: change - flows - totalOf(terms) };
}

/** One sleeve over a step. */
interface SleeveStep {
  readonly profit: SleeveProfit;
  /** What leavers took of it, in tokens or units, and what of that in units. */
  readonly left: Amounts;
  readonly asUnits: Amounts;
}

/**
 * What each sleeve made. What it stands for changes by what moved in and out, by the part of the vault's units that went without a move (a
 * leaver's, or all of them when a plan closed the sleeve, after what it moved before), and by interest and the venue's prices: the rest.
 */
function sleeveSteps(before: MarkedState, after: MarkedState, events: VaultEvents): SleeveStep[] {
  const places = new Map([...before.state.sleeves, ...after.state.sleeves].map(({ index, kind }) => [index, kind]));
  return [...places].map(([index, kind]) => {
    const [from, to] = [netOf(before.state, index), netOf(after.state, index)];
    const moves = events.sleeveMoves.filter((move) => move.index === index);
    const [had, has] = [unitsOf(before.state, index), unitsOf(after.state, index)];
    const held = had + moves.reduce((all, move) => all + move.units, 0);
    const taken = events.unitsTaken.filter((one) => one.index === index).reduce((all, { units }) => all + units, 0);
    const partOf = (units: number, of: number): number => (of > 0 ? Math.min(Math.max(units / of, 0), 1) : 0);
    // A sleeve that is closed leaves with what the step's moves have made of it.
    const left = times(sum([from], moves), partOf(held - has, held));
    const stayed = sum([from, negative(left)]);
    const earned = sum([to, negative(stayed)], moves.map(negative));
    const hedge = stayed.base * (after.mark - before.mark);
    return {
      profit: { index, kind, hedge, carry: worth(earned, after.mark) },
      left,
      asUnits: times(from, partOf(taken, had)),
    };
  });
}

function netOf(state: VaultState, index: number): Amounts {
  return sleeveNets({ state }).find((one) => one.index === index) ?? { base: 0, quote: 0 };
}

function unitsOf(state: VaultState, index: number): number {
  return state.sleeves.find((one) => one.index === index)?.units ?? 0;
}

function times(held: Amounts, factor: number): Amounts {
  return { base: held.base * factor, quote: held.quote * factor };
}

/** Growth of what the pools owe, and what was collected beyond the principal of burns. */
function feesEarned(before: VaultState, after: VaultState, events: VaultEvents): Amounts {
  const pending = (state: VaultState): Amounts =>
    sum(state.positions.map((position) => ({ base: position.feesBase, quote: position.feesQuote })));
  return sum([pending(after), negative(pending(before))], events.collects, events.burns.map(negative));
}

/** How the price's move changed the composition of the liquidity that stood through it. */
function rebalanced(before: VaultState, after: VaultState, events: VaultEvents): Amounts {
  return sum(
    before.positions.map((position) => {
      const stood = position.liquidity - burned(position, events);
      const [from, to] = [tierOf(before, position), tierOf(after, position)];
      if (stood <= 0 || from === undefined || to === undefined) return { base: 0, quote: 0 };
      const range = {
        liquidity: wholeLiquidity(stood, before),
        lower: priceOfTick(position.tickLower, before),
        upper: priceOfTick(position.tickUpper, before),
      };
      return sum([amounts(range, to.price), negative(amounts(range, from.price))]);
    }),
  );
}

function burned(position: PositionState, events: VaultEvents): number {
  let liquidity = 0;
  for (const burn of events.burns) if (sameRange(burn, position)) liquidity += burn.liquidity;
  return liquidity;
}

function tierOf(state: VaultState, range: RangeKey): TierState | undefined {
  return state.tiers.find((tier) => tier.fee === range.fee);
}

function worth(held: Amounts, price: number): number {
  return held.base * price + held.quote;
}

function negative(held: Amounts): Amounts {
  return { base: -held.base, quote: -held.quote };
}

function sum(...lists: readonly (readonly Amounts[])[]): Amounts {
  let [base, quote] = [0, 0];
  for (const list of lists) {
    for (const held of list) {
      base += held.base;
      quote += held.quote;
    }
  }
  return { base, quote };
}
