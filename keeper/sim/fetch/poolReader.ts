import { type FunctionFragment, Interface } from "ethers";

import type { ChainNode } from "../../chain/node.ts";
import { FetchError } from "./errors.ts";

const POOL = new Interface([
  "function fee() view returns (uint24)",
  "function tickSpacing() view returns (int24)",
  "function liquidity() view returns (uint128)",
  "function slot0() view returns (uint160 price, int24 tick, uint16, uint16, uint16, uint8 feeProtocol, bool)",
  "function feeGrowthGlobal0X128() view returns (uint256)",
  "function feeGrowthGlobal1X128() view returns (uint256)",
]);

/** Price, tick and liquidity at one block. */
export interface PoolNow {
  readonly sqrtPriceX96: bigint;
  readonly tick: number;
  readonly liquidity: bigint;
  readonly feeProtocol: number;
}

/** A pool as a node shows it at a block. */
export class PoolReader {
  readonly address: string;
  readonly node: ChainNode;

  constructor(node: ChainNode, address: string) {
    this.node = node;
    this.address = address;
  }

  /** @throws FetchError if the address is no Uniswap v3 pool at that block */
  async call(block: bigint, name: string, ...args: readonly unknown[]): Promise<readonly bigint[]> {
    const fragment = POOL.getFunction(name) as FunctionFragment;
    const answer = await this.node.call({ to: this.address, data: POOL.encodeFunctionData(fragment, args) }, block);
    try {
      return [...POOL.decodeFunctionResult(fragment, answer)].map((value) => BigInt(value as bigint | boolean));
    } catch (cause) {
      throw new FetchError(
        `${this.address} does not answer ${name} as a Uniswap v3 pool at block ${block}; correct the pool's address, or the block.`,
        { cause },
      );
    }
  }

  async terms(block: bigint): Promise<{ readonly fee: number; readonly tickSpacing: number }> {
    const [[fee = 0n], [tickSpacing = 0n]] = await Promise.all([
      this.call(block, "fee"),
      this.call(block, "tickSpacing"),
    ]);
    return { fee: Number(fee), tickSpacing: Number(tickSpacing) };
  }

  async now(block: bigint): Promise<PoolNow> {
    const [slot0, [liquidity = 0n]] = await Promise.all([this.call(block, "slot0"), this.call(block, "liquidity")]);
    const [sqrtPriceX96 = 0n, tick = 0n, , , , feeProtocol = 0n] = slot0;
    return { sqrtPriceX96, tick: Number(tick), liquidity, feeProtocol: Number(feeProtocol) };
  }
}
