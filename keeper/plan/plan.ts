/**
 * From a decision (floats, base and quote) to a plan (bigint, the pool's order). The sequence is played through on the snapshot in exact
 * integers, because the chain's fractions are of what is idle at that step.
 *
 * MINIMA hold for every price inside a tolerance round the snapshot's, and leave the tolerance once more for amounts, so that somebody's
 * dust deposit or withdrawal does not revert the plan. They are played through at both ends. The chain's own charge is what protects the
 * vault; minima only spare a plan that has become pointless.
 */
import { zeroForOne } from "../chain/orientation.ts";
import { toPoolRange, weiFromUnits } from "../chain/prices.ts";
import { Q96 } from "../chain/tickMath.ts";
import type { Snapshot } from "../observe/snapshot.ts";
import type { BurnMove, Decision, MintMove, SleeveMove, SwapMove } from "../strategy/types.ts";
import {
  type Minted,
  type ModelMove,
  type PaidOut,
  part,
  PlanModel,
  type SleeveNets,
  sqrtPriceOf,
  type TierFlow,
} from "./model.ts";
import type { PlanPool, SwapOutcome } from "./pools.ts";
import { type BurnStep, type MintStep, ONE, type Plan, PlanError, type SwapStep } from "./types.ts";

export interface PlanOptions {
  /** How far the price may move before the plan refuses, and how much amounts may differ besides; fraction of each. */
  readonly tolerance: number;
  /** Seconds after the snapshot's block for which the plan may run. */
  readonly lifetime: number;
  /** keccak256 of the published decision, see hash.ts. */
  readonly decisionHash: string;
  /** Simulated pools by fee tier, as of the snapshot's block; what is not there is taken for the stretch of liquidity in range. The plan changes them. */
  readonly pools?: ReadonlyMap<number, PlanPool>;
}

/** A plan and what it is expected to leave. */
export interface PlannedOutcome {
  readonly plan: Plan;
  /** Idle wei after burns and collects, before moves and swaps: what the chain's charge compares with. */
  readonly inHand: PaidOut;
  /** Idle wei after swaps and moves, before mints. */
  readonly swapped: PaidOut;
  /** Idle wei at the end. */
  readonly idle: PaidOut;
  /** What each burn's liquidity brings, fees aside, and what each swap does. */
  readonly burned: readonly PaidOut[];
  readonly swaps: readonly SwapOutcome[];
  /** What each swap sells. */
  readonly sold: readonly PaidOut[];
  /** By fee tier. */
  readonly flows: readonly TierFlow[];
  /** Ranges before the plan, and those of them that go on after its burns. */
  readonly before: readonly Minted[];
  readonly kept: readonly Minted[];
  readonly minted: readonly Minted[];
  /** All ranges at the end, old and new. */
  readonly held: readonly Minted[];
  readonly sleeves: SleeveOutcome;
}

/** What a plan does to sleeves; by place, wei at the low marks. */
export interface SleeveOutcome {
  readonly before: ReadonlyMap<number, SleeveNets>;
  readonly after: ReadonlyMap<number, SleeveNets>;
  readonly touched: ReadonlySet<number>;
  readonly given: readonly PaidOut[];
  readonly taken: readonly PaidOut[];
}

/** Fractions and prices in billionths: finer than any tolerance that makes sense. */
const BILLION = 1_000_000_000n;

/**
 * Makes a plan. Pure.
 *
 * @throws PlanError if the decision cannot be carried out on this snapshot
 */
