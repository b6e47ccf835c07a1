/**
 * What a plan with moves costs, by definition and from events and balances alone (see test/support/chargeModel.ts, on which it
 * builds). A sleeve is what it says that it stands for, before the plan in the plan's own second and after it.
 */
import type { TransactionReceipt } from "ethers";

import type { ISleeve } from "../../../types/ethers-contracts/interfaces/ISleeve.ts";
import {
  amountsOfRange,
  divUp,
  max,
  min,
  Q96,
  valueOfTokens,
  VALUE_BITS,
  type Pair2,
} from "../../support/arithmetic.ts";
import {
  asLevel,
  keptOf,
  LEVEL_ONE,
  lossAt,
  navAt,
  type BudgetedPlan,
  type Charges,
} from "../../support/chargeModel.ts";

/** One sleeve in one plan; amounts are the vault's, owned above zero and owed below. */
export interface SleeveInPlan {
  readonly before: Pair2;
  readonly after: Pair2;
  /** In order; given above zero, taken below. */
  readonly moves: readonly Pair2[];
}

export interface PlanWithSleeves extends BudgetedPlan {
  readonly sleeves: readonly SleeveInPlan[];
}

export interface SleeveCharges extends Charges {
  /** The plan's loss at the band's ends, 2^-64 quote wei; negative is a gain. */
  readonly atLow: bigint;
  readonly atHigh: bigint;
}

/**
 * A sleeve's moves in a receipt.
 *
 * @param before what it stood for, and so what is paid where it is closed
 */
export function movesOf(
  sleeve: ISleeve,
  address: string,
  receipt: TransactionReceipt,
  before: Pair2 = ZERO,
): readonly Pair2[] {
  const moves: Pair2[] = [];
  for (const log of receipt.logs) {
    const event = log.address === address ? sleeve.interface.parseLog(log) : null;
    if (event?.name === "Moved") {
      const [amount0, amount1] = [...event.args] as [bigint, bigint];
      moves.push({ amount0, amount1 });
    }
    if (event?.name === "Exited") {
      const [, got0, got1] = [...event.args] as [bigint, bigint, bigint];
      const { amount0, amount1 } = moves.reduce(add, before);
      moves.push({ amount0: max(-amount0, 0n) - got0, amount1: max(-amount1, 0n) - got1 });
    }
  }
  return moves;
}

const add = (a: Pair2, b: Pair2): Pair2 => ({ amount0: a.amount0 + b.amount0, amount1: a.amount1 + b.amount1 });
const less = (a: Pair2, b: Pair2): Pair2 => ({ amount0: a.amount0 - b.amount0, amount1: a.amount1 - b.amount1 });
const scaleUp = (a: Pair2): Pair2 => ({ amount0: a.amount0 << VALUE_BITS, amount1: a.amount1 << VALUE_BITS });
const ZERO: Pair2 = { amount0: 0n, amount1: 0n };

/** What a sleeve turned out to be worth above its mark, at a price: no merit of the plan. */
function gainAt({ before, after, moves }: SleeveInPlan, priceX96: bigint, quoteIsToken0: boolean): bigint {
  return max(valueOfTokens(less(after, moves.reduce(add, before)), priceX96, quoteIsToken0), 0n);
}

/** Nobody has to pay a debt that is worth more than what secures it: before the plan, a sleeve is worth nothing at the least. */
function sleeveLossAt(plan: PlanWithSleeves, priceX96: bigint, quoteIsToken0: boolean): bigint {
  let loss = lossAt(plan.flows, priceX96, quoteIsToken0);
  for (const sleeve of plan.sleeves) {
    if (sleeve.moves.length === 0) continue;
    const wei = { amount0: 1n, amount1: 1n };
    loss += max(valueOfTokens(sleeve.before, priceX96, quoteIsToken0), 0n);
    loss += gainAt(sleeve, priceX96, quoteIsToken0) + valueOfTokens(less(wei, sleeve.after), priceX96, quoteIsToken0);
  }
  return loss;
}

