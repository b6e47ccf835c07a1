/**
 * What became of an intent, by the chain alone. Nothing counts that a reorganisation could still undo: an answer is final when the block
 * that gives it is `confirmations` deep and still canonical. Before that an intent is open, whatever was seen.
 */
import { contractInterface } from "../chain/abi.ts";
import { Reverted } from "../chain/errors.ts";
import { NodeError } from "../chain/failures.ts";
import type { BlockHeader, ChainNode, Receipt } from "../chain/node.ts";
import type { Attempt, Intent, Settlement } from "../journal/intents.ts";
import { executedPlan } from "../plan/calldata.ts";
import { CALL_NAMES } from "./calls.ts";
import type { ExecutionContext } from "./context.ts";

export type Progress =
  | { readonly state: "settled"; readonly settlement: Settlement }
  /** In a block, not deep enough yet. */
  | { readonly state: "mined"; readonly depth: number }
  /** In no block, and still able to get into one. */
  | { readonly state: "unmined" };

type LookUpContext = Pick<ExecutionContext, "node" | "vault" | "keeper"> & {
  readonly settings: Pick<ExecutionContext["settings"], "confirmations">;
};

/** One look at the chain. */
export async function lookUp(context: LookUpContext, intent: Intent, attempts: readonly Attempt[]): Promise<Progress> {
  const { node, settings } = context;
  // The head first: whatever is read after it is at least as new.
  const head = await node.block("latest");
  if (head === null) throw new NodeError("The node has no newest block; check that it is in sync.");
  const receipt = await canonicalReceipt(node, attempts);
  if (receipt !== null) {
    const depth = Number(head.number - receipt.blockNumber) + 1;
    if (depth < settings.confirmations) return { state: "mined", depth };
    return { state: "settled", settlement: await minedSettlement(context, intent, receipt) };
  }
  const settlement = await unminedSettlement(context, intent, head);
  if (settlement === null) return { state: "unmined" };
  // Behind one address there may be several nodes: one that lags could have denied a receipt that another one has.
  if ((await canonicalReceipt(node, attempts)) !== null) return { state: "mined", depth: 0 };
  return { state: "settled", settlement };
}

/** The receipt of whichever attempt is in the canonical chain; null if none is. */
async function canonicalReceipt(node: ChainNode, attempts: readonly Attempt[]): Promise<Receipt | null> {
  for (const attempt of attempts.toReversed()) {
    const receipt = await node.receipt(attempt.hash);
    if (receipt === null) continue;
    const block = await node.block(receipt.blockNumber);
    if (block?.hash === receipt.blockHash) return receipt;
  }
  return null;
}

async function minedSettlement(context: LookUpContext, intent: Intent, receipt: Receipt): Promise<Settlement> {
  const { blockNumber, gasUsed, hash } = receipt;
  const transaction = { hash, block: blockNumber, gasUsed, gasPrice: receipt.effectiveGasPrice };
  const name = CALL_NAMES[intent.kind];
  if (receipt.succeeded) {
    const executed = intent.kind === "plan" ? executedPlan(receipt, context.vault) : null;
    const charge = executed === null ? "" : `, charged ${(Number(executed.chargeX18) / 1e14).toFixed(2)} bps of NAV`;
    return {
      outcome: "confirmed",
      detail: `The ${name} ran in block ${blockNumber} for ${gasUsed} gas${charge}.`,
      transaction,
    };
  }
  if (await isSuperseded(context, intent, blockNumber)) {
    return {
      outcome: "superseded",
      detail: `Another plan with nonce ${String(intent.planNonce)} came first; ours was refused in block ${blockNumber}.`,
      transaction,
    };
  }
  return {
    outcome: "reverted",
    detail: `The ${name} was refused in block ${blockNumber}: ${await whyReverted(context, intent, receipt)}`,
    transaction,
  };
}

/** Null while the intent could still be mined. */
async function unminedSettlement(
  context: LookUpContext,
  intent: Intent,
  head: BlockHeader,
): Promise<Settlement | null> {
  const { node, keeper, settings } = context;
  const deep = head.number - BigInt(settings.confirmations - 1);
  if (deep < 0n) return null;
  if (await isSuperseded(context, intent, deep)) {
    return {
      outcome: "superseded",
      detail: `Another plan with nonce ${String(intent.planNonce)} came first; ours was not mined.`,
      transaction: null,
    };
  }
  if ((await node.transactionCount(keeper, deep)) > intent.accountNonce) {
    return {
      outcome: "displaced",
      detail: `Another transaction of ${keeper} took its nonce ${intent.accountNonce}; keep the keeper's account for the keeper alone.`,
      transaction: null,
    };
  }
  const block = settings.confirmations === 1 ? head : await node.block(deep);
  if (block !== null && block.timestamp > intent.deadline) {
    return {
      outcome: "expired",
      detail: `The ${CALL_NAMES[intent.kind]} was not mined before its deadline; raise the fee cap if this repeats.`,
      transaction: null,
    };
  }
  return null;
}

/** Another plan has taken this one's place. Other calls have none to lose. */
async function isSuperseded(context: LookUpContext, intent: Intent, block: bigint): Promise<boolean> {
  return intent.planNonce !== null && (await planNonce(context, block)) > intent.planNonce;
}

async function planNonce(context: LookUpContext, block: bigint): Promise<bigint> {
  const abi = contractInterface("Vault");
  const answer = await context.node.call({ to: context.vault, data: abi.encodeFunctionData("planNonce") }, block);
  return abi.decodeFunctionResult("planNonce", answer)[0] as bigint;
}

/** Tried again on the state before its block; what ran before it in the block is missing there. */
async function whyReverted(context: LookUpContext, intent: Intent, receipt: Receipt): Promise<string> {
  if (receipt.gasUsed === intent.gasLimit) return "it ran out of gas.";
  try {
    const request = { from: context.keeper, to: intent.to, data: intent.calldata };
    await context.node.call(request, receipt.blockNumber - 1n);
    return "it would have run on the block before, so something in its own block came in between.";
  } catch (error) {
    if (error instanceof Reverted) return error.message;
    throw error;
  }
}
