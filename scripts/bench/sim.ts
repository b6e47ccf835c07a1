/**
 * How fast the simulated pool swaps, beside @uniswap/v3-sdk on the same swaps in the same run: over one full-range position, and
 * over a real map of 280 ticks. Both are used as their users do: bigint or CurrencyAmount in, amounts out, the pool after the
 * swap kept for the next one. Every amount of the two is compared. Beside it the back-test's engine (fastEngine.ts)
 * and a sweep over it (sweep.ts).
 */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import type * as Core from "@uniswap/sdk-core";
import type * as Sdk from "@uniswap/v3-sdk";

import { MAX_SQRT_RATIO, maxUsableTick, MIN_SQRT_RATIO } from "../../keeper/chain/tickMath.ts";
import { FastPool } from "../../keeper/sim/fastPool.ts";
import type { PoolState } from "../../keeper/sim/machine.ts";
import { Pool } from "../../keeper/sim/pool.ts";
import { readTickMap } from "../../keeper/sim/tickMap.ts";
import type { PoolTerms, SwapOrder } from "../../keeper/sim/types.ts";
import { benchPath, type FastLine, measureFast } from "./fastEngine.ts";
import { measureSweep, type SweepLine } from "./sweep.ts";

const require = createRequire(import.meta.url);
const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const MAP = "univ3/tickmap-usdc-weth-3000-a.json";

export interface SimLine {
  readonly strataPerSecond: number;
  readonly v3sdkPerSecond: number;
  readonly ratio: number;
  /** Our own reference in plain bigint. */
  readonly referencePerSecond: number;
  readonly swaps: number;
  /** Initialised ticks passed by these swaps. */
  readonly crossings: number;
}

export interface SimReport {
  readonly fullRange: SimLine;
  /** Absent where the data are not at hand. */
  readonly realMap?: SimLine;
  readonly fast: FastLine;
  readonly sweep: SweepLine;
}

/** Swaps of a run, and how often ours and the reference go through them: enough for a second or so. */
const SWAPS = 20_000;
const ROUNDS = 40;
const REFERENCE_ROUNDS = 2;

/** @param log a line for people, if something is left out */
export async function measureSim(log: (line: string) => void): Promise<SimReport> {
  const fullRange = await measure(FULL_RANGE, FULL_RANGE_STATE, [10n ** 15n, 10n ** 22n], [10n ** 15n, 10n ** 22n]);
  const data = resolve(ROOT, process.env["STRATA_DATA"] ?? "../shared/data");
  const path = await benchPath(data);
  const fast = measureFast(path);
  const sweep = await measureSweep(path);
  const file = join(data, MAP);
  if (!existsSync(file)) {
    log(`The real map is left out: there is no ${MAP} under STRATA_DATA.`);
    return { fullRange, fast, sweep };
  }
  const map = readTickMap(file);
  // From 10 to a million USDC, and as much in ether.
  return {
    fullRange,
    realMap: await measure(map, map, [10n ** 7n, 10n ** 12n], [4n * 10n ** 15n, 4n * 10n ** 20n]),
    fast,
    sweep,
  };
}

const FULL_RANGE: PoolTerms = { fee: 3_000, tickSpacing: 60 };
const LIQUIDITY = 10n ** 24n;
const FULL_RANGE_STATE: PoolState = {
  sqrtPriceX96: 1n << 96n,
  tick: 0,
  liquidity: LIQUIDITY,
  feeGrowth: { token0X128: 0n, token1X128: 0n },
  feeProtocol: 0,
  time: 0,
  ticks: [-1, 1].map((sign) => ({
    tick: sign * maxUsableTick(60),
    liquidityGross: LIQUIDITY,
    liquidityNet: sign < 0 ? LIQUIDITY : -LIQUIDITY,
    feeGrowthOutside0X128: 0n,
    feeGrowthOutside1X128: 0n,
  })),
};

type Span = readonly [least: bigint, most: bigint];

