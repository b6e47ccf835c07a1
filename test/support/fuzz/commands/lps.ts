/** Commands of LPs: in, out, elsewhere, and what a block forbids. Every amount is foretold to the wei. */
import { expect } from "chai";

import { INVARIANT } from "../../../contracts/invariants.ts";
import { divUp, ONE, type Pair2 } from "../../arithmetic.ts";
import { expectDepositKeepsValue, priceGrid, rangeKey } from "../../checks.ts";
import { sqrtAtTick } from "../../world.ts";
import type { Done, Tx } from "../chain.ts";
import { amountsOf, minus, NOTHING, plus } from "../exact.ts";
import { expectDone, type Ended, type Fuzz } from "../fuzz.ts";
import { expectUnchanged } from "../stateChecks.ts";
import { lpBook, type Look } from "../look.ts";
import { LOCKED_SHARES } from "../model.ts";
import { collectedFees } from "../models/treasury.ts";
import { expectUnitsKeep, expectVaultUnitsKeep } from "../sleeves/checks.ts";
import { lensMask, liveMask, withSleeves, type Due } from "../sleeves/leaving.ts";
import { entryNext, type Entry } from "../sleeves/marks.ts";
import { poolSteps, tokenEvents } from "../steps.ts";

const MAX = 1n << 200n;
const NO_LIMIT: Pair2 = { amount0: MAX, amount1: MAX };
const GAS_LIMIT = 2_500_000n;

export function depositTx(fuzz: Fuzz, from: string, shares: bigint, max: Pair2, to = from): Tx {
  const data = fuzz.world.vault.interface.encodeFunctionData("deposit", [shares, max.amount0, max.amount1, to]);
  return fuzz.toVault(from, data);
}

export function withdrawTx(fuzz: Fuzz, from: string, shares: bigint, min: Pair2, to = from, mask = 0n): Tx {
  const args = [shares, min.amount0, min.amount1, to, mask] as const;
  return fuzz.toVault(from, fuzz.world.vault.interface.encodeFunctionData("withdraw", [...args]));
}

// ---------------------------------------------------------------- in

export async function deposit(fuzz: Fuzz): Promise<Ended> {
  const { random, chain, model, world } = fuzz;
  const lp = random.pick(fuzz.lps).address;
  const to = random.chance(0.8) ? lp : random.pick(fuzz.lps).address;
  const before = fuzz.look;
  const at = chain.next;
  const shares = random.wei(1n, 300_000n * ONE);
  if (model.policy.paused(at))
    return fuzz.refused(depositTx(fuzz, lp, shares, { amount0: MAX, amount1: MAX }, to), ["Paused"]);
  if (model.isEmpty(at)) return firstDeposit(fuzz, lp);

  const entry = await entryNext(fuzz);
  if (entry.refusal !== null) return expectClosed(fuzz, depositTx(fuzz, lp, shares, NO_LIMIT, to), entry.refusal);
  const cost = costOf(fuzz, before, shares, at, entry.high);
  if (await tooDear(fuzz, lp, cost))
    return fuzz.refused(depositTx(fuzz, lp, shares, { amount0: MAX, amount1: MAX }, to), ["ERC20InsufficientBalance"]);
  if (random.chance(0.1)) {
    const short = random.chance(0.5)
      ? { ...cost, amount0: cost.amount0 - 1n }
      : { ...cost, amount1: cost.amount1 - 1n };
    return fuzz.refused(depositTx(fuzz, lp, shares, short, to), ["DepositAboveMax"]);
  }
  if (random.chance(0.15)) {
    const data = world.vault.interface.encodeFunctionData("previewDeposit", [shares]);
    const shown = await chain.call(world.addresses.vault, data, "next");
    const [amount0, amount1] = world.vault.interface.decodeFunctionResult(
      "previewDeposit",
      shown,
    ) as unknown as bigint[];
    expect({ amount0, amount1 }, INVARIANT.DEPOSIT_PREVIEW).to.deep.equal(cost);
  }
  const had = await fuzz.tokenBalances(lp);
  await fuzz.must(depositTx(fuzz, lp, shares, random.chance(0.5) ? cost : { amount0: MAX, amount1: MAX }, to));
  expect(minus(had, await fuzz.tokenBalances(lp)), INVARIANT.DEPOSIT_ROUNDS_UP).to.deep.equal(cost);
  const supply = model.supply(at);
  const fee = model.fees.entryFee(shares, at);
  noteDeposit(fuzz, shares, fee, at);
  const after = await fuzz.refresh();
  expectOnlyIdleGrew(fuzz, before, after, supply, supply + shares + fee, entry);
  return { text: `${shares} to ${to.slice(0, 6)} for ${cost.amount0} and ${cost.amount1}` };
}

