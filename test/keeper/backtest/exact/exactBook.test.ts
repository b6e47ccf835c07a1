import { expect } from "chai";
import fc from "fast-check";

import { growthOf } from "../../../../keeper/backtest/data/growth.ts";
import { BookError } from "../../../../keeper/backtest/engine/book.ts";
import { attributionAt } from "../../../../keeper/backtest/engine/terms.ts";
import { ExactBook, type PoolWorld } from "../../../../keeper/backtest/exact/exactBook.ts";
import { DEFAULT_COSTS } from "../../../../keeper/backtest/model/costs.ts";
import { type Orientation, priceFromSqrtPriceX96, sqrtPriceX96FromPrice } from "../../../../keeper/chain/prices.ts";
import { totalOf } from "../../../../keeper/report/attribution.ts";
import { Pool } from "../../../../keeper/sim/pool.ts";
import { MAX_UINT128 } from "../../../../keeper/sim/integers.ts";
import { expectClose } from "../../../support/close.ts";
import "../../../support/seed.ts";
import { START } from "../../signals/helpers.ts";
import { WAYS } from "./streams.ts";

const EVERYTHING = { tickLower: -887_220, tickUpper: 887_220 };
const DEEP = 3n * 10n ** 17n;

type Step = readonly [choice: number, size: number];

const arbitrarySteps = fc.array(
  fc.tuple(fc.integer({ min: 0, max: 12 }), fc.double({ min: 0.01, max: 0.99, noNaN: true })),
  { minLength: 5, maxLength: 60 },
);

/** A pool that knows what it holds, a stranger's liquidity in it, and a book of a million. */
class Scene {
  readonly pool = new Pool({ fee: 3000, tickSpacing: 60 });
  readonly book: ExactBook;
  /** What strangers brought, less what they took. */
  strangers = { amount0: 0n, amount1: 0n };
  readonly #orientation: Orientation;

  constructor(orientation: Orientation, bars: number) {
    this.#orientation = orientation;
    this.pool.initialize(sqrtPriceX96FromPrice(2000, orientation), START);
    this.#bring(this.pool.mint("stranger", EVERYTHING, DEEP, START));
    const tape = {
      bars,
      from: START,
      price: new Float64Array(bars + 1).fill(Number.NaN),
      root: new Float64Array(bars + 1).fill(Number.NaN),
    };
    const world: PoolWorld = {
      tape,
      feePerLiquidity: new Float64Array(bars),
      growth: growthOf(tape, DEFAULT_COSTS, null),
      costs: DEFAULT_COSTS,
      grid: { spacing: 60, orientation },
      pool: {
        fee: 3000,
        tickSpacing: 60,
        baseDecimals: 18,
        quoteDecimals: 6,
        tick: new Float64Array(bars + 1),
        liquidity: new Float64Array(bars + 1).fill(Number(DEEP)),
      },
    };
    this.#mark(tape, 0);
    this.book = new ExactBook(world, this.pool, 0, 0.5);
  }

  /** An hour in which somebody swaps there and back and there again. */
  hour(size: number): void {
    const { pool, book } = this;
    for (const [zeroForOne, part] of [
      [size < 0.5, size],
      [size >= 0.5, 0.7],
      [size < 0.5, 0.3],
    ] as const) {
      const root = Number(pool.state.slot0.sqrtPriceX96) / 2 ** 96;
      const reserve = zeroForOne ? Number(DEEP) / root : Number(DEEP) * root;
      this.#bring(
        pool.swap(
          {
            zeroForOne,
            amountSpecified: BigInt(Math.ceil(reserve * part * 0.05)),
            sqrtPriceLimitX96: zeroForOne ? 4_295_128_740n : 1461446703485210103287273052203988822378723970341n,
          },
          book.time,
        ),
      );
    }
    this.#mark(book.world.tape, book.mark + 1);
    book.advance();
  }

  #mark(tape: PoolWorld["tape"], mark: number): void {
    tape.price[mark] = priceFromSqrtPriceX96(this.pool.state.slot0.sqrtPriceX96, this.#orientation);
    tape.root[mark] = Math.sqrt(tape.price[mark]);
  }

  #bring({ amount0, amount1 }: { readonly amount0: bigint; readonly amount1: bigint }): void {
    this.strangers = { amount0: this.strangers.amount0 + amount0, amount1: this.strangers.amount1 + amount1 };
  }
}

