/** `strata redeem`: turns units of sleeves into tokens at the sleeves themselves, and takes in what venues have settled since. */
import { sleeveAt } from "../../chain/abi.ts";
import { Reverted } from "../../chain/errors.ts";
import { CommandError, UsageError } from "../errors.ts";
import { PERCENT_UNIT } from "../parse.ts";
import {
  byRole,
  holdingsOf,
  inOurWords,
  observeVault,
  readPair,
  tokenText,
  type Actor,
  type PairInfo,
  type VaultConnection,
} from "../vaultConnection.ts";
import type { TokenWei } from "./amounts.ts";
import { Approvals } from "./approvals.ts";
import { mined, refusal, withMargin } from "./move.ts";
import { inOrder, sleevePlaces, unitsHeld, type UnitsHeld } from "./units.ts";

/** Interest between asking and paying: a part in ten thousand more than is owed now may be taken. */
const INTEREST = 10_000n;

export interface RedeemOptions {
  /** A place of the vault or a sleeve's address; null for all that the account has units of. */
  readonly sleeve: number | string | null;
  /** Of the units, parts of PERCENT_UNIT. */
  readonly percent: bigint;
  /** Fraction less than the sleeve's word that is accepted. */
  readonly slippage: number;
  readonly preview: boolean;
}

/** What became of one sleeve's units. */
export interface Redeemed {
  readonly held: UnitsHeld;
  /** Units that were given back, or would be. */
  readonly units: bigint;
  /** What that and what was claimed brought and cost, wei; negative was paid. By a preview: what the sleeve says. */
  readonly amounts: TokenWei;
  /** Why nothing was redeemed; null if it was. */
  readonly refusal: string | null;
  readonly transactions: readonly string[];
  /** What the venue still has to settle, its shares; 0 for those that settle at once. */
  readonly waiting: bigint;
}

export interface Redemption {
  readonly actor: Actor;
  readonly pair: PairInfo;
  readonly preview: boolean;
  readonly sleeves: readonly Redeemed[];
}

/**
 * Redeems sleeve by sleeve: what one venue refuses does not keep the others'.
 *
 * @throws CommandError if the account has no units there, or if every sleeve refuses
 */
export async function redeem(connection: VaultConnection, actor: Actor, options: RedeemOptions): Promise<Redemption> {
  const pair = await readPair(connection, await observeVault(connection));
  const held = await wanted(connection, pair, actor, options.sleeve);
  const sleeves: Redeemed[] = [];
  for (const one of held) {
    const units = (one.units * options.percent) / (100n * PERCENT_UNIT);
    sleeves.push(
      options.preview ? foretold(one, units) : await redeemOne(connection, pair, actor, one, units, options),
    );
  }
  const refused = sleeves.filter((one) => one.refusal !== null);
  if (!options.preview && refused.length === sleeves.length) {
    const why = refused.map((one) => `${nameOf(one.held)}: ${one.refusal ?? ""}`).join(" ");
    throw new CommandError(`Nothing was redeemed; the units are still yours. ${why}`);
  }
  return { actor, pair, preview: options.preview, sleeves };
}

/** The units that the command is about. */
async function wanted(
  connection: VaultConnection,
  pair: PairInfo,
  actor: Actor,
  sleeve: RedeemOptions["sleeve"],
): Promise<readonly UnitsHeld[]> {
  const places = await sleevePlaces(connection);
  let asked: readonly (readonly [number | null, string])[] = [...places];
  if (typeof sleeve === "number") {
    const address = places.get(sleeve);
    if (address === undefined) {
      throw new UsageError(
        `The vault has no sleeve in place ${sleeve}; name the address of one that has left its place.`,
      );
    }
    asked = [[sleeve, address]];
  }
  if (typeof sleeve === "string") {
    const same = [...places].find(([, address]) => address.toLowerCase() === sleeve.toLowerCase());
    asked = [[same?.[0] ?? null, sleeve]];
    if ((await connection.provider.getCode(sleeve)) === "0x") {
      throw new UsageError(`There is no contract at ${sleeve}; give the address of a sleeve of this vault.`);
    }
  }
  const found: UnitsHeld[] = [];
  for (const [place, address] of asked) {
    const held = await unitsHeld(connection, pair, actor.address, address, place);
    if (held !== null) found.push(held);
  }
  if (found.length === 0) {
    throw new CommandError(
      `${actor.name} holds no units ${sleeve === null ? "of the vault's sleeves" : "of that sleeve"}; units come from leaving with them (strata withdraw --units), and a sleeve that has left its place is named by --address.`,
    );
  }
  return found;
}

