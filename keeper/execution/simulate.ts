/** A call tried at the snapshot's own block, before anything is signed. */
import type { ChainNode } from "../chain/node.ts";
import { type Refusal, Reverted } from "../chain/errors.ts";
import type { Call } from "./calls.ts";

export type Simulation =
  | {
      readonly ok: true;
      /** Gas as the node estimates it. */
      readonly gasEstimate: bigint;
      /** What the transaction is sent with. */
      readonly gasLimit: bigint;
    }
  | { readonly ok: false; readonly refusal: Refusal };

/**
 * Half more than the estimate: an estimate inside the second of the last block skips the pool's oracle write, and the real transaction would
 * run out of gas there.
 */
const GAS_BUFFER_PERCENT = 150n;

/** @param block the snapshot's */
export async function simulate(
  node: ChainNode,
  call: Pick<Call, "to" | "calldata">,
  keeper: string,
  block: bigint,
): Promise<Simulation> {
  const request = { from: keeper, to: call.to, data: call.calldata };
  try {
    await node.call(request, block);
    const gasEstimate = await node.estimateGas(request, block);
    return { ok: true, gasEstimate, gasLimit: (gasEstimate * GAS_BUFFER_PERCENT) / 100n };
  } catch (error) {
    if (error instanceof Reverted) return { ok: false, refusal: error.refusal };
    throw error;
  }
}
