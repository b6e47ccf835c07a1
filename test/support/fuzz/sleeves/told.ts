/** What a transaction did with the vault's sleeves, told from its events, and from what the sleeves stood for before and after. */
import { Interface } from "ethers";

import { max, valueOfTokens, type Pair2 } from "../../arithmetic.ts";
import type { RawLog } from "../chain.ts";
import { minus, NOTHING, plus } from "../exact.ts";
import type { Fuzz } from "../fuzz.ts";
import type { Look } from "../look.ts";
import { tokenEvents } from "../steps.ts";
import type { Marks } from "./marks.ts";
import type { FuzzSleeve } from "./open.ts";

/** One sleeve; amounts are the vault's, debts below zero. */
export interface SleeveTold {
  readonly place: number;
  readonly sleeve: FuzzSleeve;
  readonly before: Pair2;
  readonly after: Pair2;
  /** In order: given above zero, taken below. */
  readonly moves: readonly Pair2[];
  /** Units that its moves gave the vault (or took, below zero). */
  readonly units: bigint;
  /** All of the vault's part was paid out. */
  readonly closed: boolean;
  /** Tokens that the vault sent, and got. */
  readonly sent: Pair2;
  readonly got: Pair2;
  /** The venue settled something meanwhile. */
  readonly settled: boolean;
}

const EVENTS = new Interface([
  "event Moved(int256 moved0, int256 moved1, int256 units)",
  "event Exited(uint256 units, uint256 got0, uint256 got1)",
  "event DepositSettled(uint256 paid, uint256 shares, uint256 worth)",
  "event RedemptionSettled(uint256 shares, uint256 assets, uint256 own)",
]);

/** @param before in the transaction's own second */
export function tellSleeves(
  fuzz: Fuzz,
  before: readonly Marks[],
  after: Look,
  logs: readonly RawLog[],
): readonly SleeveTold[] {
  const vault = fuzz.world.addresses.vault;
  const transfers = tokenEvents(fuzz.tokens, logs).filter(({ name }) => name === "Transfer");
  const flow = (from: string, to: string): Pair2 => {
    let sum = NOTHING;
    for (const event of transfers) {
      if (event.from.toLowerCase() !== from || event.to.toLowerCase() !== to) continue;
      const first = event.token === fuzz.tokens[0];
      sum = plus(sum, { amount0: first ? event.value : 0n, amount1: first ? 0n : event.value });
    }
    return sum;
  };
  return before.map(({ place, sleeve, low }) => {
    const mine = logs
      .filter(({ address }) => address.toLowerCase() === sleeve.address)
      .map((log) => EVENTS.parseLog(log));
    const moved = mine.filter((event) => event?.name === "Moved");
    return {
      place,
      sleeve,
      before: low,
      after: after.places.find(({ index }) => index === place)?.low ?? NOTHING,
      moves: moved.map((event) => ({
        amount0: event?.args["moved0"] as bigint,
        amount1: event?.args["moved1"] as bigint,
      })),
      units: moved.reduce((sum, event) => sum + (event?.args["units"] as bigint), 0n),
      closed: mine.some((event) => event?.name === "Exited"),
      sent: flow(vault.toLowerCase(), sleeve.address),
      got: flow(sleeve.address, vault.toLowerCase()),
      settled: mine.some((event) => event?.name.endsWith("Settled") ?? false),
    };
  });
}

export const isTouched = ({ moves, closed }: SleeveTold): boolean => closed || moves.length > 0;

const WEI: Pair2 = { amount0: 1n, amount1: 1n };

/**
 * What a plan lost with its sleeves at a price, 2^-64 quote wei. A sleeve that was worth less than nothing before is nobody's debt, what
 * one turned out to be worth above its mark is no merit of the plan, and a wei of each token is the venue's rounding.
 */
export function sleeveLossAt(told: readonly SleeveTold[], priceX96: bigint, q: boolean): bigint {
  const value = (amounts: Pair2): bigint => valueOfTokens(amounts, priceX96, q);
  return told.filter(isTouched).reduce((loss, one) => {
    const { before, after } = one;
    return loss + max(value(before), 0n) + value(plus(gainOf(one), WEI)) - value(after);
  }, 0n);
}

function gainOf({ before, after, sent, got }: SleeveTold): Pair2 {
  const gain = minus(after, minus(plus(before, sent), got));
  return { amount0: max(gain.amount0, 0n), amount1: max(gain.amount1, 0n) };
}

export const sumBefore = (told: readonly SleeveTold[]): Pair2 =>
  told.reduce((sum, { before }) => plus(sum, before), NOTHING);
export const sumAfter = (told: readonly SleeveTold[]): Pair2 =>
  told.reduce((sum, { after }) => plus(sum, after), NOTHING);

/** Value at a price that sleeves were given or gave, whichever is more: the least that was moved, and the most. */
export function movedValue(
  told: readonly SleeveTold[],
  priceX96: bigint,
  q: boolean,
): { readonly least: bigint; readonly most: bigint } {
  const value = (amounts: Pair2): bigint => valueOfTokens(amounts, priceX96, q);
  let [gave, took, sent, got] = [0n, 0n, 0n, 0n];
  for (const one of told) {
    for (const move of one.moves) {
      gave += value({ amount0: max(move.amount0, 0n), amount1: max(move.amount1, 0n) });
      took += value({ amount0: max(-move.amount0, 0n), amount1: max(-move.amount1, 0n) });
    }
    sent += value(one.sent);
    got += value(one.got);
  }
  return { least: max(gave, took), most: max(sent, got) };
}
