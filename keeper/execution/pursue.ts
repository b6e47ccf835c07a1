/** From an open intent to its outcome: watch, hand over again, outbid, settle. Also what a restarted keeper does first. */
import type { Attempt, Intent, Settlement } from "../journal/intents.ts";
import { lookUp } from "./confirm.ts";
import type { ExecutionContext } from "./context.ts";
import { handOver, replace } from "./submit.ts";

/**
 * Follows an intent until the chain has settled it, the patience is over, or the signal is given.
 *
 * @returns null if it is still open
 */
export async function pursue(
  context: ExecutionContext,
  intent: Intent,
  signal?: AbortSignal,
): Promise<Settlement | null> {
  const { intents, settings, clock } = context;
  // Without a key nothing can be hurried: one look is enough.
  const until = clock.now() + (context.signer === null ? 0 : settings.patience);
  let wasMined = false;
  for (;;) {
    const attempts = intents.attempts(intent.id);
    const progress = await lookUp(context, intent, attempts);
    if (progress.state === "settled") {
      context.checkpoint("final");
      intents.settle(intent.id, progress.settlement, clock.now());
      context.checkpoint("settled");
      return progress.settlement;
    }
    if (progress.state === "mined") {
      if (!wasMined) context.checkpoint("mined");
      wasMined = true;
    } else {
      // A transaction whose block was reorganised away may have been dropped by the node.
      const again = wasMined;
      wasMined = false;
      if (await push(context, intent, attempts, again)) continue;
    }
    if (clock.now() >= until || signal?.aborted === true) return null;
    await clock.sleep(settings.poll, signal);
  }
}

/** @returns whether the chain should be asked again at once: something was handed over just now */
async function push(
  context: ExecutionContext,
  intent: Intent,
  attempts: readonly Attempt[],
  again: boolean,
): Promise<boolean> {
  const { signer, settings, clock } = context;
  const last = attempts.at(-1);
  if (signer === null || last === undefined) return false;
  if (last.sentAt === null || again) return (await handOver(context, last)).accepted;
  const age = clock.now() - last.sentAt;
  // Below zero if the clock was set back since: waiting for it to catch up could take for ever.
  const due = age >= settings.replaceAfter || age < 0;
  const underpriced = last.answer?.startsWith("underpriced") === true;
  if (!due && !underpriced) return false;
  if (attempts.length < settings.maxAttempts && (await replace(context, signer, intent, last))) return true;
  // At the cap: the last one is offered again now and then, in case the node forgot it.
  if (due) await handOver(context, last);
  return false;
}
