import { formatUnits } from "ethers";

import { CommandError } from "../errors.ts";
import { PERCENT_UNIT } from "../parse.ts";
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
import type { Snapshot } from "../../observe/snapshot.ts";
import type { TokenWei } from "./amounts.ts";
import { Approvals } from "./approvals.ts";
import { exitBounds, planExit, type ExitPlan } from "./exit.ts";
import { ATTEMPTS, inTokens, mined, movedAway, refusal, withMargin, type Move } from "./move.ts";

/** How much to withdraw: exact shares (wei), or percent of what the account holds in parts of PERCENT_UNIT. */
export type WithdrawSize = { readonly shares: bigint } | { readonly percent: bigint };

export interface WithdrawOptions {
  /** Fraction by which the price may move meanwhile. */
  readonly slippage: number;
  /** Places of sleeves of which units are taken instead of tokens; null: where tokens are not to be had. */
  readonly units: readonly number[] | null;
}

/** What a withdrawal would do now, to the wei of an unchanged state. */
export interface WithdrawPreview {
  readonly actor: Actor;
  readonly pair: PairInfo;
  readonly shares: bigint;
  readonly fee: Move["fee"];
  readonly exit: ExitPlan;
  readonly before: Holdings;
  /** What the account lacks to pay in, one sentence; null if it has enough. */
  readonly short: string | null;
}

/** @throws CommandError if the account has too few shares, or these are worth nothing */
export async function previewWithdrawal(
  connection: VaultConnection,
  actor: Actor,
  size: WithdrawSize,
  units: WithdrawOptions["units"],
): Promise<WithdrawPreview & { readonly snapshot: Snapshot }> {
  const snapshot = await observeVault(connection);
  const pair = await readPair(connection, snapshot);
  const before = await holdingsOf(connection, pair, actor.address);
  const shares = sizeInShares(size, before.shares, actor);
  // The last LP pays none, so the vault is asked.
  const fee = { bps: snapshot.exitFeeBps, shares: await connection.vault.exitFee(shares) };
  const exit = await planExit(connection, pair, actor.address, shares, units);
  refuseDust(exit, shares);
  return { actor, pair, shares, fee, exit, before, short: shortOf(actor, pair, before, exit.paidIn), snapshot };
}

/**
 * Withdraws in kind to the account itself: asks the vault first, then sends with the least amounts that a move of the price by
 * `slippage` would leave. Debts of sleeves are paid from the account's part of the rest; what that does not cover it pays in.
 *
 * @throws CommandError if the account has too few shares or too little to pay in, Reverted if the vault refuses
 */
export async function withdraw(
  connection: VaultConnection,
  actor: Actor,
  size: WithdrawSize,
  { slippage, units }: WithdrawOptions,
): Promise<Move> {
  let asked = await previewWithdrawal(connection, actor, size, units);
  const { pair, before, shares } = asked;
  refuseObstacles(asked);
  const signed = connection.vault.connect(actor.signer);
  const approvals = new Approvals(actor, connection.target.vault);

  for (let attempt = 1; ; attempt++) {
    const { fee, exit, snapshot } = asked;
    const { least: bounds, most } = exitBounds(snapshot, shares - fee.shares, exit, slippage);
    const args = [shares, bounds.amount0, bounds.amount1, actor.address, exit.mask] as const;
    let transaction: string;
    try {
      const short = shortOf(actor, pair, before, most);
      if (short !== null) throw new CommandError(short);
      await approvals.atLeast(pair.token0, most.amount0);
      await approvals.atLeast(pair.token1, most.amount1);
      // Estimating runs the call: what the vault would refuse is not sent.
      const limit = withMargin(await signed.withdraw.estimateGas(...args));
      transaction = await mined(await signed.withdraw(...args, limit), "The withdrawal");
    } catch (error) {
      const why = refusal(error);
      if (!movedAway(why) || attempt === ATTEMPTS) {
        const told = inOurWords(inTokens(why, pair));
        const left = await approvals.restore();
        if (left === null || !(told instanceof Error)) throw told;
        throw new CommandError(
          `${told.message} An approval could not be restored: see what the vault may still spend.`,
          { cause: told },
        );
      }
      asked = await previewWithdrawal(connection, actor, { shares }, units);
      continue;
    }
    const left = await approvals.restore();
    if (left !== null) {
      throw new CommandError(
        `The withdrawal is done (transaction ${transaction}), do not repeat it; but an approval could not be restored: revoke what the vault may still spend.`,
        { cause: left },
      );
    }
    const after = await holdingsOf(connection, pair, actor.address);
    const amounts = { amount0: after.amount0 - before.amount0, amount1: after.amount1 - before.amount1 };
    return { kind: "withdraw", actor, pair, shares, fee, amounts, bounds, transaction, before, after, exit };
  }
}

/** A vault rounds what it pays down: the shares would be gone for nothing. */
function refuseDust({ amounts, sleeves }: ExitPlan, shares: bigint): void {
  if (amounts.amount0 > 0n || amounts.amount1 > 0n || sleeves.some(({ units }) => units > 0n)) return;
  throw new CommandError(
    `${formatUnits(shares, 18)} shares are worth less than the smallest part of either token; withdraw more.`,
  );
}

/** The vault would refuse, too, but not say which sleeve it was. */
function refuseObstacles({ exit: { sleeves } }: WithdrawPreview): void {
  const [first] = sleeves.filter(({ asUnits, obstacle }) => !asUnits && obstacle !== null);
  if (first === undefined) return;
  const places = sleeves.filter(({ asUnits, obstacle }) => asUnits || obstacle !== null).map(({ place }) => place);
  throw new CommandError(
    `Sleeve ${first.place} (${first.address}) cannot be left in tokens now because ${first.obstacle ?? ""}; leave with units of it (--units ${places.join(",")}).`,
  );
}

/** Null if the account has what it needs. */
export function shortOf(actor: Actor, pair: PairInfo, has: Holdings, needs: TokenWei): string | null {
  const short = [
    { token: pair.token0, has: has.amount0, needs: needs.amount0 },
    { token: pair.token1, has: has.amount1, needs: needs.amount1 },
  ].filter((one) => one.has < one.needs);
  if (short.length === 0) return null;
  const list = short
    .map((one) => `${tokenText(one.has, one.token)} of up to ${tokenText(one.needs, one.token)}`)
    .join(" and ");
  return `To leave in tokens ${actor.name} has to pay in a part of a debt and has too little: ${list}; get more of it, or leave with units of that sleeve (--units).`;
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
