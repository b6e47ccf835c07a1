/** Units of sleeves that an account left a vault with, and what they stand for. */
import { isError } from "ethers";

import { sleeveAt } from "../../chain/abi.ts";
import { revertDataOf } from "../../chain/errors.ts";
import type { PairInfo, TokenInfo, VaultConnection } from "../vaultConnection.ts";
import type { TokenWei } from "./amounts.ts";

/** What an account has in one sleeve's ledger. */
export interface UnitsHeld {
  /** The sleeve's place in the vault; null if it has none (any more). */
  readonly place: number | null;
  readonly address: string;
  readonly units: bigint;
  /** The token that the units own a part of, and the one of which they owe a part. */
  readonly asset: TokenInfo;
  readonly other: TokenInfo;
  readonly assetIsToken0: boolean;
  /** What they stand for by the venue's word now, wei: owned rounded down, owed up. */
  readonly owned: bigint;
  readonly owed: bigint;
  /** Of assets that settle later: shares that wait for the venue, and what has been paid already; null for other kinds. */
  readonly tickets: { readonly claimable: bigint; readonly waiting: bigint } | null;
}

/** The vault's sleeves by place, empty places left out. */
export async function sleevePlaces({ vault }: VaultConnection): Promise<ReadonlyMap<number, string>> {
  const { list } = await vault.sleeves();
  return new Map([...list.entries()].filter(([, address]) => BigInt(address) !== 0n));
}

/** @returns null if the account has neither units nor tickets there */
export async function unitsHeld(
  { provider }: VaultConnection,
  pair: PairInfo,
  account: string,
  address: string,
  place: number | null,
): Promise<UnitsHeld | null> {
  const sleeve = sleeveAt(address, provider);
  const units = await sleeve.balanceOf(account, 0n);
  const tickets = await ticketsOf(sleeve.ticketsOf(account));
  if (units === 0n && (tickets === null || (tickets.claimable === 0n && tickets.waiting === 0n))) return null;
  const [total, report] = await Promise.all([sleeve.totalUnits(), sleeve.report()]);
  const { assetIsToken0, owned, owed } = report;
  const [asset, other] = assetIsToken0 ? [pair.token0, pair.token1] : [pair.token1, pair.token0];
  return {
    place,
    address,
    units,
    asset,
    other,
    assetIsToken0,
    owned: total === 0n ? 0n : (owned * units) / total,
    owed: total === 0n ? 0n : (owed * units + total - 1n) / total,
    tickets,
  };
}

/** In the pair's order. */
export function inOrder({ assetIsToken0 }: UnitsHeld, asset: bigint, other: bigint): TokenWei {
  return assetIsToken0 ? { amount0: asset, amount1: other } : { amount0: other, amount1: asset };
}

/** Null if the sleeve has no tickets, because its venue settles at once. */
async function ticketsOf(
  asked: Promise<{ readonly claimable: bigint; readonly waiting: bigint }>,
): Promise<UnitsHeld["tickets"]> {
  try {
    const { claimable, waiting } = await asked;
    return { claimable, waiting };
  } catch (error) {
    if (isError(error, "CALL_EXCEPTION") || isError(error, "BAD_DATA") || revertDataOf(error) !== null) return null;
    throw error;
  }
}
