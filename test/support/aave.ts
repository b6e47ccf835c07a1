/**
 * Aave v3 beside the world of a contract test: the package's own bytecode, both tokens of the world as reserves that follow
 * its feeds, lenders with liquidity and a borrower who uses a part of it. Calls go through our interface, so that each of them
 * also proves that the interface fits the real contracts.
 */
import { id, type Contract, type ContractTransactionReceipt } from "ethers";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";

import type {
  IAaveOracle,
  IAavePool,
  IAaveScaledToken,
  IAaveToken,
} from "../../types/ethers-contracts/interfaces/IAavePool.sol/index.ts";
import type { LocalRawFeed } from "../../types/ethers-contracts/local/LocalRawFeed.ts";
import type { LocalToken } from "../../types/ethers-contracts/local/LocalToken.ts";
import { MAX_UINT256, Q96 } from "./arithmetic.ts";
import { BPS, inUsd, type Side } from "./aave/math.ts";
import {
  BASE_CURRENCY_UNIT,
  deployMarket,
  sendTo,
  type Listing,
  type Market,
  type ReserveTerms,
} from "./aave/market.ts";
import type { World } from "./world.ts";

/** The rate mode of every loan. */
export const VARIABLE = 2n;

export interface AaveOptions {
  /** Supplied to each reserve by lenders, in quote units at the world's opening price. */
  readonly depth: number;
  /** Part of it that is lent out from the beginning; without any there is no interest. */
  readonly utilisationBps: number;
  readonly base: ReserveTerms;
  readonly quote: ReserveTerms;
}

/** Terms of mainnet's kind: a volatile asset and a dollar. */
export const DEFAULT_AAVE: AaveOptions = {
  depth: 20e6,
  utilisationBps: 4_500,
  base: {
    ltvBps: 8_000,
    thresholdBps: 8_250,
    bonusBps: 10_500,
    factorBps: 1_500,
    protocolFeeBps: 1_000,
    borrowing: true,
    rates: { optimalBps: 8_000, baseBps: 0, slope1Bps: 380, slope2Bps: 8_000 },
  },
  quote: {
    ltvBps: 7_700,
    thresholdBps: 8_000,
    bonusBps: 10_450,
    factorBps: 1_000,
    protocolFeeBps: 1_000,
    borrowing: true,
    rates: { optimalBps: 9_000, baseBps: 0, slope1Bps: 400, slope2Bps: 6_000 },
  },
};

/** What the background borrower pledges; in a reserve of its own, so that his loans move no rate of the others'. */
const BACKING: ReserveTerms = {
  ...DEFAULT_AAVE.quote,
  ltvBps: 9_000,
  thresholdBps: 9_300,
  bonusBps: 10_300,
  borrowing: false,
};
const BACKING_UNITS = 10n ** 12n;

export interface Reserve {
  readonly token: LocalToken;
  readonly asset: string;
  readonly decimals: number;
  readonly terms: ReserveTerms;
  readonly aToken: IAaveToken;
  readonly variableDebt: IAaveScaledToken;
}

export interface Liquidation {
  readonly receipt: ContractTransactionReceipt;
  /** Wei of the debt's token that the liquidator paid. */
  readonly repaid: bigint;
  /** Wei of the collateral's token that the liquidator took. */
  readonly taken: bigint;
}

interface Parts {
  readonly world: World;
  readonly market: Market;
  readonly pool: IAavePool;
  readonly oracle: IAaveOracle;
  readonly base: Reserve;
  readonly quote: Reserve;
  readonly backing: Reserve;
  readonly lender: HardhatEthersSigner;
  readonly borrower: HardhatEthersSigner;
  readonly liquidator: HardhatEthersSigner;
}

