/**
 * PlanLib's bookkeeping in exact integers: what the vault holds after each step of a plan. Steps come in the chain's order: burns, then the
 * treasury's part of the fees that they collected is set aside, then moves, swaps, more moves, mints; swaps and mints use all but one wei of what is idle.
 * Burns and mints come out to the wei. So do swaps where the pools are simulated (pools.ts); elsewhere they are exact as long as they cross no
 * initialised tick, since the lens shows only the liquidity in range, and the simulation at the node has the last word.
 */
import { getAmountsForLiquidity, getLiquidityForAmounts } from "../chain/liquidityAmounts.ts";
import { getSqrtRatioAtTick, MAX_SQRT_RATIO, MIN_SQRT_RATIO, Q96 } from "../chain/tickMath.ts";
import type { Snapshot } from "../observe/snapshot.ts";
import { type PlanPool, StretchPool, type SwapOutcome } from "./pools.ts";
import { type MoveStep, ONE, PlanError } from "./types.ts";

const BPS = 10_000n;

interface Position {
  readonly index: number;
  readonly fee: number;
  readonly tickLower: number;
  readonly tickUpper: number;
  readonly sqrtLowerX96: bigint;
  readonly sqrtUpperX96: bigint;
  liquidity: bigint;
  /** Not collected yet; wei. */
  fees0: bigint;
  fees1: bigint;
}

/** A range that the plan minted into. */
export interface Minted {
  readonly fee: number;
  readonly sqrtLowerX96: bigint;
  readonly sqrtUpperX96: bigint;
  readonly liquidity: bigint;
}

export interface PaidOut {
  readonly amount0: bigint;
  readonly amount1: bigint;
}

/** What a plan took out of one fee tier's ranges and put into them; principal, wei. */
export interface TierFlow {
  readonly out0: bigint;
  readonly out1: bigint;
  readonly in0: bigint;
  readonly in1: bigint;
}

/** What the vault's part of a sleeve stands for at its low marks, wei; below zero is owed. */
export interface SleeveNets {
  readonly net0: bigint;
  readonly net1: bigint;
}

/** A move as MoveLib takes it, its minimum and its time aside. */
export interface ModelMove extends Pick<MoveStep, "sleeve" | "take" | "token1" | "fraction"> {
  /** A take from a venue that pays later: nothing comes of it now. */
  readonly asks?: boolean;
}

const NO_FLOW: TierFlow = { out0: 0n, out1: 0n, in0: 0n, in1: 0n };

export interface ModelOptions {
  /** Changes every pool's sqrt price, for asking what a plan would do at another price; default none. */
  readonly move?: (sqrtPriceX96: bigint) => bigint;
  /** The oracle's price then. */
  readonly mid?: bigint;
  /** By fee tier, in place of the stretch of liquidity that the snapshot shows. The plan changes them. */
  readonly pools?: ReadonlyMap<number, PlanPool>;
}

/** The vault while a plan runs. Steps must come in the plan's order: burns, moves, swaps, moves, mints. */
export class PlanModel {
  #idle0: bigint;
  #idle1: bigint;
  readonly #pools: Map<number, PlanPool>;
  readonly #positions: Map<number, Position>;
  readonly #minted: Minted[] = [];
  readonly #flows = new Map<number, TierFlow>();
  readonly #sold: PaidOut[] = [];
  readonly #treasuryShareBps: bigint;
  readonly #quoteIsToken0: boolean;
  readonly #mid: bigint;
  readonly #sleeves: Map<number, SleeveNets>;
  /** Those whose venue pays out now. */
  readonly #open: ReadonlySet<number>;
  readonly #touched = new Set<number>();
  readonly #given: PaidOut[] = [];
  readonly #taken: PaidOut[] = [];
  /** Collected and not divided yet. */
  #fees0 = 0n;
  #fees1 = 0n;

