/**
 * What happens at the venues, to sleeves and to everybody: lenders and borrowers, interest, crashes and liquidations, losses and
 * gains, pauses, reports, settlements, gifts. The world's market contract is all these people.
 */
import { expect } from "chai";

import { INVARIANT } from "../../../contracts/invariants.ts";
import { max, ONE } from "../../arithmetic.ts";
import type { Tx } from "../chain.ts";
import type { Ended, Fuzz } from "../fuzz.ts";
import { bookOf } from "../sleeves/checks.ts";
import { word, type MarketBook } from "../sleeves/books.ts";
import { SLEEVE_INVARIANT } from "../sleeves/invariants.ts";
import type { FuzzSleeve } from "../sleeves/open.ts";
import { marketOf, securedBy } from "../sleeves/planMoves.ts";
import { arbitrage, expectNothingLost, report } from "./strangers.ts";
import { feedsBroken, sideOf } from "./units.ts";

interface Call {
  readonly target: string;
  readonly data: string;
}

const HOUR = 3_600;
const DAY = 86_400;
const YEAR = 31_536_000n;

function byMarket(fuzz: Fuzz, ...calls: readonly Call[]): Tx {
  const { world, market } = fuzz;
  const data = world.market.interface.encodeFunctionData("run", [[...calls]]);
  return { from: world.who.deployer.address, to: market, data };
}

const transferTo = (fuzz: Fuzz, token1: boolean, to: string, amount: bigint): Call => ({
  target: fuzz.tokens[token1 ? 1 : 0],
  data: fuzz.world.token0.interface.encodeFunctionData("transfer", [to, amount]),
});

const quote1 = (fuzz: Fuzz): boolean => !fuzz.quoteIsToken0;

/** Up to so many quote units, log-uniform, in wei. */
function quoteWei({ random, world }: Fuzz, most: bigint): bigint {
  return random.wei(1n, most * 10n ** BigInt(world.options.quoteDecimals));
}

// ---------------------------------------------------------------- Morpho

/** Of one of both markets, its loans and its name. */
function marketCalls(fuzz: Fuzz) {
  const { venues } = sideOf(fuzz);
  const { lending, addresses } = venues;
  const isConversion = fuzz.random.chance(0.5);
  const market = isConversion ? lending.conversion : lending.reversal;
  const abi = lending.morpho.interface;
  const call = (name: string, args: readonly unknown[]): Call => ({
    target: addresses.morpho,
    data: abi.encodeFunctionData(name as "borrow", [market.params, ...args] as never),
  });
  const book: MarketBook | undefined = fuzz.look.venues?.[isConversion ? "conversion" : "reversal"];
  if (book === undefined) throw new Error("no book of the market");
  return {
    market,
    call,
    book,
    isConversion,
    name: isConversion ? "conversion's market" : "reversal's market",
    rates: lending,
  };
}

/** Others borrow what is left, or a part of it, against far more than it is worth. */
async function borrowByOthers(fuzz: Fuzz): Promise<Ended> {
  const { random, market: me, world } = fuzz;
  const { call, book, name, isConversion } = marketCalls(fuzz);
  const free = book.supplyAssets - book.borrowAssets;
  if (free <= 1n || feedsBroken(fuzz)) return { text: "nothing to borrow", reason: "none" };
  const amount = random.chance(0.6) ? free : random.wei(1n, free);
  // Far more than the market's whole supply is worth at any price that comes.
  const { quoteDecimals, baseDecimals } = world.options;
  const collateral = isConversion ? 10n ** BigInt(10 + quoteDecimals) : 10n ** BigInt(7 + baseDecimals);
  const calls = [call("supplyCollateral", [collateral, me, "0x"]), call("borrow", [amount, 0n, me, me])];
  const outcome = await fuzz.chain.send(byMarket(fuzz, ...calls));
  // Interest of the seconds since has grown what is lent and what is borrowed alike, so it is still there.
  if (!outcome.ok) return fuzz.expectRefused(outcome, ["insufficient collateral"]);
  return { text: `${amount} of ${name}` };
}

