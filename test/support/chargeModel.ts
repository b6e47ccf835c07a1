/**
 * What a plan costs and what it leaves in the budgets, told from the pools' events and the tokens' balances alone: an
 * independent model of the charge that the chain makes, written from its definitions (docs/threat-model.md) and not from its
 * code. Nothing is taken from the vault's own books but its list of ranges. Values are exact to 2^-64 quote wei; where the
 * chain must round, it may charge more than the model by the wei that `doubt` counts, and never less
 * (of churn a quote wei less: `churnDoubtBelow`).
 */
import type { TransactionReceipt } from "ethers";

import {
  amountsOfRange,
  divUp,
  max,
  min,
  ONE,
  Q96,
  valueOfRange,
  valueOfTokens,
  VALUE_BITS,
  type Pair2,
  type RangeLiquidity,
} from "./arithmetic.ts";
import { valueOfBook } from "./checks.ts";
import type { Book, World } from "./world.ts";

/** Liquidity that entered or left a pool, with the tokens that went with it, fees aside. */
export interface Step extends RangeLiquidity, Pair2 {
  readonly fee: number;
}

/** What the charge depends on. */
export interface PlanFlows {
  /** Idle tokens after burns and collects, before swaps. */
  readonly inHand: Pair2;
  /** Idle tokens at the end. */
  readonly atEnd: Pair2;
  readonly minted: readonly RangeLiquidity[];
}

/** What the budgets depend on beside it. */
export interface AllFlows extends PlanFlows {
  readonly burned: readonly Step[];
  readonly minted: readonly Step[];
  /** What each swap sold; one of the two is zero. */
  readonly sold: readonly Pair2[];
  /** Fees that burns collected, the treasury's part included. */
  readonly fees: Pair2;
}

/** Reads a plan's flows; `before` and `after` are the vault's balances round the transaction. */
export function flowsOf(world: World, receipt: TransactionReceipt, before: Pair2, after: Pair2): AllFlows {
  let { amount0, amount1 } = before;
  let [fees0, fees1] = [0n, 0n];
  const burned: Step[] = [];
  const minted: Step[] = [];
  const sold: Pair2[] = [];
  for (const pool of world.pools.values()) {
    for (const { name, args } of pool.events(receipt.logs)) {
      if (args["owner"] !== world.addresses.vault && args["recipient"] !== world.addresses.vault) continue;
      const amounts = { amount0: args["amount0"] as bigint, amount1: args["amount1"] as bigint };
      if (name === "Swap") sold.push({ amount0: max(amounts.amount0, 0n), amount1: max(amounts.amount1, 0n) });
      if (name === "Collect") {
        amount0 += amounts.amount0;
        amount1 += amounts.amount1;
        fees0 += amounts.amount0;
        fees1 += amounts.amount1;
      }
      if (name !== "Mint" && name !== "Burn") continue;
      const step = {
        ...amounts,
        fee: pool.fee,
        tickLower: Number(args["tickLower"]),
        tickUpper: Number(args["tickUpper"]),
        liquidity: args["amount"] as bigint,
      };
      if (name === "Mint") minted.push(step);
      else {
        burned.push(step);
        // Collected with the fees, but it is not one.
        fees0 -= amounts.amount0;
        fees1 -= amounts.amount1;
      }
    }
  }
  const fees = { amount0: fees0, amount1: fees1 };
  return { inHand: { amount0, amount1 }, atEnd: after, burned, minted, sold, fees };
}

/** The plan's loss at a price, in 2^-64 quote wei; negative is a gain. */
export function lossAt(flows: PlanFlows, priceX96: bigint, quoteIsToken0: boolean): bigint {
  let value = valueOfTokens(flows.atEnd, priceX96, quoteIsToken0);
  for (const range of flows.minted) value += valueOfRange(range, priceX96, quoteIsToken0);
  return valueOfTokens(flows.inHand, priceX96, quoteIsToken0) - value;
}

/** NAV without pending fees at a price, in 2^-64 quote wei. */
export function navAt(book: Book, priceX96: bigint, quoteIsToken0: boolean): bigint {
  return valueOfBook(
    { ...book, positions: book.positions.map((p) => ({ ...p, fees0: 0n, fees1: 0n })) },
    priceX96,
    quoteIsToken0,
  );
}

