import { ChainNode } from "../../chain/node.ts";
import type { Rpc } from "../../chain/rpc.ts";
import { checkFree, writeWhole } from "../../files/writeWhole.ts";
import { SimulationFileError } from "../errors.ts";
import { parseTickMap } from "../tickMap.ts";
import { FetchOptionError, UnsoundAnswerError } from "./errors.ts";
import { PoolReader } from "./poolReader.ts";
import { allPlaces, readTicks } from "./tickLens.ts";

export interface TickMapOptions {
  readonly rpc: Rpc;
  /** Address. */
  readonly pool: string;
  /** After which the map is read. */
  readonly block: number;
  readonly file: string;
  readonly log: (line: string) => void;
}

/**
 * Reads a pool's whole tick map at one block, through the lens, and writes it if it fits together.
 * @returns how many ticks it has
 * @throws FetchOptionError, FetchError, FileStateError, FileWriteError; nothing is written then
 */
export async function fetchTickMap({ rpc, pool, block, file, log }: TickMapOptions): Promise<number> {
  checkFree(file, "--tickmap");
  const reader = new PoolReader(new ChainNode(rpc), pool);
  const at = BigInt(block);
  const header = await reader.node.block(at);
  if (header === null) throw new FetchOptionError(`Block ${block} is not there yet; choose an earlier --snapshot.`);
  const { fee, tickSpacing } = await reader.terms(at);
  const now = await reader.now(at);
  if (now.sqrtPriceX96 === 0n)
    throw new FetchOptionError(`The pool is not initialised at block ${block}; choose a later one.`);
  const places = allPlaces(tickSpacing);
  log(`Reading the ticks at block ${block}.`);
  const found = await readTicks(reader.node, pool, at, places, (place) => {
    const part = (place - places.first) / (places.last + 1 - places.first);
    log(`${Math.floor(100 * part)} % of the ticks`);
  });
  const ticks = found.map(({ tick, ...state }) => ({
    index: tick,
    liquidityGross: String(state.liquidityGross),
    liquidityNet: String(state.liquidityNet),
    feeGrowthOutside0X128: String(state.feeGrowthOutside0X128),
    feeGrowthOutside1X128: String(state.feeGrowthOutside1X128),
  }));
  if ((await reader.node.block(at))?.hash !== header.hash) {
    throw new UnsoundAnswerError(`Block ${block} was reorganised while the map was read; run the command again.`);
  }
  const text = `${JSON.stringify({
    chainId: Number(await reader.node.chainId()),
    pool: pool.toLowerCase(),
    block,
    blockHash: header.hash,
    time: header.timestamp,
    fee,
    tickSpacing,
    sqrtPriceX96: String(now.sqrtPriceX96),
    tick: now.tick,
    liquidity: String(now.liquidity),
    feeProtocol: now.feeProtocol,
    feeGrowthGlobal0X128: String(now.feeGrowth.token0X128),
    feeGrowthGlobal1X128: String(now.feeGrowth.token1X128),
    ticks,
  })}\n`;
  try {
    parseTickMap(text, file);
  } catch (cause) {
    if (!(cause instanceof SimulationFileError)) throw cause;
    throw new UnsoundAnswerError(
      `What the node tells of the pool does not fit together (${cause.message}); use another node.`,
      {
        cause,
      },
    );
  }
  writeWhole(file, text);
  return ticks.length;
}
