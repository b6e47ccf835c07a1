/** What a leaver is due of the sleeves, told from their books and their venues' and not from the sleeves' own previews. */
import { expect } from "chai";

import { INVARIANT } from "../../../contracts/invariants.ts";
import { divUp, type Pair2 } from "../../arithmetic.ts";
import { NOTHING } from "../exact.ts";
import type { Fuzz } from "../fuzz.ts";
import type { Look } from "../look.ts";
import { bookOf } from "./checks.ts";
import { debtOf, word } from "./books.ts";
import { SLEEVE_INVARIANT } from "./invariants.ts";
import { sleeveAt, type FuzzSleeve } from "./open.ts";
import { marketOf } from "./planMoves.ts";

const GAS_LIMIT = 2_500_000n;
/** Wei of a debt that a leaver pays with his own rather than leaving them behind. */
const DUST = 100n;

export interface Due {
  /** Sent to the recipient. */
  readonly amounts: Pair2;
  /** Taken from the leaver for debts. */
  readonly paidIn: Pair2;
  /** Of sleeves in the mask, by address. */
  readonly units: ReadonlyMap<string, bigint>;
}

/** What so many units owe and own in the second of the next block; asset first. */
export interface Legs {
  readonly owe: bigint;
  readonly get: bigint;
}

export async function legsOf(fuzz: Fuzz, sleeve: FuzzSleeve, units: bigint, at: number): Promise<Legs> {
  const { look } = fuzz;
  const book = bookOf(look, sleeve);
  const part = (amount: bigint): bigint => (book.total === 0n ? 0n : (amount * units) / book.total);
  if (units === 0n) return { owe: 0n, get: 0n };
  if (sleeve.kind === "loan") {
    const debt = (shares: bigint): bigint => (shares === 0n ? 0n : debtOf(marketOf(fuzz, look, sleeve), shares, at));
    const shares = divUp(book.borrowShares * units, book.total);
    const crumb = debt(book.borrowShares - shares) <= DUST;
    return { owe: debt(crumb ? book.borrowShares : shares), get: part(book.collateral) };
  }
  if (sleeve.kind === "fund") return { owe: 0n, get: part(book.cash) };
  return { owe: 0n, get: await reserveWorth(fuzz, part(book.held)) };
}

async function reserveWorth({ chain, sleeves: side }: Fuzz, shares: bigint): Promise<bigint> {
  if (side === null || shares === 0n) return 0n;
  const { reserve, addresses } = side.venues;
  return word(
    await chain.call(addresses.reserve, reserve.interface.encodeFunctionData("previewRedeem", [shares]), "next"),
  );
}

/**
 * Sleeves without a debt first, then the others, whose debts are paid from what he has coming and the rest from his pocket.
 *
 * @param core what he gets beside sleeves; @param part his shares less the exit fee, `whole` all of them
 */
export async function withSleeves(
  fuzz: Fuzz,
  core: Pair2,
  part: bigint,
  whole: bigint,
  mask: bigint,
  at: number,
): Promise<Due> {
  const { look, sleeves: side } = fuzz;
  const units = new Map<string, bigint>();
  if (side === null) return { amounts: core, paidIn: NOTHING, units };
  const has = { amount0: core.amount0, amount1: core.amount1 };
  const paidIn = { amount0: 0n, amount1: 0n };
  const indebted: { readonly sleeve: FuzzSleeve; readonly legs: Legs }[] = [];
  for (const place of look.places) {
    if (!place.live) continue;
    const sleeve = sleeveAt(side, place.sleeve);
    const mine = (place.units * part) / whole;
    if ((mask >> BigInt(place.index)) & 1n) {
      units.set(sleeve.address, mine);
      continue;
    }
    const legs = await legsOf(fuzz, sleeve, mine, at);
    if (legs.owe === 0n) has[keyOf(sleeve, true)] += legs.get;
    else indebted.push({ sleeve, legs });
  }
  for (const { sleeve, legs } of indebted) {
    const key = keyOf(sleeve, false);
    const missing = legs.owe > has[key] ? legs.owe - has[key] : 0n;
    paidIn[key] += missing;
    has[key] += missing - legs.owe;
    has[keyOf(sleeve, true)] += legs.get;
  }
  return { amounts: has, paidIn, units };
}

/** Under which name an amount of the asset (or of the other token) stands. */
export const keyOf = ({ assetIsToken0 }: FuzzSleeve, asset: boolean): keyof Pair2 =>
  assetIsToken0 === asset ? "amount0" : "amount1";

// ---------------------------------------------------------------- masks

/** All live sleeves. */
export function liveMask({ places }: Look): bigint {
  return places.reduce((mask, { live, index }) => (live ? mask | (1n << BigInt(index)) : mask), 0n);
}

/** What stands in the way by the lens, in the second of the next block. */
export async function lensMask({ world, chain }: Fuzz, shares: bigint): Promise<bigint> {
  const data = world.lens.interface.encodeFunctionData("exitMask", [world.addresses.vault, shares]);
  return word(await chain.call(world.addresses.lens, data, "next"));
}

/** On a copy: the lens's mask lets him leave with all that he has, and so do units of everything. */
export async function expectMaskWorks(fuzz: Fuzz, lp: string): Promise<void> {
  const { chain, look, world, sleeves: side } = fuzz;
  const shares = look.shares.get(lp) ?? 0n;
  if (side === null || shares === 0n) return;
  const mask = await lensMask(fuzz, shares);
  for (const [name, tried] of [
    [SLEEVE_INVARIANT.EXIT_SOME_MASK, mask],
    [INVARIANT.WITHDRAW_SLEEVES, liveMask(look)],
  ] as const) {
    const data = world.vault.interface.encodeFunctionData("withdraw", [shares, 0n, 0n, lp, tried]);
    const outcome = await chain.undone(() => chain.send(fuzz.toVault(lp, data)));
    const how = outcome.ok ? `${outcome.gasUsed} gas` : outcome.reason;
    expect(outcome.ok && outcome.gasUsed <= GAS_LIMIT, `${name}: mask ${tried}, ${how}`).to.equal(true);
    if (mask === liveMask(look)) break;
  }
  fuzz.restore(look);
}
