/** OpenZeppelin's AccessManager with the bytecode that its package ships, and delayed calls by the Safe through it. */
import type { TransactionReceipt } from "ethers";

import type { LocalChain } from "../chain.ts";
import { deployArtifact, npmArtifact, type Deployed } from "./artifact.ts";
import { execSafe, type LocalSafe } from "./safe.ts";

/** Deploys an AccessManager whose only admin is `initialAdmin`; the deployment's end must take that role away. */
export async function deployAccessManager(chain: LocalChain, initialAdmin: string): Promise<Deployed> {
  return deployArtifact(chain, npmArtifact("@openzeppelin/contracts/build/contracts/AccessManager.json"), initialAdmin);
}

/** What a delayed call needs: who decides, through what, on what. */
export interface DelayedCall {
  readonly manager: Deployed;
  readonly safe: Pick<LocalSafe, "address" | "abi">;
  /** Private keys of as many owners as the Safe's threshold. */
  readonly ownerKeys: readonly string[];
  readonly target: string;
  readonly data: string;
}

/**
 * Lets the Safe announce a call. It can be executed once the delay of the Safe's role is over, and for a week after that.
 * @param when unix seconds, 0 for as soon as the delay allows
 */
export async function scheduleThroughSafe(chain: LocalChain, call: DelayedCall, when = 0): Promise<TransactionReceipt> {
  const data = call.manager.abi.encodeFunctionData("schedule", [call.target, call.data, when]);
  return execSafe(chain, call.safe, call.ownerKeys, { to: call.manager.address, data });
}

/** Lets the Safe execute a call that it scheduled, or one for which its role has no delay. */
export async function executeThroughSafe(chain: LocalChain, call: DelayedCall): Promise<TransactionReceipt> {
  const data = call.manager.abi.encodeFunctionData("execute", [call.target, call.data]);
  return execSafe(chain, call.safe, call.ownerKeys, { to: call.manager.address, data });
}
