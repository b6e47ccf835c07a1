/** `strata redeem`: turns units of sleeves into tokens at the sleeves themselves, and takes in what venues have settled since. */
import { orNull } from "../../chain/answers.ts";
import { sleeveAt } from "../../chain/abi.ts";
import { Reverted } from "../../chain/errors.ts";
import { CommandError, UsageError } from "../errors.ts";
import { PERCENT_UNIT } from "../parse.ts";
import {
  byRole,
  exact,
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
import { foretell, isDust, leastOf, mostOwed, type Terms } from "./foretell.ts";
import { knownSleeves, presentSleeves, type KnownSleeve, type KnownSleeves } from "./knownSleeves.ts";
import { mined, refusal, withMargin } from "./move.ts";
import { unitsHeld, unitsIn, worthDocument, worthText, type UnitsHeld, type Worth } from "./units.ts";

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
  /** What that and what was claimed brought and cost, wei; negative was paid. */
  readonly amounts: TokenWei;
  /** Why nothing was redeemed, or would be; null if it was. */
  readonly refusal: string | null;
  /** The greatest whole percentage of the units that the venue would pay instead; null if none, or if nothing is refused. */
  readonly mostPercent: number | null;
  readonly transactions: readonly string[];
  /** What the venue still has to settle, its shares; 0 for those that settle at once. */
  readonly waiting: bigint;
  /** By a preview: what the venue pays later for the units, asset wei by its word now. */
  readonly later: bigint;
}

export interface Redemption {
  readonly actor: Actor;
  readonly pair: PairInfo;
  readonly preview: boolean;
  readonly sleeves: readonly Redeemed[];
  /** Why units may have been missed, one sentence; null if none were. */
  readonly trouble: string | null;
}

/**
 * Redeems sleeve by sleeve: what one venue refuses does not keep the others'. Each is asked before anything is sent.
 *
 * @throws CommandError if the account has no units there, if they are worth nothing, or if every sleeve refuses; UsageError if what is
 *   named is no sleeve of the vault
 */
export async function redeem(connection: VaultConnection, actor: Actor, options: RedeemOptions): Promise<Redemption> {
  const pair = await readPair(connection, await observeVault(connection));
  const { held, trouble } = await wanted(connection, pair, actor, options.sleeve);
  const parts = held.map((one) => ({ one, units: (one.units * options.percent) / (100n * PERCENT_UNIT) }));
  if (parts.every(({ one, units }) => isDust(one, units))) {
    throw new CommandError(
      "So few units are worth less than the smallest part of a token; redeem more, or leave out --percent.",
    );
  }
  const sleeves: Redeemed[] = [];
  let purse: TokenWei = await holdingsOf(connection, pair, actor.address);
  for (const { one, units } of parts) {
    const terms: Terms = { connection, pair, actor, slippage: options.slippage, purse };
    const done = options.preview ? await preview(terms, one, units) : await redeemOne(terms, one, units);
    // What one sleeve has paid may settle the next one's debt.
    purse = { amount0: purse.amount0 + done.amounts.amount0, amount1: purse.amount1 + done.amounts.amount1 };
    sleeves.push(done);
  }
  const refused = sleeves.filter((one) => one.refusal !== null && one.transactions.length === 0);
  if (!options.preview && refused.length === sleeves.length) {
    const why = refused.map((one) => `${nameOf(one.held)}: ${one.refusal ?? ""}`).join(" ");
    throw new CommandError(`Nothing was redeemed; the units are still yours. ${why}`);
  }
  return { actor, pair, preview: options.preview, sleeves, trouble };
}