  constructor(
    snapshot: Snapshot,
    {
      move = (same: bigint): bigint => same,
      mid = snapshot.price.mid,
      pools = new Map<number, PlanPool>(),
    }: ModelOptions = {},
  ) {
    this.#quoteIsToken0 = snapshot.quoteIsToken0;
    this.#mid = mid;
    this.#sleeves = new Map(
      snapshot.sleeves
        .filter(({ answers }) => answers)
        .map(({ index, nets }) => [index, { net0: nets.low0, net1: nets.low1 }]),
    );
    this.#open = new Set(snapshot.sleeves.filter(({ obstacle }) => obstacle === 0).map(({ index }) => index));
    this.#idle0 = snapshot.idle0;
    this.#idle1 = snapshot.idle1;
    this.#treasuryShareBps = BigInt(snapshot.treasuryShareBps);
    this.#pools = new Map(
      snapshot.tiers.map(({ fee, sqrtPriceX96, liquidity }) => [
        fee,
        pools.get(fee) ?? new StretchPool(fee, clampPrice(move(sqrtPriceX96)), liquidity),
      ]),
    );
    this.#positions = new Map(
      snapshot.positions.map((position) => [
        position.index,
        {
          index: position.index,
          fee: position.fee,
          tickLower: position.tickLower,
          tickUpper: position.tickUpper,
          sqrtLowerX96: getSqrtRatioAtTick(position.tickLower),
          sqrtUpperX96: getSqrtRatioAtTick(position.tickUpper),
          liquidity: position.liquidity,
          fees0: position.fees0,
          fees1: position.fees1,
        },
      ]),
    );
  }

  /** Idle token0 now, wei. */
  get idle0(): bigint {
    return this.#idle0;
  }

  /** Idle token1 now, wei. */
  get idle1(): bigint {
    return this.#idle1;
  }

  get minted(): readonly Minted[] {
    return this.#minted;
  }

  /** Ranges from before the plan, with what burns have left in them. */
  get kept(): readonly Minted[] {
    return [...this.#positions.values()]
      .filter(({ liquidity }) => liquidity > 0n)
      .map(({ fee, sqrtLowerX96, sqrtUpperX96, liquidity }) => ({ fee, sqrtLowerX96, sqrtUpperX96, liquidity }));
  }

  /** By fee tier that burns or mints touched. */
  get flows(): readonly TierFlow[] {
    return [...this.#flows.values()];
  }

  /** What each swap took in. */
  get sold(): readonly PaidOut[] {
    return this.#sold;
  }

  /** By place. */
  get sleeves(): ReadonlyMap<number, SleeveNets> {
    return new Map(this.#sleeves);
  }

  /** The sleeves that moves went to. */
  get touched(): ReadonlySet<number> {
    return new Set(this.#touched);
  }

  /** What each move gave to a sleeve, and what each took. */
  get given(): readonly PaidOut[] {
    return this.#given;
  }

  get taken(): readonly PaidOut[] {
    return this.#taken;
  }

  /** All ranges that the vault holds now; what was minted into an existing one is one with it. */
  get held(): readonly Minted[] {
    const held = new Map<string, Minted>();
    for (const { fee, sqrtLowerX96, sqrtUpperX96, liquidity } of [...this.kept, ...this.#minted]) {
      const key = `${fee}:${sqrtLowerX96}:${sqrtUpperX96}`;
      held.set(key, { fee, sqrtLowerX96, sqrtUpperX96, liquidity: (held.get(key)?.liquidity ?? 0n) + liquidity });
    }
    return [...held.values()];
  }

  sqrtPriceX96(fee: number): bigint {
    return this.#pool(fee).sqrtPriceX96;
  }

  /** @returns what the burned liquidity brings, fees aside */
  burn(index: number, fraction: bigint): PaidOut {
    const position = this.#positions.get(index);
    if (position === undefined || position.liquidity === 0n) {
      throw new PlanError(`The decision burns position ${index}, which holds nothing; decide on a fresh snapshot.`);
    }
    const part = (position.liquidity * fraction) / ONE;
    const pool = this.#pool(position.fee);
    const paid = getAmountsForLiquidity(pool.sqrtPriceX96, position.sqrtLowerX96, position.sqrtUpperX96, part, "down");
    this.#idle0 += paid.amount0;
    this.#idle1 += paid.amount1;
    this.#fees0 += position.fees0;
    this.#fees1 += position.fees1;
    this.#flow(position.fee, { out0: paid.amount0, out1: paid.amount1 });
    pool.change(position, -part);
    position.liquidity -= part;
    position.fees0 = 0n;
    position.fees1 = 0n;
    return paid;
  }

  /** After the burns: what they collected is idle now, but for the treasury's part. */
  divideFees(): void {
    this.#idle0 += this.#fees0 - (this.#fees0 * this.#treasuryShareBps) / BPS;
    this.#idle1 += this.#fees1 - (this.#fees1 * this.#treasuryShareBps) / BPS;
    this.#fees0 = 0n;
    this.#fees1 = 0n;
  }

  /**
   * @param out the output to assume; absent: what the liquidity in range gives
   * @returns input and output, wei
   */
  swap(fee: number, zeroForOne: boolean, fraction: bigint, sqrtPriceLimitX96: bigint, out?: bigint): SwapOutcome {
    const pool = this.#pool(fee);
    const offered = part(zeroForOne ? this.#idle0 : this.#idle1, fraction);
    const outcome =
      out === undefined
        ? pool.swap(zeroForOne, offered, sqrtPriceLimitX96)
        : { amountIn: offered, amountOut: out, crossed: null };
    const { amountIn, amountOut } = outcome;
    this.#sold.push(zeroForOne ? { amount0: amountIn, amount1: 0n } : { amount0: 0n, amount1: amountIn });
    if (zeroForOne) {
      this.#idle0 -= amountIn;
      this.#idle1 += amountOut;
    } else {
      this.#idle1 -= amountIn;
      this.#idle0 += amountOut;
    }
    return outcome;
  }

  /**
   * What the fraction of a move is of, see struct Move (contracts/interfaces/Types.sol).
   *
   * @returns `of` in wei; `idle`: it is the idle amount, of which a wei stays; `borrows`: it is the worth of the other leg
   */
  moveBase(index: number, take: boolean, token1: boolean): { readonly of: bigint; readonly kind: MoveKind } {
    const nets = this.#netsOf(index);
    const [held, other] = token1 ? [nets.net1, nets.net0] : [nets.net0, nets.net1];
    if (!take) {
      return held < 0n ? { of: -held, kind: "repay" } : { of: token1 ? this.#idle1 : this.#idle0, kind: "give" };
    }
    if (held > 0n) return { of: held, kind: "take" };
    if (other <= 0n) {
      throw new PlanError(
        `The decision takes from sleeve ${index} what it neither holds nor can borrow; decide on a fresh snapshot.`,
      );
    }
    const borrowsQuote = token1 !== this.#quoteIsToken0;
    return { of: borrowsQuote ? (other * this.#mid) / Q96 : (other * Q96) / this.#mid, kind: "borrow" };
  }

  /** @returns what moves, wei; of a sleeve that is closed, what it owned */
  move({ sleeve, take, token1, fraction, asks = false }: ModelMove): bigint {
    const { of, kind } = this.moveBase(sleeve, take, token1);
    if (asks) {
      // What the venue has paid meanwhile comes, too, but nobody can tell how much.
      this.#touched.add(sleeve);
      return 0n;
    }
    if (kind === "take" && fraction === ONE && this.#close(sleeve)) return of;
    const idle = token1 ? this.#idle1 : this.#idle0;
    let amount = (of * fraction) / ONE;
    if (kind === "give") amount = part(idle, fraction);
    if (kind === "repay") amount = smaller(divUp(of * fraction, ONE), idle);
    const nets = this.#netsOf(sleeve);
    const [net, into] = [token1 ? nets.net1 : nets.net0, take ? -amount : amount];
    // A debt that begins is a wei more than what was borrowed, since the venue counts it in shares and rounds it up.
    const after = net + into - (kind === "borrow" && net === 0n ? 1n : 0n);
    this.#sleeves.set(sleeve, token1 ? { ...nets, net1: after } : { ...nets, net0: after });
    this.#touched.add(sleeve);
    if (token1) this.#idle1 -= into;
    else this.#idle0 -= into;
    const moved = token1 ? { amount0: 0n, amount1: amount } : { amount0: amount, amount1: 0n };
    (take ? this.#taken : this.#given).push(moved);
    return amount;
  }

  /** A sleeve is closed whole if its venue pays out and enough is idle to pay what it owes. @returns whether it is */
  #close(index: number): boolean {
    const { net0, net1 } = this.#netsOf(index);
    if (!this.#open.has(index) || this.#idle0 + net0 < 0n || this.#idle1 + net1 < 0n) return false;
    this.#sleeves.set(index, { net0: 0n, net1: 0n });
    this.#touched.add(index);
    this.#idle0 += net0;
    this.#idle1 += net1;
    this.#taken.push({ amount0: positive(net0), amount1: positive(net1) });
    if (net0 < 0n || net1 < 0n) this.#given.push({ amount0: positive(-net0), amount1: positive(-net1) });
    return true;
  }

  #netsOf(index: number): SleeveNets {
    const nets = this.#sleeves.get(index);
    if (nets === undefined) {
      throw new PlanError(
        `The decision moves sleeve ${index}, which the snapshot does not show or which does not answer.`,
      );
    }
    return nets;
  }

  /** @returns the liquidity that the chain would mint; 0 is what it would refuse */
  mint(fee: number, tickLower: number, tickUpper: number, fraction0: bigint, fraction1: bigint): bigint {
    const pool = this.#pool(fee);
    const sqrtLowerX96 = getSqrtRatioAtTick(tickLower);
    const sqrtUpperX96 = getSqrtRatioAtTick(tickUpper);
    const liquidity = getLiquidityForAmounts(
      pool.sqrtPriceX96,
      sqrtLowerX96,
      sqrtUpperX96,
      part(this.#idle0, fraction0),
      part(this.#idle1, fraction1),
    );
    const range = { fee, sqrtLowerX96, sqrtUpperX96, liquidity };
    const paid = getAmountsForLiquidity(pool.sqrtPriceX96, sqrtLowerX96, sqrtUpperX96, liquidity, "up");
    this.#idle0 -= paid.amount0;
    this.#idle1 -= paid.amount1;
    this.#flow(fee, { in0: paid.amount0, in1: paid.amount1 });
    pool.change({ tickLower, tickUpper }, liquidity);
    this.#minted.push(range);
    return liquidity;
  }

  #flow(fee: number, more: Partial<TierFlow>): void {
    const flow = this.#flows.get(fee) ?? NO_FLOW;
    this.#flows.set(fee, {
      out0: flow.out0 + (more.out0 ?? 0n),
      out1: flow.out1 + (more.out1 ?? 0n),
      in0: flow.in0 + (more.in0 ?? 0n),
      in1: flow.in1 + (more.in1 ?? 0n),
    });
  }

  #pool(fee: number): PlanPool {
    const pool = this.#pools.get(fee);
    if (pool === undefined) {
      throw new PlanError(
        `The decision uses the tier with fee ${fee}, which the snapshot does not show; use a tier of the policy.`,
      );
    }
    return pool;
  }
}

export type MoveKind = "give" | "repay" | "take" | "borrow";

function positive(x: bigint): bigint {
  return x > 0n ? x : 0n;
}

function smaller(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

/** So much of an idle amount; a wei of each token always stays. */
export function part(idle: bigint, fraction: bigint): bigint {
  return idle === 0n ? 0n : ((idle - 1n) * fraction) / ONE;
}

function clampPrice(sqrtPriceX96: bigint): bigint {
  if (sqrtPriceX96 < MIN_SQRT_RATIO) return MIN_SQRT_RATIO;
  return sqrtPriceX96 >= MAX_SQRT_RATIO ? MAX_SQRT_RATIO - 1n : sqrtPriceX96;
}

function divUp(numerator: bigint, denominator: bigint): bigint {
  return (numerator + denominator - 1n) / denominator;
}

/** Greatest integer whose square is at most n (Newton's method). */
export function isqrt(n: bigint): bigint {
  if (n < 2n) return n;
  let x = 1n << BigInt((n.toString(2).length + 1) >> 1);
  for (;;) {
    const next = (x + n / x) >> 1n;
    if (next >= x) return x;
    x = next;
  }
}

/** The pool's sqrt price of a price in quote wei per base wei times 2^96, rounded down, as contracts/libraries/Valuation.sol does. */
export function sqrtPriceOf(priceX96: bigint, quoteIsToken0: boolean): bigint {
  return isqrt(quoteIsToken0 ? ((1n << 192n) * Q96) / priceX96 : priceX96 << 96n);
}
