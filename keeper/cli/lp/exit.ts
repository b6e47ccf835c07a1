/** By which way an LP leaves each sleeve: in tokens, or with units where its venue does not pay; and what that brings. */
import { revertDataOf } from "../../chain/errors.ts";
import { obstacleText } from "../../chain/obstacles.ts";
import type { PairInfo, VaultConnection } from "../vaultConnection.ts";
import { withdrawBounds, type SharesSnapshot, type TokenWei } from "./amounts.ts";
import { worthOf, worthText, type Worth } from "./units.ts";

/** Places for sleeves in a vault. */
const PLACES = 4;
const ALL = (1n << BigInt(PLACES)) - 1n;
/** Interest and a venue's roundings between asking and leaving: a basis point. */
const UNIT = 1_000_000n;
const MEANWHILE = 100n;

/** One sleeve that the vault holds units of. */
export interface SleeveExit {
  readonly place: number;
  readonly address: string;
  /** Leaves with units of it instead of tokens. */
  readonly asUnits: boolean;
  /** Why tokens are not to be had now; null if they are. */
  readonly obstacle: string | null;
  /** Units that the leaver gets, if he does. */
  readonly units: bigint;
  /** What those stand for; null if he gets none or the venue does not tell. */
  readonly worth: Worth | null;
}

/** What leaving with so many shares does now. */
export interface ExitPlan {
  readonly mask: bigint;
  readonly sleeves: readonly SleeveExit[];
  /** Places that he wanted units of and in which the vault holds nothing: nothing of them is left behind either. */
  readonly empty: readonly number[];
  /** What the leaver gets, wei. */
  readonly amounts: TokenWei;
  /** What he pays for debts that his part of the rest does not cover, wei. */
  readonly paidIn: TokenWei;
  /** What his part of the sleeves that are left in tokens adds to the rest; negative for a debt, wei. */
  readonly net: TokenWei;
}

/**
 * Asks the lens for the way out, and the vault whether it is one: a venue may refuse against its own word, and then units of its
 * sleeve are the way.
 *
 * @param leaver who leaves; the vault is asked as if he did
 * @param units places that the leaver wants units of, those with nothing in them passed over; null takes units only where tokens are
 *   not to be had
 */
export async function planExit(
  connection: VaultConnection,
  pair: PairInfo,
  leaver: string,
  shares: bigint,
  units: readonly number[] | null,
): Promise<ExitPlan> {
  const { vault, lens, target } = connection;
  const [{ list, live }, found] = await Promise.all([vault.sleeves(), lens.exitMask(target.vault, shares)]);
  const isLive = (place: number): boolean => ((live >> BigInt(place)) & 1n) === 1n;
  const mask =
    units === null
      ? await workingMask(connection, leaver, shares, found.mask, live)
      : units.filter(isLive).reduce((bits, place) => bits | (1n << BigInt(place)), 0n);
  const [core, all] = await Promise.all([
    lens.previewWithdraw(target.vault, shares, ALL),
    lens.previewWithdraw(target.vault, shares, mask),
  ]);
  const sleeves: SleeveExit[] = [];
  for (const [place, address] of list.entries()) {
    if (!isLive(place)) continue;
    const asUnits = ((mask >> BigInt(place)) & 1n) === 1n;
    const taken = all.units[place] ?? 0n;
    sleeves.push({
      place,
      address,
      asUnits,
      obstacle: obstacleText(Number(found.why[place])) ?? unforeseen(place, mask, found.mask, units),
      units: taken,
      worth: asUnits ? await worthOf(connection, pair, address, taken) : null,
    });
  }
  return {
    mask,
    sleeves,
    empty: (units ?? []).filter((place) => !isLive(place)),
    amounts: { amount0: all.amount0, amount1: all.amount1 },
    paidIn: { amount0: all.paidIn0, amount1: all.paidIn1 },
    net: {
      amount0: all.amount0 - all.paidIn0 - core.amount0,
      amount1: all.amount1 - all.paidIn1 - core.amount1,
    },
  };
}

