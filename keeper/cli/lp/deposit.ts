import { tokenAt } from "../../chain/abi.ts";
import { CommandError } from "../errors.ts";
import {
  holdingsOf,
  observeVault,
  readPair,
  tokenText,
  type Actor,
  type Holdings,
  type PairInfo,
  type TokenInfo,
  type VaultConnection,
} from "../vaultConnection.ts";
import { depositBounds, firstDepositBounds, sharesForValue, type SharesSnapshot, type TokenWei } from "./amounts.ts";
import { ATTEMPTS, mined, movedAway, refusal, withMargin, type Move } from "./move.ts";

/** How much to deposit: exact shares (wei), or as many as so many quote wei buy. */
export type DepositSize = { readonly shares: bigint } | { readonly value: (quoteDecimals: number) => bigint };

/**
 * Deposits: approves the most that it may cost, asks the vault first, sends, and takes back what is left of the approval.
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
  const locked = await vault.LOCKED_SHARES();
  const before = await holdingsOf(connection, pair, actor.address);
  const shares = sizeInShares(size, snapshot, locked, pair);
  const signed = vault.connect(actor.signer);

  for (let attempt = 1; ; attempt++) {
    const bounds =
      snapshot.supply <= locked
        ? firstDepositBounds(snapshot, shares, pair.quoteDecimals, slippage)
        : depositBounds(snapshot, shares, slippage);
    checkPurse(actor, pair, before, bounds);
    await approveAtLeast(actor, pair.token0, bounds.amount0);
    await approveAtLeast(actor, pair.token1, bounds.amount1);
    const args = [shares, bounds.amount0, bounds.amount1, actor.address] as const;
    try {
      // Estimating runs the call: what the vault would refuse is not sent.
      const limit = withMargin(await signed.deposit.estimateGas(...args));
      const transaction = await mined(await signed.deposit(...args, limit), "The deposit");
      for (const token of [pair.token0, pair.token1]) await revokeRest(actor, token);
      const after = await holdingsOf(connection, pair, actor.address);
      const amounts = { amount0: before.amount0 - after.amount0, amount1: before.amount1 - after.amount1 };
      return { kind: "deposit", actor, pair, shares, amounts, bounds, transaction, before, after };
    } catch (error) {
      const why = refusal(error);
      if (!movedAway(why) || attempt === ATTEMPTS) {
        for (const token of [pair.token0, pair.token1]) await revokeRest(actor, token);
        throw why;
      }
      snapshot = await observeVault(connection);
    }
  }

  async function approveAtLeast(who: Actor, token: TokenInfo, amount: bigint): Promise<void> {
    const contract = tokenAt(token.address, who.signer);
    if ((await contract.allowance(who.address, target.vault)) >= amount) return;
    await mined(await contract.approve(target.vault, amount), `The approval of ${token.symbol}`);
  }

  async function revokeRest(who: Actor, token: TokenInfo): Promise<void> {
    const contract = tokenAt(token.address, who.signer);
    if ((await contract.allowance(who.address, target.vault)) === 0n) return;
    await mined(await contract.approve(target.vault, 0n), `Taking back the approval of ${token.symbol}`);
  }
}

function sizeInShares(size: DepositSize, snapshot: SharesSnapshot, locked: bigint, pair: PairInfo): bigint {
  if ("shares" in size) return size.shares;
  const value = size.value(pair.quoteDecimals);
  // While the vault has no LPs a share costs one quote unit.
  const shares =
    snapshot.supply <= locked
      ? (value * 10n ** 18n) / 10n ** BigInt(pair.quoteDecimals)
      : sharesForValue(snapshot, value);
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
