/** What a node knows of the past: nodes that are no archives forget states, and each says so in its own words. */
import { messageOf } from "../../chain/node.ts";

/** By geth, Erigon, Nethermind, Besu, Reth, Hardhat, Anvil and those who sell access to them. */
const FORGOTTEN = [
  /missing trie node/i,
  /no state available/i,
  /(world )?state (is |was )?(unavailable|not available|not found|already discarded|pruned)/i,
  /histor(y|ical)/i,
  /prun(ed|ing)/i,
  /archive/i,
  /not available/i,
  /unknown block/i,
  /exceeds maximum proof window/i,
];

/** @returns undefined if the node does not know the state of that block any more */
export async function ifKnown<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    const text = messageOf(error);
    if (error instanceof Error && FORGOTTEN.some((words) => words.test(text))) return undefined;
    throw error;
  }
}