/** A sleeve that only the vault itself found to refuse. */
function unforeseen(place: number, mask: bigint, foreseen: bigint, units: readonly number[] | null): string | null {
  const bit = 1n << BigInt(place);
  return units === null && (mask & bit) !== 0n && (foreseen & bit) === 0n ? "its venue refuses" : null;
}

/** The first of the lens's mask, that with one more sleeve, and all sleeves, with which the vault lets the leaver go. */
async function workingMask(
  { vault, lens, target }: VaultConnection,
  leaver: string,
  shares: bigint,
  foreseen: bigint,
  live: bigint,
): Promise<bigint> {
  if (live === foreseen) return foreseen;
  const others = Array.from({ length: PLACES }, (_, place) => 1n << BigInt(place)).filter(
    (bit) => (live & bit) !== 0n && (foreseen & bit) === 0n,
  );
  for (const mask of [foreseen, ...others.map((bit) => foreseen | bit), live]) {
    try {
      const { paidIn0, paidIn1 } = await lens.previewWithdraw(target.vault, shares, mask);
      // What he has not allowed yet would refuse it here, which says nothing about the venue.
      if (paidIn0 > 0n || paidIn1 > 0n) return mask;
      await vault.withdraw.staticCall(shares, 0n, 0n, leaver, mask, { from: leaver });
      return mask;
    } catch (error) {
      // Kept for what it says only if every way is refused: then the withdrawal itself will say why.
      if (revertDataOf(error) === null) throw error;
    }
  }
  return foreseen;
}

/** Least that a withdrawal brings, and most that it may cost, while the price moves by up to `tolerance` either way. */
export function exitBounds(
  snapshot: SharesSnapshot,
  shares: bigint,
  { net }: Pick<ExitPlan, "net">,
  tolerance: number,
): { readonly least: TokenWei; readonly most: TokenWei } {
  const core = withdrawBounds(snapshot, shares, tolerance);
  const worst = (amount: bigint): bigint => amount - (absolute(amount) * MEANWHILE) / UNIT - (amount === 0n ? 0n : 1n);
  const [end0, end1] = [core.amount0 + worst(net.amount0), core.amount1 + worst(net.amount1)];
  return {
    least: { amount0: positive(end0), amount1: positive(end1) },
    most: { amount0: positive(-end0), amount1: positive(-end1) },
  };
}

function absolute(x: bigint): bigint {
  return x < 0n ? -x : x;
}

function positive(x: bigint): bigint {
  return x > 0n ? x : 0n;
}

/** A leaver's sleeves for people, one line each. */
export function exitLines(
  plan: ExitPlan,
  pair: PairInfo,
  text: (amount: bigint, token: PairInfo["token0"]) => string,
): string[] {
  const lines = plan.sleeves.map(({ place, address, asUnits, obstacle, worth }) => {
    const why = obstacle === null ? "" : ` because ${obstacle}`;
    const stand = worth === null ? "" : `, which stand for ${worthText(worth)}${why === "" ? "" : ","}`;
    return asUnits
      ? `  sleeve ${place} (${address}): you get units of it${stand}${why}; redeem them later (strata redeem --place ${place}).`
      : obstacle === null
        ? `  sleeve ${place} (${address}): in tokens.`
        : `  sleeve ${place} (${address}): in tokens, which will be refused${why}; leave with units (--units ${place}).`;
  });
  const paid = [
    { amount: plan.paidIn.amount0, token: pair.token0 },
    { amount: plan.paidIn.amount1, token: pair.token1 },
  ].filter(({ amount }) => amount > 0n);
  return [
    ...lines,
    ...plan.empty.map((place) => `  sleeve ${place}: the vault holds nothing there, so there are no units to take.`),
    ...paid.map(
      ({ amount, token }) =>
        `  Your part of a debt exceeds your part of the rest: ${text(amount, token)} are taken from your account for it.`,
    ),
  ];
}
