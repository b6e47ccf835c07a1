/** What deposit and withdraw have in common: asking first, sending, and telling what changed. */
import { formatUnits, isError, type ContractTransactionResponse } from "ethers";

import { decodeRefusal, Reverted, revertDataOf } from "../../chain/errors.ts";
import { CommandError } from "../errors.ts";
import { byRole, exact, tokenText, type Actor, type Holdings, type PairInfo } from "../vaultConnection.ts";
import type { TokenWei } from "./amounts.ts";
import { exitLines, type ExitPlan } from "./exit.ts";
import { worthDocument } from "./units.ts";

/** How often the amounts are worked out anew while the price runs away from them. */
export const ATTEMPTS = 5;

/** Price moves during a deposit or withdrawal that are accepted without asking: 0.5 %. */
export const DEFAULT_SLIPPAGE = 0.005;

/** What an interrupted deposit or withdrawal says. */
export const STOPPED =
  "Stopped before its end: a transaction that was sent may still be mined, and an approval may be left; see strata status --account.";

/** The refusal of a contract as an error that says what to do; any other error as it is. */
export function refusal(error: unknown): unknown {
  if (error instanceof Reverted || error instanceof FailedOnChainError) return error;
  const data = revertDataOf(error);
  return data === null ? error : new Reverted(data, { cause: error });
}

/** The chain took the transaction in and refused it: what it was asked before has changed since. */
export class FailedOnChainError extends CommandError {
  override name = "FailedOnChainError";
}

/** Whether the price has moved beyond the given amounts, so that another attempt with new ones makes sense. */
export function movedAway(error: unknown): boolean {
  if (error instanceof FailedOnChainError) return true;
  return error instanceof Reverted && ["DepositAboveMax", "WithdrawBelowMin"].includes(error.refusal.name);
}

/** A refusal of the amounts in the tokens' units and with what to do here; any other error as it is. */
export function inTokens(error: unknown, pair: PairInfo): unknown {
  if (!(error instanceof Reverted)) return error;
  const { name, args } = error.refusal;
  const both = (first: string, second: string): string =>
    `${tokenText(BigInt(args[first] ?? "0"), pair.token0)} and ${tokenText(BigInt(args[second] ?? "0"), pair.token1)}`;
  const advice = "the price has moved; run it again, or accept a larger move with --slippage PERCENT.";
  if (name === "DepositAboveMax") {
    const text = `The shares cost ${both("amount0", "amount1")}, more than the ${both("max0", "max1")} that were offered`;
    return new CommandError(`${text}: ${advice}`, { cause: error });
  }
  if (name === "WithdrawBelowMin") {
    const text = `The shares bring ${both("amount0", "amount1")}, less than the ${both("min0", "min1")} that were asked for`;
    return new CommandError(`${text}: ${advice}`, { cause: error });
  }
  return error;
}

/** A gas limit with half as much again as the estimate: the next block's second can take another branch than this one's. */
export function withMargin(estimate: bigint): { readonly gasLimit: bigint } {
  return { gasLimit: (estimate * 3n) / 2n };
}

/** Waits for a transaction and gives its hash. Throws FailedOnChainError if it failed. */
export async function mined(sent: ContractTransactionResponse, what: string): Promise<string> {
  const failed = async (cause?: unknown): Promise<FailedOnChainError> => {
    const reason = await reasonOf(sent, cause);
    const told = reason === null ? "nothing has moved, try it again." : `nothing has moved. ${reason}`;
    return new FailedOnChainError(`${what} failed on chain (transaction ${sent.hash}); ${told}`, { cause });
  };
  let receipt: Awaited<ReturnType<typeof sent.wait>>;
  try {
    receipt = await sent.wait();
  } catch (error) {
    if (isError(error, "CALL_EXCEPTION")) throw await failed(error);
    throw error;
  }
  if (receipt?.status !== 1) throw await failed();
  return sent.hash;
}

/** Why a transaction failed, from the error or by asking the same again now; null if neither tells. */
async function reasonOf(sent: ContractTransactionResponse, cause: unknown): Promise<string | null> {
  let data = revertDataOf(cause);
  if (data === null || data === "0x") {
    const { to, from, data: input, value } = sent;
    try {
      await sent.provider.call({ to, from, data: input, value });
      return null; // What stood in its way is gone.
    } catch (error) {
      data = revertDataOf(error);
    }
  }
  return data === null || data === "0x" ? null : decodeRefusal(data).message;
}

