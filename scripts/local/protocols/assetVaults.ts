/** The local venues for money that rests: a lending reserve (ERC-4626) and a property fund that settles later (ERC-7540). */
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";

import { weiFromUnits } from "../../../keeper/chain/prices.ts";
import type { LocalChain } from "../chain.ts";
import { give } from "./morpho.ts";

const YEAR = 365 * 86_400;

/** Names of the vaults' shares; they say what they are not. */
const RESERVE = ["Local Reserve", "LRES"] as const;
const REIT = ["Local REIT", "LREIT"] as const;

export interface AssetVaultOptions {
  /** Interest of the reserve a year, as a fraction; default 0.03. */
  readonly reserveRate?: number;
  /** Asset units per share unit of the fund's first report, default 1. */
  readonly nav?: number;
  /** Seconds until a request settles, default three days. */
  readonly settlementDelay?: number;
  /** Asset units that others hold in each vault, default 20 million. */
  readonly depth?: number;
}

export interface LocalAssetVaults {
  /** A LocalReserveVault. */
  readonly reserve: string;
  /** A LocalReitVault. */
  readonly reit: string;
  /** The account that reports the fund's value: feedTransmitter. */
  readonly reporter: string;
}

/** A yearly rate as a fraction to what a local reserve takes: per second, 1e18, rounded down. */
export function ratePerSecond(rateAYear: number): bigint {
  return weiFromUnits(rateAYear, 18) / BigInt(YEAR);
}

/**
 * Deploys both vaults on one asset, with other people's money in them (the account liquidityProvider's).
 * @param asset a LocalToken of so many decimals
 */
export async function deployAssetVaults(
  chain: LocalChain,
  asset: string,
  decimals: number,
  options: AssetVaultOptions = {},
): Promise<LocalAssetVaults> {
  const { reserveRate = 0.03, nav = 1, settlementDelay = 3 * 86_400, depth = 20e6 } = options;
  const { deployer, liquidityProvider, feedTransmitter } = chain.accounts;
  const signer = await chain.ethers.getSigner(deployer.address);
  const holder = await chain.ethers.getSigner(liquidityProvider.address);
  const reporter = feedTransmitter.address;

  const reserve = await chain.ethers.deployContract(
    "LocalReserveVault",
    [asset, ...RESERVE, ratePerSecond(reserveRate)],
    signer,
  );
  await reserve.waitForDeployment();
  // Without a delay until the others are in.
  const reit = await chain.ethers.deployContract(
    "LocalReitVault",
    [asset, ...REIT, reporter, weiFromUnits(nav, 18), 0],
    signer,
  );
  await reit.waitForDeployment();
  const vaults = { reserve: await reserve.getAddress(), reit: await reit.getAddress(), reporter };
  await holdBoth(chain, holder, asset, vaults, weiFromUnits(depth, decimals));
  await (await reit.setSettlementDelay(settlementDelay)).wait();
  return vaults;
}

async function holdBoth(
  chain: LocalChain,
  holder: HardhatEthersSigner,
  asset: string,
  vaults: LocalAssetVaults,
  amount: bigint,
): Promise<void> {
  if (amount === 0n) return;
  const reserve = await chain.ethers.getContractAt("LocalReserveVault", vaults.reserve, holder);
  const reit = await chain.ethers.getContractAt("LocalReitVault", vaults.reit, holder);
  await give(chain.ethers, holder, asset, amount, vaults.reserve);
  await (await reserve.deposit(amount, holder.address)).wait();
  await give(chain.ethers, holder, asset, amount, vaults.reit);
  await (await reit.requestDeposit(amount, holder.address, holder.address)).wait();
  await (await reit["deposit(uint256,address)"](amount, holder.address)).wait();
}