/** A sleeve stands in the way of whoever enters, and says so by its own reason, even where that is its venue's fault. */
async function expectClosed(fuzz: Fuzz, tx: Tx, reason: string): Promise<Ended> {
  const before = fuzz.look;
  const outcome = await fuzz.chain.send(tx);
  expect(outcome.ok ? "it went through" : outcome.reason, INVARIANT.DEPOSIT_VALUE).to.equal(reason);
  expectUnchanged(before, await fuzz.refresh());
  return { text: `refused, ${reason}`, reason };
}

/** Presents can make the shares of a nearly empty vault dearer than anybody is rich. */
async function tooDear(fuzz: Fuzz, lp: string, cost: Pair2): Promise<boolean> {
  const has = await fuzz.tokenBalances(lp);
  return cost.amount0 > has.amount0 || cost.amount1 > has.amount1;
}

/** ceil((shares + fee) * (total + 1) / supply), principal rounded up. @param high what sleeves stand for at their high marks */
function costOf(fuzz: Fuzz, look: Look, shares: bigint, at: number, high: Pair2): Pair2 {
  const { model } = fuzz;
  const supply = model.supply(at);
  const all = shares + model.fees.entryFee(shares, at);
  const each = (total: bigint): bigint => divUp(all * (total + 1n), supply);
  return { amount0: each(look.total.amount0 + high.amount0), amount1: each(look.total.amount1 + high.amount1) };
}

function noteDeposit({ model }: Fuzz, shares: bigint, fee: bigint, at: number): void {
  model.totalSupply += shares + fee - model.fees.settle(at);
  model.fees.lock(fee, at);
}

function expectOnlyIdleGrew(
  fuzz: Fuzz,
  before: Look,
  after: Look,
  supplyBefore: bigint,
  supplyAfter: bigint,
  { low, high }: Entry,
): void {
  expect(after.positions, INVARIANT.DEPOSIT_IDLE).to.deep.equal(before.positions);
  expect(after.books, INVARIANT.DEPOSIT_IDLE).to.deep.equal(before.books);
  // Whatever sleeves are worth between their marks, debts included, as if it were idle.
  for (const mark of fuzz.sleeves === null ? [NOTHING] : [low, high]) {
    const with_ = (look: Look): Look => ({ ...look, idle: plus(look.idle, mark) });
    const was = { ...lpBook(with_(before)), supply: supplyBefore };
    const is = { ...lpBook(with_(after)), supply: supplyAfter };
    const prices = priceGrid(fuzz.world.priceX96(fuzz.price), was, fuzz.quoteIsToken0, sqrtAtTick);
    expectDepositKeepsValue(was, is, prices, fuzz.quoteIsToken0);
  }
}

