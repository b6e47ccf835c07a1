/**
 * Morpho Blue from its own source, with the pair's two markets: conversion borrows the base against the quote, reversal
 * the quote against the base. Rate model and oracles are local stand-ins behind Morpho's interfaces.
 */
import { AbiCoder, keccak256 } from "ethers";
import type { HardhatEthers, HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";

import { weiFromUnits } from "../../../keeper/chain/prices.ts";
import type { LocalChain } from "../chain.ts";
import { LocalWorldError } from "../errors.ts";
import type { LocalFeeds } from "./feeds.ts";
import type { LocalPair } from "./tokens.ts";

const WAD = 10n ** 18n;
/** Morpho's ORACLE_PRICE_SCALE. */
const ORACLE_SCALE = 10n ** 36n;
const MAX_UINT256 = (1n << 256n) - 1n;

/** Liquidation loan-to-value of both markets, 1e18: what Morpho's large ETH/USDC markets have. */
export const LLTV = (86n * WAD) / 100n;

/** Quote units that lenders put into each market. */
export const DEFAULT_DEPTH = 50e6;
/** Part of it that other borrowers have, as a fraction: the rate model's target. */
export const DEFAULT_UTILIZATION = 0.9;
/** The other borrowers' collateral in their debt's worth: no path of prices liquidates them. */
const BACKGROUND_COLLATERAL = 1_000n;

/** A market's terms, as Morpho writes them; they are its name. */
export interface MarketParams {
  readonly loanToken: string;
  readonly collateralToken: string;
  readonly oracle: string;
  readonly irm: string;
  /** 1e18. */
  readonly lltv: bigint;
}

export interface LocalMarket {
  readonly id: string;
  readonly params: MarketParams;
}

export interface LocalMarkets {
  readonly morpho: string;
  readonly rateModel: string;
  /** Quote is the collateral, base the loan. */
  readonly conversion: LocalMarket;
  /** Base is the collateral, quote the loan. */
  readonly reversal: LocalMarket;
}

/** The tokens and feeds that the markets are made of. */
export interface MarketPair {
  readonly base: string;
  readonly quote: string;
  /** Dollars per base and dollars per quote, in Chainlink's shape. */
  readonly baseFeed: string;
  readonly quoteFeed: string;
}

/** What lenders supply to each market, in wei of its loan token. */
export interface MarketSupply {
  readonly conversion: bigint;
  readonly reversal: bigint;
}

export interface MorphoOptions {
  /** Quote units per base unit, for the depth of the market that lends the base. */
  readonly price: number;
  /** Quote units in each market, default DEFAULT_DEPTH. */
  readonly depth?: number;
}

/** The key under which Morpho keeps a market. */
export function marketId(params: MarketParams): string {
  const { loanToken, collateralToken, oracle, irm, lltv } = params;
  return keccak256(
    AbiCoder.defaultAbiCoder().encode(
      ["address", "address", "address", "address", "uint256"],
      [loanToken, collateralToken, oracle, irm, lltv],
    ),
  );
}

/** Deploys Morpho with both markets, supplied by the account liquidityProvider. Needs no answer of the feeds yet. */
export async function deployMorpho(
  chain: LocalChain,
  pair: LocalPair,
  feeds: LocalFeeds,
  options: MorphoOptions,
): Promise<LocalMarkets> {
  const { price, depth = DEFAULT_DEPTH } = options;
  const deployer = await chain.ethers.getSigner(chain.accounts.deployer.address);
  const lender = await chain.ethers.getSigner(chain.accounts.liquidityProvider.address);
  const { base, quote } = pair;
  const markets = await deployMarkets(chain.ethers, deployer, {
    base,
    quote,
    baseFeed: feeds.base.proxy,
    quoteFeed: feeds.quote.proxy,
  });
  await supplyMarkets(chain.ethers, lender, markets, {
    conversion: weiFromUnits(depth / price, pair.baseDecimals),
    reversal: weiFromUnits(depth, pair.quoteDecimals),
  });
  return markets;
}

/** Lets others borrow until both markets are used to a fraction. The feeds must have answered by then. */
export async function borrowInBackground(
  chain: LocalChain,
  markets: LocalMarkets,
  utilization = DEFAULT_UTILIZATION,
): Promise<void> {
  const borrower = await chain.ethers.getSigner(chain.accounts.liquidityProvider.address);
  for (const market of [markets.conversion, markets.reversal]) {
    await borrowUpTo(chain.ethers, borrower, markets.morpho, market, weiFromUnits(utilization, 18));
  }
}

/** Morpho, its rate model and both markets, without supply. The deployer owns Morpho. */
export async function deployMarkets(
  ethers: HardhatEthers,
  deployer: HardhatEthersSigner,
  pair: MarketPair,
): Promise<LocalMarkets> {
  const morpho = await ethers.deployContract("LocalMorpho", [deployer.address], deployer);
  const rateModel = await ethers.deployContract("LocalMorphoRateModel", deployer);
  await rateModel.waitForDeployment();
  const irm = await rateModel.getAddress();
  await (await morpho.enableIrm(irm)).wait();
  await (await morpho.enableLltv(LLTV)).wait();

  const open = async (collateral: "base" | "quote", loan: "base" | "quote"): Promise<LocalMarket> => {
    const oracle = await ethers.deployContract(
      "LocalMorphoOracle",
      [pair[collateral], pair[loan], pair[`${collateral}Feed`], pair[`${loan}Feed`]],
      deployer,
    );
    await oracle.waitForDeployment();
    const params = {
      loanToken: pair[loan],
      collateralToken: pair[collateral],
      oracle: await oracle.getAddress(),
      irm,
      lltv: LLTV,
    };
    await (await morpho.createMarket(params)).wait();
    return { id: marketId(params), params };
  };
  return {
    morpho: await morpho.getAddress(),
    rateModel: irm,
    conversion: await open("quote", "base"),
    reversal: await open("base", "quote"),
  };
}

/** Supplies local tokens, minted for it, to both markets. */
export async function supplyMarkets(
  ethers: HardhatEthers,
  lender: HardhatEthersSigner,
  markets: LocalMarkets,
  supply: MarketSupply,
): Promise<void> {
  const morpho = await ethers.getContractAt("LocalMorpho", markets.morpho, lender);
  for (const name of ["conversion", "reversal"] as const) {
    if (supply[name] === 0n) continue;
    const { params } = markets[name];
    await give(ethers, lender, params.loanToken, supply[name], markets.morpho);
    await (await morpho.supply(params, supply[name], 0, lender.address, "0x")).wait();
  }
}

/**
 * Borrows from a market, against more collateral than any price path can spoil, until so much of its supply is lent.
 * @param utilization 1e18
 * @returns what was borrowed, loan wei; 0 if the market is used that much already
 * @throws LocalWorldError if the market's oracle has no price
 */
export async function borrowUpTo(
  ethers: HardhatEthers,
  borrower: HardhatEthersSigner,
  address: string,
  { id, params }: LocalMarket,
  utilization: bigint,
): Promise<bigint> {
  const morpho = await ethers.getContractAt("LocalMorpho", address, borrower);
  const oracle = await ethers.getContractAt("LocalMorphoOracle", params.oracle);
  // Accrued first: the interest of a block is borrowed too.
  await (await morpho.accrueInterest(params)).wait();
  const { totalSupplyAssets, totalBorrowAssets } = await morpho.market(id);
  const borrow = (totalSupplyAssets * utilization) / WAD - totalBorrowAssets;
  if (borrow <= 0n) return 0n;
  const price = await oracle.price();
  if (price === 0n) throw new LocalWorldError("A lending market's oracle has no price: let the feeds answer first.");
  const collateral = (borrow * BACKGROUND_COLLATERAL * ORACLE_SCALE) / price + 1n;
  await give(ethers, borrower, params.collateralToken, collateral, address);
  await (await morpho.supplyCollateral(params, collateral, borrower.address, "0x")).wait();
  await (await morpho.borrow(params, borrow, 0, borrower.address, borrower.address)).wait();
  return borrow;
}

/** Mints local tokens to an account and lets a contract take them. */
export async function give(
  ethers: HardhatEthers,
  account: HardhatEthersSigner,
  token: string,
  amount: bigint,
  spender: string,
): Promise<void> {
  const erc20 = await ethers.getContractAt("LocalToken", token, account);
  await (await erc20.mint(account.address, amount)).wait();
  await (await erc20.approve(spender, MAX_UINT256)).wait();
}
