/** Housekeeping that anyone may do and the keeper does: it keeps the oracle's volatility alive and the treasury's share in step. */
import { contractInterface } from "../chain/abi.ts";
import type { ChainNode } from "../chain/node.ts";
import { type Call, pokeCall, syncTreasuryShareCall } from "../execution/calls.ts";
import type { Snapshot } from "../observe/snapshot.ts";

/** Seconds after the last poke from which the keeper pokes. The volatility's memory is 400 hours, so once a day is often enough. */
const POKE_AFTER = 86_400;
/** Seconds until something that was tried is tried again. */
const RETRY_AFTER = 3_600;

export class Chores {
  readonly #vault: string;
  readonly #oracle: string;
  /** Unix seconds before which nothing of the kind is tried again. */
  #pokeFrom = 0;
  #syncFrom = 0;

  constructor(vault: string, oracle: string) {
    this.#vault = vault;
    this.#oracle = oracle;
  }

  /** The call that is due at a snapshot's block; null if none is. */
  due(snapshot: Snapshot): Call | null {
    const { timestamp, limits, treasuryShareBps, oracleOk, lastPoke } = snapshot;
    if (treasuryShareBps !== limits.treasuryShareBps && timestamp >= this.#syncFrom) {
      this.#syncFrom = timestamp + RETRY_AFTER;
      return syncTreasuryShareCall(this.#vault);
    }
    if (!oracleOk || timestamp < lastPoke + POKE_AFTER || timestamp < this.#pokeFrom) return null;
    this.#pokeFrom = timestamp + RETRY_AFTER;
    return pokeCall(this.#oracle);
  }
}

/** The vault's oracle, which never changes. */
export async function oracleOf(node: ChainNode, vault: string): Promise<string> {
  const abi = contractInterface("Vault");
  const answer = await node.call({ to: vault, data: abi.encodeFunctionData("ORACLE") }, "latest");
  return abi.decodeFunctionResult("ORACLE", answer)[0] as string;
}