export class Aave {
  readonly world: World;
  readonly provider: Contract;
  readonly acl: Contract;
  /** The world's deployer may call everything on it. */
  readonly configurator: Contract;
  readonly dataProvider: Contract;
  readonly oracle: IAaveOracle;
  readonly pool: IAavePool;
  readonly addresses: { readonly provider: string; readonly pool: string; readonly oracle: string };
  readonly base: Reserve;
  readonly quote: Reserve;
  /** The background borrower's collateral: a third reserve, which nobody can borrow. */
  readonly backing: Reserve;
  readonly lender: HardhatEthersSigner;
  readonly borrower: HardhatEthersSigner;
  readonly liquidator: HardhatEthersSigner;

  constructor(parts: Parts, provider: string) {
    const { world, market } = parts;
    this.world = world;
    this.provider = market.provider;
    this.acl = market.acl;
    this.configurator = market.configurator;
    this.dataProvider = market.dataProvider;
    this.pool = parts.pool;
    this.oracle = parts.oracle;
    this.addresses = { provider, pool: market.pool, oracle: market.oracle };
    this.base = parts.base;
    this.quote = parts.quote;
    this.backing = parts.backing;
    this.lender = parts.lender;
    this.borrower = parts.borrower;
    this.liquidator = parts.liquidator;
  }

  reserve(token: LocalToken): Reserve {
    for (const reserve of [this.base, this.quote, this.backing])
      if (reserve.token.target === token.target) return reserve;
    throw new Error("this token is no reserve of the market");
  }

  // ---- looking

  /** What the reserve can pay out, wei. */
  async cash(token: LocalToken): Promise<bigint> {
    return token.balanceOf(await this.reserve(token).aToken.getAddress());
  }

  /** An account's supply, as the market values it at the latest block. */
  async supplied(token: LocalToken, account: string): Promise<Side> {
    const { aToken, asset, decimals } = this.reserve(token);
    const scaled = await aToken.scaledBalanceOf(account);
    const index = await this.pool.getReserveNormalizedIncome(asset);
    return { scaled, index, price: await this.oracle.getAssetPrice(asset), decimals };
  }

  /** An account's debt, as the market values it at the latest block. */
  async owed(token: LocalToken, account: string): Promise<Side> {
    const { variableDebt, asset, decimals } = this.reserve(token);
    const scaled = await variableDebt.scaledBalanceOf(account);
    const index = await this.pool.getReserveNormalizedVariableDebt(asset);
    return { scaled, index, price: await this.oracle.getAssetPrice(asset), decimals };
  }

  // ---- lenders and borrowers

  /** The lender pays tokens of his own in for somebody else: also the way in which a stranger makes a gift. */
  async supplyFor(account: string, token: LocalToken, amount: bigint): Promise<void> {
    await token.mint(this.lender.address, amount);
    await (await token.connect(this.lender).approve(this.addresses.pool, amount)).wait();
    await (await this.pool.connect(this.lender).supply(token.target, amount, account, 0)).wait();
  }

  /** Someone pays in tokens of his own, which he must have. */
  async supply(person: HardhatEthersSigner, token: LocalToken, amount: bigint): Promise<ContractTransactionReceipt> {
    await (await token.connect(person).approve(this.addresses.pool, amount)).wait();
    return done(await (await this.pool.connect(person).supply(token.target, amount, person.address, 0)).wait());
  }

  async borrow(person: HardhatEthersSigner, token: LocalToken, amount: bigint): Promise<ContractTransactionReceipt> {
    const pool = this.pool.connect(person);
    return done(await (await pool.borrow(token.target, amount, VARIABLE, 0, person.address)).wait());
  }

  /** @param amount all of the debt unless given */
  async repay(
    person: HardhatEthersSigner,
    token: LocalToken,
    amount = MAX_UINT256,
  ): Promise<ContractTransactionReceipt> {
    await (await token.connect(person).approve(this.addresses.pool, amount)).wait();
    const response = await this.pool.connect(person).repay(token.target, amount, VARIABLE, person.address);
    return done(await response.wait());
  }

