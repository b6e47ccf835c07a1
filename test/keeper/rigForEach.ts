/** The surroundings of suites whose keepers act on a chain. Apart from rig.ts, which also serves processes without Mocha. */
import { network } from "hardhat";
import type { NetworkConnection } from "hardhat/types/network";

import { deployWorld, type World, type WorldOptions } from "../support/world.ts";
import { rigFor, type Rig } from "./rig.ts";

/**
 * Registers hooks of the describe block that it is called in: one chain for the block, and before each test the same vault
 * with a first deposit of a million, and a rig of its own. Call it before other hooks that need the rig.
 * @param take is given each new rig
 * @returns what puts the chain back and hands out a new rig, for a test that begins several times
 */
export function rigForEach(take: (rig: Rig) => void, changes: Partial<WorldOptions> = {}): () => Promise<void> {
  let connection: NetworkConnection;

  async function prepare(): Promise<World> {
    const world = await deployWorld(connection, changes);
    await world.firstDeposit(world.who.alice, 1_000_000n * 10n ** 18n);
    return world;
  }
  const begin = async (): Promise<void> => take(rigFor(await connection.networkHelpers.loadFixture(prepare)));

  before(async () => {
    connection = await network.create();
  });
  beforeEach(begin);
  after(() => connection.close());
  return begin;
}