/** While only the vault has shares, and hardly any of those come free, one costs a quote unit at the oracle's price. */
async function firstDeposit(fuzz: Fuzz, lp: string): Promise<Ended> {
  const { random, world, model, chain } = fuzz;
  const least = world.options.minFirstShares;
  const shares = random.wei(least, 100_000n * ONE);
  // A tenth more than it costs at the spot, since the feed may say another price; the vault takes what is due.
  const max = world.halves((shares * 11n) / 10n, fuzz.price);
  await fuzz.refused(depositTx(fuzz, lp, least - 1n, max), ["FirstDepositTooSmall"]);
  const at = chain.next;
  const begins = model.totalSupply === 0n;
  const outcome = await chain.send(depositTx(fuzz, lp, shares, max));
  if (!outcome.ok) {
    const allowed = ["SpotOutsideBand", "TwapOutsideBand", "FirstDepositUnderpaid", "FeedStale", "Silent"];
    return fuzz.expectRefused(outcome, allowed);
  }
  expect(model.oracle.refusal(at), INVARIANT.ORACLE_REFUSES).to.equal(null);
  model.restart();
  const dropped = model.fees.settle(at) + model.fees.drop(at);
  model.totalSupply += shares + (begins ? LOCKED_SHARES : 0n) - dropped;
  const { mid } = model.oracle.band;
  const after = await fuzz.refresh();
  const paid = tokenEvents(fuzz.tokens, outcome.logs).reduce(
    (sum, { token, value }) =>
      token === fuzz.tokens[0] ? { ...sum, amount0: sum.amount0 + value } : { ...sum, amount1: sum.amount1 + value },
    { amount0: 0n, amount1: 0n },
  );
  const due = (shares * 10n ** BigInt(world.options.quoteDecimals)) / ONE;
  expect(world.value(paid, mid) >= due, INVARIANT.FIRST_DEPOSIT).to.equal(true);
  expect(after.supply, INVARIANT.FIRST_DEPOSIT).to.equal(shares + LOCKED_SHARES);
  return { text: `first, ${shares}` };
}

// ---------------------------------------------------------------- out

export async function withdraw(fuzz: Fuzz): Promise<Ended> {
  const { random, chain, world } = fuzz;
  const holders = fuzz.lps.filter(({ address }) => (fuzz.look.shares.get(address) ?? 0n) > 0n);
  const lp = random.pick(holders.length > 0 && random.chance(0.95) ? holders : fuzz.lps).address;
  const to = random.pick(fuzz.lps).address;
  const has = fuzz.look.shares.get(lp) ?? 0n;
  if (has === 0n || random.chance(0.05)) {
    const tooMany = withdrawTx(fuzz, lp, has + random.wei(1n, ONE), NONE, to);
    return fuzz.refused(tooMany, ["ERC20InsufficientBalance"]);
  }
  const shares = random.chance(0.2) ? has : random.wei(1n, has);
  const { mask, open } = await chooseMask(fuzz, shares);
  const due = await dueOf(fuzz, shares, mask, chain.next);
  if (!open) return tryToLeave(fuzz, lp, shares, to, due, mask);
  const { amounts } = due;
  if (random.chance(0.08)) {
    const more = random.chance(0.5)
      ? { ...amounts, amount0: amounts.amount0 + 1n }
      : { ...amounts, amount1: amounts.amount1 + 1n };
    return fuzz.refused(withdrawTx(fuzz, lp, shares, more, to, mask), ["WithdrawBelowMin"]);
  }
  if (random.chance(0.15)) {
    const data = world.lens.interface.encodeFunctionData("previewWithdraw", [world.addresses.vault, shares, mask]);
    const shown = await chain.call(world.addresses.lens, data, "next");
    const [amount0, amount1, paidIn0, paidIn1, units] = world.lens.interface.decodeFunctionResult(
      "previewWithdraw",
      shown,
    ) as unknown as [bigint, bigint, bigint, bigint, readonly bigint[]];
    expect({ amount0, amount1 }, INVARIANT.WITHDRAW_PREVIEW).to.deep.equal(amounts);
    expect({ amount0: paidIn0, amount1: paidIn1 }, INVARIANT.WITHDRAW_PREVIEW).to.deep.equal(due.paidIn);
    for (const { index, sleeve } of fuzz.look.places)
      expect(units[index], INVARIANT.WITHDRAW_PREVIEW).to.equal(due.units.get(sleeve) ?? 0n);
  }
  if (random.chance(0.15)) await expectNoMoreInParts(fuzz, lp, shares, due, mask);
  return leave(fuzz, lp, shares, to, due, mask);
}

