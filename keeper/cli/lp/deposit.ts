import { formatTime } from "../../market/time.ts";
import type { Snapshot } from "../../observe/snapshot.ts";
import { CommandError } from "../errors.ts";
import {
  holdingsOf,
  inOurWords,
  observeVault,
  readPair,
  tokenText,
  type Actor,
  type Holdings,
  type PairInfo,
  type VaultConnection,
} from "../vaultConnection.ts";
import { Approvals } from "./approvals.ts";
import { depositBounds, feeOn, firstDepositBounds, sharesForValue, type TokenWei } from "./amounts.ts";
import { ATTEMPTS, inTokens, mined, movedAway, refusal, withMargin, type Move } from "./move.ts";

/** How much to deposit: exact shares (wei), or as many as so many quote wei buy. */
export type DepositSize = { readonly shares: bigint } | { readonly value: (quoteDecimals: number) => bigint };

/**
 * Deposits: approves the most that it may cost, asks the vault first, sends, and restores the approvals that it changed.
 *
 * @param slippage fraction by which the price may move meanwhile
 * @throws CommandError if the account has too little, Reverted if the vault refuses
 */
export async function deposit(
  connection: VaultConnection,
  actor: Actor,
  size: DepositSize,
  slippage: number,
): Promise<Move> {
  const { vault, target } = connection;
  let snapshot = await observeVault(connection);
  const pair = await readPair(connection, snapshot);
  refusePaused(snapshot);
  const first = await isFirstDeposit(connection);
  const before = await holdingsOf(connection, pair, actor.address);
  const shares = sizeInShares(size, snapshot, first, pair);
  const signed = vault.connect(actor.signer);
  const approvals = new Approvals(actor, target.vault);

  for (let attempt = 1; ; attempt++) {
    const fee = entryFee(snapshot, shares, first);
    const bounds = first
      ? firstDepositBounds(snapshot, shares, pair.quoteDecimals, slippage)
      : depositBounds(snapshot, shares + fee.shares, slippage);
    checkPurse(actor, pair, before, bounds);
    const args = [shares, bounds.amount0, bounds.amount1, actor.address] as const;
    let transaction: string;
    try {
      await approvals.atLeast(pair.token0, bounds.amount0);
      await approvals.atLeast(pair.token1, bounds.amount1);
      // Estimating runs the call: what the vault would refuse is not sent.
      const limit = withMargin(await signed.deposit.estimateGas(...args));
      transaction = await mined(await signed.deposit(...args, limit), "The deposit");
    } catch (error) {
      const why = refusal(error);
      if (!movedAway(why) || attempt === ATTEMPTS) {
        const told = inOurWords(inTokens(why, pair));
        const left = await approvals.restore();
        if (left === null || !(told instanceof Error)) throw told;
        throw new CommandError(
          `${told.message} An approval could not be restored: see what the vault may still spend.`,
          {
            cause: told,
          },
        );
      }
      snapshot = await observeVault(connection);
      continue;
    }
    const left = await approvals.restore();
    if (left !== null) {
      throw new CommandError(
        `The deposit is done (transaction ${transaction}), do not repeat it; but an approval could not be restored: revoke what the vault may still spend.`,
        { cause: left },
      );
    }
    const after = await holdingsOf(connection, pair, actor.address);
    const amounts = { amount0: before.amount0 - after.amount0, amount1: before.amount1 - after.amount1 };
    return { kind: "deposit", actor, pair, shares, fee, amounts, bounds, transaction, before, after };
  }
}

function refusePaused({ limits, timestamp }: Snapshot): void {
  if (timestamp >= limits.pausedUntil) return;
  throw new CommandError(
    `The vault is paused until ${formatTime(limits.pausedUntil)}, so it takes no deposits; deposit after that. Withdrawals work.`,
  );
}

/** Whether the vault has no LPs: only locked shares and few fee shares, so that shares are sold at one quote unit again. */
async function isFirstDeposit({ vault }: VaultConnection): Promise<boolean> {
  const [total, supply, forEver, least, book] = await Promise.all([
    vault.totalSupply(),
    vault.effectiveSupply(),
    vault.LOCKED_SHARES(),
    vault.MIN_FIRST_SHARES(),
    vault.feeBook(),
  ]);
  // What has come free since the last call is still in the book and in the total.
  const waiting = book.locked - (total - supply);
  return supply <= forEver + waiting && waiting < least;
}

function entryFee(snapshot: Snapshot, shares: bigint, first: boolean): Move["fee"] {
  const bps = first ? 0 : snapshot.entryFeeBps;
  return { bps, shares: feeOn(shares, bps) };
}

function sizeInShares(size: DepositSize, snapshot: Snapshot, first: boolean, pair: PairInfo): bigint {
  if ("shares" in size) return size.shares;
  const value = size.value(pair.quoteDecimals);
  // While the vault has no LPs a share costs one quote unit.
  const shares = first
    ? (value * 10n ** 18n) / 10n ** BigInt(pair.quoteDecimals)
    : sharesForValue(snapshot, value, snapshot.entryFeeBps);
  if (shares === 0n) throw new CommandError("The value is too small for a share's smallest part; deposit more.");
  return shares;
}

function checkPurse(actor: Actor, pair: PairInfo, has: Holdings, needs: TokenWei): void {
  const short = [
    { token: pair.token0, has: has.amount0, needs: needs.amount0 },
    { token: pair.token1, has: has.amount1, needs: needs.amount1 },
  ].filter((one) => one.has < one.needs);
  if (short.length === 0) return;
  const list = short
    .map((one) => `${tokenText(one.has, one.token)} of up to ${tokenText(one.needs, one.token)}`)
    .join(" and ");
  throw new CommandError(`${actor.name} has too little for this deposit: ${list}; deposit less or get more of it.`);
}