export function makePlan(decision: Decision, snapshot: Snapshot, options: PlanOptions): PlannedOutcome {
  const { tolerance, lifetime, decisionHash } = options;
  if (!(tolerance >= 0 && tolerance < 1)) {
    throw new PlanError(`The tolerance must be a fraction from 0 to below 1, not ${tolerance}.`);
  }
  if (!snapshot.oracleOk) throw new PlanError("The oracle is silent, so nothing may be planned; wait until it speaks.");
  if (decision.burns.length + decision.swaps.length + decision.mints.length + decision.sleeveMoves.length === 0) {
    throw new PlanError("The decision holds no move, so there is nothing to plan.");
  }

  // As decided: this fixes the fractions.
  const { pools } = options;
  const model = new PlanModel(snapshot, pools === undefined ? {} : { pools });
  const before = model.kept;
  const burns = decision.burns.map((move) => burnStep(model, move));
  model.divideFees();
  const inHand = { amount0: model.idle0, amount1: model.idle1 };
  const sleevesBefore = model.sleeves;
  const early = decision.sleeveMoves.filter(({ afterSwaps }) => !afterSwaps);
  const late = decision.sleeveMoves.filter(({ afterSwaps }) => afterSwaps);
  const earlyMoves = early.map((move) => moveStep(model, move, snapshot));
  const drafts = decision.swaps.map((move) => swapStep(model, move, snapshot));
  const swaps = drafts.map(({ step }) => step);
  const moves = [...earlyMoves, ...late.map((move) => moveStep(model, move, snapshot))];
  const swapped = { amount0: model.idle0, amount1: model.idle1 };
  const mints = decision.mints.map((move) => mintStep(model, move, snapshot));

  // The same fractions at both ends of the tolerance: this fixes the minima.
  const ends = [1 - tolerance, 1 + tolerance].map((factor) => replay(snapshot, factor, { burns, swaps, mints, moves }));
  const allowance = (BILLION * BILLION) / (BILLION + billionths(tolerance));
  const plan: Plan = {
    nonce: snapshot.nonce,
    deadline: snapshot.timestamp + lifetime,
    twapHint: snapshot.twapHint,
    decisionHash,
    burns: burns.map(({ paid, ...step }, i) => ({
      ...step,
      min0: least(
        [paid, ...ends.map((end) => end.burns[i])].map((one) => one?.amount0),
        allowance,
      ),
      min1: least(
        [paid, ...ends.map((end) => end.burns[i])].map((one) => one?.amount1),
        allowance,
      ),
    })),
    swaps,
    mints: mints.map(({ liquidity, ...step }, i) => ({
      ...step,
      minLiquidity: least([liquidity, ...ends.map((end) => end.mints[i])], allowance),
    })),
    moves: moves.map(({ amount, asks: _, ...step }, i) => ({
      ...step,
      min: least([amount, ...ends.map((end) => end.moves[i])], allowance),
    })),
  };
  return {
    plan,
    inHand,
    swapped,
    idle: { amount0: model.idle0, amount1: model.idle1 },
    burned: burns.map(({ paid }) => paid),
    swaps: drafts.map(({ outcome }) => outcome),
    sold: model.sold,
    flows: model.flows,
    before,
    kept: model.kept,
    minted: model.minted,
    held: model.held,
    sleeves: {
      before: sleevesBefore,
      after: model.sleeves,
      touched: model.touched,
      given: model.given,
      taken: model.taken,
    },
  };
}

type BurnDraft = Omit<BurnStep, "min0" | "min1"> & { readonly paid: PaidOut };
type MoveDraft = ModelMove & { readonly afterSwaps: boolean; readonly amount: bigint };
type MintDraft = Omit<MintStep, "minLiquidity"> & { readonly liquidity: bigint };

function burnStep(model: PlanModel, move: BurnMove): BurnDraft {
  const fraction = fractionOf(move.fraction, `the burn of position ${move.index}`);
  return { index: move.index, fraction, paid: model.burn(move.index, fraction) };
}

interface SwapDraft {
  readonly step: SwapStep;
  readonly outcome: SwapOutcome;
}

