import factoryArtifact from "@uniswap/v3-core/artifacts/contracts/UniswapV3Factory.sol/UniswapV3Factory.json" with { type: "json" };
import poolArtifact from "@uniswap/v3-core/artifacts/contracts/UniswapV3Pool.sol/UniswapV3Pool.json" with { type: "json" };
import {
  Contract,
  ContractFactory,
  Interface,
  MaxUint256,
  type ContractTransactionReceipt,
  type ContractTransactionResponse,
  type Signer,
} from "ethers";
import { network } from "hardhat";

import type { LocalAggregator, LocalBareVault, Vault } from "../../types/ethers-contracts/index.js";
import { deploy, loadArtifact } from "../deploy/artifacts.ts";
import { deployBareSafe } from "../local/protocols/bareSafe.ts";
import { callTree, type CallGas } from "./callTree.ts";
import { DEFAULT_CAPS, DEFAULT_ORACLE_TERMS, deployStrata } from "../deploy/strata.ts";

/**
 * Gas of the three calls that matter, under the conditions in which the peers were measured (docs/gas.md): 0.3 % pool at
 * price 1, two 18-decimals tokens, background liquidity of 1e24 raw over the full range, observation cardinality 100; a
 * base range of +-1,200 ticks and a one-sided one of 600; before each call four swaps of 500 tokens in alternating
 * directions, 600 s apart; feeds behind proxies; new ticks uninitialised. The floor runs the same calls on
 * contracts/local/LocalBareVault.sol, on a chain of its own, in the same run.
 */
export interface GasReport {
  readonly deposit: Line;
  readonly rebalance: Line;
  readonly withdrawHalf: Line;
  /** Deployed bytes of each contract of ours. */
  readonly runtimeBytes: Readonly<Record<string, number>>;
  /** Where the gas of each of the vault's calls went; only if asked for. */
  readonly calls?: Readonly<Partial<Record<Step, readonly NamedCall[]>>>;
}

/** A call with its contract and function spelled out where the bench knows them. */
export type NamedCall = CallGas & { readonly name: string };

export interface Line {
  readonly strata: number;
  readonly floor: number;
}

type Step = "deposit" | "rebalance" | "withdrawHalf";

const FEE = 3_000;
const SPACING = 60;
const UNIT = 10n ** 18n;
const BACKGROUND = 10n ** 24n;
const CONTRACTS = ["Vault", "PlanLib", "Policy", "PriceOracle", "Lens"] as const;

export async function measureGas(options: { readonly calls?: boolean } = {}): Promise<GasReport> {
  const calls: Partial<Record<Step, readonly NamedCall[]>> = {};
  const strata = await runStrata(options.calls === true ? calls : null);
  const floor = await runFloor();
  const line = (step: Step): Line => ({ strata: strata[step], floor: floor[step] });
  const runtimeBytes: Record<string, number> = {};
  for (const name of CONTRACTS) {
    const { deployedBytecode } = await loadArtifact(name);
    runtimeBytes[name] = (deployedBytecode.length - 2) / 2;
  }
  return {
    deposit: line("deposit"),
    rebalance: line("rebalance"),
    withdrawHalf: line("withdrawHalf"),
    runtimeBytes,
    ...(options.calls === true && { calls }),
  };
}

/** A fresh chain with the pool, its background and a trader. */
class World {
  readonly factory: string;
  readonly pool: Contract;
  readonly owner: Signer;
  readonly user: Signer;
  readonly tokens: readonly [Contract, Contract];
  readonly #trader: Contract;
  readonly request: (method: string, params: readonly unknown[]) => Promise<unknown>;
  readonly #mine: (seconds: number) => Promise<void>;
  #side = false;

  private constructor(parts: {
    factory: string;
    pool: Contract;
    owner: Signer;
    user: Signer;
    tokens: readonly [Contract, Contract];
    trader: Contract;
    mine: (seconds: number) => Promise<void>;
    request: (method: string, params: readonly unknown[]) => Promise<unknown>;
  }) {
    this.factory = parts.factory;
    this.pool = parts.pool;
    this.owner = parts.owner;
    this.user = parts.user;
    this.tokens = parts.tokens;
    this.#trader = parts.trader;
    this.#mine = parts.mine;
    this.request = parts.request;
  }