function act({ book }: Scene, [choice, size]: Step): void {
  const { price } = book;
  const { base, quote } = book.idle;
  const { owed, owned } = book.debt;
  switch (choice) {
    case 0:
      book.mint(price / (1 + size), price * (1.01 + size), { base: base * size, quote: quote * size });
      return;
    case 1:
      book.mint(price, price * (1 + size));
      return;
    case 2:
      book.burnAll();
      return;
    case 3:
      book.sellBase(base * size);
      return;
    case 4:
      book.sellQuote(quote * size);
      return;
    case 5:
      book.payGas();
      return;
    case 6:
      book.toReserve(size < 0.5 ? quote * size : -book.reserve * size);
      return;
    case 7:
      book.borrow((quote * 0.5 * size) / price, quote);
      return;
    case 8:
      book.repay(owed * Math.min(1, base / Math.max(owed, 1e-300)) * size, owned * 0.3 * size);
      return;
    case 9:
      if (book.ranges.count > 0) book.increase(book.ranges.count - 1);
      return;
    case 10:
      if (book.ranges.count > 0)
        book.burn(Math.floor(size * book.ranges.count), size < 0.3 ? 1 : size < 0.5 ? 0 : size);
      return;
    case 11:
      book.secure(size < 0.5 ? quote * size : -owned * (size - 0.5));
      return;
    default:
      book.collect();
  }
}

/** What the book refuses is left undone; a part of it may have been done. */
function tryTo(scene: Scene, step: Step): void {
  try {
    act(scene, step);
  } catch (error) {
    if (!(error instanceof BookError)) throw error;
  }
}

/** All that a book and its pool are made of, but for places that hold nothing any more. */
function everything({ book, pool }: Scene): string {
  const { state } = pool;
  const { ranges } = book;
  const open = (row: Float64Array): number[] => [...row.subarray(0, ranges.count)];
  const { liquidity, lower, upper, base, quote, feesBase, feesQuote } = ranges;
  return JSON.stringify(
    [
      [book.account, [...book.held], [...book.terms], book.rebalances, book.nav, book.inRange],
      [liquidity, lower, upper, base, quote, feesBase, feesQuote].map(open),
      [state.slot0, state.liquidity, state.feeGrowth, state.balances],
      state.ticks().map((tick) => [tick, state.tick(tick)]),
      [...state.positions()],
    ],
    (_, value: unknown) => (typeof value === "bigint" ? String(value) : value),
  );
}

