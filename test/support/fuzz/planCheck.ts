/**
 * What a plan did, told from the events of pools and tokens, and held against the rules as they are written: charge, budgets,
 * churn, ranges, weight, arbitrage, treasury, agreement of the sources.
 */
import { expect } from "chai";

import { INVARIANT } from "../../contracts/invariants.ts";
import { divUp, max, ONE, priceOf, sqrtPriceOf, valueOfTokens, VALUE_BITS, type Pair2 } from "../arithmetic.ts";
import { rangeKey, valueOfBook } from "../checks.ts";
import { POOL_INTERFACE } from "../pools.ts";
import { sqrtAtTick, type Book, type PlanSteps } from "../world.ts";
import type { Done } from "./chain.ts";
import { NOTHING, plus, rootValue } from "./exact.ts";
import type { Fuzz } from "./fuzz.ts";
import { lpBook, type Look } from "./look.ts";
import { PART } from "./models/budgets.ts";
import { collectedFees } from "./models/treasury.ts";
import { checkMoves } from "./sleeves/planMoves.ts";
import { isTouched, movedValue, sumAfter, sumBefore } from "./sleeves/told.ts";
import { lossAt, navAt, tell, type Ranged, type Told } from "./planTold.ts";
import { tokenEvents } from "./steps.ts";

const BPS = 10_000n;
const LEVEL_PER_BPS = 10n ** 8n;
const GRID = 8n;

/**
 * @param before the vault's books as the plan found them; trades of others in the same block may have moved the pools since
 * @param spotsMoved sqrt prices of pools that others moved in the plan's block before it
 * @returns the charge in 1e18ths
 */
export async function checkPlan(
  fuzz: Fuzz,
  steps: PlanSteps,
  before: Look,
  done: Done,
  spotsMoved: ReadonlyMap<number, bigint> = new Map(),
): Promise<bigint> {
  const { model } = fuzz;
  model.plans++;
  const after = await fuzz.refresh();
  const told = tell(fuzz, steps, before, after, done, spotsMoved);
  // The treasury's book comes first: what is idle depends on it.
  model.treasury.collected(collectedFees(told.events), after.treasury);
  checkMayRun(told);
  await checkSources(told);
  checkCharge(told);
  checkWhole(told);
  checkRanges(told);
  checkBudgets(told);
  checkWeight(told);
  checkArbitrage(told);
  checkClean(told);
  checkMoves(told);
  return told.chargeX18;
}

// ---------------------------------------------------------------- may it run at all

function checkMayRun({ fuzz, done }: Told): void {
  const { policy, oracle } = fuzz.model;
  expect(policy.paused(done.at), `${INVARIANT.PLAN_FAILS_CLOSED}: it is paused`).to.equal(false);
  expect(oracle.refusal(done.at), INVARIANT.PLAN_FAILS_CLOSED).to.equal(null);
}

/** The reference pool, and each pool that is touched, stand inside the band widened by the pool's fee. */
async function checkSources(told: Told): Promise<void> {
  const { fuzz, before, band, events } = told;
  const { world, model, quoteIsToken0: q } = fuzz;
  const spots = new Map([...before.spots].map(([fee, { sqrtPriceX96 }]) => [fee, sqrtPriceX96]));
  for (const [fee, sqrtPriceX96] of told.spotsAtStart) spots.set(fee, sqrtPriceX96);
  const inside = (fee: number): void => {
    const spot = priceOf(spots.get(fee) ?? 0n, q);
    const unit = 1_000_000n;
    const fits =
      spot * unit >= band.low * (unit - BigInt(fee)) - 2n * unit &&
      spot * unit <= (band.high + 2n) * (unit + BigInt(fee));
    expect(fits, `${INVARIANT.PLAN_FAILS_CLOSED}: the pool of ${fee} stands at ${spot}`).to.equal(true);
  };
  const { referenceFee, twapWindow, twapBandBps } = model.oracle.terms;
  inside(referenceFee);
  for (const event of events) {
    if (event.kind === "swap") {
      inside(event.fee);
      spots.set(event.fee, event.sqrtPriceX96);
    }
    if (event.kind === "swap" || event.kind === "mint") inside(event.fee);
  }

  const data = POOL_INTERFACE.encodeFunctionData("observe", [[twapWindow, 0]]);
  const answer = await fuzz.chain.call(world.pool(referenceFee).address, data);
  const [[from, to]] = POOL_INTERFACE.decodeFunctionResult("observe", answer) as unknown as [[bigint, bigint]];
  const tick = Math.floor(Number(to - from) / twapWindow);
  const twap = priceOf(sqrtAtTick(tick), q);
  const distance = twap > band.mid ? twap - band.mid : band.mid - twap;
  expect(
    distance * BPS <= band.mid * BigInt(twapBandBps) + band.mid / 10n ** 6n,
    `${INVARIANT.PLAN_FAILS_CLOSED}: the mean price is ${twap}`,
  ).to.equal(true);
}

