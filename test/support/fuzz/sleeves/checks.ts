/** Invariants that one look at the sleeves shows, and those of holders of units from one look to the next. */
import { expect } from "chai";

import { INVARIANT } from "../../../contracts/invariants.ts";
import { abs, divUp, sqrtPriceOf, valueOfTokens, VALUE_BITS } from "../../arithmetic.ts";
import { amountsOf, NOTHING, plus } from "../exact.ts";
import type { Fuzz } from "../fuzz.ts";
import { lpBook, type Look, type PlaceLook } from "../look.ts";
import { debtOf, type SleeveBook } from "./books.ts";
import { SLEEVE_INVARIANT } from "./invariants.ts";
import { sleeveAt, type FuzzSleeve } from "./open.ts";
import { marketOf } from "./planMoves.ts";

/** @param before the look before the last command; @param mayBuy whether that command moves sleeves for the vault */
export function checkSleeves(fuzz: Fuzz, before: Look, mayBuy: boolean): void {
  const { sleeves: side, look, world } = fuzz;
  if (side === null) return;
  for (const sleeve of side.sleeves) {
    const book = bookOf(look, sleeve);
    checkUnits(sleeve, book);
    checkBacking(sleeve, book);
    expect(
      book.allowances.every((allowance) => allowance === 0n),
      `${SLEEVE_INVARIANT.NO_ALLOWANCE}: ${sleeve.name}`,
    ).to.equal(true);
    const own = (of: SleeveBook): bigint => of.units.get(world.addresses.vault) ?? 0n;
    const [was, is] = [own(bookOf(before, sleeve)), own(book)];
    const buys = mayBuy && look.places.some((place) => place.sleeve === sleeve.address);
    expect(buys || is <= was, `${SLEEVE_INVARIANT.UNITS_NOT_GIVEN}: ${sleeve.name} ${was} -> ${is}`).to.equal(true);
  }
  checkPlaces(fuzz);
  for (const place of look.places) checkPlace(fuzz, place);
  checkNav(fuzz);
}

export function bookOf(look: Look, sleeve: FuzzSleeve): SleeveBook {
  const book = look.books.get(sleeve.address);
  if (book === undefined) throw new Error(`no book of ${sleeve.name}`);
  return book;
}

function checkUnits({ name }: FuzzSleeve, { total, units }: SleeveBook): void {
  let sum = 0n;
  for (const held of units.values()) sum += held;
  expect(sum, `${SLEEVE_INVARIANT.UNITS_SUM}: ${name}`).to.equal(total);
}

function checkBacking({ name, kind }: FuzzSleeve, book: SleeveBook): void {
  const backed = (what: string, fits: boolean): void => {
    expect(fits, `${SLEEVE_INVARIANT.UNITS_BACKED}: ${what} of ${name}`).to.equal(true);
  };
  if (kind === "loan") {
    backed("a debt that is nobody's", book.borrowShares === 0n || book.total > 0n);
    return;
  }
  backed(`${book.held} shares, ${book.venueShares} at the venue`, book.venueShares >= book.held);
  if (kind !== "fund") return;
  const claims = book.cash + book.claimable;
  backed(`cash and claims ${claims}, tokens ${book.tokens}`, book.tokens >= claims);
  backed("the line", book.asked - book.filled === book.waiting + book.redeeming);
}

// ---------------------------------------------------------------- places

function checkPlaces({ sleeves: side, look }: Fuzz): void {
  const expected = (side?.places ?? []).flatMap(({ vault, policy, capBps }, index) =>
    vault === null ? [] : [{ index, sleeve: vault.address, allowed: vault === policy, capBps: BigInt(capBps) }],
  );
  const shown = look.places.map(({ index, sleeve, allowed, capBps }) => ({ index, sleeve, allowed, capBps }));
  expect(shown, SLEEVE_INVARIANT.PLACES).to.deep.equal(expected);
}

