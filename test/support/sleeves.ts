/** Sleeves of a test's vault: deployed, voted for, taken in. */
import type { LocalMarket } from "../../scripts/local/protocols/morpho.ts";
import type { LocalReserveVault } from "../../types/ethers-contracts/local/LocalReserveVault.ts";
import type { Erc4626Sleeve } from "../../types/ethers-contracts/sleeves/Erc4626Sleeve.ts";
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
  return sleeve;
}

/** The DAO puts a sleeve in a place, and somebody has the vault take it in. */
export async function putInPlace(world: World, index: number, sleeve: string, capBps = 10_000): Promise<void> {
  const data = world.policy.interface.encodeFunctionData("setSleeve", [index, sleeve, capBps]);
  await govern(world, world.addresses.policy, data, world.options.price);
  await (await world.vault.connect(world.who.stranger).adoptSleeve(index)).wait();
}

/** A LocalReserveVault on the quote, with other people's money in it, and a sleeve on it. */
export interface ReserveOfWorld {
  readonly venue: LocalReserveVault;
  readonly sleeve: Erc4626Sleeve;
}

/** What strangers hold in a reserve, quote units. */
const RESERVE_DEPTH = 5_000_000n;

export interface AssetTerms {
  /** A year, 1e18 = 100 %. */
  readonly maxRate: bigint;
  /** 1e18 = all of what is paid. */
  readonly tolerance: bigint;
  readonly premiumBps: bigint;
}

/** @param ratePerSecond what the reserve earns, 1e18 */
export async function deployReserveSleeve(
  world: World,
  terms: AssetTerms,
  ratePerSecond = 0n,
): Promise<ReserveOfWorld> {
  const { ethers, quote, who, options } = world;
  const args = [quote.target, "Local reserve", "LRES", ratePerSecond] as const;
  const venue = await ethers.deployContract("LocalReserveVault", [...args], who.deployer);
  await venue.waitForDeployment();
  const depth = RESERVE_DEPTH * 10n ** BigInt(options.quoteDecimals);
  await quote.connect(who.stranger).approve(venue.target, depth);
  await venue.connect(who.stranger).deposit(depth, who.stranger.address);
  const of = [world.addresses.vault, venue.target, venue.target, terms] as const;
  const sleeve = await ethers.deployContract("Erc4626Sleeve", [...of], who.deployer);
  await sleeve.waitForDeployment();
  return { venue, sleeve };
}
