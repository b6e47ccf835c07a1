/**
 * A small world for contract tests: Uniswap's audited pools, two tokens of any decimals in either order, feeds that say what
 * a test tells them, our contracts through the real deployment script, and people. One Hardhat connection each.
 */
import { Contract, ContractFactory, getCreateAddress, solidityPackedKeccak256, type TransactionReceipt } from "ethers";
import type { HardhatEthers, HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import type { NetworkConnection } from "hardhat/types/network";

import { getSqrtRatioAtTick } from "../../keeper/chain/tickMath.ts";
import {
  DEFAULT_CAPS,
  DEFAULT_ORACLE_TERMS,
  deployStrata,
  loadAccessManager,
  type Caps,
  type OracleTerms,
  type StrataAddresses,
} from "../../scripts/deploy/strata.ts";
import { deployBareSafe } from "../../scripts/local/protocols/bareSafe.ts";
import type { Lens } from "../../types/ethers-contracts/Lens.ts";
import type { MoveLib } from "../../types/ethers-contracts/MoveLib.ts";
import type { PlanLib } from "../../types/ethers-contracts/PlanLib.ts";
import type { Policy } from "../../types/ethers-contracts/Policy.ts";
import type { PriceOracle } from "../../types/ethers-contracts/PriceOracle.ts";
import type { SleeveLib } from "../../types/ethers-contracts/SleeveLib.ts";
import type { PlanStruct, Vault } from "../../types/ethers-contracts/Vault.ts";
import type { LocalCaller } from "../../types/ethers-contracts/local/LocalCaller.ts";
import type { LocalRawFeed } from "../../types/ethers-contracts/local/LocalRawFeed.ts";
import type { LocalToken } from "../../types/ethers-contracts/local/LocalToken.ts";
import { ONE, Q96, sqrtPriceOf, valueOfTokens, VALUE_BITS, type Pair2 } from "./arithmetic.ts";
import { factoryArtifact, Pool } from "./pools.ts";

export const MIN_SQRT_LIMIT = 4295128740n;
export const MAX_SQRT_LIMIT = 1461446703485210103287273052203988822378723970341n;

export type TokenKind = "LocalToken" | "LocalFeeToken" | "LocalHookToken";

export interface WorldOptions {
  readonly quoteIsToken0: boolean;
  readonly baseDecimals: number;
  readonly quoteDecimals: number;
  /** Quote units per base unit. */
  readonly price: number;
  /** Tiers with a pool, which are also those that the policy allows. */
  readonly fees: readonly number[];
  /** Tiers that have a pool but no permission. */
  readonly otherFees: readonly number[];
  /** Quote units in each pool's full-range position, by tier; `depth` for the others. */
  readonly depths: Readonly<Record<number, number>>;
  readonly depth: number;
  readonly cardinality: number;
  readonly minCardinality: number;
  readonly caps: Partial<Caps>;
  readonly terms: Partial<OracleTerms>;
  readonly sequencer: boolean;
  readonly governanceDelay: number;
  readonly minFirstShares: bigint;
  readonly baseKind: TokenKind;
  readonly quoteKind: TokenKind;
  readonly baseFeedDecimals: number;
  readonly quoteFeedDecimals: number;
}

/** Nothing but the code's own caps stands in a test's way. */
export const WIDE_CAPS: Partial<Caps> = {
  coreWeightCapBps: 10_000,
  minHalfWidth: 10,
  maxHalfWidth: 887_272,
  lossCapBps: 100,
  lossRefillBps: 100,
  turnoverCapBps: 10_000,
  turnoverRefillBps: 10_000,
  churnCapBps: 1_000,
  churnRefillBps: 1_000,
  volFloorBps: 1_000,
  lvrLimitBps: 200,
};

export const DEFAULT_WORLD: WorldOptions = {
  quoteIsToken0: false,
  baseDecimals: 18,
  quoteDecimals: 6,
  price: 2_000,
  fees: [500, 3_000, 10_000],
  otherFees: [],
  depths: {},
  depth: 40e6,
  cardinality: 80,
  minCardinality: 60,
  // As wide as the code allows, so that each limit can be tested alone: lvrLimitBps and the budgets as well.
  caps: WIDE_CAPS,
  // Days may pass in a test without a new answer; the oracle's own tests set mainnet's heartbeats.
  terms: { baseHeartbeat: 172_800, quoteHeartbeat: 172_800 },
  sequencer: false,
  governanceDelay: 172_800,
  minFirstShares: 1_000n * ONE,
  baseKind: "LocalToken",
  quoteKind: "LocalToken",
  baseFeedDecimals: 8,
  quoteFeedDecimals: 8,
};

/** Both orders of the tokens, for suites that run on each. */
export const ORDERS = [
  { name: "quote is token1", quoteIsToken0: false },
  { name: "quote is token0", quoteIsToken0: true },
] as const;

export const DECIMALS = [
  { baseDecimals: 18, quoteDecimals: 6 },
  { baseDecimals: 18, quoteDecimals: 18 },
  { baseDecimals: 8, quoteDecimals: 18 },
  { baseDecimals: 6, quoteDecimals: 18 },
] as const;

export interface BurnStep {
  readonly index: number;
  readonly fraction?: bigint;
  readonly min0?: bigint;
  readonly min1?: bigint;
}

export interface SwapStep {
  readonly fee: number;
  readonly zeroForOne: boolean;
  readonly fraction?: bigint;
  readonly sqrtPriceLimitX96?: bigint;
  readonly minOut?: bigint;
}

export interface MintStep {
  readonly fee: number;
  readonly tickLower: number;
  readonly tickUpper: number;
  readonly fraction0?: bigint;
  readonly fraction1?: bigint;
  readonly minLiquidity?: bigint;
}

export interface MoveStep {
  readonly sleeve: number;
  readonly take: boolean;
  readonly token1: boolean;
  readonly afterSwaps?: boolean;
  readonly fraction?: bigint;
  readonly min?: bigint;
}

export interface PlanSteps {
  readonly burns?: readonly BurnStep[];
  readonly swaps?: readonly SwapStep[];
  readonly mints?: readonly MintStep[];
  readonly moves?: readonly MoveStep[];
  readonly nonce?: bigint;
  readonly deadline?: number;
  readonly twapHint?: number;
  readonly decisionHash?: string;
}

/** What a plan's event says, with the receipt. */
export interface Executed {
  readonly receipt: TransactionReceipt;
  readonly chargeX18: bigint;
  readonly navLow: bigint;
  readonly priceX96: bigint;
}

export interface Held {
  readonly index: number;
  readonly fee: number;
  readonly tickLower: number;
  readonly tickUpper: number;
  readonly liquidity: bigint;
  readonly amount0: bigint;
  readonly amount1: bigint;
  /** Counted by the pool and pending together. */
  readonly fees0: bigint;
  readonly fees1: bigint;
}

/** Everything that the vault has, in kind. */
export interface Book {
  readonly supply: bigint;
  readonly idle0: bigint;
  readonly idle1: bigint;
  readonly total0: bigint;
  readonly total1: bigint;
  readonly positions: readonly Held[];
}

export interface Signers {
  readonly deployer: HardhatEthersSigner;
  /** The DAO's Safe itself: tests act as it without collecting signatures; those have tests of their own. */
  readonly safe: HardhatEthersSigner;
  readonly keeper: HardhatEthersSigner;
  readonly alice: HardhatEthersSigner;
  readonly bob: HardhatEthersSigner;
  readonly carol: HardhatEthersSigner;
  readonly attacker: HardhatEthersSigner;
  readonly stranger: HardhatEthersSigner;
  readonly treasury: HardhatEthersSigner;
  /** Holds GUARDIAN beside the Safe. */
  readonly guardian: HardhatEthersSigner;
  /** Any two of them move the Safe. */
  readonly owners: readonly HardhatEthersSigner[];
}

export class World {
  readonly connection: NetworkConnection;
  readonly ethers: HardhatEthers;
  readonly options: WorldOptions;
  readonly who: Signers;
  readonly safe: Contract;
  readonly addresses: StrataAddresses;
  readonly factory: Contract;
  readonly base: LocalToken;
  readonly quote: LocalToken;
  readonly token0: LocalToken;
  readonly token1: LocalToken;
  readonly baseFeed: LocalRawFeed;
  readonly quoteFeed: LocalRawFeed;
  readonly sequencerFeed: LocalRawFeed;
  readonly vault: Vault;
  /** The vault's address with PlanLib's errors, which bubble through it. */
  readonly planErrors: PlanLib;
  /** Likewise with MoveLib's. */
  readonly moveErrors: MoveLib;
  /** Likewise with SleeveLib's. */
  readonly sleeveErrors: SleeveLib;
  readonly policy: Policy;
  readonly oracle: PriceOracle;
  readonly lens: Lens;
  readonly manager: Contract;
  /** The market: trades, and provides the background liquidity. */
  readonly market: LocalCaller;
  readonly pools: ReadonlyMap<number, Pool>;

  constructor(parts: Omit<World, WorldMethods>) {
    this.connection = parts.connection;
    this.ethers = parts.ethers;
    this.options = parts.options;
    this.who = parts.who;
    this.safe = parts.safe;
    this.addresses = parts.addresses;
    this.factory = parts.factory;
    this.base = parts.base;
    this.quote = parts.quote;
    this.token0 = parts.token0;
    this.token1 = parts.token1;
    this.baseFeed = parts.baseFeed;
    this.quoteFeed = parts.quoteFeed;
    this.sequencerFeed = parts.sequencerFeed;
    this.vault = parts.vault;
    this.planErrors = parts.planErrors;
    this.moveErrors = parts.moveErrors;
    this.sleeveErrors = parts.sleeveErrors;
    this.policy = parts.policy;
    this.oracle = parts.oracle;
    this.lens = parts.lens;
    this.manager = parts.manager;
    this.market = parts.market;
    this.pools = parts.pools;
  }

  // ---- prices

  /** Quote wei per base wei times 2^96. */
  priceX96(price: number): bigint {
    return priceX96Of(price, this.options);
  }

  /** The pool tick at or below a price. */
  async tick(fee: number): Promise<number> {
    return (await this.pool(fee).slot0()).tick;
  }

  /** Makes both feeds answer a price now. */
  async report(price: number): Promise<void> {
    const { baseFeedDecimals, quoteFeedDecimals } = this.options;
    await this.baseFeed.report(scaled(price, baseFeedDecimals));
    await this.quoteFeed.report(10n ** BigInt(quoteFeedDecimals));
  }

  /** Trades every pool to a price. */
  async movePools(price: number): Promise<void> {
    for (const fee of this.pools.keys())
      await this.movePool(fee, sqrtPriceOf(this.priceX96(price), this.options.quoteIsToken0));
  }

  /** Trades one pool to a sqrt price, however deep it is. */
  async movePool(fee: number, sqrtPriceX96: bigint): Promise<void> {
    const pool = this.pool(fee);
    const { sqrtPriceX96: now } = await pool.slot0();
    if (now === sqrtPriceX96) return;
    await this.swap(fee, sqrtPriceX96 < now, 1n << 200n, sqrtPriceX96);
  }

  /** A trade of the market. */
  async swap(fee: number, zeroForOne: boolean, amount: bigint, limit?: bigint): Promise<TransactionReceipt> {
    const pool = this.pool(fee);
    const data = pool.contract.interface.encodeFunctionData("swap", [
      await this.market.getAddress(),
      zeroForOne,
      amount,
      limit ?? (zeroForOne ? MIN_SQRT_LIMIT : MAX_SQRT_LIMIT),
      "0x",
    ]);
    return mined(await (await this.market.run([{ target: pool.address, data }])).wait());
  }

  pool(fee: number): Pool {
    const pool = this.pools.get(fee);
    if (pool === undefined) throw new Error(`no pool of tier ${fee}`);
    return pool;
  }

  // ---- time

  async now(): Promise<number> {
    return this.connection.networkHelpers.time.latest();
  }

  async pass(seconds: number): Promise<void> {
    await this.connection.networkHelpers.time.increase(seconds);
  }

  // ---- the vault's people

  /** Pays exactly half the value in each token at `price`. */
  async firstDeposit(lp: HardhatEthersSigner, shares: bigint, price = this.options.price): Promise<TransactionReceipt> {
    const { amount0, amount1 } = this.halves(shares + 1_000n, price);
    return mined(await (await this.vault.connect(lp).deposit(shares, amount0, amount1, lp.address)).wait());
  }

  /** Amounts worth `shares` quote units, half each, rounded up. */
  halves(shares: bigint, price = this.options.price): Pair2 {
    const value = (shares * 10n ** BigInt(this.options.quoteDecimals)) / ONE + 2n;
    const quote = value / 2n + 1n;
    const base = (quote * Q96) / this.priceX96(price) + 1n;
    return this.options.quoteIsToken0 ? { amount0: quote, amount1: base } : { amount0: base, amount1: quote };
  }

  async deposit(lp: HardhatEthersSigner, shares: bigint): Promise<TransactionReceipt> {
    const max = (1n << 255n) - 1n;
    return mined(await (await this.vault.connect(lp).deposit(shares, max, max, lp.address)).wait());
  }

  async withdraw(lp: HardhatEthersSigner, shares: bigint): Promise<TransactionReceipt> {
    return mined(await (await this.vault.connect(lp).withdraw(shares, 0, 0, lp.address, 0)).wait());
  }

  // ---- plans

  async plan(steps: PlanSteps): Promise<PlanStruct> {
    return {
      nonce: steps.nonce ?? (await this.vault.planNonce()),
      deadline: steps.deadline ?? (await this.now()) + 3_600,
      twapHint: steps.twapHint ?? (await this.oracle.findTwapHint()),
      decisionHash: steps.decisionHash ?? solidityPackedKeccak256(["string"], ["a test's decision"]),
      burns: (steps.burns ?? []).map((b) => ({ fraction: ONE, min0: 0n, min1: 0n, ...b })),
      swaps: (steps.swaps ?? []).map((s) => ({
        fraction: ONE,
        sqrtPriceLimitX96: s.zeroForOne ? MIN_SQRT_LIMIT : MAX_SQRT_LIMIT,
        minOut: 0n,
        ...s,
      })),
      mints: (steps.mints ?? []).map((m) => ({ fraction0: ONE, fraction1: ONE, minLiquidity: 0n, ...m })),
      moves: (steps.moves ?? []).map((m) => ({ afterSwaps: false, fraction: ONE, min: 0n, ...m })),
    };
  }

  async execute(steps: PlanSteps, signer = this.who.keeper): Promise<Executed> {
    const plan = await this.plan(steps);
    return this.executed(mined(await (await this.vault.connect(signer).execute(plan)).wait()));
  }

  /** The plan's event in a receipt. */
  executed(receipt: TransactionReceipt): Executed {
    for (const log of receipt.logs) {
      if (log.address !== this.addresses.vault) continue;
      const event = this.vault.interface.parseLog(log);
      if (event?.name !== "PlanExecuted") continue;
      const { chargeX18, navLow, priceX96 } = event.args as unknown as Omit<Executed, "receipt">;
      return { receipt, chargeX18, navLow, priceX96 };
    }
    throw new Error("no plan in this receipt");
  }

  /** A range round the pool's tick: half-width in ticks, rounded to the pool's spacing. */
  async around(fee: number, halfWidth: number): Promise<{ fee: number; tickLower: number; tickUpper: number }> {
    const { tickSpacing } = this.pool(fee);
    const tick = await this.tick(fee);
    return {
      fee,
      tickLower: Math.floor((tick - halfWidth) / tickSpacing) * tickSpacing,
      tickUpper: Math.ceil((tick + halfWidth) / tickSpacing) * tickSpacing,
    };
  }

  // ---- looking

  /** Everybody's address. */
  people(): readonly string[] {
    const { owners, ...others } = this.who;
    const all = [...Object.values(others), ...owners];
    return all.map((person) => person.address);
  }

  /** Addresses of our contracts. */
  contracts(): readonly string[] {
    const { accessManager, policy, oracle, planLib, moveLib, sleeveLib, vault, lens } = this.addresses;
    return [accessManager, policy, oracle, planLib, moveLib, sleeveLib, vault, lens];
  }

  async book(): Promise<Book> {
    const s = await this.lens.observe(this.addresses.vault, this.who.keeper.address);
    return {
      supply: s.supply,
      idle0: s.idle0,
      idle1: s.idle1,
      total0: s.total0,
      total1: s.total1,
      positions: s.positions.map((p) => ({
        index: Number(p.index),
        fee: Number(p.fee),
        tickLower: Number(p.tickLower),
        tickUpper: Number(p.tickUpper),
        liquidity: p.liquidity,
        amount0: p.amount0,
        amount1: p.amount1,
        fees0: p.fees0,
        fees1: p.fees1,
      })),
    };
  }

  async balances(account: string): Promise<Pair2> {
    return { amount0: await this.token0.balanceOf(account), amount1: await this.token1.balanceOf(account) };
  }

  /** Value of tokens at a price, quote wei, rounded down. */
  value(amounts: Pair2, priceX96: bigint): bigint {
    return valueOfTokens(amounts, priceX96, this.options.quoteIsToken0) >> VALUE_BITS;
  }

  /** The key under which a pool keeps the vault's range. */
  positionKey(tickLower: number, tickUpper: number, owner = this.addresses.vault): string {
    return solidityPackedKeccak256(["address", "int24", "int24"], [owner, tickLower, tickUpper]);
  }

  /** Sends as a contract that is not ours to command, for example a pool. */
  async as(address: string): Promise<HardhatEthersSigner> {
    await this.connection.networkHelpers.impersonateAccount(address);
    await this.connection.networkHelpers.setBalance(address, 10n ** 20n);
    return this.ethers.getSigner(address);
  }

  /** Puts transactions into one block, in this order; each with a gas limit, since none can be estimated on the others. */
  async inOneBlock(send: readonly (() => Promise<{ hash: string }>)[]): Promise<readonly TransactionReceipt[]> {
    const { provider } = this.connection;
    await provider.request({ method: "evm_setAutomine", params: [false] });
    const hashes: string[] = [];
    try {
      for (const one of send) hashes.push((await one()).hash);
      await this.connection.networkHelpers.mine();
    } finally {
      await provider.request({ method: "evm_setAutomine", params: [true] });
    }
    const receipts: TransactionReceipt[] = [];
    for (const hash of hashes) receipts.push(mined(await this.ethers.provider.getTransactionReceipt(hash)));
    const blocks = new Set(receipts.map((r) => r.blockNumber));
    if (blocks.size !== 1) throw new Error("the transactions did not share a block");
    return receipts;
  }
}

type WorldMethods =
  | "priceX96"
  | "tick"
  | "report"
  | "movePools"
  | "movePool"
  | "swap"
  | "pool"
  | "now"
  | "pass"
  | "firstDeposit"
  | "halves"
  | "deposit"
  | "withdraw"
  | "plan"
  | "execute"
  | "executed"
  | "around"
  | "people"
  | "contracts"
  | "book"
  | "balances"
  | "value"
  | "positionKey"
  | "as"
  | "inOneBlock";

/** Price in the chain's unit; `price` is read to eight places, as a feed has them. */
export function priceX96Of(
  price: number,
  options: Pick<WorldOptions, "baseDecimals" | "quoteDecimals" | "baseFeedDecimals">,
): bigint {
  const { baseDecimals, quoteDecimals, baseFeedDecimals } = options;
  const answer = scaled(price, baseFeedDecimals);
  return (answer * 10n ** BigInt(quoteDecimals) * Q96) / 10n ** BigInt(baseDecimals + baseFeedDecimals);
}

/** A price as a feed of so many decimals writes it. */
export function scaled(price: number, decimals: number): bigint {
  // Eight places first: a float has no more than those to give at these prices.
  const eight = BigInt(Math.round(price * 1e8));
  return decimals >= 8 ? eight * 10n ** BigInt(decimals - 8) : eight / 10n ** BigInt(8 - decimals);
}

export function mined(receipt: TransactionReceipt | null): TransactionReceipt {
  if (receipt === null) throw new Error("the transaction was not mined");
  return receipt;
}

/** Builds a world; the first deposit is left to the test. An hour has passed since the pools opened. */
export async function deployWorld(connection: NetworkConnection, changes: Partial<WorldOptions> = {}): Promise<World> {
  const options: WorldOptions = { ...DEFAULT_WORLD, ...changes };
  const { ethers, networkHelpers } = connection;
  const [deployer, treasury, keeper, alice, bob, carol, attacker, stranger, ...rest] = await ethers.getSigners();
  if (!deployer || !treasury || !keeper || !alice || !bob || !carol || !attacker || !stranger)
    throw new Error("no accounts");
  const owners = rest.slice(0, 3);
  const guardian = rest[3];
  if (guardian === undefined) throw new Error("no account for the guardian");

  const { base, quote } = await deployTokens(ethers, deployer, options);
  const [token0, token1] = options.quoteIsToken0 ? [quote, base] : [base, quote];
  const [address0, address1] = [await token0.getAddress(), await token1.getAddress()];
  const safeContract = await deployBareSafe(
    deployer,
    owners.map((owner) => owner.address),
  );
  const safeAddress = await safeContract.getAddress();
  await networkHelpers.impersonateAccount(safeAddress);
  await networkHelpers.setBalance(safeAddress, 10n ** 20n);
  const safe = await ethers.getSigner(safeAddress);
  const who: Signers = { deployer, safe, keeper, alice, bob, carol, attacker, stranger, treasury, guardian, owners };

  const artifact = factoryArtifact();
  const factory = (await new ContractFactory(
    artifact.abi,
    artifact.bytecode,
    deployer,
  ).deploy()) as unknown as Contract;
  await factory.waitForDeployment();
  const market = await ethers.deployContract("LocalCaller", deployer);
  for (const token of [token0, token1]) await token.mint(await market.getAddress(), 1n << 220n);

  const sqrtPriceX96 = sqrtPriceOf(priceX96Of(options.price, options), options.quoteIsToken0);
  const pools = new Map<number, Pool>();
  for (const fee of [...options.fees, ...options.otherFees]) {
    pools.set(fee, await openPool({ factory, address0, address1, fee, sqrtPriceX96, market, options, deployer }));
  }

  const baseFeed = await ethers.deployContract("LocalRawFeed", [options.baseFeedDecimals], deployer);
  const quoteFeed = await ethers.deployContract("LocalRawFeed", [options.quoteFeedDecimals], deployer);
  const sequencerFeed = await ethers.deployContract("LocalRawFeed", [0], deployer);

  const addresses = await deployStrata(deployer, {
    factory: await factory.getAddress(),
    base: await base.getAddress(),
    quote: await quote.getAddress(),
    baseFeed: await baseFeed.getAddress(),
    quoteFeed: await quoteFeed.getAddress(),
    ...(options.sequencer ? { sequencerFeed: await sequencerFeed.getAddress() } : {}),
    safe: safeAddress,
    treasury: treasury.address,
    guardian: guardian.address,
    governanceDelay: options.governanceDelay,
    allowShortDelay: true,
    fees: options.fees,
    minCardinality: options.minCardinality,
    caps: { ...DEFAULT_CAPS, ...DEFAULT_WORLD.caps, ...changes.caps },
    oracleTerms: { ...DEFAULT_ORACLE_TERMS, ...DEFAULT_WORLD.terms, ...changes.terms },
    keepers: [keeper.address],
    minFirstShares: options.minFirstShares,
    name: "Strata test",
    symbol: "sTEST",
  });

  for (const person of [alice, bob, carol, attacker, keeper, stranger]) {
    for (const token of [token0, token1]) {
      await token.mint(person.address, 10n ** 30n);
      await token.connect(person).approve(addresses.vault, (1n << 256n) - 1n);
    }
  }
  await networkHelpers.time.increase(3_600);
  const world = new World({
    connection,
    ethers,
    options,
    who,
    safe: safeContract,
    addresses,
    factory,
    base,
    quote,
    token0,
    token1,
    baseFeed,
    quoteFeed,
    sequencerFeed,
    vault: await ethers.getContractAt("Vault", addresses.vault),
    planErrors: await ethers.getContractAt("PlanLib", addresses.vault),
    moveErrors: await ethers.getContractAt("MoveLib", addresses.vault),
    sleeveErrors: await ethers.getContractAt("SleeveLib", addresses.vault),
    policy: await ethers.getContractAt("Policy", addresses.policy),
    oracle: await ethers.getContractAt("PriceOracle", addresses.oracle),
    lens: await ethers.getContractAt("Lens", addresses.lens),
    manager: new Contract(addresses.accessManager, (await loadAccessManager()).abi, deployer),
    market,
    pools,
  });
  await world.report(options.price);
  return world;
}

/** Two tokens; the deployer's next addresses are known, so the order of deployment decides which becomes token0. */
async function deployTokens(
  ethers: HardhatEthers,
  deployer: HardhatEthersSigner,
  options: WorldOptions,
): Promise<{ base: LocalToken; quote: LocalToken }> {
  const nonce = await deployer.getNonce();
  const first = getCreateAddress({ from: deployer.address, nonce });
  const second = getCreateAddress({ from: deployer.address, nonce: nonce + 1 });
  const quoteFirst = BigInt(first) < BigInt(second) === options.quoteIsToken0;

  const deploy = async (isQuote: boolean): Promise<LocalToken> => {
    const kind = isQuote ? options.quoteKind : options.baseKind;
    const decimals = isQuote ? options.quoteDecimals : options.baseDecimals;
    const args: unknown[] = isQuote ? ["Test Dollar", "TUSD", decimals] : ["Test Ether", "TETH", decimals];
    if (kind === "LocalFeeToken") args.push(10);
    const token = await ethers.deployContract(kind as string, args, deployer);
    return ethers.getContractAt("LocalToken", await token.getAddress(), deployer);
  };
  if (quoteFirst) {
    const quote = await deploy(true);
    return { quote, base: await deploy(false) };
  }
  const base = await deploy(false);
  return { base, quote: await deploy(true) };
}

interface NewPool {
  readonly factory: Contract;
  readonly address0: string;
  readonly address1: string;
  readonly fee: number;
  readonly sqrtPriceX96: bigint;
  readonly market: LocalCaller;
  readonly options: WorldOptions;
  readonly deployer: HardhatEthersSigner;
}

/** Creates, opens and fills a pool, and makes it remember. */
async function openPool(p: NewPool): Promise<Pool> {
  let spacing = Number(await p.factory.getFunction("feeAmountTickSpacing").staticCall(p.fee));
  if (spacing === 0) {
    spacing = 1;
    await p.factory.getFunction("enableFeeAmount").send(p.fee, spacing);
  }
  await p.factory.getFunction("createPool").send(p.address0, p.address1, p.fee);
  const address = String(await p.factory.getFunction("getPool").staticCall(p.address0, p.address1, p.fee));
  const pool = new Pool(address, p.fee, spacing, p.deployer);
  await pool.contract.getFunction("initialize").send(p.sqrtPriceX96);
  await pool.contract.getFunction("increaseObservationCardinalityNext").send(p.options.cardinality);
  // A token that takes a fee cannot be paid into a pool, so a world of such tokens asks for no depth.
  const liquidity = fullRangeLiquidity(p);
  if (liquidity > 0n) await provide(p, pool, liquidity);
  return pool;
}

async function provide(p: NewPool, pool: Pool, liquidity: bigint): Promise<void> {
  const edge = Math.floor(887_272 / pool.tickSpacing) * pool.tickSpacing;
  const owner = await p.market.getAddress();
  const data = pool.contract.interface.encodeFunctionData("mint", [owner, -edge, edge, liquidity, "0x"]);
  await p.market.run([{ target: pool.address, data }]);
}

/** V = 2 L sqrt(P) in token1 wei, so L = V / (2 sqrt(P)); V in quote wei is V or V * P of it. */
function fullRangeLiquidity(p: NewPool): bigint {
  const half =
    BigInt(Math.round((p.options.depths[p.fee] ?? p.options.depth) / 2)) * 10n ** BigInt(p.options.quoteDecimals);
  return p.options.quoteIsToken0 ? (half * p.sqrtPriceX96) / Q96 : (half * Q96) / p.sqrtPriceX96;
}

/** The tick's sqrt price; re-exported so that tests have one place for it. */
export const sqrtAtTick = getSqrtRatioAtTick;
