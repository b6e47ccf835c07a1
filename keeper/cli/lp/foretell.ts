/** What a redemption would do now, asked before anything is sent: the units' worth, the purse for their debt, the venue itself. */
import { orNull } from "../../chain/answers.ts";
import { sleeveAt, tokenAt } from "../../chain/abi.ts";
import { Reverted } from "../../chain/errors.ts";
import { CLOSED, obstacleText } from "../../chain/obstacles.ts";
import { tokenText, type Actor, type PairInfo, type VaultConnection } from "../vaultConnection.ts";
import type { TokenWei } from "./amounts.ts";
import { refusal } from "./move.ts";
import { inOrder, type UnitsHeld } from "./units.ts";

/** Interest between asking and paying: a part in ten thousand more than is owed now may be taken. */
const INTEREST = 10_000n;

/** Who redeems, and by which terms. */
export interface Terms {
  readonly connection: VaultConnection;
  readonly pair: PairInfo;
  readonly actor: Actor;
  /** Fraction less than the sleeve's word that is accepted. */
  readonly slippage: number;
  /** What he can pay debts from. */
  readonly purse: TokenWei;
}

export interface Foretold {
  /** What comes now and what is paid for it, wei; negative is paid. */
  readonly amounts: TokenWei;
  /** What the venue pays later, asset wei by its word now. */
  readonly later: bigint;
  /** Why the units would be refused, one sentence or two; null if they would not. */
  readonly refusal: string | null;
  /** The greatest whole percentage of the units that the venue would pay instead; null if none or unknown. */
  readonly mostPercent: number | null;
}

export async function foretell(terms: Terms, held: UnitsHeld, units: bigint): Promise<Foretold> {
  const claimed = await claimable(terms, held);
  const refused = (why: string, mostPercent: number | null = null): Foretold => ({
    amounts: inOrder(held, claimed, 0n),
    later: 0n,
    refusal: why,
    mostPercent,
  });
  if (held.units === 0n) return { amounts: inOrder(held, claimed, 0n), later: 0n, refusal: null, mostPercent: null };
  if (!held.answers) return refused("Its venue does not answer now; try again later.");
  if (isDust(held, units)) {
    return refused(`So few units are worth less than the smallest part of ${held.asset.symbol}; redeem more.`);
  }
  const short = shortOf(terms, held, units);
  if (short !== null) return refused(short);
  const venue = await Venue.of(terms, held);
  const { why, paid } = await venue.ask(units);
  if (why !== null) {
    const most = await greatestPercent(held, units, async (part) => (await venue.ask(part)).why === null);
    const advice = most === null ? "" : ` About ${most} % of the units would be paid now (--percent ${most}).`;
    return refused(`${why}${advice}`, most);
  }
  const owned = share(held, held.owned, units);
  // Where the debt's token is not approved yet the sleeve cannot be tried, and its word stands.
  const now = paid ?? owned;
  const later = held.tickets === null || now > owned ? 0n : owned - now;
  const amounts = inOrder(held, now + claimed, -share(held, held.owed, units));
  return { amounts, later, refusal: null, mostPercent: null };
}

/** Too few to bring anything; a holder of nothing but tickets has no such units. */
export function isDust(held: UnitsHeld, units: bigint): boolean {
  if (held.units === 0n) return false;
  return units === 0n || (held.answers && share(held, held.owned, units) === 0n);
}

/** The least that is accepted for them, asset wei. */
export function leastOf(held: UnitsHeld, units: bigint, slippage: number): bigint {
  return (share(held, held.owned, units) * BigInt(Math.round((1 - slippage) * 1e9))) / 1_000_000_000n;
}

/** The most that may be taken for their debt, wei. */
export function mostOwed(held: UnitsHeld, units: bigint): bigint {
  if (held.owed === 0n) return 0n;
  const owed = share(held, held.owed, units) + 1n;
  return owed + owed / INTEREST;
}

function share({ units: all }: UnitsHeld, amount: bigint, units: bigint): bigint {
  return all === 0n ? 0n : (amount * units) / all;
}

/** What the venue has paid for earlier redemptions. */
async function claimable({ connection, actor }: Terms, held: UnitsHeld): Promise<bigint> {
  if (held.tickets === null) return 0n;
  const sleeve = sleeveAt(held.address, connection.provider);
  return (await orNull(sleeve.claim.staticCall(actor.address, { from: actor.address }))) ?? held.tickets.claimable;
}