function foretold(held: UnitsHeld, units: bigint): Redeemed {
  const part = (amount: bigint): bigint => (held.units === 0n ? 0n : (amount * units) / held.units);
  const amounts = inOrder(held, part(held.owned) + (held.tickets?.claimable ?? 0n), -part(held.owed));
  return { held, units, amounts, refusal: null, transactions: [], waiting: held.tickets?.waiting ?? 0n };
}

async function redeemOne(
  connection: VaultConnection,
  pair: PairInfo,
  actor: Actor,
  held: UnitsHeld,
  units: bigint,
  { slippage }: RedeemOptions,
): Promise<Redeemed> {
  const sleeve = sleeveAt(held.address, actor.signer);
  const before = await holdingsOf(connection, pair, actor.address);
  const approvals = new Approvals(actor, held.address);
  const transactions: string[] = [];
  let why: string | null = null;
  try {
    if (units > 0n) {
      const owed = (held.owed * units) / held.units + 1n;
      if (held.owed > 0n) await approvals.atLeast(held.other, owed + owed / INTEREST);
      const least = (held.owned * units) / held.units;
      const min = (least * BigInt(Math.round((1 - slippage) * 1e9))) / 1_000_000_000n;
      const args = [units, min, actor.address] as const;
      const limit = withMargin(await sleeve.redeem.estimateGas(...args));
      transactions.push(await mined(await sleeve.redeem(...args, limit), "The redemption"));
    }
    if (held.tickets !== null && (await sleeve.claim.staticCall(actor.address)) > 0n) {
      const limit = withMargin(await sleeve.claim.estimateGas(actor.address));
      transactions.push(await mined(await sleeve.claim(actor.address, limit), "The claim"));
    }
    // Tickets that nothing has been paid for yet are no refusal: they are why one comes back.
  } catch (error) {
    const told = inOurWords(refusal(error));
    if (!(told instanceof Reverted) && !(told instanceof CommandError)) {
      await approvals.restore();
      throw told;
    }
    why = told.message;
  }
  const left = await approvals.restore();
  if (left !== null) {
    throw new CommandError(
      `${nameOf(held)}: an approval could not be restored; revoke what the sleeve may still spend.${transactions.length > 0 ? ` The redemption itself is done (transaction ${transactions.join(", ")}).` : ""}`,
      { cause: left },
    );
  }
  const after = await holdingsOf(connection, pair, actor.address);
  const now = await unitsHeld(connection, pair, actor.address, held.address, held.place);
  return {
    held,
    units: transactions.length > 0 ? held.units - (now?.units ?? 0n) : 0n,
    amounts: { amount0: after.amount0 - before.amount0, amount1: after.amount1 - before.amount1 },
    refusal: why,
    transactions,
    waiting: now?.tickets?.waiting ?? 0n,
  };
}

function nameOf({ place, address }: UnitsHeld): string {
  return place === null ? `Sleeve ${address}` : `Sleeve ${place} (${address})`;
}

export function redemptionDocument({ actor, pair, preview, sleeves }: Redemption): unknown {
  return {
    action: preview ? "previewRedeem" : "redeem",
    account: actor.address,
    baseToken: pair.base.symbol,
    quoteToken: pair.quote.symbol,
    sleeves: sleeves.map(({ held, units, amounts, refusal, transactions, waiting }) => ({
      place: held.place,
      address: held.address,
      held: held.units.toString(),
      units: units.toString(),
      amounts: byRole(pair, amounts),
      waiting: waiting.toString(),
      refusal,
      transactions,
    })),
  };
}

export function redemptionText({ actor, pair, preview, sleeves }: Redemption): string {
  const lines = sleeves.map((one) => {
    if (one.refusal !== null) return `  ${nameOf(one.held)}: refused, the units are still yours. ${one.refusal}`;
    const tokens = [
      { amount: one.amounts.amount0, token: pair.token0 },
      { amount: one.amounts.amount1, token: pair.token1 },
    ];
    const got = tokens.filter(({ amount }) => amount > 0n).map(({ amount, token }) => tokenText(amount, token));
    const paid = tokens.filter(({ amount }) => amount < 0n).map(({ amount, token }) => tokenText(-amount, token));
    const brings = got.length === 0 ? "nothing yet" : got.join(" and ");
    const costs = paid.length === 0 ? "" : ` for ${paid.join(" and ")} of its debt`;
    const waits = one.waiting === 0n ? "" : " The rest settles later: run this again to take it in.";
    const done = one.transactions.length === 0 ? "" : ` (transaction ${one.transactions.join(", ")})`;
    return `  ${nameOf(one.held)}: ${brings}${costs}${done}.${waits}`;
  });
  const head = preview ? `${actor.name} would get now for the units held:` : `${actor.name} redeemed:`;
  return [head, ...lines, ...(preview ? ["  Nothing was sent. Leave out --preview to redeem."] : [])].join("\n");
}
