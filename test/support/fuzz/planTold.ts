/** What one plan did, told from the events of pools and tokens. */
import { expect } from "chai";

import { INVARIANT } from "../../contracts/invariants.ts";
import { sqrtPriceOf, valueOfRange, valueOfTokens, type Pair2, type RangeLiquidity } from "../arithmetic.ts";
import { rangeKey, valueOfBook } from "../checks.ts";
import type { Book, PlanSteps } from "../world.ts";
import type { Done } from "./chain.ts";
import { amountsOf, minus, NOTHING, plus } from "./exact.ts";
import type { Fuzz } from "./fuzz.ts";
import { lpBook, type Look } from "./look.ts";
import type { Band } from "./models/oracle.ts";
import { sleeveLossAt, sumAfter, tellSleeves, type SleeveTold } from "./sleeves/told.ts";
import { poolSteps, type PoolStep } from "./steps.ts";

export type Ranged = RangeLiquidity & { readonly fee: number };

/** LPs' tokens after burns and collects, their tokens at the end, and what was minted. */
export interface Flows {
  readonly inHand: Pair2;
  readonly atEnd: Pair2;
  readonly minted: readonly Ranged[];
  readonly sleeves: readonly SleeveTold[];
}

/** Everything that the checks below need of one plan. */
export interface Told {
  readonly fuzz: Fuzz;
  readonly steps: PlanSteps;
  readonly before: Look;
  readonly after: Look;
  readonly done: Done;
  readonly band: Band;
  readonly events: readonly PoolStep[];
  readonly flows: Flows;
  /** Ranges that went on, before mints; and the minted. */
  readonly kept: readonly Ranged[];
  readonly minted: readonly Ranged[];
  /** LPs' tokens after burns, and after swaps and moves; in ranges that went on, at mid. */
  readonly inHand: Pair2;
  readonly afterSwaps: Pair2;
  readonly keptAtMid: Pair2;
  /** The chain's own words. */
  readonly chargeX18: bigint;
  readonly navLow: bigint;
  /** NAV at the low end in 2^-64 quote wei, by the model. */
  readonly nav: bigint;
  /** Other people's trades in the plan's block, before it. */
  readonly spotsAtStart: ReadonlyMap<number, bigint>;
  /** Every place that holds a sleeve. */
  readonly sleeves: readonly SleeveTold[];
}

/** @param spotsMoved sqrt prices of pools that others moved in the plan's block before it */
export function tell(
  fuzz: Fuzz,
  steps: PlanSteps,
  before: Look,
  after: Look,
  done: Done,
  spotsMoved: ReadonlyMap<number, bigint>,
): Told {
  const { world, model } = fuzz;
  const events = poolSteps(world, done.logs);
  const burnt = new Map<string, bigint>();
  const minted: Ranged[] = [];
  let collected = NOTHING;
  let swapped = NOTHING;
  for (const event of events) {
    if (event.kind === "collect") collected = plus(collected, event);
    if (event.kind === "swap") swapped = plus(swapped, { amount0: -event.amount0, amount1: -event.amount1 });
    if (event.kind === "burn") burnt.set(rangeKey(event), (burnt.get(rangeKey(event)) ?? 0n) + event.liquidity);
    if (event.kind === "mint") minted.push(event);
  }
  const kept = before.positions
    .map((p) => ({ ...p, liquidity: p.liquidity - (burnt.get(rangeKey(p)) ?? 0n) }))
    .filter(({ liquidity }) => liquidity > 0n);
  // The treasury's tokens stay where they are, so what is booked now is left out at both ends.
  const owed = after.treasury;
  const ofLps = (held: Pair2): Pair2 => ({
    amount0: held.amount0 - owed.amount0,
    amount1: held.amount1 - owed.amount1,
  });
  const inHand = ofLps(plus(before.held, collected));
  const sleeves = tellSleeves(fuzz, fuzz.marks, after, done.logs);
  const flows = { inHand, atEnd: ofLps(after.held), minted, sleeves };
  const moved = sleeves.reduce<Pair2>((sum, { sent, got }) => plus(minus(sum, sent), got), NOTHING);
  const { band } = model.oracle;
  const mid = sqrtPriceOf(band.mid, fuzz.quoteIsToken0);
  const event = done.logs
    .filter(({ address }) => address.toLowerCase() === world.addresses.vault.toLowerCase())
    .map((log) => world.vault.interface.parseLog(log))
    .find((log) => log?.name === "PlanExecuted");
  if (!event) throw new Error("no plan in these logs");
  expect(event.args["priceX96"], INVARIANT.ORACLE_REFUSES).to.equal(band.mid);
  return {
    fuzz,
    steps,
    before,
    after,
    done,
    band,
    events,
    flows,
    kept,
    minted,
    inHand,
    afterSwaps: plus(plus(inHand, swapped), moved),
    keptAtMid: kept.reduce<Pair2>((sum, range) => plus(sum, amountsOf(range, mid, "down")), NOTHING),
    chargeX18: event.args["chargeX18"] as bigint,
    navLow: event.args["navLow"] as bigint,
    nav:
      navAt(lpBook(after), band.low, fuzz.quoteIsToken0) +
      valueOfTokens(sumAfter(sleeves), band.low, fuzz.quoteIsToken0),
    spotsAtStart: spotsMoved,
    sleeves,
  };
}

/** What the plan lost at a price, 2^-64 quote wei; a gain is negative. */
export function lossAt({ inHand, atEnd, minted, sleeves }: Flows, priceX96: bigint, q: boolean): bigint {
  const ranges = minted.reduce((sum, range) => sum + valueOfRange(range, priceX96, q), 0n);
  const lost = valueOfTokens(inHand, priceX96, q) - valueOfTokens(atEnd, priceX96, q) - ranges;
  return lost + sleeveLossAt(sleeves, priceX96, q);
}

/** NAV without pending fees and beside sleeves at a price, 2^-64 quote wei. */
export function navAt(book: Book, priceX96: bigint, q: boolean): bigint {
  return valueOfBook({ ...book, positions: book.positions.map((p) => ({ ...p, fees0: 0n, fees1: 0n })) }, priceX96, q);
}
