/** Commands of governor and guardian: what gives room waits, what takes it away does not. */
import { expect } from "chai";

import { INVARIANT } from "../../../contracts/invariants.ts";
import type { Caps, OracleTerms } from "../../../../scripts/deploy/strata.ts";
import { WIDE_CAPS } from "../../world.ts";
import type { Random } from "../../arithmetic.ts";
import type { Tx } from "../chain.ts";
import type { Ended, Fuzz } from "../fuzz.ts";
import { expectUnchanged } from "../stateChecks.ts";
import { depositTx } from "./lps.ts";
import { report } from "./strangers.ts";

const WEEK = 604_800;

// ---------------------------------------------------------------- caps

/** Caps from narrow to as wide as the code allows; wide enough mostly for plans to run. */
export function randomCaps(random: Random): Caps {
  const of = (low: number, high: number): number => (random.chance(0.4) ? high : random.int(low, high));
  const lossCapBps = of(10, 100);
  const turnoverCapBps = of(1_000, 10_000);
  const churnCapBps = of(100, 1_000);
  return {
    coreWeightCapBps: of(3_000, 10_000),
    minHalfWidth: random.chance(0.6) ? 10 : random.int(10, 400),
    maxHalfWidth: of(10_000, 887_272),
    maxPlanLossBps: of(5, 100),
    lossCapBps,
    lossRefillBps: random.int(0, lossCapBps),
    turnoverCapBps,
    turnoverRefillBps: random.int(0, turnoverCapBps),
    churnCapBps,
    churnRefillBps: random.int(0, churnCapBps),
    volFloorBps: random.chance(0.5) ? (WIDE_CAPS.volFloorBps ?? 1_000) : random.int(1_000, 10_000),
    lvrLimitBps: of(10, 200),
    treasuryShareBps: random.chance(0.2) ? 0 : random.int(1, 1_000),
    maxEntryFeeBps: of(0, 50),
    maxExitFeeBps: of(0, 50),
    deleverageCapBps: of(20, 300),
    deleverageRefillBps: of(0, 20),
  };
}

/** Some caps a bit tighter than they are, in the sense of each. */
function tightened(caps: Caps, random: Random): Caps {
  const down = (value: number, least: number): number =>
    random.chance(0.6) ? value : Math.max(Math.floor(value * (0.5 + random.next() / 2)), Math.min(least, value));
  const lossCapBps = down(caps.lossCapBps, 5);
  const turnoverCapBps = down(caps.turnoverCapBps, 500);
  const churnCapBps = down(caps.churnCapBps, 20);
  return {
    coreWeightCapBps: down(caps.coreWeightCapBps, 1_000),
    minHalfWidth: Math.min(random.chance(0.8) ? caps.minHalfWidth : caps.minHalfWidth + 50, 2_000),
    maxHalfWidth: caps.maxHalfWidth,
    maxPlanLossBps: down(caps.maxPlanLossBps, 3),
    lossCapBps,
    lossRefillBps: Math.min(down(caps.lossRefillBps, 0), lossCapBps),
    turnoverCapBps,
    turnoverRefillBps: Math.min(down(caps.turnoverRefillBps, 0), turnoverCapBps),
    churnCapBps,
    churnRefillBps: Math.min(down(caps.churnRefillBps, 0), churnCapBps),
    volFloorBps: random.chance(0.8) ? caps.volFloorBps : Math.min(caps.volFloorBps + 500, 20_000),
    lvrLimitBps: down(caps.lvrLimitBps, 5),
    treasuryShareBps: down(caps.treasuryShareBps, 0),
    maxEntryFeeBps: down(caps.maxEntryFeeBps, 0),
    maxExitFeeBps: down(caps.maxExitFeeBps, 0),
    deleverageCapBps: down(caps.deleverageCapBps, caps.deleverageRefillBps),
    deleverageRefillBps: caps.deleverageRefillBps,
  };
}

// ---------------------------------------------------------------- guardian: at once, only less