/** Swapped, given or taken (whichever is more), and moved between pools; 2^-64 quote wei. */
function turnoverOf({ flows, sleeves, mid }: PlanWithSleeves, quoteIsToken0: boolean): bigint {
  const value = (amounts: Pair2): bigint => valueOfTokens(amounts, mid, quoteIsToken0);
  let [out, into, gave, took] = [0n, 0n, 0n, 0n];
  const tiers = new Map<number, bigint>();
  for (const step of flows.burned) tiers.set(step.fee, (tiers.get(step.fee) ?? 0n) - value(step));
  for (const step of flows.minted) tiers.set(step.fee, (tiers.get(step.fee) ?? 0n) + value(step));
  for (const change of tiers.values()) {
    out += max(-change, 0n);
    into += max(change, 0n);
  }
  for (const move of sleeves.flatMap(({ moves }) => moves)) {
    gave += value({ amount0: max(move.amount0, 0n), amount1: max(move.amount1, 0n) });
    took += value({ amount0: max(-move.amount0, 0n), amount1: max(-move.amount1, 0n) });
  }
  return flows.sold.reduce((sum, sold) => sum + value(sold), max(gave, took) + min(out, into));
}

/** Tokens at a moment of a plan: idle ones, the kept ranges' at mid, and the sleeves'; 2^-64 wei. */
function holdings(plan: PlanWithSleeves, idle: Pair2, sleeves: Pair2, quoteIsToken0: boolean): Pair2 {
  let sum = scaleUp(add(idle, sleeves));
  for (const range of keptOf(plan.before, plan.flows)) sum = add(sum, amountsOfRange(range, plan.mid, quoteIsToken0));
  return sum;
}

function fineValue(amounts: Pair2, priceX96: bigint, quoteIsToken0: boolean): bigint {
  const [quote, base] = quoteIsToken0 ? [amounts.amount0, amounts.amount1] : [amounts.amount1, amounts.amount0];
  return quote + (base * priceX96) / Q96;
}

/** NAV without pending fees, sleeves included, at the band's low end. */
export function navOf(plan: PlanWithSleeves, quoteIsToken0: boolean): bigint {
  const sleeves = plan.sleeves.map(({ after }) => after).reduce(add, ZERO);
  return navAt(plan.after, plan.low, quoteIsToken0) + valueOfTokens(sleeves, plan.low, quoteIsToken0);
}

/**
 * What a plan adds to each budget.
 *
 * @param left what the last plan left behind each share, wei per share wei times 2^96
 * @throws if there is a treasury's part: this model has none
 */
export function chargesWithSleeves(plan: PlanWithSleeves, left: Pair2, quoteIsToken0: boolean): SleeveCharges {
  if (plan.treasuryBps !== 0n) throw new Error("this model knows no treasury");
  const { flows, low, high, mid, supply } = plan;
  const nav = navOf(plan, quoteIsToken0);
  const [atLow, atHigh] = [sleeveLossAt(plan, low, quoteIsToken0), sleeveLossAt(plan, high, quoteIsToken0)];
  const before = plan.sleeves.map((sleeve) => sleeve.before).reduce(add, ZERO);
  const after = plan.sleeves.map((sleeve) => sleeve.after).reduce(add, ZERO);
  const here = fineValue(holdings(plan, flows.inHand, before, quoteIsToken0), mid, quoteIsToken0);
  const then = scaleUp({ amount0: (left.amount0 * supply) >> 96n, amount1: (left.amount1 * supply) >> 96n });
  const leaves = holdings(plan, flows.minted.reduce<Pair2>(add, flows.atEnd), after, quoteIsToken0);
  return {
    atLow,
    atHigh,
    loss: asLevel(max(atLow, atHigh), nav),
    turnover: asLevel(turnoverOf(plan, quoteIsToken0), nav),
    churn: asLevel(fineValue(then, mid, quoteIsToken0) - here, here),
    left: { amount0: (leaves.amount0 << 32n) / supply, amount1: (leaves.amount1 << 32n) / supply },
  };
}

/** By how many units a level may stand above the model's: a wei of each token for every step, move, sleeve and valuation. */
export function doubtWithSleeves(plan: PlanWithSleeves, quoteIsToken0: boolean): bigint {
  const { flows, sleeves } = plan;
  const steps = flows.burned.length + flows.minted.length + flows.sold.length + sleeves.flatMap((s) => s.moves).length;
  const wei = BigInt(2 * (steps + plan.before.positions.length) + 4);
  const value = valueOfTokens({ amount0: wei, amount1: wei }, plan.high, quoteIsToken0);
  return divUp(value * LEVEL_ONE, navOf(plan, quoteIsToken0)) + 1n;
}

/** By how many units the churn level may stand below: both sides of the difference are rounded to a quote wei, debts to another. */
export function churnBelow(plan: PlanWithSleeves, quoteIsToken0: boolean): bigint {
  return divUp((2n << VALUE_BITS) * LEVEL_ONE, navOf(plan, quoteIsToken0));
}
