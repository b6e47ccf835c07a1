/** Units of sleeves that an account left a vault with, and what they stand for. */
import { orNull } from "../../chain/answers.ts";
import { sleeveAt } from "../../chain/abi.ts";
import { exact, tokenText, type PairInfo, type TokenInfo, type VaultConnection } from "../vaultConnection.ts";
import type { TokenWei } from "./amounts.ts";
import { knownSleeves, type KnownSleeve } from "./knownSleeves.ts";

/** What units of a sleeve stand for by its venue's word now. */
export interface Worth {
  /** The token that the units own a part of, and the one of which they owe a part. */
  readonly asset: TokenInfo;
  readonly other: TokenInfo;
  readonly assetIsToken0: boolean;
  /** Wei: owned rounded down, owed up. */
  readonly owned: bigint;
  readonly owed: bigint;
}

/** What an account has in one sleeve's ledger. */
export interface UnitsHeld extends KnownSleeve, Worth {
  readonly units: bigint;
  /** False if the venue does not tell what the units stand for, so that nothing is owned and owed here. */
  readonly answers: boolean;
  /** Of assets that settle later: shares that wait for the venue, and what has been paid already; null for other kinds. */
  readonly tickets: { readonly claimable: bigint; readonly waiting: bigint } | null;
}

/** Null if the venue does not answer. */
export async function worthOf(
  { provider }: VaultConnection,
  pair: PairInfo,
  address: string,
  units: bigint,
): Promise<Worth | null> {
  const sleeve = sleeveAt(address, provider);
  const [total, report] = await Promise.all([sleeve.totalUnits(), orNull(sleeve.report())]);
  if (report === null) return null;
  const { assetIsToken0, owned, owed } = report;
  return {
    ...legs(pair, assetIsToken0),
    owned: total === 0n ? 0n : (owned * units) / total,
    owed: total === 0n ? 0n : (owed * units + total - 1n) / total,
  };
}

function legs(pair: PairInfo, assetIsToken0: boolean): Pick<Worth, "asset" | "other" | "assetIsToken0"> {
  const [asset, other] = assetIsToken0 ? [pair.token0, pair.token1] : [pair.token1, pair.token0];
  return { asset, other, assetIsToken0 };
}

/** @returns null if the account has neither units nor tickets there */
export async function unitsHeld(
  connection: VaultConnection,
  pair: PairInfo,
  account: string,
  known: KnownSleeve,
): Promise<UnitsHeld | null> {
  const sleeve = sleeveAt(known.address, connection.provider);
  const units = await sleeve.balanceOf(account, 0n);
  // Only sleeves whose venue settles later have tickets.
  const ticket = await orNull(sleeve.ticketsOf(account));
  const tickets = ticket === null ? null : { claimable: ticket.claimable, waiting: ticket.waiting };
  if (units === 0n && (tickets === null || (tickets.claimable === 0n && tickets.waiting === 0n))) return null;
  const worth = await worthOf(connection, pair, known.address, units);
  const told = worth ?? { ...legs(pair, await sleeve.ASSET_IS_TOKEN0()), owned: 0n, owed: 0n };
  const { place, left, address } = known;
  return { place, left, address, units, answers: worth !== null, ...told, tickets };
}

/** All that an account holds. @returns trouble what keeps units from being found, one sentence; null if nothing does */
export async function allUnits(
  connection: VaultConnection,
  pair: PairInfo,
  account: string,
): Promise<{ readonly units: readonly UnitsHeld[]; readonly trouble: string | null }> {
  const { sleeves, trouble } = await knownSleeves(connection);
  return { units: await unitsIn(connection, pair, account, sleeves), trouble };
}

export async function unitsIn(
  connection: VaultConnection,
  pair: PairInfo,
  account: string,
  sleeves: readonly KnownSleeve[],
): Promise<readonly UnitsHeld[]> {
  const found: UnitsHeld[] = [];
  for (const sleeve of sleeves) {
    const held = await unitsHeld(connection, pair, account, sleeve);
    if (held !== null) found.push(held);
  }
  return found;
}

/** In the pair's order. */
export function inOrder({ assetIsToken0 }: Pick<Worth, "assetIsToken0">, asset: bigint, other: bigint): TokenWei {
  return assetIsToken0 ? { amount0: asset, amount1: other } : { amount0: other, amount1: asset };
}

/** "95,000 LUSD and owe 12.5 LETH", after "stand for". */
export function worthText({ owned, owed, asset, other }: Worth): string {
  return `${tokenText(owned, asset)}${owed === 0n ? "" : ` and owe ${tokenText(owed, other)}`}`;
}

/** The same for documents; null if the venue does not tell. */
export function worthDocument(worth: Worth | null): unknown {
  if (worth === null) return null;
  const { owned, owed, asset, other } = worth;
  return { owned: exact(owned, asset), ownedToken: asset.symbol, owed: exact(owed, other), owedToken: other.symbol };
}
