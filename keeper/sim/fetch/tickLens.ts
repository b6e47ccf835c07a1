/**
 * Many of a pool's ticks in one call (contracts/TickLens.sol): the call creates the lens, whose constructor answers with ticks instead of code,
 * so it needs nothing deployed and works on any chain.
 */
import { AbiCoder } from "ethers";

import { creationCode } from "../../chain/abi.ts";
import type { ChainNode } from "../../chain/node.ts";
import { MAX_TICK, MIN_TICK } from "../../chain/tickMath.ts";
import type { TickState } from "../machine.ts";
import { FetchError, UnsoundAnswerError } from "./errors.ts";

/** An answer stands where a contract's code would, which has at most 24,576 bytes; a tick takes 160. */
const MOST_TICKS = 150;
/** 3,000 gas a word: 3 million, and 1.5 million for the ticks, 5 million for the answer; nodes give a call 25 million or more. */
const MOST_WORDS = 1_000;
const WORD_BYTES = 32;
const TICK_BYTES = 160;

const ARGUMENTS = ["address", "int256", "int256", "uint256", "uint256"];
const TICK = ["int24", "uint128", "int128", "uint256", "uint256"];

/** Ticks over the spacing, rounded down; both included. */
export interface Places {
  readonly first: number;
  readonly last: number;
}

/** All that a pool can have. */
export function allPlaces(tickSpacing: number): Places {
  return { first: Math.floor(MIN_TICK / tickSpacing), last: Math.floor(MAX_TICK / tickSpacing) };
}

/**
 * Ascending. The pool must be one: see `PoolReader.terms`.
 * @param told called after each answer with the place reached
 * @throws FetchError if the node does not create contracts in calls, UnsoundAnswerError for an answer that cannot be
 */
export async function readTicks(
  node: ChainNode,
  pool: string,
  block: bigint,
  { first, last }: Places,
  told: (place: number) => void = () => undefined,
): Promise<TickState[]> {
  const coder = AbiCoder.defaultAbiCoder();
  const ticks: TickState[] = [];
  for (let next = first; next <= last;) {
    const given = coder.encode(ARGUMENTS, [pool, next, last, MOST_TICKS, MOST_WORDS]);
    const answer = await node.call({ data: `${creationCode("TickLens")}${given.slice(2)}` }, block);
    const bytes = (answer.length - 2) / 2;
    if (bytes === 0) {
      throw new FetchError("The node does not answer calls that create a contract; use another node.");
    }
    if (bytes < WORD_BYTES || (bytes - WORD_BYTES) % TICK_BYTES !== 0) throw unsound();
    const reached = Number(BigInt.asIntN(256, BigInt(answer.slice(0, 2 + 2 * WORD_BYTES))));
    if (!(reached > next) || reached > last + 1) throw unsound();
    for (let at = WORD_BYTES; at < bytes; at += TICK_BYTES) {
      ticks.push(tickOf(coder, `0x${answer.slice(2 + 2 * at, 2 + 2 * (at + TICK_BYTES))}`));
    }
    next = reached;
    told(next);
  }
  return ticks;
}

function tickOf(coder: AbiCoder, data: string): TickState {
  const [tick, gross, net, outside0, outside1] = coder.decode(TICK, data) as unknown as readonly bigint[];
  return {
    tick: Number(tick),
    liquidityGross: gross ?? 0n,
    liquidityNet: net ?? 0n,
    feeGrowthOutside0X128: outside0 ?? 0n,
    feeGrowthOutside1X128: outside1 ?? 0n,
  };
}

function unsound(): UnsoundAnswerError {
  return new UnsoundAnswerError("The node's answer is no list of ticks; use another node.");
}