describe("backtest/exact: a book in a simulated pool", function () {
  this.timeout(60_000);

  for (const orientation of WAYS) {
    const way = orientation.quoteIsToken0 ? "with token0 as the quote" : "with token1 as the quote";

    it(`loses and makes no wei, whatever is done, ${way}`, () => {
      fc.assert(
        fc.property(arbitrarySteps, (steps) => {
          const scene = new Scene(orientation, steps.length);
          const { book, pool } = scene;
          for (const step of steps) {
            tryTo(scene, step);
            scene.hour(step[1]);
            const { flows, idle, outside } = book.account;
            for (const token of ["amount0", "amount1"] as const) {
              expect(idle[token]).to.equal(
                outside.paidIn[token] - outside.paidOut[token] - flows.minted[token] + flows.collected[token],
              );
              expect(pool.state.balances?.[token]).to.equal(
                scene.strangers[token] + flows.minted[token] - flows.collected[token],
              );
            }
          }
          // Everybody can leave: the pool owes no more than it holds, and keeps no more than a few wei of rounding for each call.
          book.burnAll();
          expect(book.pendingFees).to.deep.equal({ base: 0, quote: 0 });
          for (const [key, position] of pool.state.positions()) {
            if (!key.startsWith("strategy")) continue;
            expect([position.liquidity, position.tokensOwed0, position.tokensOwed1], key).to.deep.equal([0n, 0n, 0n]);
          }
          pool.burn("stranger", EVERYTHING, DEEP, book.time);
          pool.collect("stranger", EVERYTHING, { amount0: MAX_UINT128, amount1: MAX_UINT128 });
          const left = pool.state.balances;
          const most = BigInt(20 * (steps.length + 2));
          expect(left !== null && left.amount0 <= most && left.amount1 <= most, JSON.stringify(String(left?.amount0)))
            .to.be.true;
        }),
        { numRuns: 30 },
      );
    });

    it(`explains every change of its value, to the cent, ${way}`, () => {
      fc.assert(
        fc.property(arbitrarySteps, (steps) => {
          const scene = new Scene(orientation, steps.length);
          const { book } = scene;
          const before = book.nav;
          for (const step of steps) {
            tryTo(scene, step);
            expectClose(
              totalOf(attributionAt(book.terms)),
              book.nav - before,
              0.01,
              "sum of the terms after an action",
            );
            scene.hour(step[1]);
            expectClose(totalOf(attributionAt(book.terms)), book.nav - before, 0.01, "sum of the terms after a bar");
          }
        }),
        { numRuns: 30 },
      );
    });

    it(`takes a plan back wholly: book and pool go on as if nothing had been done, to the wei, ${way}`, () => {
      fc.assert(
        fc.property(arbitrarySteps, arbitrarySteps, arbitrarySteps, (before, plan, after) => {
          const bars = before.length + after.length + 1;
          const [scene, untouched] = [new Scene(orientation, bars), new Scene(orientation, bars)];
          const go = (one: Scene, steps: readonly Step[]): void => {
            for (const step of steps) {
              tryTo(one, step);
              one.hour(step[1]);
            }
          };
          for (const one of [scene, untouched]) go(one, before);
          const whole = everything(scene);
          const takeBack = scene.book.checkpoint();
          for (const step of plan) tryTo(scene, step);
          takeBack();
          expect(everything(scene)).to.equal(whole);
          for (const one of [scene, untouched]) go(one, after);
          expect(everything(scene)).to.equal(everything(untouched));
        }),
        { numRuns: 30 },
      );
    });

    it(`burns a part as it burns the whole: what is left stays in place, what came out lies idle, ${way}`, () => {
      const { book, hour } = bound(new Scene(orientation, 3));
      book.mint(1900, 2100, { base: 10, quote: 20_000 });
      book.mint(1500, 2600, { base: 10, quote: 20_000 });
      book.mint(1900, 2100, { base: 5, quote: 10_000 });
      expect(book.ranges.count, "the same bounds are one range").to.equal(2);
      hour(0.4);
      const { liquidity, base, quote, feesBase, feesQuote } = book.ranges;
      const [l, b, q] = [liquidity[0]!, base[0]!, quote[0]!];
      const [fb, fq] = [feesBase[0]!, feesQuote[0]!];
      expect(fb + fq).to.be.greaterThan(0);
      const { idle, nav } = book;
      book.burn(0, 0.25);
      expectClose(liquidity[0], 0.75 * l, 1e-9 * l);
      expectClose(book.idle.base - idle.base, 0.25 * b + fb, 1e-12);
      expectClose(book.idle.quote - idle.quote, 0.25 * q + fq, 1e-5);
      expect([feesBase[0], feesQuote[0]]).to.deep.equal([0, 0]);
      expectClose(book.nav, nav, 1e-4);
      const second = liquidity[1];
      book.burn(0);
      expect(book.ranges.count).to.equal(1);
      expect(liquidity[0], "the one behind moves up").to.equal(second);
      expectClose(Math.pow(book.ranges.lower[0]!, 2), 1500, 5);
      expectClose(book.nav, nav, 1e-4);
    });

    it(`says before it collects what it will get, to the wei, ${way}`, () => {
      const { book, hour } = bound(new Scene(orientation, 3));
      book.mint(1900, 2100);
      hour(0.8);
      hour(0.2);
      const { pendingFees, idle } = book;
      expect(pendingFees.base).to.be.greaterThan(0);
      expect(pendingFees.quote).to.be.greaterThan(0);
      const had = book.account.idle;
      book.collect();
      const got = book.account.idle;
      const [base, quote] = orientation.quoteIsToken0
        ? [got.amount1 - had.amount1, got.amount0 - had.amount0]
        : [got.amount0 - had.amount0, got.amount1 - had.amount1];
      expect(Number(base) / 1e18).to.equal(pendingFees.base);
      expect(Number(quote) / 1e6).to.equal(pendingFees.quote);
      expect(book.idle.quote).to.be.greaterThan(idle.quote);
      expect(book.pendingFees).to.deep.equal({ base: 0, quote: 0 });
    });
  }

  it("refuses what the fast book refuses", () => {
    const { book } = new Scene(WAYS[0] as Orientation, 1);
    const cases: readonly (readonly [() => void, RegExp])[] = [
      [() => book.mint(2100, 2100), /A range from 2100 to 2100 is none/],
      [() => book.increase(0), /There is no range 0/],
      [
        () => {
          book.sellBase(1e6);
        },
        /cannot be taken from idle base/,
      ],
      [
        () => {
          book.sellQuote(1e9);
        },
        /cannot be taken from idle quote/,
      ],
      [
        () => {
          book.toReserve(-1);
        },
        /cannot be taken from reserve/,
      ],
      [
        () => {
          book.repay(1, 0);
        },
        /cannot be taken from debt/,
      ],
      [
        () => {
          book.borrow(200, 400_000);
        },
        /liquidation loan-to-value/,
      ],
    ];
    for (const [work, message] of cases) expect(work).to.throw(BookError, message);
  });
});

function bound(scene: Scene): { readonly book: ExactBook; readonly hour: (size: number) => void } {
  return {
    book: scene.book,
    hour: (size) => {
      scene.hour(size);
    },
  };
}
