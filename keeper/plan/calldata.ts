/** Encoding of `Vault.execute(plan)`, and what it announces. */
import { contractInterface } from "../chain/abi.ts";
import type { Receipt } from "../chain/node.ts";
import type { Plan } from "./types.ts";

export function executeCalldata(plan: Plan): string {
  return contractInterface("Vault").encodeFunctionData("execute", [plan]);
}

/** The vault's own account of a plan that ran. */
export interface ExecutedPlan {
  readonly nonce: bigint;
  readonly keeper: string;
  readonly decisionHash: string;
  /** Fraction of NAV, 1e18 = all. */
  readonly chargeX18: bigint;
  /** Quote wei at the low end of the oracle's band. */
  readonly navLow: bigint;
  readonly priceX96: bigint;
}

/** The PlanExecuted event of a receipt; null if the vault announced none. */
export function executedPlan(receipt: Pick<Receipt, "logs">, vault: string): ExecutedPlan | null {
  const abi = contractInterface("Vault");
  for (const log of receipt.logs) {
    if (log.address.toLowerCase() !== vault.toLowerCase()) continue;
    const event = abi.parseLog({ topics: [...log.topics], data: log.data });
    if (event?.name !== "PlanExecuted") continue;
    const { args } = event;
    return {
      nonce: args["nonce"] as bigint,
      keeper: args["keeper"] as string,
      decisionHash: args["decisionHash"] as string,
      chargeX18: args["chargeX18"] as bigint,
      navLow: args["navLow"] as bigint,
      priceX96: args["priceX96"] as bigint,
    };
  }
  return null;
}
