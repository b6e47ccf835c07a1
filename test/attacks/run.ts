/** Plays a scenario twice on copies of one chain and measures the difference. */
import type { NetworkConnection } from "hardhat/types/network";

import { DEFAULT_CAPS, DEFAULT_ORACLE_TERMS } from "../../scripts/deploy/strata.ts";
import { ONE, valueOfTokens, type Pair2 } from "../support/arithmetic.ts";
import { deployWorld, mined, type World, type WorldOptions } from "../support/world.ts";
import { Attacker } from "./attacker.ts";
import type { Measured, Scenario } from "./scenario.ts";
import { govern, onCopy, Stage } from "./stage.ts";

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
    const key = JSON.stringify([worldOptions(scenario), scenario.actor === "keeper", scenario.funded ?? true]);
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
    profit: attacked.profit,
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
export interface Setting {
  readonly world: World;
  readonly attacker: Attacker;
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
  await world.report(price);
  if (scenario.funded !== false) {
    await world.firstDeposit(world.who.alice, HONEST_DEPOSIT);
    const range = await world.around(3_000, HONEST_HALF_WIDTH);
    await world.execute({ mints: [{ ...range, fraction0: ONE / 2n, fraction1: ONE / 2n }] });
  }
  // The honest plan's charge drains away.
  await world.pass(5 * 86_400);
  await world.report(price);
  return { world, attacker };
}

/** The world up to the copy, with the scenario's own additions. */
export async function prepare({ world, attacker }: Built, scenario: Scenario): Promise<Setting> {
  const { price } = world.options;
  await world.report(price);
  const before = new Stage({
    world,
    attacker,
    attacking: false,
    lps: [world.who.alice],
    start: await world.now(),
    market: price,
    feed: price,
  });
  await scenario.prepare?.(before);
  if (before.plans.length > 0) throw new Error("prepare() is honest: plans of the attacker belong to play().");
  return { world, attacker, before };
}

/** One run on a copy, which is thrown away. */
export async function playOnce(setting: Setting, scenario: Scenario, attacking: boolean): Promise<Run> {
  const { world, attacker, before } = setting;
  return onCopy(world.connection, async () => {
    const stage = new Stage({
      world,
      attacker,
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
    await close(stage);
    const lpsAfter = await wealth(
      world,
      stage.lps.map((lp) => lp.address),
    );
    const attackerAfter = await wealth(world, owners);
    const gain = minus(lpsAfter, lpsBefore);
    return {
      stage,
      lps: signedValue(stage, {
        amount0: gain.amount0 + stage.paid.amount0,
        amount1: gain.amount1 + stage.paid.amount1,
      }),
      profit: signedValue(stage, minus(attackerAfter, attackerBefore)),
      treasury: signedValue(stage, await treasuryOf(world)),
      seconds,
    };
  });
}

/** Pools to M, the attacker out, then every LP out. */
async function close(stage: Stage): Promise<void> {
  const { world, attacker } = stage;
  await stage.restorePools();
  const calls = [...(await attacker.unwind())];
  const shares = await world.vault.balanceOf(attacker.address);
  if (shares > 0n) calls.push(attacker.withdraw(shares));
  if (calls.length > 0) await stage.batch(calls);
  const own = await world.vault.balanceOf(world.who.attacker.address);
  if (own > 0n)
    await stage.act(() => world.vault.connect(world.who.attacker).withdraw(own, 0, 0, world.who.attacker.address, 0));
  for (const lp of stage.lps) {
    const held = await world.vault.balanceOf(lp.address);
    if (held > 0n) mined(await (await world.vault.connect(lp).withdraw(held, 0, 0, lp.address, 0)).wait());
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

/** Each token apart, since a division rounds towards zero. */
function signedValue(stage: Stage, amounts: Pair2): bigint {
  const q = stage.world.options.quoteIsToken0;
  const price = stage.world.priceX96(stage.market);
  const one = (amount0: bigint, amount1: bigint): bigint => valueOfTokens({ amount0, amount1 }, price, q);
  const part = (amount: bigint, value: (x: bigint) => bigint): bigint =>
    amount < 0n ? -value(-amount) : value(amount);
  return part(amounts.amount0, (x) => one(x, 0n)) + part(amounts.amount1, (x) => one(0n, x));
}
