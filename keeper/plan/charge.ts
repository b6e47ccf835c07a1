/**
 * The chain's charge for a plan (contracts/PlanLib.sol), predicted in its own integers and rounding. Equal to the chain's to the wei when
 * burns and mints go through as modelled; a swap that crosses ticks makes it an estimate.
 */
import { getAmountsForLiquidity } from "../chain/liquidityAmounts.ts";
import { Q96 } from "../chain/tickMath.ts";
import type { Snapshot } from "../observe/snapshot.ts";
import { type Minted, type PaidOut, sqrtPriceOf } from "./model.ts";
import type { PlannedOutcome } from "./plan.ts";
import { ONE } from "./types.ts";

export interface PredictedCharge {
  /** Fraction of NAV, 1e18 = all. */
  readonly chargeX18: bigint;
  /** NAV at the low end of the band after the plan, quote wei, uncollected fees aside. */
  readonly navLow: bigint;
  /** Part of it in ranges, basis points rounded up. */
  readonly coreWeightBps: bigint;
}

/** Null while the oracle is silent or the vault holds nothing. Pure. */
export function predictCharge(outcome: PlannedOutcome, snapshot: Snapshot): PredictedCharge | null {
  if (!snapshot.oracleOk) return null;
  const { quoteIsToken0, price } = snapshot;
  const ends = [price.low, price.high].map((priceX96) => {
    const minted = amountsOf(outcome.minted, sqrtPriceOf(priceX96, quoteIsToken0));
    const before = value(outcome.inHand, priceX96, quoteIsToken0, "up");
    const after = value(sum(outcome.idle, minted), priceX96, quoteIsToken0, "down");
    return before - after;
  });
  const loss = ends.reduce((worst, one) => (one > worst ? one : worst), 0n);
  const held = amountsOf(outcome.held, sqrtPriceOf(price.low, quoteIsToken0));
  const core = value(held, price.low, quoteIsToken0, "down");
  const navLow = core + value(outcome.idle, price.low, quoteIsToken0, "down");
  if (navLow === 0n) return null;
  return {
    chargeX18: divUp(loss * ONE, navLow),
    navLow,
    coreWeightBps: divUp(core * 10_000n, navLow),
  };
}

function amountsOf(ranges: readonly Minted[], sqrtPriceX96: bigint): PaidOut {
  return ranges
    .map((range) =>
      getAmountsForLiquidity(sqrtPriceX96, range.sqrtLowerX96, range.sqrtUpperX96, range.liquidity, "down"),
    )
    .reduce<PaidOut>(sum, { amount0: 0n, amount1: 0n });
}

function sum(a: PaidOut, b: PaidOut): PaidOut {
  return { amount0: a.amount0 + b.amount0, amount1: a.amount1 + b.amount1 };
}

/** Quote wei. */
function value(held: PaidOut, priceX96: bigint, quoteIsToken0: boolean, rounding: "down" | "up"): bigint {
  const [base, quote] = quoteIsToken0 ? [held.amount1, held.amount0] : [held.amount0, held.amount1];
  const product = base * priceX96;
  return quote + (rounding === "up" ? divUp(product, Q96) : product / Q96);
}

function divUp(numerator: bigint, denominator: bigint): bigint {
  return (numerator + denominator - 1n) / denominator;
}