/** The units that the command is about. */
async function wanted(
  connection: VaultConnection,
  pair: PairInfo,
  actor: Actor,
  sleeve: RedeemOptions["sleeve"],
): Promise<{ readonly held: readonly UnitsHeld[]; readonly trouble: string | null }> {
  if (typeof sleeve === "string") {
    const held = await unitsHeld(connection, pair, actor.address, await sleeveOfVault(connection, sleeve));
    if (held !== null) return { held: [held], trouble: null };
    throw new CommandError(`${actor.name} holds no units of sleeve ${sleeve}; see strata status --account.`);
  }
  const known = await knownSleeves(connection);
  const asked = sleeve === null ? known.sleeves : inPlace(known, sleeve);
  const held = await unitsIn(connection, pair, actor.address, asked);
  if (held.length > 0) return { held, trouble: known.trouble };
  const where = sleeve === null ? "the vault's sleeves" : `a sleeve that stands or stood in place ${sleeve}`;
  const more = known.trouble === null ? "." : `. ${known.trouble}`;
  throw new CommandError(`${actor.name} holds no units of ${where}; see strata status --account${more}`);
}

/** Those that have left the place, too: whoever left with units was told the place. */
function inPlace({ sleeves, trouble }: KnownSleeves, place: number): readonly KnownSleeve[] {
  const there = sleeves.filter((one) => one.place === place || one.left === place);
  if (there.length > 0) return there;
  throw new UsageError(
    trouble === null
      ? `The vault has never had a sleeve in place ${place}; see strata status.`
      : `The vault has no sleeve in place ${place}; name the address of one that has left its place (--address SLEEVE).`,
  );
}

/**
 * Before anything is asked of it, let alone approved: any contract may call itself a sleeve.
 *
 * @throws UsageError if the vault has never taken it in, CommandError if the node does not tell
 */
async function sleeveOfVault(connection: VaultConnection, address: string): Promise<KnownSleeve> {
  const { provider, target } = connection;
  const isIt = (one: KnownSleeve): boolean => one.address === address;
  const present = (await presentSleeves(connection)).find(isIt);
  if (present !== undefined) return present;
  if ((await provider.getCode(address)) === "0x") {
    throw new UsageError(`There is no contract at ${address}; give the address of a sleeve of this vault.`);
  }
  if ((await orNull(sleeveAt(address, provider).VAULT())) !== target.vault) {
    throw new UsageError(`${address} is no sleeve of this vault; give the address of one (strata status --account).`);
  }
  const { sleeves, trouble } = await knownSleeves(connection);
  const former = sleeves.find(isIt);
  if (former !== undefined) return former;
  if (trouble === null) {
    throw new UsageError(
      `${address} names this vault, but the vault has never taken it in as a sleeve; do not give it anything.`,
    );
  }
  throw new CommandError(
    `The node does not tell whether the vault has ever taken in ${address} as a sleeve; use a node that serves eth_getLogs.`,
  );
}

async function preview(terms: Terms, held: UnitsHeld, units: bigint): Promise<Redeemed> {
  const told = await foretell(terms, held, units);
  return { held, units, ...told, transactions: [], waiting: held.tickets?.waiting ?? 0n };
}

async function redeemOne(terms: Terms, held: UnitsHeld, units: bigint): Promise<Redeemed> {
  const { connection, pair, actor, slippage } = terms;
  const sleeve = sleeveAt(held.address, actor.signer);
  const before = await holdingsOf(connection, pair, actor.address);
  const approvals = new Approvals(actor, held.address);
  const transactions: string[] = [];
  const told = await foretell(terms, held, units);
  let why = told.refusal;
  try {
    if (units > 0n && why === null) {
      if (held.owed > 0n) await approvals.atLeast(held.other, mostOwed(held, units));
      const args = [units, leastOf(held, units, slippage), actor.address] as const;
      const limit = withMargin(await sleeve.redeem.estimateGas(...args));
      transactions.push(await mined(await sleeve.redeem(...args, limit), "The redemption"));
    }
    if (held.tickets !== null && (await sleeve.claim.staticCall(actor.address)) > 0n) {
      const limit = withMargin(await sleeve.claim.estimateGas(actor.address));
      transactions.push(await mined(await sleeve.claim(actor.address, limit), "The claim"));
    }
    // Tickets that nothing has been paid for yet are no refusal: they are why one comes back.
  } catch (error) {
    const said = inOurWords(refusal(error));
    if (!(said instanceof Reverted) && !(said instanceof CommandError)) {
      await approvals.restore();
      throw said;
    }
    why = said.message;
  }
  const left = await approvals.restore();
  if (left !== null) {
    throw new CommandError(
      `${nameOf(held)}: an approval could not be restored; revoke what the sleeve may still spend.${transactions.length > 0 ? ` The redemption itself is done (transaction ${transactions.join(", ")}).` : ""}`,
      { cause: left },
    );
  }
  const after = await holdingsOf(connection, pair, actor.address);
  const now = await unitsHeld(connection, pair, actor.address, held);
  return {
    held,
    units: transactions.length > 0 ? held.units - (now?.units ?? 0n) : 0n,
    amounts: { amount0: after.amount0 - before.amount0, amount1: after.amount1 - before.amount1 },
    refusal: why,
    mostPercent: told.mostPercent,
    transactions,
    waiting: now?.tickets?.waiting ?? 0n,
    later: 0n,
  };
}

