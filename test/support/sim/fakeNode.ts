/** A node in memory with one pool on it, which can be made to limit, to lie, and to reorganise its chain. */
import { AbiCoder, keccak256, toUtf8Bytes } from "ethers";

import { creationCode } from "../../../keeper/chain/abi.ts";
import type { Rpc } from "../../../keeper/chain/rpc.ts";
import { MAX_SQRT_RATIO, MIN_SQRT_RATIO } from "../../../keeper/chain/tickMath.ts";
import { Pool } from "../../../keeper/sim/pool.ts";
import { POOL } from "./model.ts";
import { Random } from "../arithmetic.ts";

export const POOL_ADDRESS = `0x${"ab".repeat(20)}`;
const OWNER = `0x${"0c".repeat(20)}`;
const hex = (value: bigint | number): string => `0x${value.toString(16)}`;

export interface RawLog {
  address: string;
  topics: string[];
  data: string;
  blockNumber: string;
  blockHash: string;
  transactionHash: string;
  transactionIndex: string;
  logIndex: string;
  removed: boolean;
}

interface Block {
  readonly number: number;
  readonly hash: string;
  readonly time: number;
  readonly logs: RawLog[];
  readonly pool: Pool;
}

export class FakeNode implements Rpc {
  blocks: Block[] = [];
  /** Most blocks that one eth_getLogs may span. */
  maxRange = Infinity;
  /** Most logs in one answer. */
  maxLogs = Infinity;
  /** What it says of states that it does not keep. */
  forgotten = "missing trie node abc";
  /** Changes an answer to eth_getLogs. */
  tamper: (logs: RawLog[]) => unknown = (logs) => logs;
  /** Called before each request; may throw, or change the chain. */
  before: (method: string) => void = () => undefined;
  keepsPast = true;
  /** Most ticks in an answer of the lens, whatever is asked for. */
  mostTicks = Infinity;
  /** Changes an answer of the lens. */
  tamperTicks: (answer: string) => string = (answer) => answer;
  lensCalls = 0;
  readonly ranges: number[] = [];
  readonly #random = new Random(7);

  /**
   * A pool at 1 and `count` blocks of swaps, mints, burns, flash loans and changes of the protocol's part after it.
   * @param bornAt the block that initialises the pool and has the logs of that; 0 for a pool that is there already
   */
  constructor(count: number, bornAt = 0) {
    const pool = new Pool({ fee: 500, tickSpacing: 10 });
    for (let number = 0; number <= bornAt; number++) {
      const hash = hashOf(`genesis ${number}`);
      const block = { number, hash, time: 1_000 - bornAt + number, logs: [], pool: pool.clone() };
      this.blocks.push(block);
      if (number === bornAt) this.#open(block, bornAt > 0);
    }
    this.mine(count - bornAt);
  }