/** Mostly what the lens names, or units of more sleeves; sometimes any mask at all. @return open by the lens it must work */
async function chooseMask(fuzz: Fuzz, shares: bigint): Promise<{ readonly mask: bigint; readonly open: boolean }> {
  const { random, look, sleeves } = fuzz;
  if (sleeves === null || liveMask(look) === 0n) return { mask: 0n, open: true };
  const least = await lensMask(fuzz, shares);
  const any = BigInt(random.int(0, 15));
  const mask = random.chance(0.3) ? least : random.chance(0.7) ? least | any : any;
  return { mask, open: (least & ~mask) === 0n };
}

/** With a mask that the lens does not name: if it goes through all the same, it is an exit like any other. */
async function tryToLeave(fuzz: Fuzz, lp: string, shares: bigint, to: string, due: Due, mask: bigint): Promise<Ended> {
  const before = fuzz.look;
  const tx = withdrawTx(fuzz, lp, shares, NONE, to, mask);
  const { ok } = await fuzz.chain.undone(() => fuzz.chain.send(tx));
  if (ok) {
    fuzz.restore(before);
    return leave(fuzz, lp, shares, to, due, mask);
  }
  const outcome = await fuzz.chain.send(tx);
  if (outcome.ok) throw new Error("what was refused on a copy went through");
  expectUnchanged(before, await fuzz.refresh());
  return { text: `mask ${mask} refused, ${outcome.reason}`, reason: outcome.reason };
}

/** What he gets and pays for so many shares, to the wei. */
export async function dueOf(fuzz: Fuzz, shares: bigint, mask: bigint, at: number): Promise<Due> {
  const core = payoutOf(fuzz, fuzz.look, shares, at);
  return withSleeves(fuzz, core, shares - fuzz.model.exitFee(shares, at), fuzz.model.supply(at), mask, at);
}

const NONE: Pair2 = { amount0: 0n, amount1: 0n };

/** Withdraws and checks that exactly `due` is paid and that those who stay lose nothing. */
export async function leave(
  fuzz: Fuzz,
  lp: string,
  shares: bigint,
  to: string,
  due: Due,
  mask: bigint,
): Promise<Ended> {
  const { model, world } = fuzz;
  const before = fuzz.look;
  const had = await fuzz.tokenBalances(to);
  const purse = await fuzz.tokenBalances(lp);
  const done = await fuzz.must(withdrawTx(fuzz, lp, shares, due.amounts, to, mask));
  const paid = lp === to ? minus(due.amounts, due.paidIn) : due.amounts;
  expect(minus(await fuzz.tokenBalances(to), had), INVARIANT.WITHDRAW_PRO_RATA).to.deep.equal(paid);
  if (lp !== to) {
    expect(minus(purse, await fuzz.tokenBalances(lp)), INVARIANT.WITHDRAW_SLEEVES).to.deep.equal(due.paidIn);
  }
  expect(done.gasUsed < GAS_LIMIT, `${INVARIANT.WITHDRAW_OPEN}: ${done.gasUsed} gas`).to.equal(true);
  const payees = [to.toLowerCase(), ...before.places.map(({ sleeve }) => sleeve)];
  for (const { from, to: payee } of tokenEvents(fuzz.tokens, done.logs)) {
    if (from === world.addresses.vault) expect(payees, INVARIANT.ONLY_TO_PAYEES).to.include(payee.toLowerCase());
  }
  const { at } = done;
  const fee = model.exitFee(shares, at);
  const supply = model.supply(at);
  model.totalSupply -= model.fees.settle(at) + shares - fee;
  model.fees.lock(fee, at);
  const after = await fuzz.refresh();
  model.treasury.collected(expectFeesByView(fuzz, before, done), after.treasury);
  expectStayersKeep(before, after, supply, supply - (shares - fee));
  expectUnitsKeep(fuzz, before, after);
  expectVaultUnitsKeep(fuzz, before, after, supply, supply - (shares - fee));
  for (const [sleeve, units] of due.units) {
    const own = (look: Look): bigint => look.books.get(sleeve)?.units.get(to) ?? 0n;
    expect(own(after) - own(before), INVARIANT.WITHDRAW_SLEEVES).to.equal(units);
  }
  return { text: `${shares} of ${before.shares.get(lp) ?? 0n}, fee ${fee}${mask > 0n ? `, mask ${mask}` : ""}` };
}