function nameOf({ place, left, address }: UnitsHeld): string {
  return place === null ? `Sleeve ${address}, which has left place ${left ?? "?"},` : `Sleeve ${place} (${address})`;
}

/** What so many of the units stand for. */
function partOf(held: UnitsHeld, units: bigint): Worth {
  const part = (amount: bigint): bigint => (held.units === 0n ? 0n : (amount * units) / held.units);
  return { ...held, owned: part(held.owned), owed: part(held.owed) };
}

export function redemptionDocument({ actor, pair, preview, sleeves, trouble }: Redemption): unknown {
  return {
    action: preview ? "previewRedeem" : "redeem",
    account: actor.address,
    baseToken: pair.base.symbol,
    quoteToken: pair.quote.symbol,
    sleeves: sleeves.map((one) => ({
      place: one.held.place,
      leftPlace: one.held.left,
      address: one.held.address,
      held: one.held.units.toString(),
      units: one.units.toString(),
      ...(preview
        ? {
            standFor: one.held.answers ? worthDocument(partOf(one.held, one.units)) : null,
            later: exact(one.later, one.held.asset),
          }
        : {}),
      amounts: byRole(pair, one.amounts),
      waiting: one.waiting.toString(),
      refusal: one.refusal,
      mostPercent: one.mostPercent,
      transactions: one.transactions,
    })),
    trouble,
  };
}

export function redemptionText({ actor, pair, preview, sleeves, trouble }: Redemption): string {
  const lines = sleeves.map((one) => `  ${nameOf(one.held)}: ${outcome(one, pair, preview)}`);
  const head = preview ? `${actor.name} would get now for the units held:` : `${actor.name} redeemed:`;
  return [
    head,
    ...lines,
    ...(trouble === null ? [] : [`  ${trouble}`]),
    ...(preview ? ["  Nothing was sent. Leave out --preview to redeem."] : []),
  ].join("\n");
}

function outcome(one: Redeemed, pair: PairInfo, preview: boolean): string {
  const { amounts, held, later, waiting } = one;
  const tokens = [
    { amount: amounts.amount0, token: pair.token0 },
    { amount: amounts.amount1, token: pair.token1 },
  ];
  const got = tokens.filter(({ amount }) => amount > 0n).map(({ amount, token }) => tokenText(amount, token));
  const paid = tokens.filter(({ amount }) => amount < 0n).map(({ amount, token }) => tokenText(-amount, token));
  const done = one.transactions.length === 0 ? "" : ` (transaction ${one.transactions.join(", ")})`;
  if (one.refusal !== null) {
    const claimed =
      got.length === 0 ? "" : ` What had settled before ${preview ? "is" : "was"} paid: ${got.join(" and ")}${done}.`;
    const stand = preview && held.answers ? ` These units stand for ${worthText(partOf(held, one.units))}.` : "";
    return `${preview ? "would be refused" : "refused, the units are still yours"}. ${one.refusal}${stand}${claimed}`;
  }
  const brings = got.length === 0 ? "nothing yet" : got.join(" and ");
  const costs = paid.length === 0 ? "" : ` for ${paid.join(" and ")} of its debt`;
  const settles =
    later > 0n
      ? ` About ${tokenText(later, held.asset)} settle later: this asks the venue for them; run it again then.`
      : waiting > 0n
        ? " The rest settles later: run this again to take it in."
        : "";
  return `${brings}${costs}${done}.${settles}`;
}
