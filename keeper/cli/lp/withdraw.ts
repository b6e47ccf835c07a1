import { CommandError } from "../errors.ts";
import { PERCENT_UNIT } from "../parse.ts";
import { holdingsOf, observeVault, readPair, type Actor, type VaultConnection } from "../vaultConnection.ts";
import { withdrawBounds } from "./amounts.ts";
import { ATTEMPTS, inTokens, mined, movedAway, refusal, withMargin, type Move } from "./move.ts";
import { formatUnits } from "ethers";

/** How much to withdraw: exact shares (wei), or percent of what the account holds in parts of PERCENT_UNIT. */
export type WithdrawSize = { readonly shares: bigint } | { readonly percent: bigint };

/** Sleeves of which units are taken instead of tokens: there are none yet. */
const NO_UNITS = 0n;

/**
 * Withdraws in kind to the account itself: asks the vault first, then sends with the least amounts that a move of the price by
 * `slippage` would leave.
 *
 * @throws CommandError if the account has too few shares, Reverted if the vault refuses
 */
export async function withdraw(
  connection: VaultConnection,
  actor: Actor,
  size: WithdrawSize,
  slippage: number,
): Promise<Move> {
  let snapshot = await observeVault(connection);
  const pair = await readPair(connection, snapshot);
  const before = await holdingsOf(connection, pair, actor.address);
  const shares = sizeInShares(size, before.shares, actor);
  // A vault rounds what it pays down: the shares would be gone for nothing.
  if ([snapshot.total0, snapshot.total1].every((total) => (shares * total) / snapshot.supply === 0n)) {
    throw new CommandError(
      `${formatUnits(shares, 18)} shares are worth less than the smallest part of either token; withdraw more.`,
    );
  }
  const signed = connection.vault.connect(actor.signer);

  for (let attempt = 1; ; attempt++) {
    // The last LP pays none, so the vault is asked.
    const fee = { bps: snapshot.exitFeeBps, shares: await signed.exitFee(shares) };
    const bounds = withdrawBounds(snapshot, shares - fee.shares, slippage);
    const args = [shares, bounds.amount0, bounds.amount1, actor.address, NO_UNITS] as const;
    try {
      // Estimating runs the call: what the vault would refuse is not sent.
      const limit = withMargin(await signed.withdraw.estimateGas(...args));
      const transaction = await mined(await signed.withdraw(...args, limit), "The withdrawal");
      const after = await holdingsOf(connection, pair, actor.address);
      const amounts = { amount0: after.amount0 - before.amount0, amount1: after.amount1 - before.amount1 };
      return { kind: "withdraw", actor, pair, shares, fee, amounts, bounds, transaction, before, after };
    } catch (error) {
      const why = refusal(error);
      if (!movedAway(why) || attempt === ATTEMPTS) throw inTokens(why, pair);
      snapshot = await observeVault(connection);
    }
  }
}

function sizeInShares(size: WithdrawSize, held: bigint, actor: Actor): bigint {
  const text = (shares: bigint): string => formatUnits(shares, 18);
  if (held === 0n) throw new CommandError(`${actor.name} holds no shares of this vault; check the account.`);
  const shares = "shares" in size ? size.shares : (held * size.percent) / (100n * PERCENT_UNIT);
  if (shares > held) {
    throw new CommandError(
      `${actor.name} holds ${text(held)} shares, not ${text(shares)}; withdraw at most that, or use --all.`,
    );
  }
  if (shares === 0n) throw new CommandError("That is less than a share's smallest part; withdraw more.");
  return shares;
}