// ---------------------------------------------------------------- charge

/** At no price inside the band was more lost than was charged, and not more was charged than that and its rounding. */
function checkCharge(told: Told): void {
  const { fuzz, flows, band, chargeX18, navLow, nav } = told;
  const q = fuzz.quoteIsToken0;
  expect(navLow <= nav >> VALUE_BITS, INVARIANT.PLAN_CHARGE).to.equal(true);
  for (let k = 0n; k <= GRID; k++) {
    const part = (lossAt(flows, band.low + ((band.high - band.low) * k) / GRID, q) * ONE) / nav;
    expect(part <= chargeX18, `${INVARIANT.PLAN_CHARGE}: ${part} > ${chargeX18} at ${k}/${GRID}`).to.equal(true);
  }
  const touched = told.sleeves.filter(isTouched);
  const wei = BigInt(2 + 2 * flows.minted.length + 4 * touched.length);
  const rounding =
    ((valueOfTokens({ amount0: wei, amount1: wei }, band.high, q) + (4n << VALUE_BITS)) * ONE) / nav + 2n;
  const charge = (worstLoss(told) * ONE) / nav;
  // With little in the vault a wei is a large part; then navLow's own rounding counts as well.
  const navRounding = (charge * (nav - (navLow << VALUE_BITS))) / max(navLow << VALUE_BITS, 1n);
  // Gains of one step are not seen in the whole if another step of the same sleeve lost something: then it is charged more.
  const simple = touched.every(({ moves, closed, settled }) => moves.length + (closed ? 1 : 0) === 1 && !settled);
  expect(
    !simple || chargeX18 <= charge + 2n * rounding + navRounding,
    `${INVARIANT.PLAN_CHARGE}: ${chargeX18} charged for ${charge}`,
  ).to.equal(true);
  expect(chargeX18 * BPS <= fuzz.model.policy.cap("maxPlanLossBps") * ONE, INVARIANT.PLAN_LIMIT).to.equal(true);
}

/** Loss at the worse end of the band, 2^-64 quote wei, never negative. */
function worstLoss({ fuzz, flows, band }: Told): bigint {
  const q = fuzz.quoteIsToken0;
  return max(max(lossAt(flows, band.low, q), lossAt(flows, band.high, q)), 0n);
}

/** The vault as a whole, at any price of the band, pools brought there: it lost no more than was charged. */
function checkWhole({ fuzz, before, after, band, chargeX18, navLow, sleeves }: Told): void {
  const q = fuzz.quoteIsToken0;
  const [was, is] = [lpBook(before), lpBook(after)];
  for (let k = 0n; k <= GRID; k += 2n) {
    const price = band.low + ((band.high - band.low) * k) / GRID;
    const inSleeves = valueOfTokens(sumBefore(sleeves), price, q) - valueOfTokens(sumAfter(sleeves), price, q);
    const lost = valueOfBook(was, price, q) - valueOfBook(is, price, q) + inSleeves;
    // Each burn and mint rounds a wei of each token, and so does each sleeve.
    const wei = BigInt(2 * (was.positions.length + is.positions.length + sleeves.length) + 4);
    const room =
      divUp(chargeX18 * (navLow << VALUE_BITS), ONE) + valueOfTokens({ amount0: wei, amount1: wei }, price, q);
    expect(lost <= room, `${INVARIANT.PLAN_CHARGE}: all in all ${lost} > ${room} at ${k}/${GRID}`).to.equal(true);
  }
}

