/** Commands on the places for sleeves: votes, caps, taking in; and bringing debts down, which is anybody's or the guardian's. */
import { expect } from "chai";

import { INVARIANT } from "../../../contracts/invariants.ts";
import { max, valueOfTokens, VALUE_BITS, type Pair2 } from "../../arithmetic.ts";
import { valueOfBook } from "../../checks.ts";
import type { Done } from "../chain.ts";
import { NOTHING, plus } from "../exact.ts";
import type { Ended, Fuzz } from "../fuzz.ts";
import { lpBook, type Look } from "../look.ts";
import { poolSteps, tokenEvents } from "../steps.ts";
import { bookOf } from "../sleeves/checks.ts";
import { SLEEVE_INVARIANT } from "../sleeves/invariants.ts";
import { marksNext, sumLow, type Marks } from "../sleeves/marks.ts";
import type { FuzzSleeve } from "../sleeves/open.ts";
import { enact } from "./dao.ts";
import { expectFeesByView } from "./lps.ts";
import { expectNamed, feedsBroken, sideOf } from "./units.ts";
import { crash } from "./venues.ts";

const DUST = 1_000n;
const LEVEL_ONE = 10n ** 12n;

// ---------------------------------------------------------------- votes

/** The governor names a sleeve, another one, or nobody, with a cap. */
export async function voteSleeve(fuzz: Fuzz): Promise<Ended> {
  const { random, world } = fuzz;
  const { places, sleeves } = sideOf(fuzz);
  const index = random.int(0, 3);
  const place = places[index];
  if (place === undefined) throw new Error(`no place ${index}`);
  const here = sleeves.filter((sleeve) => sleeve.place === index);
  const sleeve = random.chance(0.12) ? null : random.chance(0.08) ? random.pick(sleeves) : random.pick(here);
  const capBps = sleeve === null ? 0 : random.chance(0.5) ? 10_000 : random.int(500, 8_000);
  const nobody = `0x${"0".repeat(40)}`;
  const data = world.policy.interface.encodeFunctionData("setSleeve", [index, sleeve?.address ?? nobody, capBps]);
  return enact(fuzz, {
    name: `${sleeve?.name ?? "nobody"} for place ${index}, ${capBps} bps`,
    target: world.addresses.policy,
    data,
    refusal: null,
    note: () => Object.assign(place, { policy: sleeve, capBps }),
  });
}

/** The guardian lowers a cap at once, and cannot raise one. */
export async function lowerCap(fuzz: Fuzz): Promise<Ended> {
  const { random, world } = fuzz;
  const { places } = sideOf(fuzz);
  const index = random.int(0, 3);
  const place = places[index];
  if (place === undefined) throw new Error(`no place ${index}`);
  const from = random.pick([world.who.safe, world.who.guardian]).address;
  const lower = (bps: number): string => world.policy.interface.encodeFunctionData("lowerSleeveCap", [index, bps]);
  if (random.chance(0.3)) return fuzz.refused(fuzz.toPolicy(from, lower(place.capBps + 1)), ["NotTighter"]);
  const capBps = random.chance(0.2) ? 0 : random.int(Math.floor(place.capBps / 2), place.capBps);
  await fuzz.must(fuzz.toPolicy(from, lower(capBps)));
  place.capBps = capBps;
  return { text: `place ${index}: ${capBps} bps` };
}

/** Anybody has the vault take in what the policy names, if nothing is left of what stood there. */
export async function adopt(fuzz: Fuzz): Promise<Ended> {
  const { random, world, chain } = fuzz;
  const { places } = sideOf(fuzz);
  const changed = places.findIndex(({ policy, vault }) => policy !== vault);
  const index = changed >= 0 && random.chance(0.8) ? changed : random.int(0, 4);
  const from = random.pick([...fuzz.lps, world.who.stranger]).address;
  // The guardian makes room first, as far as the venue lets him.
  if (random.chance(0.5) && fuzz.look.places.some((one) => one.index === index && one.live)) {
    await bringDown(fuzz, world.who.guardian.address, "unwind", index);
  }
  const data = world.vault.interface.encodeFunctionData("adoptSleeve", [index]);
  const expected = adoptionRefusal(fuzz, index);
  const before = fuzz.look;
  const outcome = await chain.send(fuzz.toVault(from, data));
  await fuzz.refresh();
  if (expected !== null) return expectNamed(fuzz, outcome, before, [expected]);
  const place = places[index];
  if (!outcome.ok || place === undefined) throw new Error(`${SLEEVE_INVARIANT.PLACES}: ${JSON.stringify(outcome)}`);
  place.vault = place.policy;
  return { text: `place ${index}: ${place.vault?.name ?? "nobody"}` };
}

function adoptionRefusal(fuzz: Fuzz, index: number): string | null {
  const { places } = sideOf(fuzz);
  const place = places[index];
  if (place === undefined) return "NoSleeve";
  const shown = fuzz.look.places.find((one) => one.index === index);
  const amounts =
    shown === undefined ? [] : [shown.low, shown.high].flatMap(({ amount0, amount1 }) => [amount0, amount1]);
  if (amounts.some((amount) => amount < -DUST || amount > DUST)) return "SleeveNotEmpty";
  const twice = places.some(({ vault }, i) => vault === place.policy && (i === index || place.policy !== null));
  return twice ? "SleeveNotAdoptable" : null;
}

// ---------------------------------------------------------------- bringing debts down

