/** What a plan did to its sleeves, held against the policy, the opening's terms, and those who have left with units. */
import { expect } from "chai";

import { INVARIANT } from "../../../contracts/invariants.ts";
import { max, ONE, valueOfTokens, VALUE_BITS, type Pair2 } from "../../arithmetic.ts";
import type { Fuzz } from "../fuzz.ts";
import type { Look } from "../look.ts";
import type { Told } from "../planTold.ts";
import { debtOf, type MarketBook, type SleeveBook } from "./books.ts";
import { SLEEVE_INVARIANT } from "./invariants.ts";
import type { FuzzSleeve } from "./open.ts";
import { isTouched, type SleeveTold } from "./told.ts";

const BPS = 10_000n;
const ORACLE_SCALE = 10n ** 36n;
/** contracts/sleeves/Sleeve.sol, COARSE UNITS. */
const VIRTUAL_UNITS = 10n ** 9n;

export function checkMoves(told: Told): void {
  for (const one of told.sleeves) {
    if (!isTouched(one)) continue;
    checkOpened(told, one);
    checkHealth(told, one);
    checkOthers(told, one);
  }
}

const assetOf = ({ assetIsToken0 }: FuzzSleeve, amounts: Pair2): bigint =>
  assetIsToken0 ? amounts.amount0 : amounts.amount1;
const otherOf = ({ assetIsToken0 }: FuzzSleeve, amounts: Pair2): bigint =>
  assetIsToken0 ? amounts.amount1 : amounts.amount0;

/** Given something to own, or owing more: the policy names it, and it is inside its cap. */
function checkOpened({ fuzz, after, band, navLow }: Told, { place, sleeve, moves }: SleeveTold): void {
  const opened = moves.some((move) => assetOf(sleeve, move) > 0n || otherOf(sleeve, move) < 0n);
  if (!opened) return;
  const named = fuzz.sleeves?.places[place];
  expect(named?.policy?.address, INVARIANT.PLAN_SLEEVES).to.equal(sleeve.address);
  const { low } = after.places.find(({ index }) => index === place) ?? { low: { amount0: 0n, amount1: 0n } };
  const owned = { amount0: max(low.amount0, 0n), amount1: max(low.amount1, 0n) };
  const value = valueOfTokens(owned, band.low, fuzz.quoteIsToken0) >> VALUE_BITS;
  expect(
    value * BPS <= BigInt(named?.capBps ?? 0) * navLow,
    `${INVARIANT.PLAN_SLEEVES}: ${value} of ${navLow}`,
  ).to.equal(true);
}

/** What was just borrowed, or is left behind a debt, is as safe as at an opening: by the feeds' answers and the venue's books. */
function checkHealth({ fuzz, after, done }: Told, { sleeve, moves }: SleeveTold): void {
  const took = moves.some((move) => assetOf(sleeve, move) < 0n || otherOf(sleeve, move) < 0n);
  const book = after.books.get(sleeve.address);
  if (!took || sleeve.market === null || book === undefined || book.borrowShares === 0n) return;
  const debt = debtOf(marketOf(fuzz, after, sleeve), book.borrowShares, done.at);
  const health = (securedBy(fuzz, sleeve, book.collateral) * ONE) / debt;
  expect(health >= sleeve.openingHealth, `${SLEEVE_INVARIANT.DEBT_OPENED}: ${health} of ${sleeve.name}`).to.equal(true);
}

export function marketOf(fuzz: Fuzz, look: Look, sleeve: FuzzSleeve): MarketBook {
  const { venues } = look;
  if (venues === null || fuzz.sleeves === null) throw new Error("no venues in this world");
  return sleeve.market === fuzz.sleeves.venues.lending.conversion ? venues.conversion : venues.reversal;
}

/** The debt that so much collateral may secure, loan wei, rounded down twice as Morpho does. */
export function securedBy(fuzz: Fuzz, sleeve: FuzzSleeve, collateral: bigint): bigint {
  const { base, quote } = fuzz.model.oracle;
  const { baseDecimals, quoteDecimals, baseFeedDecimals, quoteFeedDecimals } = fuzz.world.options;
  const conversion = sleeve.assetIsToken0 === fuzz.quoteIsToken0;
  const [mine, its] = conversion ? [quote, base] : [base, quote];
  const exponent = conversion
    ? 36 + baseDecimals + baseFeedDecimals - quoteDecimals - quoteFeedDecimals
    : 36 + quoteDecimals + quoteFeedDecimals - baseDecimals - baseFeedDecimals;
  const price = (10n ** BigInt(exponent) * mine.answer) / its.answer;
  return (((collateral * price) / ORACLE_SCALE) * (sleeve.market?.params.lltv ?? 0n)) / ONE;
}

/** One move, priced by what there was: what a unit of the others stands for is no less. */
function checkOthers({ fuzz, before, after, done, band }: Told, one: SleeveTold): void {
  const { sleeve, units, moves, closed, settled } = one;
  const [was, is] = [before.books.get(sleeve.address), after.books.get(sleeve.address)];
  if (was === undefined || is === undefined || moves.length !== 1 || closed || settled) return;
  const others = was.total - (was.units.get(fuzz.world.addresses.vault) ?? 0n);
  if (others === 0n) return;
  const [from, to] = units > 0n ? [was.total + VIRTUAL_UNITS, is.total + VIRTUAL_UNITS] : [was.total, is.total];
  const keeps = (name: string, had: bigint, has: bigint, slack: bigint): void => {
    const kept = (has + slack) * from >= had * to;
    expect(
      kept,
      `${SLEEVE_INVARIANT.UNITS_NOT_DILUTED}: ${sleeve.name} ${name} ${had} of ${from} -> ${has} of ${to}`,
    ).to.equal(true);
  };
  if (sleeve.kind === "reserve") keeps("shares", was.held, is.held, 0n);
  if (sleeve.kind === "fund") keeps("worth", worthOf(was, before), worthOf(is, after), 2n);
  if (sleeve.kind !== "loan") return;
  for (const price of [band.low, band.high]) {
    const value = (book: SleeveBook, look: Look): bigint => {
      const debt = debtOf(marketOf(fuzz, look, sleeve), book.borrowShares, done.at);
      const [amount0, amount1] = sleeve.assetIsToken0 ? [book.collateral, -debt] : [-debt, book.collateral];
      return valueOfTokens({ amount0, amount1 }, price, fuzz.quoteIsToken0);
    };
    const wei = valueOfTokens({ amount0: 4n, amount1: 4n }, price, fuzz.quoteIsToken0);
    keeps(`value at ${price}`, value(was, before), value(is, after), wei);
  }
}

/** A fund's, in asset wei at its own price. */
export function worthOf({ cash, depositing, held, redeeming }: SleeveBook, { venues }: Look): bigint {
  return cash + depositing + ((held + redeeming) * (venues?.nav ?? 0n)) / ONE;
}