  static async create(): Promise<World> {
    const { ethers, networkHelpers, provider: rpc } = await network.create();
    const signers: Signer[] = await ethers.getSigners();
    const [owner, user] = signers;
    if (owner === undefined || user === undefined) throw new Error("the chain has no accounts");
    const token = await loadArtifact("local/LocalToken");
    const a = await deploy(owner, token, ["Token A", "A", 18]);
    const b = await deploy(owner, token, ["Token B", "B", 18]);
    const [address0, address1] = BigInt(a) < BigInt(b) ? [a, b] : [b, a];
    const tokens = [new Contract(address0, token.abi, owner), new Contract(address1, token.abi, owner)] as const;

    const factory = await new ContractFactory(factoryArtifact.abi, factoryArtifact.bytecode, owner).deploy();
    const factoryAddress = await factory.getAddress();
    await call(factory as Contract, "createPool", [address0, address1, FEE]);
    const poolAddress = (await (factory as Contract)
      .getFunction("getPool")
      .staticCall(address0, address1, FEE)) as string;
    const pool = new Contract(poolAddress, poolArtifact.abi, owner);
    await call(pool, "initialize", [2n ** 96n]);
    await call(pool, "increaseObservationCardinalityNext", [100]);

    const liquidity = await deploy(owner, await loadArtifact("local/LocalLiquidity"), []);
    const traderArtifact = await loadArtifact("local/LocalTrader");
    const trader = await deploy(owner, traderArtifact, []);
    for (const t of tokens) {
      for (const to of [liquidity, trader, await user.getAddress()]) await call(t, "mint", [to, 10n ** 28n]);
    }
    const provider = new Contract(liquidity, (await loadArtifact("local/LocalLiquidity")).abi, owner);
    await call(provider, "mint", [poolAddress, -887_220, 887_220, BACKGROUND]);

    return new World({
      factory: factoryAddress,
      pool,
      owner,
      user,
      tokens,
      trader: new Contract(trader, traderArtifact.abi, owner),
      mine: async (seconds) => {
        await networkHelpers.time.increase(seconds);
      },
      request: (method, params) => rpc.request({ method, params: [...params] }),
    });
  }