/** By anybody, where health is below the floor or the rate above the cap; otherwise refused. */
export async function deleverage(fuzz: Fuzz): Promise<Ended> {
  const { random, world } = fuzz;
  const from = random.pick([...fuzz.lps, world.who.stranger]).address;
  if (random.chance(0.5)) {
    await crash(fuzz);
    await fuzz.refresh();
  }
  const indebted = fuzz.look.places.filter(({ owed, live }) => live && owed > 0n);
  const place = indebted.length > 0 && random.chance(0.9) ? random.pick(indebted).index : random.int(0, 4);
  return bringDown(fuzz, from, "deleverage", place);
}

/** By a guardian at any time, by nobody else. */
export async function unwind(fuzz: Fuzz): Promise<Ended> {
  const { random, world } = fuzz;
  const index = random.int(0, 3);
  if (random.chance(0.2)) {
    const intruder = random.pick([...fuzz.lps, world.who.keeper, world.who.stranger]).address;
    const data = world.vault.interface.encodeFunctionData("unwind", [index]);
    return fuzz.refused(fuzz.toVault(intruder, data), ["NotGuardian"]);
  }
  const live = fuzz.look.places.filter((place) => place.live);
  const place = live.length > 0 && random.chance(0.9) ? random.pick(live).index : index;
  return bringDown(fuzz, random.pick([world.who.safe, world.who.guardian]).address, "unwind", place);
}

async function bringDown(fuzz: Fuzz, from: string, name: "deleverage" | "unwind", index: number): Promise<Ended> {
  const { chain, world, model } = fuzz;
  const before = fuzz.look;
  const marks = await marksNext(fuzz);
  // Both take a place and nothing else.
  const data = world.vault.interface.encodeFunctionData(name as "unwind", [index]);
  const outcome = await chain.send(fuzz.toVault(from, data));
  const after = await fuzz.refresh();
  if (!outcome.ok) return expectNamed(fuzz, outcome, before);
  const mine = marks.find(({ place }) => place === index);
  if (mine === undefined) throw new Error(`${SLEEVE_INVARIANT.PLACES}: ${name} of place ${index}`);
  model.treasury.collected(expectFeesByView(fuzz, before, outcome), after.treasury);
  expectToVenuesOnly(fuzz, outcome, mine.sleeve);
  expectBudget(fuzz, before, after, outcome);
  const lost = expectNoLoss(fuzz, before, after, marks, mine);
  return { text: `${name} ${mine.sleeve.name}, ${lost}` };
}

function expectToVenuesOnly(fuzz: Fuzz, { logs }: Done, sleeve: FuzzSleeve): void {
  const pools = [...fuzz.world.pools.values()].map(({ address }) => address.toLowerCase());
  for (const { from, to, name } of tokenEvents(fuzz.tokens, logs)) {
    if (from !== fuzz.world.addresses.vault) continue;
    expect(name, INVARIANT.PLAN_CLEAN).to.equal("Transfer");
    expect([...pools, sleeve.address], INVARIANT.ONLY_TO_PAYEES).to.include(to.toLowerCase());
  }
}

/** Only a swap is charged, to this budget and to no other. */
function expectBudget({ model, world }: Fuzz, before: Look, after: Look, { logs, at }: Done): void {
  const { policy, levels } = model;
  const rate = policy.cap("deleverageRefillBps");
  const shown = after.budgets.deleverage.level;
  if (poolSteps(world, logs).some(({ kind }) => kind === "swap")) {
    levels.deleverage.charged(at, rate, 0n, LEVEL_ONE * LEVEL_ONE, shown);
    expect(shown <= after.budgets.deleverage.capacity, SLEEVE_INVARIANT.DELEVERAGE).to.equal(true);
  }
  expect(after.nonce).to.equal(before.nonce);
}

/**
 * Everything together, at both ends of the feeds' band: no more is lost than was charged, but a wei for each rounding. Where others hold
 * units, what is repaid is partly theirs, which the threat model accepts.
 */
function expectNoLoss(fuzz: Fuzz, before: Look, after: Look, marks: readonly Marks[], mine: Marks): string {
  const { model, quoteIsToken0: q } = fuzz;
  const book = bookOf(before, mine.sleeve);
  const shared = book.total !== (book.units.get(fuzz.world.addresses.vault) ?? 0n);
  if (shared || feedsBroken(fuzz)) return "shared";
  const { level: was } = before.budgets.deleverage;
  const charged = max(after.budgets.deleverage.level - max(was - drainedSince(fuzz, before, after), 0n), 0n);
  const sleeves = (look: Look): Pair2 => look.places.reduce((sum, { low }) => plus(sum, low), NOTHING);
  let worst = 0n;
  for (const price of [model.oracle.band.low, model.oracle.band.high]) {
    const had = valueOfBook(lpBook(before), price, q) + valueOfTokens(sumLow(marks), price, q);
    const has = valueOfBook(lpBook(after), price, q) + valueOfTokens(sleeves(after), price, q);
    const wei = BigInt(4 * before.positions.length + 16);
    const room = (max(had, 0n) * (charged + 1n)) / LEVEL_ONE + valueOfTokens({ amount0: wei, amount1: wei }, price, q);
    const lost = had - has;
    expect(
      lost <= room,
      `${SLEEVE_INVARIANT.DELEVERAGE}: ${lost >> VALUE_BITS} lost, ${charged} charged of ${had >> VALUE_BITS}`,
    ).to.equal(true);
    worst = max(worst, lost);
  }
  return `lost ${worst >> VALUE_BITS}, charged ${charged}`;
}

function drainedSince({ model }: Fuzz, before: Look, after: Look): bigint {
  const seconds = BigInt(after.timestamp - before.timestamp);
  return (seconds * model.policy.cap("deleverageRefillBps") * 10n ** 8n) / 86_400n + 1n;
}