export async function guardian(fuzz: Fuzz): Promise<Ended> {
  const { random, world, model, chain } = fuzz;
  const { policy } = model;
  const abi = world.policy.interface;
  const from = random.pick([world.who.safe, world.who.guardian]).address;
  const kinds: readonly (readonly [weight: number, act: () => Promise<Ended>])[] = [
    [
      4,
      async () => {
        const caps = tightened(policy.caps, random);
        await fuzz.must(fuzz.toPolicy(from, abi.encodeFunctionData("tightenCaps", [caps])));
        fuzz.model.setCaps(caps);
        return { text: "tightens caps" };
      },
    ],
    [
      1,
      async () => {
        const caps = randomCaps(random);
        if (policy.isTighter(caps)) return { text: "nothing looser" };
        return fuzz.refused(fuzz.toPolicy(from, abi.encodeFunctionData("tightenCaps", [caps])), ["NotTighter"]);
      },
    ],
    [
      1,
      async () => {
        const fee = random.pick([...world.pools.keys()]);
        const tx = fuzz.toPolicy(from, abi.encodeFunctionData("removePool", [fee]));
        if (!policy.allowed.includes(fee)) return fuzz.refused(tx, ["PoolNotAllowed"]);
        await fuzz.must(tx);
        policy.fees = policy.fees.map((other) => (other === fee ? 0 : other));
        return { text: `removes ${fee}` };
      },
    ],
    [
      1,
      async () => {
        const account = random.pick([world.who.keeper, world.who.stranger]).address;
        const tx = fuzz.toPolicy(from, abi.encodeFunctionData("removeKeeper", [account]));
        if (!policy.keepers.has(account)) return fuzz.refused(tx, ["InvalidKeeper"]);
        await fuzz.must(tx);
        policy.keepers = new Set([...policy.keepers].filter((other) => other !== account));
        return { text: `removes ${account.slice(0, 6)}` };
      },
    ],
    [
      2,
      async () => {
        const tx = fuzz.toPolicy(from, abi.encodeFunctionData("pause"));
        const tooSoon = policy.pausedUntil !== 0 && chain.next < policy.pausedUntil + WEEK;
        if (tooSoon) return fuzz.refused(tx, ["PauseTooSoon"]);
        const { at } = await fuzz.must(tx);
        policy.pausedUntil = at + WEEK;
        const max = { amount0: 1n << 120n, amount1: 1n << 120n };
        const lp = random.pick(fuzz.lps).address;
        await fuzz.refused(depositTx(fuzz, lp, 10n ** 21n, max), ["Paused"]);
        return { text: "pauses" };
      },
    ],
    [
      1,
      async () => {
        // Nobody else may, and the guardian may not give room.
        const intruder = random.pick([...fuzz.lps, world.who.keeper, world.who.deployer]).address;
        const data = abi.encodeFunctionData("tightenCaps", [policy.caps]);
        await fuzz.refused(fuzz.toPolicy(intruder, data), ["AccessManagedUnauthorized"]);
        const loose = abi.encodeFunctionData("setCaps", [policy.caps]);
        const who = random.pick([world.who.guardian, world.who.keeper, world.who.attacker]).address;
        return fuzz.refused(fuzz.toPolicy(who, loose), ["AccessManagedUnauthorized"]);
      },
    ],
  ];
  const total = kinds.reduce((sum, [weight]) => sum + weight, 0);
  let place = random.next() * total;
  for (const [weight, act] of kinds) if ((place -= weight) < 0) return act();
  return { text: "nothing" };
}

// ---------------------------------------------------------------- governor: after the delay

/** A decision: its call, why it must be refused (null: it must not be), and what it changes. */
export interface Decision {
  readonly name: string;
  readonly target: string;
  readonly data: string;
  readonly refusal: string | null;
  readonly note: (at: number) => void;
}

export async function governor(fuzz: Fuzz): Promise<Ended> {
  return enact(fuzz, mending(fuzz) ?? choose(fuzz));
}

/** What stops every plan is mended, so that a run does not stand still. */
export async function mend(fuzz: Fuzz): Promise<void> {
  const decision = mending(fuzz);
  if (decision !== null) await enact(fuzz, decision);
}

export async function enact(fuzz: Fuzz, decision: Decision): Promise<Ended> {
  const { random, world, chain, model } = fuzz;
  const safe = world.who.safe.address;
  const { target, data } = decision;
  const abi = world.manager.interface;
  const manage = (name: string, args: readonly unknown[]): Tx => ({
    from: safe,
    to: world.addresses.accessManager,
    data: abi.encodeFunctionData(name, args),
  });
  await fuzz.must(manage("schedule", [target, data, 0]));
  if (random.chance(0.15)) {
    const before = await fuzz.refresh();
    await fuzz.refused(manage("execute", [target, data]), ["AccessManagerNotReady"]);
    expectUnchanged(before, await fuzz.refresh());
  }
  const weak = random.chance(0.06);
  if (weak) await setThreshold(fuzz, 1);
  await chain.pass(world.options.governanceDelay);
  const expected = weak ? "UnsafeSafe" : decision.refusal;
  const outcome = await chain.send(manage("execute", [target, data]));
  let ended: Ended = { text: decision.name };
  if (expected === null) {
    if (!outcome.ok) throw new Error(`${INVARIANT.POLICY_DIRECTION}: ${decision.name} was refused: ${outcome.reason}`);
    decision.note(outcome.at);
  } else {
    ended = fuzz.expectRefused(outcome, [expected]);
    await fuzz.must(manage("cancel", [safe, target, data]));
  }
  if (weak) await setThreshold(fuzz, 2);
  if (model.oracle.base.updatedAt < chain.now - 1_800 && random.chance(0.8)) await report(fuzz, fuzz.price);
  return ended;
}