// ---------------------------------------------------------------- budgets

function checkBudgets(told: Told): void {
  const { fuzz, done, before, after, nav, navLow, chargeX18, band, inHand, keptAtMid, afterSwaps, sleeves } = told;
  const { model, quoteIsToken0: q } = fuzz;
  const { policy, levels } = model;
  const { at } = done;
  const partOf = (value: bigint, whole: bigint): bigint => (value * PART) / whole;

  const loss = partOf(worstLoss(told), nav);
  model.loss.charge(at, loss, policy.cap("lossCapBps"), policy.cap("lossRefillBps"));
  levels.loss.charged(at, policy.cap("lossRefillBps"), loss, chargeX18 * (PART / ONE), after.budgets.loss.level);

  const moved = turnover(told);
  const turned = partOf(moved.value, nav);
  model.turnover.charge(at, turned, policy.cap("turnoverCapBps"), policy.cap("turnoverRefillBps"));
  const most = divUp((moved.most + (moved.roundings << VALUE_BITS)) * PART, max(navLow << VALUE_BITS, 1n));
  levels.turnover.charged(at, policy.cap("turnoverRefillBps"), turned, most, after.budgets.turnover.level);

  // Churn: what the last plan left, had it been held, less what is here now; fees of ranges that stay are not counted.
  const held = model.inventory.held(before.totalSupply);
  const here = valueOfTokens(plus(plus(inHand, keptAtMid), sumBefore(sleeves)), band.mid, q);
  const wei = BigInt(2 + 2 * sleeves.length) << VALUE_BITS;
  const missing = max(valueOfTokens(held.least, band.mid, q) - here - wei, 0n);
  const atMost = max(valueOfTokens(held.most, band.mid, q) - here + wei, 0n);
  const least = partOf(missing, here);
  const churn = divUp(atMost * PART, max(here - wei, 1n));
  levels.churn.charged(at, policy.cap("churnRefillBps"), least, churn, after.budgets.churn.level);
  model.inventory.leave(plus(plus(afterSwaps, keptAtMid), sumAfter(sleeves)), before.totalSupply);
  if (after.budgets.churn.level >= policy.cap("churnCapBps") * LEVEL_PER_BPS) {
    for (const { fee, tickLower, tickUpper } of told.minted) {
      const short = 2 * policy.caps.maxHalfWidth - (tickUpper - tickLower);
      expect(short <= 2 * fuzz.world.pool(fee).tickSpacing, `${INVARIANT.BUDGET_CHURN}: ${short} ticks short`).to.equal(
        true,
      );
    }
  }
}

/**
 * Value swapped, given to sleeves or taken from them, and value that left some pools for others, at mid, 2^-64 quote wei; the most that
 * it can be, and how many wei of rounding it has.
 */
function turnover({ fuzz, events, band, sleeves }: Told): Record<"value" | "most" | "roundings", bigint> {
  const q = fuzz.quoteIsToken0;
  let value = 0n;
  let roundings = 0n;
  const flows = new Map<number, { out: Pair2; into: Pair2 }>();
  for (const event of events) {
    if (event.kind === "swap") {
      const sold = { amount0: max(event.amount0, 0n), amount1: max(event.amount1, 0n) };
      value += valueOfTokens(sold, band.mid, q);
      roundings++;
    }
    if (event.kind !== "burn" && event.kind !== "mint") continue;
    const { out, into } = flows.get(event.fee) ?? { out: NOTHING, into: NOTHING };
    flows.set(event.fee, event.kind === "burn" ? { out: plus(out, event), into } : { out, into: plus(into, event) });
    roundings += 2n;
  }
  let left = 0n;
  let entered = 0n;
  for (const { out, into } of flows.values()) {
    const net = valueOfTokens(out, band.mid, q) - valueOfTokens(into, band.mid, q);
    if (net > 0n) left += net;
    else entered -= net;
  }
  value += left < entered ? left : entered;
  const moved = movedValue(sleeves, band.mid, q);
  for (const { moves } of sleeves) roundings += BigInt(2 * moves.length + 2);
  return { value: value + moved.least, most: value + moved.most, roundings: roundings + 2n };
}

