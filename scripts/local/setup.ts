/**
 * Builds the local world on a fresh chain: tokens, Uniswap v3, Safe, feeds, lending markets, a reserve and a property fund, the vault
 * with its sleeves, its first two LPs and the static baseline.
 */
import { Contract, Interface } from "ethers";

import { weiFromUnits } from "../../keeper/chain/prices.ts";
import { loadArtifact } from "../deploy/artifacts.ts";
import type { SleeveConfig } from "../deploy/sleeves.ts";
import {
  DEFAULT_CAPS,
  DEFAULT_ORACLE_TERMS,
  deployStrata,
  loadAccessManager,
  type StrataAddresses,
} from "../deploy/strata.ts";
import type { AccountRole } from "./accounts.ts";
import { mined, type LocalChain } from "./chain.ts";
import { deployAssetVaults, type LocalAssetVaults } from "./protocols/assetVaults.ts";
import { BASE_FEED, deployFeeds, QUOTE_FEED } from "./protocols/feeds.ts";
import type { LocalProtocols } from "./protocols/index.ts";
import { DEFAULT_TVL, deployBackground } from "./protocols/liquidity.ts";
import { borrowInBackground, deployMorpho, type LocalMarkets } from "./protocols/morpho.ts";
import { deploySafe } from "./protocols/safe.ts";
import { deployPair } from "./protocols/tokens.ts";
import { deployUniswap, FEE_TIERS } from "./protocols/uniswap.ts";

/** Seconds before the path's beginning at which the chain starts: the TWAP must have its window before the first deposit. */
export const PREPARATION = 3 * 3600;
/** Seconds before the path's beginning at which the world opens for LPs. */
const OPENING = 600;
const HOUR = 3600;
const SHARE_UNIT = 10n ** 18n;

/** Quote units that the two LPs deposit at the start, half in each token. */
export const FIRST_DEPOSITS: Readonly<Record<"lp1" | "lp2", bigint>> = { lp1: 600_000n, lp2: 400_000n };
/** Quote units that each LP's account begins with in each token, by value: what is not deposited is for `strata deposit`. */
const PURSE = 5_000_000;

/** Interest of the local reserve a year. */
const RESERVE_RATE = 0.02;

/** Where sleeves put money. */
export interface LocalVenues {
  readonly lending: LocalMarkets;
  readonly assets: LocalAssetVaults;
}

export interface LocalDeployment {
  readonly protocols: LocalProtocols;
  readonly venues: LocalVenues;
  readonly strata: StrataAddresses;
}

/**
 * Deploys everything and lets time pass until the world can open, {@link OPENING} seconds before `from`.
 * @param chain started at `from` less {@link PREPARATION}
 * @param from unix seconds at which the path begins
 * @param price its first price, quote units per base unit
 */
export async function deployWorld(chain: LocalChain, from: number, price: number): Promise<LocalDeployment> {
  const pair = await deployPair(chain);
  const uniswap = await deployUniswap(chain, pair, { price });
  const background = await deployBackground(chain, pair, uniswap, price, DEFAULT_TVL);
  const feeds = await deployFeeds(chain, { base: BASE_FEED, quote: QUOTE_FEED });
  const lending = await deployMorpho(chain, pair, feeds, { price });
  const assets = await deployAssetVaults(chain, pair.quote, pair.quoteDecimals, { reserveRate: RESERVE_RATE });
  const venues = { lending, assets };
  const safe = await deploySafe(chain);
  const deployer = await chain.ethers.getSigner(chain.accounts.deployer.address);
  const strata = await deployStrata(deployer, {
    factory: uniswap.factory.address,
    base: pair.base,
    quote: pair.quote,
    baseFeed: feeds.base.proxy,
    quoteFeed: feeds.quote.proxy,
    safe: safe.address,
    treasury: safe.address,
    guardian: chain.accounts.guardian.address,
    governanceDelay: 48 * HOUR,
    fees: FEE_TIERS,
    // All that deployUniswap gives the pools: days of the market's three blocks an hour.
    minCardinality: 100,
    caps: DEFAULT_CAPS,
    oracleTerms: DEFAULT_ORACLE_TERMS,
    keepers: [chain.accounts.keeper.address],
    minFirstShares: 1_000n * SHARE_UNIT,
    // Without one a large deposit could take the fees of a block from those who were there (docs/threat-model.md).
    entryFeeBps: 1,
    sleeves: sleevesOn(venues),
    name: "Strata LETH/LUSD",
    symbol: "stLETH",
  });
  await chain.mine(from - OPENING);
  const accessManager = { address: strata.accessManager, abi: new Interface((await loadAccessManager()).abi) };
  return { protocols: { pair, uniswap, background, feeds, safe, accessManager }, venues, strata };
}