async function measure(terms: PoolTerms, state: PoolState, size0: Span, size1: Span): Promise<SimLine> {
  const pool = new FastPool(terms);
  pool.load(state);
  const start = pool.snapshot();
  const orders = drawOrders(pool, size0, size1);
  pool.restore(start);

  const amounts: bigint[] = [];
  let crossings = 0;
  orders.forEach((order, i) => {
    const { amount0, amount1, crossed } = pool.swap(order, i * 12);
    amounts.push(order.zeroForOne ? -amount1 : -amount0);
    crossings += crossed;
  });

  let seconds = 0;
  for (let round = 0; round < ROUNDS; round++) {
    pool.restore(start);
    const began = performance.now();
    for (let i = 0; i < orders.length; i++) pool.swap(orders[i] as SwapOrder, i * 12);
    seconds += (performance.now() - began) / 1_000;
  }
  const strataPerSecond = (ROUNDS * orders.length) / seconds;

  const reference = new Pool(terms);
  let referenceSeconds = 0;
  for (let round = 0; round < REFERENCE_ROUNDS; round++) {
    reference.load(state);
    const began = performance.now();
    orders.forEach((order, i) => reference.swap(order, i * 12));
    referenceSeconds += (performance.now() - began) / 1_000;
  }

  const v3sdkPerSecond = await measureSdk(terms, state, orders, amounts);
  return {
    strataPerSecond: Math.round(strataPerSecond),
    v3sdkPerSecond: Math.round(v3sdkPerSecond),
    ratio: Math.round((strataPerSecond / v3sdkPerSecond) * 10) / 10,
    referencePerSecond: Math.round((REFERENCE_ROUNDS * orders.length) / referenceSeconds),
    swaps: orders.length,
    crossings,
  };
}

/** Exact inputs of sizes between the spans' ends, log-uniform, in either direction, turned back where the price strays by half. */
function drawOrders(pool: FastPool, size0: Span, size1: Span): readonly SwapOrder[] {
  const random = mulberry32(1);
  const middle = pool.state.slot0.tick;
  return Array.from({ length: SWAPS }, (_, i): SwapOrder => {
    const { tick } = pool.state.slot0;
    const zeroForOne = tick > middle + STRAY ? true : tick < middle - STRAY ? false : random() < 0.5;
    const [least, most] = zeroForOne ? size0 : size1;
    const amountSpecified = BigInt(Math.round(Number(least) * (Number(most) / Number(least)) ** random()));
    const order = {
      zeroForOne,
      amountSpecified,
      sqrtPriceLimitX96: zeroForOne ? MIN_SQRT_RATIO + 1n : MAX_SQRT_RATIO - 1n,
    };
    pool.swap(order, i * 12);
    return order;
  });
}

/** Ticks: half as much again. */
const STRAY = 4_000;

function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** @throws Error if an amount differs from ours */
async function measureSdk(
  { fee, tickSpacing }: PoolTerms,
  state: PoolState,
  orders: readonly SwapOrder[],
  expected: readonly bigint[],
): Promise<number> {
  // The SDK's ES modules do not load in Node, its CommonJS build does.
  const sdk = require("@uniswap/v3-sdk") as typeof Sdk;
  const { CurrencyAmount, Token } = require("@uniswap/sdk-core") as typeof Core;
  const token0 = new Token(1, `0x${"1".repeat(40)}`, 18);
  const token1 = new Token(1, `0x${"2".repeat(40)}`, 18);
  const ticks = state.ticks.map(
    ({ tick, liquidityGross, liquidityNet }) =>
      new sdk.Tick({ index: tick, liquidityGross: String(liquidityGross), liquidityNet: String(liquidityNet) }),
  );
  const tier = [sdk.FeeAmount.LOW, sdk.FeeAmount.MEDIUM, sdk.FeeAmount.HIGH].find((one: number) => one === fee);
  if (tier === undefined) throw new Error(`The SDK has no tier of ${fee}; measure another pool.`);
  let pool = new sdk.Pool(
    token0,
    token1,
    tier,
    String(state.sqrtPriceX96),
    String(state.liquidity),
    state.tick,
    new sdk.TickListDataProvider(ticks, tickSpacing),
  );
  const inputs = orders.map(({ zeroForOne, amountSpecified }) =>
    CurrencyAmount.fromRawAmount(zeroForOne ? token0 : token1, String(amountSpecified)),
  );
  const outputs: { readonly quotient: { toString(): string } }[] = [];
  const began = performance.now();
  for (const input of inputs) {
    const [output, next] = await pool.getOutputAmount(input);
    outputs.push(output);
    pool = next;
  }
  const seconds = (performance.now() - began) / 1_000;
  outputs.forEach(({ quotient }, i) => {
    if (quotient.toString() !== String(expected[i])) {
      throw new Error(`Swap ${i}: the SDK gives ${quotient.toString()}, we give ${expected[i] ?? "nothing"}.`);
    }
  });
  return orders.length / seconds;
}
