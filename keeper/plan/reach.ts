/**
 * The pools that a decision's swaps go through, simulated from the ticks that they can reach: from the price to the swap's own limit. With them a
 * plan is played through to the wei before it is sent, tick crossings included (pools.ts).
 */
import type { ChainNode } from "../chain/node.ts";
import { getTickAtSqrtRatio, MAX_SQRT_RATIO, MIN_SQRT_RATIO } from "../chain/tickMath.ts";
import type { Snapshot, TierView } from "../observe/snapshot.ts";
import { FastPool } from "../sim/fastPool.ts";
import { readTicks } from "../sim/fetch/tickLens.ts";
import type { TickState } from "../sim/machine.ts";
import type { Decision } from "../strategy/types.ts";
import { priceLimit } from "./plan.ts";
import { type PlanPool, SimulatedPool } from "./pools.ts";

/** Places for ticks that one tier's swaps may reach over; what goes further is not read, and its swaps stay an estimate. */
const MOST_PLACES = 64 * 256;

/**
 * By fee tier; a tier without a swap, or with one whose limit is too far away, is missing.
 *
 * @throws RetryableError for a node that does not answer
 */
export async function readReach(
  node: ChainNode,
  snapshot: Snapshot,
  decision: Pick<Decision, "burns" | "swaps">,
): Promise<ReadonlyMap<number, PlanPool>> {
  const pools = new Map<number, PlanPool>();
  for (const tier of snapshot.tiers) {
    const limits = decision.swaps.filter(({ fee }) => fee === tier.fee).map((move) => priceLimit(move, snapshot));
    if (limits.length === 0) continue;
    const ticks = await ticksBetween(
      node,
      tier,
      [tier.tick, ...limits.map(tickOf)],
      edgesOf(tier, snapshot, decision),
      snapshot,
    );
    if (ticks === null) continue;
    const { fee, tickSpacing, sqrtPriceX96, tick, liquidity } = tier;
    const pool = new FastPool({ fee, tickSpacing });
    const feeGrowth = { token0X128: tier.feeGrowthGlobal0X128, token1X128: tier.feeGrowthGlobal1X128 };
    // The protocol's part of the fees changes no amount of a swap.
    pool.load({ sqrtPriceX96, tick, liquidity, feeGrowth, feeProtocol: 0, time: snapshot.timestamp, ticks });
    pools.set(fee, new SimulatedPool(pool, snapshot.timestamp));
  }
  return pools;
}

function tickOf(sqrtPriceX96: bigint): number {
  if (sqrtPriceX96 <= MIN_SQRT_RATIO) return getTickAtSqrtRatio(MIN_SQRT_RATIO);
  return getTickAtSqrtRatio(sqrtPriceX96 < MAX_SQRT_RATIO ? sqrtPriceX96 : MAX_SQRT_RATIO - 1n);
}

/** Where ranges end that the decision burns: they may lie out of the swaps' reach, and lose liquidity all the same. */
function edgesOf({ fee }: TierView, snapshot: Snapshot, { burns }: Pick<Decision, "burns">): readonly number[] {
  return snapshot.positions
    .filter((position) => position.fee === fee && burns.some(({ index }) => index === position.index))
    .flatMap(({ tickLower, tickUpper }) => [tickLower, tickUpper]);
}

/** Ascending; null if they lie too far apart. */
async function ticksBetween(
  node: ChainNode,
  { pool, tickSpacing }: TierView,
  reached: readonly number[],
  others: readonly number[],
  { blockNumber }: Snapshot,
): Promise<readonly TickState[] | null> {
  const placeOf = (tick: number): number => Math.floor(tick / tickSpacing);
  // A place more on either side: a swap looks for the next tick from the one after its own. And to the bitmap words' ends, where it stops.
  const first = (placeOf(Math.min(...reached)) - 1) & ~255;
  const last = (placeOf(Math.max(...reached)) + 1) | 255;
  if (last - first >= MOST_PLACES) return null;
  const ticks = await readTicks(node, pool, blockNumber, { first, last });
  for (const tick of new Set(others)) {
    const place = placeOf(tick);
    if (place < first || place > last)
      ticks.push(...(await readTicks(node, pool, blockNumber, { first: place, last: place })));
  }
  return ticks.sort((a, b) => a.tick - b.tick);
}
