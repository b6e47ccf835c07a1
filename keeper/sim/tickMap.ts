/**
 * A tick map: a pool's price and liquidity at one block, with the liquidity that begins and ends at each tick. Numbers of more
 * than 53 bits are decimal strings.
 */
import { readFileSync } from "node:fs";

import { z } from "zod";

import {
  getSqrtRatioAtTick,
  getTickAtSqrtRatio,
  MAX_SQRT_RATIO,
  MAX_TICK,
  MIN_SQRT_RATIO,
  MIN_TICK,
} from "../chain/tickMath.ts";
import { SimulationFileError } from "./errors.ts";
import { MAX_UINT128, MAX_UINT256 } from "./integers.ts";
import { maxLiquidityPerTick } from "./tick.ts";
import { type PoolState, type TickState } from "./machine.ts";

const whole = z
  .string()
  .regex(/^-?\d+$/, "is not a whole number in decimal digits")
  .transform((text) => BigInt(text));
const unsigned = (max: bigint): z.ZodType<bigint, string> =>
  whole.refine((value) => value >= 0n && value <= max, "does not fit its type");
const growth = unsigned(MAX_UINT256);

const schema = z.object({
  sqrtPriceX96: whole.refine(
    (value) => value >= MIN_SQRT_RATIO && value < MAX_SQRT_RATIO,
    "is no sqrt price of a Uniswap v3 pool",
  ),
  tick: z.int().min(MIN_TICK).max(MAX_TICK),
  liquidity: unsigned(MAX_UINT128),
  fee: z.int().min(0).max(999_999),
  tickSpacing: z.int().min(1).max(16_383),
  feeGrowthGlobal0X128: growth.optional(),
  feeGrowthGlobal1X128: growth.optional(),
  feeProtocol: z
    .int()
    .refine((value) => [value & 15, value >> 4].every((part) => part === 0 || (part >= 4 && part <= 10)), {
      message: "is no protocol's part: each half of the byte is 0 or 4 to 10",
    })
    .optional(),
  ticks: z.array(
    z.object({
      index: z.int().min(MIN_TICK).max(MAX_TICK),
      liquidityGross: unsigned(MAX_UINT128),
      liquidityNet: whole.refine((value) => BigInt.asIntN(128, value) === value, "does not fit its type"),
      feeGrowthOutside0X128: growth.optional(),
      feeGrowthOutside1X128: growth.optional(),
    }),
  ),
  chainId: z.int().positive().optional(),
  pool: z.string().optional(),
  block: z.int().nonnegative().optional(),
  blockHash: z.string().optional(),
  /** Unix seconds of the block. */
  time: z.int().nonnegative().optional(),
});

/** A checked tick map. */
export interface TickMap extends PoolState {
  readonly fee: number;
  readonly tickSpacing: number;
  readonly chainId: number | undefined;
  /** Address. */
  readonly pool: string | undefined;
  /** After which the pool stood so. */
  readonly block: number | undefined;
}

/** @throws SimulationFileError naming the file and what is wrong with it */
export function readTickMap(file: string): TickMap {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw new SimulationFileError(file, undefined, "the tick map cannot be read; check the path.", { cause });
  }
  return parseTickMap(text, file);
}

/**
 * @param text JSON
 * @param file how messages name it
 * @throws SimulationFileError
 */
export function parseTickMap(text: string, file: string): TickMap {
  const fail = (problem: string, cause?: unknown): never => {
    throw new SimulationFileError(file, undefined, problem, cause === undefined ? undefined : { cause });
  };
  let raw: unknown;
  try {
    raw = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (cause) {
    return fail("the tick map is not JSON; give a file as strata data fetch --snapshot writes it.", cause);
  }
  const parsed = schema.safeParse(raw);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const where = issue === undefined || issue.path.length === 0 ? "the tick map:" : issue.path.join(".");
    return fail(`${where} ${issue?.message ?? "is wrong"}; correct the tick map.`, parsed.error);
  }
  const map = parsed.data;
  const { tickSpacing, tick, sqrtPriceX96 } = map;
  const most = maxLiquidityPerTick(tickSpacing);
  let [sum, active, last] = [0n, 0n, -Infinity];
  for (const { index, liquidityGross, liquidityNet } of map.ticks) {
    if (index <= last) {
      fail(
        `tick ${index} ${index === last ? "is there twice" : `is out of order after ${last}`}; list each tick once, ascending.`,
      );
    }
    last = index;
    if (index % tickSpacing !== 0) {
      fail(
        `tick ${index} is no multiple of the tick spacing ${tickSpacing}; give the map of a pool with that spacing.`,
      );
    }
    if (liquidityGross === 0n) fail(`tick ${index} has no liquidity; leave it out.`);
    if (liquidityNet > liquidityGross || -liquidityNet > liquidityGross) {
      fail(`the net liquidity of tick ${index} is larger than all of its liquidity; correct the tick map.`);
    }
    if ((liquidityGross + liquidityNet) % 2n !== 0n) {
      fail(`no positions give tick ${index} such a net of such a gross liquidity; correct the tick map.`);
    }
    if (liquidityGross > most) {
      fail(`tick ${index} has more liquidity than a pool of spacing ${tickSpacing} takes; correct the tick map.`);
    }
    sum += liquidityNet;
    if (index <= tick) active += liquidityNet;
    if (sum < 0n) fail(`liquidity falls below zero at tick ${index}; correct the tick map.`);
  }
  if (sum !== 0n) {
    fail(
      `the net liquidity of all ticks sums to ${sum} where every position that begins also ends; the map is not complete.`,
    );
  }
  if (active !== map.liquidity) {
    fail(
      `the ticks give a liquidity of ${active} at tick ${tick}, the map says ${map.liquidity}; the map is not of one block.`,
    );
  }
  if (!isTickOfPrice(tick, sqrtPriceX96)) {
    fail(`tick ${tick} is not that of the sqrt price ${sqrtPriceX96}; the map is not of one block.`);
  }
  return {
    fee: map.fee,
    tickSpacing,
    sqrtPriceX96,
    tick,
    liquidity: map.liquidity,
    feeGrowth: { token0X128: map.feeGrowthGlobal0X128 ?? 0n, token1X128: map.feeGrowthGlobal1X128 ?? 0n },
    feeProtocol: map.feeProtocol ?? 0,
    time: map.time ?? 0,
    ticks: map.ticks.map((one): TickState => ({
      tick: one.index,
      liquidityGross: one.liquidityGross,
      liquidityNet: one.liquidityNet,
      feeGrowthOutside0X128: one.feeGrowthOutside0X128 ?? 0n,
      feeGrowthOutside1X128: one.feeGrowthOutside1X128 ?? 0n,
    })),
    chainId: map.chainId,
    pool: map.pool,
    block: map.block,
  };
}

/** Whether a pool at a price can say that this is its tick: a price that fell onto a tick has left it. */
export function isTickOfPrice(tick: number, sqrtPriceX96: bigint): boolean {
  const exact = getTickAtSqrtRatio(sqrtPriceX96);
  return tick === exact || (tick === exact - 1 && getSqrtRatioAtTick(exact) === sqrtPriceX96);
}