/** The charge by its definition, 1e18ths, unrounded but for the last digit. */
export function modelCharge(
  flows: PlanFlows,
  after: Book,
  band: { readonly low: bigint; readonly high: bigint },
  quoteIsToken0: boolean,
): bigint {
  const low = lossAt(flows, band.low, quoteIsToken0);
  const high = lossAt(flows, band.high, quoteIsToken0);
  const loss = low > high ? low : high;
  return loss <= 0n ? 0n : (loss * ONE) / navAt(after, band.low, quoteIsToken0);
}

// ---------------------------------------------------------------- budgets

/** A level's unit: 1e12 = all of NAV. */
export const LEVEL_ONE = 10n ** 12n;
/** Levels have 40 bits. */
export const MAX_LEVEL = (1n << 40n) - 1n;
const UNITS_PER_BPS = LEVEL_ONE / 10_000n;
const DAY = 86_400n;

/** Levels of the three budgets, in 1e-12 of NAV. */
export interface Levels {
  readonly loss: bigint;
  readonly turnover: bigint;
  readonly churn: bigint;
}

/** What comes back a day, basis points of NAV. */
export interface Refills {
  readonly lossRefillBps: number;
  readonly turnoverRefillBps: number;
  readonly churnRefillBps: number;
}

/** A budget's capacity in units of its level. */
export function capacityOf(bps: number): bigint {
  return BigInt(bps) * UNITS_PER_BPS;
}

/** A level so many seconds later; drains are rounded down. */
export function drained(level: bigint, seconds: number, refillBps: number): bigint {
  return max(level - (BigInt(seconds) * BigInt(refillBps) * UNITS_PER_BPS) / DAY, 0n);
}

/** A part of a whole as a level, rounded up; a gain is nothing. */
export function asLevel(part: bigint, whole: bigint): bigint {
  return part <= 0n ? 0n : divUp(part * LEVEL_ONE, whole);
}

/** Ranges that a plan did not end, before its mints. */
export function keptOf(before: Book, flows: AllFlows): readonly Step[] {
  return before.positions
    .map((p) => {
      const same = (step: Step): boolean =>
        step.fee === p.fee && step.tickLower === p.tickLower && step.tickUpper === p.tickUpper;
      const gone = flows.burned.filter(same).reduce((sum, step) => sum + step.liquidity, 0n);
      return { ...p, liquidity: p.liquidity - gone };
    })
    .filter((p) => p.liquidity > 0n);
}

/** A plan as the budgets see it. */
export interface BudgetedPlan {
  readonly flows: AllFlows;
  /** The books as they were before the plan's transaction, and after it. */
  readonly before: Book;
  readonly after: Book;
  readonly supply: bigint;
  /** The treasury's part of fees, basis points. */
  readonly treasuryBps: bigint;
  readonly mid: bigint;
  readonly low: bigint;
  readonly high: bigint;
}

export interface Charges extends Levels {
  /** What the plan leaves behind each share for the next one to be measured against: wei per share wei times 2^96. */
  readonly left: Pair2;
}

/** LPs' tokens at a moment of a plan: idle ones and the kept ranges' at mid, 2^-64 wei. */
function inventory(plan: BudgetedPlan, idle: Pair2, quoteIsToken0: boolean): Pair2 {
  let amount0 = idle.amount0 << VALUE_BITS;
  let amount1 = idle.amount1 << VALUE_BITS;
  for (const range of keptOf(plan.before, plan.flows)) {
    const held = amountsOfRange(range, plan.mid, quoteIsToken0);
    amount0 += held.amount0;
    amount1 += held.amount1;
  }
  return { amount0, amount1 };
}

/** Value at mid of amounts in 2^-64 wei, in 2^-64 quote wei. */
function fineValue(amounts: Pair2, priceX96: bigint, quoteIsToken0: boolean): bigint {
  const [quote, base] = quoteIsToken0 ? [amounts.amount0, amounts.amount1] : [amounts.amount1, amounts.amount0];
  return quote + (base * priceX96) / Q96;
}

/**
 * What a plan adds to each budget, by definition:
 * loss = its charge; turnover = value sold in swaps, and of what the pools' principal gained and lost in this plan the lesser;
 * churn = value at mid of what the last plan left behind each share, held until now, less what is here now.
 *
 * @param left what the last plan left behind each share, wei per share wei times 2^96; zeros if there was none
 */