  /** @param amount all of the supply unless given */
  async withdraw(
    person: HardhatEthersSigner,
    token: LocalToken,
    amount = MAX_UINT256,
  ): Promise<ContractTransactionReceipt> {
    return done(await (await this.pool.connect(person).withdraw(token.target, amount, person.address)).wait());
  }

  /** The background borrower takes all the cash there is: utilisation is 100 % until somebody pays in. */
  async drain(token: LocalToken): Promise<void> {
    const cash = await this.cash(token);
    if (cash > 0n) await this.borrow(this.borrower, token, cash);
  }

  /** The background borrower pays all of his debt back. */
  async refill(token: LocalToken): Promise<void> {
    const { scaled, index } = await this.owed(token, this.borrower.address);
    // Twice the debt: more than the interest until the payment is mined.
    await token.mint(this.borrower.address, (scaled * index * 2n) / 10n ** 27n);
    await this.repay(this.borrower, token);
  }

  /**
   * The liquidator pays as much of a user's debt as the market lets him, from his own purse.
   *
   * @param pair debt and collateral; the user's larger debt against his larger supply unless given
   */
  async liquidate(
    user: string,
    pair?: { readonly debt: LocalToken; readonly collateral: LocalToken },
  ): Promise<Liquidation> {
    const { debt, collateral } = pair ?? (await this.#largest(user));
    const { liquidator } = this;
    const { scaled, index } = await this.owed(debt, user);
    await debt.mint(liquidator.address, (scaled * index * 2n) / 10n ** 27n);
    await (await debt.connect(liquidator).approve(this.addresses.pool, MAX_UINT256)).wait();
    const [paidBefore, tookBefore] = await this.#purse(debt, collateral);
    const response = await this.pool
      .connect(liquidator)
      .liquidationCall(collateral.target, debt.target, user, MAX_UINT256, false);
    const receipt = done(await response.wait());
    const [paidAfter, tookAfter] = await this.#purse(debt, collateral);
    return { receipt, repaid: paidBefore - paidAfter, taken: tookAfter - tookBefore };
  }

  // ---- the market's governance

  /** Nothing works on a paused reserve, liquidations included. */
  async setPaused(token: LocalToken, paused: boolean): Promise<void> {
    await sendTo(this.configurator, "setReservePause", token.target, paused);
  }

  /** Pauses every reserve at once, or none. */
  async setPoolPaused(paused: boolean): Promise<void> {
    await sendTo(this.configurator, "setPoolPause", paused);
  }

  /** A frozen reserve takes no supply and gives no loan. */
  async freeze(token: LocalToken, frozen = true): Promise<void> {
    await sendTo(this.configurator, "setReserveFreeze", token.target, frozen);
  }

  /** Changes what the reserve counts as collateral. */
  async setCollateralTerms(token: LocalToken, ltvBps: number, thresholdBps: number, bonusBps: number): Promise<void> {
    await sendTo(this.configurator, "configureReserveAsCollateral", token.target, ltvBps, thresholdBps, bonusBps);
  }

  /** Whole tokens; 0 is no cap. */
  async setCaps(token: LocalToken, caps: { readonly supply?: number; readonly borrow?: number }): Promise<void> {
    if (caps.supply !== undefined) await sendTo(this.configurator, "setSupplyCap", token.target, caps.supply);
    if (caps.borrow !== undefined) await sendTo(this.configurator, "setBorrowCap", token.target, caps.borrow);
  }

  async #purse(debt: LocalToken, collateral: LocalToken): Promise<readonly [bigint, bigint]> {
    const { address } = this.liquidator;
    return [await debt.balanceOf(address), await collateral.balanceOf(address)];
  }

  async #largest(user: string): Promise<{ debt: LocalToken; collateral: LocalToken }> {
    const { base, quote } = this.world;
    const [baseDebt, quoteDebt] = [await this.owed(base, user), await this.owed(quote, user)];
    const [baseSupply, quoteSupply] = [await this.supplied(base, user), await this.supplied(quote, user)];
    return {
      debt: inUsd(baseDebt) > inUsd(quoteDebt) ? base : quote,
      collateral: inUsd(baseSupply) > inUsd(quoteSupply) ? base : quote,
    };
  }
}

