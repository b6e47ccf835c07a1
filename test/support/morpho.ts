/**
 * Morpho Blue's two markets for a test's World, whatever its order and decimals, on the same feeds as the vault's oracle; and
 * the things that happen to a borrower: time, dear money, no money left, liquidation.
 */
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import type { TransactionReceipt } from "ethers";

import {
  borrowUpTo,
  deployMarkets,
  give,
  supplyMarkets,
  type LocalMarket,
  type LocalMarkets,
} from "../../scripts/local/protocols/morpho.ts";
import type { LocalMorpho } from "../../types/ethers-contracts/local/LocalMorpho.ts";
import type { LocalMorphoRateModel } from "../../types/ethers-contracts/local/LocalMorphoRateModel.ts";
import { divUp, ONE } from "./arithmetic.ts";
import { mined, scaled, type World } from "./world.ts";

const VIRTUAL_SHARES = 10n ** 6n;
const VIRTUAL_ASSETS = 1n;
export const YEAR = 365n * 86_400n;

export interface MorphoTerms {
  /** Quote units that lenders have in each market. */
  readonly depth: number;
  /** What others have borrowed of it, 1e18. */
  readonly utilization: bigint;
}

export interface MorphoTotals {
  readonly totalSupplyAssets: bigint;
  readonly totalSupplyShares: bigint;
  readonly totalBorrowAssets: bigint;
  readonly totalBorrowShares: bigint;
  readonly lastUpdate: bigint;
}

export interface MorphoPosition {
  readonly borrowShares: bigint;
  readonly collateral: bigint;
  /** What it takes to repay all shares by the market's last accrual, loan wei, rounded up as Morpho does. */
  readonly debt: bigint;
}

export class MorphoWorld {
  readonly world: World;
  readonly morpho: LocalMorpho;
  readonly rateModel: LocalMorphoRateModel;
  readonly markets: LocalMarkets;
  readonly conversion: LocalMarket;
  readonly reversal: LocalMarket;
  /** Supplies both markets. */
  readonly lender: HardhatEthersSigner;
  /** The other borrower. */
  readonly whale: HardhatEthersSigner;
  readonly liquidator: HardhatEthersSigner;

  constructor(parts: Omit<MorphoWorld, MorphoMethods | "conversion" | "reversal">) {
    this.world = parts.world;
    this.morpho = parts.morpho;
    this.rateModel = parts.rateModel;
    this.markets = parts.markets;
    this.conversion = parts.markets.conversion;
    this.reversal = parts.markets.reversal;
    this.lender = parts.lender;
    this.whale = parts.whale;
    this.liquidator = parts.liquidator;
  }

  // ---- looking

  async totals(market: LocalMarket): Promise<MorphoTotals> {
    return this.morpho.market(market.id);
  }

  /** By the last accrual, 1e18, rounded down. */
  async utilization(market: LocalMarket): Promise<bigint> {
    const { totalSupplyAssets, totalBorrowAssets } = await this.totals(market);
    return totalSupplyAssets === 0n ? 0n : (totalBorrowAssets * ONE) / totalSupplyAssets;
  }

  async position(market: LocalMarket, account: string): Promise<MorphoPosition> {
    const { borrowShares, collateral } = await this.morpho.position(market.id, account);
    const { totalBorrowAssets, totalBorrowShares } = await this.totals(market);
    const debt = divUp(borrowShares * (totalBorrowAssets + VIRTUAL_ASSETS), totalBorrowShares + VIRTUAL_SHARES);
    return { borrowShares, collateral, debt };
  }

  /** Loan wei per collateral wei times 1e36, as the market's oracle says. */
  async price(market: LocalMarket): Promise<bigint> {
    const oracle = await this.world.ethers.getContractAt("LocalMorphoOracle", market.params.oracle);
    return oracle.price();
  }

  // ---- what happens to a borrower

  /** Lets time pass and the market count its interest. */
  async accrue(market: LocalMarket, seconds = 0): Promise<void> {
    if (seconds > 0) await this.world.pass(seconds);
    await (await this.morpho.accrueInterest(market.params)).wait();
  }

  /**
   * One rate at every utilisation from now on; the time before keeps the rate it had.
   * @param perSecond 1e18; null gives the market its curve back
   */
  async setRate(market: LocalMarket, perSecond: bigint | null): Promise<void> {
    await this.accrue(market);
    const sent = perSecond === null ? this.rateModel.release(market.id) : this.rateModel.force(market.id, perSecond);
    await (await sent).wait();
  }