async function setThreshold({ world, chain }: Fuzz, threshold: number): Promise<void> {
  const { safe, who } = world;
  const to = await safe.getAddress();
  const data = safe.interface.encodeFunctionData("changeThreshold", [threshold]);
  const outcome = await chain.send({ from: who.safe.address, to, data });
  expect(outcome.ok).to.equal(true);
}

/** The decision that lets plans run again, if one is needed. */
function mending(fuzz: Fuzz): Decision | null {
  const { world, model, chain } = fuzz;
  const { policy } = model;
  const { addKeeper, addPool, unpause } = decisions(fuzz);
  if (policy.keepers.size === 0) return addKeeper(world.who.keeper.address);
  if (policy.paused(chain.now + world.options.governanceDelay + 60)) return unpause();
  const missing = world.options.fees.find((fee) => !policy.allowed.includes(fee));
  return missing !== undefined && policy.allowed.length < 2 ? addPool(missing) : null;
}

/** Makers of every decision that the governor can take. */
function decisions(fuzz: Fuzz) {
  const { random, world, model } = fuzz;
  const { policy, oracle } = model;
  const abi = world.policy.interface;
  const on = world.addresses.policy;
  const decide = (name: string, data: string, note: (at: number) => void, refusal: string | null = null): Decision => ({
    name,
    target: on,
    data,
    refusal,
    note,
  });

  const setCaps = (caps: Caps, name: string): Decision =>
    decide(name, abi.encodeFunctionData("setCaps", [caps]), () => model.setCaps(caps));
  const tooMuch = (): Decision => {
    const caps = { ...policy.caps, lossCapBps: 101 };
    return decide(
      "caps above the code's",
      abi.encodeFunctionData("setCaps", [caps]),
      () => undefined,
      "CapOutOfBounds",
    );
  };
  const addPool = (fee: number): Decision => {
    const place = policy.fees.indexOf(0);
    const refusal = policy.allowed.includes(fee) ? "PoolAlreadyAllowed" : place < 0 ? "TooManyPools" : null;
    const note = (): void => void (policy.fees = policy.fees.map((other, i) => (i === place ? fee : other)));
    return decide(`adds ${fee}`, abi.encodeFunctionData("addPool", [fee]), note, refusal);
  };
  const addKeeper = (account: string): Decision => {
    const refusal = policy.keepers.has(account) ? "InvalidKeeper" : null;
    const note = (): void => void (policy.keepers = new Set([...policy.keepers, account]));
    return decide("adds a keeper", abi.encodeFunctionData("addKeeper", [account]), note, refusal);
  };
  const setTreasury = (): Decision => {
    const account = random.pick([world.who.treasury, world.who.stranger]).address;
    return decide(
      "sets the treasury",
      abi.encodeFunctionData("setTreasury", [account]),
      () => void (policy.treasury = account),
    );
  };
  const unpause = (): Decision =>
    decide("unpauses", abi.encodeFunctionData("unpause"), (at) => void (policy.pausedUntil = at));
  const renew = (): Decision =>
    decide("renews the pause", abi.encodeFunctionData("renewPause"), (at) => void (policy.pausedUntil = at + WEEK));
  const setTerms = (): Decision => {
    const terms: OracleTerms = {
      ...oracle.terms,
      baseDeviationBps: random.int(10, 100),
      quoteDeviationBps: random.int(5, 50),
      twapWindow: random.pick([900, 1_800, 3_600]),
    };
    const data = world.oracle.interface.encodeFunctionData("setTerms", [terms]);
    return {
      name: "sets oracle terms",
      target: world.addresses.oracle,
      data,
      refusal: null,
      note: () => void (oracle.terms = terms),
    };
  };

  return { setCaps, tooMuch, addPool, addKeeper, setTreasury, unpause, renew, setTerms };
}

function choose(fuzz: Fuzz): Decision {
  const { random, world, model } = fuzz;
  const { policy } = model;
  const { setCaps, tooMuch, addPool, addKeeper, setTreasury, unpause, renew, setTerms } = decisions(fuzz);
  const kinds: readonly (() => Decision)[] = [
    () =>
      setCaps(
        { ...policy.caps, ...WIDE_CAPS, maxPlanLossBps: 100, maxEntryFeeBps: 50, maxExitFeeBps: 50 },
        "widens caps",
      ),
    () => setCaps({ ...policy.caps, ...WIDE_CAPS, maxPlanLossBps: 100 }, "widens caps"),
    () => setCaps(randomCaps(random), "sets caps"),
    () => setCaps(randomCaps(random), "sets caps"),
    tooMuch,
    () => addPool(random.pick([...world.pools.keys()])),
    () =>
      addPool(world.options.fees.find((fee) => !policy.allowed.includes(fee)) ?? random.pick([...world.pools.keys()])),
    () => addKeeper(random.pick([world.who.keeper, world.who.stranger]).address),
    setTreasury,
    unpause,
    () => (random.chance(0.3) ? renew() : unpause()),
    setTerms,
  ];
  return random.pick(kinds)();
}