export function chargesOf(plan: BudgetedPlan, left: Pair2, quoteIsToken0: boolean): Charges {
  const { flows, mid, low, high, after, supply, treasuryBps } = plan;
  const navLow = navAt(after, low, quoteIsToken0);
  const loss = max(lossAt(flows, low, quoteIsToken0), lossAt(flows, high, quoteIsToken0));

  let turnover = flows.sold.reduce((sum, sold) => sum + valueOfTokens(sold, mid, quoteIsToken0), 0n);
  const tiers = new Map<number, bigint>();
  for (const [steps, sign] of [
    [flows.burned, -1n],
    [flows.minted, 1n],
  ] as const) {
    for (const step of steps)
      tiers.set(step.fee, (tiers.get(step.fee) ?? 0n) + sign * valueOfTokens(step, mid, quoteIsToken0));
  }
  let [out, into] = [0n, 0n];
  for (const change of tiers.values()) {
    if (change < 0n) out -= change;
    else into += change;
  }
  turnover += min(out, into);

  // Idle tokens of LPs before the mints and after the burns, from what there is in the end.
  const paid = { amount0: 0n, amount1: 0n };
  for (const step of flows.minted) {
    paid.amount0 += step.amount0;
    paid.amount1 += step.amount1;
  }
  const beforeMints = { amount0: after.idle0 + paid.amount0, amount1: after.idle1 + paid.amount1 };
  const treasury = {
    amount0: (flows.fees.amount0 * treasuryBps) / 10_000n,
    amount1: (flows.fees.amount1 * treasuryBps) / 10_000n,
  };
  const beforeSwaps = {
    amount0: before(plan).amount0 + flows.inHand.amount0 - treasury.amount0,
    amount1: before(plan).amount1 + flows.inHand.amount1 - treasury.amount1,
  };
  const here = fineValue(inventory(plan, beforeSwaps, quoteIsToken0), mid, quoteIsToken0);
  // 96 bits of fraction in what was left, 64 in values; tokens come in whole wei.
  const then = {
    amount0: ((left.amount0 * supply) >> 96n) << VALUE_BITS,
    amount1: ((left.amount1 * supply) >> 96n) << VALUE_BITS,
  };
  const leaves = inventory(plan, beforeMints, quoteIsToken0);
  return {
    loss: asLevel(loss, navLow),
    turnover: asLevel(turnover, navLow),
    churn: asLevel(fineValue(then, mid, quoteIsToken0) - here, here),
    left: { amount0: (leaves.amount0 << 32n) / supply, amount1: (leaves.amount1 << 32n) / supply },
  };
}

/** What of the vault's balance was not the LPs' before the plan: flows are of balances, books are of LPs. */
function before(plan: BudgetedPlan): Pair2 {
  const { flows, before: book } = plan;
  const collected0 = flows.burned.reduce((sum, step) => sum + step.amount0, flows.fees.amount0);
  const collected1 = flows.burned.reduce((sum, step) => sum + step.amount1, flows.fees.amount1);
  return {
    amount0: book.idle0 - (flows.inHand.amount0 - collected0),
    amount1: book.idle1 - (flows.inHand.amount1 - collected1),
  };
}

/**
 * By how many units a level may stand above the model's: a wei of each token for every step and every valuation, and the
 * unit to which the chain rounds up.
 */
export function doubt(plan: BudgetedPlan, quoteIsToken0: boolean): bigint {
  const steps = plan.flows.burned.length + plan.flows.minted.length + plan.flows.sold.length;
  const wei = BigInt(2 * (steps + plan.before.positions.length) + 4);
  const value = valueOfTokens({ amount0: wei, amount1: wei }, plan.high, quoteIsToken0);
  return divUp(value * LEVEL_ONE, navAt(plan.after, plan.low, quoteIsToken0)) + 1n;
}

/** By how many units the churn level may stand below the model's: both sides of the difference are rounded down to a quote wei. */
export function churnDoubtBelow(plan: BudgetedPlan, quoteIsToken0: boolean): bigint {
  return divUp(LEVEL_ONE, navAt(plan.after, plan.low, quoteIsToken0));
}
