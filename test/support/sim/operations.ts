/**
 * Random calls of a pool. They are drawn as numbers without a meaning of their own and get one only from the pool as it stands
 * (a tick near the current one, a part of a position), so that a long random sequence stays a meaningful one, also after
 * fast-check has taken calls out of it.
 */
import fc from "fast-check";

import {
  getSqrtRatioAtTick,
  MAX_SQRT_RATIO,
  MAX_TICK,
  maxUsableTick,
  MIN_SQRT_RATIO,
  MIN_TICK,
} from "../../../keeper/chain/tickMath.ts";
import type { PoolMachine } from "../../../keeper/sim/machine.ts";
import { positionKey } from "../../../keeper/sim/position.ts";
import { amount0Delta, amount1Delta } from "../../../keeper/sim/sqrtPriceMath.ts";
import type { Range } from "../../../keeper/sim/types.ts";

/** What is paid beyond what the pool asks for, wei; null pays exactly that. */
export type Extra = readonly [more0: bigint, more1: bigint] | null;

/** A call as one makes it. */
export type Operation =
  | { readonly kind: "initialize"; readonly price: bigint }
  | { readonly kind: "mint"; readonly range: Range; readonly liquidity: bigint; readonly extra: Extra }
  | { readonly kind: "burn"; readonly range: Range; readonly liquidity: bigint }
  | { readonly kind: "collect"; readonly range: Range; readonly most0: bigint; readonly most1: bigint }
  | {
      readonly kind: "swap";
      readonly zeroForOne: boolean;
      readonly amount: bigint;
      readonly limit: bigint;
      readonly extra: Extra;
    }
  | { readonly kind: "flash"; readonly amount0: bigint; readonly amount1: bigint; readonly extra: Extra }
  | { readonly kind: "setFeeProtocol"; readonly part0: number; readonly part1: number }
  | { readonly kind: "collectProtocol"; readonly most0: bigint; readonly most1: bigint }
  | { readonly kind: "grow"; readonly next: number }
  | { readonly kind: "observe"; readonly secondsAgos: readonly number[] }
  | { readonly kind: "inside"; readonly range: Range };

/** A draw: which call, and the dice for it. */
export interface Draw {
  readonly pick: number;
  readonly dice: readonly number[];
  /** A number of up to 256 bits. */
  readonly big: bigint;
}

/** Calls of one transaction, so many seconds after the one before. */
export interface Batch {
  readonly seconds: number;
  readonly draws: readonly Draw[];
}

const DICE = 8;
/** Without fast-check's bias to the ends, which would be a bias to the rarest calls. */
const unit = fc.noBias(fc.integer({ min: 0, max: 999_999 }));

const draw: fc.Arbitrary<Draw> = fc.record({
  pick: unit,
  dice: fc.array(unit, { minLength: DICE, maxLength: DICE }),
  big: fc.bigInt({ min: 0n, max: (1n << 256n) - 1n }),
});

const seconds = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 60 }) },
  { weight: 3, arbitrary: fc.integer({ min: 61, max: 100_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 100_001, max: 40_000_000 }) },
);

/** A world's calls: so many on the average. */
export function batches(calls: number, perBatch: number): fc.Arbitrary<readonly Batch[]> {
  const count = Math.ceil(calls / perBatch);
  return fc.array(
    fc.record({ seconds, draws: fc.array(draw, { minLength: perBatch, maxLength: perBatch, size: "max" }) }),
    { minLength: count, maxLength: count, size: "max" },
  );
}

const MAX_UINT128 = (1n << 128n) - 1n;
const MAX_INT256 = (1n << 255n) - 1n;

/** Chances in a million; the rest are swaps. */
const CHANCES = [
  [160_000, "mint"],
  [140_000, "burn"],
  [70_000, "collect"],
  [40_000, "flash"],
  [20_000, "setFeeProtocol"],
  [15_000, "collectProtocol"],
  [10_000, "grow"],
  [30_000, "observe"],
  [30_000, "inside"],
  [2_000, "initialize"],
] as const;

/** Dice that are used up one after the other. */
class Dice {
  readonly #draw: Draw;
  #used = 0;

  constructor(draw: Draw) {
    this.#draw = draw;
  }

