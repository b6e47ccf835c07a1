/**
 * What a keeper sends: a plan, or a call of housekeeping. All go the same way: simulated, written to the journal, signed, sent, confirmed,
 * recorded. Only a plan has a nonce of the vault's; the others can be repeated without harm, so that for them the account's nonce is enough.
 */
import { contractInterface } from "../chain/abi.ts";
import type { FeeMove } from "../strategy/types.ts";

/** plan: Vault.execute. setFees: Vault.setFees. syncTreasuryShare: Vault.syncTreasuryShare. poke: PriceOracle.poke. */
export type CallKind = "plan" | "setFees" | "syncTreasuryShare" | "poke";

/** What a kind is called in sentences. */
export const CALL_NAMES: Readonly<Record<CallKind, string>> = {
  plan: "plan",
  setFees: "fee change",
  syncTreasuryShare: "adoption of the treasury's share",
  poke: "poke of the oracle",
};

export interface Call {
  readonly kind: CallKind;
  readonly to: string;
  readonly calldata: string;
}

export function setFeesCall(vault: string, fees: FeeMove): Call {
  const calldata = contractInterface("Vault").encodeFunctionData("setFees", [fees.entryBps, fees.exitBps]);
  return { kind: "setFees", to: vault, calldata };
}

export function syncTreasuryShareCall(vault: string): Call {
  return {
    kind: "syncTreasuryShare",
    to: vault,
    calldata: contractInterface("Vault").encodeFunctionData("syncTreasuryShare"),
  };
}

export function pokeCall(oracle: string): Call {
  return { kind: "poke", to: oracle, calldata: contractInterface("PriceOracle").encodeFunctionData("poke") };
}
