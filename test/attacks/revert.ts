/** The name of the error with which a call was refused. */
import { isError, type Interface, type TransactionReceipt } from "ethers";

import { POOL_INTERFACE } from "../support/pools.ts";
import type { World } from "../support/world.ts";
import { SLEEVE_ERRORS } from "./venues.ts";

/** Hex data of a revert, wherever the libraries have put it. */
function dataOf(error: unknown): string | undefined {
  for (let at: unknown = error, depth = 0; at !== null && typeof at === "object" && depth < 8; depth += 1) {
    const data: unknown = (at as { data?: unknown }).data;
    if (typeof data === "string" && data.startsWith("0x")) return data;
    if (data !== null && typeof data === "object") {
      const inner = (data as { data?: unknown }).data;
      if (typeof inner === "string") return inner;
    }
    at = (at as { cause?: unknown; error?: unknown }).cause ?? (at as { error?: unknown }).error;
  }
  return undefined;
}

/** How the chain says that code reverted. The word alone also stands in errors of the harness, `evm_revert` for one. */
const REVERTED = /VM Exception while processing transaction|Transaction reverted|execution reverted/u;

/**
 * Reads a thrown revert.
 *
 * @throws the error itself if it is no revert: a mistake in a scenario must not pass for a refusal
 */
export function refusalOf(world: World, error: unknown): string {
  const data = dataOf(error);
  if (data !== undefined && data.length >= 10) {
    const interfaces: readonly Interface[] = [
      world.planErrors.interface,
      world.moveErrors.interface,
      world.sleeveErrors.interface,
      SLEEVE_ERRORS,
      world.vault.interface,
      world.policy.interface,
      world.oracle.interface,
      world.manager.interface,
      world.market.interface,
      world.token0.interface,
      POOL_INTERFACE,
    ];
    for (const one of interfaces) {
      const parsed = one.parseError(data);
      if (parsed !== null) return parsed.name === "Error" ? String(parsed.args[0]) : parsed.name;
    }
    return `error ${data.slice(0, 10)}`;
  }
  if (isError(error, "CALL_EXCEPTION") || (error instanceof Error && REVERTED.test(error.message))) {
    const reason = /reason string '([^']*)'/u.exec(error.message)?.[1];
    const custom = /custom error '([A-Za-z0-9_]+)/u.exec(error.message)?.[1];
    return reason ?? custom ?? "revert";
  }
  throw error;
}

/** @throws if the transaction is missing or failed */
export function succeeded(receipt: TransactionReceipt | null): TransactionReceipt {
  if (receipt?.status !== 1) throw new Error("The transaction was not mined or failed; look at its trace.");
  return receipt;
}
