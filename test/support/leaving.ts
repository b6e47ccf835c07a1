/** What suites about exits share: the vault that is dearest to leave, and everything that could keep an LP in. */
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";

import { ONE } from "./arithmetic.ts";
import { capsOf, tightestCaps } from "./governance.ts";
import type { MintStep, World } from "./world.ts";

/** Eight ranges in three tiers: the most that a leaver can meet. One plan; the vault must have had its first deposit. */
export async function mintEightRanges(world: World): Promise<void> {
  const mints: MintStep[] = [];
  for (const [fee, half] of [
    [500, 300],
    [3_000, 900],
    [10_000, 1_800],
    [500, 600],
    [3_000, 1_800],
    [10_000, 3_600],
    [500, 1_200],
    [3_000, 3_600],
  ] as const) {
    mints.push({ ...(await world.around(fee, half)), fraction0: ONE / 8n, fraction1: ONE / 8n });
  }
  await world.execute({ mints });
}

/** Every feed reverts; the sequencer's matters only in a world that has one. */
export async function silenceFeeds(world: World): Promise<void> {
  for (const feed of [world.baseFeed, world.quoteFeed, world.sequencerFeed]) await feed.setSilent(true);
}

/** All caps as tight as they go. */
export async function tightenAll(world: World, by: HardhatEthersSigner = world.who.guardian): Promise<void> {
  const { maxHalfWidth } = await capsOf(world);
  await world.policy.connect(by).tightenCaps(tightestCaps(maxHalfWidth));
}

/** The keeper, every tier and all room gone, and a pause on top. */
export async function takeEverythingAway(world: World, by: HardhatEthersSigner): Promise<void> {
  const policy = world.policy.connect(by);
  await policy.removeKeeper(world.who.keeper.address);
  for (const fee of world.options.fees) await policy.removePool(fee);
  await tightenAll(world, by);
  await policy.pause();
}
