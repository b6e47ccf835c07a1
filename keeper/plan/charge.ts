/**
 * What the chain charges a plan with and what it measures against the policy's limits (contracts/PlanLib.sol), predicted in its own integers
 * and rounding. Equal to the chain's to the wei when burns and mints go through as modelled; a swap that crosses ticks makes it an estimate.
 *
 * LEVELS of the budgets are in 1e-12 of NAV. The chain drains them once, from the last plan to this one; here they are drained up to the
 * snapshot and on from there, which may leave them one unit higher.
 */
import { getAmountsForLiquidity } from "../chain/liquidityAmounts.ts";
import { Q96 } from "../chain/tickMath.ts";
import type { Snapshot } from "../observe/snapshot.ts";
import { type Minted, type PaidOut, type SleeveNets, sqrtPriceOf, type TierFlow } from "./model.ts";
import type { PlannedOutcome, SleeveOutcome } from "./plan.ts";
import { ONE } from "./types.ts";

export interface PredictedCharge {
  /** Fraction of NAV, 1e18 = all. */
  readonly chargeX18: bigint;
  /** NAV at the low end of the band after the plan, quote wei, uncollected fees aside. */
  readonly navLow: bigint;
  /** Part of it in ranges, basis points rounded up. */
  readonly coreWeightBps: bigint;
  /** The budgets' levels after the plan. */
  readonly lossE12: bigint;
  readonly turnoverE12: bigint;
  readonly churnE12: bigint;
  /** What all ranges would lose to arbitrage in a year, and what the policy allows them, quote wei. */
  readonly arbitragePerYear: bigint;
  readonly arbitrageLimit: bigint;
  /** What this plan leaves behind each share, for the next one's churn charge. */
  readonly left: Inventory;
}

/**
 * Wei per share wei, times 2^96, as the chain keeps it: rounded up, toward more, to 24 binary digits. Below zero of a token of which sleeves
 * owe more than there is.
 */
export interface Inventory {
  readonly perShare0X96: bigint;
  readonly perShare1X96: bigint;
}

export interface ChargeOptions {
  /** Seconds from the snapshot's block to the plan's; default none. */
  readonly elapsed?: number;
}

const E12 = 10n ** 12n;
const BPS = 10_000n;
const LEVEL_PER_BPS = E12 / BPS;
const DAY = 86_400n;
const MAX_LEVEL = (1n << 40n) - 1n;
/** Binary digits of contracts/libraries/Compact.sol. */
const MANTISSA_BITS = 24;

