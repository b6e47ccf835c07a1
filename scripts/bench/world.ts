/** The bench's chain: one pool at price 1 with its background, a trader, two tokens of 18 decimals. */
import factoryArtifact from "@uniswap/v3-core/artifacts/contracts/UniswapV3Factory.sol/UniswapV3Factory.json" with { type: "json" };
import poolArtifact from "@uniswap/v3-core/artifacts/contracts/UniswapV3Pool.sol/UniswapV3Pool.json" with { type: "json" };
import type { HardhatEthers, HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import { Contract, ContractFactory, type ContractTransactionReceipt, type ContractTransactionResponse } from "ethers";
import { network } from "hardhat";

import { deploy, loadArtifact } from "../deploy/artifacts.ts";

export const FEE = 3_000;
export const SPACING = 60;
export const UNIT = 10n ** 18n;
const BACKGROUND = 10n ** 24n;

/** A fresh chain with the pool, its background and a trader. */
export class World {
  readonly factory: string;
  readonly pool: Contract;
  readonly ethers: HardhatEthers;
  readonly owner: HardhatEthersSigner;
  readonly user: HardhatEthersSigner;
  readonly tokens: readonly [Contract, Contract];
  readonly #trader: Contract;
  readonly request: (method: string, params: readonly unknown[]) => Promise<unknown>;
  readonly #mine: (seconds: number) => Promise<void>;
  #side = false;

  private constructor(parts: {
    factory: string;
    pool: Contract;
    ethers: HardhatEthers;
    owner: HardhatEthersSigner;
    user: HardhatEthersSigner;
    tokens: readonly [Contract, Contract];
    trader: Contract;
    mine: (seconds: number) => Promise<void>;
    request: (method: string, params: readonly unknown[]) => Promise<unknown>;
  }) {
    this.factory = parts.factory;
    this.pool = parts.pool;
    this.ethers = parts.ethers;
    this.owner = parts.owner;
    this.user = parts.user;
    this.tokens = parts.tokens;
    this.#trader = parts.trader;
    this.#mine = parts.mine;
    this.request = parts.request;
  }

  static async create(): Promise<World> {
    const { ethers, networkHelpers, provider: rpc } = await network.create();
    const [owner, user] = await ethers.getSigners();
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
      ethers,
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

export async function call(contract: Contract, method: string, args: readonly unknown[]): Promise<void> {
  await mined(await contract.getFunction(method).send(...args));
}

export async function mined(response: ContractTransactionResponse): Promise<ContractTransactionReceipt> {
  const receipt = await response.wait();
  if (receipt === null) throw new Error("the chain did not mine a transaction");
  return receipt;
}