/** A finished deposit or withdrawal. */
export interface Move {
  readonly kind: "deposit" | "withdraw";
  readonly actor: Actor;
  readonly pair: PairInfo;
  readonly shares: bigint;
  /** Entry or exit fee, in share wei: it came on top of the shares of a deposit, or off those of a withdrawal. */
  readonly fee: { readonly bps: number; readonly shares: bigint };
  /** What moved, wei. */
  readonly amounts: TokenWei;
  /** The most to pay or the least to get, as sent. */
  readonly bounds: TokenWei;
  readonly transaction: string;
  readonly before: Holdings;
  readonly after: Holdings;
  /** How sleeves were left; only of a withdrawal. */
  readonly exit?: ExitPlan;
}

const SHARE_DECIMALS = 18;

export function moveDocument(move: Move): unknown {
  const holdings = (held: Holdings): unknown => ({
    shares: formatUnits(held.shares, SHARE_DECIMALS),
    ...byRole(move.pair, held),
  });
  return {
    action: move.kind,
    account: move.actor.address,
    shares: formatUnits(move.shares, SHARE_DECIMALS),
    fee: feeDocument(move.fee, move.shares),
    amounts: byRole(move.pair, move.amounts),
    bounds: byRole(move.pair, move.bounds),
    baseToken: move.pair.base.symbol,
    quoteToken: move.pair.quote.symbol,
    transaction: move.transaction,
    ...(move.exit === undefined ? {} : exitDocument(move.exit, move.pair)),
    before: holdings(move.before),
    after: holdings(move.after),
  };
}

/** The rate in force (0 where none is taken), what it comes to on these shares, and the fee itself. */
export function feeDocument(fee: Move["fee"], shares: bigint): unknown {
  return {
    bps: fee.shares === 0n ? 0 : fee.bps,
    effectiveBps: effectiveBps(fee, shares),
    shares: formatUnits(fee.shares, SHARE_DECIMALS),
  };
}

/** The part of a document that tells how sleeves are left. */
export function exitDocument(exit: ExitPlan, pair: PairInfo): object {
  return {
    unitsMask: Number(exit.mask),
    paidIn: byRole(pair, exit.paidIn),
    sleeves: exit.sleeves.map(({ place, address, asUnits, obstacle, units, worth }) => ({
      place,
      address,
      as: asUnits ? "units" : "tokens",
      obstacle,
      units: units.toString(),
      standFor: worthDocument(worth),
    })),
    emptyPlaces: exit.empty,
  };
}

export function moveText(move: Move): string {
  const { pair, amounts, before, after } = move;
  const shares = (amount: bigint): string =>
    Number(formatUnits(amount, SHARE_DECIMALS)).toLocaleString("en-US", { maximumFractionDigits: 6 });
  const verb = move.kind === "deposit" ? "deposited" : "withdrew";
  const row = (name: string, from: string, to: string): string => `  ${name.padEnd(8)} ${from.padStart(20)}  ->  ${to}`;
  return [
    `${move.actor.name} ${verb} ${tokenText(amounts.amount0, pair.token0)} and ${tokenText(amounts.amount1, pair.token1)} ` +
      `for ${shares(move.shares)} shares (transaction ${move.transaction}).`,
    ...feeLine(move, shares),
    ...(move.exit === undefined ? [] : exitLines(move.exit, pair, tokenText)),
    row("shares", shares(before.shares), shares(after.shares)),
    ...[pair.token0, pair.token1].map((token, i) =>
      row(
        token.symbol,
        trimmed(exact(i === 0 ? before.amount0 : before.amount1, token)),
        trimmed(exact(i === 0 ? after.amount0 : after.amount1, token)),
      ),
    ),
  ].join("\n");
}

function feeLine(move: Move, text: (amount: bigint) => string): string[] {
  const { kind, fee } = move;
  if (fee.shares === 0n) return [];
  if (kind === "deposit") {
    return [
      `  This includes an entry fee of ${fee.bps} bps, ${text(fee.shares)} shares, which goes to the LPs who stay.`,
    ];
  }
  return [`  This includes an exit fee of ${exitFeeText(fee, move.shares)}, which goes to the LPs who stay.`];
}

/** The vault takes it on no more shares than stay, so what leaves can be charged less than the rate in force. */
export function exitFeeText(fee: Move["fee"], shares: bigint): string {
  const taken = Number(formatUnits(fee.shares, SHARE_DECIMALS)).toLocaleString("en-US", { maximumFractionDigits: 6 });
  return `${taken} shares (${effectiveBps(fee, shares)} bps of what leaves: ${fee.bps} bps of the lesser of what leaves and what stays)`;
}

/** Basis points of the leaving shares, to two places. */
export function effectiveBps(fee: Move["fee"], shares: bigint): number {
  return shares === 0n ? 0 : Number((fee.shares * 1_000_000n + shares / 2n) / shares) / 100;
}

function trimmed(amount: string): string {
  return Number(amount).toLocaleString("en-US", { maximumFractionDigits: 6 });
}
