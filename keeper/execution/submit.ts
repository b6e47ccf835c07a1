/** Signing and handing over. Whatever is signed is in the journal before a node sees it. */
import { keccak256 } from "ethers";

import type { SendResult } from "../chain/node.ts";
import type { Attempt, Intent, NewAttempt, NewIntent } from "../journal/intents.ts";
import type { ExecutionContext, Signer } from "./context.ts";
import { type Fees, quoteFees } from "./fees.ts";

/** The fees would exceed the operator's cap. Nothing was signed. */
export const TOO_DEAR = "too-dear";

/** What is to be sent, but for the account's nonce, which is read at the last moment. */
export type IntentDraft = Omit<NewIntent, "accountNonce">;

/**
 * Begins an intent: reads the account's nonce and the fees, signs, writes, and hands the transaction over.
 *
 * The nonce is that of the mined transactions. Whatever the keeper signed before at the same one belongs to a settled intent that can
 * never run, and is outbid.
 */
export async function submit(
  context: ExecutionContext,
  signer: Signer,
  draft: IntentDraft,
  document: string | null,
): Promise<Intent | typeof TOO_DEAR> {
  const { node, intents, settings } = context;
  const accountNonce = await node.transactionCount(signer.address, "latest");
  const fees = await quoteFees(node, settings.maxFeePerGas, intents.dearestAt(accountNonce));
  if (fees === null) return TOO_DEAR;
  const attempt = await sign(context, signer, { ...draft, accountNonce }, fees);
  const intent = intents.begin({ ...draft, accountNonce }, attempt, document);
  context.checkpoint("intent");
  await handOver(context, attempt);
  return intent;
}

/** Signs the intent again for more, writes that and hands it over. @returns false if the cap forbids it */
export async function replace(
  context: ExecutionContext,
  signer: Signer,
  intent: Intent,
  last: Attempt,
): Promise<boolean> {
  const fees = await quoteFees(context.node, context.settings.maxFeePerGas, last);
  if (fees === null) return false;
  const attempt = await sign(context, signer, intent, fees);
  context.intents.addAttempt(intent.id, attempt);
  context.checkpoint("attempt");
  await handOver(context, attempt);
  return true;
}

/** Gives a signed transaction to the node, once more if need be: the chain takes it once at most. */
export async function handOver(context: ExecutionContext, attempt: Pick<Attempt, "hash" | "raw">): Promise<SendResult> {
  const result = await context.node.send(attempt.raw);
  context.checkpoint("sent");
  // Without an answer nobody knows whether the node has it: not noted, so that it is handed over again.
  if (result.accepted || result.kind === "known") {
    context.intents.markSent(attempt.hash, context.clock.now(), null);
  } else if (result.kind !== "connection") {
    context.intents.markSent(attempt.hash, context.clock.now(), `${result.kind}: ${result.reason}`);
  }
  context.checkpoint("noted");
  return result;
}

async function sign(
  context: ExecutionContext,
  signer: Signer,
  intent: Pick<Intent, "to" | "accountNonce" | "calldata" | "gasLimit">,
  fees: Fees,
): Promise<NewAttempt> {
  const raw = await signer.signTransaction({
    type: 2,
    chainId: context.chainId,
    nonce: intent.accountNonce,
    to: intent.to,
    data: intent.calldata,
    value: 0n,
    gasLimit: intent.gasLimit,
    maxFeePerGas: fees.maxFee,
    maxPriorityFeePerGas: fees.priorityFee,
  });
  return { hash: keccak256(raw), accountNonce: intent.accountNonce, raw, ...fees, signedAt: context.clock.now() };
}
