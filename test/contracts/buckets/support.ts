/** What the suites about budgets share: worlds in which levels stand still, and levels read and set to the unit. */
import { expect } from "chai";
import type { NetworkConnection } from "hardhat/types/network";

import { ONE } from "../../support/arithmetic.ts";
import { MAX_LEVEL, type Levels } from "../../support/chargeModel.ts";
import { setCaps } from "../../support/governance.ts";
import { findWord } from "../../support/storage.ts";
import { deployWorld, type PlanSteps, type World } from "../../support/world.ts";

export const DAY = 86_400;
/** No drain, so that a level stands still from one second to the next. */
const STILL = { lossRefillBps: 0, turnoverRefillBps: 0, churnRefillBps: 0 };
export const NOTHING: Levels = { loss: 0n, turnover: 0n, churn: 0n };

/** Levels at the time of the latest block. */
export async function levelsNow(world: World): Promise<Levels> {
  const b = await world.vault.budgets();
  return { loss: b.lossE12, turnover: b.turnoverE12, churn: b.churnE12 };
}

/** The vault's word with nonce, clock and levels. */
async function meterSlot(world: World): Promise<{ readonly slot: number; readonly word: bigint }> {
  const nonce = await world.vault.planNonce();
  const { loss, turnover, churn } = await levelsNow(world);
  return findWord(world, world.addresses.vault, "the vault's meter right after a plan", (word) => {
    const field = (shift: bigint): bigint => (word >> shift) & MAX_LEVEL;
    return (word & 0xffffffffn) === nonce && field(64n) === loss && field(104n) === turnover && field(144n) === churn;
  });
}

/** Puts a level where no sequence of round charges would bring it to the unit. Right after a plan, while nothing drains. */
export async function setLevels(world: World, changes: Partial<Levels>): Promise<void> {
  let { word } = await meterSlot(world);
  const { slot } = await meterSlot(world);
  for (const [name, shift] of [
    ["loss", 64n],
    ["turnover", 104n],
    ["churn", 144n],
  ] as const) {
    const level = changes[name];
    if (level === undefined) continue;
    word = (word & ~(MAX_LEVEL << shift)) | (level << shift);
  }
  await world.connection.networkHelpers.setStorageAt(world.addresses.vault, slot, word);
  const now = await levelsNow(world);
  expect({ ...now, ...changes }).to.deep.equal(now);
}

export const sell = (part: bigint): PlanSteps => ({ swaps: [{ fee: 500, zeroForOne: true, fraction: part }] });

export const keeper = (world: World): World["vault"] => world.vault.connect(world.who.keeper);

/** Pools and feeds go to a price together, an hour passes. */
export async function moveTo(world: World, price: number): Promise<void> {
  await world.movePools(price);
  await world.report(price);
  await world.pass(3_600);
}

export interface Worlds {
  readonly open: () => Promise<World>;
  /** Nothing drains, one plan has run. */
  readonly still: () => Promise<World>;
  /** The same with one range round 2,000, a plan's inventory behind it. */
  readonly placed: () => Promise<World>;
}

/** Make them once for each order of the tokens: loadFixture knows a fixture again by its function. */
export function worldsOf(connection: NetworkConnection, quoteIsToken0: boolean): Worlds {
  async function open(): Promise<World> {
    const world = await deployWorld(connection, {
      quoteIsToken0,
      quoteDecimals: 18,
      governanceDelay: 0,
      caps: { maxPlanLossBps: 100 },
    });
    await world.firstDeposit(world.who.alice, 100_000n * ONE);
    return world;
  }
  async function still(): Promise<World> {
    const world = await open();
    await setCaps(world, STILL);
    await world.execute({});
    return world;
  }
  async function placed(): Promise<World> {
    const world = await still();
    await world.execute({
      mints: [{ ...(await world.around(3_000, 1_200)), fraction0: ONE / 2n, fraction1: ONE / 2n }],
    });
    return world;
  }
  return { open, still, placed };
}