/** Puts a market up in a world; the world's feeds are its prices from then on. */
export async function deployAave(world: World, changes: Partial<AaveOptions> = {}): Promise<Aave> {
  const options: AaveOptions = { ...DEFAULT_AAVE, ...changes };
  const { deployer } = world.who;
  const backing = await world.ethers.deployContract("LocalToken", ["Backing", "BACK", 18], deployer);
  const dollar = await world.ethers.deployContract("LocalRawFeed", [8], deployer);
  await dollar.report(BASE_CURRENCY_UNIT);
  const listings = [
    await listing(world, world.base, world.baseFeed, options.base),
    await listing(world, world.quote, world.quoteFeed, options.quote),
    await listing(world, backing, dollar, BACKING),
  ] as const;
  const market = await deployMarket(deployer, await personOf(world, "treasury").then((p) => p.address), listings);
  const pool = await world.ethers.getContractAt("IAavePool", market.pool, deployer);
  const aave = new Aave(
    {
      world,
      market,
      pool,
      oracle: await world.ethers.getContractAt("IAaveOracle", market.oracle, deployer),
      base: await reserveOf(world, pool, world.base, listings[0]),
      quote: await reserveOf(world, pool, world.quote, listings[1]),
      backing: await reserveOf(world, pool, backing, listings[2]),
      lender: await personOf(world, "lender"),
      borrower: await personOf(world, "borrower"),
      liquidator: await personOf(world, "liquidator"),
    },
    await market.provider.getAddress(),
  );
  await fill(aave, options);
  return aave;
}

/** People of the market are none of the world's: their accounts come from their names. */
async function personOf(world: World, name: string): Promise<HardhatEthersSigner> {
  return world.as(`0x${id(`aave's ${name}`).slice(-40)}`);
}

async function listing(world: World, token: LocalToken, feed: LocalRawFeed, terms: ReserveTerms): Promise<Listing> {
  const source = await world.ethers.deployContract("LocalAavePriceSource", [feed.target], world.who.deployer);
  return {
    asset: await token.getAddress(),
    symbol: await token.symbol(),
    decimals: Number(await token.decimals()),
    priceSource: await source.getAddress(),
    terms,
  };
}

async function reserveOf(world: World, pool: IAavePool, token: LocalToken, listed: Listing): Promise<Reserve> {
  const { asset, decimals, terms } = listed;
  const { aTokenAddress, variableDebtTokenAddress } = await pool.getReserveData(asset);
  return {
    token,
    asset,
    decimals,
    terms,
    aToken: await world.ethers.getContractAt("IAaveToken", aTokenAddress),
    variableDebt: await world.ethers.getContractAt("IAaveScaledToken", variableDebtTokenAddress),
  };
}

/** Lenders pay in, and the background borrower takes his part. */
async function fill(aave: Aave, options: AaveOptions): Promise<void> {
  const { world, borrower } = aave;
  const quoteWei = BigInt(Math.round(options.depth)) * 10n ** BigInt(world.options.quoteDecimals);
  const baseWei = (quoteWei * Q96) / world.priceX96(world.options.price);
  await aave.supplyFor(borrower.address, aave.backing.token, BACKING_UNITS * 10n ** 18n);
  for (const [token, amount] of [
    [world.base, baseWei],
    [world.quote, quoteWei],
  ] as const) {
    await aave.supplyFor(aave.lender.address, token, amount);
    const lent = (amount * BigInt(options.utilisationBps)) / BPS;
    if (lent > 0n) await aave.borrow(borrower, token, lent);
  }
}

function done(receipt: ContractTransactionReceipt | null): ContractTransactionReceipt {
  if (receipt === null) throw new Error("the transaction was not mined");
  return receipt;
}
