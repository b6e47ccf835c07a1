/** Plays a scenario twice on copies of one chain and measures the difference. */
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import type { TransactionResponse } from "ethers";
import type { NetworkConnection } from "hardhat/types/network";

import { SLEEVE_PLACES, type SleevePlace } from "../../scripts/deploy/sleeves.ts";
import { DEFAULT_CAPS, DEFAULT_ORACLE_TERMS } from "../../scripts/deploy/strata.ts";
import { ONE, type Pair2 } from "../support/arithmetic.ts";
import { deployWorld, mined, type World, type WorldOptions } from "../support/world.ts";
import { Attacker, type Call } from "./attacker.ts";
import { refusalOf } from "./revert.ts";
import type { Measured, Scenario } from "./scenario.ts";
import { govern, onCopy, Stage } from "./stage.ts";
import { deployVenues, openSleeves, type Venues } from "./venues.ts";

/** Quote units that the honest LP deposits. */
export const HONEST_DEPOSIT = 1_000_000n * ONE;

/** Half of NAV in a range of the reference tier; width in ticks each side. */
const HONEST_HALF_WIDTH = 1_200;

/** Pools as an attacker likes them: the reference deep, a cheap one thin, and a dear one thinner still. */
const DEPTHS = { 500: 200_000, 3_000: 40e6, 10_000: 20_000 };

/** One run's result. */
export interface Run {
  readonly stage: Stage;
  /** What LPs withdrew over the run, at M, 2^-64 quote wei. */
  readonly lps: bigint;
  readonly profit: bigint;
  /** What the treasury has and what is booked for it, at M, 2^-64 quote wei. */
  readonly treasury: bigint;
  readonly seconds: number;
}

/** Worlds that several scenarios share, each put back after use. */
export class Worlds {
  readonly #connect: () => Promise<NetworkConnection>;
  readonly #ready = new Map<string, Built>();

  constructor(connect: () => Promise<NetworkConnection>) {
    this.#connect = connect;
  }

  /** Plays a scenario with and without the attack. */
  async measure(scenario: Scenario): Promise<Measured> {
    const { actor, funded = true, sleeves = false } = scenario;
    const key = JSON.stringify([worldOptions(scenario), actor === "keeper", funded, sleeves]);
    let fresh = this.#ready.get(key);
    if (fresh === undefined) {
      const connection = await this.#connect();
      try {
        fresh = await build(connection, scenario);
      } catch (error) {
        await connection.close().catch(() => undefined);
        throw error;
      }
      this.#ready.set(key, fresh);
    }
    const { world } = fresh;
    try {
      return await onCopy(world.connection, async () => measure(await prepare(fresh, scenario), scenario));
    } catch (error) {
      // The next scenario gets a chain of its own, whatever state this one was left in.
      this.#ready.delete(key);
      await world.connection.close().catch(() => undefined);
      throw error;
    }
  }

