/** What the vault's places stand for in the second of the next block, and what a newcomer pays for them. */
import { Interface } from "ethers";

import type { Pair2 } from "../../arithmetic.ts";
import { NOTHING, plus } from "../exact.ts";
import type { Fuzz } from "../fuzz.ts";
import { sleeveAt, type FuzzSleeve } from "./open.ts";
import { word } from "./books.ts";

/** A place's sleeve, and what the vault's units of it stand for; debts below zero. */
export interface Marks {
  readonly place: number;
  readonly sleeve: FuzzSleeve;
  readonly live: boolean;
  readonly low: Pair2;
  readonly high: Pair2;
}

export const SLEEVE = new Interface([
  "function nets() view returns (int256, int256, int256, int256)",
  "function sound() view returns (bool)",
]);

const signed = (hex: string, index: number): bigint => BigInt.asIntN(256, word(hex, index));

/** In the second of the next block; a place that is not live stands for nothing. */
export async function marksNext(fuzz: Fuzz): Promise<readonly Marks[]> {
  const { sleeves: side, look, chain } = fuzz;
  if (side === null) return [];
  const live = look.places.filter((place) => place.live);
  const data = SLEEVE.encodeFunctionData("nets");
  const results = await chain.read(
    live.map(({ sleeve }) => ({ target: sleeve, data })),
    "next",
  );
  return look.places.map((place) => {
    const result = results[live.indexOf(place)];
    const sleeve = sleeveAt(side, place.sleeve);
    if (result === undefined) return { place: place.index, sleeve, live: false, low: NOTHING, high: NOTHING };
    return {
      place: place.index,
      sleeve,
      live: true,
      low: { amount0: signed(result, 0), amount1: signed(result, 1) },
      high: { amount0: signed(result, 2), amount1: signed(result, 3) },
    };
  });
}

export const sumLow = (marks: readonly Marks[]): Pair2 => marks.reduce((sum, { low }) => plus(sum, low), NOTHING);
export const sumHigh = (marks: readonly Marks[]): Pair2 => marks.reduce((sum, { high }) => plus(sum, high), NOTHING);

/** What a newcomer pays for sleeves, or why he has to wait. */
export interface Entry {
  readonly low: Pair2;
  readonly high: Pair2;
  readonly refusal: string | null;
}

/** In the order in which the vault asks. */
export async function entryNext(fuzz: Fuzz): Promise<Entry> {
  const { chain, look } = fuzz;
  const marks = await marksNext(fuzz);
  const data = SLEEVE.encodeFunctionData("sound");
  const none = { low: NOTHING, high: NOTHING };
  for (const { sleeve, live } of marks) {
    if (!live) continue;
    const answer = await chain.ask(sleeve.address, data, "next");
    if (!("result" in answer)) return { ...none, refusal: answer.reason };
    if (word(answer.result) === 0n) return { ...none, refusal: "SleeveUnsound" };
  }
  const [low, high] = [sumLow(marks), sumHigh(marks)];
  const closed = look.total.amount0 + low.amount0 < 0n || look.total.amount1 + low.amount1 < 0n;
  return { low, high, refusal: closed && marks.some(({ live }) => live) ? "DepositsClosed" : null };
}