/** What the part of each position is worth + floor(part of idle tokens and of all fees of those positions). */
export function payoutOf(fuzz: Fuzz, look: Look, shares: bigint, at: number): Pair2 {
  const { model } = fuzz;
  const supply = model.supply(at);
  const redeemed = shares - model.exitFee(shares, at);
  let [pot0, pot1] = [look.idle.amount0, look.idle.amount1];
  let [amount0, amount1] = [0n, 0n];
  const { shareBps } = model.treasury;
  const lps = (fees: bigint): bigint => fees - (fees * shareBps) / 10_000n;
  for (const p of look.positions) {
    const liquidity = (p.liquidity * redeemed) / supply;
    if (liquidity === 0n) continue;
    const spot = look.spots.get(p.fee);
    if (spot === undefined) throw new Error(`no pool of tier ${p.fee}`);
    const principal = amountsOf({ ...p, liquidity }, spot.sqrtPriceX96, "down");
    amount0 += principal.amount0;
    amount1 += principal.amount1;
    pot0 += lps(p.fees0);
    pot1 += lps(p.fees1);
  }
  return { amount0: amount0 + (pot0 * redeemed) / supply, amount1: amount1 + (pot1 * redeemed) / supply };
}

/** Whatever was collected of a range is what the view showed before. @returns the fees, range by range */
export function expectFeesByView(fuzz: Fuzz, before: Look, done: Done): readonly Pair2[] {
  const steps = poolSteps(fuzz.world, done.logs);
  const fees = collectedFees(steps);
  for (const [i, step] of steps.filter(({ kind }) => kind === "collect").entries()) {
    if (step.kind !== "collect") continue;
    const range = before.positions.find((p) => rangeKey(p) === rangeKey(step));
    expect(fees[i], INVARIANT.FEES_BY_VIEW).to.deep.equal({ amount0: range?.fees0, amount1: range?.fees1 });
  }
  return fees;
}

/** No component's part of a share became smaller. Fees that were owed may have become idle. */
function expectStayersKeep(before: Look, after: Look, supplyBefore: bigint, supplyAfter: bigint): void {
  const keeps = (name: string, was: bigint, is: bigint): void => {
    const least = divUp(was * supplyAfter, supplyBefore);
    expect(is >= least, `${INVARIANT.WITHDRAW_COMPONENT}: ${name} ${was} -> ${is} < ${least}`).to.equal(true);
  };
  for (const p of before.positions) {
    const left = after.positions.find((other) => rangeKey(other) === rangeKey(p));
    keeps(`liquidity of ${rangeKey(p)}`, p.liquidity, left?.liquidity ?? 0n);
  }
  const [was, is] = [liquid(before), liquid(after)];
  keeps("token0", was.amount0, is.amount0);
  keeps("token1", was.amount1, is.amount1);
}

/** Idle tokens and the LPs' part of pending fees. */
function liquid(look: Look): Pair2 {
  const book = lpBook(look);
  return book.positions.reduce((sum, p) => ({ amount0: sum.amount0 + p.fees0, amount1: sum.amount1 + p.fees1 }), {
    amount0: book.idle0,
    amount1: book.idle1,
  });
}

/** Leaving in several steps of one block brings no more of a token than leaving at once. */
async function expectNoMoreInParts(fuzz: Fuzz, lp: string, shares: bigint, due: Due, mask: bigint): Promise<void> {
  const { chain, random } = fuzz;
  const whole = minus(due.amounts, due.paidIn);
  await chain.undone(async () => {
    const parts: bigint[] = [];
    let left = shares;
    for (let i = random.int(1, 4); i > 0 && left > 1n; i--) {
      const part = random.wei(1n, left - 1n);
      parts.push(part);
      left -= part;
    }
    parts.push(left);
    const had = await fuzz.tokenBalances(lp);
    const outcomes = await chain.sendTogether(parts.map((part) => withdrawTx(fuzz, lp, part, NONE, lp, mask)));
    outcomes.forEach(expectDone);
    const got = minus(await fuzz.tokenBalances(lp), had);
    expect(
      got.amount0 <= whole.amount0 && got.amount1 <= whole.amount1,
      `${INVARIANT.WITHDRAW_SPLIT}: ${parts.join(" + ")} bring ${got.amount0}, ${got.amount1}`,
    ).to.equal(true);
  });
}