  async close(): Promise<void> {
    for (const { world } of this.#ready.values()) await world.connection.close();
    this.#ready.clear();
  }
}

interface Built {
  readonly world: World;
  readonly attacker: Attacker;
  readonly venues?: Venues | undefined;
}

/** Both runs and what they showed. */
export async function measure(setting: Setting, scenario: Scenario): Promise<Measured> {
  const control = await playOnce(setting, scenario, false);
  const attacked = await playOnce(setting, scenario, true);
  const { stage } = attacked;
  const wei = stage.valueAtMarket({ amount0: 1n, amount1: 1n });
  return {
    scenario,
    control: control.lps,
    attacked: attacked.lps,
    // Less what the same holdings bring him without the attack.
    profit: attacked.profit - control.profit,
    treasury: { control: control.treasury, attacked: attacked.treasury },
    tolerance: wei * BigInt(stage.operations),
    operations: stage.operations,
    seconds: attacked.seconds,
    plans: stage.plans,
    refusedWith: [...new Set(stage.refusedWith)],
    broken: [...control.stage.broken, ...stage.broken],
    figures: stage.figures,
    ...stage.limits,
  };
}

/** A chain that is ready to be copied. */
export interface Setting extends Built {
  readonly before: Stage;
}

/** Production's caps and terms, whatever test/support/world.ts prefers. */
export function worldOptions(scenario: Scenario): Partial<WorldOptions> {
  const { caps, terms, ...others } = scenario.world ?? {};
  return {
    depths: DEPTHS,
    ...others,
    caps: { ...DEFAULT_CAPS, ...caps },
    terms: { ...DEFAULT_ORACLE_TERMS, ...terms },
  };
}

/** A world with an honest vault in it. */
export async function build(connection: NetworkConnection, scenario: Scenario): Promise<Built> {
  const world = await deployWorld(connection, worldOptions(scenario));
  const { price } = world.options;
  const attacker = await Attacker.create(world);
  if (scenario.actor === "keeper") {
    // A keeper's key can belong to a contract; governance named this one in good faith.
    await govern(
      world,
      world.addresses.policy,
      world.policy.interface.encodeFunctionData("addKeeper", [attacker.address]),
    );
  }
  if (world.options.sequencer) mined(await (await world.sequencerFeed.setRound(0, 1, await world.now())).wait());
  const venues = scenario.sleeves === true ? await deployVenues(world, attacker) : undefined;
  await world.report(price);
  if (scenario.funded !== false) {
    await world.firstDeposit(world.who.alice, HONEST_DEPOSIT);
    const range = await world.around(3_000, HONEST_HALF_WIDTH);
    await world.execute({ mints: [{ ...range, fraction0: ONE / 2n, fraction1: ONE / 2n }] });
    if (venues !== undefined) await openSleeves(venues);
  }
  // The honest plan's charge drains away.
  await world.pass(5 * 86_400);
  await world.report(price);
  return { world, attacker, venues };
}

/** The world up to the copy, with the scenario's own additions. */
export async function prepare({ world, attacker, venues }: Built, scenario: Scenario): Promise<Setting> {
  const { price } = world.options;
  await world.report(price);
  const before = new Stage({
    world,
    attacker,
    venues,
    attacking: false,
    lps: [world.who.alice],
    start: await world.now(),
    market: price,
    feed: price,
  });
  await scenario.prepare?.(before);
  if (before.plans.length > 0) throw new Error("prepare() is honest: plans of the attacker belong to play().");
  return { world, attacker, venues, before };
}

/** One run on a copy, which is thrown away. */
export async function playOnce(setting: Setting, scenario: Scenario, attacking: boolean): Promise<Run> {
  const { world, attacker, venues, before } = setting;
  return onCopy(world.connection, async () => {
    const stage = new Stage({
      world,
      attacker,
      venues,
      attacking,
      lps: [...before.lps],
      start: await world.now(),
      market: before.market,
      feed: before.feed,
    });
    const lpsBefore = await wealth(
      world,
      stage.lps.map((lp) => lp.address),
    );
    const owners = [attacker.address, world.who.attacker.address, world.who.keeper.address];
    const attackerBefore = await wealth(world, owners);
    await stage.noteLimits();
    await scenario.play(stage);
    await stage.noteLimits();
    const seconds = (await world.now()) - stage.start;
    const kept = await close(stage);
    const lpsAfter = await wealth(
      world,
      stage.lps.map((lp) => lp.address),
    );
    const attackerAfter = await wealth(world, owners);
    const gain = minus(lpsAfter, lpsBefore);
    return {
      stage,
      lps:
        kept.lps +
        stage.signedAtMarket({
          amount0: gain.amount0 + stage.paid.amount0,
          amount1: gain.amount1 + stage.paid.amount1,
        }),
      profit: kept.attacker + stage.signedAtMarket(minus(attackerAfter, attackerBefore)),
      treasury: stage.signedAtMarket(await treasuryOf(world)),
      seconds,
    };
  });
}

/** At M, what could not be redeemed of the units that people left with. */
interface Kept {
  readonly lps: bigint;
  readonly attacker: bigint;
}

/** Pools to M, the attacker out, then every LP out. */
async function close(stage: Stage): Promise<Kept> {
  const { world, attacker } = stage;
  await stage.restorePools();
  const calls = [...(await attacker.unwind())];
  const shares = await world.vault.balanceOf(attacker.address);
  if (shares > 0n) calls.push(attacker.withdraw(shares, attacker.address, await maskOf(stage, shares)));
  if (calls.length > 0) await stage.batch(calls);
  const own = await world.vault.balanceOf(world.who.attacker.address);
  if (own > 0n) await stage.act(() => leaving(stage, world.who.attacker, own));
  for (const lp of stage.lps) {
    const held = await world.vault.balanceOf(lp.address);
    if (held > 0n) mined(await (await leaving(stage, lp, held)).wait());
  }
  if (!stage.hasVenues) return { lps: 0n, attacker: 0n };
  const contract = { address: attacker.address, redeem: (call: Call) => stage.batch([call]) };
  let lps = 0n;
  for (const lp of stage.lps) lps += await redeemAll(stage, personOf(lp));
  const byHimself = await redeemAll(stage, personOf(world.who.attacker));
  return { lps, attacker: byHimself + (await redeemAll(stage, contract)) };
}

async function maskOf(stage: Stage, shares: bigint): Promise<bigint> {
  return stage.hasVenues ? stage.venues.exitMask(shares) : 0n;
}

async function leaving(stage: Stage, lp: HardhatEthersSigner, shares: bigint): Promise<TransactionResponse> {
  const mask = await maskOf(stage, shares);
  return stage.world.vault.connect(lp).withdraw(shares, 0, 0, lp.address, mask);
}

interface Holder {
  readonly address: string;
  redeem(call: Call): Promise<unknown>;
}

function personOf(signer: HardhatEthersSigner): Holder {
  return {
    address: signer.address,
    redeem: async ({ target, data }) => mined(await (await signer.sendTransaction({ to: target, data })).wait()),
  };
}

/**
 * Redeems what is worth it, and what the venue pays. A unit that owes more than it owns is left where it is: nobody has to pay for it.
 *
 * @return what the others stand for
 */
async function redeemAll(stage: Stage, holder: Holder): Promise<bigint> {
  let kept = 0n;
  for (const place of SLEEVE_PLACES) {
    const worth = stage.signedAtMarket(await stage.venues.worth(place, holder.address));
    if (worth <= 0n) continue;
    // What settles later is counted as what backs it.
    if (place === "asset" || !(await redeemed(stage, place, holder))) kept += worth;
  }
  return kept;
}

async function redeemed(stage: Stage, place: SleevePlace, holder: Holder): Promise<boolean> {
  const units = await stage.venues.units(place, holder.address);
  try {
    await holder.redeem(stage.venues.call(place, "redeem", [units, 0n, holder.address]));
    return true;
  } catch (error) {
    // Only a refusal: the venue is illiquid or the position unhealthy.
    refusalOf(stage.world, error);
    return false;
  }
}

/** What the treasury was paid, under its first and its present address, and what the vault still owes it. */
async function treasuryOf(world: World): Promise<Pair2> {
  const paid = await wealth(world, [world.who.treasury.address, await world.policy.treasury()]);
  const owed = await world.vault.treasuryBook();
  return { amount0: paid.amount0 + owed.amount0, amount1: paid.amount1 + owed.amount1 };
}

async function wealth(world: World, addresses: readonly string[]): Promise<Pair2> {
  let amount0 = 0n;
  let amount1 = 0n;
  for (const address of new Set(addresses)) {
    const b = await world.balances(address);
    amount0 += b.amount0;
    amount1 += b.amount1;
  }
  return { amount0, amount1 };
}

function minus(a: Pair2, b: Pair2): Pair2 {
  return { amount0: a.amount0 - b.amount0, amount1: a.amount1 - b.amount1 };
}