/** Null while the oracle is silent or the vault holds nothing. Pure. */
export function predictCharge(
  outcome: PlannedOutcome,
  snapshot: Snapshot,
  options: ChargeOptions = {},
): PredictedCharge | null {
  if (!snapshot.oracleOk) return null;
  const { quoteIsToken0, price, limits, budgets, supply } = snapshot;
  const elapsed = BigInt(options.elapsed ?? 0);
  const ends = [price.low, price.high].map((priceX96) => {
    const minted = amountsOf(outcome.minted, sqrtPriceOf(priceX96, quoteIsToken0));
    const moved = sleevesMoved(outcome.sleeves, priceX96, quoteIsToken0);
    const begin = sum(outcome.inHand, moved.before);
    const end = sum(sum(outcome.idle, minted), moved.after);
    // No less of either token is no loss, not even of a rounding.
    if (end.amount0 >= begin.amount0 && end.amount1 >= begin.amount1) return 0n;
    return value(begin, priceX96, quoteIsToken0, "up") - value(end, priceX96, quoteIsToken0, "down");
  });
  const loss = ends.reduce((worst, one) => (one > worst ? one : worst), 0n);
  const sqrtLow = sqrtPriceOf(price.low, quoteIsToken0);
  const core = sum(amountsOf(outcome.kept, sqrtLow), amountsOf(outcome.minted, sqrtLow));
  const coreValue = value(core, price.low, quoteIsToken0, "down");
  const { before, after } = outcome.sleeves;
  const navLow = netValue(sum(outcome.idle, core), after, price.low, quoteIsToken0);

  const kept = amountsOf(outcome.kept, sqrtPriceOf(price.mid, quoteIsToken0));
  const navNow = netValue(sum(outcome.inHand, kept), before, price.mid, quoteIsToken0);
  if (navLow === 0n || navNow === 0n || supply === 0n) return null;

  const level = (start: bigint, refillBps: number, charge: bigint): bigint =>
    smaller(drained(start, elapsed, refillBps) + charge, MAX_LEVEL);
  const swappedAndMoved =
    turnover(outcome.sold, outcome.flows, price.mid, quoteIsToken0) + sleeveTurnover(outcome.sleeves, snapshot);
  const left = withSleeves(sum(outcome.swapped, kept), after);
  return {
    chargeX18: divUp(loss * ONE, navLow),
    navLow,
    coreWeightBps: divUp(coreValue * BPS, navLow),
    lossE12: level(budgets.lossE12, limits.lossRefillBps, toLevel(loss, navLow)),
    turnoverE12: level(budgets.turnoverE12, limits.turnoverRefillBps, toLevel(swappedAndMoved, navLow)),
    churnE12: level(budgets.churnE12, limits.churnRefillBps, toLevel(lostSince(snapshot, navNow), navNow)),
    arbitragePerYear: arbitrage([...outcome.minted, ...outcome.kept], snapshot),
    arbitrageLimit: (navLow * BigInt(limits.lvrLimitBps) * 365n) / BPS,
    left: {
      perShare0X96: perShare(left.amount0, supply),
      perShare1X96: perShare(left.amount1, supply),
    },
  };
}

/** A level after some seconds without a charge; rounded up. */
export function drained(level: bigint, elapsed: bigint, refillBpsPerDay: number): bigint {
  const gone = (elapsed * BigInt(refillBpsPerDay) * LEVEL_PER_BPS) / DAY;
  return level > gone ? level - gone : 0n;
}

function toLevel(charge: bigint, nav: bigint): bigint {
  return divUp(charge * E12, nav);
}

/** What the ranges have lost since the last plan against holding what it left, quote wei. */
function lostSince(snapshot: Snapshot, navNow: bigint): bigint {
  const { left0PerShareX96, left1PerShareX96, supply, price, quoteIsToken0 } = snapshot;
  const amounts = { amount0: (left0PerShareX96 * supply) / Q96, amount1: (left1PerShareX96 * supply) / Q96 };
  const held = positive(netDown(amounts, price.mid, quoteIsToken0));
  return held > navNow ? held - navNow : 0n;
}

/** Toward more: up, and a debt down. */
function perShare(amount: bigint, supply: bigint): bigint {
  return amount < 0n ? -compact((-amount * Q96) / supply, "down") : compact(divUp(amount * Q96, supply), "up");
}

/** A whole number rounded to so many binary digits. */
function compact(x: bigint, rounding: "down" | "up"): bigint {
  const extra = BigInt(Math.max(x.toString(2).length - MANTISSA_BITS, 0));
  return ((rounding === "up" ? x + (1n << extra) - 1n : x) >> extra) << extra;
}

/** Value swapped, and value that left some tiers for others; what moves inside one tier cancels. */
function turnover(sold: readonly PaidOut[], flows: readonly TierFlow[], mid: bigint, quoteIsToken0: boolean): bigint {
  const swapped = sold.reduce((total, one) => total + value(one, mid, quoteIsToken0, "up"), 0n);
  let [out, into] = [0n, 0n];
  for (const { out0, out1, in0, in1 } of flows) {
    const left = value({ amount0: out0, amount1: out1 }, mid, quoteIsToken0, "up");
    const entered = value({ amount0: in0, amount1: in1 }, mid, quoteIsToken0, "up");
    // One more than the difference of two values that were both rounded up.
    if (left > entered) out += left - entered + 1n;
    else if (entered > left) into += entered - left + 1n;
  }
  return swapped + smaller(out, into);
}

