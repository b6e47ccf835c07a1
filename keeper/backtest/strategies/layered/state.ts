/** A book as the keeper's strategy sees a vault: the same shape as what it gets from the chain (keeper/observe/toState.ts). */
import { debtHealth } from "../../../sleeves/debt.ts";
import { wholeLiquidity } from "../../../strategy/ticks.ts";
import type { Budgets, Memory, PositionState, SleeveState, VaultState } from "../../../strategy/types.ts";
import type { StrategyBook } from "../../engine/strategyBook.ts";
import { conversionPlace, PRICE_ERROR, RESERVE_PLACE } from "./limits.ts";
import { poolOf } from "./pool.ts";

/** Oriented ticks of a range. */
export interface Bounds {
  readonly tickLower: number;
  readonly tickUpper: number;
}

/** What the chain knows beside the book. */
export interface Beside {
  /** Of the book's ranges, in their order. */
  readonly bounds: readonly Bounds[];
  readonly budgets: Budgets;
  readonly left: VaultState["left"];
  readonly shareSupply: number;
  /** Annual. */
  readonly oracleVolatility: number;
  readonly memory: Memory;
  readonly sleeves: boolean;
}

export function stateOf(book: StrategyBook, beside: Beside): VaultState {
  const { price, idle, ranges } = book;
  const pool = poolOf(book);
  const raw = 1 / wholeLiquidity(1, pool);
  const positions = beside.bounds.map(({ tickLower, tickUpper }, index): PositionState => ({
    index,
    fee: pool.fee,
    tickLower,
    tickUpper,
    liquidity: (ranges.liquidity[index] as number) * raw,
    base: ranges.base[index] as number,
    quote: ranges.quote[index] as number,
    feesBase: ranges.feesBase[index] as number,
    feesQuote: ranges.feesQuote[index] as number,
  }));
  return {
    time: book.time,
    block: book.mark,
    price,
    priceError: PRICE_ERROR,
    baseDecimals: pool.baseDecimals,
    quoteDecimals: pool.quoteDecimals,
    idleBase: idle.base,
    idleQuote: idle.quote,
    positions,
    tiers: [
      {
        fee: pool.fee,
        tickSpacing: pool.tickSpacing,
        allowed: true,
        tick: pool.tick,
        price,
        liquidity: pool.liquidity,
        // Read by signals alone, which are computed beside the run (signalTape.ts, exact/poolSignals.ts).
        feeGrowthBase: 0,
        feeGrowthQuote: 0,
      },
    ],
    sleeves: beside.sleeves ? sleevesOf(book) : [],
    nav: book.nav,
    shareSupply: beside.shareSupply,
    budgets: beside.budgets,
    left: beside.left,
    entryFee: 0,
    exitFee: 0,
    announcedFees: null,
    oracleVolatility: beside.oracleVolatility,
    memory: beside.memory,
  };
}

function sleevesOf({ debt, price, reserve, reserveRate, costs }: StrategyBook): SleeveState[] {
  const conversion = conversionPlace(costs);
  const lives = (amount: number): { live: boolean; units: number } => ({ live: amount > 0, units: amount > 0 ? 1 : 0 });
  return [
    {
      ...conversion,
      owned: debt.owned,
      owed: debt.owed,
      health: debt.owed > 0 ? debtHealth(debt, price, conversion.threshold) : null,
      ...lives(debt.owned + debt.owed),
    },
    { ...RESERVE_PLACE, owned: reserve, supplyRate: reserveRate, ...lives(reserve) },
  ];
}
