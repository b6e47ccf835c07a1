/**
 * What a plan cost, told from the pools' events and the tokens' balances alone: an independent model of the charge that the
 * chain makes. Nothing is taken from the vault's own books.
 */
import type { TransactionReceipt } from "ethers";

import { ONE, valueOfRange, valueOfTokens, type Pair2, type RangeLiquidity } from "./arithmetic.ts";
import { valueOfBook } from "./checks.ts";
import type { Book, World } from "./world.ts";

export interface PlanFlows {
  /** Idle tokens after burns and collects, before swaps. */
  readonly inHand: Pair2;
  /** Idle tokens at the end. */
  readonly atEnd: Pair2;
  readonly minted: readonly RangeLiquidity[];
}

/** Reads a plan's flows; `before` and `after` are the vault's balances round the transaction. */
export function flowsOf(world: World, receipt: TransactionReceipt, before: Pair2, after: Pair2): PlanFlows {
  let { amount0, amount1 } = before;
  const minted: RangeLiquidity[] = [];
  for (const pool of world.pools.values()) {
    for (const { name, args } of pool.events(receipt.logs)) {
      if (args["owner"] !== world.addresses.vault) continue;
      if (name === "Collect") {
        amount0 += args["amount0"] as bigint;
        amount1 += args["amount1"] as bigint;
      } else if (name === "Mint") {
        minted.push({
          tickLower: Number(args["tickLower"]),
          tickUpper: Number(args["tickUpper"]),
          liquidity: args["amount"] as bigint,
        });
      }
    }
  }
  return { inHand: { amount0, amount1 }, atEnd: after, minted };
}

/** The plan's loss at a price, in 2^-64 quote wei; negative is a gain. */
export function lossAt(flows: PlanFlows, priceX96: bigint, quoteIsToken0: boolean): bigint {
  let value = valueOfTokens(flows.atEnd, priceX96, quoteIsToken0);
  for (const range of flows.minted) value += valueOfRange(range, priceX96, quoteIsToken0);
  return valueOfTokens(flows.inHand, priceX96, quoteIsToken0) - value;
}

/** NAV without pending fees at a price, in 2^-64 quote wei. */
export function navAt(book: Book, priceX96: bigint, quoteIsToken0: boolean): bigint {
  return valueOfBook(
    { ...book, positions: book.positions.map((p) => ({ ...p, fees0: 0n, fees1: 0n })) },
    priceX96,
    quoteIsToken0,
  );
}

/** The charge by its definition, 1e18ths, unrounded but for the last digit. */
export function modelCharge(
  flows: PlanFlows,
  after: Book,
  band: { readonly low: bigint; readonly high: bigint },
  quoteIsToken0: boolean,
): bigint {
  const low = lossAt(flows, band.low, quoteIsToken0);
  const high = lossAt(flows, band.high, quoteIsToken0);
  const loss = low > high ? low : high;
  return loss <= 0n ? 0n : (loss * ONE) / navAt(after, band.low, quoteIsToken0);
}
