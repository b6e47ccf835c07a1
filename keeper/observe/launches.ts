/**
 * How many pools a Uniswap v3 factory opened on a day, from its PoolCreated events (signal `launchActivity`). Node in, number out; nothing is
 * kept here.
 */
import { id } from "ethers";

import { NodeError } from "../chain/failures.ts";
import type { BlockHeader, ChainNode } from "../chain/node.ts";
import { DAY } from "../market/time.ts";

/** topic0 of `PoolCreated(token0, token1, fee, tickSpacing, pool)` of the v3 factory. */
const POOL_CREATED = id("PoolCreated(address,address,uint24,int24,address)");
/** Under so many blocks a range is not split further: a node that refuses it refuses all. */
const LEAST_BLOCKS = 16n;

/** The day's midnight UTC, unix seconds. */
export function midnight(time: number): number {
  return Math.floor(time / DAY) * DAY;
}

/**
 * Pools opened on a day.
 *
 * @param day its midnight, unix seconds
 * @param latest a block after the day's end
 * @returns null if the chain began later than the day
 * @throws NodeError if the node does not serve events, ConnectionError
 */
export async function launchesOn(
  node: ChainNode,
  factory: string,
  day: number,
  latest: Pick<BlockHeader, "number" | "timestamp">,
): Promise<number | null> {
  const from = await firstBlockFrom(node, day, latest);
  if (from === 0n) return null;
  const to = await firstBlockFrom(node, day + DAY, latest);
  return to === from ? 0 : countBetween(node, factory, from, to - 1n);
}

/** The first block at or after a time, which the chain has reached: bisection over the blocks' times. */
async function firstBlockFrom(
  node: ChainNode,
  time: number,
  latest: Pick<BlockHeader, "number" | "timestamp">,
): Promise<bigint> {
  let [low, lowTime] = [0n, await timeOf(node, 0n)];
  let [high, highTime] = [latest.number, latest.timestamp];
  if (lowTime >= time) return low;
  // Invariant: low is before the time, high is not. Blocks come about evenly, so a straight line between the two is a good guess; every
  // other step halves, so that uneven ones cost no more than twice the steps of a bisection.
  for (let even = false; high - low > 1n; even = !even) {
    const guess = Math.floor((Number(high - low) * (time - lowTime)) / Math.max(highTime - lowTime, 1));
    const at = even ? low + (high - low) / 2n : clamp(low + BigInt(guess), low + 1n, high - 1n);
    const atTime = await timeOf(node, at);
    if (atTime < time) [low, lowTime] = [at, atTime];
    else [high, highTime] = [at, atTime];
  }
  return high;
}

async function timeOf(node: ChainNode, number: bigint): Promise<number> {
  const block = await node.block(number);
  if (block === null) {
    throw new NodeError(`The node has no block ${number}; use one that keeps the headers of all blocks.`);
  }
  return block.timestamp;
}

const clamp = (x: bigint, low: bigint, high: bigint): bigint => (x < low ? low : x > high ? high : x);

/** Both ends included. A node that refuses a range because it is long, or its answer is, gets halves. */
async function countBetween(node: ChainNode, factory: string, from: bigint, to: bigint): Promise<number> {
  try {
    return await node.countLogs({ address: factory, topic0: POOL_CREATED, from, to });
  } catch (error) {
    if (!(error instanceof NodeError) || to - from < LEAST_BLOCKS) throw error;
    const middle = from + (to - from) / 2n;
    return (await countBetween(node, factory, from, middle)) + (await countBetween(node, factory, middle + 1n, to));
  }
}