/** What a place says of itself is what the books say. */
function checkPlace(fuzz: Fuzz, place: PlaceLook): void {
  const { look, world, sleeves: side } = fuzz;
  if (side === null) return;
  const sleeve = sleeveAt(side, place.sleeve);
  const book = bookOf(look, sleeve);
  expect(place.units, SLEEVE_INVARIANT.UNITS_SUM).to.equal(book.units.get(world.addresses.vault));
  expect(place.totalUnits, SLEEVE_INVARIANT.UNITS_SUM).to.equal(book.total);
  expect(place.live, `${SLEEVE_INVARIANT.UNITS_LIVE}: ${sleeve.name}`).to.equal(place.units > 0n);
  if (!place.answers) return;
  const { low, high } = place;
  expect(low.amount0 <= high.amount0 && low.amount1 <= high.amount1, INVARIANT.PLAN_SLEEVE_CHARGE).to.equal(true);
  const [asset, other] = sleeve.assetIsToken0 ? [low.amount0, low.amount1] : [low.amount1, low.amount0];
  if (sleeve.market !== null) {
    expect(place.owned, `${SLEEVE_INVARIANT.UNITS_BACKED}: ${sleeve.name}`).to.equal(book.collateral);
    const debt = debtOf(marketOf(fuzz, look, sleeve), book.borrowShares, look.timestamp);
    expect(place.owed, `${SLEEVE_INVARIANT.DEBT_ACCRUED}: ${sleeve.name}`).to.equal(debt);
  } else {
    expect(place.owed).to.equal(0n);
  }
  const part = (amount: bigint): bigint => (book.total === 0n ? 0n : (amount * place.units) / book.total);
  expect(asset, `${SLEEVE_INVARIANT.UNITS_BACKED}: ${sleeve.name}`).to.equal(part(place.owned));
  const owes = place.units === 0n ? 0n : divUp(place.owed * place.units, book.total);
  expect(-other, `${SLEEVE_INVARIANT.UNITS_BACKED}: ${sleeve.name}`).to.equal(owes);
}

/** NAV by the lens, against core and sleeves at the middle, within the roundings of its sums. */
function checkNav(fuzz: Fuzz): void {
  const { look, quoteIsToken0: q } = fuzz;
  if (!look.oracleOk || look.places.some(({ live, answers }) => live && !answers)) return;
  const { mid } = look.price;
  const root = sqrtPriceOf(mid, q);
  const core = lpBook(look);
  let sum = { amount0: core.idle0, amount1: core.idle1 };
  for (const p of core.positions) {
    sum = plus(sum, amountsOf(p, root, "down"));
    sum = plus(sum, { amount0: p.fees0, amount1: p.fees1 });
  }
  const sleeves = look.places.reduce((all, { low }) => plus(all, low), NOTHING);
  const value = valueOfTokens(plus(sum, sleeves), mid, q) >> VALUE_BITS;
  const nav = value > 0n ? value : 0n;
  expect(abs(look.nav - nav) <= 3n, `${SLEEVE_INVARIANT.NAV}: ${look.nav}, not ${nav}`).to.equal(true);
}

// ---------------------------------------------------------------- from one look to the next

/** After somebody left, entered or redeemed: what a unit stands for is no less, in every leg. */
export function expectUnitsKeep(fuzz: Fuzz, before: Look, after: Look): void {
  for (const sleeve of fuzz.sleeves?.sleeves ?? []) {
    const [was, is] = [bookOf(before, sleeve), bookOf(after, sleeve)];
    if (is.total === 0n || was.total === 0n) continue;
    const keeps = (name: string, fits: boolean): void => {
      expect(fits, `${SLEEVE_INVARIANT.UNITS_KEEP}: ${name} of ${sleeve.name}`).to.equal(true);
    };
    for (const leg of ["collateral", "held", "cash"] as const) {
      keeps(`${leg} ${was[leg]} -> ${is[leg]}`, is[leg] * was.total >= was[leg] * is.total);
    }
    keeps("debt", is.borrowShares * was.total <= was.borrowShares * is.total);
  }
}

/** The vault's units of each sleeve, by share of those who stay. */
export function expectVaultUnitsKeep(
  fuzz: Fuzz,
  before: Look,
  after: Look,
  supplyBefore: bigint,
  supplyAfter: bigint,
): void {
  for (const sleeve of fuzz.sleeves?.sleeves ?? []) {
    const own = (look: Look): bigint => bookOf(look, sleeve).units.get(fuzz.world.addresses.vault) ?? 0n;
    const [was, is] = [own(before), own(after)];
    expect(
      is * supplyBefore >= was * supplyAfter,
      `${INVARIANT.WITHDRAW_COMPONENT}: units of ${sleeve.name} ${was} -> ${is}`,
    ).to.equal(true);
  }
}