/** Null if the account can pay the debt that the units stand for. */
function shortOf({ actor, purse }: Terms, held: UnitsHeld, units: bigint): string | null {
  const needs = mostOwed(held, units);
  const has = held.assetIsToken0 ? purse.amount1 : purse.amount0;
  if (has >= needs) return null;
  const most = Number((has * units * 100n) / (needs * held.units));
  const part = most > 0 ? `, or redeem a part (--percent ${most})` : "";
  return `${actor.name} has to pay up to ${tokenText(needs, held.other)} of its debt and has ${tokenText(has, held.other)}; get more of it${part}.`;
}

/** By bisection over whole percentages; a venue that refuses even one percent is not asked further. */
async function greatestPercent(
  held: UnitsHeld,
  refused: bigint,
  pays: (units: bigint) => Promise<boolean>,
): Promise<number | null> {
  const part = (percent: number): bigint => (held.units * BigInt(percent)) / 100n;
  let [paid, not] = [1, Number((refused * 100n + held.units - 1n) / held.units)];
  if (part(paid) >= refused || isDust(held, part(paid)) || !(await pays(part(paid)))) return null;
  while (not - paid > 1) {
    const middle = Math.floor((paid + not) / 2);
    if (await pays(part(middle))) paid = middle;
    else not = middle;
  }
  return paid;
}

/** A sleeve, asked what it would say to its holder. */
class Venue {
  readonly #terms: Terms;
  readonly #held: UnitsHeld;
  readonly #allowance: bigint;
  readonly #ofVault: bigint;

  private constructor(terms: Terms, held: UnitsHeld, allowance: bigint, ofVault: bigint) {
    this.#terms = terms;
    this.#held = held;
    this.#allowance = allowance;
    this.#ofVault = ofVault;
  }

  static async of(terms: Terms, held: UnitsHeld): Promise<Venue> {
    const { connection, actor } = terms;
    const [allowance, ofVault] = await Promise.all([
      tokenAt(held.other.address, connection.provider).allowance(actor.address, held.address),
      sleeveAt(held.address, connection.provider).balanceOf(connection.target.vault, 0n),
    ]);
    return new Venue(terms, held, allowance, ofVault);
  }

  /** @returns why it would refuse, a sentence; paid what it would pay at once, asset wei, null if it cannot be tried */
  async ask(units: bigint): Promise<{ readonly why: string | null; readonly paid: bigint | null }> {
    const obstacle = await this.#obstacle(units);
    const stands = obstacle === null ? null : `Nothing is paid for them now because ${obstacle}; try again later.`;
    // Before its approval a debt cannot be paid even to try.
    if (this.#allowance < mostOwed(this.#held, units)) return { why: stands, paid: null };
    const { connection, actor, slippage } = this.#terms;
    const sleeve = sleeveAt(this.#held.address, connection.provider);
    const args = [units, leastOf(this.#held, units, slippage), actor.address] as const;
    try {
      const { amount0, amount1 } = await sleeve.redeem.staticCall(...args, { from: actor.address });
      return { why: null, paid: this.#held.assetIsToken0 ? amount0 : amount1 };
    } catch (error) {
      const told = refusal(error);
      if (!(told instanceof Reverted)) throw error;
      return { why: stands ?? this.#inTokens(told), paid: null };
    }
  }

  /** The sleeve speaks of parts of the vault's units: as many of them stand for these. Null if nothing stands in the way. */
  async #obstacle(units: bigint): Promise<string | null> {
    // One whose venue settles later takes units at any time and pays when it has settled.
    if (this.#ofVault === 0n || this.#held.tickets !== null) return null;
    const sleeve = sleeveAt(this.#held.address, this.#terms.connection.provider);
    return obstacleText(Number((await orNull(sleeve.obstacle(units, this.#ofVault))) ?? CLOSED));
  }

  #inTokens(told: Reverted): string {
    const { name, args } = told.refusal;
    if (name !== "RedeemBelowMin") return told.message;
    const text = (amount: string | undefined): string => tokenText(BigInt(amount ?? "0"), this.#held.asset);
    return `The units bring ${text(args["amount"])}, less than the ${text(args["min"])} that are asked for; wait, or accept less with --slippage PERCENT.`;
  }
}