/** They repay all that they owe. */
async function repayByOthers(fuzz: Fuzz): Promise<Ended> {
  const { market: me, chain } = fuzz;
  const { market, call, name, rates } = marketCalls(fuzz);
  const data = rates.morpho.interface.encodeFunctionData("position", [market.id, me]);
  const shares = word(await chain.call(sideOf(fuzz).venues.addresses.morpho, data), 1);
  if (shares === 0n) return { text: "nothing owed", reason: "none" };
  await fuzz.must(byMarket(fuzz, call("repay", [0n, shares, me, "0x"])));
  return { text: `all of ${name}` };
}

/** A rate that somebody makes, from nothing to 80 % a year, or the curve again; then time. */
async function lendingRate(fuzz: Fuzz): Promise<Ended> {
  const { random, chain } = fuzz;
  const { market, call, rates, name } = marketCalls(fuzz);
  const abi = rates.rateModel.interface;
  const perSecond = (BigInt(random.int(0, 80)) * (ONE / 100n)) / YEAR;
  const set = random.chance(0.3)
    ? abi.encodeFunctionData("release", [market.id])
    : abi.encodeFunctionData("force", [market.id, perSecond]);
  await fuzz.must(byMarket(fuzz, call("accrueInterest", []), { target: rates.markets.rateModel, data: set }));
  const days = random.pick([0, 1, 7, 30]);
  if (days > 0) {
    await chain.pass(days * DAY);
    if (random.chance(0.8)) await report(fuzz, fuzz.price);
  }
  return { text: `${name}, ${days} days` };
}

/** The price leaps, everywhere at once; then whatever can be liquidated is. */
export async function crash(fuzz: Fuzz): Promise<Ended> {
  const { random } = fuzz;
  const before = fuzz.look;
  const factor = random.pick([0.6, 0.75, 0.85, 1.15, 1.3, 1.6]);
  fuzz.price = Math.min(Math.max(fuzz.price * factor, 500), 8_000);
  await arbitrage(fuzz);
  await expectNothingLost(fuzz, before);
  await report(fuzz, fuzz.price);
  await fuzz.refresh();
  const fallen = sideOf(fuzz).sleeves.filter((sleeve) => isLiquidatable(fuzz, sleeve));
  let went = 0;
  for (const sleeve of fallen) if (random.chance(0.7) && (await liquidate(fuzz, sleeve))) went++;
  if (random.chance(0.6)) {
    await fuzz.chain.pass(1_900);
    await report(fuzz, fuzz.price);
  }
  return { text: `${fuzz.price.toFixed(2)}, ${went} of ${fallen.length} liquidated` };
}

function isLiquidatable(fuzz: Fuzz, sleeve: FuzzSleeve): boolean {
  const book = bookOf(fuzz.look, sleeve);
  if (sleeve.market === null || book.borrowShares === 0n) return false;
  const market = marketOf(fuzz, fuzz.look, sleeve);
  const debt = (book.borrowShares * market.borrowAssets) / max(market.borrowShares, 1n);
  return securedBy(fuzz, sleeve, book.collateral) < debt;
}

/** A part of the debt, or all of the collateral, which leaves the lenders the rest. */
async function liquidate(fuzz: Fuzz, sleeve: FuzzSleeve): Promise<boolean> {
  const { random } = fuzz;
  const { venues } = sideOf(fuzz);
  const { collateral, borrowShares } = bookOf(fuzz.look, sleeve);
  if (sleeve.market === null || collateral === 0n) return false;
  const [seized, repaid] = random.chance(0.4) ? [collateral, 0n] : [0n, random.wei(1n, borrowShares)];
  const args = [sleeve.market.params, sleeve.address, seized, repaid, "0x"] as const;
  const data = venues.lending.morpho.interface.encodeFunctionData("liquidate", [...args]);
  // Refused by Morpho's own arithmetic where the repaid part would seize more than there is.
  const { ok } = await fuzz.chain.send(byMarket(fuzz, { target: venues.addresses.morpho, data }));
  await fuzz.refresh();
  return ok;
}

// ---------------------------------------------------------------- the reserve

