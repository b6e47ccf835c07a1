/** Invariants as checks on two looks at the books, shared by the suites and by the stateful fuzz. */
import { expect } from "chai";

import { INVARIANT } from "../contracts/invariants.ts";
import { divUp, isqrt, min, Q96, valueOfRange, valueOfTokens, type Pair2 } from "./arithmetic.ts";
import type { Book, Held } from "./world.ts";

/** The place of a range, whichever index it has. */
export function rangeKey(range: Pick<Held, "fee" | "tickLower" | "tickUpper">): string {
  return `${range.fee}:${range.tickLower}:${range.tickUpper}`;
}

/**
 * What LPs own, by name, so that two books can be compared line by line: liquidity by range, and both tokens outside
 * liquidity. Fees that a pool owes and idle tokens are one component: an exit collects the fees of every range, and what is
 * not the leaver's stays as idle tokens.
 *
 * @param treasuryBps the part of owed fees that is the treasury's, rounded down range by range as the vault books it
 */
export function components(book: Book, treasuryBps = 0n): ReadonlyMap<string, bigint> {
  let [tokens0, tokens1] = [book.idle0, book.idle1];
  const list = new Map<string, bigint>();
  for (const p of book.positions) {
    list.set(`${rangeKey(p)} liquidity`, p.liquidity);
    tokens0 += p.fees0 - (p.fees0 * treasuryBps) / 10_000n;
    tokens1 += p.fees1 - (p.fees1 * treasuryBps) / 10_000n;
  }
  return list.set("tokens0", tokens0).set("tokens1", tokens1);
}

/** No component's part of a share became smaller, and no more left than the leaver's part. */
export function expectProRataExit(before: Book, after: Book, treasuryBps = 0n): void {
  const left = components(after, treasuryBps);
  for (const [name, was] of components(before, treasuryBps)) {
    const is = left.get(name) ?? 0n;
    expect(
      is * before.supply >= was * after.supply,
      `${INVARIANT.WITHDRAW_COMPONENT}: ${name} ${was} -> ${is}`,
    ).to.equal(true);
    // What left: at most the part of the shares that left, so what stays is at least the rest, rounded up.
    const stays = divUp(was * after.supply, before.supply);
    expect(is >= stays, `${INVARIANT.WITHDRAW_PRO_RATA}: ${name} keeps ${is} < ${stays}`).to.equal(true);
  }
}

/** Value of all that a book holds at a price, fees included, in 2^-64 quote wei. */
export function valueOfBook(book: Book, priceX96: bigint, quoteIsToken0: boolean): bigint {
  let value = valueOfTokens({ amount0: book.idle0, amount1: book.idle1 }, priceX96, quoteIsToken0);
  for (const p of book.positions) {
    value += valueOfRange(p, priceX96, quoteIsToken0);
    value += valueOfTokens({ amount0: p.fees0, amount1: p.fees1 }, priceX96, quoteIsToken0);
  }
  return value;
}

/** Prices from a 64th to 64 times one, finest round it, and those at which the book's ranges end. */
export function priceGrid(
  midX96: bigint,
  book: Book | null,
  quoteIsToken0: boolean,
  edges: (tick: number) => bigint,
): readonly bigint[] {
  const grid = [-60_000n, -20_000n, -5_000n, -1_000n, -300n, -75n, -10n, 0n, 10n, 75n, 300n, 1_000n, 5_000n];
  const prices = grid.filter((bps) => bps > -10_000n).map((bps) => (midX96 * (10_000n + bps)) / 10_000n);
  prices.push(midX96 / 64n, midX96 / 8n, midX96 * 2n, midX96 * 8n, midX96 * 64n);
  for (const p of book?.positions ?? []) {
    for (const tick of [p.tickLower, p.tickUpper]) {
      const root = edges(tick);
      const price = quoteIsToken0 ? (1n << 288n) / (root * root) : (root * root) / Q96;
      // At a full range's end the value of one of the tokens has no digits left.
      if (price > midX96 >> 40n && price < midX96 << 40n) prices.push(price);
    }
  }
  return prices;
}

/** V_p per share did not fall by a deposit, at any price of the grid. */
export function expectDepositKeepsValue(
  before: Book,
  after: Book,
  prices: readonly bigint[],
  quoteIsToken0: boolean,
): void {
  for (const price of prices) {
    const was = valueOfBook(before, price, quoteIsToken0) * after.supply;
    const is = valueOfBook(after, price, quoteIsToken0) * before.supply;
    // Each range's value is rounded down by less than four 2^-64 wei in the model: nothing beside a wei.
    const slack = BigInt(4 * before.positions.length + 8) * (after.supply + before.supply);
    expect(is + slack >= was, `${INVARIANT.DEPOSIT_VALUE}: at ${price} from ${was} to ${is}`).to.equal(true);
  }
}

/** Spot totals rounded up as the vault rounds them, from each component. */
export function expectTotals(book: Book): void {
  let down: Pair2 = { amount0: book.idle0, amount1: book.idle1 };
  for (const p of book.positions) {
    down = { amount0: down.amount0 + p.amount0 + p.fees0, amount1: down.amount1 + p.amount1 + p.fees1 };
  }
  // Principal is rounded up in the totals, down in each position's view: one wei apart per position at most.
  const n = BigInt(book.positions.length);
  expect(
    book.total0 >= down.amount0 && book.total0 <= down.amount0 + n,
    `total0 ${book.total0} ${down.amount0}`,
  ).to.equal(true);
  expect(
    book.total1 >= down.amount1 && book.total1 <= down.amount1 + n,
    `total1 ${book.total1} ${down.amount1}`,
  ).to.equal(true);
}

export { divUp, isqrt, min };
