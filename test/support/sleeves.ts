/** Sleeves of a test's vault: deployed, voted for, taken in. */
import type { LocalMarket } from "../../scripts/local/protocols/morpho.ts";
import type { MorphoSleeve } from "../../types/ethers-contracts/sleeves/MorphoSleeve.ts";
import { ONE } from "./arithmetic.ts";
import { govern } from "./governance.ts";
import type { MorphoWorld } from "./morpho.ts";
import type { World } from "./world.ts";

/** Opening at a loan-to-value of at most 0.65 where the market liquidates at 0.86; deleveraging under 1.1. */
export const MORPHO_TERMS = {
  openingHealth: (132n * ONE) / 100n,
  floorHealth: (110n * ONE) / 100n,
  rateCap: (25n * ONE) / 100n,
} as const;

export type MorphoTerms = { readonly [K in keyof typeof MORPHO_TERMS]: bigint };

export async function deployMorphoSleeve(
  lending: MorphoWorld,
  market: LocalMarket,
  terms: MorphoTerms = MORPHO_TERMS,
): Promise<MorphoSleeve> {
  const { world } = lending;
  const sleeve = await world.ethers.deployContract(
    "MorphoSleeve",
    [world.addresses.vault, lending.markets.morpho, market.params, terms],
    world.who.deployer,
  );
  await sleeve.waitForDeployment();
  return sleeve as unknown as MorphoSleeve;
}

/** The DAO puts a sleeve in a place, and somebody has the vault take it in. */
export async function putInPlace(world: World, index: number, sleeve: string, capBps = 10_000): Promise<void> {
  const data = world.policy.interface.encodeFunctionData("setSleeve", [index, sleeve, capBps]);
  await govern(world, world.addresses.policy, data, world.options.price);
  await (await world.vault.connect(world.who.stranger).adoptSleeve(index)).wait();
}
