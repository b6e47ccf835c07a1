/** A contract's events over many blocks, from nodes that limit how many they look through at once. */
import { NodeError } from "./failures.ts";
import type { ChainNode, EventLog, LogFilter } from "./node.ts";

/** Under so many blocks a range is not split further: a node that refuses it refuses all. */
const LEAST_BLOCKS = 16n;
/** Nodes that look through less than a few hundredths of a chain's life at once would keep somebody waiting who only looks. */
const MOST_REQUESTS = 400;

/**
 * In the order of the chain. A node that refuses a range because it is long, or its answer is, gets halves.
 *
 * @throws NodeError if the node does not serve events, or only over ranges that are too short; ConnectionError
 */
export async function eventsBetween(node: Pick<ChainNode, "logs">, range: LogFilter): Promise<readonly EventLog[]> {
  let left = MOST_REQUESTS;
  const ask = async (from: bigint, to: bigint): Promise<readonly EventLog[]> => {
    if (left-- === 0) {
      throw new NodeError("The node looks through too few blocks at once for its events; use one that allows more.");
    }
    try {
      return await node.logs({ ...range, from, to });
    } catch (error) {
      if (!(error instanceof NodeError) || left <= 0 || to - from < LEAST_BLOCKS) throw error;
      const middle = from + (to - from) / 2n;
      return [...(await ask(from, middle)), ...(await ask(middle + 1n, to))];
    }
  };
  return ask(range.from, range.to);
}
