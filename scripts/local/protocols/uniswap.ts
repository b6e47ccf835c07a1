/**
 * Uniswap v3 with its deployed bytecode: factory, quoter and the pair's pools. Positions and swaps of the local market go
 * to the pools directly (contracts/local), so no router and no position manager is needed.
 */
import { AbiCoder, Contract, getAddress, getCreate2Address, keccak256 } from "ethers";

import { sqrtPriceX96FromPrice } from "../../../keeper/chain/prices.ts";
import { mined, type LocalChain } from "../chain.ts";
import { LocalWorldError } from "../errors.ts";
import { deployArtifact, npmArtifact, type Deployed } from "./artifact.ts";
import type { LocalPair } from "./tokens.ts";

/** Hash of the pool's creation code on mainnet, from which every pool's address follows. */
export const POOL_INIT_CODE_HASH = "0xe34f199b19b2b4f47f68442619d555527d244f78a3297ea89325f843f87b8b54";

export const FEE_TIERS = [500, 3000, 10000] as const;
export type FeeTier = (typeof FEE_TIERS)[number];

/** Ticks between usable ticks, as the factory's constructor sets them. */
export const TICK_SPACING: Readonly<Record<FeeTier, number>> = { 500: 10, 3000: 60, 10000: 200 };

export interface UniswapOptions {
  /** Quote units per base unit at which the pools open. */
  readonly price: number;
  /**
   * Places for oracle observations in each pool. A TWAP over a window needs one per block of the window that trades;
   * default 100: more than a day of the local market's three blocks an hour.
   */
  readonly observationCardinality?: number;
}

export interface LocalPool {
  readonly address: string;
  readonly fee: FeeTier;
  readonly tickSpacing: number;
}

export interface LocalUniswap {
  readonly factory: Deployed;
  readonly quoter: Deployed;
  /** In the order of FEE_TIERS. */
  readonly pools: readonly LocalPool[];
}

const CORE = "@uniswap/v3-core/artifacts/contracts";
const PERIPHERY = "@uniswap/v3-periphery/artifacts/contracts";

/** The pool's interface and creation code. */
export const poolArtifact = (): ReturnType<typeof npmArtifact> =>
  npmArtifact(`${CORE}/UniswapV3Pool.sol/UniswapV3Pool.json`);

/** Where a factory puts the pool of two tokens and a fee. */
export function poolAddress(factory: string, tokenA: string, tokenB: string, fee: number): string {
  const [token0, token1] = BigInt(tokenA) < BigInt(tokenB) ? [tokenA, tokenB] : [tokenB, tokenA];
  const salt = keccak256(AbiCoder.defaultAbiCoder().encode(["address", "address", "uint24"], [token0, token1, fee]));
  return getCreate2Address(factory, salt, POOL_INIT_CODE_HASH);
}

/**
 * Deploys factory, quoter and the pair's three pools, opened at a price.
 * @throws LocalWorldError if the pools' code is not mainnet's
 */
export async function deployUniswap(
  chain: LocalChain,
  pair: LocalPair,
  options: UniswapOptions,
): Promise<LocalUniswap> {
  const { price, observationCardinality = 100 } = options;
  const pool = poolArtifact();
  if (keccak256(pool.bytecode) !== POOL_INIT_CODE_HASH) {
    throw new LocalWorldError("The installed Uniswap v3 pool is not the deployed one: install @uniswap/v3-core 1.0.1.");
  }
  const factory = await deployArtifact(chain, npmArtifact(`${CORE}/UniswapV3Factory.sol/UniswapV3Factory.json`));
  // The quoter keeps a wrapped-ether address that quoting never uses; the base stands in for it.
  const quoter = await deployArtifact(
    chain,
    npmArtifact(`${PERIPHERY}/lens/QuoterV2.sol/QuoterV2.json`),
    factory.address,
    pair.base,
  );

  const deployer = await chain.ethers.getSigner(chain.accounts.deployer.address);
  const factoryContract = new Contract(factory.address, factory.abi, deployer);
  const sqrtPriceX96 = sqrtPriceX96FromPrice(price, pair);
  const pools: LocalPool[] = [];
  for (const fee of FEE_TIERS) {
    await send(factoryContract, "createPool", pair.token0, pair.token1, fee);
    const address = poolAddress(factory.address, pair.token0, pair.token1, fee);
    const actual = getAddress(String(await factoryContract.getFunction("getPool")(pair.token0, pair.token1, fee)));
    if (actual !== address) {
      throw new LocalWorldError(
        `The ${fee} pool lies at ${actual}, not at its CREATE2 address ${address}: report a bug.`,
      );
    }
    const contract = new Contract(address, pool.abi, deployer);
    await send(contract, "initialize", sqrtPriceX96);
    await send(contract, "increaseObservationCardinalityNext", observationCardinality);
    pools.push({ address, fee, tickSpacing: TICK_SPACING[fee] });
  }
  return { factory, quoter, pools };
}

/** Sends one call and waits until it is mined. */
async function send(contract: Contract, method: string, ...args: readonly unknown[]): Promise<void> {
  const response: unknown = await contract.getFunction(method).send(...args);
  mined(await (response as { wait(): Promise<Parameters<typeof mined>[0]> }).wait(), method);
}
