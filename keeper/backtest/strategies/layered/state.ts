/** A book as the keeper's strategy sees a vault: the same shape as what it gets from the chain (keeper/observe/toState.ts). */
import { HOURS_PER_YEAR } from "../../../signals/signal.ts";
import { debtHealth } from "../../../sleeves/debt.ts";
import { tickOfPrice, wholeLiquidity } from "../../../strategy/ticks.ts";
import type { Budgets, Memory, PositionState, SleeveState, VaultState } from "../../../strategy/types.ts";
import type { Book } from "../../engine/book.ts";
import { conversionPlace, PRICE_ERROR, RESERVE_PLACE } from "./limits.ts";
import { DECIMALS, DEPTH, FEE, TICK_SPACING } from "./pool.ts";

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

const RAW = 1 / wholeLiquidity(1, DECIMALS);

export function stateOf(book: Book, beside: Beside): VaultState {
  const { price, idle, ranges } = book;
  const positions = beside.bounds.map(({ tickLower, tickUpper }, index): PositionState => ({
    index,
    fee: FEE,
    tickLower,
    tickUpper,
    liquidity: (ranges.liquidity[index] as number) * RAW,
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
    ...DECIMALS,
    idleBase: idle.base,
    idleQuote: idle.quote,
    positions,
    tiers: [
      {
        fee: FEE,
        tickSpacing: TICK_SPACING,
        allowed: true,
        tick: Math.floor(tickOfPrice(price, DECIMALS)),
        price,
        liquidity: (DEPTH / Math.sqrt(price)) * RAW,
        // Read by signals alone, which are computed for all runs at once (signalTape.ts).
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

function sleevesOf({ debt, price, reserve, world, mark }: Book): SleeveState[] {
  const conversion = conversionPlace(world.costs);
  const lives = (amount: number): { live: boolean; units: number } => ({ live: amount > 0, units: amount > 0 ? 1 : 0 });
  // The rate of the bar that has just passed: the next one's is not known yet.
  const growth = world.growth.reserve[Math.max(mark - 1, 0)] as number;
  return [
    {
      ...conversion,
      owned: debt.owned,
      owed: debt.owed,
      health: debt.owed > 0 ? debtHealth(debt, price, conversion.threshold) : null,
      ...lives(debt.owned + debt.owed),
    },
    { ...RESERVE_PLACE, owned: reserve, supplyRate: Math.log(growth) * HOURS_PER_YEAR, ...lives(reserve) },
  ];
}