// ---------------------------------------------------------------- elsewhere

export async function transfer(fuzz: Fuzz): Promise<Ended> {
  const { random, world } = fuzz;
  const from = random.pick(fuzz.lps).address;
  const to = random.chance(0.05) ? world.addresses.vault : random.pick(fuzz.lps).address;
  const has = fuzz.look.shares.get(from) ?? 0n;
  const send = (shares: bigint): Tx =>
    fuzz.toVault(from, world.vault.interface.encodeFunctionData("transfer", [to, shares]));
  if (to === world.addresses.vault) return fuzz.refused(send(has), ["InvalidRecipient"]);
  if (has === 0n) return fuzz.refused(send(1n), ["ERC20InsufficientBalance"]);
  const shares = random.wei(1n, has);
  await fuzz.must(send(shares));
  return { text: `${shares}` };
}

/** Deposits and leaves, or sends away, in one block. */
export async function flash(fuzz: Fuzz): Promise<Ended> {
  const { random, chain, model, world } = fuzz;
  const lp = random.pick(fuzz.lps).address;
  const before = fuzz.look;
  const at = chain.next;
  if (model.isEmpty(at) || model.policy.paused(at)) return { text: "closed", reason: "closed" };
  const old = before.shares.get(lp) ?? 0n;
  const shares = random.wei(1n, 100_000n * ONE);
  const entry = await entryNext(fuzz);
  if (entry.refusal !== null) return { text: `closed, ${entry.refusal}`, reason: "closed" };
  if (await tooDear(fuzz, lp, costOf(fuzz, before, shares, at, entry.high)))
    return { text: "too dear", reason: "closed" };
  const tooMuch = old + random.wei(1n, shares);
  const away = random.pick(fuzz.lps.filter((other) => other.address !== lp)).address;
  const send = (amount: bigint): Tx =>
    fuzz.toVault(lp, world.vault.interface.encodeFunctionData("transfer", [away, amount]));
  const outcomes = await chain.sendTogether([
    depositTx(fuzz, lp, shares, { amount0: MAX, amount1: MAX }),
    random.chance(0.5) ? withdrawTx(fuzz, lp, tooMuch, NONE) : send(tooMuch),
    ...(old > 0n ? [send(old)] : []),
  ]);
  expect(
    outcomes.map(({ ok }) => ok),
    INVARIANT.ONE_BLOCK,
  ).to.deep.equal([true, false, ...(old > 0n ? [true] : [])]);
  const supply = model.supply(at);
  const fee = model.fees.entryFee(shares, at);
  noteDeposit(fuzz, shares, fee, at);
  const after = await fuzz.refresh();
  expect(after.shares.get(lp), INVARIANT.ONE_BLOCK).to.equal(shares);
  expectOnlyIdleGrew(fuzz, before, after, supply, supply + shares + fee, entry);
  return { text: `${shares}, ${old} older ones moved` };
}

// ---------------------------------------------------------------- everybody

/** All leave, in any order, and take what is foretold. */
export async function exodus(fuzz: Fuzz): Promise<Ended> {
  const { random, chain, model } = fuzz;
  const order = [...fuzz.lps].sort(() => random.next() - 0.5);
  let left = 0;
  for (const { address } of order) {
    const shares = fuzz.look.shares.get(address) ?? 0n;
    if (shares === 0n) continue;
    const mask = fuzz.sleeves === null ? 0n : await lensMask(fuzz, shares);
    await leave(fuzz, address, shares, address, await dueOf(fuzz, shares, mask, chain.next), mask);
    left++;
  }
  const at = fuzz.look.timestamp;
  expect(model.nobodyHolds(at), INVARIANT.WITHDRAW_OPEN).to.equal(true);
  return { text: `${left} left` };
}
