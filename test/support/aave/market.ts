/** A market of Aave v3: its parts in the order in which Aave's own deployment puts them up, and its reserves. */
import { ZeroAddress, type Contract } from "ethers";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";

import { AaveDeployer } from "./artifacts.ts";
import { rayOfBps } from "./math.ts";

/** USD with 8 decimals, as on every large market. */
export const BASE_CURRENCY_UNIT = 10n ** 8n;

/** The kinked line of the variable rate: basis points per year, and of utilisation for the kink. */
export interface RateTerms {
  readonly optimalBps: number;
  readonly baseBps: number;
  readonly slope1Bps: number;
  readonly slope2Bps: number;
}

/** Basis points throughout. */
export interface ReserveTerms {
  readonly ltvBps: number;
  readonly thresholdBps: number;
  /** What a liquidator takes per value repaid, above 10,000. */
  readonly bonusBps: number;
  /** The market's part of the interest. */
  readonly factorBps: number;
  /** The market's part of the bonus. */
  readonly protocolFeeBps: number;
  readonly borrowing: boolean;
  readonly rates: RateTerms;
}

export interface Listing {
  readonly asset: string;
  readonly symbol: string;
  readonly decimals: number;
  /** Answers `latestAnswer()` in USD with 8 decimals. */
  readonly priceSource: string;
  readonly terms: ReserveTerms;
}

export interface Market {
  readonly provider: Contract;
  readonly acl: Contract;
  readonly pool: string;
  readonly configurator: Contract;
  readonly dataProvider: Contract;
  readonly oracle: string;
}

/** Calls a function and waits until it is mined. */
export async function sendTo(contract: Contract, name: string, ...args: readonly unknown[]): Promise<void> {
  const response = await contract.getFunction(name).send(...args);
  await response.wait();
}

/** @param admin owns the market and holds every role in it */
export async function deployMarket(
  admin: HardhatEthersSigner,
  treasury: string,
  listings: readonly Listing[],
): Promise<Market> {
  const deployer = new AaveDeployer(admin);
  const market = await deployParts(deployer, admin.address, listings);
  await initReserves(deployer, market, treasury, listings);
  for (const listing of listings) await configureReserve(market.configurator, listing);
  return market;
}

async function deployParts(deployer: AaveDeployer, admin: string, listings: readonly Listing[]): Promise<Market> {
  const provider = await deployer.deploy("protocol/configuration/PoolAddressesProvider", ["Strata's tests", admin]);
  const registry = await provider.getAddress();
  await sendTo(provider, "setACLAdmin", admin);
  const acl = await deployer.deploy("protocol/configuration/ACLManager", [registry]);
  await sendTo(provider, "setACLManager", await acl.getAddress());
  for (const role of ["addPoolAdmin", "addEmergencyAdmin"]) await sendTo(acl, role, admin);

  const pool = await deployer.deploy("protocol/pool/Pool", [registry]);
  await sendTo(provider, "setPoolImpl", await pool.getAddress());
  const configurator = await deployer.deploy("protocol/pool/PoolConfigurator");
  await sendTo(provider, "setPoolConfiguratorImpl", await configurator.getAddress());
  const dataProvider = await deployer.deploy("misc/AaveProtocolDataProvider", [registry]);
  await sendTo(provider, "setPoolDataProvider", await dataProvider.getAddress());

  const assets = listings.map((listing) => listing.asset);
  const sources = listings.map((listing) => listing.priceSource);
  const terms = [registry, assets, sources, ZeroAddress, ZeroAddress, BASE_CURRENCY_UNIT];
  const oracle = await deployer.deploy("misc/AaveOracle", terms);
  await sendTo(provider, "setPriceOracle", await oracle.getAddress());
  const proxy = async (getter: string): Promise<string> => String(await provider.getFunction(getter).staticCall());
  return {
    provider,
    acl,
    dataProvider,
    pool: await proxy("getPool"),
    configurator: deployer.at("protocol/pool/PoolConfigurator", await proxy("getPoolConfigurator")),
    oracle: await oracle.getAddress(),
  };
}

async function initReserves(
  deployer: AaveDeployer,
  market: Market,
  treasury: string,
  listings: readonly Listing[],
): Promise<void> {
  const implementation = async (kind: string): Promise<string> =>
    (await deployer.deploy(`protocol/tokenization/${kind}`, [market.pool])).getAddress();
  const aTokenImpl = await implementation("AToken");
  const stableDebtTokenImpl = await implementation("StableDebtToken");
  const variableDebtTokenImpl = await implementation("VariableDebtToken");
  const inputs: unknown[] = [];
  for (const { asset, symbol, decimals, terms } of listings)
    inputs.push({
      aTokenImpl,
      stableDebtTokenImpl,
      variableDebtTokenImpl,
      underlyingAssetDecimals: decimals,
      interestRateStrategyAddress: await deployRates(deployer, market.provider, terms.rates),
      underlyingAsset: asset,
      treasury,
      incentivesController: ZeroAddress,
      aTokenName: `Aave ${symbol}`,
      aTokenSymbol: `a${symbol}`,
      variableDebtTokenName: `Aave Variable Debt ${symbol}`,
      variableDebtTokenSymbol: `variableDebt${symbol}`,
      stableDebtTokenName: `Aave Stable Debt ${symbol}`,
      stableDebtTokenSymbol: `stableDebt${symbol}`,
      params: "0x10",
    });
  await sendTo(market.configurator, "initReserves", inputs);
}

async function deployRates(deployer: AaveDeployer, provider: Contract, rates: RateTerms): Promise<string> {
  // No stable loans: their slopes are zero; the last is the part of stable loans at which theirs would become dearer.
  const strategy = await deployer.deploy("protocol/pool/DefaultReserveInterestRateStrategy", [
    await provider.getAddress(),
    rayOfBps(rates.optimalBps),
    rayOfBps(rates.baseBps),
    rayOfBps(rates.slope1Bps),
    rayOfBps(rates.slope2Bps),
    0,
    0,
    0,
    0,
    rayOfBps(2_000),
  ]);
  return strategy.getAddress();
}

async function configureReserve(configurator: Contract, { asset, terms }: Listing): Promise<void> {
  const { ltvBps, thresholdBps, bonusBps } = terms;
  await sendTo(configurator, "configureReserveAsCollateral", asset, ltvBps, thresholdBps, bonusBps);
  await sendTo(configurator, "setReserveFactor", asset, terms.factorBps);
  await sendTo(configurator, "setLiquidationProtocolFee", asset, terms.protocolFeeBps);
  if (terms.borrowing) await sendTo(configurator, "setReserveBorrowing", asset, true);
}
