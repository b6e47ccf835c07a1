/** Pools with made-up traders: a state, and events as a pool that goes on from it makes them. */
import { type Orientation, sqrtPriceX96FromPrice } from "../../../../keeper/chain/prices.ts";
import { MAX_SQRT_RATIO, MIN_SQRT_RATIO } from "../../../../keeper/chain/tickMath.ts";
import type { PoolSource } from "../../../../keeper/backtest/exact/source.ts";
import { FastPool } from "../../../../keeper/sim/fastPool.ts";
import type { FileEvent } from "../../../../keeper/sim/replay/events.ts";
import type { PoolState } from "../../../../keeper/sim/machine.ts";
import type { PoolTerms, Range } from "../../../../keeper/sim/types.ts";
import { seededRandom } from "../../../../keeper/market/random.ts";
import { HOUR, START } from "../../signals/helpers.ts";

/** Ether in dollars, either way round. */
export const WAYS: readonly Orientation[] = [true, false].map((quoteIsToken0) => ({
  quoteIsToken0,
  baseDecimals: 18,
  quoteDecimals: 6,
}));

export interface StreamOptions {
  readonly hours: number;
  readonly seed: number;
  readonly orientation: Orientation;
  /** Swaps an hour. */
  readonly swaps?: number;
  /** Standard deviation of a swap's move, logarithm of the price. */
  readonly move?: number;
  readonly price?: number;
  /** Part of the swaps that sell base. */
  readonly sells?: number;
  readonly terms?: PoolTerms;
  /** From this hour on other traders come. */
  readonly turn?: { readonly hour: number; readonly seed: number };
}

const TERMS: PoolTerms = { fee: 3000, tickSpacing: 60 };
/** Of a pool of some thirty million dollars at 2,000. */
const LIQUIDITY = 3n * 10n ** 17n;

export function streamOf(options: StreamOptions): PoolSource {
  const { hours, seed, orientation, swaps = 6, move = 0.004, price = 2000, turn, sells = 0.5, terms = TERMS } = options;
  let random = seededRandom(seed, 0);
  const pool = new FastPool(terms);
  const from = START;
  pool.initialize(sqrtPriceX96FromPrice(price, orientation), from);
  pool.adjust({ tickLower: -887_220, tickUpper: 887_220 }, LIQUIDITY, from);
  const centre = Math.round(pool.state.slot0.tick / 60) * 60;
  for (const width of [600, 1200, 2400])
    pool.adjust({ tickLower: centre - width, tickUpper: centre + width }, LIQUIDITY / 3n, from);
  const state = stateOf(pool, from);
  // What it holds is unknown from here on, as it is for every pool from a tick map.
  pool.load(state);

  const events: FileEvent[] = [];
  const joined: Range[] = [];
  for (let i = 0; i < hours * swaps; i++) {
    const time = from + Math.floor(((i + 1) * HOUR) / swaps);
    if (turn !== undefined && i === turn.hour * swaps) random = seededRandom(turn.seed, 0);
    const place = { line: events.length + 2, block: i + 1, logIndex: events.length, time };
    if (random.uniform() < 0.1) {
      const burns = joined.length > 0 && random.uniform() < 0.5;
      const low = Math.round(pool.state.slot0.tick / 60 + random.normal() * 8) * 60;
      const range = (burns ? joined.pop() : undefined) ?? { tickLower: low, tickUpper: low + 600 };
      if (!burns) joined.push(range);
      const liquidity = LIQUIDITY / 10n;
      const { amount0, amount1 } = pool.adjust(range, burns ? -liquidity : liquidity, time);
      const { sqrtPriceX96 } = pool.state.slot0;
      const [kind, sign] = burns ? (["BURN", -1n] as const) : (["MINT", 1n] as const);
      events.push({ ...place, kind, range, liquidity, amount0: sign * amount0, amount1: sign * amount1, sqrtPriceX96 });
      continue;
    }
    const zeroForOne = random.uniform() < (orientation.quoteIsToken0 ? 1 - sells : sells);
    // So much of the virtual reserve moves the price by about twice that part of it.
    const part = Math.abs(random.normal()) * move;
    const root = Number(pool.state.slot0.sqrtPriceX96) / 2 ** 96;
    const reserve = zeroForOne ? Number(pool.state.liquidity) / root : Number(pool.state.liquidity) * root;
    const result = pool.swap(
      {
        zeroForOne,
        amountSpecified: BigInt(Math.ceil((reserve * part) / 2) + 1),
        sqrtPriceLimitX96: zeroForOne ? MIN_SQRT_RATIO + 1n : MAX_SQRT_RATIO - 1n,
      },
      time,
    );
    const { amount0, amount1, sqrtPriceX96, tick, liquidity } = result;
    events.push({ ...place, kind: "SWAP", amount0, amount1, sqrtPriceX96, tick, liquidity });
  }
  return {
    file: "made up",
    terms,
    state,
    events,
    orientation,
    since: from,
    checked: 0,
    exact: 0,
    derived: null,
  };
}

function stateOf(pool: FastPool, time: number): PoolState {
  const { slot0, liquidity, feeGrowth } = pool.state;
  return {
    sqrtPriceX96: slot0.sqrtPriceX96,
    tick: slot0.tick,
    liquidity,
    feeGrowth,
    feeProtocol: 0,
    time,
    ticks: pool.state.ticks().map((tick) => {
      const { liquidityGross, liquidityNet, feeGrowthOutside0X128, feeGrowthOutside1X128 } = pool.state.tick(tick);
      return { tick, liquidityGross, liquidityNet, feeGrowthOutside0X128, feeGrowthOutside1X128 };
    }),
  };
}