function swapStep(model: PlanModel, move: SwapMove, snapshot: Snapshot): SwapDraft {
  const sellsToken0 = zeroForOne(move.sell, snapshot);
  const decimals = move.sell === "base" ? snapshot.baseDecimals : snapshot.quoteDecimals;
  const idle = sellsToken0 ? model.idle0 : model.idle1;
  const fraction = shareOf(move.amount, decimals, idle, `the swap in tier ${move.fee}`);
  const amountIn = part(idle, fraction);
  if (amountIn === 0n) throw new PlanError(`The decision swaps nothing in tier ${move.fee}; leave the swap out.`);
  const kept = keptOf(move);
  const { mid } = snapshot.price;
  const fair = move.sell === "base" ? (amountIn * mid) / Q96 : (amountIn * Q96) / mid;
  const step = {
    fee: move.fee,
    zeroForOne: sellsToken0,
    fraction,
    sqrtPriceLimitX96: priceLimit(move, snapshot),
    minOut: (fair * kept + BILLION - 1n) / BILLION,
  };
  return { step, outcome: model.swap(step.fee, step.zeroForOne, step.fraction, step.sqrtPriceLimitX96) };
}

/** Billionths that a swap must bring of what it is worth. */
function keptOf({ maxSlippage }: SwapMove): bigint {
  if (!(maxSlippage >= 0 && maxSlippage < 1)) {
    throw new PlanError(`The slippage of a swap must be a fraction from 0 to below 1, not ${maxSlippage}.`);
  }
  return BILLION - billionths(maxSlippage);
}

/**
 * The sqrt price at which a swap ends at the latest. One that starts at the oracle's price brings its minimum on average only if it ends inside the
 * squared slippage: past that the minimum is out of reach, so the pool may as well stop there.
 */
export function priceLimit(move: SwapMove, { price: { mid }, quoteIsToken0 }: Snapshot): bigint {
  const kept = keptOf(move);
  const worst =
    move.sell === "base" ? (mid * kept * kept) / (BILLION * BILLION) : (mid * BILLION * BILLION) / (kept * kept);
  return sqrtPriceOf(worst, quoteIsToken0);
}

function moveStep(model: PlanModel, move: SleeveMove, snapshot: Snapshot): MoveDraft {
  const token1 = (move.token === "quote") !== snapshot.quoteIsToken0;
  const decimals = move.token === "base" ? snapshot.baseDecimals : snapshot.quoteDecimals;
  const what = `the move of sleeve ${move.sleeve}`;
  const { of, kind } = model.moveBase(move.sleeve, move.take, token1);
  if (move.all === true && (kind === "give" || kind === "borrow")) {
    throw new PlanError(`Only a debt or a holding can be moved whole; name the amount of ${what}.`);
  }
  const fraction = move.all === true ? ONE : moveFraction(move.amount, decimals, of, kind === "borrow", what);
  const asks = move.settlesLater === true;
  const step = { sleeve: move.sleeve, take: move.take, token1, afterSwaps: move.afterSwaps, fraction, asks };
  const amount = model.move(step);
  if (amount === 0n && !asks) throw new PlanError(`The decision moves nothing by ${what}; leave the move out.`);
  return { ...step, amount };
}

/** As `shareOf`, but a loan is never rounded up to all that could be borrowed. */
function moveFraction(units: number, decimals: number, of: bigint, borrows: boolean, what: string): bigint {
  const fraction = shareOf(units, decimals, of, what);
  if (!borrows || fraction < ONE) return fraction;
  throw new PlanError(`A loan must be worth less than what secures it; ${what} asks for all of it.`);
}