async function reserve(fuzz: Fuzz): Promise<Ended> {
  const { random, chain } = fuzz;
  const { reserve: venue, addresses } = sideOf(fuzz).venues;
  const abi = venue.interface;
  const at = (name: string, args: readonly unknown[]): Call => ({
    target: addresses.reserve,
    data: abi.encodeFunctionData(name as "lend", args as never),
  });
  const total = word(await chain.call(addresses.reserve, abi.encodeFunctionData("totalAssets")));
  const lent = word(await chain.call(addresses.reserve, abi.encodeFunctionData("lent")));
  const kinds: readonly (readonly [string, () => readonly Call[]])[] = [
    ["lends all", () => [at("accrue", []), at("lend", [max(total - lent, 0n)])]],
    ["lends", () => [at("lend", [(max(total - lent, 0n) * BigInt(random.int(1, 99))) / 100n])]],
    ["is paid back", () => [at("giveBack", [lent])]],
    ["loses", () => [at("lose", [(total * BigInt(random.int(1, 60))) / 1_000n])]],
    ["gains", () => [transferTo(fuzz, quote1(fuzz), addresses.reserve, (total * BigInt(random.int(1, 30))) / 1_000n)]],
    ["earns otherwise", () => [at("setRate", [(BigInt(random.int(0, 60)) * (ONE / 100n)) / YEAR])]],
    ["is paused", () => [at("setPaused", [true])]],
    ["refuses a sleeve", () => [at("setRefused", [random.pick(sideOf(fuzz).sleeves).address, true])]],
  ];
  const [name, calls] = random.pick(kinds);
  const outcome = await chain.send(byMarket(fuzz, ...calls()));
  if (!outcome.ok) return fuzz.expectRefused(outcome);
  return { text: `the reserve ${name}` };
}

// ---------------------------------------------------------------- the fund

async function fund(fuzz: Fuzz): Promise<Ended> {
  const { random, chain, market: me, world } = fuzz;
  const { fund: venue, addresses, fundSleeve } = sideOf(fuzz).venues;
  const abi = venue.interface;
  const at = (name: string, args: readonly unknown[]): Call => ({
    target: addresses.fund,
    data: abi.encodeFunctionData(name as "report", args as never),
  });
  const sleeve = await fundSleeve.getAddress();
  // Only a reporter reports, and that is the deployer.
  if (random.chance(0.4)) {
    const next = (ONE * BigInt(random.pick([800, 950, 990, 1_000, 1_000, 1_002, 1_005, 1_200]))) / 1_000n;
    await fuzz.must({ from: world.who.deployer.address, to: addresses.fund, data: at("report", [next]).data });
    return { text: `the fund reports ${next}` };
  }
  const kinds: readonly (readonly [string, () => readonly Call[]])[] = [
    ["deals otherwise", () => [at("setSettlementDelay", [random.pick([0, HOUR, DAY, 3 * DAY])])]],
    ["is paused", () => [at("setPaused", [true])]],
    ["refuses a sleeve", () => [at("setRefused", [sleeve, true])]],
    ["is asked for shares in the sleeve's name", () => [at("requestDeposit", [quoteWei(fuzz, 50_000n), sleeve, me])]],
    ["is asked for money in the sleeve's name", () => [at("requestRedeem", [quoteWei(fuzz, 50_000n), sleeve, me])]],
  ];
  const [name, calls] = random.pick(kinds);
  const outcome = await chain.send(byMarket(fuzz, ...calls()));
  if (!outcome.ok) return fuzz.expectRefused(outcome);
  return { text: `the fund ${name}` };
}

// ---------------------------------------------------------------- gifts

