/** Sleeves that an account can have units of: those in the vault's places, and those that have left theirs. */
import { AbiCoder, getAddress, id, ZeroAddress } from "ethers";

import { eventsBetween } from "../../chain/logs.ts";
import type { EventLog } from "../../chain/node.ts";
import { ConnectionError, NodeError } from "../../chain/failures.ts";
import type { VaultConnection } from "../vaultConnection.ts";

const SLEEVE_ADOPTED = id("SleeveAdopted(uint256,address)");

export interface KnownSleeve {
  /** Its place in the vault; null if it has left it. */
  readonly place: number | null;
  /** The place that it has left; null if it stands in one. */
  readonly left: number | null;
  readonly address: string;
}

export interface KnownSleeves {
  /** By place, then those that have left, in the order of their coming. */
  readonly sleeves: readonly KnownSleeve[];
  /** Why sleeves that have left are not known, one sentence; null if they are. */
  readonly trouble: string | null;
}

/** The vault's sleeves by place, empty places left out. */
export async function presentSleeves({ vault }: VaultConnection): Promise<readonly KnownSleeve[]> {
  const { list } = await vault.sleeves();
  return [...list.entries()]
    .filter(([, address]) => address !== ZeroAddress)
    .map(([place, address]) => ({ place, left: null, address }));
}

/** From the vault's own events: it takes in no sleeve without one, and none that is another vault's. */
export async function knownSleeves(connection: VaultConnection): Promise<KnownSleeves> {
  const present = await presentSleeves(connection);
  let events: readonly EventLog[];
  try {
    events = await adoptions(connection);
  } catch (error) {
    // Said, not thrown: what stands in the places can be told and redeemed without it.
    if (!(error instanceof NodeError) && !(error instanceof ConnectionError)) throw error;
    const trouble =
      "The node does not tell which sleeves have left the vault, so units of such a sleeve are not shown: use a node that serves eth_getLogs, or name the sleeve (strata redeem --address SLEEVE).";
    return { sleeves: present, trouble };
  }
  const former = new Map<string, number>();
  for (const { topics, data } of events) {
    const address = getAddress(String(AbiCoder.defaultAbiCoder().decode(["address"], data)[0]));
    if (address !== ZeroAddress) former.set(address, Number(topics[1] ?? 0));
  }
  for (const { address } of present) former.delete(address);
  const gone = [...former].map(([address, left]) => ({ place: null, left, address }));
  return { sleeves: [...present, ...gone], trouble: null };
}

/** All at once where the node allows it; else from the vault's first block on, and in parts. */
async function adoptions({ node, provider, target }: VaultConnection): Promise<readonly EventLog[]> {
  const latest = await node.block("latest");
  if (latest === null) throw new NodeError("The node has no newest block; use one that is in sync.");
  const all = { address: target.vault, topic0: SLEEVE_ADOPTED, from: 0n, to: latest.number };
  try {
    return await node.logs(all);
  } catch (error) {
    if (!(error instanceof NodeError)) throw error;
  }
  const isThere = async (block: bigint): Promise<boolean> => (await provider.getCode(target.vault, block)) !== "0x";
  return eventsBetween(node, { ...all, from: await firstBlockWhere(isThere, latest.number) });
}

/** By bisection; 0 where the node does not keep what was. @param latest where it is so */
async function firstBlockWhere(isSo: (block: bigint) => Promise<boolean>, latest: bigint): Promise<bigint> {
  let [before, there] = [-1n, latest];
  while (there - before > 1n) {
    const middle = before + (there - before) / 2n;
    try {
      if (await isSo(middle)) there = middle;
      else before = middle;
    } catch {
      // A node without old states: not swallowed, its events are asked for from the chain's start instead.
      return 0n;
    }
  }
  return there;
}