function mintStep(model: PlanModel, move: MintMove, snapshot: Snapshot): MintDraft {
  const tier = snapshot.tiers.find((one) => one.fee === move.fee);
  const { tickLower, tickUpper } = toPoolRange(move, snapshot);
  const spacing = tier?.tickSpacing ?? 1;
  if (!Number.isInteger(tickLower / spacing) || !Number.isInteger(tickUpper / spacing) || tickLower >= tickUpper) {
    throw new PlanError(
      `The range ${move.tickLower} to ${move.tickUpper} does not fit tier ${move.fee}; use rising multiples of its spacing ${spacing}.`,
    );
  }
  const [max0, decimals0, max1, decimals1] = snapshot.quoteIsToken0
    ? [move.maxQuote, snapshot.quoteDecimals, move.maxBase, snapshot.baseDecimals]
    : [move.maxBase, snapshot.baseDecimals, move.maxQuote, snapshot.quoteDecimals];
  const what = `the mint in tier ${move.fee}`;
  const fraction0 = shareOf(max0, decimals0, model.idle0, what);
  const fraction1 = shareOf(max1, decimals1, model.idle1, what);
  const liquidity = model.mint(move.fee, tickLower, tickUpper, fraction0, fraction1);
  if (liquidity === 0n) {
    throw new PlanError(
      `The decision mints nothing into ${move.tickLower} to ${move.tickUpper} of tier ${move.fee}; the token that the range needs is not there.`,
    );
  }
  return { fee: move.fee, tickLower, tickUpper, fraction0, fraction1, liquidity };
}

interface Steps {
  readonly burns: readonly Omit<BurnStep, "min0" | "min1">[];
  readonly swaps: readonly SwapStep[];
  readonly mints: readonly Omit<MintStep, "minLiquidity">[];
  readonly moves: readonly MoveDraft[];
}

/** The steps at another price; swaps bring no more than their minimum there. */
function replay(
  snapshot: Snapshot,
  factor: number,
  steps: Steps,
): { readonly burns: readonly PaidOut[]; readonly mints: readonly bigint[]; readonly moves: readonly bigint[] } {
  const root = billionths(Math.sqrt(factor));
  // Loans are of the other leg's worth, so they follow the oracle's price.
  const mid = (snapshot.price.mid * root * root) / (BILLION * BILLION);
  const model = new PlanModel(snapshot, { move: (sqrtPriceX96) => (sqrtPriceX96 * root) / BILLION, mid });
  const burns = steps.burns.map((step) => model.burn(step.index, step.fraction));
  model.divideFees();
  const early = steps.moves.filter(({ afterSwaps }) => !afterSwaps).map((step) => model.move(step));
  for (const step of steps.swaps) {
    model.swap(step.fee, step.zeroForOne, step.fraction, step.sqrtPriceLimitX96, step.minOut);
  }
  const late = steps.moves.filter(({ afterSwaps }) => afterSwaps).map((step) => model.move(step));
  const mints = steps.mints.map((step) =>
    model.mint(step.fee, step.tickLower, step.tickUpper, step.fraction0, step.fraction1),
  );
  return { burns, mints, moves: [...early, ...late] };
}

/** A part of 1e18 from a float. */
function fractionOf(part: number, what: string): bigint {
  if (!(part >= 0 && part <= 1)) throw new PlanError(`The fraction of ${what} must be from 0 to 1, not ${part}.`);
  return part === 1 ? ONE : BigInt(Math.floor(part * 1e18));
}

/**
 * The part of an idle amount that so many whole units are; all of it from a billionth and two wei below, since a float cannot name an amount
 * to the wei and what it leaves would be dust.
 */
function shareOf(units: number, decimals: number, idle: bigint, what: string): bigint {
  if (!(units >= 0 && units < Infinity)) {
    throw new PlanError(`An amount of ${what} must be zero or more, not ${units}.`);
  }
  const wei = weiFromUnits(units, decimals);
  if (idle === 0n || wei === 0n) return 0n;
  if (wei + 2n >= idle - idle / BILLION) return ONE;
  return (wei * ONE) / idle;
}

function least(values: readonly (bigint | undefined)[], allowance: bigint): bigint {
  const given = values.filter((value) => value !== undefined);
  const smallest = given.reduce((a, b) => (b < a ? b : a));
  return (smallest * allowance) / BILLION;
}

function billionths(value: number): bigint {
  return BigInt(Math.round(value * Number(BILLION)));
}
