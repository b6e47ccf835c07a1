/** Commands of those who have left with units: redeem them, pass them on, collect what a fund has settled. */
import { expect } from "chai";

import { INVARIANT } from "../../../contracts/invariants.ts";
import { ONE, type Pair2 } from "../../arithmetic.ts";
import type { Outcome, Tx } from "../chain.ts";
import { minus, NOTHING } from "../exact.ts";
import type { Ended, Fuzz } from "../fuzz.ts";
import type { Look } from "../look.ts";
import { expectUnchanged } from "../stateChecks.ts";
import { bookOf, expectUnitsKeep } from "../sleeves/checks.ts";
import { SLEEVE_INVARIANT } from "../sleeves/invariants.ts";
import { keyOf, legsOf } from "../sleeves/leaving.ts";
import type { FuzzSleeve, SleeveSide } from "../sleeves/open.ts";
import { worthOf } from "../sleeves/planMoves.ts";

/** Panic of a division by a price of nothing, inside a local venue. */
const NO_PRICE = /^Panic 18$/;

export function sideOf({ sleeves }: Fuzz): SleeveSide {
  if (sleeves === null) throw new Error("a world without sleeves");
  return sleeves;
}

/** Whether the feeds say something that no venue can reckon with. */
export function feedsBroken({ model }: Fuzz): boolean {
  const { base, quote } = model.oracle;
  return base.silent || quote.silent || base.answer <= 0n || quote.answer <= 0n;
}

/** A refusal that names itself, or that of a venue whose feed says nonsense. */
export function expectNamed(fuzz: Fuzz, outcome: Outcome, before: Look, reasons?: readonly string[]): Ended {
  if (!outcome.ok && feedsBroken(fuzz) && NO_PRICE.test(outcome.reason)) {
    return { text: `refused, ${outcome.reason}`, reason: outcome.reason };
  }
  const ended = fuzz.expectRefused(outcome, reasons);
  expectUnchanged(before, fuzz.look);
  return ended;
}

export function sleeveTx(fuzz: Fuzz, from: string, sleeve: FuzzSleeve, name: string, args: readonly unknown[]): Tx {
  const abi = sideOf(fuzz).venues.fundSleeve.interface;
  return { from, to: sleeve.address, data: abi.encodeFunctionData(name as "redeem", args as never) };
}

interface Holding {
  readonly sleeve: FuzzSleeve;
  readonly holder: string;
  readonly units: bigint;
}

export function holdings(fuzz: Fuzz): readonly Holding[] {
  return sideOf(fuzz).sleeves.flatMap((sleeve) =>
    fuzz.lps.flatMap(({ address }) => {
      const units = bookOf(fuzz.look, sleeve).units.get(address) ?? 0n;
      return units > 0n ? [{ sleeve, holder: address, units }] : [];
    }),
  );
}

// ---------------------------------------------------------------- redeeming

export async function redeem(fuzz: Fuzz): Promise<Ended> {
  const { random } = fuzz;
  const list = holdings(fuzz);
  if (list.length === 0) return { text: "nobody has units", reason: "none" };
  const { sleeve, holder, units } = random.pick(list);
  const part = random.chance(0.4) ? units : random.wei(1n, units);
  if (random.chance(0.05)) {
    const tx = sleeveTx(fuzz, holder, sleeve, "redeem", [units + 1n, 0n, holder]);
    const before = fuzz.look;
    const outcome = await fuzz.chain.send(tx);
    await fuzz.refresh();
    return expectNamed(fuzz, outcome, before);
  }
  return sleeve.kind === "fund"
    ? redeemOfFund(fuzz, sleeve, holder, part)
    : redeemAtOnce(fuzz, { sleeve, holder, units: part });
}

async function redeemAtOnce(fuzz: Fuzz, { sleeve, holder, units }: Holding): Promise<Ended> {
  const { chain } = fuzz;
  const before = fuzz.look;
  const had = await fuzz.tokenBalances(holder);
  const legs = await legsOf(fuzz, sleeve, units, chain.next);
  const outcome = await chain.send(sleeveTx(fuzz, holder, sleeve, "redeem", [units, 0n, holder]));
  const after = await fuzz.refresh();
  if (!outcome.ok) return expectNamed(fuzz, outcome, before);
  const due = { amount0: 0n, amount1: 0n };
  due[keyOf(sleeve, true)] += legs.get;
  due[keyOf(sleeve, false)] -= legs.owe;
  expect(minus(await fuzz.tokenBalances(holder), had), SLEEVE_INVARIANT.REDEEM).to.deep.equal(due);
  expectUnitsKeep(fuzz, before, after);
  return { text: `${units} of ${sleeve.name} for ${legs.owe} bring ${legs.get}` };
}