// ---------------------------------------------------------------- ranges, weight, arbitrage

function checkRanges({ fuzz, minted, events, steps, after }: Told): void {
  const { caps, allowed } = fuzz.model.policy;
  for (const { fee, tickLower, tickUpper } of minted) {
    fuzz.seen.set(rangeKey({ fee, tickLower, tickUpper }), { fee, tickLower, tickUpper });
    const width = tickUpper - tickLower;
    const fits = allowed.includes(fee) && width >= 2 * caps.minHalfWidth && width <= 2 * caps.maxHalfWidth;
    expect(fits, INVARIANT.PLAN_RANGES).to.equal(true);
  }
  for (const event of events) if (event.kind === "swap") expect(allowed, INVARIANT.PLAN_RANGES).to.include(event.fee);
  expect(minted.length).to.equal(steps.mints?.length ?? 0);
  expect(after.positions.length <= 8, INVARIANT.PLAN_LIST).to.equal(true);
}

function checkWeight({ fuzz, before, after, band, nav }: Told): void {
  const q = fuzz.quoteIsToken0;
  const core = (book: Book): bigint => navAt({ ...book, idle0: 0n, idle1: 0n }, band.low, q);
  const now = core(lpBook(after));
  const inside = now * BPS <= fuzz.model.policy.cap("coreWeightCapBps") * nav;
  const slack = valueOfTokens({ amount0: 8n, amount1: 8n }, band.high, q);
  expect(inside || now <= core(lpBook(before)) + slack, INVARIANT.PLAN_WEIGHT).to.equal(true);
}

/** Sum of L sqrt(p) s^2 / 4 a year, at the end of the band where each is greatest. */
function checkArbitrage({ fuzz, before, band, kept, minted, nav }: Told): void {
  if (minted.length === 0) return;
  const { model, quoteIsToken0: q } = fuzz;
  const high = sqrtPriceOf(band.high, q);
  const sum = (ranges: readonly Ranged[]): bigint =>
    ranges.reduce((total, range) => total + rootValue(range, high, q), 0n);
  const now = sum([...kept, ...minted]);
  const floor = model.policy.cap("volFloorBps");
  const variance = max(floor * floor * 10n ** 4n, model.oracle.varianceE12);
  const perYear = (now * variance) / (4n * 10n ** 12n);
  const limit = ((nav >> VALUE_BITS) * model.policy.cap("lvrLimitBps") * 365n) / BPS;
  const roundings = BigInt(8 + kept.length + minted.length);
  expect(
    perYear <= limit || now <= sum(before.positions) + roundings,
    `${INVARIANT.ARBITRAGE}: ${perYear} a year of ${limit}`,
  ).to.equal(true);
}

// ---------------------------------------------------------------- afterwards

function checkClean({ fuzz, done, after, before, sleeves }: Told): void {
  expect(after.totalSupply).to.equal(before.totalSupply);
  const pools = [...fuzz.world.pools.values()].map(({ address }) => address.toLowerCase());
  const payees = [...pools, ...sleeves.map(({ sleeve }) => sleeve.address)];
  for (const { name, from, to } of tokenEvents(fuzz.tokens, done.logs)) {
    if (from !== fuzz.world.addresses.vault) continue;
    expect(name, INVARIANT.PLAN_CLEAN).to.equal("Transfer");
    expect(payees, INVARIANT.ONLY_TO_PAYEES).to.include(to.toLowerCase());
  }
}