  /** Sells whole tokens of token0 or token1 to the pool, without a price limit. */
  async swap(zeroForOne: boolean, amount: bigint): Promise<void> {
    const limit = zeroForOne ? 4_295_128_740n : 1461446703485210103287273052203988822378723970341n;
    await call(this.#trader, "trade", [[[await this.pool.getAddress(), zeroForOne, amount * UNIT, limit]]]);
  }

  /** Four swaps of 500, alternating, 600 s apart. */
  async fourSwaps(): Promise<void> {
    for (let i = 0; i < 4; i++) {
      this.#side = !this.#side;
      await this.swap(this.#side, 500n);
      await this.#mine(600);
    }
  }

  async tick(): Promise<number> {
    const slot0 = (await this.pool.getFunction("slot0").staticCall()) as { tick: bigint };
    return Number(slot0.tick);
  }

  /** The pool's spot in the feeds' eight decimals. */
  async spot8(): Promise<bigint> {
    const { sqrtPriceX96 } = (await this.pool.getFunction("slot0").staticCall()) as { sqrtPriceX96: bigint };
    return (sqrtPriceX96 * sqrtPriceX96 * 10n ** 8n) >> 192n;
  }
}

/**
 * Base range round a tick, and the one-sided range above it for the token0 that the base leaves over: all swaps here end
 * with the vault longer in token0 than the base range takes.
 */
function rangesRound(tick: number): { base: [number, number]; side: [number, number] } {
  const centre = Math.floor(tick / SPACING) * SPACING;
  return { base: [centre - 1_200, centre + 1_200], side: [centre + SPACING, centre + SPACING + 600] };
}

async function runStrata(calls: Partial<Record<Step, readonly NamedCall[]>> | null): Promise<Record<Step, number>> {
  const world = await World.create();
  const { owner, user } = world;
  const aggregatorArtifact = await loadArtifact("local/LocalAggregator");
  const feed = async (): Promise<{ proxy: string; aggregator: LocalAggregator }> => {
    const at = await deploy(owner, aggregatorArtifact, [8, "TOKEN / USD", 1, 10n ** 15n]);
    const proxy = await deploy(owner, await loadArtifact("local/LocalFeedProxy"), [at, "0x".padEnd(42, "0")]);
    const aggregator = new Contract(at, aggregatorArtifact.abi, owner) as unknown as LocalAggregator;
    await (await aggregator.addAccess(proxy)).wait();
    return { proxy, aggregator };
  };
  const base = await feed();
  const quote = await feed();
  const report = async (): Promise<void> => {
    const { timestamp } = (await owner.provider?.getBlock("latest")) ?? { timestamp: 0 };
    await (await base.aggregator.transmit(await world.spot8(), timestamp)).wait();
    await (await quote.aggregator.transmit(10n ** 8n, timestamp)).wait();
  };
  await world.fourSwaps();
  await report();

  const safe = await deployBareSafe(owner, [await owner.getAddress(), await user.getAddress()]);
  const [token0, token1] = world.tokens;
  const at = await deployStrata(owner, {
    factory: world.factory,
    base: await token0.getAddress(),
    quote: await token1.getAddress(),
    baseFeed: base.proxy,
    quoteFeed: quote.proxy,
    safe: await safe.getAddress(),
    treasury: await safe.getAddress(),
    governanceDelay: 172_800,
    fees: [FEE],
    minCardinality: 4,
    // Widths and weight as the bench's ranges need them; every budget and limit is checked.
    caps: { ...DEFAULT_CAPS, coreWeightCapBps: 10_000, minHalfWidth: 300, lvrLimitBps: 200 },
    oracleTerms: DEFAULT_ORACLE_TERMS,
    keepers: [await owner.getAddress()],
    minFirstShares: 1_000n * UNIT,
    name: "Strata",
    symbol: "STRATA",
  });
  const vault = new Contract(at.vault, (await loadArtifact("Vault")).abi, user) as unknown as Vault;
  const keeper = vault.connect(owner);
  const lens = new Contract(at.lens, (await loadArtifact("Lens")).abi, owner);
  for (const token of world.tokens) await call(token.connect(user) as Contract, "approve", [at.vault, MaxUint256]);

  const me = await user.getAddress();
  const value = (20_000n * (UNIT + ((await world.spot8()) * UNIT) / 10n ** 8n)) / 2n;
  await vault.deposit((value * 9_999n) / 10_000n, 10_000n * UNIT, 10_000n * UNIT, me).then(mined);

  const names = await callNames({
    [at.vault]: "Vault",
    [at.planLib]: "PlanLib",
    [at.policy]: "Policy",
    [at.oracle]: "PriceOracle",
    [await world.pool.getAddress()]: "Pool",
    [base.proxy]: "BaseFeed",
    [quote.proxy]: "QuoteFeed",
    [await base.aggregator.getAddress()]: "BaseAggregator",
    [await quote.aggregator.getAddress()]: "QuoteAggregator",
    [await token0.getAddress()]: "Token0",
    [await token1.getAddress()]: "Token1",
  });
  const note = async (step: Step, receipt: ContractTransactionReceipt): Promise<number> => {
    if (calls !== null)
      calls[step] = (await callTree(world.request, receipt.hash)).map((c) => ({ ...c, name: names(c) }));
    return Number(receipt.gasUsed);
  };

  let held = 0;
  const rebalance = async (): Promise<number> => {
    await report();
    const ranges = rangesRound(await world.tick());
    const { twapHint } = (await lens.getFunction("observe").staticCall(at.vault, me)) as { twapHint: bigint };
    const burns = Array.from({ length: held }, (_, index) => ({ index, fraction: UNIT, min0: 0n, min1: 0n }));
    const mint = ([tickLower, tickUpper]: [number, number], fraction0: bigint, fraction1: bigint) => ({
      fee: FEE,
      tickLower,
      tickUpper,
      fraction0,
      fraction1,
      minLiquidity: 1n,
    });
    const { timestamp } = (await owner.provider?.getBlock("latest")) ?? { timestamp: 0 };
    const receipt = await keeper
      .execute({
        nonce: await vault.planNonce(),
        deadline: BigInt(timestamp + 600),
        twapHint,
        decisionHash: "0x".padEnd(66, "1"),
        burns,
        swaps: [],
        mints: [mint(ranges.base, UNIT, UNIT), mint(ranges.side, UNIT, UNIT)],
        moves: [],
      })
      .then(mined);
    held = 2;
    return await note("rebalance", receipt);
  };
  return await threeCalls(world, {
    rebalance,
    deposit: async () => {
      const shares = (await vault.balanceOf(me)) / 10n;
      return await note("deposit", await vault.deposit(shares, MaxUint256, MaxUint256, me).then(mined));
    },
    withdrawHalf: async () => {
      const shares = (await vault.balanceOf(me)) / 2n;
      return await note("withdrawHalf", await vault.withdraw(shares, 0n, 0n, me, 0n).then(mined));
    },
  });
}

async function runFloor(): Promise<Record<Step, number>> {
  const world = await World.create();
  const artifact = await loadArtifact("local/LocalBareVault");
  const at = await deploy(world.owner, artifact, [await world.pool.getAddress()]);
  const vault = new Contract(at, artifact.abi, world.user) as unknown as LocalBareVault;
  for (const token of world.tokens) await call(token.connect(world.user) as Contract, "approve", [at, MaxUint256]);
  await world.fourSwaps();
  await vault.deposit(10_000n * UNIT).then(mined);
  const me = await world.user.getAddress();
  return await threeCalls(world, {
    rebalance: async () => {
      const { base, side } = rangesRound(await world.tick());
      return Number((await vault.rebalance(...base, ...side).then(mined)).gasUsed);
    },
    deposit: async () => Number((await vault.deposit(1_000n * UNIT).then(mined)).gasUsed),
    withdrawHalf: async () => Number((await vault.withdraw((await vault.balanceOf(me)) / 2n).then(mined)).gasUsed),
  });
}

/** The order of the conditions: ranges opened, a repeat deposit, a rebalance after 6,000 the other way, half withdrawn. */
async function threeCalls(
  world: World,
  vault: {
    rebalance: () => Promise<number>;
    deposit: () => Promise<number>;
    withdrawHalf: () => Promise<number>;
  },
): Promise<Record<Step, number>> {
  await world.fourSwaps();
  await vault.rebalance();
  await world.fourSwaps();
  const deposit = await vault.deposit();
  await world.fourSwaps();
  await world.swap(true, 6_000n);
  const rebalance = await vault.rebalance();
  await world.fourSwaps();
  const withdrawHalf = await vault.withdrawHalf();
  return { deposit, rebalance, withdrawHalf };
}

/** Says who was called and which of the known functions. */
async function callNames(contracts: Readonly<Record<string, string>>): Promise<(call: CallGas) => string> {
  const known = new Map(Object.entries(contracts).map(([address, name]) => [address.toLowerCase(), name]));
  const functions = new Map<string, string>();
  const ours = ["Vault", "PlanLib", "Policy", "PriceOracle", "local/LocalAggregator", "local/LocalToken"].map(
    loadArtifact,
  );
  const abis = [poolArtifact.abi, ...(await Promise.all(ours)).map((artifact) => artifact.abi)];
  for (const abi of abis) {
    new Interface(abi).forEachFunction((f) => functions.set(f.selector, f.name));
  }
  return ({ to, selector }) => `${known.get(to) ?? to}.${functions.get(selector) ?? selector}`;
}

async function call(contract: Contract, method: string, args: readonly unknown[]): Promise<void> {
  await mined(await contract.getFunction(method).send(...args));
}

async function mined(response: ContractTransactionResponse): Promise<ContractTransactionReceipt> {
  const receipt = await response.wait();
  if (receipt === null) throw new Error("the chain did not mine a transaction");
  return receipt;
}