/** Cash at once, and a place in line for the shares; what is under way is made up from the shares that are there. */
async function redeemOfFund(fuzz: Fuzz, sleeve: FuzzSleeve, holder: string, units: bigint): Promise<Ended> {
  const { chain } = fuzz;
  await fuzz.must(sleeveTx(fuzz, holder, sleeve, "settle", []));
  const before = await fuzz.refresh();
  const was = bookOf(before, sleeve);
  const had = await fuzz.tokenBalances(holder);
  const outcome = await chain.send(sleeveTx(fuzz, holder, sleeve, "redeem", [units, 0n, holder]));
  const after = await fuzz.refresh();
  if (!outcome.ok) return expectNamed(fuzz, outcome, before);
  const is = bookOf(after, sleeve);
  // What the venue settled in this very second came before.
  if (is.filled !== was.filled || is.depositing !== was.depositing)
    return { text: `${units} of ${sleeve.name}, settled` };
  const cash = (was.cash * units) / was.total;
  expect(minus(await fuzz.tokenBalances(holder), had), SLEEVE_INVARIANT.REDEEM).to.deep.equal(inAsset(sleeve, cash));
  const asked = is.waiting - was.waiting;
  const least = ((was.held + was.redeeming) * units) / was.total;
  const underWay = was.depositing === 0n ? 0n : sharesFor(was.depositing, before);
  expect(
    asked >= least && asked <= least + (underWay * units) / was.total + 1n,
    `${SLEEVE_INVARIANT.REDEEM}: asked for ${asked}, ${least} and ${underWay}`,
  ).to.equal(true);
  const [worth, worthNow] = [worthOf(was, before), worthOf(is, after)];
  expect(
    (worthNow + 2n) * was.total >= worth * is.total,
    `${SLEEVE_INVARIANT.UNITS_KEEP}: ${sleeve.name} ${worth} -> ${worthNow}`,
  ).to.equal(true);
  return { text: `${units} of ${sleeve.name} for ${cash} and ${asked} in line` };
}

const sharesFor = (assets: bigint, { venues }: Look): bigint => (assets * ONE) / (venues?.nav ?? ONE);

function inAsset(sleeve: FuzzSleeve, amount: bigint): Pair2 {
  return { ...NOTHING, [keyOf(sleeve, true)]: amount };
}

// ---------------------------------------------------------------- the fund's line

export async function collect(fuzz: Fuzz): Promise<Ended> {
  const { random, world } = fuzz;
  const sleeve = random.pick(sideOf(fuzz).sleeves.filter(({ kind }) => kind === "fund"));
  if (random.chance(0.4)) {
    const from = random.pick([...fuzz.lps, world.who.stranger]).address;
    const { logs } = await fuzz.must(sleeveTx(fuzz, from, sleeve, "settle", []));
    return { text: `${sleeve.name} settles${logs.length > 0 ? "" : " nothing"}` };
  }
  return claimFrom(fuzz, sleeve, random.pick(fuzz.lps).address);
}

/** Whatever a holder's places in line have brought. */
export async function claimAll(fuzz: Fuzz, holder: string): Promise<void> {
  for (const sleeve of sideOf(fuzz).sleeves) if (sleeve.kind === "fund") await claimFrom(fuzz, sleeve, holder);
}

async function claimFrom(fuzz: Fuzz, sleeve: FuzzSleeve, holder: string): Promise<Ended> {
  const before = bookOf(await fuzz.refresh(), sleeve);
  const had = await fuzz.tokenBalances(holder);
  await fuzz.must(sleeveTx(fuzz, holder, sleeve, "claim", [holder]));
  const got = minus(await fuzz.tokenBalances(holder), had);
  const after = bookOf(await fuzz.refresh(), sleeve);
  const paid = got[keyOf(sleeve, true)];
  expect(paid >= 0n && got[keyOf(sleeve, false)] === 0n, SLEEVE_INVARIANT.REDEEM).to.equal(true);
  // Nobody else's claim and none of the units' cash is touched.
  expect(
    after.cash >= before.cash && after.claimable >= before.claimable - paid - 1n,
    SLEEVE_INVARIANT.REDEEM,
  ).to.equal(true);
  return { text: `${paid} of ${sleeve.name}` };
}

// ---------------------------------------------------------------- passing on

export async function passUnits(fuzz: Fuzz): Promise<Ended> {
  const { random, world } = fuzz;
  const list = holdings(fuzz);
  if (list.length === 0) return { text: "nobody has units", reason: "none" };
  const { sleeve, holder, units } = random.pick(list);
  const part = random.wei(1n, units);
  if (random.chance(0.2)) {
    const gift = sleeveTx(fuzz, holder, sleeve, "transfer", [world.addresses.vault, 0n, part]);
    return fuzz.refused(gift, ["UnitsNotWelcome"]);
  }
  const to = random.pick(fuzz.lps).address;
  await fuzz.must(sleeveTx(fuzz, holder, sleeve, "transfer", [to, 0n, part]));
  return { text: `${part} of ${sleeve.name}` };
}

/** Whoever has units is paid, as far as his venue pays now: a reserve that is open and liquid pays all. */
export async function redeemAll(fuzz: Fuzz): Promise<{ readonly redeemed: number; readonly left: number }> {
  let redeemed = 0;
  let left = 0;
  for (const { sleeve, holder, units } of holdings(fuzz)) {
    const { reason } =
      sleeve.kind === "fund"
        ? await redeemOfFund(fuzz, sleeve, holder, units)
        : await redeemAtOnce(fuzz, { sleeve, holder, units });
    if (reason === undefined) redeemed++;
    else left++;
    if (sleeve.kind === "reserve") expect(reason, INVARIANT.UNITS_BACKED).to.equal(undefined);
  }
  return { redeemed, left };
}