  #open(block: Block, withLogs: boolean): void {
    const { pool, time } = block;
    pool.initialize(1n << 96n, time);
    if (withLogs) this.#emit(block, "Initialize", [1n << 96n, 0]);
    const ranges = [
      { tickLower: -10_000, tickUpper: 10_000, liquidity: 10n ** 20n },
      { tickLower: -100, tickUpper: 150, liquidity: 10n ** 21n },
    ];
    for (const { liquidity, ...range } of ranges) {
      const { amount0, amount1 } = pool.mint(OWNER, range, liquidity, time);
      const args = [OWNER, OWNER, range.tickLower, range.tickUpper, liquidity, amount0, amount1];
      if (withLogs) this.#emit(block, "Mint", args);
    }
  }

  mine(count: number, salt = ""): void {
    for (let i = 0; i < count; i++) {
      const last = this.blocks.at(-1)!;
      const block: Block = {
        number: last.number + 1,
        hash: hashOf(`${last.hash}${salt}`),
        time: last.time + 12,
        logs: [],
        pool: last.pool.clone(),
      };
      const events = this.#random.int(0, 3);
      for (let event = 0; event < events; event++) this.#event(block);
      this.blocks.push(block);
    }
  }

  /** Replaces the newest blocks by others. */
  reorganise(depth: number): void {
    this.blocks = this.blocks.slice(0, -depth);
    this.mine(depth, "other");
  }

  #emit(block: Block, name: string, args: readonly unknown[]): void {
    const { data, topics } = POOL.encodeEventLog(name, args);
    block.logs.push({
      address: POOL_ADDRESS,
      topics,
      data,
      blockNumber: hex(block.number),
      blockHash: block.hash,
      transactionHash: hashOf(`${block.hash}${block.logs.length}`),
      transactionIndex: hex(block.logs.length),
      logIndex: hex(3 * block.logs.length + 1),
      removed: false,
    });
  }

  #event(block: Block): void {
    const { pool } = block;
    const random = this.#random;
    const log = (name: string, args: readonly unknown[]): void => this.#emit(block, name, args);
    const kind = random.next();
    if (kind < 0.7) {
      const zeroForOne = pool.state.slot0.tick > 300 ? true : pool.state.slot0.tick < -300 ? false : random.chance(0.5);
      const limit = zeroForOne ? MIN_SQRT_RATIO + 1n : MAX_SQRT_RATIO - 1n;
      const amountSpecified = random.wei(10n ** 15n, 10n ** 18n) * (random.chance(0.3) ? -1n : 1n);
      const done = pool.swap({ zeroForOne, amountSpecified, sqrtPriceLimitX96: limit }, block.time);
      log("Swap", [OWNER, OWNER, done.amount0, done.amount1, done.sqrtPriceX96, done.liquidity, done.tick]);
      return;
    }
    const lower = random.int(-40, 30) * 10;
    const range = { tickLower: lower, tickUpper: lower + random.int(1, 30) * 10 };
    if (kind > 0.97) {
      const amounts = { amount0: random.wei(1n, 10n ** 18n), amount1: random.wei(1n, 10n ** 18n) };
      const paid = { amount0: amounts.amount0 + 10n ** 16n, amount1: amounts.amount1 + 10n ** 15n };
      const gain = pool.flash(amounts, paid);
      log("Flash", [OWNER, OWNER, amounts.amount0, amounts.amount1, gain.amount0, gain.amount1]);
      return;
    }
    if (kind > 0.95) {
      const old = pool.state.slot0.feeProtocol;
      const [part0, part1] = [random.pick([0, 4, 10]), random.pick([0, 5])];
      pool.setFeeProtocol(part0, part1);
      log("SetFeeProtocol", [old & 15, old >> 4, part0, part1]);
      return;
    }
    if (kind < 0.85) {
      const liquidity = random.wei(10n ** 15n, 10n ** 20n);
      const { amount0, amount1 } = pool.mint(OWNER, range, liquidity, block.time);
      log("Mint", [OWNER, OWNER, range.tickLower, range.tickUpper, liquidity, amount0, amount1]);
      return;
    }
    const [key] = random.pick([...pool.state.positions()].filter(([, { liquidity }]) => liquidity > 10n ** 10n));
    const [, low, high] = key.split(":");
    const held = { tickLower: Number(low), tickUpper: Number(high) };
    const { liquidity } = pool.state.position(key);
    const { amount0, amount1 } = pool.burn(OWNER, held, liquidity / 10n, block.time);
    log("Burn", [OWNER, held.tickLower, held.tickUpper, liquidity / 10n, amount0, amount1]);
    const got = pool.collect(OWNER, held, { amount0: (1n << 128n) - 1n, amount1: (1n << 128n) - 1n });
    log("Collect", [OWNER, OWNER, held.tickLower, held.tickUpper, got.amount0, got.amount1]);
  }

  async request({
    method,
    params,
  }: {
    readonly method: string;
    readonly params: readonly unknown[];
  }): Promise<unknown> {
    this.before(method);
    if (method === "eth_chainId") return "0x7a69";
    if (method === "eth_getBlockByNumber") {
      const block = params[0] === "latest" ? this.blocks.at(-1) : this.blocks[Number(params[0])];
      return block === undefined ? null : { number: hex(block.number), hash: block.hash, timestamp: hex(block.time) };
    }
    if (method === "eth_getLogs") {
      const { fromBlock, toBlock } = params[0] as { fromBlock: string; toBlock: string };
      const [from, to] = [Number(fromBlock), Number(toBlock)];
      if (to - from + 1 > this.maxRange) throw new Error(`query exceeds max block range ${this.maxRange}`);
      const logs = this.blocks.slice(from, to + 1).flatMap((block) => block.logs);
      if (logs.length > this.maxLogs) throw new Error("query returned more than 10000 results");
      this.ranges.push(to - from + 1);
      return this.tamper(structuredClone(logs));
    }
    if (method === "eth_call") return this.#call(params as [{ data: string }, string]);
    throw new Error(`unexpected ${method}`);
  }

  #call([{ to, data }, tag]: [{ to?: string; data: string }, string]): string {
    if (!this.keepsPast && Number(tag) < this.blocks.length - 1) throw new Error(this.forgotten);
    const block = this.blocks[Number(tag)];
    if (block === undefined) throw new Error("header not found");
    const { state, fee, tickSpacing } = block.pool;
    if (to === undefined) return this.#lens(block, data.slice(creationCode("TickLens").length));
    const call = POOL.parseTransaction({ data })!;
    const answer = (values: readonly unknown[]): string => POOL.encodeFunctionResult(call.name, values);
    switch (call.name) {
      case "fee":
        return answer([fee]);
      case "tickSpacing":
        return answer([tickSpacing]);
      case "liquidity":
        return answer([state.liquidity]);
      case "slot0":
        return answer([state.slot0.sqrtPriceX96, state.slot0.tick, 0, 1, 1, state.slot0.feeProtocol, true]);
      case "feeGrowthGlobal0X128":
        return answer([state.feeGrowth.token0X128]);
      case "feeGrowthGlobal1X128":
        return answer([state.feeGrowth.token1X128]);
      default:
        throw new Error(`unexpected call ${call.name}`);
    }
  }

  /** As contracts/TickLens.sol answers. */
  #lens({ pool: { state, tickSpacing } }: Block, given: string): string {
    const [, first, last, most] = AbiCoder.defaultAbiCoder()
      .decode(["address", "int256", "int256", "uint256", "uint256"], `0x${given}`)
      .map(Number) as unknown as readonly [number, number, number, number];
    this.lensCalls++;
    const all = state.ticks().filter((tick) => tick / tickSpacing >= first && tick / tickSpacing <= last);
    const ticks = all.slice(0, Math.min(most, this.mostTicks));
    const cut = all[ticks.length];
    return this.tamperTicks(
      answerOf([
        ["int256", [cut === undefined ? last + 1 : cut / tickSpacing]],
        ...ticks.map((tick): readonly [string, readonly unknown[]] => {
          const info = state.tick(tick);
          const { liquidityGross, liquidityNet, feeGrowthOutside0X128, feeGrowthOutside1X128 } = info;
          const values = [tick, liquidityGross, liquidityNet, feeGrowthOutside0X128, feeGrowthOutside1X128];
          return ["int24,uint128,int128,uint256,uint256", values];
        }),
      ]),
    );
  }
}

function answerOf(lists: readonly (readonly [string, readonly unknown[]])[]): string {
  return lists
    .map(([types, values], i) =>
      AbiCoder.defaultAbiCoder()
        .encode(types.split(","), values)
        .slice(i === 0 ? 0 : 2),
    )
    .join("");
}

function hashOf(text: string): string {
  return keccak256(toUtf8Bytes(text));
}