/** Value given to sleeves or taken from them, whichever is more. */
function sleeveTurnover({ given, taken }: SleeveOutcome, { price, quoteIsToken0 }: Snapshot): bigint {
  const [gave, took] = [given, taken].map((moves) =>
    moves.reduce((total, one) => total + value(one, price.mid, quoteIsToken0, "up"), 0n),
  );
  return gave !== undefined && took !== undefined && gave > took ? gave : (took ?? 0n);
}

/**
 * Of touched sleeves, in tokens: what was owned before and is owed now, a wei of each token and sleeve on top for the venue's roundings; what
 * is owned now and was owed before. One that was worth less than nothing at this price counts for nothing before.
 */
function sleevesMoved(
  { before, after, touched }: SleeveOutcome,
  priceX96: bigint,
  quoteIsToken0: boolean,
): { readonly before: PaidOut; readonly after: PaidOut } {
  const netsIn = (nets: ReadonlyMap<number, SleeveNets>): readonly PaidOut[] =>
    [...nets].filter(([index]) => touched.has(index)).map(([, net]) => amountsIn(net));
  const then = netsIn(before).filter((net) => netDown(net, priceX96, quoteIsToken0) >= 0n);
  const now = netsIn(after);
  const wei = BigInt(touched.size);
  return {
    before: [...then.map(owned), ...now.map(owed)].reduce(sum, { amount0: wei, amount1: wei }),
    after: [...now.map(owned), ...then.map(owed)].reduce(sum, NOTHING),
  };
}

const NOTHING: PaidOut = { amount0: 0n, amount1: 0n };

function amountsIn({ net0, net1 }: SleeveNets): PaidOut {
  return { amount0: net0, amount1: net1 };
}

function owned({ amount0, amount1 }: PaidOut): PaidOut {
  return { amount0: positive(amount0), amount1: positive(amount1) };
}

function owed({ amount0, amount1 }: PaidOut): PaidOut {
  return { amount0: positive(-amount0), amount1: positive(-amount1) };
}

/** Tokens and sleeves, rounded down; nothing if more is owed than owned. */
function netValue(
  tokens: PaidOut,
  sleeves: ReadonlyMap<number, SleeveNets>,
  priceX96: bigint,
  quoteIsToken0: boolean,
): bigint {
  return positive(netDown(withSleeves(tokens, sleeves), priceX96, quoteIsToken0));
}

/** Tokens with what sleeves own of them, less what they owe. */
function withSleeves(tokens: PaidOut, sleeves: ReadonlyMap<number, SleeveNets>): PaidOut {
  return [...sleeves.values()].map(amountsIn).reduce(sum, tokens);
}

/** Quote wei of owned and owed amounts, rounded down. */
function netDown(net: PaidOut, priceX96: bigint, quoteIsToken0: boolean): bigint {
  return value(owned(net), priceX96, quoteIsToken0, "down") - value(owed(net), priceX96, quoteIsToken0, "up");
}

function positive(x: bigint): bigint {
  return x > 0n ? x : 0n;
}

/** L s^2 sqrt(p) / 4 a year, each range at its own price nearest to the band's high end. */
function arbitrage(ranges: readonly Minted[], { price, limits, quoteIsToken0 }: Snapshot): bigint {
  const high = sqrtPriceOf(price.high, quoteIsToken0);
  const total = ranges.reduce((all, { liquidity, sqrtLowerX96, sqrtUpperX96 }) => {
    const at = high < sqrtLowerX96 ? sqrtLowerX96 : smaller(high, sqrtUpperX96);
    return all + (quoteIsToken0 ? divUp(liquidity * Q96, at) : divUp(liquidity * at, Q96));
  }, 0n);
  const floor = BigInt(limits.volFloorBps) ** 2n * 10_000n;
  return divUp(total * (price.varianceE12 > floor ? price.varianceE12 : floor), 4n * E12);
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

function smaller(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

function divUp(numerator: bigint, denominator: bigint): bigint {
  return (numerator + denominator - 1n) / denominator;
}
