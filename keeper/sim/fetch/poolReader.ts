import { type FunctionFragment, Interface } from "ethers";

import { Reverted } from "../../chain/errors.ts";
import { NodeError, RetryableError } from "../../chain/failures.ts";
import type { BlockHeader, ChainNode } from "../../chain/node.ts";
import type { FeeGrowth } from "../tick.ts";
import { FetchError, UnsoundAnswerError } from "./errors.ts";

const POOL = new Interface([
  "function fee() view returns (uint24)",
  "function tickSpacing() view returns (int24)",
  "function liquidity() view returns (uint128)",
  "function slot0() view returns (uint160 price, int24 tick, uint16, uint16, uint16, uint8 feeProtocol, bool)",
  "function feeGrowthGlobal0X128() view returns (uint256)",
  "function feeGrowthGlobal1X128() view returns (uint256)",
]);

/** A pool's own words at one block; all zero before it is initialised. */
export interface PoolNow {
  readonly sqrtPriceX96: bigint;
  readonly tick: number;
  readonly liquidity: bigint;
  readonly feeProtocol: number;
  readonly feeGrowth: FeeGrowth;
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
    const data = POOL.encodeFunctionData(fragment, args);
    try {
      const answer = await this.node.call({ to: this.address, data }, block);
      return [...POOL.decodeFunctionResult(fragment, answer)].map((value) => BigInt(value as bigint | boolean));
    } catch (cause) {
      const isOtherContract =
        cause instanceof Reverted || (cause instanceof NodeError && /revert|selector/.test(cause.message));
      if (cause instanceof RetryableError && !isOtherContract) throw cause;
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
    const [slot0, [liquidity = 0n], [token0X128 = 0n], [token1X128 = 0n]] = await Promise.all([
      this.call(block, "slot0"),
      this.call(block, "liquidity"),
      this.call(block, "feeGrowthGlobal0X128"),
      this.call(block, "feeGrowthGlobal1X128"),
    ]);
    const [sqrtPriceX96 = 0n, tick = 0n, , , , feeProtocol = 0n] = slot0;
    return {
      sqrtPriceX96,
      tick: Number(tick),
      liquidity,
      feeProtocol: Number(feeProtocol),
      feeGrowth: { token0X128, token1X128 },
    };
  }

  /** @throws UnsoundAnswerError if the node has no such block any more, or answers with another one */
  async header(block: number): Promise<BlockHeader> {
    const header = await this.node.block(BigInt(block));
    if (header === null) throw new UnsoundAnswerError(`The node does not have block ${block} any more.`);
    if (header.number !== BigInt(block)) {
      throw new UnsoundAnswerError(
        `The node answers with block ${header.number} for block ${block}; use another node.`,
      );
    }
    return header;
  }
}