  /** The other borrower takes all that is left: no lender can withdraw, and the rate is the curve's highest. */
  async drain(market: LocalMarket): Promise<bigint> {
    return borrowUpTo(this.world.ethers, this.whale, this.markets.morpho, market, ONE);
  }

  /** The other borrower gives everything back. */
  async refill(market: LocalMarket): Promise<void> {
    await this.accrue(market);
    const { borrowShares, debt } = await this.position(market, this.whale.address);
    if (borrowShares === 0n) return;
    // A block's interest comes on top until this is mined.
    await this.give(this.whale, market.params.loanToken, 2n * debt + 1n);
    await (await this.as(this.whale).repay(market.params, 0, borrowShares, this.whale.address, "0x")).wait();
  }

  /** Puts collateral up and borrows, for a test's own borrower. */
  async borrow(market: LocalMarket, borrower: HardhatEthersSigner, collateral: bigint, debt: bigint): Promise<void> {
    await this.give(borrower, market.params.collateralToken, collateral);
    const morpho = this.as(borrower);
    await (await morpho.supplyCollateral(market.params, collateral, borrower.address, "0x")).wait();
    if (debt > 0n) await (await morpho.borrow(market.params, debt, 0, borrower.address, borrower.address)).wait();
  }

  /**
   * Liquidates through Morpho itself, with the liquidator's own money.
   * @param shares of the debt to repay; all of it unless told
   */
  async liquidate(market: LocalMarket, borrower: string, shares?: bigint): Promise<TransactionReceipt> {
    await this.accrue(market);
    const { borrowShares, debt } = await this.position(market, borrower);
    await this.give(this.liquidator, market.params.loanToken, 2n * debt + 1n);
    const sent = await this.as(this.liquidator).liquidate(market.params, borrower, 0, shares ?? borrowShares, "0x");
    return mined(await sent.wait());
  }

  /** Seizes so much collateral, or all of it: what is left of the debt then is the lenders' loss. */
  async seize(market: LocalMarket, borrower: string, collateral?: bigint): Promise<TransactionReceipt> {
    await this.accrue(market);
    const position = await this.position(market, borrower);
    await this.give(this.liquidator, market.params.loanToken, 2n * position.debt + 1n);
    const seized = collateral ?? position.collateral;
    const sent = await this.as(this.liquidator).liquidate(market.params, borrower, seized, 0, "0x");
    return mined(await sent.wait());
  }

  as(account: HardhatEthersSigner): LocalMorpho {
    return this.morpho.connect(account);
  }

  /** Mints and approves to Morpho. */
  async give(account: HardhatEthersSigner, token: string, amount: bigint): Promise<void> {
    await give(this.world.ethers, account, token, amount, this.markets.morpho);
  }
}

type MorphoMethods =
  | "totals"
  | "utilization"
  | "position"
  | "price"
  | "accrue"
  | "setRate"
  | "drain"
  | "refill"
  | "borrow"
  | "liquidate"
  | "seize"
  | "as"
  | "give";

/** Deploys both markets for a world: ten million quote units each, nine tenths of them lent. */
export async function deployMorphoWorld(world: World, changes: Partial<MorphoTerms> = {}): Promise<MorphoWorld> {
  const terms: MorphoTerms = { depth: 10e6, utilization: (9n * ONE) / 10n, ...changes };
  const { ethers, options } = world;
  // Behind the accounts that a world gives names to.
  const [lender, whale, liquidator] = (await ethers.getSigners()).slice(15);
  if (lender === undefined || whale === undefined || liquidator === undefined) throw new Error("no accounts");

  const markets = await deployMarkets(ethers, world.who.deployer, {
    base: await world.base.getAddress(),
    quote: await world.quote.getAddress(),
    baseFeed: await world.baseFeed.getAddress(),
    quoteFeed: await world.quoteFeed.getAddress(),
  });
  await supplyMarkets(ethers, lender, markets, {
    conversion: scaled(terms.depth / options.price, options.baseDecimals),
    reversal: scaled(terms.depth, options.quoteDecimals),
  });
  for (const market of [markets.conversion, markets.reversal])
    await borrowUpTo(ethers, whale, markets.morpho, market, terms.utilization);
  return new MorphoWorld({
    world,
    morpho: await ethers.getContractAt("LocalMorpho", markets.morpho),
    rateModel: await ethers.getContractAt("LocalMorphoRateModel", markets.rateModel),
    markets,
    lender,
    whale,
    liquidator,
  });
}