async function gift(fuzz: Fuzz): Promise<Ended> {
  const { random, look, chain } = fuzz;
  const { venues, sleeves } = sideOf(fuzz);
  const { lending, addresses } = venues;
  const sleeve = random.pick(sleeves);
  const amount = quoteWei(fuzz, 20_000n);
  const morpho = (name: string, args: readonly unknown[]): Call => ({
    target: addresses.morpho,
    data: lending.morpho.interface.encodeFunctionData(name as "repay", args as never),
  });
  const gifts: (readonly [string, () => Call])[] = [
    ["quote to", () => transferTo(fuzz, quote1(fuzz), sleeve.address, amount)],
    ["base to", () => transferTo(fuzz, !quote1(fuzz), sleeve.address, amount)],
    ["quote to the venue of", () => transferTo(fuzz, quote1(fuzz), sleeve.venue, amount)],
  ];
  if (sleeve.market !== null) {
    const { params } = sleeve.market;
    gifts.push(["collateral to", () => morpho("supplyCollateral", [params, amount, sleeve.address, "0x"])]);
    const { borrowShares } = bookOf(look, sleeve);
    if (borrowShares > 0n) {
      const shares = random.chance(0.3) ? borrowShares : random.wei(1n, borrowShares);
      gifts.push(["a repayment to", () => morpho("repay", [params, 0n, shares, sleeve.address, "0x"])]);
    }
  } else {
    gifts.push(["shares to", () => shareGift(fuzz, sleeve, amount)]);
  }
  const [name, call] = random.pick(gifts);
  const outcome = await chain.send(byMarket(fuzz, call()));
  if (!outcome.ok) return fuzz.expectRefused(outcome);
  return { text: `${amount}, ${name} ${sleeve.name}` };
}

function shareGift(fuzz: Fuzz, sleeve: FuzzSleeve, amount: bigint): Call {
  const { reserve: venue, fund: other, addresses } = sideOf(fuzz).venues;
  if (sleeve.kind === "fund") {
    return { target: addresses.fund, data: other.interface.encodeFunctionData("transfer", [sleeve.address, amount]) };
  }
  return { target: addresses.reserve, data: venue.interface.encodeFunctionData("deposit", [amount, sleeve.address]) };
}

// ---------------------------------------------------------------- all of them

/** Everything that can be mended at the venues is. */
export async function heal(fuzz: Fuzz): Promise<void> {
  const { venues, sleeves } = sideOf(fuzz);
  const { reserve: venue, fund: other, addresses } = venues;
  const calls: Call[] = [];
  for (const [target, abi] of [
    [addresses.reserve, venue.interface],
    [addresses.fund, other.interface],
  ] as const) {
    calls.push({ target, data: abi.encodeFunctionData("setPaused", [false]) });
    for (const { address } of sleeves)
      calls.push({ target, data: abi.encodeFunctionData("setRefused", [address, false]) });
  }
  const lent = word(await fuzz.chain.call(addresses.reserve, venue.interface.encodeFunctionData("lent")));
  calls.push({ target: addresses.reserve, data: venue.interface.encodeFunctionData("giveBack", [lent]) });
  await fuzz.must(byMarket(fuzz, ...calls));
}

const EVENTS: readonly (readonly [weight: number, act: (fuzz: Fuzz) => Promise<Ended>])[] = [
  [3, borrowByOthers],
  [2, repayByOthers],
  [2, lendingRate],
  [4, reserve],
  [4, fund],
  [4, gift],
];
const WEIGHT = EVENTS.reduce((sum, [weight]) => sum + weight, 0);

/** Whatever it is, the vault's core has no less than before, and no sleeve's units are more. */
export async function venueEvent(fuzz: Fuzz): Promise<Ended> {
  const { random } = fuzz;
  if (random.chance(0.3)) {
    await heal(fuzz);
    await fuzz.refresh();
  }
  const before = fuzz.look;
  let at = random.next() * WEIGHT;
  const [, act] = EVENTS.find(([weight]) => (at -= weight) < 0) ?? [0, gift];
  const ended = await act(fuzz);
  const after = await fuzz.refresh();
  await expectNothingLost(fuzz, before);
  for (const sleeve of sideOf(fuzz).sleeves) {
    const [was, is] = [bookOf(before, sleeve), bookOf(after, sleeve)];
    expect(is.units, `${SLEEVE_INVARIANT.STRANGERS}: ${sleeve.name}`).to.deep.equal(was.units);
    expect(is.borrowShares <= was.borrowShares, `${SLEEVE_INVARIANT.STRANGERS}: ${sleeve.name}`).to.equal(true);
    for (const leg of ["collateral", "held", "cash"] as const)
      expect(is[leg] >= was[leg], `${SLEEVE_INVARIANT.STRANGERS}: ${leg} of ${sleeve.name}`).to.equal(true);
  }
  expect(after.held, INVARIANT.ONLY_TO_PAYEES).to.deep.equal(before.held);
  return ended;
}