/** The sleeves that the local vault begins with: all four places, by the default terms and caps. */
function sleevesOn({ lending, assets }: LocalVenues): readonly SleeveConfig[] {
  const { morpho, conversion, reversal } = lending;
  return [
    { place: "conversion", venue: { kind: "morpho", morpho, market: conversion.params } },
    { place: "reversal", venue: { kind: "morpho", morpho, market: reversal.params } },
    { place: "reserve", venue: { kind: "erc4626", venue: assets.reserve } },
    { place: "asset", venue: { kind: "erc7540", venue: assets.reit } },
  ];
}

/** Others take their loans on the lending markets; the feeds must speak. */
export async function openVenues(chain: LocalChain, world: LocalDeployment): Promise<void> {
  await borrowInBackground(chain, world.venues.lending);
}

/** The two LPs fill their purses and deposit; the feeds must speak. Each in a block of its own. */
export async function depositFirst(chain: LocalChain, world: LocalDeployment, price: number): Promise<void> {
  const { strata } = world;
  const { pair } = world.protocols;
  const vaultAbi = (await loadArtifact("Vault")).abi;
  for (const [role, value] of Object.entries(FIRST_DEPOSITS) as ["lp1" | "lp2", bigint][]) {
    const signer = await chain.ethers.getSigner(chain.accounts[role].address);
    const base = weiFromUnits(PURSE / price, pair.baseDecimals);
    const quote = weiFromUnits(PURSE, pair.quoteDecimals);
    for (const [token, amount] of [
      [pair.base, base],
      [pair.quote, quote],
    ] as const) {
      const contract = await chain.ethers.getContractAt("LocalToken", token, signer);
      await send(contract.getFunction("mint").send(signer.address, amount), `${role}'s tokens`);
      await send(contract.getFunction("approve").send(strata.vault, amount), `${role}'s approval`);
    }
    const vault = new Contract(strata.vault, vaultAbi, signer);
    // Half in each token: the first deposit follows the ratio of its bounds, later ones the vault's composition.
    const half = Number(value) / 2;
    const maxBase = weiFromUnits((half * 1.02) / price, pair.baseDecimals);
    const maxQuote = weiFromUnits(half * 1.02, pair.quoteDecimals);
    const [max0, max1] = pair.quoteIsToken0 ? [maxQuote, maxBase] : [maxBase, maxQuote];
    await send(vault.getFunction("deposit").send(value * SHARE_UNIT, max0, max1, signer.address), `${role}'s deposit`);
    for (const token of [pair.base, pair.quote]) {
      const contract = await chain.ethers.getContractAt("LocalToken", token, signer);
      await send(contract.getFunction("approve").send(strata.vault, 0), `${role}'s approval`);
    }
  }
}

/** Addresses by role, for people and for the commands in other terminals. */
export function accountAddresses(chain: LocalChain): Readonly<Record<AccountRole, string>> {
  const entries = Object.values(chain.accounts).map((account) => [account.role, account.address] as const);
  return Object.fromEntries(entries) as Record<AccountRole, string>;
}

async function send(sent: Promise<unknown>, what: string): Promise<void> {
  const response = (await sent) as { wait(): Promise<Parameters<typeof mined>[0]> };
  mined(await response.wait(), what);
}
