/** What the replays of incidents share: the worlds they happen in, and what an attack is measured by. */
import type { NetworkConnection } from "hardhat/types/network";
import type { Result } from "ethers";

import { ONE, sqrtPriceOf, valueOfTokens, type Pair2 } from "../../support/arithmetic.ts";
import { swapStep, type Call } from "../../support/attackContract.ts";
import { valueOfBook } from "../../support/checks.ts";
import type { Book, World, WorldOptions } from "../../support/world.ts";
import { deployWorld } from "../../support/world.ts";

/** Price of every world at its start, and where an attack ends: an attack closes its loop before both sides are counted. */
export const MARKET = 2_000;

export interface Worlds {
  readonly fresh: (changes?: Partial<WorldOptions>) => Promise<World>;
  /** The vault is nearly the whole of a thin pool, fees are owed and a part is idle. */
  readonly thin: () => Promise<World>;
  /** The same, and a tenth of the fees is the treasury's. */
  readonly taxed: () => Promise<World>;
}

/** Make them once for each order of the tokens: loadFixture knows a fixture again by its function. */
export function worldsOf(connection: NetworkConnection, quoteIsToken0: boolean): Worlds {
  const fresh = (changes: Partial<WorldOptions> = {}): Promise<World> =>
    deployWorld(connection, { quoteIsToken0, ...changes });

  async function thin(): Promise<World> {
    return worked(await fresh({ depths: { 500: 2_000 } }));
  }

  async function taxed(): Promise<World> {
    const world = await fresh({ depths: { 500: 2_000 }, caps: { treasuryShareBps: 1_000 } });
    await world.vault.syncTreasuryShare();
    return worked(world);
  }

  return { fresh, thin, taxed };
}

async function worked(world: World): Promise<World> {
  await world.firstDeposit(world.who.alice, 50_000n * ONE);
  await world.execute({ mints: [await world.around(500, 1_000)] });
  await world.movePools(2_004);
  await world.movePools(MARKET);
  return world;
}

/** Moves a pool to a sqrt price, paid by `payer`. */
export async function moveStep(world: World, payer: string, fee: number, sqrtPriceX96: bigint): Promise<Call[]> {
  const pool = world.pool(fee);
  const { sqrtPriceX96: now } = await pool.slot0();
  if (now === sqrtPriceX96) return [];
  return [swapStep(world, payer, fee, sqrtPriceX96 < now, sqrtPriceX96)];
}

// ---- measures

export const rootAt = (world: World, price: number): bigint =>
  sqrtPriceOf(world.priceX96(price), world.options.quoteIsToken0);

/** In 2^-64 quote wei at the market. */
export function worth(world: World, amounts: Pair2): bigint {
  return valueOfTokens(amounts, world.priceX96(MARKET), world.options.quoteIsToken0);
}

export function minus(a: Pair2, b: Pair2): Pair2 {
  return { amount0: a.amount0 - b.amount0, amount1: a.amount1 - b.amount1 };
}

export function plus(a: Pair2, b: Pair2): Pair2 {
  return { amount0: a.amount0 + b.amount0, amount1: a.amount1 + b.amount1 };
}

/** Value of a share at the market, in 2^-64 quote wei per 1e30 shares' wei. */
export function shareValue(world: World, book: Book): bigint {
  return (valueOfBook(book, world.priceX96(MARKET), world.options.quoteIsToken0) * 10n ** 30n) / book.supply;
}

export function wei(world: World, operations: bigint): bigint {
  return operations * worth(world, { amount0: 1n, amount1: 1n });
}

/** A struct that was read, by its fields' names, as it is written back. */
export function fieldsOf(result: unknown): Record<string, bigint> {
  return (result as Result).toObject() as Record<string, bigint>;
}