  /** In [0, 1). */
  next(): number {
    const value = this.#draw.dice[this.#used % DICE] ?? 0;
    this.#used += 1;
    return value / 1_000_000;
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** Whole number in [low, high]. */
  int(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  pick<T>(list: readonly T[]): T | undefined {
    return list[Math.floor(this.next() * list.length)];
  }

  /** Log-uniform, of at most so many bits, at least one. */
  wei(bits: number): bigint {
    const width = BigInt(this.int(1, bits));
    return (1n << (width - 1n)) | (this.#draw.big & ((1n << (width - 1n)) - 1n));
  }
}

/** The call that a draw means to a pool as it stands. @param owner whose positions are changed */
export function operationOf(draw: Draw, pool: PoolMachine, owner: string): Operation {
  const dice = new Dice(draw);
  let rest = draw.pick;
  for (const [chance, kind] of CHANCES) {
    if (rest < chance) return BY_KIND[kind](dice, pool, owner);
    rest -= chance;
  }
  return swap(dice, pool);
}

const BY_KIND: Readonly<
  Record<(typeof CHANCES)[number][1], (dice: Dice, pool: PoolMachine, owner: string) => Operation>
> = {
  mint: (dice, pool) => mint(dice, pool),
  burn,
  collect: (dice, pool, owner) => ({
    kind: "collect",
    range: knownRange(dice, pool, owner),
    most0: most(dice),
    most1: most(dice),
  }),
  flash: (dice, pool) => {
    const held = pool.state.balances ?? { amount0: 0n, amount1: 0n };
    const loan = (whole: bigint): bigint =>
      dice.chance(0.15) ? 0n : dice.chance(0.1) ? whole + 1n : (whole * BigInt(dice.int(0, 1_000))) / 1_000n;
    const [amount0, amount1] = [loan(held.amount0), loan(held.amount1)];
    const slack = (): bigint => (dice.chance(0.1) ? -1n : dice.chance(0.2) ? dice.wei(80) : 0n);
    return { kind: "flash", amount0, amount1, extra: [amount0 + slack(), amount1 + slack()] };
  },
  setFeeProtocol: (dice) => {
    const part = (): number => (dice.chance(0.1) ? dice.int(1, 3) : dice.chance(0.3) ? 0 : dice.int(4, 11));
    return { kind: "setFeeProtocol", part0: part(), part1: part() };
  },
  collectProtocol: (dice) => ({ kind: "collectProtocol", most0: most(dice), most1: most(dice) }),
  grow: (dice, pool) => ({
    kind: "grow",
    next: Math.min(Math.max(pool.state.slot0.observationCardinalityNext + dice.int(-1, 6), 0), 200),
  }),
  observe: (dice) => ({
    kind: "observe",
    secondsAgos: Array.from({ length: dice.int(0, 3) }, () =>
      dice.chance(0.2) ? 0 : Math.floor(2 ** (dice.next() * 24)),
    ),
  }),
  inside: (dice, pool, owner) => ({ kind: "inside", range: knownRange(dice, pool, owner) }),
  initialize: (dice) => ({
    kind: "initialize",
    price: dice.chance(0.5) ? dice.wei(160) : getSqrtRatioAtTick(dice.int(-1000, 1000)),
  }),
};

function most(dice: Dice): bigint {
  return dice.chance(0.6) ? MAX_UINT128 : dice.chance(0.2) ? 0n : dice.wei(100);
}

function usable(tick: number, spacing: number): number {
  const max = maxUsableTick(spacing);
  return Math.min(Math.max(Math.floor(tick / spacing) * spacing, -max), max);
}

function anyRange(dice: Dice, pool: PoolMachine): Range {
  const { tickSpacing: spacing, state } = pool;
  const { tick } = state.slot0;
  const kind = dice.next();
  const max = maxUsableTick(spacing);
  if (kind < 0.12) return { tickLower: -max, tickUpper: max };
  if (kind < 0.18) return { tickLower: -max, tickUpper: usable(tick, spacing) };
  if (kind < 0.24) return { tickLower: usable(tick, spacing) + spacing, tickUpper: max };
  const reach = kind < 0.8 ? 12 : 3_000;
  const lower = usable(tick + dice.int(-reach, reach) * spacing, spacing);
  const upper = usable(lower + dice.int(1, reach) * spacing, spacing);
  if (kind < 0.97) return { tickLower: lower, tickUpper: upper };
  // What the pool must refuse.
  return (
    dice.pick([
      { tickLower: lower, tickUpper: lower },
      { tickLower: upper, tickUpper: lower - spacing },
      { tickLower: lower + 1, tickUpper: upper + 1 + spacing },
      { tickLower: MIN_TICK - 1, tickUpper: upper },
      { tickLower: lower, tickUpper: MAX_TICK + 1 },
      { tickLower: MIN_TICK, tickUpper: MAX_TICK },
    ]) ?? { tickLower: lower, tickUpper: upper }
  );
}

/** A range of the owner's, mostly. */
function knownRange(dice: Dice, pool: PoolMachine, owner: string): Range {
  const keys = [...pool.state.positions()].map(([key]) => key).filter((key) => key.startsWith(`${owner}:`));
  const key = dice.pick(keys);
  if (key === undefined || dice.chance(0.05)) return anyRange(dice, pool);
  const [, lower = "", upper = ""] = key.split(":");
  return { tickLower: Number(lower), tickUpper: Number(upper) };
}

function extra(dice: Dice): Extra {
  const kind = dice.next();
  if (kind < 0.93) return null;
  if (kind < 0.96) return [-1n, 0n];
  if (kind < 0.98) return [0n, -1n];
  return [dice.wei(60), dice.wei(60)];
}

function mint(dice: Dice, pool: PoolMachine): Operation {
  const range = anyRange(dice, pool);
  const kind = dice.next();
  const room = pool.maxLiquidityPerTick - pool.state.tick(range.tickLower).liquidityGross;
  const liquidity =
    kind < 0.02
      ? 0n
      : kind < 0.03
        ? MAX_UINT128
        : kind < 0.05
          ? room + 1n
          : kind < 0.07
            ? room
            : kind < 0.25
              ? dice.wei(12)
              : kind < 0.35
                ? dice.wei(113)
                : dice.wei(90);
  return { kind: "mint", range, liquidity: liquidity < 0n ? 0n : liquidity, extra: extra(dice) };
}

function burn(dice: Dice, pool: PoolMachine, owner: string): Operation {
  const range = knownRange(dice, pool, owner);
  const { liquidity: held } = pool.state.position(positionKey(owner, range.tickLower, range.tickUpper));
  const kind = dice.next();
  const liquidity =
    kind < 0.25
      ? 0n
      : kind < 0.55
        ? held
        : kind < 0.6
          ? held + 1n
          : kind < 0.62
            ? MAX_UINT128
            : (held * BigInt(dice.int(0, 1_000))) / 1_000n;
  return { kind: "burn", range, liquidity };
}

function swap(dice: Dice, pool: PoolMachine): Operation {
  const { sqrtPriceX96, tick } = pool.state.slot0;
  // A pool that is not opened yet refuses whatever it is asked.
  const price = sqrtPriceX96 === 0n ? getSqrtRatioAtTick(0) : sqrtPriceX96;
  const { liquidity } = pool.state;
  const { tickSpacing: spacing } = pool;
  const zeroForOne = dice.chance(0.5);
  const exactIn = dice.chance(0.6);
  const sign = zeroForOne ? -1 : 1;
  // Where the price may go: a far tick costs the chain a step for each word of the bitmap on the way.
  const far = dice.next();
  const words = far < 0.9 ? 3 : far < 0.995 || spacing < 10 ? 40 : 4_000;
  const limitTick = Math.min(Math.max(tick + sign * dice.int(0, words * 256) * spacing, MIN_TICK), MAX_TICK);
  const near = Math.min(Math.max(usable(tick, spacing) + sign * dice.int(0, 6) * spacing, MIN_TICK), MAX_TICK);
  const kind = dice.next();
  const inside = (limit: bigint): bigint =>
    limit <= MIN_SQRT_RATIO ? MIN_SQRT_RATIO + 1n : limit >= MAX_SQRT_RATIO ? MAX_SQRT_RATIO - 1n : limit;
  const limit =
    kind < 0.55
      ? inside(getSqrtRatioAtTick(limitTick))
      : kind < 0.75
        ? inside(getSqrtRatioAtTick(near))
        : kind < 0.85
          ? inside(getSqrtRatioAtTick(near) + BigInt(dice.int(-1, 1)))
          : kind < 0.97
            ? inside(price + BigInt(sign) * (dice.wei(Math.max(price.toString(2).length - 8, 1)) % price))
            : kind < 0.98
              ? price
              : kind < 0.99
                ? MIN_SQRT_RATIO
                : MAX_SQRT_RATIO;

  const size = dice.next();
  const target = inside(getSqrtRatioAtTick(near));
  const toTarget = (exactIn === zeroForOne ? amount0Delta : amount1Delta)(price, target, liquidity, exactIn);
  const amount =
    size < 0.01
      ? 0n
      : size < 0.03
        ? MAX_INT256 + (exactIn ? 0n : 1n)
        : size < 0.18
          ? BigInt(dice.int(1, 12))
          : size < 0.4
            ? // To the edge of a tick, with the fee or without it, give or take a wei.
              toTarget +
              BigInt(dice.int(-1, 1)) +
              (dice.chance(0.5) ? (toTarget * BigInt(pool.fee)) / (1_000_000n - BigInt(pool.fee)) : 0n)
            : size < 0.9
              ? // A part of the liquidity: about what moves the price by ticks.
                (liquidity * dice.wei(20)) / (1n << 24n) + 1n
              : dice.wei(180);
  const magnitude = amount <= 0n && size >= 0.01 ? 1n : amount;
  return { kind: "swap", zeroForOne, amount: exactIn ? magnitude : -magnitude, limit, extra: extra(dice) };
}
